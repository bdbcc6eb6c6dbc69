"""A hairline around pictures whose paper would be lost on the panel: white ones on light."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from vae_studio.ui import theme

_NEAR = 20  # of 255: a picture whose corner is as light as the panel, to within this


def draw_edge(painter: QPainter, place: QRectF, picture: QImage) -> None:
    """Draw it inside of ``place``, where the picture is shown, if it needs one."""
    c = theme.colors()
    corner, panel = picture.pixelColor(0, 0).lightness(), QColor(c.panel).lightness()
    if abs(corner - panel) < _NEAR:
        painter.setPen(QPen(QColor(c.line), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5))
