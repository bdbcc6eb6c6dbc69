"""One picture of any size and mode becomes one image."""

from __future__ import annotations

import typing
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.data import DatasetPair
from vae_studio.core.datasets.fitting import fit
from vae_studio.core.datasets.settings import Background, Colour, Fit, ImportSettings
from vae_studio.core.errors import ImageError

MODES = (
    "1",
    "L",
    "LA",
    "La",
    "P",
    "PA",
    "RGB",
    "RGBA",
    "RGBa",
    "RGBX",
    "CMYK",
    "YCbCr",
    "HSV",
    "LAB",
)
DEEP = ("I", "F", "I;16", "I;16L", "I;16B")


def chosen(**changes: Any) -> ImportSettings:
    return ImportSettings(**{"size": 16, "colour": "grey", **changes})


def of_bytes(array: Any) -> Image.Image:
    return Image.fromarray(np.asarray(array, np.uint8))


def noise(mode: str, width: int, height: int, seed: int) -> Image.Image:
    """Random pixels in that mode."""
    rng = np.random.default_rng(seed)
    if mode == "F":
        return Image.fromarray(
            rng.normal(0, 10.0 ** rng.integers(-3, 6), (height, width)).astype("f4")
        )
    if mode == "I":
        return Image.fromarray(rng.integers(-(2**31), 2**31, (height, width)).astype(np.int32))
    if mode.startswith("I;16"):
        content = rng.integers(0, 256, 2 * width * height, np.uint8).tobytes()
        return Image.frombytes(mode, (width, height), content)
    bands = [
        of_bytes(rng.integers(0, 256, (height, width))) for _ in Image.new(mode, (1, 1)).getbands()
    ]
    if mode in ("1", "P"):
        return bands[0].convert(mode)
    if mode == "PA":
        return Image.merge("LA", bands).convert("PA")
    return Image.merge(mode, bands)


@settings(max_examples=150, deadline=None)
@given(
    mode=st.sampled_from(MODES + DEEP),
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    seed=st.integers(0, 2**31),
    data=st.data(),
)
def test_any_picture_becomes_an_image(
    mode: str, width: int, height: int, seed: int, data: st.DataObject
) -> None:
    wanted = ImportSettings(
        size=data.draw(st.integers(16, 128)),
        colour=data.draw(st.sampled_from(typing.get_args(Colour))),
        fit=data.draw(st.sampled_from(typing.get_args(Fit))),
        background=data.draw(st.sampled_from(typing.get_args(Background))),
        invert=data.draw(st.booleans()),
        centre=data.draw(st.booleans()),
    )
    picture = noise(mode, width, height, seed)
    before = picture.tobytes()
    image = fit(picture, wanted)
    assert image.shape == wanted.image_shape
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous
    assert np.array_equal(image, fit(picture, wanted))
    assert picture.tobytes() == before


@pytest.mark.parametrize("mode", [*MODES, "I;16", "I;16L"])
@pytest.mark.parametrize("level", [0, 1])
def test_black_is_black_and_white_is_white_in_all_modes(mode: str, level: int) -> None:
    plain = Image.new("L", (20, 20), 255 * level)
    if mode.startswith("I;16"):
        picture = Image.frombytes(mode, (20, 20), bytes([255 * level]) * 800)
    elif mode in ("La", "RGBa"):
        picture = plain.convert({"La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    else:
        picture = plain.convert("RGB").convert(mode) if mode != "PA" else plain.convert("PA")
    for colour in ("grey", "colour"):
        image = fit(picture, chosen(colour=colour, background="black"))
        assert image.astype(int) == pytest.approx(255 * level, abs=1 if mode == "LAB" else 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0, 65535]], np.uint16), [0, 255]),
        (np.array([[0, 4096]], np.uint16), [0, 16]),
        (np.array([[0, 255]], np.int32), [0, 255]),
        (np.array([[0, 65535]], np.int32), [0, 255]),
        (np.array([[0, 1_000_000]], np.int32), [0, 255]),
        (np.array([[-100, 100]], np.int32), [0, 255]),
        (np.array([[0, 0.5]], np.float32), [0, 128]),
        (np.array([[0, 127]], np.float32), [0, 127]),
        (np.array([[0, 32768]], np.float32), [0, 128]),
        (np.array([[0, 1e30]], np.float32), [0, 255]),
        (np.array([[-1, 1]], np.float32), [0, 255]),
        (np.array([[0, 0]], np.float32), [0, 0]),
    ],
)
def test_more_than_eight_bits_are_scaled_and_not_cut_off(
    values: NDArray[Any], expected: list[int]
) -> None:
    wide = values.repeat(16, axis=0).repeat(8, axis=1)
    image = fit(Image.fromarray(wide), chosen())
    assert [image[0, 8, 0], image[0, 8, 15]] == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    values = np.zeros((4, 4), np.float32)
    values[1, 1] = value
    with pytest.raises(ImageError) as caught:
        fit(Image.fromarray(values), chosen())
    assert caught.value.code == "image.not_finite"


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ImageError) as caught:
        fit(Image.new("L", (0, 5)), chosen())
    assert caught.value.code == "image.empty"


