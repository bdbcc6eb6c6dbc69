"""Lines that are painted over the curves: where something was changed, and what is read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from vae_studio.ui import theme

_BACK = 210  # of 255: how much of the panel covers the curves behind a text
_LEAST_POINTS = 6.5


def paint_marks(
    painter: QPainter,
    view: QRectF,
    marks: Sequence[tuple[float, str]],
    cross: float | None,
    font: QFont,
) -> None:
    """view: where the curves are. marks: pixels and texts. cross: the place that is read."""
    c = theme.colors()
    painter.save()
    small = QFont(font)
    small.setPointSizeF(max(_LEAST_POINTS, font.pointSizeF() - 2))
    painter.setFont(small)
    metrics = QFontMetricsF(small)
    for x, text in marks:
        painter.setPen(QPen(QColor(c.faint), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(x, view.top()), QPointF(x, view.bottom()))
        width = metrics.horizontalAdvance(text) + 6
        left = x + 2 if x + 2 + width < view.right() else x - 2 - width
        box = QRectF(left, view.top() + 1, width, metrics.height())
        back = QColor(c.panel)
        back.setAlpha(_BACK)
        painter.fillRect(box, back)
        painter.setPen(QColor(c.muted))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    if cross is not None and view.left() <= cross <= view.right():
        painter.setPen(QPen(QColor(c.muted), 1))
        painter.drawLine(QPointF(cross, view.top()), QPointF(cross, view.bottom()))
    painter.restore()
