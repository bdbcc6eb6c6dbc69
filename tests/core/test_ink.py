"""Strokes on images of any size and colour: what they cover, in which order, and nothing else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from vae_studio.core.errors import ImageError
from vae_studio.core.ink import covered, drawn
from vae_studio.core.lines import distances, gathered, pieces, simplified

SLOPING = np.array([[4.3, 10.0], [40.3, 30.0]])


@pytest.mark.parametrize("width", [0.3, 1.0, 3.0, 7.5])
def test_a_line_covers_its_area(width: float) -> None:
    """Its ends are round, and what is thinner than a pixel covers a part of each."""
    found = covered([SLOPING], [width], (40, 48))
    area = width * math.dist(*SLOPING.tolist()) + math.pi * width**2 / 4
    assert found.sum() == pytest.approx(area, rel=0.025)
    assert found.max() == pytest.approx(min(1.0, width), rel=0.05)


def test_far_pieces_are_as_far_as_they_are() -> None:
    """Against each pixel's distance to each piece; the image is not square."""
    random = np.random.default_rng(0)
    line = np.cumsum(random.normal(0, 6, (30, 2)), 0) + np.array([20, 10])
    start, end, _ = pieces(*simplified(*gathered([line])), 5.0)
    found = distances(start, end, 4.0, (23, 41), 5.0)
    row, column = np.indices((23, 41))
    pixels = np.stack([column, row], -1)[:, :, None, :].astype(float)
    way = end - start
    squared = np.maximum((way * way).sum(-1), 1e-12)
    along = np.clip(((pixels - start) * way).sum(-1) / squared, 0, 1)
    away = np.linalg.norm(pixels - start - along[..., None] * way, axis=-1).min(-1)
    assert np.allclose(found[away <= 4.0], away[away <= 4.0])
    assert (found[away > 4.0] > 4.0).all()


def test_later_strokes_lie_on_earlier_ones_and_the_ground_stays() -> None:
    random = np.random.default_rng(1)
    ground = random.random((3, 20, 30), np.float32)
    across, down = np.array([[2.0, 10.0], [27.0, 10.0]]), np.array([[15.0, 2.0], [15.0, 17.0]])
    red, blue = (1.0, 0.0, 0.0), (0.0, 0.2, 1.0)
    found = drawn(ground, [across, down], [4.0, 4.0], [red, blue])
    assert found.dtype == np.float32
    assert found[:, 10, 5].tolist() == pytest.approx(red)
    assert found[:, 10, 15].tolist() == pytest.approx(blue)
    untouched = covered([across, down], [4.0, 4.0], (20, 30)) == 0
    assert np.array_equal(found[:, untouched], ground[:, untouched])
    half = covered([across], [4.0], (20, 30))[8, 10]
    assert 0 < half < 1
    wanted = ground[:, 8, 10] * (1 - half) + np.array(red) * half
    assert found[:, 8, 10] == pytest.approx(wanted, abs=1e-6)


def test_a_line_is_one_however_it_is_cut_up_and_may_leave_the_image() -> None:
    few = np.array([[-40.0, 8.0], [60.0, 8.0]])
    many = np.stack([np.linspace(-40, 60, 700), np.full(700, 8.0)], 1)
    one, other = (covered([line], [5.0], (16, 16)) for line in (few, many))
    assert np.abs(one - other).max() < 1e-9
    assert one[8].min() == 1.0
    beside = drawn(np.zeros((1, 16, 16), np.float32), [few + np.array([0, 50])], [5.0], [(1.0,)])
    assert not beside.any()
    assert not covered([np.zeros((0, 2))], [5.0], (16, 16)).any()
    dot = covered([np.array([[8.0, 8.0]])], [6.0], (16, 16))
    assert dot.sum() == pytest.approx(math.pi * 9, rel=0.02)


@pytest.mark.parametrize("points", [[[0.0, np.nan]], [[1.0, 2.0, 3.0]], [["a", "b"]]])
def test_what_is_no_line_is_refused(points: Any) -> None:
    with pytest.raises(ImageError):
        covered([points], [1.0], (16, 16))
