"""``Tiles``: the input, and beside it a picture of each class."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.image_view import ImageView

_GAP = 4  # px between two pictures
_APART = 14  # px between the input and what was made of it
_SHARE = 1.25  # side of the input, in sides of a picture
_BADGE = 18  # px


class Tile(ImageView):
    """A picture as large as its square, with even pixels at any size, and its class in a corner."""

    def __init__(self, name: str, badge: str = "", parent: QWidget | None = None) -> None:
        super().__init__(name, side=28, parent=parent)
        self._badge = badge

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is None:
            return
        painter, c = QPainter(self), theme.colors()
        target = QRect(0, 0, self.width(), self.height())
        whole = math.ceil(self.width() * self.devicePixelRatioF() / self.image.width())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, self.image.scaled(self.image.size() * whole))
        if self._selected or self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 1))
            for inset in (0, 1) if self._selected else (0,):
                painter.drawRect(target.adjusted(inset, inset, -1 - inset, -1 - inset))
        if self._badge:
            self._paint_badge(painter)

    def _paint_badge(self, painter: QPainter) -> None:
        c = theme.colors()
        corner = QRectF(0, 0, _BADGE, _BADGE)
        if self._selected:
            painter.fillRect(corner, QColor(c.accent))
        painter.setPen(QColor(c.on_accent if self._selected else theme.HINT))
        font = painter.font()
        font.setBold(self._selected)
        painter.setFont(font)
        painter.drawText(corner, Qt.AlignmentFlag.AlignCenter, self._badge)


class Tiles(QWidget):
    """The input, and beside it the classes in as many columns as make them largest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.input = Tile(self.tr("What the encoder sees"), parent=self)
        self.input.setToolTip(self.tr("The input, as the encoder sees it"))
        self.name = QLabel(self.tr("Input"), self)
        self.name.setProperty("role", "muted")
        self.name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.classes: list[Tile] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, 100)

    def sizeHint(self) -> QSize:
        return QSize(400, 240)

    def set_count(self, count: int) -> None:
        """So many classes."""
        for tile in self.classes:
            tile.deleteLater()
        self.classes = [
            Tile(self.tr("Your hand as a {label}").format(label=index), str(index), self)
            for index in range(count)
        ]
        for tile in self.classes:
            tile.show()
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        count, foot = len(self.classes), self.name.sizeHint().height()
        if not count:
            return
        side, columns = max((self._side(each), each) for each in range(1, count + 1))
        large = min(round(_SHARE * side), self.height() - foot)
        rows, step = math.ceil(count / columns), side + _GAP
        wide, high = columns * step - _GAP, rows * step - _GAP
        left = max(0, (self.width() - large - _APART - wide) // 2)
        top = max(0, (self.height() - high) // 2)
        first = max(0, (self.height() - large - foot) // 2)
        self.input.setGeometry(left, first, large, large)
        self.name.setGeometry(left, first + large, large, foot)
        for index, tile in enumerate(self.classes):
            row, column = divmod(index, columns)
            x = left + large + _APART + column * step
            tile.setGeometry(x, top + row * step, side, side)

    def _side(self, columns: int) -> int:
        rows = math.ceil(len(self.classes) / columns)
        wide = (self.width() - _APART - (columns - 1) * _GAP) / (columns + _SHARE)
        high = (self.height() - (rows - 1) * _GAP) / rows
        return max(16, int(min(wide, high)))
