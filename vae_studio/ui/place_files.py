"""``PlaceFiles``: the place as a file, or on the clipboard as text; and back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from vae_studio.core.errors import PlaceError
from vae_studio.core.runs import CONFIG, is_file
from vae_studio.session.place import file_name, write_place
from vae_studio.ui.widgets.save_dialog import ask_for_file

if TYPE_CHECKING:
    from vae_studio.ui.main_window import MainWindow


class PlaceFiles(QObject):
    """What menus and a drop do with places. There is none before the first model: nothing is saved
    or copied then."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store = window, window.store

    @Slot()
    def open(self) -> None:
        """Ask for a file, then go to its place."""
        dialog = QFileDialog(self._window, self.tr("Open place"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Places (*.json)"), self.tr("All files (*)")])
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self._store.open_place(Path(chosen)))
        dialog.open()

    @Slot()
    def save(self) -> None:
        """Ask for a file, then save the place as it was when the dialog opened."""
        text, snapshot = self._text(), self._store.snapshot
        if text is not None and snapshot is not None:
            ask_for_file(
                self._window,
                self.tr("Save place"),
                {"json": self.tr("Places (*.json)")},
                file_name(snapshot.name),
                partial(self._write, text),
            )

    def _write(self, text: str, path: Path) -> None:
        self._store.exporter.save_text(path, text)

    @Slot()
    def copy(self) -> None:
        """Put the place on the clipboard as text."""
        if (text := self._text()) is not None:
            QGuiApplication.clipboard().setText(text)
            self._window.toast.show_message(self.tr("The place is on the clipboard as text."))

    @Slot()
    def paste(self) -> None:
        """Go to the place that is on the clipboard as text."""
        self._store.open_place(QGuiApplication.clipboard().text())

    def _text(self) -> str | None:
        """None where there is no model yet; what cannot be written is told."""
        snapshot = self._store.snapshot
        if snapshot is None or not self._store.fits:
            return None
        try:
            return write_place(self._store.state, snapshot.name)
        except PlaceError as error:
            self._store.failed.emit(error)
            return None


def is_place_file(path: Path) -> bool:
    """Whether a file that is dropped is meant as a place: by its name alone, and not a run's."""
    return path.suffix.lower() == ".json" and path.name != CONFIG and is_file(path)
