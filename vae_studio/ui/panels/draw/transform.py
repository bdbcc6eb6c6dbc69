"""Moving and scaling what is drawn: by its frame, by the wheel, by two fingers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vae_studio.session.strokes import Point, Strokes, bounds, moved, scaled

_STEP = 1.1  # of the wheel
_NEAR = 0.02  # fingers, or a handle and its opposite corner, are not nearer than this


@dataclass(frozen=True)
class Grip:
    """The hand holds a drawing. anchor: the corner that stays while another is dragged; None while
    all of it is moved."""

    before: Strokes
    start: Point
    anchor: Point | None

    def strokes(self, point: Point) -> Strokes:
        """The drawing with the hand at ``point``."""
        if self.anchor is None:
            return moved(self.before, point[0] - self.start[0], point[1] - self.start[1])
        way = max(math.dist(self.start, self.anchor), _NEAR)
        return scaled(self.before, math.dist(point, self.anchor) / way, self.anchor)


@dataclass(frozen=True)
class Pinch:
    """Two fingers hold a drawing, at first at ``one`` and ``other``."""

    before: Strokes
    one: Point
    other: Point

    def strokes(self, one: Point, other: Point) -> Strokes:
        """The drawing with the fingers there."""
        factor = max(math.dist(one, other), _NEAR) / max(math.dist(self.one, self.other), _NEAR)
        start, now = _middle(self.one, self.other), _middle(one, other)
        larger = scaled(self.before, factor, start)
        return moved(larger, now[0] - start[0], now[1] - start[1])


def grip_at(strokes: Strokes, point: Point, reach: float) -> Grip | None:
    """Take hold of a drawing at ``point``: of a corner of its frame, which scales, or of all of it.
    reach: of a corner. None where nothing is drawn."""
    box = bounds(strokes)
    if box is None:
        return None
    left, top, right, bottom = box
    for x, across in ((left, right), (right, left)):
        for y, below in ((top, bottom), (bottom, top)):
            if math.dist(point, (x, y)) <= reach and math.dist((x, y), (across, below)) > _NEAR:
                return Grip(strokes, point, (across, below))
    return Grip(strokes, point, None)


def wheel_scaled(strokes: Strokes, notches: float) -> Strokes:
    """Larger by the wheel, about the middle of the drawing."""
    box = bounds(strokes)
    if box is None:
        return strokes
    return scaled(strokes, _STEP**notches, _middle(box[:2], box[2:]))


def _middle(one: tuple[float, ...], other: tuple[float, ...]) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
