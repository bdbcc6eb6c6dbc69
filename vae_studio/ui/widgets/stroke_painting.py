"""Pen strokes painted by Qt, smooth at any size."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from vae_studio.core.curves import FloatArray, beziers
from vae_studio.session.strokes import Point, Stroke, Strokes
from vae_studio.ui import theme


def draw_strokes(painter: QPainter, side: float, strokes: Strokes) -> None:
    """Paint strokes into a square from (0, 0)."""
    for stroke in strokes:
        draw_stroke(painter, side, stroke, 0, len(stroke.points) - 1)


def draw_stroke(
    painter: QPainter,
    side: float,
    stroke: Stroke,
    first: int,
    last: int,
    color: str = "",
) -> None:
    """Paint the pieces ``first`` to ``last`` of a stroke; of a dot, the dot. color: of ink or paper
    where none is given."""
    color = color or (theme.PAPER if stroke.erases else theme.INK)
    pen = QPen(QColor(color), stroke.width * side)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(stroke_path(stroke.points, side, first, last))


def stroke_path(points: tuple[Point, ...], side: float, first: int, last: int) -> QPainterPath:
    """The pieces ``first`` to ``last`` of the smooth line through ``points``."""
    start = max(first - 1, 0)
    near: FloatArray = np.asarray(points[start : last + 2], np.float64) * side
    begin = near[first - start] if len(near) > first - start else near[-1]
    path = QPainterPath(QPointF(*begin))
    if len(points) == 1 or last <= first:
        path.lineTo(QPointF(begin[0] + 0.01, begin[1]))
        return path
    for _, one, other, end in beziers(near)[first - start : last - start].tolist():
        path.cubicTo(QPointF(*one), QPointF(*other), QPointF(*end))
    return path
