"""Frames on the canvas: MNIST's box, and what is moved, with its handles."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from vae_studio.core.digit import BOX, SIZE
from vae_studio.session.strokes import Strokes, bounds
from vae_studio.ui import theme

HANDLE = 8  # px
_BOX = ((SIZE - BOX) / 2 / SIZE, BOX / SIZE)  # MNIST's: where it begins, and its side


def paint_guide(painter: QPainter, square: QRectF, text: str) -> None:
    """Where MNIST's box is on the ``square`` that is drawn on, and what it is."""
    side = square.width()
    box = QRectF(
        square.left() + _BOX[0] * side, square.top() + _BOX[0] * side, *(2 * [_BOX[1] * side])
    )
    painter.setPen(QPen(QColor(theme.HINT), 1, Qt.PenStyle.DashLine))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(box)
    painter.drawText(box.adjusted(2, -20, 0, 0), Qt.AlignmentFlag.AlignTop, text)


def paint_frame(painter: QPainter, square: QRectF, strokes: Strokes) -> None:
    """Around all that is drawn, with a handle at each corner."""
    box = bounds(strokes)
    if box is None:
        return
    side, c = square.width(), theme.colors()
    left, top, right, bottom = (
        base + edge * side
        for base, edge in zip(2 * (square.left(), square.top()), box, strict=True)
    )
    painter.setPen(QPen(QColor(c.accent), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(left, top, right - left, bottom - top))
    painter.setBrush(QColor(c.accent))
    for x in (left, right):
        for y in (top, bottom):
            painter.drawRect(QRectF(x - HANDLE / 2, y - HANDLE / 2, HANDLE, HANDLE))
