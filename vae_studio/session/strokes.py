"""Pen strokes as values: points on a canvas whose sides run from 0 to 1, y down."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.curves import sampled

Point = tuple[float, float]
Colour = tuple[int, int, int]  # red, green, blue, 0 to 255
FloatArray = NDArray[np.float64]

CLOSE = (
    0.006  # points nearer than this to the one before are the hand's tremor, or its mouse's grid
)
_THINNEST = 0.01  # pen that shrinking leaves
_TOLERANCE = 3e-4  # how far the line may be from its curve: a hundredth of a pixel of 28
MOST_STROKE_POINTS: Final = 20_000  # of a drawing
MOST_INK: Final = 1000.0  # sides of the canvas, of all strokes; bounds what erasing costs


@dataclass(frozen=True)
class Stroke:
    """One line of the pen. points: at least one; width: of the pen, as a share of the canvas.
    erases: takes away ink of the picture below; only where there is one, as strokes themselves are
    cut. colour: None for the ink of whatever it is drawn on, white on black or black on white."""

    points: tuple[Point, ...]
    width: float
    erases: bool = False
    colour: Colour | None = None


Strokes = tuple[Stroke, ...]


def extended(strokes: Strokes, point: Point) -> Strokes:
    """The last stroke goes on to ``point``, which takes the place of an end that was hardly off the
    point before."""
    last = strokes[-1]
    kept = last.points
    if len(kept) > 1 and math.dist(kept[-1], kept[-2]) < CLOSE:
        kept = kept[:-1]
    return (*strokes[:-1], replace(last, points=(*kept, point)))


def line(stroke: Stroke) -> FloatArray:
    """The smooth line that a stroke is painted as: points [n, 2] on the canvas, straight between
    them."""
    return sampled(np.asarray(stroke.points, np.float64), _TOLERANCE).clip(0.0, 1.0)


def length(strokes: Strokes) -> float:
    """Of the ways between the points of all strokes, in sides of the canvas."""
    return sum(math.dist(*way) for stroke in strokes for way in pairwise(stroke.points))


def has_room(strokes: Strokes, ink: float) -> bool:
    """Whether a file takes these with one point more. ink: their length."""
    points = sum(len(stroke.points) for stroke in strokes)
    return points < MOST_STROKE_POINTS and ink + math.sqrt(2) < MOST_INK


def erased(strokes: Strokes, start: Point, end: Point, radius: float) -> Strokes:
    """Rub from ``start`` to ``end`` with a round eraser: what it touches goes, strokes split.

    radius: as a share of the canvas. Strokes that are not touched are returned as they are.
    """
    kept: list[Stroke] = []
    for stroke in strokes:
        reach = radius + stroke.width / 2
        dense, shape = _dense(stroke, reach / 2)
        inside = _distances(dense, start, end) <= reach
        if not inside.any():
            kept.append(stroke)
            continue
        wanted = _of_pieces(inside, shape)
        wanted[shape] = True
        edges = np.flatnonzero(np.diff(inside.astype(np.int8))) + 1
        for part in np.split(np.arange(len(dense)), edges):
            if not inside[part[0]]:
                points = tuple(map(tuple, dense[part[wanted[part]]].tolist()))
                kept.append(replace(stroke, points=points))
    return tuple(kept)


def _of_pieces(inside: NDArray[np.bool_], ends: NDArray[np.intp]) -> NDArray[np.bool_]:
    """All points of the pieces that have a point ``inside`` [m]. ends: of the pieces, indices."""
    piece = np.searchsorted(ends, np.arange(len(inside)), side="right")
    touched = np.zeros(len(ends) + 2, np.bool_)
    touched[piece[inside]] = True
    touched[piece[ends[inside[ends]]] - 1] = True  # an end is one of the piece before, too
    return touched[piece]


def without_touched(strokes: Strokes, start: Point, end: Point, radius: float) -> Strokes:
    """Strokes that a round eraser does not touch on its way from ``start`` to ``end``; those that
    it does go as a whole."""
    return tuple(stroke for stroke in strokes if not touches(stroke, start, end, radius))


def touches(stroke: Stroke, start: Point, end: Point, radius: float) -> bool:
    """Whether the ink of a stroke is within ``radius`` of the way from ``start`` to ``end``."""
    reach = radius + stroke.width / 2
    dense, _ = _dense(stroke, reach / 2)
    return bool((_distances(dense, start, end) <= reach).any())


def bounds(strokes: Strokes) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of all points; None where there are none."""
    if not strokes:
        return None
    points = np.concatenate([np.asarray(stroke.points) for stroke in strokes])
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom


def moved(strokes: Strokes, right: float, down: float) -> Strokes:
    """All of the drawing elsewhere, as far as the canvas goes."""
    box = bounds(strokes)
    if box is None:
        return strokes
    right = min(max(right, -box[0]), 1.0 - box[2])
    down = min(max(down, -box[1]), 1.0 - box[3])
    return _transformed(strokes, 1.0, right, down)


def scaled(strokes: Strokes, factor: float, about: Point) -> Strokes:
    """All of the drawing larger or smaller, with its pen, as far as the canvas goes. about: the
    point that stays."""
    box = bounds(strokes)
    if box is None:
        return strokes
    x, y = about
    widest = max(stroke.width for stroke in strokes)
    # A pen of the canvas' own size, and all the ink that a drawing may have.
    limits = [0.98 / widest, max(1.0, 0.999 * MOST_INK / max(length(strokes), 1.0))]
    for low, high, fixed in ((box[0], box[2], x), (box[1], box[3], y)):
        if low < fixed:
            limits.append(fixed / (fixed - low))
        if high > fixed:
            limits.append((1.0 - fixed) / (high - fixed))
    factor = max(min(factor, *limits), min(_THINNEST / widest, 1.0))
    return _transformed(strokes, factor, x - factor * x, y - factor * y)


def _transformed(strokes: Strokes, factor: float, right: float, down: float) -> Strokes:
    def place(point: Point) -> Point:
        x, y = point
        return (
            min(1.0, max(0.0, factor * x + right)),
            min(1.0, max(0.0, factor * y + down)),
        )

    return tuple(
        replace(stroke, points=tuple(map(place, stroke.points)), width=stroke.width * factor)
        for stroke in strokes
    )


def _dense(stroke: Stroke, step: float) -> tuple[FloatArray, NDArray[np.intp]]:
    """The line of a stroke with no two points [m, 2] further apart than ``step``, so that it can be
    cut; and which of them are those of ``line``, that tell its shape: indices [n]."""
    points = line(stroke)
    if len(points) < 2:
        return points, np.arange(len(points))
    way = np.diff(points, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*way.T) / step), 1).astype(np.intp)
    ends = pieces.cumsum()
    which = np.repeat(np.arange(len(way)), pieces)
    share = ((np.arange(1, ends[-1] + 1) - (ends - pieces)[which]) / pieces[which])[:, None]
    dense = np.concatenate([points[:1], points[which] + way[which] * share])
    return dense, np.concatenate([[0], ends])


def _distances(points: FloatArray, start: Point, end: Point) -> FloatArray:
    """Of ``points`` [n, 2] to the line from ``start`` to ``end``: [n]."""
    begin, way = np.asarray(start), np.asarray(end) - np.asarray(start)
    squared = float(way @ way)
    along = np.zeros(len(points)) if squared == 0 else ((points - begin) @ way / squared).clip(0, 1)
    found: FloatArray = np.hypot(*(points - begin - along[:, None] * way).T)
    return found
