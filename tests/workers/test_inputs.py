"""From a drawing to what the encoder sees: the same digit, however it is drawn."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image

from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.errors import DatasetError, SpecError
from vae_studio.session.drawing import ImageRef, Input, Pixels, Seen, Sheet, Steps
from vae_studio.session.strokes import Point, Stroke, Strokes, extended
from vae_studio.workers.inputs import (
    as_drawn,
    brushed,
    fitted,
    image_of,
    prepared_input,
    to_complete,
)


def hand(speed: float, noise: float = 0.0, width: float = 0.08, pixels: int = 0) -> Strokes:
    """A 3 by a hand that leaves a point every ``speed`` of the canvas. pixels: of a screen, whose
    grid the points are on; noise: tremor."""
    fine = _three()
    way = np.concatenate([[0], np.hypot(*np.diff(fine, axis=0).T).cumsum()])
    places = np.append(np.arange(0, way[-1], speed), way[-1])
    x, y = (np.interp(places, way, fine[:, axis]) for axis in (0, 1))
    random = np.random.default_rng(0)
    x, y = x + noise * random.standard_normal(len(x)), y + noise * random.standard_normal(len(y))
    if pixels:
        x, y = np.round(x * pixels) / pixels, np.round(y * pixels) / pixels
    points: list[Point] = list(zip(x.tolist(), y.tolist(), strict=True))
    strokes: Strokes = (Stroke((points[0],), width),)
    for point in points[1:]:
        strokes = extended(strokes, point)
    return strokes


def _three() -> np.ndarray:
    """Two arcs."""
    upper, lower = np.radians(np.linspace(-160, 90, 1000)), np.radians(np.linspace(-90, 145, 1000))
    return np.concatenate(
        [
            np.stack([0.47 + 0.16 * np.cos(upper), 0.32 + 0.15 * np.sin(upper)], axis=1),
            np.stack([0.47 + 0.21 * np.cos(lower), 0.65 + 0.18 * np.sin(lower)], axis=1),
        ]
    )


def placed(strokes: Strokes, scale: float, x: float, y: float) -> Strokes:
    return tuple(
        replace(stroke, points=tuple((scale * a + x, scale * b + y) for a, b in stroke.points))
        for stroke in strokes
    )


WAYS: dict[str, Callable[[], Strokes]] = {
    "small": lambda: placed(hand(0.02), 0.3, 0.2, 0.2),
    "large": lambda: placed(hand(0.02), 1.4, -0.2, -0.2),
    "in the upper left corner": lambda: placed(hand(0.02), 0.4, -0.1, -0.05),
    "in the lower right corner": lambda: placed(hand(0.02), 0.4, 0.7, 0.66),
    "thick": lambda: hand(0.02, width=0.2),
    "thin": lambda: hand(0.02, width=0.02),
    "fast": lambda: hand(0.07),  # a third of a second at 60 points a second
    "slow": lambda: hand(0.002),
    "slow, on the grid of a screen": lambda: hand(0.003, pixels=280),
    "fast, on the grid of a screen": lambda: hand(0.07, pixels=280),
    "with a slight tremor": lambda: hand(0.006, noise=0.0015),
    "the other way round": lambda: tuple(
        replace(stroke, points=stroke.points[::-1]) for stroke in hand(0.02)
    ),
    "in two strokes": lambda: (
        Stroke(hand(0.02)[0].points[:30], 0.08), Stroke(hand(0.02)[0].points[29:], 0.08)
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_same_digit_gives_the_same_input(way: str) -> None:
    """To within 5 % of its ink."""
    wanted = prepared_input(Input(hand(0.02))).image
    found = prepared_input(Input(WAYS[way]())).image
    assert np.abs(found - wanted).sum() < 0.05 * wanted.sum()
    assert wanted.sum() > 60


def test_another_digit_does_not() -> None:
    wanted = prepared_input(Input(hand(0.02))).image
    line = prepared_input(Input((Stroke(((0.5, 0.2), (0.5, 0.8)), 0.08),))).image
    assert np.abs(line - wanted).sum() > 0.5 * wanted.sum()


def test_without_fitting_size_and_place_count() -> None:
    steps = Steps(fitted=False, centred=False)
    small = Input(placed(hand(0.02), 0.4, 0.05, 0.05), steps=steps)
    image, way = prepared_input(small).image[0], prepared_input(small).way
    assert image[:14, :14].sum() > 0.95 * image.sum()
    assert way is not None
    assert (way.fitted.scale, way.fitted.x) == (28, -0.5)
    assert way.fitted == way.centred
    moved = prepared_input(replace(small, steps=Steps(fitted=False))).image[0]
    rows, columns = np.indices(moved.shape)
    assert moved[14:].sum() > 0.3 * moved.sum()
    assert (moved * rows).sum() / moved.sum() == pytest.approx(14, abs=0.1)
    assert (moved * columns).sum() / moved.sum() == pytest.approx(14, abs=0.1)
    assert moved.sum() == pytest.approx(image.sum(), rel=0.02)  # no larger than it was


def test_without_the_pen_thickness_counts() -> None:
    steps = Steps(pen=False)
    ink = [
        prepared_input(Input(hand(0.02, width=width), steps=steps)).image.sum()
        for width in (0.02, 0.06, 0.15)
    ]
    assert ink[0] < 0.7 * ink[1] < ink[1] < 0.7 * ink[2]
    thick = prepared_input(Input(hand(0.02, width=0.2), steps=steps)).image[0] > 0.5
    rows = np.flatnonzero(thick.any(axis=1))
    assert rows[-1] - rows[0] + 1 == pytest.approx(20, abs=1)  # the box holds all of its ink


def test_strokes_are_drawn_on_a_picture_and_rubbed_out_of_it() -> None:
    ref = ImageRef("mnist", "test", 0)
    plain = image_of(ref)
    given = Input(image=ref)
    np.testing.assert_array_equal(prepared_input(given).image, plain)
    across = Stroke(((0.1, 0.05), (0.9, 0.05)), 0.06)
    over = prepared_input(replace(given, strokes=(across,)))
    assert over.ground is not None
    np.testing.assert_array_equal(over.ground, plain)
    assert over.image[0, 1, 5:23].min() > 0.9
    np.testing.assert_array_equal(over.image[0, 6:], plain[0, 6:])
    gone = Stroke(((0.0, 0.5), (1.0, 0.5)), 0.4, erases=True)
    rubbed = prepared_input(replace(given, strokes=(across, gone))).image[0]
    assert rubbed[10:18].max() == 0
    assert rubbed[1, 5:23].min() > 0.9
    np.testing.assert_array_equal(rubbed[22:], plain[0, 22:])


def test_a_picture_from_elsewhere_is_an_input() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (1, 28, 28), dtype=np.uint8)
    given = Input(pixels=Pixels((1, 28, 28), levels.tobytes()))
    np.testing.assert_allclose(prepared_input(given).image * 255, levels, atol=1e-4)
    with pytest.raises(DatasetError):
        prepared_input(Input(image=ImageRef("mnist", "test", 10_000)))


def test_a_drawing_in_the_making_stays_where_it_is() -> None:
    half = Input((Stroke(((0.3, 0.2), (0.7, 0.2), (0.7, 0.4)), 0.08),))
    image, seen = to_complete(half, Seen())
    np.testing.assert_array_equal(image, as_drawn(half))
    row, column = round(0.2 * 28 - 0.5), 14
    assert image[0, row, column] > 0.9
    assert image[0, 14:].max() == 0
    assert seen[row - 2 : row + 3, column].all()  # the ink has a rim of paper
    assert not seen[14:].any()
    brush = Stroke(((0.1, 0.9), (0.9, 0.9)), 0.1)
    _, more = to_complete(half, Seen((brush,)))
    assert more[round(0.9 * 28 - 0.5), 3:25].all()
    assert (more >= seen).all()
    assert more.sum() > seen.sum() + 40


def test_all_but_the_hidden_part_is_seen() -> None:
    given = Input(hand(0.02))
    image, seen = to_complete(given, Seen(hidden=(0.0, 0.5, 1.0, 1.0)))
    np.testing.assert_array_equal(image, prepared_input(given).image)
    assert seen[:14].all()
    assert not seen[14:].any()
    assert math.isclose(seen.mean(), 0.5)
    _, corner = to_complete(given, Seen(hidden=(0.25, 0.0, 0.5, 0.25)))
    assert (~corner).sum() == 49


# Other data than digits ---------------------------------------------------------------------------

COLOUR = Sheet((3, 32, 32), paper=1.0)
SHEETS = st.builds(
    Sheet,
    st.tuples(st.sampled_from([1, 3]), st.integers(1, 70), st.integers(1, 70)),
    st.sampled_from([0.0, 1.0]),
)
POINTS = st.tuples(st.floats(0, 1), st.floats(0, 1))
LEVELS = st.integers(0, 255)
STROKES = st.builds(
    Stroke,
    st.lists(POINTS, min_size=1, max_size=12).map(tuple),
    st.floats(1e-4, 1.0),
    st.booleans(),
    st.none() | st.tuples(LEVELS, LEVELS, LEVELS),
)


@settings(max_examples=40, deadline=None)
@given_any(SHEETS, st.lists(STROKES, max_size=5).map(tuple), st.integers(1, 40))
def test_whatever_is_drawn_on_whatever_sheet_is_an_image(
    sheet: Sheet, strokes: Strokes, side: int
) -> None:
    pixels = Pixels((3, side, side + 1), bytes(range(256)) * 40)
    pixels = replace(pixels, data=pixels.data[: 3 * side * (side + 1)].ljust(3 * side * (side + 1)))
    for given in (Input(strokes), Input(strokes, pixels=pixels)):
        for image in (prepared_input(given, sheet).image, as_drawn(given, sheet)):
            assert image.dtype == np.float32
            assert image.shape == sheet.shape
            assert 0.0 <= image.min() <= image.max() <= 1.0
        image, mask = to_complete(given, Seen(strokes), sheet)
        assert mask.shape == sheet.size == brushed(strokes, sheet).shape
        assert mask[brushed(strokes, sheet) > 0.1].all()
    empty = prepared_input(Input(), sheet)
    assert (empty.image == sheet.paper).all()
    assert empty.way is None


def test_a_drawing_stands_where_it_was_drawn_in_its_colours() -> None:
    blue = Stroke(((0.1, 0.25), (0.9, 0.25)), 0.1, colour=(0, 51, 255))
    ink = Stroke(((0.5, 0.1), (0.5, 0.9)), 0.1)
    image = prepared_input(Input((blue, ink)), COLOUR).image
    assert image[:, 8, 5].tolist() == pytest.approx([0.0, 0.2, 1.0], abs=0.01)
    assert image[:, 8, 15].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=0.01)
    assert (image[:, 20:, :10] == 1.0).all()
    grey = prepared_input(Input((blue,)), Sheet((1, 32, 32), paper=1.0)).image
    assert grey[0, 8, 5] == pytest.approx(0.587 * 0.2 + 0.114, abs=0.01)
    on_black = prepared_input(Input((ink,)), Sheet((3, 32, 32))).image
    np.testing.assert_allclose(on_black, 1.0 - prepared_input(Input((ink,)), COLOUR).image)
    digit = prepared_input(Input((blue,))).image  # by MNIST's recipe, in its ink
    np.testing.assert_array_equal(digit, prepared_input(Input((replace(blue, colour=None),))).image)


def test_a_picture_of_another_model_is_fitted_to_this_one() -> None:
    random = np.random.default_rng(0)
    own = Pixels.of(random.random((3, 32, 32), np.float32))
    np.testing.assert_array_equal(prepared_input(Input(pixels=own), COLOUR).image, own.image())
    flag = np.zeros((3, 64, 64), np.float32)
    flag[0, :, :32] = flag[2, :, 32:] = 1.0  # red, and blue
    made = prepared_input(Input(pixels=Pixels.of(flag)), COLOUR)
    assert made.ground is not None
    assert made.image[:, 16, 4].tolist() == pytest.approx([1, 0, 0], abs=0.02)
    assert made.image[:, 16, 28].tolist() == pytest.approx([0, 0, 1], abs=0.02)
    grey = prepared_input(Input(pixels=Pixels.of(flag)), Sheet((1, 20, 20))).image
    assert grey[0, 10, [3, 16]].tolist() == pytest.approx([0.299, 0.114], abs=0.02)
    seven = Pixels.of(image_of(ImageRef("mnist", "test", 0)))
    large = prepared_input(Input(pixels=seven), COLOUR).image
    assert (large[0] == large[1]).all()
    back = prepared_input(Input(pixels=Pixels.of(large))).image
    assert back.shape == (1, 28, 28)
    assert np.corrcoef(back.ravel(), seven.image().ravel())[0, 1] > 0.9
    gone = Stroke(((0.5, 0.0), (0.5, 1.0)), 0.3, erases=True)
    rubbed = prepared_input(Input((gone,), pixels=Pixels.of(flag)), COLOUR).image
    assert (rubbed[:, :, 15:17] == 1.0).all()
    assert rubbed[0, 16, 4] == pytest.approx(1.0, abs=0.02)


def test_an_image_of_a_data_set_is_not_fitted() -> None:
    for strokes in ((), (Stroke(((0.5, 0.5),), 0.1),)):
        with pytest.raises(SpecError) as caught:
            prepared_input(Input(strokes, image=ImageRef("mnist", "test", 0)), COLOUR)
        assert caught.value.params == {"wanted": "3 × 32 × 32", "found": "1 × 28 × 28"}


def photo(ink: int, paper: int) -> Image.Image:
    """A square in the middle, wider than high."""
    levels = np.full((60, 90, 3), paper, np.uint8)
    levels[20:40, 35:55] = ink
    return Image.fromarray(levels)


@pytest.mark.parametrize(("background", "invert"), [("white", False), ("white", True)])
def test_a_picture_is_made_as_those_of_the_data_set_were(background: str, invert: bool) -> None:
    made = ImportSettings(size=20, colour="grey", background=background, invert=invert)  # type: ignore[arg-type]
    sheet = Sheet((1, 20, 20), float(not invert), settings=made)
    image, inverted = fitted(photo(0, 255), sheet)
    assert (image.shape, inverted) == ((1, 20, 20), invert)
    assert image[0, 0, 0] == sheet.paper  # beside it, too
    assert image[0, 10, 10] == pytest.approx(1.0 - sheet.paper, abs=0.02)
    other, inverted = fitted(photo(0, 255), sheet, not invert)
    assert inverted != invert
    assert other[0, 0, 0] == sheet.paper  # what is beside it stays paper
    assert other[0, 10, 10] == pytest.approx(sheet.paper, abs=0.02)


def test_without_settings_a_picture_is_made_for_its_shape() -> None:
    """Dark ink on light becomes light on dark, where grey images of a set are so."""
    for shape in ((1, 28, 28), (1, 12, 12), (1, 200, 150), (3, 24, 24)):
        image, inverted = fitted(photo(20, 240), Sheet(shape))
        assert image.shape == shape
        assert inverted == (shape[0] == 1)
        middle = image[:, shape[1] // 2, shape[2] // 2]
        assert (middle > 0.7).all() == inverted
    assert not fitted(photo(240, 20), Sheet((1, 28, 28)))[1]
    assert not fitted(photo(20, 240), Sheet((1, 28, 28), paper=1.0))[1]


def test_paper_is_told_from_ink_also_where_it_is_white() -> None:
    ring = Stroke(((0.3, 0.3), (0.7, 0.3)), 0.08, colour=(240, 228, 66))  # yellow: light, too
    image, seen = to_complete(Input((ring,)), Seen(), COLOUR)
    np.testing.assert_array_equal(image, as_drawn(Input((ring,)), COLOUR))
    row = round(0.3 * 32 - 0.5)
    assert seen[row - 2 : row + 3, 16].all()
    assert not seen[16:].any()
    _, more = to_complete(Input((ring,)), Seen((Stroke(((0.1, 0.9), (0.9, 0.9)), 0.1),)), COLOUR)
    assert more[round(0.9 * 32 - 0.5), 4:28].all()
