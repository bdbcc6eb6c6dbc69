"""Digits are found on pages made of real ones, and nothing is found where there is none."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import ImageError
from vae_studio.core.page import FoundDigit, digits_in
from vae_studio.core.scan import image_to_input

Array = NDArray[Any]


@dataclass
class Page:
    """grey: [H, W] in [0, 1]. digits: [n, 28, 28] that were written on it, in reading order."""

    grey: Array
    digits: Array

    @property
    def picture(self) -> Image.Image:
        return Image.fromarray((self.grey.clip(0, 1) * 255).astype(np.uint8))


def written(digits: Array, chance: np.random.Generator, rows: int = 1, turn: float = 0.0) -> Page:
    """Dark digits of different sizes on white paper, ``turn`` degrees aslant."""
    each = -(-len(digits) // rows)
    ink = np.zeros((rows * 180 + 120, each * 130 + 160), np.float32)
    for number, digit in enumerate(digits):
        side = int(chance.integers(90, 125))
        row, column = divmod(number, each)
        top, left = 70 + row * 180 + int(chance.integers(20)), 80 + column * 130
        large = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
        ink[top : top + side, left : left + side] = np.asarray(large, np.float32) / 255
    ink = np.asarray(Image.fromarray(ink).rotate(turn, Image.Resampling.BILINEAR))
    return Page(0.95 - 0.75 * ink, digits)


def photographed(page: Page, chance: np.random.Generator) -> Page:
    """In a shadow that falls over half of the paper, with noise and specks."""
    height, width = page.grey.shape
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = chance.uniform(0, 2 * np.pi)
    shadow = 1 / (1 + np.exp(-6 * (np.cos(angle) * across + np.sin(angle) * down)))
    grey = page.grey * (1 - 0.4 * shadow) + chance.normal(size=page.grey.shape) * 0.02
    for _ in range(8):
        y, x = int(chance.integers(height - 3)), int(chance.integers(width - 3))
        grey[y : y + 2, x : x + 2] = 0.1
    return Page(grey, page.digits)


def alike(found: tuple[FoundDigit, ...], digits: Array) -> Array:
    """The correlation of each with what was written, [n]."""
    assert len(found) == len(digits)
    pairs = zip(found, digits, strict=True)
    return np.array([np.corrcoef(f.ink.ravel(), d.ravel())[0, 1] for f, d in pairs])


def some(mnist: DatasetPair, chance: np.random.Generator, count: int) -> Array:
    numbers = chance.integers(len(mnist.test.images), size=count)
    return np.asarray(mnist.test.images[numbers, 0].numpy(), np.uint8)


def test_digits_of_many_photos_are_found_in_reading_order(mnist: DatasetPair) -> None:
    right, close = 0, []
    for seed in range(20):
        chance = np.random.default_rng(seed)
        count = int(chance.integers(1, 13))
        digits, rows = some(mnist, chance, count), int(chance.integers(1, min(count, 3) + 1))
        page = photographed(written(digits, chance, rows, chance.uniform(-4, 4)), chance)
        if seed % 4 == 3:
            page.grey = 1 - page.grey
        found = digits_in(page.picture)
        if len(found) == count:
            right += 1
            close.append(alike(found, digits))
    assert right >= 19
    correlations = np.concatenate(close)
    assert np.median(correlations) > 0.92
    assert (correlations > 0.8).mean() > 0.94


@pytest.mark.parametrize("light", [False, True])
def test_ink_may_be_dark_or_light(light: bool, bitmaps: Array) -> None:
    page = written(bitmaps[::5], np.random.default_rng(1), rows=2)
    grey = 1 - page.grey if light else page.grey
    expected = alike(digits_in(grey), page.digits)
    assert (expected > 0.8).all()
    assert np.array_equal(alike(digits_in(grey, inverted=light), page.digits), expected)
    wrong = digits_in(grey, inverted=not light)
    assert len(wrong) != 8 or (alike(wrong, page.digits) < 0.8).any()


@pytest.mark.parametrize("kind", ["ruled", "squared"])
def test_lines_of_the_paper_are_no_digits(kind: str, bitmaps: Array) -> None:
    page = written(bitmaps[2::6], np.random.default_rng(2), rows=2)
    paper = np.ones_like(page.grey)
    for y in range(15, len(paper), 40):
        paper[y : y + 2] = 0.6
    if kind == "squared":
        for x in range(15, paper.shape[1], 40):
            paper[:, x : x + 2] = 0.6
    page.grey = page.grey * paper
    correlations = alike(digits_in(page.picture), page.digits)
    assert np.median(correlations) > 0.85


def test_a_desk_around_the_paper_is_no_digit(bitmaps: Array) -> None:
    page = written(bitmaps[4::6], np.random.default_rng(3), rows=2)
    page.grey[:30], page.grey[-18:], page.grey[:, :24] = 0.15, 0.15, 0.15
    assert np.median(alike(digits_in(page.picture), page.digits)) > 0.85


def test_boxes_are_where_the_digits_are(bitmaps: Array) -> None:
    grey = np.ones((400, 800))
    for left, digit in ((100, bitmaps[0]), (500, bitmaps[8])):
        large = Image.fromarray(digit).resize((140, 140), Image.Resampling.BICUBIC)
        grey[200:340, left : left + 140] -= np.asarray(large) / 255
    found = digits_in(grey)
    assert len(found) == 2
    for one, left in zip(found, (100, 500), strict=True):
        dark = np.argwhere(grey[:, left : left + 140] < 0.5)
        (top, start), (bottom, end) = dark.min(axis=0), dark.max(axis=0) + 1
        expected = ((left + start) / 800, top / 400, (left + end) / 800, bottom / 400)
        assert one.box == pytest.approx(expected, abs=0.012)


def test_a_digit_in_two_parts_is_one() -> None:
    grey = np.full((300, 500), 255, np.uint8)
    grey[100:110, 130:190] = 0  # the bar of a 5, apart from it
    for left in (100, 300):
        grey[120:200, left : left + 10] = grey[190:200, left : left + 60] = 0
    assert len(digits_in(grey)) == 2
    assert digits_in(grey)[0].box[1] == pytest.approx(100 / 300, abs=0.01)


def test_one_digit_is_what_image_to_input_sees(bitmaps: Array) -> None:
    for bitmap in bitmaps[::3]:
        page = written(bitmap[None], np.random.default_rng(4))
        (found,) = digits_in(page.picture)
        assert np.abs(found.ink - image_to_input(page.picture)).mean() < 0.03


def test_mnist_itself_comes_back_as_it_is(bitmaps: Array) -> None:
    for bitmap in bitmaps[::4]:
        (found,) = digits_in(Image.fromarray(bitmap))
        assert np.array_equal(found.ink, (bitmap / 255).astype(np.float32))
        assert 0 <= found.box[0] < found.box[2] <= 1


@pytest.mark.parametrize("size", [(28, 28), (300, 500), (1, 1), (1, 900), (1500, 1000)])
def test_blank_paper_has_no_digit(size: tuple[int, int]) -> None:
    assert digits_in(np.full(size, 255, np.uint8)) == ()
    assert digits_in(np.zeros(size, np.uint8)) == ()


def test_blank_paper_in_a_shadow_has_no_digit() -> None:
    chance = np.random.default_rng(5)
    blank = Page(np.full((500, 700), 0.95), np.zeros((0, 28, 28)))
    shaded = photographed(blank, chance)
    assert digits_in(shaded.picture) == ()


def hostile(name: str) -> Array:
    chance = np.random.default_rng(6)
    if name == "noise":
        return chance.integers(0, 256, (4000, 6000), np.uint8)
    if name == "two levels of noise":
        return (chance.random((1600, 1600)) < 0.5).astype(np.uint8) * 255
    if name == "specks":
        return (chance.random((1600, 1600)) < 0.08).astype(np.uint8) * 255
    if name == "stripes":
        return np.tile(np.arange(1600) % 4 < 2, (1600, 1)).astype(np.uint8) * 255
    squares = (np.arange(1600)[:, None] // 2 + np.arange(1600) // 2) % 2
    if name == "dots":
        squares = (np.arange(1600)[:, None] % 4 < 2) & (np.arange(1600) % 4 < 2)
    if name == "crosses":
        squares = (np.arange(1600)[:, None] % 40 < 4) | (np.arange(1600) % 40 < 4)
    return squares.astype(np.uint8) * 255


@pytest.mark.parametrize(
    "name",
    ["noise", "two levels of noise", "specks", "stripes", "checkerboard", "dots", "crosses"],
)
def test_hostile_pictures_are_bounded(name: str) -> None:
    picture = Image.fromarray(hostile(name))
    started = time.process_time()
    found = digits_in(picture, most=7)
    assert time.process_time() - started < 2
    assert len(found) <= 7
    assert all(np.isfinite(one.ink).all() for one in found)


def test_a_photo_of_24_megapixels_is_quick(bitmaps: Array) -> None:
    page = photographed(
        written(bitmaps[::5], np.random.default_rng(7), 2), np.random.default_rng(7)
    )
    photo = page.picture.convert("RGB").resize((6000, 4000))
    started = time.process_time()
    found = digits_in(photo)
    assert time.process_time() - started < 2
    assert len(found) == 8


def test_of_more_the_largest_are_returned(bitmaps: Array) -> None:
    page = written(bitmaps[::5], np.random.default_rng(8), rows=2)
    everything = digits_in(page.grey)
    few = digits_in(page.grey, most=3)
    assert len(few) == 3
    assert {one.box for one in few} < {one.box for one in everything}
    assert digits_in(page.grey, most=0) == ()


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (Image.new("L", (0, 5)), "image.empty"),
        (np.broadcast_to(np.uint8(0), (10_000, 5001)), "image.too_large"),
        (np.zeros(5), "image.shape"),
        (np.zeros((5, 5), complex), "image.dtype"),
        (np.full((5, 5), np.nan), "image.not_finite"),
    ],
)
def test_wrong_pictures(picture: Any, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        digits_in(picture)
    assert caught.value.code == code


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (1, 5000), (5000, 1), (3, 3), (28, 112), (60, 9)])
@pytest.mark.parametrize("inverted", [None, False, True])
def test_any_size(size: tuple[int, int], inverted: bool | None) -> None:
    grey = np.zeros(size, np.uint8)
    grey[size[0] // 2 :, size[1] // 2 :] = 255
    for one in digits_in(grey, inverted=inverted):
        assert one.ink.shape == (28, 28)
        assert 0 <= one.ink.min() <= one.ink.max() <= 1
        assert 0 <= one.box[0] < one.box[2] <= 1
        assert 0 <= one.box[1] < one.box[3] <= 1


def test_a_strip_of_mnists_own_digits(bitmaps: Array) -> None:
    digits = bitmaps[::8]
    assert (alike(digits_in(np.concatenate(list(digits), axis=1)), digits) > 0.8).all()
