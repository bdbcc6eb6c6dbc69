"""What a model's input is drawn on: paper, ink and colours, from what it learnt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import MNIST, DatasetInfo
from vae_studio.session.drawing import DIGITS, Sheet, sheet_for, sheet_of
from vae_studio.session.strokes import Colour, Stroke

RED = (255, 0, 0)


def imported(**settings: object) -> DatasetInfo:
    made = ImportSettings(**settings)  # type: ignore[arg-type]
    return replace(MNIST, image_shape=made.image_shape, digits=False, settings=made)


def test_digits_are_what_they_were() -> None:
    assert sheet_of((1, 28, 28), MNIST) == DIGITS == sheet_for(None)
    assert sheet_of((1, 28, 28), None) == DIGITS  # a run of which nobody knows more
    assert sheet_of((1, 28, 28), KNOWN["emnist-letters"].info) == DIGITS
    assert not sheet_of((1, 28, 28), KNOWN["fashion-mnist"].info).digits
    assert not sheet_of((1, 32, 32), MNIST).digits
    assert sheet_of((3, 28, 28), None) == Sheet((3, 28, 28))
    assert DIGITS.ink == (255, 255, 255)
    assert DIGITS.ground == (0, 0, 0)


@pytest.mark.parametrize(
    ("background", "invert", "centre", "paper"),
    [
        ("white", False, False, 1.0),
        ("white", True, False, 0.0),
        ("black", False, False, 0.0),
        ("black", True, False, 1.0),
        ("white", False, True, 0.0),  # what is centred stands on black
        ("white", True, True, 0.0),
    ],
)
def test_paper_is_what_a_picture_was_padded_with(
    background: str, invert: bool, centre: bool, paper: float
) -> None:
    info = imported(background=background, invert=invert, centre=centre)
    sheet = sheet_of(info.image_shape, info)
    assert sheet.paper == info.paper == paper
    assert sheet.ink == (255 * (1 - paper),) * 3
    assert sheet.settings == info.settings
    assert sheet_of((1, 20, 20), info).settings is None  # they make no images of that shape


@pytest.mark.parametrize(
    ("shape", "colour", "seen", "levels"),
    [
        ((3, 16, 16), RED, RED, (1.0, 0.0, 0.0)),
        ((3, 16, 16), None, (0, 0, 0), (0.0, 0.0, 0.0)),
        ((1, 16, 16), RED, (76, 76, 76), (0.299,)),
        ((1, 16, 16), (255, 255, 255), (255, 255, 255), (1.0,)),
        ((1, 16, 16), None, (0, 0, 0), (0.0,)),
    ],
)
def test_a_stroke_has_its_colour_where_the_model_sees_it(
    shape: tuple[int, int, int], colour: Colour | None, seen: Colour, levels: tuple[float, ...]
) -> None:
    sheet, stroke = Sheet(shape, paper=1.0), Stroke(((0.5, 0.5),), 0.1, colour=colour)
    assert sheet.colour(stroke) == seen
    assert sheet.levels(stroke) == pytest.approx(levels)
    assert max(sheet.levels(stroke)) <= 1.0
    erases = replace(stroke, erases=True)
    assert sheet.colour(erases) == sheet.ground == (255, 255, 255)
    assert sheet.levels(erases) == (1.0,) * shape[0]
    assert DIGITS.colour(stroke) == (255, 255, 255)  # in MNIST's pen, whatever it was drawn in
    assert DIGITS.levels(stroke) == (1.0,)
