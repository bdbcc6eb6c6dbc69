"""Grids around a point: it is in the middle, and only what should changes."""

from __future__ import annotations

import numpy as np
import pytest

from vae_studio.core.traversals import plane_through, rows_through, steps_through

LOW, HIGH = np.full(4, -3.0, np.float32), np.array([3.0, 3.0, 5.0, 3.0], np.float32)
Z = (0.5, -1.0, 2.0, 4.0)


@pytest.mark.parametrize("value", [-3.0, -0.7, 0.0, 3.0, 9.0, -8.0])
def test_steps_rise_with_the_value_in_the_middle(value: float) -> None:
    steps = steps_through(value, -3.0, 3.0, 11)
    assert len(steps) == 11
    assert steps[5] == pytest.approx(value)
    assert (np.diff(steps) >= 0).all()
    assert steps[0] == pytest.approx(min(-3.0, value))
    assert steps[-1] == pytest.approx(max(3.0, value))


def test_each_row_changes_its_dimension_alone() -> None:
    points = rows_through(Z, (2, 0), LOW, HIGH, 5)
    assert points.shape == (2, 5, 4)
    assert np.allclose(points[:, 2], Z)
    assert np.allclose(points[0, :, 2], [-3.0, -0.5, 2.0, 3.5, 5.0])
    assert np.allclose(points[1, :, 0], [-3.0, -1.25, 0.5, 1.75, 3.0])
    assert np.allclose(np.delete(points[0], 2, axis=1), np.delete(np.array(Z), 2))


def test_a_plane_changes_two_and_the_first_row_is_the_highest() -> None:
    points = plane_through(Z, 0, 3, LOW, HIGH, 3)
    assert points.shape == (3, 3, 4)
    assert np.allclose(points[1, 1], Z)
    assert np.allclose(points[0, :, 3], 4.0)  # beyond the range: the end gives way
    assert np.allclose(points[2, :, 3], -3.0)
    assert np.allclose(points[:, 0, 0], -3.0)
    assert np.allclose(points[:, 2, 0], 3.0)
    assert np.allclose(points[..., 1:3], Z[1:3])
