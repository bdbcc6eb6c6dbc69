"""Pen and eraser on strokes that stay vectors."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_studio.session.strokes import (
    CLOSE,
    MOST_INK,
    Stroke,
    bounds,
    erased,
    extended,
    line,
    moved,
    scaled,
    without_touched,
)

LINE = Stroke(((0.0, 0.5), (1.0, 0.5)), width=0.1)
point = st.tuples(st.floats(0, 1), st.floats(0, 1))
strokes = st.lists(
    st.builds(Stroke, st.lists(point, min_size=1, max_size=6).map(tuple), st.floats(0.01, 0.2)),
    max_size=4,
).map(tuple)


def to_segment(p: tuple[float, float], a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of ``p`` to the segment from ``a`` to ``b``, by trying many places along it."""
    places = [i / 500 for i in range(501)]
    return min(math.dist(p, (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t)) for t in places)


def length(stroke: Stroke) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(line(stroke).tolist()))


def test_the_last_stroke_goes_on() -> None:
    before = (LINE, Stroke(((0.2, 0.2),), 0.05))
    after = extended(before, (0.3, 0.3))
    assert after == (LINE, Stroke(((0.2, 0.2), (0.3, 0.3)), 0.05))
    assert before[1].points == ((0.2, 0.2),)


def test_rubbing_across_the_middle_splits_a_stroke() -> None:
    left, right = erased((LINE,), (0.5, 0.0), (0.5, 1.0), radius=0.1)
    assert left.points[0] == (0.0, 0.5)
    assert right.points[-1] == (1.0, 0.5)
    assert left.width == right.width == LINE.width
    # The pen's edge counts: half its width more on each side, and a point's distance of slack.
    assert 0.25 < left.points[-1][0] < 0.35
    assert 0.65 < right.points[0][0] < 0.75


def test_rubbing_beside_touches_nothing() -> None:
    kept = erased((LINE,), (0.0, 0.66), (1.0, 0.66), radius=0.1)
    assert kept[0] is LINE
    assert erased((LINE,), (0.0, 0.64), (1.0, 0.64), radius=0.1) == ()


def test_rubbing_the_end_shortens() -> None:
    (rest,) = erased((LINE,), (1.0, 0.5), (1.0, 0.5), radius=0.1)
    assert 0.77 < length(rest) < 0.86


def test_a_long_fast_move_leaves_no_holes() -> None:
    dots = tuple(Stroke(((i / 20, 0.5),), 0.02) for i in range(21))
    assert erased(dots, (0.0, 0.5), (1.0, 0.5), radius=0.05) == ()


def test_a_dot_goes_whole() -> None:
    dot = Stroke(((0.5, 0.5),), 0.1)
    assert erased((dot,), (0.5, 0.6), (0.5, 0.6), radius=0.06) == ()
    assert erased((dot,), (0.5, 0.7), (0.5, 0.7), radius=0.06) == (dot,)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(strokes, point, point, st.floats(0.02, 0.3))
def test_what_is_left_is_out_of_reach(
    drawing: tuple[Stroke, ...],
    start: tuple[float, float],
    end: tuple[float, float],
    radius: float,
) -> None:
    kept = erased(drawing, start, end, radius)
    for stroke in kept:
        assert stroke.points
        if stroke in drawing:
            continue
        for place in stroke.points:
            assert to_segment(place, start, end) > radius + stroke.width / 2 - 0.005
    assert sum(map(length, kept)) <= sum(map(length, drawing)) + 1e-3
    again = erased(kept, start, end, radius)  # rubbing twice is rubbing once
    assert sum(map(length, again)) > sum(map(length, kept)) - 0.02 * (len(kept) + 1)


def test_an_eraser_adds_few_points() -> None:
    wave = Stroke(tuple((n / 400, 0.5 + 0.3 * math.sin(n / 5)) for n in range(401)), 0.02)
    kept = erased((wave,), (0.5, 0.0), (0.5, 1.0), radius=0.02)
    points = [point for stroke in kept for point in stroke.points]
    assert len(points) < 2.5 * 401
    away = {point for point in wave.points if abs(point[0] - 0.5) > 0.04}
    assert away <= set(points)
    rubbed = kept
    for n in range(1, 40):  # however often it comes
        rubbed = erased(rubbed, (n / 40, 0.2), (n / 40, 0.8), radius=0.002)
        assert sum(len(stroke.points) for stroke in rubbed) < 6 * 401


