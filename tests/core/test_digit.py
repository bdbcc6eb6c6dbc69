"""Strokes become what MNIST would have made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks import digit_recipe
from benchmarks.mnist_strokes import digit_strokes, thin
from tests.helpers import extent, mass_centre
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.digit import (
    BOX,
    CENTRE,
    MNIST,
    PEN_RADIUS,
    digit,
    digit_image,
)
from vae_studio.core.errors import ImageError

Array = NDArray[Any]

few = settings(deadline=None, max_examples=25, derandomize=True)
SAME = 2e-3  # float noise may tip a point over the tolerance of simplifying; half a grey level


def two() -> list[Array]:
    """A 2 of one stroke, about 1 by 1.6, 121 points."""
    t = np.linspace(0, 1, 61)[:, None]
    bow = np.concatenate([0.5 - 0.5 * np.cos(np.pi * t * 1.25), 0.5 - 0.5 * np.sin(np.pi * t)], 1)
    down = bow[-1] + t[1:] * (np.array([0.0, 1.6]) - bow[-1])
    foot = np.array([[0.0, 1.6], [1.0, 1.6]])
    return [np.concatenate([bow, down]), foot]


def test_form() -> None:
    image = digit_image(two())
    assert image.shape == (28, 28)
    assert image.dtype == np.float32
    assert image.min() == 0
    assert image.max() == 1


@pytest.mark.parametrize("strokes", [[], [np.zeros((0, 2))], [np.zeros(0), np.zeros((0, 2))]])
def test_no_ink_is_zeros(strokes: list[Array]) -> None:
    assert not digit_image(strokes).any()


@pytest.mark.parametrize("times", [1, 2, 50])
@pytest.mark.parametrize("at", [(0.0, 0.0), (-731.3, 1e9)])
def test_a_point_is_a_dot(at: tuple[float, float], times: int) -> None:
    image = digit_image([np.tile(at, (times, 1))])
    assert image.sum() == pytest.approx(np.pi * PEN_RADIUS**2, rel=0.1)
    assert mass_centre(image) == pytest.approx([CENTRE, CENTRE], abs=1e-3)


def test_a_trembling_click_is_a_dot_when_told_what_is_small() -> None:
    click = [np.array([[100, 100], [101, 100]])]
    assert extent(digit_image(click, smallest=20)).max() <= 4
    assert extent(digit_image(click)).max() >= 18


def test_a_dot_is_as_large_on_its_way_as_what_trembled() -> None:
    dot = digit([np.array([[100, 100]])], smallest=20)
    trembling = digit([np.array([[100, 100], [101, 100]])], smallest=20)
    assert dot.fitted.scale > 0
    assert dot.fitted.scale == pytest.approx(trembling.fitted.scale)
    assert dot.fitted.scale * 100 + dot.fitted.x == pytest.approx(13.5)
    assert digit([np.array([[1e200, 1e200]])], smallest=1e-200).fitted.scale == 0
    large = [np.array([[100, 100], [140, 200]])]
    assert np.array_equal(digit_image(large, smallest=20), digit_image(large))


def test_coordinates_next_to_nothing_are_a_dot() -> None:
    tiny = [np.array([[1e-320, 0.0], [0.0, 1e-320]])]
    for widths in (None, [0.05]):
        assert extent(digit(tiny, widths=widths, smallest=0.05).ink).max() <= 12


def test_a_vertical_line_is_a_one() -> None:
    image = digit_image([np.array([[5, 0], [5, 300]])])
    assert extent(image)[1] in (19, 20, 21)
    assert extent(image)[0] == 3
    assert image[10:19].sum(axis=1) == pytest.approx(2 * PEN_RADIUS, abs=0.1)


def test_ink_fills_the_box_and_its_mass_is_in_the_middle(bitmaps: NDArray[np.uint8]) -> None:
    for strokes in digit_strokes(bitmaps):
        image = digit_image(strokes)
        assert 18 <= extent(image).max() <= BOX + 1
        assert mass_centre(image) == pytest.approx([CENTRE, CENTRE], abs=0.1)


def test_the_middle_and_the_ink_are_those_of_mnist(mnist: DatasetPair) -> None:
    # An odd step: even and odd rows come from two groups of writers, with thin and bold pens.
    bitmaps = mnist.train.images[::61, 0].numpy()
    images = bitmaps / 255
    centres = np.array([mass_centre(image) for image in images])
    assert centres.mean(axis=0) == pytest.approx([CENTRE, CENTRE], abs=0.05)
    ours = np.array([digit_image(strokes) for strokes in digit_strokes(bitmaps)])
    assert ours.mean() == pytest.approx(images.mean(), rel=0.03)
    levels = [0.004, 0.25, 0.5, 0.75, 0.98, 1.01]
    spread = [np.histogram(some, levels)[0] / some.size for some in (ours, images)]
    assert spread[0] == pytest.approx(spread[1], abs=0.01)


@few
@given(
    x=st.floats(-1e4, 1e4),
    y=st.floats(-1e4, 1e4),
    scale=st.sampled_from([1e-6, 1e-3, 0.01, 1.0, 37.0, 1000.0, 1e12]),
)
def test_place_and_size_do_not_matter(x: float, y: float, scale: float) -> None:
    moved = [(stroke + np.array([x, y])) * scale for stroke in two()]
    assert digit_image(moved) == pytest.approx(digit_image(two()), abs=SAME)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_units(scale: float) -> None:
    strokes = [stroke * scale for stroke in two()]
    assert digit_image(strokes) == pytest.approx(digit_image(two()), abs=SAME)


@few
@given(seed=st.integers(0, 2**32 - 1), strokes=st.integers(1, 6))
def test_order_and_direction_do_not_matter(seed: int, strokes: int) -> None:
    random = np.random.default_rng(seed)
    drawing = [np.cumsum(random.normal(size=(20, 2)), axis=0) for _ in range(strokes)]
    other = [drawing[k][::-1] for k in random.permutation(strokes)]
    # Points are dropped in another order: lines differ by up to the tolerance of simplifying.
    assert digit_image(other) == pytest.approx(digit_image(drawing), abs=0.05)


@pytest.mark.parametrize("between", [1, 7, 100])
def test_density_of_points_does_not_matter(between: int) -> None:
    dense = []
    for stroke in two():
        at = np.arange(len(stroke))
        fine = np.linspace(0, len(stroke) - 1, (len(stroke) - 1) * (between + 1) + 1)
        dense.append(np.stack([np.interp(fine, at, stroke[:, k]) for k in (0, 1)], axis=1))
    assert digit_image(dense) == pytest.approx(digit_image(two()), abs=0.05)
    doubled = [np.repeat(stroke, 3, axis=0) for stroke in two()]
    assert digit_image(doubled) == pytest.approx(digit_image(two()), abs=0.05)


def test_simplifying_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = digit_image(two())
    monkeypatch.setattr("vae_studio.core.lines.TOLERANCE", 0.0)
    assert quick == pytest.approx(digit_image(two()), abs=0.03)


def test_strokes_stay_apart() -> None:
    apart = [np.array([[0, 0], [0, 20]]), np.array([[10, 0], [10, 20]])]
    image = digit_image(apart)
    assert image[14, 14] == 0  # nothing joins the end of one to the start of the next
    with_dot = digit_image([*apart, np.array([[5, 10]])])
    assert with_dot[14, 14] == 1


@few
@given(
    seed=st.integers(0, 2**32 - 1),
    strokes=st.integers(1, 5),
    points=st.sampled_from([1, 2, 3, 30, 3000]),
)
def test_whatever_is_drawn(seed: int, strokes: int, points: int) -> None:
    random = np.random.default_rng(seed)
    drawing = [
        np.cumsum(random.normal(size=(points, 2)), axis=0) + random.uniform(-30, 30, 2)
        for _ in range(strokes)
    ]
    image = digit_image(drawing)
    assert image.min() >= 0
    assert image.max() <= 1
    assert image.max() > 0.9
    assert extent(image).max() <= BOX + 1


def test_a_lopsided_drawing_is_not_cut_off() -> None:
    scribble = np.stack([np.tile([0, 100], 30), np.linspace(0, 15, 60)], axis=1)
    strokes = [scribble, np.array([[50, 0], [50, 100]])]
    image = digit_image(strokes)
    assert mass_centre(image)[1] < CENTRE - 1  # as far as it could go
    assert 18 <= extent(image).max() <= BOX + 1
    assert image[-1].max() > 0.2  # the soft end of the line reaches into the last row
    unmoved = digit_image(strokes, recipe=replace(MNIST, centred=False))
    assert image.sum() == pytest.approx(unmoved.sum(), rel=0.02)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "float32", "float64"])
def test_any_number_type(dtype: str) -> None:
    stroke = np.array([[10, 10], [90, 40], [20, 120]])
    assert digit_image([stroke.astype(dtype)]) == pytest.approx(digit_image([stroke]), abs=1e-6)
    assert digit_image([stroke.tolist()]) == pytest.approx(digit_image([stroke]), abs=1e-6)


@pytest.mark.parametrize(
    ("stroke", "code"),
    [
        (np.array([[0, 0], [np.nan, 1]]), "digit.not_finite"),
        (np.array([[0, 0], [1, -np.inf]]), "digit.not_finite"),
        (np.zeros(3), "digit.shape"),
        (np.zeros((3, 3)), "digit.shape"),
        (np.zeros((0, 3)), "digit.shape"),
        (np.zeros((1, 3, 2)), "digit.shape"),
        ([[0, 0], [1]], "digit.shape"),
        (np.zeros((3, 2), complex), "digit.dtype"),
        (np.zeros((3, 2), bool), "digit.dtype"),
        (np.array([["0", "1"]]), "digit.dtype"),
    ],
)
def test_wrong_strokes(stroke: Any, code: str) -> None:
    with pytest.raises(ImageError) as caught:
        digit_image([np.zeros((2, 2)), stroke])
    assert isinstance(caught.value, ValueError)
    assert caught.value.code == code
    assert caught.value.params["stroke"] == 1


@pytest.mark.parametrize("smallest", [-1.0, float("nan"), float("inf")])
def test_wrong_smallest(smallest: float) -> None:
    with pytest.raises(ImageError, match="smallest"):
        digit_image(two(), smallest=smallest)


def test_strokes_are_left_alone() -> None:
    strokes = two()
    digit_image(strokes)
    assert all(np.array_equal(a, b) for a, b in zip(strokes, two(), strict=True))


# The proof, in short; benchmarks/digit_recipe.py is the long form


def test_thinning_leaves_lines() -> None:
    thick = np.zeros((1, 30, 30), np.bool_)
    thick[0, 5:25, 10:15] = True
    skeleton = thin(thick)[0]
    assert skeleton.sum(axis=1).max() == 1
    assert 14 <= skeleton.sum() <= 20


def test_a_model_trained_on_mnist_reads_drawings(mnist: DatasetPair) -> None:
    part = Dataset(mnist.train.images[::3], mnist.train.labels[::3])
    model = digit_recipe.train_classifier(part, epochs=3)
    ways = ("naive", "naive, drawn large in the middle", "recipe", "recipe without centring")
    rows = {row.way: row.accuracy for row in digit_recipe.measure(model, mnist.test, 500, ways)}
    assert rows["MNIST"] > 0.94
    assert rows["recipe"] > 0.93
    assert rows["recipe"] > rows["MNIST"] - 0.03
    assert rows["recipe"] > rows["naive"] + 0.5
    assert rows["recipe"] > rows["naive, drawn large in the middle"] + 0.1
    assert rows["recipe"] > rows["recipe without centring"] + 0.05


def test_pens_of_other_widths_are_told_apart() -> None:
    thin_pen = digit_image(two(), recipe=replace(MNIST, pen_radius=PEN_RADIUS / 2))
    assert thin_pen.sum() < 0.6 * digit_image(two()).sum()
