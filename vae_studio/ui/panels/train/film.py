"""``Film``: the same fixed points of the prior, decoded after every epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QImageReader,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QScrollArea, QToolTip, QWidget

from vae_studio.core.events import EpochDone
from vae_studio.core.reading import read_bounded
from vae_studio.ui import theme
from vae_studio.ui.widgets.picture_actions import (
    Sheet,
    add_film_action,
    add_picture_actions,
    frames_of,
    sheet_of,
)
from vae_studio.ui.widgets.qimages import draw_picture, to_qimage

_ROWS = 2  # of the fixed samples, so many are shown
_SIDE = 42  # px
_REMEMBERED = 100  # epochs
_MAX_BYTES = 2**20  # of a picture of samples; ours take a few kB
_GAP = 3
_FOOT = 14
_FRAME = 250  # ms for an epoch, in a film


class Film(QScrollArea):
    """A column for each epoch, the newest at the right and in view."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._strip = _Strip()
        self.setWidget(self._strip)
        self.setAccessibleName(self.tr("Samples of fixed z, epoch by epoch"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setMinimumHeight(_strip_height(1) + 12)
        self.setMaximumHeight(_strip_height(_ROWS) + 12)
        self.horizontalScrollBar().rangeChanged.connect(
            lambda _low, high: self.horizontalScrollBar().setValue(high)
        )
        self.picture_actions = add_picture_actions(self, self.sheet)
        self.film_action = add_film_action(
            self, lambda: frames_of([pictures for _, pictures in self._strip.epochs]), _FRAME
        )

    def sheet(self) -> Sheet | None:
        """All pictures, a row for each point, also those that are scrolled away."""
        columns = [pictures for _, pictures in self._strip.epochs]
        shown = min((len(pictures) for pictures in columns), default=0)
        rows = [pictures[row] for row in range(shown) for pictures in columns]
        return sheet_of(rows, len(columns))

    def sizeHint(self) -> QSize:
        return QSize(420, _strip_height(_ROWS) + 12)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is no room for both, one row is shown."""
        super().resizeEvent(event)
        self._strip.set_rows(_ROWS if self.height() >= self.maximumHeight() else 1)

    def clear(self) -> None:
        """Begin a new run."""
        self._strip.set_epochs([])

    def add(self, event: EpochDone) -> None:
        """One more epoch."""
        picture = _column(event.samples[:_ROWS])
        self._strip.set_epochs([*self._strip.epochs, (event.epoch, picture)])

    def resume(self, folder: Path, shape: tuple[int, ...], epochs: Sequence[int]) -> None:
        """The last epochs of a run that goes on, from its ``samples``; what is missing or no such
        picture is left out. shape: of one image, (C, H, W)."""
        from vae_studio.core.pictures import SHEET_GAP  # which brings Pillow

        _, height, width = shape
        found = []
        for epoch in epochs[-_REMEMBERED:]:
            buffer = QBuffer()
            with contextlib.suppress(OSError):  # also a pipe, for which Qt would wait for ever
                picture = folder / "samples" / f"epoch-{epoch:04d}.png"
                buffer.setData(read_bounded(picture, _MAX_BYTES))
            reader = QImageReader(buffer, b"png")
            if reader.size() != QSize(4 * width + 3 * SHEET_GAP, 4 * height + 3 * SHEET_GAP):
                continue  # asked before it is decoded: a picture may claim any size
            sheet = reader.read()
            if not sheet.isNull():
                left = [column * (width + SHEET_GAP) for column in range(_ROWS)]
                found.append((epoch, [sheet.copy(x, 0, width, height) for x in left]))
        self._strip.set_epochs(found)

    @property
    def count(self) -> int:
        """Epochs shown."""
        return len(self._strip.epochs)


def _strip_height(rows: int) -> int:
    return rows * (_SIDE + _GAP) + _FOOT


def _column(samples: NDArray[np.float32]) -> list[QImage]:
    return [to_qimage(sample) for sample in samples]


class _Strip(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.epochs: list[tuple[int, list[QImage]]] = []
        self._rows = _ROWS
        self.resize(self.sizeHint())

    def sizeHint(self) -> QSize:
        width = max(420, len(self.epochs) * (_SIDE + _GAP))
        return QSize(width, _strip_height(self._rows))

    def set_rows(self, rows: int) -> None:
        if rows != self._rows:
            self._rows = rows
            self.set_epochs(self.epochs)

    def set_epochs(self, epochs: list[tuple[int, list[QImage]]]) -> None:
        self.epochs = epochs
        self.resize(self.sizeHint())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = theme.colors()
        font = painter.font()
        font.setPointSizeF(max(6.5, font.pointSizeF() * 0.8))
        painter.setFont(font)
        if not self.epochs:
            painter.setPen(QColor(c.muted))
            text = self.tr("Two fixed points z appear here, decoded after every epoch.")
            painter.drawText(
                self.rect().adjusted(4, 0, -4, 0),
                Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap,
                text,
            )
        painter.setPen(QColor(c.muted))
        first, last = (
            edge // (_SIDE + _GAP) for edge in (event.rect().left(), event.rect().right())
        )
        for column, (epoch, pictures) in enumerate(self.epochs):
            if not first <= column <= last:
                continue
            left = column * (_SIDE + _GAP)
            for row, picture in enumerate(pictures[: self._rows]):
                place = QRect(left, row * (_SIDE + _GAP), _SIDE, _SIDE)
                draw_picture(painter, place, picture)
            foot = QRect(left, self._rows * (_SIDE + _GAP), _SIDE, _FOOT)
            painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, str(epoch))

    def event(self, event: QHelpEvent) -> bool:
        if event.type() is QHelpEvent.Type.ToolTip and self.epochs:
            column = event.pos().x() // (_SIDE + _GAP)
            if 0 <= column < len(self.epochs):
                text = self.tr("The same z after epoch {epoch}")
                QToolTip.showText(
                    event.globalPos(), text.format(epoch=self.epochs[column][0]), self
                )
            return True
        return super().event(event)
