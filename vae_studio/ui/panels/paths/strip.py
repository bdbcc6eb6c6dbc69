"""``PathStrip``: the pictures of a path, below them how well the data support each step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.qimages import draw_picture, shrunk, to_qimages

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
        self._images: NDArray[np.float32] | None = None
        self._ranks: NDArray[np.float32] | None = None
        self._names: list[tuple[int, str]] = []
        self._drawn: QPixmap | None = None  # all of it, but for where the current point is
        self._at = -1
        self._held = False
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

    def set_path(
        self, images: NDArray[np.float32] | None, names: Sequence[tuple[int, str]]
    ) -> None:
        """An image for each step, [N, C, H, W] in [0, 1]; None for no path. names: of the steps
        that are kept points."""
        self._images, self._ranks = images, None
        self.set_names(names)

    def set_names(self, names: Sequence[tuple[int, str]]) -> None:
        """The kept points are called so."""
        self._names = list(names)
        self._draw_anew()

    def set_ranks(self, ranks: NDArray[np.float32] | None) -> None:
        """How well the data support each step, in [0, 1]; None where that is not known."""
        self._ranks = ranks
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._drawn = None
        self.update()

    def set_at(self, index: int) -> None:
        """The step where the current point is; -1 for none."""
        if index != self._at:
            self._at = index
            self.update()

    @property
    def count(self) -> int:
        """Steps that are shown."""
        return 0 if self._images is None else len(self._images)

    @property
    def _side(self) -> int:
        """Of a picture."""
        room = self.height() - _SUPPORT - _FOOT - 6
        return max(_SMALLEST, min(_LARGEST, room))

    def place(self, index: int) -> float:
        """Where a step stands, px from the left."""
        margin = self._side / 2 + 1
        share = index / max(self.count - 1, 1)
        return margin + share * (self.width() - 2 * margin)

    def _step_at(self, x: float) -> int:
        margin, last = self._side / 2 + 1, self.count - 1
        share = (x - margin) / max(self.width() - 2 * margin, 1.0)
        return min(max(round(share * last), 0), last)

    # Painting ------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drawn = None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._drawn = None

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        if self._images is None:
            painter.setPen(QColor(c.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(16, 4, -16, -4), flags, self.placeholder)
            return
        if self._drawn is None:
            self._drawn = self._draw(self._images)
        painter.drawPixmap(0, 0, self._drawn)
        if 0 <= self._at < self.count:
            x = self.place(self._at)
            painter.setPen(QPen(QColor(c.accent), 2.0))
            painter.drawLine(QPointF(x, 0.0), QPointF(x, self._floor + 2.0))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    @property
    def _floor(self) -> int:
        """Where the curve stands on, px from the top."""
        return self._side + 4 + _SUPPORT

    def _draw(self, images: NDArray[np.float32]) -> QPixmap:
        """All that stays while the point walks along: thousands of steps take a while."""
        ratio, c, floor = self.devicePixelRatioF(), theme.colors(), self._floor
        drawn = QPixmap(self.size() * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setFont(self.font())
        self._paint_pictures(painter, images)
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
        painter.end()
        return drawn

    def _paint_pictures(self, painter: QPainter, images: NDArray[np.float32]) -> None:
        """As many as fit, evenly; each is of the step that is nearest to its place."""
        side, last = self._side, self.count - 1
        fitting = max(2, int((self.width() + _GAP) // (side + _GAP)))
        shares = np.linspace(0.0, 1.0, min(fitting, self.count))
        pixels = round(side * self.devicePixelRatioF())
        pictures = to_qimages(shrunk(images[np.rint(shares * last).astype(int)], pixels))
        for share, picture in zip(shares.tolist(), pictures, strict=True):
            middle = self.place(0) + share * (self.place(last) - self.place(0))
            draw_picture(painter, QRect(round(middle - side / 2), 1, side, side), picture)

    def _paint_support(self, painter: QPainter, ranks: NDArray[np.float32], floor: int) -> None:
        """A step for each pixel at most, the least of those that share it."""
        c, last = theme.colors(), self.count - 1
        every = max(1, self.count // max(self.width(), 1))
        steps = np.arange(0, self.count, every)
        least = np.minimum.reduceat(ranks, steps)
        hatch = QBrush(QColor(c.danger), Qt.BrushStyle.BDiagPattern)
        half = max((self.place(every) - self.place(0)) / 2, 0.5) if last else 2.0
        for index in steps[least < _UNLIKE].tolist():
            x = self.place(index)
            painter.fillRect(QRectF(x - half, floor - _SUPPORT, 2 * half, _SUPPORT), hatch)
        curve = [QPointF(self.place(0), floor)]
        for index, rank in zip(steps.tolist(), least.tolist(), strict=True):
            curve.append(QPointF(self.place(index), floor - _SUPPORT * rank))
        curve.append(QPointF(curve[-1].x(), floor))
        color = QColor(c.kl)
        color.setAlpha(110)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF(curve))
        painter.setPen(QPen(QColor(c.kl), 1.5))
        painter.drawPolyline(QPolygonF(curve[1:-1]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    # The hand ------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.count:
            self._held = True
            self.grabbed.emit()
            self.wanted.emit(self._step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held and self.count:
            step = self._step_at(event.position().x())
            if step != self._at:
                self.wanted.emit(step)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._let_go()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._let_go()

    def _let_go(self) -> None:
        """The hand is gone, or the strip under it: no release would reach it any more."""
        if self._held:
            self._held = False
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
