"""The line through the points of a stroke."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vae_studio.core.curves import beziers, sampled


def circle(count: int) -> np.ndarray:
    t = np.linspace(0.0, 2 * np.pi, count)
    return np.stack([0.5 + 0.3 * np.cos(t), 0.5 + 0.3 * np.sin(t)], axis=1)


@pytest.mark.parametrize("count", [9, 17, 200])
def test_few_points_and_many_give_the_same_line(count: int) -> None:
    line = sampled(circle(count), 0.01)
    radius = np.hypot(*(line - 0.5).T)
    first, last = (np.hypot(*(line - circle(count)[end]).T).argmin() for end in (1, -2))
    inner = slice(first, last)  # the ends of an open line have nothing to lean on
    assert np.abs(radius[inner] - 0.3).max() < 0.3 * 0.01
    corner = np.abs(np.hypot(*((circle(count)[1:] + circle(count)[:-1]) / 2 - 0.5).T) - 0.3).max()
    if count == 9:
        assert corner > 0.3 * 0.05  # which straight pieces would have had


def test_the_line_goes_through_its_points() -> None:
    points = np.array([[0.1, 0.1], [0.4, 0.9], [0.5, 0.2], [0.9, 0.8]])
    curves = beziers(points)
    assert curves.shape == (3, 4, 2)
    np.testing.assert_array_equal(curves[:, 0], points[:-1])
    np.testing.assert_array_equal(curves[:, 3], points[1:])
    line = sampled(points, 0.02)
    for point in points:
        assert np.hypot(*(line - point).T).min() < 1e-9


def test_there_is_no_corner_at_a_point() -> None:
    points = np.array([[0.1, 0.1], [0.4, 0.9], [0.5, 0.2], [0.9, 0.8]])
    curves = beziers(points)
    for before, after in pairwise(curves):
        arrives, leaves = before[3] - before[2], after[1] - after[0]
        cosine = arrives @ leaves / np.linalg.norm(arrives) / np.linalg.norm(leaves)
        assert cosine == pytest.approx(1.0)


def test_a_point_and_a_line_of_two_stay_what_they_are() -> None:
    one = np.array([[0.3, 0.4]])
    np.testing.assert_array_equal(sampled(one, 0.1), one)
    two = np.array([[0.0, 0.0], [1.0, 0.0]])
    line = sampled(two, 0.25)
    assert np.all(line[:, 1] == 0)
    assert np.all(np.diff(line[:, 0]) > 0)


_points = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12)


@settings(deadline=None, derandomize=True)
@given(_points, st.floats(0.01, 0.5))
def test_any_points_give_a_finite_line_near_them(
    points: list[tuple[float, float]], step: float
) -> None:
    given_ = np.array(points)
    line = sampled(given_, step)
    assert np.isfinite(line).all()
    np.testing.assert_array_equal(line[0], given_[0])
    np.testing.assert_allclose(line[-1], given_[-1], atol=1e-9)
    assert line.min() > -0.5
    assert line.max() < 1.5


def test_the_points_are_few_and_as_near_the_line_as_asked() -> None:
    turns = np.linspace(0, 2 * np.pi, 9)
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    true = sampled(circle, 1e-7)
    for tolerance in (1e-2, 1e-3):
        line = sampled(circle, tolerance)
        start, way = line[:-1], np.diff(line, axis=0)
        along = ((true[:, None] - start) * way).sum(2) / np.square(way).sum(1)
        nearest = start + along.clip(0, 1)[..., None] * way
        off = np.linalg.norm(true[:, None] - nearest, axis=2).min(1)
        assert tolerance / 20 < off.max() <= tolerance
    straight = np.column_stack([np.linspace(0, 1, 20), np.zeros(20)])
    inner = sampled(straight, 1e-3)
    inner = inner[(inner[:, 0] > 0.06) & (inner[:, 0] < 0.94)]
    np.testing.assert_allclose(inner, straight[2:-2], atol=1e-12)
