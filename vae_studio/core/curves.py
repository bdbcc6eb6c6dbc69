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
# From the four points of a curve to its polynomial, from the constant to the cube of t.
_POWERS: Final = np.array([[1.0, 0, 0, 0], [-3, 3, 0, 0], [3, -6, 3, 0], [-1, 3, -3, 1]])


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


def sampled(points: FloatArray, tolerance: float) -> FloatArray:
    """Points [m, 2] on the line through ``points`` [n, 2], and these among them: what is straight
    from each to the next is hardly further than ``tolerance`` from the line.

    A curve is cut into the pieces that Wang's bound asks for (R. Goldman, *Pyramid Algorithms*,
    2003, section 5.6.3).
    """
    if len(points) < 2:
        return points
    curves = beziers(points)
    second = curves[:, :2] - 2.0 * curves[:, 1:3] + curves[:, 2:]
    bend = np.sqrt((second * second).sum(axis=2).max(axis=1))
    pieces = np.ceil(np.sqrt(0.75 / tolerance * bend)).clip(1, _MOST_PIECES).astype(np.intp)
    ends = pieces.cumsum()
    which = np.repeat(np.arange(len(pieces)), pieces)
    t = (np.arange(1, ends[-1] + 1) - (ends - pieces)[which]) / pieces[which]
    found = np.empty((len(t) + 1, 2))
    found[1:] = (np.vander(t, 4, increasing=True)[:, None] @ (_POWERS @ curves)[which])[:, 0]
    found[np.concatenate([[0], ends])] = points
    return found
