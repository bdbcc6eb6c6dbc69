"""``PictureGrid``: many pictures in rows, one of them at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.picture_actions import (
    Sheet,
    add_film_action,
    add_picture_actions,
    frames_of_images,
)
from vae_studio.ui.widgets.qimages import shrunk, to_array, to_qimages, to_size

_GAP = 2
_NAMES = 34  # px for the names of the rows
Rows = NDArray[np.float32]


class PictureGrid(QWidget):
    """Pictures of any size: those that have more pixels than room are averaged when they are
    painted, and saved as they are.

    Signals: ``chosen(row, column)``, by a click or Enter; ``pointed(row, column)``: the mouse or
    the keys are at another one, (-1, -1) for none."""

    chosen = Signal(int, int)
    pointed = Signal(int, int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: Rows | None = None
        self._drawn: tuple[int, list[list[QImage]]] | None = None  # of that side, px of the screen
        self.marked: tuple[int, int] | None = None
        self._names: Sequence[str] = ()
        self._at: tuple[int, int] | None = None
        self.setAccessibleName(name)
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.picture_actions = add_picture_actions(self, self.sheet)
        self.film_action = add_film_action(self, self._frames)

    def sizeHint(self) -> QSize:
        return QSize(360, 240)

    def set_images(
        self,
        images: Rows | None,
        names: Sequence[str] = (),
        marked: tuple[int, int] | None = None,
    ) -> None:
        """Rows of images [R, N, C, H, W] in [0, 1], not written to any more, or none. names: of the
        rows; marked: the one in a frame; of a row only (row, -1), of a column only (-1, column).
        Cheap: pictures are made when they are painted."""
        self._images, self._names, self.marked = images, names, marked
        self._drawn = None
        if self._at is not None and not self._has(*self._at):
            self._point(None)
        self.update()

    def set_pictures(
        self,
        pictures: Sequence[Sequence[QImage]],
        names: Sequence[str] = (),
        marked: tuple[int, int] | None = None,
    ) -> None:
        """The same for pictures, all of one size, and rows of one length."""
        every = [picture for row in pictures for picture in row]
        images = None
        if every:
            levels = to_array(every)
            images = levels.reshape(len(pictures), -1, *levels.shape[1:])
        self.set_images(images, names, marked)

    @property
    def pictures(self) -> list[list[QImage]]:
        """What is shown, in the images' own pixels."""
        return [] if self._images is None else [to_qimages(row) for row in self._images]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; (0, 0) where there are none."""
        return (0, 0) if self._images is None else (self._images.shape[0], self._images.shape[1])

    def sheet(self) -> Sheet | None:
        """The pictures in their own pixels, row by row."""
        if self._images is None:
            return None
        return Sheet(self._images.reshape(-1, *self._images.shape[2:]), self.shape[1])

    def _frames(self) -> NDArray[np.float32] | None:
        """Column after column and back again, all rows at once."""
        if self._images is None:
            return None
        columns = list(range(self.shape[1]))
        return frames_of_images([self._images[:, each] for each in columns + columns[-2:0:-1]])

    def _pictures(self) -> list[list[QImage]]:
        """At the size that there is room for."""
        assert self._images is not None
        side = round(self.side * self.devicePixelRatioF())
        if self._drawn is None or self._drawn[0] != side:
            made = [to_qimages(row) for row in shrunk(self._images, side)]
            size = QSize(side, side)
            if side < made[0][0].width():
                made = [[to_size(picture, size) for picture in row] for row in made]
            self._drawn = side, made
        return self._drawn[1]

    @property
    def side(self) -> int:
        """Of a picture, px."""
        rows, columns = self.shape
        if not columns:
            return 0
        wide = (self.width() - self._left()) // columns - _GAP
        return max(4, min(wide, self.height() // rows - _GAP))

    def place(self, row: int, column: int) -> QRect:
        """Where that picture stands."""
        step = self.side + _GAP
        rows, columns = self.shape
        left = self._left() + max(0, (self.width() - self._left() - columns * step) // 2)
        top = max(0, (self.height() - rows * step) // 2)
        return QRect(left + column * step, top + row * step, self.side, self.side)

    def _left(self) -> int:
        return _NAMES if self._names else 0

    def _has(self, row: int, column: int) -> bool:
        rows, columns = self.shape
        return 0 <= row < rows and 0 <= column < columns

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        rows, columns = self.shape
        for row, pictures in enumerate(self._pictures() if columns else ()):
            for column, picture in enumerate(pictures):
                painter.drawImage(self.place(row, column), picture)
            if row < len(self._names):
                first = self.place(row, 0)
                name = QRect(first.left() - _NAMES, first.top(), _NAMES - 4, first.height())
                painter.setPen(QColor(c.muted))
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(name, flags, self._names[row])
        if self.marked is not None:
            painter.setPen(QColor(c.accent))
            for row in range(rows):
                for column in range(columns):
                    if self.marked in ((row, column), (row, -1), (-1, column)):
                        painter.drawRect(self.place(row, column).adjusted(-1, -1, 0, 0))
        if self._at is not None:
            painter.setPen(QColor(c.text))
            painter.drawRect(self.place(*self._at).adjusted(-1, -1, 0, 0))

    # The hand ------------------------------------------------------------------------------

    def _cell(self, point: QPoint) -> tuple[int, int] | None:
        if not self.shape[1]:
            return None
        first, step = self.place(0, 0), self.side + _GAP
        row = (point.y() - first.top()) // step
        column = (point.x() - first.left()) // step
        return (row, column) if self._has(row, column) else None

    def _point(self, cell: tuple[int, int] | None) -> None:
        if cell != self._at:
            self._at = cell
            self.update()
            self.pointed.emit(*(cell or (-1, -1)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._cell(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self._cell(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and cell is not None:
            self.chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moves = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = Qt.Key(event.key())
        rows, columns = self.shape
        if key in moves and columns:
            row, column = self._at or (rows // 2, columns // 2)
            down, right = moves[key]
            self._point(
                (min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1))
            )
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.chosen.emit(*self._at)
        else:
            super().keyPressEvent(event)
