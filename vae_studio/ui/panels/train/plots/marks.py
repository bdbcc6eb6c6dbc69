"""Lines behind the curves and over them: the grid, changes in mid-run, the place that is read."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from vae_studio.ui import theme

_BACK = 210  # of 255: how much of the panel covers the curves behind a text
_GRID = 0.6
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


def paint_grid(painter: QPainter, view: QRectF, heights: Sequence[float]) -> None:
    """A faint line at each of these heights, in pixels."""
    c = theme.colors()
    painter.setPen(QPen(mixed(c.line, c.panel, _GRID), 1))
    for y in heights:
        painter.drawLine(QPointF(view.left(), round(y)), QPointF(view.right(), round(y)))


def mixed(color: str, background: str, share: float) -> QColor:
    """What a colour looks like that covers so much of a background."""
    over, under = QColor(color), QColor(background)
    parts = zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)
    return QColor(*(round(share * a + (1 - share) * b) for a, b in parts))