def test_rubbing_a_point_alone_leaves_both_sides_up_to_it() -> None:
    straight = Stroke(((0.05, 0.5), (0.35, 0.5), (0.65, 0.5), (0.95, 0.5)), 0.02)
    for near in (1e-4, 1e-3, 1e-2):
        place = (0.65, 0.5 - 0.06 + near)
        kept = erased((straight,), place, place, radius=0.05)
        assert len(kept) == 2
        assert sum(map(length, kept)) > 0.9 - 2 * 0.06


def test_a_long_drawing_does_not_grow_beyond_what_a_file_takes() -> None:
    zigzag = Stroke(tuple((0.2 + n % 2 * 0.5, 0.5) for n in range(1801)), 0.02)
    larger = scaled((zigzag,), 1.3, (0.45, 0.5))
    assert 990 < length(larger[0]) < MOST_INK
    again = scaled(larger, 1.3, (0.45, 0.5))
    assert length(again[0]) == pytest.approx(length(larger[0]), rel=2e-3)
    assert length(again[0]) < MOST_INK


def test_a_trembling_hand_leaves_few_points() -> None:
    strokes: tuple[Stroke, ...] = (Stroke(((0.5, 0.5),), 0.1),)
    for n in range(200):
        strokes = extended(strokes, (0.5 + 0.001 * (n % 3), 0.5 + 0.002 * n))
    (stroke,) = strokes
    assert stroke.points[-1] == (0.5 + 0.001 * (199 % 3), 0.5 + 0.002 * 199)
    assert len(stroke.points) < 80
    assert all(math.dist(a, b) >= CLOSE for a, b in pairwise(stroke.points[:-1]))


def test_the_stroke_eraser_takes_whole_strokes() -> None:
    other = Stroke(((0.2, 0.1), (0.8, 0.1)), 0.05)
    assert without_touched((LINE, other), (0.5, 0.3), (0.5, 0.46), 0.02) == (other,)
    assert without_touched((LINE, other), (0.5, 0.3), (0.5, 0.40), 0.02) == (LINE, other)


def test_a_drawing_moves_as_far_as_the_canvas_goes() -> None:
    drawing = (Stroke(((0.2, 0.3), (0.5, 0.6)), 0.1), Stroke(((0.4, 0.2),), 0.05))
    there = moved(drawing, 0.1, -0.1)
    assert there[0].points[0] == pytest.approx((0.3, 0.2))
    assert there[1].points[0] == pytest.approx((0.5, 0.1))
    assert bounds(moved(drawing, 9.0, 9.0)) == pytest.approx((0.7, 0.6, 1.0, 1.0))
    back = moved(moved(drawing, 0.1, 0.1), -0.1, -0.1)
    assert back[0].points[1] == pytest.approx(drawing[0].points[1])
    assert moved((), 0.1, 0.1) == ()


def test_a_drawing_grows_with_its_pen_as_far_as_the_canvas_goes() -> None:
    drawing = (Stroke(((0.4, 0.4), (0.6, 0.6)), 0.1),)
    twice = scaled(drawing, 2.0, (0.4, 0.4))
    assert twice[0].points[0] == pytest.approx((0.4, 0.4))
    assert twice[0].points[1] == pytest.approx((0.8, 0.8))
    assert twice[0].width == pytest.approx(0.2)
    assert bounds(scaled(drawing, 99.0, (0.4, 0.4))) == pytest.approx((0.4, 0.4, 1.0, 1.0))
    dot = scaled(drawing, 0.0, (0.5, 0.5))
    assert dot[0].width == pytest.approx(0.01)


@settings(deadline=None, max_examples=60, derandomize=True)
@given(strokes, st.floats(0, 20), point, st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_moved_and_scaled_stays_on_the_canvas(
    drawing: tuple[Stroke, ...],
    factor: float,
    about: tuple[float, float],
    right: float,
    down: float,
) -> None:
    for stroke in moved(scaled(drawing, factor, about), right, down):
        assert 0 < stroke.width <= 1
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in stroke.points)
