"""``Library``: the models that ship and the user's own runs, as the window lists them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from vae_studio.core import housekeeping, runs
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.lock import is_locked
from vae_studio.session.folders import runs_folder

T = TypeVar("T")


class Library(QObject):
    """Signals: ``changed()``; ``removed(name, where it is now)``; ``failed(StudioError)``;
    ``renamed(path, name)``."""

    changed = Signal()
    removed = Signal(str, object)
    failed = Signal(object)
    renamed = Signal(object, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bundled: list[runs.RunInfo] | None = None
        self._elsewhere: list[Path] = []
        self._known: dict[Path, tuple[tuple[int, ...], runs.RunInfo]] = {}

    def runs(self) -> list[runs.RunInfo]:
        """The models that ship, then the user's own, the newest first, then those from elsewhere
        that were opened since the start."""
        if self._bundled is None:
            self._bundled = runs.bundled_runs()
        own = runs.list_runs([runs_folder()], self._read)
        for path in self._elsewhere:
            with contextlib.suppress(StudioError):
                own.append(self._read(path))
        self._known = {info.path: self._known[info.path] for info in own}
        own = [
            replace(info, status="interrupted")  # also where that cannot be written down
            if info.status == "running" and not is_locked(info.path)
            else info
            for info in own
        ]
        return [*self._bundled, *own]

    def note(self, path: Path) -> None:
        """A run was opened or saved; it is listed from now on, wherever it is."""
        if path.parent == runs_folder() or path in self._elsewhere:
            return
        if path not in {info.path for info in self._bundled or ()}:
            self._elsewhere.append(path)
            self.changed.emit()

    def _read(self, path: Path) -> runs.RunInfo:
        """``read_run``, once for each state of the file: there may be hundreds."""
        try:
            about = (path / "config.json").stat()
        except OSError as error:
            raise CheckpointError("checkpoint.not_a_run", path=str(path)) from error
        state = (about.st_mtime_ns, about.st_size, about.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, runs.read_run(path))
        return known[1]

    def take_interrupted(self) -> list[runs.RunInfo]:
        """The runs whose program ended without a word, the newest first; each is told once."""
        found = [
            info
            for info in housekeeping.find_interrupted(runs_folder(), self._read)
            if info.can_resume
        ]
        self.changed.emit()
        return found

    def rename(self, info: runs.RunInfo, name: str, in_training: Path | None) -> None:
        """Give a run of the user's another name. in_training: the run that is being written,
        which keeps its name so long."""
        if not self._is_free(info, in_training):
            return
        renamed = self._guarded(lambda: housekeeping.rename_run(info.path, name))
        if renamed is not None:
            self.renamed.emit(info.path, renamed.name)

    def remove(self, info: runs.RunInfo, in_training: Path | None) -> None:
        """Take a run out of the list; ``restore`` brings it back. in_training: the run that is
        being written, which stays."""
        if not self._is_free(info, in_training):
            return
        where = self._guarded(lambda: housekeeping.remove_run(info.path))
        if where is not None:
            self.removed.emit(info.name, where)

    def restore(self, removed: Path) -> None:
        """Undo ``remove``."""
        self._guarded(lambda: housekeeping.restore_run(removed))

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
