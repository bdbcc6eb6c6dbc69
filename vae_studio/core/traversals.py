"""Grids of points around one: a dimension for each row, or a plane of two. Plain numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def steps_through(value: float, low: float, high: float, count: int) -> Array:
    """``count`` values, an odd number, from ``low`` up to ``high`` with ``value`` in the middle;
    the ends give way where ``value`` lies beyond them."""
    half = count // 2
    below = np.linspace(min(low, value), value, half + 1)
    above = np.linspace(value, max(high, value), half + 1)
    steps: Array = np.concatenate([below, above[1:]]).astype(np.float32)
    return steps


def rows_through(
    z: Sequence[float], dimensions: Sequence[int], low: Array, high: Array, columns: int
) -> Array:
    """A row for each of the dimensions, z in the middle of each: float32 [D, columns, L].

    low, high: [L], between which a row goes. columns: an odd number.
    """
    points = np.tile(np.asarray(z, np.float32), (len(dimensions), columns, 1))
    for row, index in enumerate(dimensions):
        points[row, :, index] = steps_through(
            z[index], float(low[index]), float(high[index]), columns
        )
    return points


def plane_through(
    z: Sequence[float], across: int, up: int, low: Array, high: Array, side: int
) -> Array:
    """Two dimensions at all values, the rest as in z, which is in the middle: float32 [side, side,
    L]; ``up`` is largest in the first row. side: an odd number."""
    points = np.tile(np.asarray(z, np.float32), (side, side, 1))
    rows = steps_through(z[up], float(low[up]), float(high[up]), side)[::-1]
    columns = steps_through(z[across], float(low[across]), float(high[across]), side)
    points[..., up] = rows[:, None]
    points[..., across] = columns[None, :]
    return points
