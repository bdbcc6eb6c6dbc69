"""Arrays as pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from vae_studio.core.pictures import grid, png, to_bytes


def numbered(count: int, channels: int = 1) -> np.ndarray:
    """Images of 3 × 2 pixels, the i-th with grey level i + 1 all over."""
    levels = np.arange(1, count + 1, dtype=np.float32) / 255
    return np.broadcast_to(levels[:, None, None, None], (count, channels, 3, 2)).copy()


def test_tiles_row_by_row_with_dark_gaps() -> None:
    sheet = np.asarray(grid(numbered(5), columns=3, gap=1))
    assert sheet.shape == (2 * 3 + 1, 3 * 2 + 2)
    assert sheet[0].tolist() == [1, 1, 0, 2, 2, 0, 3, 3]
    assert sheet[3].tolist() == [0] * 8
    assert sheet[6].tolist() == [4, 4, 0, 5, 5, 0, 0, 0]


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (5, 3, 2), (64, 8, 8)]
)
def test_is_as_square_as_can_be(count: int, columns: int, rows: int) -> None:
    assert grid(numbered(count), gap=0).size == (2 * columns, 3 * rows)


def test_colour_stays_colour() -> None:
    images = numbered(2, channels=3)
    images[1, 0] = 1.0
    sheet = grid(images, gap=0)
    assert sheet.mode == "RGB"
    assert sheet.getpixel((0, 0)) == (1, 1, 1)
    assert sheet.getpixel((2, 0)) == (255, 2, 2)


def test_levels_are_rounded_and_clipped() -> None:
    values = np.array([-1.0, 0.0, 0.49 / 255, 0.51 / 255, 0.5, 1.0, 2.0], np.float32)
    assert to_bytes(values).tolist() == [0, 0, 0, 1, 128, 255, 255]


@pytest.mark.parametrize("scale", [1, 4])
def test_a_png_holds_each_pixel_enlarged(scale: int) -> None:
    picture = grid(numbered(2), gap=0)
    with Image.open(io.BytesIO(png(picture, scale))) as read:
        assert read.format == "PNG"
        expected = np.asarray(picture).repeat(scale, 0).repeat(scale, 1)
        np.testing.assert_array_equal(np.asarray(read), expected)


def test_numbers_that_wild_weights_make_are_pictures_too() -> None:
    values = np.array([np.nan, np.inf, -np.inf, 3e38, 0.5], np.float32)
    assert to_bytes(values).tolist() == [0, 255, 0, 255, 128]
