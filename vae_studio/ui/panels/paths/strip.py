"""``PathStrip``: the pictures of a path, below them how well the data support each step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme

_LARGEST, _SMALLEST = 64, 28  # px of a picture
_GAP = 2
_SUPPORT = 30  # px of the curve
_FOOT = 16  # px for the names of the points
_UNLIKE = 0.02  # share of the data's codes with less support, below which a step is marked


class PathStrip(QWidget):
    """Signals: ``wanted(index)``: a step was clicked, or dragged to, between ``grabbed()`` and
    ``released()``."""

    wanted = Signal(int)
    grabbed = Signal()
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[QImage] = []
        self._ranks: NDArray[np.float32] | None = None
        self._names: list[tuple[int, str]] = []
        self._at = -1
        self.placeholder = ""
        self.setAccessibleName(self.tr("Path"))
        self.setToolTip(
            self.tr(
                "Click or drag to go there. Below: the share of the data's codes with less support "
                "than this step; hatched where hardly any has less"
            )
        )
        self.setMinimumSize(160, _SMALLEST + _SUPPORT + _FOOT + 6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(480, _LARGEST + _SUPPORT + _FOOT + 8)

    def set_path(self, pictures: list[QImage], names: Sequence[tuple[int, str]]) -> None:
        """A picture for each step; names: of the steps that are kept points."""
        self._pictures, self._names, self._ranks = pictures, list(names), None
        self.update()

    def set_ranks(self, ranks: NDArray[np.float32] | None) -> None:
        """How well the data support each step, in [0, 1]; None where that is not known."""
        self._ranks = ranks
        self.update()

    def set_at(self, index: int) -> None:
        """The step where the current point is; -1 for none."""
        if index != self._at:
            self._at = index
            self.update()

    @property
    def count(self) -> int:
        """Steps that are shown."""
        return len(self._pictures)

    @property
    def _side(self) -> int:
        """Of a picture."""
        room = self.height() - _SUPPORT - _FOOT - 6
        return max(_SMALLEST, min(_LARGEST, room))

    def place(self, index: int) -> float:
        """Where a step stands, px from the left."""
        margin = self._side / 2 + 1
        share = index / max(len(self._pictures) - 1, 1)
        return margin + share * (self.width() - 2 * margin)

    def _step_at(self, x: float) -> int:
        margin, last = self._side / 2 + 1, len(self._pictures) - 1
        share = (x - margin) / max(self.width() - 2 * margin, 1.0)
        return min(max(round(share * last), 0), last)

    # Painting ------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        if not self._pictures:
            painter.setPen(QColor(c.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 4, -16, -4), flags, self.placeholder)
            return
        self._paint_pictures(painter)
        floor = self._side + 4 + _SUPPORT
        if self._ranks is not None:
            self._paint_support(painter, self._ranks, floor)
        painter.setPen(QColor(c.line))
        painter.drawLine(QPointF(self.place(0), floor), QPointF(self.place(self.count - 1), floor))
        painter.setPen(QColor(c.muted))
        for index, name in self._names:
            x = self.place(index)
            painter.drawLine(QPointF(x, floor), QPointF(x, floor + 3))
            foot = QRectF(x - 30, floor + 2, 60, _FOOT)
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 56)
            foot.moveLeft(min(max(foot.left(), 0.0), self.width() - foot.width()))
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, text)
        if 0 <= self._at < self.count:
            x = self.place(self._at)
            painter.setPen(QPen(QColor(c.accent), 2.0))
            painter.drawLine(QPointF(x, 0.0), QPointF(x, floor + 2.0))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _paint_pictures(self, painter: QPainter) -> None:
        """As many as fit, evenly; each is of the step that is nearest to its place."""
        side, last = self._side, self.count - 1
        fitting = max(2, int((self.width() + _GAP) // (side + _GAP)))
        shown = min(fitting, self.count)
        for number in range(shown):
            share = number / max(shown - 1, 1)
            middle = self.place(0) + share * (self.place(last) - self.place(0))
            frame = QRect(round(middle - side / 2), 1, side, side)
            painter.drawImage(frame, self._pictures[round(share * last)])

    def _paint_support(self, painter: QPainter, ranks: NDArray[np.float32], floor: int) -> None:
        c = theme.colors()
        hatch = QBrush(QColor(c.danger), Qt.BrushStyle.BDiagPattern)
        half = (self.place(1) - self.place(0)) / 2 if self.count > 1 else 2.0
        for index in np.flatnonzero(ranks < _UNLIKE).tolist():
            x = self.place(index)
            painter.fillRect(QRectF(x - half, floor - _SUPPORT, 2 * half, _SUPPORT), hatch)
        curve = [QPointF(self.place(0), floor)]
        for index, rank in enumerate(ranks.tolist()):
            curve.append(QPointF(self.place(index), floor - _SUPPORT * rank))
        curve.append(QPointF(self.place(self.count - 1), floor))
        color = QColor(c.kl)
        color.setAlpha(110)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF(curve))
        painter.setPen(QPen(QColor(c.kl), 1.5))
        painter.drawPolyline(QPolygonF(curve[1:-1]))

    # The hand ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._pictures:
            self.grabbed.emit()
            self.wanted.emit(self._step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._pictures:
            step = self._step_at(event.position().x())
            if step != self._at:
                self.wanted.emit(step)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self.count - 1
        steps = {
            Qt.Key.Key_Left: self._at - 1 if self._at >= 0 else 0,
            Qt.Key.Key_Right: self._at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key in steps and last >= 0:
            self.wanted.emit(min(max(steps[key], 0), last))
        else:
            super().keyPressEvent(event)
