"""What ``CompareView`` draws over and around its pictures: words, signs, frames, the divider."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF

from vae_studio.ui import theme
from vae_studio.ui.widgets.compare_pictures import LESS, MORE

GRIP = 7  # px; radius of the divider's handle
_SIGN_FROM = 9.0  # px; side of a pixel that has room for a sign
_SIGN_ABOVE = 0.3  # change of a pixel that gets one


def fitting(texts: Sequence[str], metrics: QFontMetrics, width: float) -> str:
    """The first text that is no wider than ``width`` px, "" where none is."""
    return next((text for text in texts if metrics.horizontalAdvance(text) <= width), "")


def draw_empty(painter: QPainter, frame: QRectF, text: str) -> None:
    """A frame where a picture will be, with a quiet line of text."""
    c = theme.colors()
    painter.fillRect(frame, QColor(c.base))
    painter.setPen(QColor(c.line))
    painter.drawRect(frame.adjusted(0.5, 0.5, -0.5, -0.5))
    painter.setPen(QColor(c.muted))
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(frame.adjusted(8, 2, -8, -2), flags, text)


def draw_legend(painter: QPainter, line: QRectF, words: Sequence[tuple[str, str]]) -> None:
    """The two colours with their signs, and the first pair of words that fits."""
    metrics = painter.fontMetrics()
    side, gap = metrics.ascent(), 4
    for pair in (*words, ("", "")):
        widths = [side + gap + metrics.horizontalAdvance(word) for word in pair]
        room = line.width() - sum(widths) - 4 * gap
        if room >= 0:
            break
    left = line.left() + int(room / 2)
    for word, width, color in zip(pair, widths, (MORE, LESS), strict=True):
        box = QRectF(left, line.top() + 1, side, side)
        painter.fillRect(box, QColor(color))
        painter.setPen(QPen(QColor(theme.PAPER), 1.5))
        painter.drawLines(_sign(box, 0.3 * side, plus=color == MORE))
        painter.setPen(QColor(theme.colors().muted))
        painter.drawText(QPointF(box.right() + gap, line.top() + side), word)
        left += width + 4 * gap


def draw_signs(painter: QPainter, place: QRectF, change: NDArray[np.float32]) -> None:
    """+ and − in the pixels that differ much, where there is room."""
    side = place.width() / change.shape[1]
    if side < _SIGN_FROM:
        return
    lines: list[QLineF] = []
    for row, column in np.argwhere(np.abs(change) > _SIGN_ABOVE).tolist():
        lines += _sign(
            pixel_box(place, change.shape, row, column), 0.2 * side, change[row, column] > 0
        )
    painter.setPen(QPen(QColor(theme.PAPER), 1.0))
    painter.drawLines(lines)


def _sign(box: QRectF, reach: float, plus: bool) -> list[QLineF]:
    """A + or a − in the middle of a box; reach: half its width."""
    middle, across, up = box.center(), QPointF(reach, 0), QPointF(0, reach)
    lines = [QLineF(middle - across, middle + across)]
    return [*lines, QLineF(middle - up, middle + up)] if plus else lines


def pixel_box(place: QRectF, shape: tuple[int, ...], row: int, column: int) -> QRectF:
    """Where a pixel of an image of ``shape`` [H, W] lies that is shown at ``place``."""
    high, wide = place.height() / shape[0], place.width() / shape[1]
    return QRectF(place.left() + column * wide, place.top() + row * high, wide, high)


def draw_pixel(painter: QPainter, box: QRectF) -> None:
    """A frame around the pixel that is read."""
    for color, grow in ((theme.PAPER, 1.5), (theme.DARK.accent, 0.5)):
        painter.setPen(QColor(color))
        painter.drawRect(box.adjusted(-grow, -grow, grow, grow))


def draw_divider(painter: QPainter, place: QRectF, at: float, top: float) -> None:
    """A line from ``top`` down over the picture at x = ``at``, with a handle to take hold of."""
    c = theme.DARK  # over the paper
    painter.fillRect(QRectF(at - 1.5, place.top(), 3, place.height()), QColor(theme.PAPER))
    painter.fillRect(QRectF(at - 0.5, top, 1, place.bottom() - top), QColor(c.accent))
    middle, radius = QPointF(at, place.center().y()), min(GRIP, place.height() / 8)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.PAPER), 1.5))
    painter.setBrush(QColor(c.accent))
    painter.drawEllipse(middle, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(c.on_accent))
    for turned in (-1, 1):
        arrow = ((0.7, 0.0), (0.2, -0.4), (0.2, 0.4))
        painter.drawPolygon(QPolygonF([middle + QPointF(turned * x, y) * radius for x, y in arrow]))
