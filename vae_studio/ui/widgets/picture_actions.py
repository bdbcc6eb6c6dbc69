"""What every picture of the window has in its context menu: *Copy picture*, *Save picture…*; where
pictures follow one another, *Save film…*.

A widget says what it shows as a ``Sheet``, in the pictures' own pixels. The file is written by the
``exporter`` of whatever stands around it, at last of the window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QWidget

from vae_studio.ui.exporter import Exporter
from vae_studio.ui.widgets.qimages import to_array, to_qimage
from vae_studio.ui.widgets.save_dialog import ask_for_file
from vae_studio.ui.widgets.scale_dialog import ScaleDialog, usual_scale


@dataclass(frozen=True, eq=False)
class Sheet:
    """images: [N, C, H, W] in [0, 1], N ≥ 1, not written to any more; ``columns`` in a row."""

    images: NDArray[np.float32]
    columns: int = 1


Provider = Callable[[], Sheet | None]
Frames = Callable[[], NDArray[np.float32] | None]


def sheet_of(pictures: Sequence[QImage], columns: int = 1) -> Sheet | None:
    """Pictures of one size as a sheet, pixel for pixel; None where there is none."""
    return Sheet(to_array(pictures), columns) if pictures else None


class PictureActions(QObject):
    """The actions of one widget; made by ``add_picture_actions``."""

    def __init__(self, widget: QWidget, provider: Provider) -> None:
        super().__init__(widget)
        self._widget, self._provider = widget, provider
        self.copy_action = QAction(self.tr("Copy picture"), widget)
        self.copy_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.save_action = QAction(self.tr("Save picture as PNG…"), widget)
        self.save_action.triggered.connect(self.ask)
        widget.addActions([self.copy_action, self.save_action])
        widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    @Slot()
    def copy(self) -> None:
        """Put what is shown on the clipboard, about 560 px large."""
        sheet = self._provider()
        if sheet is not None:
            picture = to_qimage(_tiled(sheet))
            size = picture.size() * usual_scale(picture.width(), picture.height())
            QGuiApplication.clipboard().setImage(picture.scaled(size))  # the nearest pixel

    @Slot()
    def ask(self) -> None:
        """Ask for scale and file, then save what is shown now."""
        sheet = self._provider()
        if sheet is not None:
            height, width = _tiled(sheet).shape[1:]
            dialog = ScaleDialog(self._widget, width, height)
            dialog.chosen.connect(partial(self._ask_for_file, sheet))
            dialog.open()

    def _ask_for_file(self, sheet: Sheet, scale: int) -> None:
        exporter = exporter_of(self._widget)
        ask_for_file(
            self._widget,
            self.tr("Save picture"),
            {"png": self.tr("PNG pictures (*.png)")},
            "picture.png",
            lambda path: exporter.save_picture(path, sheet.images, sheet.columns, scale),
        )


def add_picture_actions(widget: QWidget, provider: Provider) -> PictureActions:
    """Give ``widget`` *Copy picture*, with Ctrl+C while it has the focus, and *Save picture as
    PNG…*; provider: what it shows, or None for nothing."""
    return PictureActions(widget, provider)


class FilmAction(QObject):
    """The action of one widget; made by ``add_film_action``."""

    def __init__(self, widget: QWidget, frames: Frames, milliseconds: int) -> None:
        super().__init__(widget)
        self._widget, self._frames, self._milliseconds = widget, frames, milliseconds
        self.action = QAction(self.tr("Save film as GIF…"), widget)
        self.action.triggered.connect(self.ask)

    @Slot()
    def ask(self) -> None:
        """Ask for scale and file, then save the frames as they are now."""
        frames = self._frames()
        if frames is not None:
            height, width = frames.shape[-2:]
            dialog = ScaleDialog(self._widget, width, height, len(frames))
            dialog.chosen.connect(partial(self._ask_for_file, frames))
            dialog.open()

    def _ask_for_file(self, frames: NDArray[np.float32], scale: int) -> None:
        exporter = exporter_of(self._widget)
        ask_for_file(
            self._widget,
            self.tr("Save film"),
            {"gif": self.tr("GIF films (*.gif)")},
            "film.gif",
            lambda path: exporter.save_film(path, frames, scale, self._milliseconds, True),
        )


def add_film_action(widget: QWidget, frames: Frames, milliseconds: int = 100) -> FilmAction:
    """Give ``widget`` *Save film as GIF…*. frames: what follows one another, [N, C, H, W] in [0, 1]
    and not written to any more, or None for nothing; milliseconds: that each is shown."""
    film = FilmAction(widget, frames, milliseconds)
    widget.addAction(film.action)
    return film


def frames_of(columns: Sequence[Sequence[QImage]]) -> NDArray[np.float32] | None:
    """A frame for each column of pictures, which stand in it as square as can be; None where there
    are none."""
    return frames_of_images([to_array(column) for column in columns if column])


def frames_of_images(columns: Sequence[NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """The same for columns of images [R, C, H, W]."""
    if not columns:
        return None
    side = math.ceil(math.sqrt(len(columns[0])))
    return np.stack([_tiled(Sheet(column, side)) for column in columns])


def exporter_of(widget: QWidget) -> Exporter:
    """The nearest one around ``widget``. A dock that floats is still the window's child."""
    around: QWidget | None = widget
    while around is not None:
        exporter = getattr(around, "exporter", None)
        if isinstance(exporter, Exporter):
            return exporter
        around = around.parentWidget()
    raise LookupError(f"no exporter around {widget!r}")


def _tiled(sheet: Sheet) -> NDArray[np.float32]:
    from vae_studio.core.pictures import tile  # which brings Pillow

    return tile(sheet.images, sheet.columns)
