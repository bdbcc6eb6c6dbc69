"""A cursor that shows how wide a brush is."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap

from vae_studio.ui import theme

_LEAST = 5  # px


def ring_cursor(
    diameter: float, ratio: float, dashed: bool = False, cross: bool = False
) -> QCursor:
    """A ring, dark and light so that it shows on any ground. ratio: pixels of the screen to each of
    the widget. dashed: it erases; cross: and takes all of what it touches."""
    side = max(_LEAST, round(diameter))
    dense = math.ceil(ratio)
    pixmap = QPixmap((side + 4) * dense, (side + 4) * dense)
    pixmap.setDevicePixelRatio(dense)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ring = QRectF(2, 2, side, side)
    dark = QColor(theme.PAPER)
    dark.setAlpha(160)
    painter.setPen(QPen(dark, 3))
    painter.drawEllipse(ring)
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(QColor(theme.INK), 1, style))
    painter.drawEllipse(ring)
    if cross:
        middle, arm = ring.center(), min(5.0, side / 4)
        for up in (1, -1):
            painter.drawLine(middle + QPointF(-arm, -up * arm), middle + QPointF(arm, up * arm))
    painter.end()
    return QCursor(pixmap)
