"""``Exporter``: copies the plots as a picture, and saves them as PNG, SVG or CSV."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from vae_studio import logs
from vae_studio.core import durable
from vae_studio.core.errors import StudioError
from vae_studio.ui.panels.train.plots import picture as pictures
from vae_studio.ui.panels.train.plots.picture import Picture
from vae_studio.ui.panels.train.plots.table import Table, write_csv

Format = Literal["png", "svg", "csv"]


@dataclass(frozen=True)
class _Copied:
    image: QImage
    thread: threading.Thread


@dataclass(frozen=True)
class _Saved:
    path: Path
    thread: threading.Thread
    error: StudioError | None = None


class Exporter(QObject):
    """Drawing and writing happen in a thread; the window goes on meanwhile.

    picture, table: what to copy or save, as it is now. Signals: ``copied()``, ``saved(path)``,
    ``failed(StudioError)``.
    """

    copied = Signal()
    saved = Signal(object)
    failed = Signal(object)
    _ended = Signal(object)

    def __init__(
        self, parent: QWidget, picture: Callable[[], Picture], table: Callable[[], Table]
    ) -> None:
        super().__init__(parent)
        self._widget, self._picture, self._table = parent, picture, table
        self._ended.connect(self._take)
        self.menu = QMenu(parent)
        copy = self.menu.addAction(self.tr("&Copy picture"), self.copy)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)  # the plots see to the key
        copy.setShortcutVisibleInContextMenu(True)
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Save as &PNG…"), lambda: self.choose("png"))
        self.menu.addAction(self.tr("Save as &SVG…"), lambda: self.choose("svg"))
        self.menu.addAction(self.tr("Save as CS&V…"), lambda: self.choose("csv"))

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        picture = self._picture()

        def work() -> None:
            self._tell(_Copied(pictures.image(picture), threading.current_thread()))

        threading.Thread(target=work, name="copy plots").start()

    def choose(self, kind: Format) -> None:
        """Ask for a file, then save."""
        dialog = QFileDialog(self._widget, self.tr("Save the plots"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(
            {
                "png": self.tr("PNG picture (*.png)"),
                "svg": self.tr("SVG picture (*.svg)"),
                "csv": self.tr("CSV table (*.csv)"),
            }[kind]
        )
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(f"losses.{kind}")
        dialog.fileSelected.connect(lambda path: self.save(Path(path), kind))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path, kind: Format) -> None:
        """Write the file, whole or not at all."""
        make: Callable[[], bytes]
        if kind == "csv":
            table = self._table()

            def make() -> bytes:
                return write_csv(table)
        else:
            picture = self._picture()
            draw = pictures.png if kind == "png" else pictures.svg

            def make() -> bytes:
                return draw(picture)

        def work() -> None:
            thread, error = threading.current_thread(), None
            try:
                durable.write_bytes(path, make())
            except (OSError, ValueError) as fault:  # a name with a NUL in it
                error = StudioError(
                    "export.write", path=str(path), reason=getattr(fault, "strerror", "") or fault
                )
            except Exception as fault:
                error = StudioError("worker.unexpected", reason=logs.in_short(fault))
            self._tell(_Saved(path, thread, error))

        threading.Thread(target=work, name="save plots").start()

    def _tell(self, end: object) -> None:
        with contextlib.suppress(RuntimeError):  # the window has gone; the file is written
            self._ended.emit(end)

    @Slot(object)
    def _take(self, end: _Copied | _Saved) -> None:
        end.thread.join()  # it has nothing left to do
        if isinstance(end, _Copied):
            QGuiApplication.clipboard().setImage(end.image)
            self.copied.emit()
        elif end.error is not None:
            self.failed.emit(end.error)
        else:
            self.saved.emit(end.path)
