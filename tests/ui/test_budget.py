"""How many pictures are asked for together: fewer of large ones, and all the same for digits."""

from __future__ import annotations

import pytest

from vae_studio.core.spec import ModelSpec
from vae_studio.ui.budget import pictures_at_once
from vae_studio.ui.panels.traversals import COLUMNS, MOST_ROWS, rows_and_columns


def spec(*shape: int) -> ModelSpec:
    return ModelSpec(architecture="conv", hidden=(8, 16), image_shape=shape)


def test_of_large_pictures_fewer_are_asked_for() -> None:
    assert pictures_at_once(spec(1, 28, 28), 600) == 600
    assert pictures_at_once(spec(3, 64, 64), 600) == 162
    assert pictures_at_once(spec(3, 128, 128), 600) == 40
    assert pictures_at_once(spec(3, 512, 512), 600) == 2


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((1, 28, 28), (MOST_ROWS, COLUMNS)),
        ((3, 64, 64), (MOST_ROWS, COLUMNS)),
        ((3, 96, 96), (10, 7)),
        ((3, 128, 128), (5, 7)),
        ((3, 512, 512), (4, 7)),
    ],
)
def test_traversals_have_rows_in_which_the_point_is_in_the_middle(
    shape: tuple[int, ...], wanted: tuple[int, int]
) -> None:
    rows, columns = rows_and_columns(spec(*shape))
    assert (rows, columns) == wanted
    assert columns % 2 == 1
