"""The smooth line through the points of a pen stroke, as curves to paint and as points to measure.

A hand that is fast leaves few points and one that is slow leaves many: the line is the same.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_MOST_PIECES: Final = 24  # of one curve
_NONE: Final = 1e-12  # points nearer than this are one


def beziers(points: FloatArray) -> FloatArray:
    """Cubic Bézier curves [n − 1, 4, 2] from each of ``points`` [n, 2] to the next, without a
    corner: start, two controls, end.

    A centripetal Catmull–Rom spline, which has no loops and no cusps within a piece (C. Yuksel,
    S. Schaefer and J. Keyser, "Parameterization and applications of Catmull–Rom curves",
    Computer-Aided Design 43(7), 2011).
    """
    start, end = points[:-1], points[1:]
    before = np.concatenate([start[:1], start[:-1]])
    after = np.concatenate([end[1:], end[-1:]])
    return np.stack([start, _control(before, start, end), _control(after, end, start), end], axis=1)


def _control(before: FloatArray, at: FloatArray, to: FloatArray) -> FloatArray:
    """The control point beside ``at`` on the way from there to ``to``; ``at`` itself where the
    line ends or stands still."""
    back = np.sqrt(np.hypot(*(at - before).T))[:, None]
    on = np.sqrt(np.hypot(*(to - at).T))[:, None]
    still = (back < _NONE) | (on < _NONE)
    back, on = np.where(still, 1.0, back), np.where(still, 1.0, on)
    found = back**2 * to - on**2 * before + (2 * back**2 + 3 * back * on + on**2) * at
    return np.where(still, at, found / (3 * back * (back + on)))


def sampled(points: FloatArray, step: float) -> FloatArray:
    """Points [m, 2] on the line through ``points`` [n, 2], hardly further apart than ``step``."""
    if len(points) < 2:
        return points
    curves = beziers(points)
    chord = np.hypot(*(curves[:, 3] - curves[:, 0]).T)
    pieces = np.clip(np.ceil(chord / step), 1, _MOST_PIECES).astype(np.intp)
    which = np.repeat(np.arange(len(curves)), pieces)
    nth = np.arange(len(which)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    t = ((nth + 1) / pieces[which])[:, None]
    a, b, c, d = (curves[which, part] for part in range(4))
    s = 1.0 - t
    on = s**3 * a + 3 * s**2 * t * b + 3 * s * t**2 * c + t**3 * d
    return np.concatenate([points[:1], on])
