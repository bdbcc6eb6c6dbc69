"""``Exporter``: writes the files that the user wants, while the window goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.errors import DatasetError, StudioError
from vae_studio.session.exports import (
    SavedResult,
    SaveFilmRequest,
    SaveMadeRequest,
    SavePictureRequest,
    SaveRequest,
    SaveTextRequest,
)
from vae_studio.ui.messages import error_sentence
from vae_studio.workers.save_thread import SaveThread

if TYPE_CHECKING:
    from vae_studio.ui.store import Store


class Exporter(QObject):
    """Each file is written whole or not at all, in the order of the calls; arrays must not be
    written to afterwards. What fails is told by the store's ``failed``.

    Signal: ``saved(path)``.
    """

    saved = Signal(object)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self._thread = SaveThread(self)
        self._thread.saved.connect(self._take)
        self._thread.failed.connect(self._take_failure)

    def save_text(self, path: Path, text: str) -> None:
        """Write UTF-8."""
        self._thread.ask(SaveTextRequest(path, text))

    def save_picture(
        self, path: Path, images: NDArray[np.float32], columns: int, scale: int
    ) -> None:
        """Write images [N, C, H, W] in [0, 1], N ≥ 1, as one PNG: ``columns`` in a row, each pixel
        ``scale`` wide."""
        self._thread.ask(SavePictureRequest(path, images, columns, scale))

    def save_film(
        self, path: Path, images: NDArray[np.float32], scale: int, milliseconds: int, loop: bool
    ) -> None:
        """Write images [N, C, H, W] in [0, 1], N ≥ 1, as a GIF. milliseconds: each is shown so
        long. loop: for ever, else once."""
        self._thread.ask(SaveFilmRequest(path, images, scale, milliseconds, loop))

    def save_made(self, path: Path, make: Callable[[], bytes]) -> None:
        """Write what ``make`` returns, which is called in the other thread."""
        self._thread.ask(SaveMadeRequest(path, make))

    def shutdown(self) -> None:
        """Write what waits, and end."""
        self._thread.stop()
        self._thread.wait()

    @Slot(object)
    def _take(self, result: SavedResult) -> None:
        self.saved.emit(result.path)

    @Slot(object, object)
    def _take_failure(self, request: SaveRequest, error: StudioError) -> None:
        if isinstance(error, DatasetError):  # which does not say what became of the file
            reason = error_sentence(error)
            error = StudioError("export.image", path=str(request.path), reason=reason)
        self._store.failed.emit(error)
