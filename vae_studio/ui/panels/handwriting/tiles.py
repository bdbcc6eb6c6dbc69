"""``Tiles``: the input, and beside it a picture of each class; ``TileScroll`` is around them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QWidget

from vae_studio.ui import theme
from vae_studio.ui.classes import are_short, class_name
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import draw_picture

_GAP = 4  # px between two pictures
_APART = 14  # px between the input and what was made of it
_SHARE = 1.25  # side of the input, in sides of a picture
_BADGE = 18  # px
_FOOT = 16  # px of a name that has no room in the corner
_LEAST = 36  # px of a picture; more of them are scrolled to


class Tile(ImageView):
    """A picture as large as its square, with even pixels at any size, and its class: in a corner,
    or below, where the tile is higher than wide."""

    def __init__(self, name: str, badge: str = "", parent: QWidget | None = None) -> None:
        super().__init__(name, side=28, parent=parent)
        self._badge = badge

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.image is None:
            return
        painter, c = QPainter(self), theme.colors()
        side = self.width()
        target = QRect(0, 0, side, side)
        pixels = side * self.devicePixelRatioF()
        if pixels < self.image.width():
            draw_picture(painter, target, self.image)
        else:
            whole = math.ceil(pixels / self.image.width())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, self.image.scaled(self.image.size() * whole))
        if self._selected or self.hasFocus():
            painter.setPen(QPen(QColor(c.accent), 1))
            for inset in (0, 1) if self._selected else (0,):
                painter.drawRect(target.adjusted(inset, inset, -1 - inset, -1 - inset))
        if self._badge and self.height() > side:
            self._paint_foot(painter, QRectF(0, side, side, self.height() - side))
        elif self._badge:
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

    def _paint_foot(self, painter: QPainter, foot: QRectF) -> None:
        c = theme.colors()
        painter.setPen(QColor(c.accent if self._selected else c.muted))
        elide = Qt.TextElideMode.ElideRight
        text = painter.fontMetrics().elidedText(self._badge, elide, int(foot.width()))
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, text)


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
        self.names: tuple[str, ...] = ()
        self._room = QSize(400, 240)

    def set_names(self, names: Sequence[str]) -> None:
        """A picture for each of these classes."""
        for tile in self.classes:
            tile.deleteLater()
        self.names = tuple(names)
        text = self.tr("Your hand as a {label}")
        self.classes = []
        for label in range(len(names)):
            name = class_name(names, label)
            self.classes.append(Tile(text.replace("{label}", name), name, self))
        for tile in self.classes:
            tile.show()
        self.fit(self._room)

    @property
    def _foot(self) -> int:
        """Height of the names below the pictures."""
        return 0 if are_short(self.names) else _FOOT

    def fit(self, room: QSize) -> None:
        """Fill so much room; be higher where the pictures would be too small."""
        self._room = room
        count, foot = len(self.classes), self.name.sizeHint().height()
        if not count:
            self.resize(room)
            return
        side, columns = max((self._side(each), each) for each in range(1, count + 1))
        if side < _LEAST:
            side = _LEAST
            columns = max(1, int((room.width() - _APART - _SHARE * side) // (side + _GAP)))
        rows, step = math.ceil(count / columns), side + _GAP
        wide, high = columns * step - _GAP, rows * (step + self._foot) - _GAP
        height = max(room.height(), high)
        self.resize(room.width(), height)
        large = min(round(_SHARE * side), room.height() - foot)
        left = max(0, (room.width() - large - _APART - wide) // 2)
        top = max(0, (height - high) // 2)
        first = max(0, (room.height() - large - foot) // 2)
        self.input.setGeometry(left, first, large, large)
        self.name.setGeometry(left, first + large, large, foot)
        for index, tile in enumerate(self.classes):
            row, column = divmod(index, columns)
            x = left + large + _APART + column * step
            tile.setGeometry(x, top + row * (step + self._foot), side, side + self._foot)

    def _side(self, columns: int) -> int:
        rows = math.ceil(len(self.classes) / columns)
        wide = (self._room.width() - _APART - (columns - 1) * _GAP) / (columns + _SHARE)
        high = (self._room.height() - (rows - 1) * _GAP) / rows - self._foot
        return max(16, int(min(wide, high)))


class TileScroll(QScrollArea):
    """Gives the tiles all of its room."""

    def __init__(self, tiles: Tiles, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tiles = tiles
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumSize(220, 100)
        self.setWidget(tiles)

    def sizeHint(self) -> QSize:
        return QSize(400, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tiles.fit(self.viewport().size())
