"""``LatentExport``: the point z on the clipboard, or as a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from vae_studio.session.latent_text import as_csv, as_json, as_line
from vae_studio.session.state import LatentState
from vae_studio.ui.widgets.save_dialog import ask_for_file

if TYPE_CHECKING:
    from vae_studio.ui.main_window import MainWindow


class LatentExport(QObject):
    """What the menu does with z. There is none before the first model: nothing happens then."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store = window, window.store

    @Slot()
    def copy(self) -> None:
        """Put the numbers of z on the clipboard, in one line, with commas between them."""
        latent = self._store.state.latent
        if latent.z:
            QGuiApplication.clipboard().setText(as_line(latent))
            text = self.tr("z is on the clipboard: {n} numbers.")
            self._window.toast.show_message(text.format(n=len(latent.z)))

    @Slot()
    def ask(self) -> None:
        """Ask for a file, then save z as it is now. Its suffix decides: JSON, else CSV."""
        latent, snapshot = self._store.state.latent, self._store.snapshot
        if latent.z and snapshot is not None:
            ask_for_file(
                self._window,
                self.tr("Save z"),
                {"csv": self.tr("CSV table (*.csv)"), "json": self.tr("JSON (*.json)")},
                "z.csv",
                partial(self._save, latent, snapshot.name, snapshot.class_names),
            )

    def _save(
        self, latent: LatentState, model: str, class_names: tuple[str, ...], path: Path
    ) -> None:
        is_json = path.suffix.lower() == ".json"
        text = as_json(latent, model, class_names) if is_json else as_csv(latent, class_names)
        self._store.exporter.save_text(path, text)
