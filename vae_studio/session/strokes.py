"""Pen strokes as values: points on a canvas whose sides run from 0 to 1, y down."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]


@dataclass(frozen=True)
class Stroke:
    """One line of the pen. points: at least one; width: of the pen, as a share of the canvas."""

    points: tuple[Point, ...]
    width: float


Strokes = tuple[Stroke, ...]


def extended(strokes: Strokes, point: Point) -> Strokes:
    """The last stroke goes on to ``point``."""
    last = strokes[-1]
    return (*strokes[:-1], Stroke((*last.points, point), last.width))


def erased(strokes: Strokes, start: Point, end: Point, radius: float) -> Strokes:
    """Rub from ``start`` to ``end`` with a round eraser: what it touches goes, strokes split.

    radius: as a share of the canvas. Strokes that are not touched are returned as they are.
    """
    kept: list[Stroke] = []
    for stroke in strokes:
        reach = radius + stroke.width / 2
        dense = _dense(_curve(stroke.points), reach / 2)
        inside = [_distance_to_segment(point, start, end) <= reach for point in dense]
        if not any(inside):
            kept.append(stroke)
            continue
        part: list[Point] = []
        for point, gone in zip(dense, inside, strict=True):
            if not gone:
                part.append(point)
            elif part:
                kept.append(Stroke(tuple(part), stroke.width))
                part = []
        if part:
            kept.append(Stroke(tuple(part), stroke.width))
    return tuple(kept)


def curve_parts(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """How a stroke is painted: quadratic curves to the midpoints of its points, each with the
    point itself as control, so that a quick hand's corners look round. (control, end) each."""
    for control, after in pairwise(points[1:]):
        yield control, ((control[0] + after[0]) / 2, (control[1] + after[1]) / 2)


def _curve(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Points on the stroke as it is painted, so that what the eraser leaves keeps its shape."""
    drawn = [points[0]]
    for (cx, cy), (x, y) in curve_parts(points):
        x0, y0 = drawn[-1]
        for t in (0.25, 0.5, 0.75, 1.0):
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
            drawn.append((a * x0 + b * cx + c * x, a * y0 + b * cy + c * y))
    if len(points) > 1:
        drawn.append(points[-1])
    return tuple(drawn)


def _dense(points: tuple[Point, ...], step: float) -> list[Point]:
    """The same line with no two points further apart than ``step``, so that it can be cut."""
    dense = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        pieces = max(1, math.ceil(math.hypot(x1 - x0, y1 - y0) / step))
        dense += [
            (x0 + (x1 - x0) * i / pieces, y0 + (y1 - y0) * i / pieces) for i in range(1, pieces + 1)
        ]
    return dense


def _distance_to_segment(point: Point, start: Point, end: Point) -> float:
    (x, y), (x0, y0), (x1, y1) = point, start, end
    dx, dy = x1 - x0, y1 - y0
    length = dx * dx + dy * dy
    along = 0.0 if length == 0 else max(0.0, min(1.0, ((x - x0) * dx + (y - y0) * dy) / length))
    return math.hypot(x - x0 - along * dx, y - y0 - along * dy)
