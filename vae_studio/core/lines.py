"""Lines as pixels: how far each pixel of an image is from a pen's way.

Legend: x to the right and y down, in pixels of an image of H × W; the centre of pixel (row r,
column c) is (x=c, y=r). Errors are ``ImageError``, a ``ValueError`` with a code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae_studio.core.errors import ImageError

FloatArray = NDArray[np.float64]
Indices = NDArray[np.intp]

SEGMENT: Final = 2.0  # longest line piece, px: bounds the window of pixels that a piece can touch
TOLERANCE: Final = 0.02  # how far simplifying may move a line, px: about 0.02 in ink at an edge
CHUNK: Final = 128  # line pieces painted at once: arrays of 37 kB stay in cache


def gathered(strokes: Sequence[ArrayLike]) -> tuple[FloatArray, Indices]:
    """All points [n, 2] and the number of the stroke of each [n]; a stroke has two at least.

    strokes: arrays [n, 2]. Raises ``ImageError`` for a wrong shape or type, NaN and infinity.
    """
    arrays: list[FloatArray] = []
    for number, given in enumerate(strokes):
        try:
            points = np.asarray(given)
        except ValueError as error:  # rows of different lengths
            raise ImageError("digit.shape", stroke=number, reason=str(error)) from None
        if points.shape in ((0,), (0, 2)):
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ImageError("digit.shape", stroke=number, shape=points.shape)
        if points.dtype.kind not in "iuf":
            raise ImageError("digit.dtype", stroke=number, dtype=str(points.dtype))
        points = points.astype(np.float64)
        finite = np.isfinite(points).all(axis=1)
        if not finite.all():
            point = int(np.argmin(finite))
            value = tuple(points[point].tolist())
            raise ImageError("digit.not_finite", stroke=number, point=point, value=value)
        arrays.append(np.repeat(points, 2, axis=0) if len(points) == 1 else points)
    if not arrays:
        return np.zeros((0, 2)), np.zeros(0, np.intp)
    stroke = np.repeat(np.arange(len(arrays)), [len(points) for points in arrays])
    return np.concatenate(arrays), stroke


def simplified(
    points: FloatArray, stroke: Indices, longest: float = SEGMENT
) -> tuple[FloatArray, Indices]:
    """``points`` [n, 2] without those that the line hardly needs, and their strokes.

    Every second point goes where the line moves less than ``TOLERANCE``, again and again, while
    its neighbours are no further apart than ``longest``, px. A mouse gives far more points than
    pixels can show, and painting costs by the piece.
    """
    parity, idle = 1, 0
    while idle < 2:  # neither the odd nor the even points have one to give
        inner = np.arange(2 - parity, len(points) - 1, 2)
        before, here, after = points[inner - 1], points[inner], points[inner + 1]
        chord = after - before
        squared = _dot(chord, chord)
        along = np.clip(_dot(here - before, chord) / np.maximum(squared, 1e-12), 0, 1)
        off = here - before - along[:, None] * chord
        drop = stroke[inner - 1] == stroke[inner + 1]
        drop &= (squared <= longest**2) & (_dot(off, off) <= TOLERANCE**2)
        if drop.any():
            keep = np.ones(len(points), np.bool_)
            keep[inner[drop]] = False
            points, stroke, idle = points[keep], stroke[keep], 0
        else:
            parity, idle = 1 - parity, idle + 1
    return points, stroke


def pieces(
    points: FloatArray, stroke: Indices, longest: float = SEGMENT
) -> tuple[FloatArray, FloatArray, Indices]:
    """Starts and ends [m, 2] of line pieces no longer than ``longest``, and their strokes [m]."""
    joined = stroke[1:] == stroke[:-1]
    start, step = points[:-1][joined], (points[1:] - points[:-1])[joined]
    length = np.hypot(step[:, 0], step[:, 1])
    count = np.maximum(np.ceil(length / longest), 1).astype(np.intp)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    step = np.repeat(step / count[:, None], count, axis=0)
    start = np.repeat(start, count, axis=0) + step * nth[:, None]
    return start, start + step, np.repeat(stroke[:-1][joined], count)


def distances(
    start: FloatArray,
    end: FloatArray,
    reach: float,
    size: tuple[int, int],
    longest: float = SEGMENT,
) -> FloatArray:
    """From each pixel to the nearest line piece [m, 2], where that is within ``reach``, px: [H, W];
    elsewhere as far or farther, or infinity.

    longest: of the pieces, px. A piece looks only at the window of pixels that it can reach.
    """
    height, width = size
    half = longest / 2 + reach
    across, down = (min(math.floor(2 * half) + 1, side) for side in (width, height))
    last = np.array([[width - across], [height - down]])
    field = np.full(height * width, np.inf)  # squared distance
    for first in range(0, len(start), CHUNK):
        # Pieces run along the last axis: numpy broadcasts over a long axis far faster.
        a, b = start[first : first + CHUNK].T, end[first : first + CHUNK].T  # [2, m]
        step_x, step_y = b - a
        # A window moved into the image still holds all pixels of the image that it held before.
        corner = np.clip(np.ceil((a + b) / 2 - half), 0, last)
        column = corner[0] + np.arange(across)[:, None]  # [across, m]
        row = corner[1] + np.arange(down)[:, None]
        x, y = column - a[0], row - a[1]
        squared = np.maximum(step_x * step_x + step_y * step_y, 1e-12)
        along = (x * (step_x / squared))[None, :, :] + (y * (step_y / squared))[:, None, :]
        np.clip(along, 0, 1, out=along)  # [down, across, m]
        off_x, off_y = x[None, :, :] - along * step_x, y[:, None, :] - along * step_y
        where = (row.astype(np.intp) * width)[:, None, :] + column.astype(np.intp)[None, :, :]
        np.minimum.at(field, where.ravel(), (off_x * off_x + off_y * off_y).ravel())
    found: FloatArray = np.sqrt(field.reshape(height, width))
    return found


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Inner products [n] of the rows of ``a`` and ``b`` [n, 2]."""
    product: FloatArray = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]
    return product
