"""``Thumbnails`` of runs, read off this thread and only for rows that are painted; the painter."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from vae_studio.ui import theme
from vae_studio.ui.panels.runs.table import ROW
from vae_studio.ui.widgets.qimages import to_size
from vae_studio.workers.shelf_thread import Answer, ShelfThread, ThumbnailRead, ThumbnailWanted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vae_studio.core.runs import RunInfo

HEIGHT = 28  # px
_REMEMBERED = 400  # pictures of some kB


class Thumbnails(QObject):
    """Signal: ``arrived(run)``."""

    arrived = Signal(object)

    def __init__(self, shelf: ShelfThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._found: OrderedDict[Path, tuple[ThumbnailWanted, QPixmap | None]] = OrderedDict()
        self._asked: set[ThumbnailWanted] = set()
        shelf.answered.connect(self._take)
        shelf.dropped.connect(self._forget)

    def get(self, info: RunInfo) -> QPixmap | None:
        """A run's picture, where it is known; asks for it where it is not, or is of an older epoch.

        Called by what paints, and by nothing else: so only rows on screen are asked for.
        """
        shape, state = info.spec.image_shape, (info.evaluated_epoch, info.evaluated_step)
        wanted = ThumbnailWanted(info.path, shape, state, info.evaluated_epoch)
        known, picture = self._found.get(info.path, (None, None))
        if known != wanted and wanted not in self._asked:
            self._asked.add(wanted)
            self._shelf.ask(wanted)
        return picture

    @Slot(object)
    def _forget(self, wanted: ThumbnailWanted) -> None:
        self._asked.discard(wanted)

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        if not isinstance(answer, ThumbnailRead):
            return
        wanted = answer.request
        self._asked.discard(wanted)
        picture = None if answer.picture is None else _pixmap(answer.picture)
        self._found[wanted.run] = (wanted, picture)
        self._found.move_to_end(wanted.run)
        if len(self._found) > _REMEMBERED:
            self._found.popitem(last=False)
        self.arrived.emit(wanted.run)


def _pixmap(values: NDArray[np.uint8]) -> QPixmap:
    height, width = values.shape[:2]
    form = QImage.Format.Format_Grayscale8 if values.ndim == 2 else QImage.Format.Format_RGB888
    image = QImage(values.data, width, height, values.strides[0], form).copy()
    size = QSize(round(width * HEIGHT / height), HEIGHT)
    return QPixmap.fromImage(to_size(image, size))


class ThumbnailDelegate(QStyledItemDelegate):
    """Paints a run's samples; where there are none, the first letter of its name."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(3 * HEIGHT + 12, HEIGHT + 8)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        info: RunInfo = index.data(ROW).info
        area = option.rect.adjusted(6, 0, -4, 0)
        top = area.center().y() - HEIGHT // 2 + 1
        picture = self._thumbnails.get(info)
        if picture is not None:
            part = QRect(0, 0, min(picture.width(), area.width()), picture.height())
            painter.drawPixmap(area.left(), top, picture, 0, 0, part.width(), part.height())
            return
        c = theme.colors()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.hover))
        square = QRect(area.left(), top, HEIGHT, HEIGHT)
        painter.drawRoundedRect(square, 4, 4)
        painter.setPen(QColor(c.faint))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, info.name[:1].upper())
        painter.restore()
