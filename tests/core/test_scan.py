"""Pictures become what MNIST would have made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

from tests.helpers import extent, mass_centre
from vae_studio.core.digit import BOX, CENTRE, PEN_RADIUS
from vae_studio.core.errors import ImageError
from vae_studio.core.scan import image_to_input

Array = NDArray[Any]


few = settings(deadline=None, max_examples=25, derandomize=True)


def canvas(bitmap: Array) -> Array:
    """``bitmap`` enlarged, dark on light and off-centre, uint8 [500, 400]."""
    large = Image.fromarray(bitmap).resize((250, 250), Image.Resampling.BICUBIC)
    return 255 - np.pad(np.asarray(large), ((200, 50), (30, 120)))


def test_a_picture_of_a_digit_becomes_the_digit(bitmaps: NDArray[np.uint8]) -> None:
    for bitmap in bitmaps[::4]:
        dark = canvas(bitmap)
        result = image_to_input(Image.fromarray(dark))
        assert np.abs(result - bitmap / 255).mean() < 0.08
        assert mass_centre(result) == pytest.approx([CENTRE, CENTRE], abs=0.1)
        assert 18 <= extent(result).max() <= BOX + 1
        assert image_to_input(255 - dark) == pytest.approx(result, abs=1e-3)


@pytest.mark.parametrize(
    "mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LA", "La", "RGBa", "I", "F"]
)
def test_any_mode(mode: str, bitmaps: NDArray[np.uint8]) -> None:
    grey = Image.fromarray(canvas(bitmaps[20]))
    steps = {"HSV": ["RGB"], "La": ["LA"], "RGBa": ["RGBA"], "P": ["RGB"]}
    picture = grey
    for step in [*steps.get(mode, []), mode]:
        picture = picture.convert(step, dither=Image.Dither.NONE)
    near = {"1": 0.3, "P": 0.15}.get(mode, 0.02)  # two levels; the few greys of a web palette
    assert image_to_input(picture) == pytest.approx(image_to_input(grey), abs=near)


def test_sixteen_bits_and_lab(bitmaps: NDArray[np.uint8]) -> None:
    grey = canvas(bitmaps[20])
    expected = image_to_input(grey)
    assert image_to_input(Image.fromarray(grey.astype(np.uint16) * 257)) == pytest.approx(
        expected, abs=0.02
    )
    lab = Image.merge("LAB", [Image.fromarray(grey), *[Image.new("L", (400, 500), 128)] * 2])
    assert image_to_input(lab) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_background(ink: int, bitmaps: NDArray[np.uint8]) -> None:
    dark = canvas(bitmaps[8])
    layers = np.stack([np.full_like(dark, ink)] * 3 + [255 - dark], axis=2)
    assert image_to_input(layers) == pytest.approx(image_to_input(dark), abs=1e-3)
    assert image_to_input(Image.fromarray(layers)) == pytest.approx(image_to_input(dark), abs=1e-3)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
def test_arrays(dtype: Any, bitmaps: NDArray[np.uint8]) -> None:
    dark = canvas(bitmaps[4])
    expected = image_to_input(dark)
    assert image_to_input(dark.astype(dtype)) == pytest.approx(expected, abs=1e-3)
    assert image_to_input(dark[:, :, None].astype(dtype)) == pytest.approx(expected, abs=1e-3)
    assert image_to_input(np.stack([dark] * 3, 2)) == pytest.approx(expected, abs=1e-3)
    assert image_to_input(dark / 255) == pytest.approx(expected, abs=1e-3)


def test_mnist_itself_is_left_unchanged(bitmaps: NDArray[np.uint8]) -> None:
    for bitmap in bitmaps:
        expected = (bitmap / 255).astype(np.float32)
        assert np.array_equal(image_to_input(Image.fromarray(bitmap)), expected)
        assert np.array_equal(image_to_input(bitmap), expected)
        assert np.array_equal(image_to_input(expected), expected)
        inverted = image_to_input(255 - bitmap)
        assert np.abs(inverted - expected).mean() < 0.08


@pytest.mark.parametrize("width", [2, 8, 20])
def test_lines_of_any_width_get_mnists_pen(width: int) -> None:
    grey = np.full((400, 300), 240, np.uint8)
    grey[50:350, 150 : 150 + width] = 10
    result = image_to_input(grey)
    assert result[10:19].sum(axis=1) == pytest.approx(2 * PEN_RADIUS, rel=0.15)
    assert extent(result)[1] in (19, 20, 21)


def test_noise_of_paper_is_no_ink(bitmaps: NDArray[np.uint8]) -> None:
    dark = canvas(bitmaps[12])
    noise = np.random.default_rng(0).normal(size=dark.shape) * 6
    photo = (60 + dark * 0.6 + noise).clip(0, 255).astype(np.uint8)
    clean = image_to_input(dark)
    assert np.abs(image_to_input(photo) - clean).mean() < 0.02
    assert image_to_input(photo)[clean == 0].mean() < 0.002


@pytest.mark.parametrize("level", [0, 3, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (300, 20)])
def test_no_contrast_is_zeros(shape: tuple[int, int], level: int) -> None:
    grey = np.full(shape, level, np.uint8)
    assert not image_to_input(grey).any()
    grey[0, 0] = level + 4 if level < 128 else level - 4  # noise of a codec
    assert not image_to_input(grey).any()


def test_fully_transparent_is_zeros() -> None:
    assert not image_to_input(Image.new("RGBA", (50, 60))).any()


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (1, 5000), (5000, 1), (3, 3), (2500, 1700)])
def test_any_size(size: tuple[int, int]) -> None:
    grey = np.zeros(size, np.uint8)
    grey[size[0] // 2 :, size[1] // 2 :] = 255
    result = image_to_input(grey)
    assert result.shape == (28, 28)
    assert 0 <= result.min() <= result.max() <= 1
    assert result.any()


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (Image.new("L", (0, 5)), "image.empty"),
        (np.zeros((5, 0)), "image.empty"),
        (np.zeros((5, 5, 0)), "image.empty"),
        (Image.new("1", (10_000, 5001)), "image.too_large"),
        (np.broadcast_to(np.uint8(0), (10_000, 5001)), "image.too_large"),
        (np.zeros(5), "image.shape"),
        (np.zeros((5, 5, 5)), "image.shape"),
        (np.zeros((5, 5), complex), "image.dtype"),
        (np.full((5, 5), np.nan), "image.not_finite"),
        (np.full((5, 5), np.inf), "image.not_finite"),
    ],
)
def test_wrong_pictures(picture: Any, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        image_to_input(picture)
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == code
