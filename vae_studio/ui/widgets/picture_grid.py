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
    frames_of,
    sheet_of,
)

_GAP = 2
_NAMES = 34  # px for the names of the rows


class PictureGrid(QWidget):
    """Signals: ``chosen(row, column)``, by a click or Enter; ``pointed(row, column)``: the mouse or
    the keys are at another one, (-1, -1) for none."""

    chosen = Signal(int, int)
    pointed = Signal(int, int)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: list[list[QImage]] = []
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

    def set_pictures(
        self,
        pictures: list[list[QImage]],
        names: Sequence[str] = (),
        marked: tuple[int, int] | None = None,
    ) -> None:
        """Rows of pictures, all of one length. names: of the rows; marked: the one in a frame; of a
        row only (row, -1), of a column only (-1, column)."""
        self.pictures, self._names, self.marked = pictures, names, marked
        if self._at is not None and not self._has(*self._at):
            self._point(None)
        self.update()

    def sheet(self) -> Sheet | None:
        """The pictures in their own pixels, row by row."""
        pictures = [picture for row in self.pictures for picture in row]
        return sheet_of(pictures, len(self.pictures[0]) if self.pictures else 1)

    def _frames(self) -> NDArray[np.float32] | None:
        """Column after column and back again, all rows at once."""
        columns = list(zip(*self.pictures, strict=True))
        return frames_of(columns + columns[-2:0:-1])

    @property
    def side(self) -> int:
        """Of a picture, px."""
        if not self.pictures:
            return 0
        rows, columns = len(self.pictures), len(self.pictures[0])
        wide = (self.width() - self._left()) // columns - _GAP
        return max(4, min(wide, self.height() // rows - _GAP))

    def place(self, row: int, column: int) -> QRect:
        """Where that picture stands."""
        step = self.side + _GAP
        rows, columns = len(self.pictures), len(self.pictures[0])
        left = self._left() + max(0, (self.width() - self._left() - columns * step) // 2)
        top = max(0, (self.height() - rows * step) // 2)
        return QRect(left + column * step, top + row * step, self.side, self.side)

    def _left(self) -> int:
        return _NAMES if self._names else 0

    def _has(self, row: int, column: int) -> bool:
        return 0 <= row < len(self.pictures) and 0 <= column < len(self.pictures[0])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.side < 28)
        for row, pictures in enumerate(self.pictures):
            for column, picture in enumerate(pictures):
                painter.drawImage(self.place(row, column), picture)
            if row < len(self._names):
                first = self.place(row, 0)
                name = QRect(first.left() - _NAMES, first.top(), _NAMES - 4, first.height())
                painter.setPen(QColor(c.muted))
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(name, flags, self._names[row])
        if self.marked is not None and self.pictures:
            painter.setPen(QColor(c.accent))
            for row in range(len(self.pictures)):
                for column in range(len(self.pictures[0])):
                    if self.marked in ((row, column), (row, -1), (-1, column)):
                        painter.drawRect(self.place(row, column).adjusted(-1, -1, 0, 0))
        if self._at is not None:
            painter.setPen(QColor(c.text))
            painter.drawRect(self.place(*self._at).adjusted(-1, -1, 0, 0))

    # The hand ------------------------------------------------------------------------------

    def _cell(self, point: QPoint) -> tuple[int, int] | None:
        if not self.pictures:
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
        if key in moves and self.pictures:
            rows, columns = len(self.pictures), len(self.pictures[0])
            row, column = self._at or (rows // 2, columns // 2)
            down, right = moves[key]
            self._point(
                (min(max(row + down, 0), rows - 1), min(max(column + right, 0), columns - 1))
            )
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at is not None:
            self.chosen.emit(*self._at)
        else:
            super().keyPressEvent(event)