def see_through(mode: str) -> Image.Image:
    """16 × 16: the left half is not seen, the right one is red, or grey."""
    alpha = np.zeros((16, 16), np.uint8)
    alpha[:, 8:] = 255
    red = Image.new("RGB", (16, 16), (200, 0, 0))
    if mode == "P":
        picture = of_bytes(alpha // 255).convert("P")
        picture.putdata((alpha // 255).ravel().tolist())
        picture.putpalette([0, 90, 0, 200, 0, 0])
        picture.info["transparency"] = 0
    elif mode == "RGB":
        picture = Image.composite(red, Image.new("RGB", (16, 16), (1, 2, 3)), of_bytes(alpha))
        picture.info["transparency"] = (1, 2, 3)
    elif mode in ("L", "I;16"):
        kind = np.uint8 if mode == "L" else np.uint16
        picture = Image.fromarray(np.where(alpha, 200 if mode == "L" else 51400, 77).astype(kind))
        picture.info["transparency"] = 77
    else:
        picture = red.convert("RGBA" if mode in ("RGBA", "RGBa", "PA") else "LA")
        picture.putalpha(of_bytes(alpha))
        picture = picture.convert(mode)
    return picture


@pytest.mark.parametrize("mode", ["LA", "La", "RGBA", "RGBa", "PA", "P", "RGB", "L", "I;16"])
@pytest.mark.parametrize(("background", "ground"), [("white", 255), ("black", 0)])
def test_what_is_transparent_shows_the_background(mode: str, background: str, ground: int) -> None:
    image = fit(see_through(mode), chosen(background=background))
    assert image[0, :, :8].tolist() == [[ground] * 8] * 16
    seen = 200 if mode in ("L", "I;16") else 60  # 0.299 × 200
    assert image[0, :, 8:] == pytest.approx(seen, abs=1)


def test_half_seen_is_half_of_both() -> None:
    picture = Image.new("RGBA", (16, 16), (0, 0, 0, 128))
    assert fit(picture, chosen(background="white"))[0, 4, 4] == pytest.approx(127, abs=1)


def test_grey_is_luma() -> None:
    shades = [int(fit(Image.new("RGB", (16, 16), c), chosen())[0, 0, 0]) for c in
              ("#ff0000", "#00ff00", "#0000ff")]  # fmt: skip
    assert shades == [76, 150, 29]


def test_colours_stay_in_their_order() -> None:
    image = fit(Image.new("RGB", (16, 16), (10, 20, 30)), chosen(colour="colour"))
    assert image[:, 3, 3].tolist() == [10, 20, 30]


@pytest.mark.parametrize("way", ["pad", "crop", "stretch"])
def test_a_picture_of_the_size_stays_as_it_is(way: str) -> None:
    array = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    image = fit(of_bytes(array), chosen(colour="colour", fit=way))
    assert np.array_equal(image, array.transpose(2, 0, 1))


def test_the_three_ways_to_fit() -> None:
    array = np.full((32, 64), 100, np.uint8)
    array[:, :16], array[:, 48:] = 0, 200  # what a crop to the middle does not see
    picture = of_bytes(array)
    padded = fit(picture, chosen(background="white"))[0]
    assert padded[:4].tolist() == padded[12:].tolist() == [[255] * 16] * 4
    assert [padded[8, 0], padded[8, 8], padded[8, 15]] == [0, 100, 200]
    assert np.unique(fit(picture, chosen(fit="crop"))).tolist() == [100]
    stretched = fit(picture, chosen(fit="stretch"))[0]
    assert (stretched == stretched[0]).all()
    assert [stretched[0, 0], stretched[0, 8], stretched[0, 15]] == [0, 100, 200]


def test_an_inverted_picture_has_an_inverted_margin() -> None:
    """Ink on paper becomes light on dark, without a frame."""
    picture = Image.new("L", (64, 32), 255)
    picture.paste(0, (20, 10, 40, 20))
    image = fit(picture, chosen(background="white", invert=True))[0]
    assert image[0].tolist() == [0] * 16
    assert image[7, 7] == 255


@pytest.mark.parametrize("size", [(20_000, 10), (10, 20_000), (3_000_000, 1), (1, 3_000_000)])
@pytest.mark.parametrize("way", ["pad", "crop", "stretch"])
def test_very_wide_and_very_tall_pictures(size: tuple[int, int], way: str) -> None:
    image = fit(Image.new("L", size, 90), chosen(size=64, fit=way, background="black"))[0]
    row = image if size[0] > size[1] else image.T
    if way == "pad":
        assert (row == 90).all(axis=1).sum() == 1
        assert (row == 0).all(axis=1).sum() == 63
    else:
        assert np.unique(image).tolist() == [90]


def test_shrinking_averages() -> None:
    """A board of black and white pixels is grey from afar: nothing is left out."""
    board = 255 * (np.indices((512, 512)).sum(axis=0) % 2)
    image = fit(of_bytes(board), chosen(size=32))
    assert image == pytest.approx(128, abs=2)


def test_one_pixel_fills_the_image() -> None:
    image = fit(Image.new("RGB", (1, 1), (9, 8, 7)), chosen(colour="colour"))
    assert (image == np.array([9, 8, 7])[:, None, None]).all()


def test_enlarging_is_smooth() -> None:
    image = fit(of_bytes(np.array([[0, 255], [0, 255]])), chosen(size=32))[0].astype(int)
    assert (np.diff(image, axis=1) >= 0).all()
    assert len(np.unique(image)) > 8


def test_mnist_is_centred_already(mnist: DatasetPair) -> None:
    wanted = ImportSettings(size=28, colour="grey", background="black", centre=True)
    images = mnist.test.images[:300].numpy()
    made = np.stack([fit(Image.fromarray(image[0]), wanted) for image in images])
    same = (made == images).all(axis=(1, 2, 3))
    assert same.mean() > 0.9


@pytest.mark.parametrize("side", [28, 64])
def test_ink_is_fitted_and_its_mass_put_into_the_middle(side: int) -> None:
    paper = np.full((300, 500), 255, np.uint8)
    paper[20:180, 30:60] = 0  # an L
    paper[150:180, 30:110] = 0
    wanted = chosen(size=side, invert=True, centre=True, background="white")
    image = fit(of_bytes(paper), wanted)[0].astype(float)
    rows, columns = (np.flatnonzero((image > 127).any(axis=axis)) for axis in (1, 0))
    assert np.ptp(rows) + 1 == pytest.approx(side * 20 / 28, abs=1)
    assert np.ptp(columns) + 1 == pytest.approx(side * 10 / 28, abs=1)
    places = np.arange(side)
    for axis in (0, 1):
        middle = (image.sum(axis=axis) @ places) / image.sum()
        assert middle == pytest.approx(side / 2, abs=0.6)


def test_nothing_but_black_stays_black_when_centred() -> None:
    assert not fit(Image.new("L", (50, 20), 8), chosen(centre=True)).any()
