"""Pen strokes painted by Qt, smooth at any size."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen

from vae_studio.core.curves import FloatArray, beziers
from vae_studio.session.drawing import DIGITS, Sheet
from vae_studio.session.strokes import Point, Stroke, Strokes

_PIECES = 100  # painted at once: what crosses itself ten thousand times takes Qt seconds


def draw_strokes(image: QImage, strokes: Strokes, sheet: Sheet = DIGITS) -> None:
    """Paint strokes on a square image, one above the other. sheet: whose colours they have."""
    side = image.width()
    for stroke in strokes:
        last, color = len(stroke.points) - 1, QColor(*sheet.colour(stroke))
        painter = QPainter(image)
        if last > _PIECES:
            layer = clear_layer(image.size())
            cover_with_pieces(layer, stroke, 0, last, color)
            painter.drawImage(0, 0, layer)
        else:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            draw_stroke(painter, side, stroke, 0, last, color)
        painter.end()


def draw_stroke(
    painter: QPainter,
    side: float,
    stroke: Stroke,
    first: int,
    last: int,
    color: QColor,
) -> None:
    """Paint the pieces ``first`` to ``last`` of a stroke; of a dot, the dot."""
    pen = QPen(color, stroke.width * side)
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


# Piece by piece ----------------------------------------------------------------------------------


def clear_layer(size: QSize) -> QImage:
    """Nothing yet, for one stroke alone."""
    layer = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    layer.fill(Qt.GlobalColor.transparent)
    return layer


def cover_with_pieces(layer: QImage, stroke: Stroke, first: int, last: int, color: QColor) -> None:
    """Paint the pieces ``first`` to ``last`` of the stroke that a square layer is for."""
    for begin in range(first, max(last, first + 1), _PIECES):
        end = min(begin + _PIECES, last)
        box = box_of_pieces(layer.width(), stroke, begin, end)
        cover(layer, box, pieces_in(box, layer.width(), stroke, begin, end, color))


def box_of_pieces(side: int, stroke: Stroke, first: int, last: int) -> QRect:
    """Pixels of a square that the pieces ``first`` to ``last`` may touch."""
    rim = math.ceil(stroke.width * side / 2) + 2
    path = stroke_path(stroke.points, side, first, last).controlPointRect().toAlignedRect()
    return path.adjusted(-rim, -rim, rim, rim).intersected(QRect(0, 0, side, side))


def pieces_in(
    box: QRect, side: int, stroke: Stroke, first: int, last: int, color: QColor
) -> QImage:
    """The pieces ``first`` to ``last`` alone, as far as ``box`` goes."""
    layer = clear_layer(box.size())
    painter = QPainter(layer)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(-box.topLeft())
    draw_stroke(painter, side, stroke, first, last, color)
    painter.end()
    return layer


def cover(layer: QImage, box: QRect, pieces: QImage) -> None:
    """Lay pieces of the same stroke into the ``box`` of a layer: of each pixel the more opaque one
    stays, as painted twice a smooth edge would be hard. Each channel grows with the opacity, as it
    is multiplied by it."""
    left, top = box.left(), box.top()
    under = _bytes(layer)[top : top + box.height(), left : left + box.width()]
    np.maximum(under, _bytes(pieces), out=under)


def _bytes(image: QImage) -> NDArray[np.uint8]:
    """[H, W, 4], in the image's own memory."""
    return np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.width(), 4)
