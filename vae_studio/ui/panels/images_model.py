"""``ImagesModel``: test images as a list of Qt's, each with its thumbnail."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from vae_studio.core.surveyed import Survey
from vae_studio.ui import theme
from vae_studio.ui.classes import class_name
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.qimages import to_qimage, to_size

_REMEMBERED = 1500  # thumbnails: 11 MB, or of large images 25
_SIDE, _LARGE_SIDE = 44, 64  # px of a picture; of one that has more pixels than a digit
_LARGE = 33  # px of an image from which on it is that large
_Index = QModelIndex | QPersistentModelIndex


class ImagesModel(QAbstractListModel):
    """indices: of the images that are shown, in order. values: a figure for each, or none."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.indices: list[int] = []
        self._values: list[float] = []
        self._survey: Survey | None = None
        self._unit = ""
        self._names: tuple[str, ...] = ()
        self.side = _SIDE
        self._marked: frozenset[int] = frozenset()
        self._pictures: dict[tuple[int, bool], QPixmap] = {}  # of this survey: number, marked

    def show_images(
        self, survey: Survey | None, indices: list[int], values: list[float], unit_name: str
    ) -> None:
        """Show other ones. unit_name: of the loss."""
        if survey is not self._survey:
            self._pictures.clear()
        self.beginResetModel()
        if survey is not None:
            self.side = _LARGE_SIDE if min(survey.images.shape[2:]) >= _LARGE else _SIDE
        self._survey, self.indices, self._values = survey, indices, values
        self._unit = unit_name
        self.endResetModel()

    def _picture(self, survey: Survey, image: int, marked: bool) -> QPixmap:
        """Made once: the nearest images are asked for ten times a second while a hand moves."""
        found = self._pictures.get((image, marked))
        if found is None:
            if len(self._pictures) >= _REMEMBERED:
                self._pictures.clear()
            made = _thumbnail(survey.images[image], self.side, marked)
            found = self._pictures[image, marked] = made
        return found

    def set_names(self, names: tuple[str, ...]) -> None:
        """What the classes are called; () for images without."""
        self._names = names

    def forget_pictures(self) -> None:
        """The colours of marks are others."""
        self._pictures.clear()

    def set_marked(self, marked: frozenset[int]) -> None:
        """Show these images as marked."""
        if marked != self._marked:
            self._marked = marked
            if self.indices:
                last = self.index(len(self.indices) - 1)
                self.dataChanged.emit(self.index(0), last, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.indices)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._survey is None or not index.isValid() or index.row() >= len(self.indices):
            return None
        image = self.indices[index.row()]
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(self._survey, image, image in self._marked)
        if role == Qt.ItemDataRole.DisplayRole and self._values:
            return f"{self._values[index.row()]:.1f}"
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            text = self._about(self._survey, image)
            return tooltip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        return None

    def _about(self, survey: Survey, image: int) -> str:
        text = self.tr("Test image {n}: {recon:.1f} {unit} + KL {kl:.1f} nats at its mean")
        if self._names:
            text = self.tr(
                "Test image {n}, class {label}: {recon:.1f} {unit} + KL {kl:.1f} nats at its mean"
            )
        return text.format(
            n=image,
            label=class_name(self._names, int(survey.labels[image])),
            recon=survey.reconstruction[image],
            unit=self._unit,
            kl=survey.kl[image],
        )


def _thumbnail(pixels: NDArray[np.uint8], side: int, marked: bool) -> QPixmap:
    """Of an image [C, H, W]."""
    picture = to_qimage(pixels.astype(np.float32) / 255.0)
    thumbnail = QPixmap.fromImage(to_size(picture, QSize(side, side)))
    if marked:
        _paint_mark(thumbnail)
    return thumbnail


def _paint_mark(pixels: QPixmap) -> None:
    """A frame and a tick: no meaning hangs on colour alone."""
    c, side = theme.colors(), pixels.width()
    painter = QPainter(pixels)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(c.accent), 2.0))
    painter.drawRect(1, 1, side - 2, side - 2)
    corner = QRectF(side - 15, 0, 15, 15)
    painter.fillRect(corner, QColor(c.accent))
    painter.setPen(QPen(QColor(c.on_accent), 2.0))
    tick = [QPointF(3.5, 8.5), QPointF(6.5, 11.5), QPointF(12.5, 4.5)]
    painter.drawPolyline(QPolygonF([corner.topLeft() + point for point in tick]))
    painter.end()
