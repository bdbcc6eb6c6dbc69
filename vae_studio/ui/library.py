"""``Library``: the models that ship and the user's own runs, as the window lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from vae_studio.core import runs
from vae_studio.core.errors import StudioError
from vae_studio.session.folders import runs_folder

T = TypeVar("T")


class Library(QObject):
    """Signals: ``changed()``; ``removed(name, where it is now)``; ``failed(StudioError)``;
    ``renamed(path, name)``."""

    changed = Signal()
    removed = Signal(str, object)
    failed = Signal(object)
    renamed = Signal(object, str)

    def runs(self) -> list[runs.RunInfo]:
        """The models that ship, then the user's own, the newest first."""
        return [*runs.bundled_runs(), *runs.list_runs([runs_folder()])]

    def rename(self, info: runs.RunInfo, name: str, in_training: Path | None) -> None:
        """Give a run of the user's another name. in_training: the run that is being written,
        which keeps its name so long."""
        if not self._is_free(info, in_training):
            return
        renamed = self._guarded(lambda: runs.rename_run(info.path, name))
        if renamed is not None:
            self.renamed.emit(info.path, renamed.name)

    def remove(self, info: runs.RunInfo, in_training: Path | None) -> None:
        """Take a run out of the list; ``restore`` brings it back. in_training: the run that is
        being written, which stays."""
        if not self._is_free(info, in_training):
            return
        where = self._guarded(lambda: runs.remove_run(info.path))
        if where is not None:
            self.removed.emit(info.name, where)

    def restore(self, removed: Path) -> None:
        """Undo ``remove``."""
        self._guarded(lambda: runs.restore_run(removed))

    def _is_free(self, info: runs.RunInfo, in_training: Path | None) -> bool:
        """Whether nobody writes to the run; says so otherwise."""
        if in_training == info.path:
            self.failed.emit(StudioError("runs.training", name=info.name))
        return in_training != info.path

    def _guarded(self, action: Callable[[], T]) -> T | None:
        try:
            result = action()
        except StudioError as error:
            self.failed.emit(error)
            return None
        self.changed.emit()
        return result
