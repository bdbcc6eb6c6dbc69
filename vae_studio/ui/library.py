"""``Library``: the models that ship and the user's own runs, as the window lists them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core import housekeeping, runs
from vae_studio.core.errors import StudioError
from vae_studio.core.lock import is_locked
from vae_studio.session.folders import runs_folder
from vae_studio.ui.run_notes import RunNotes
from vae_studio.workers.shelf_thread import RunsKnown, RunsWanted, ShelfThread

T = TypeVar("T")


@dataclass(frozen=True)
class Removal:
    """Runs that were taken out of the list together. places: where they are now. error: of the
    first that stayed, if one did."""

    names: tuple[str, ...]
    places: tuple[Path, ...]
    error: StudioError | None = None


class Library(QObject):
    """notes: tags and notes of the runs. shelf: reads what stands beside them, off this thread.
    has_begun: whether the user's own runs were read.

    Signals: ``changed()``; ``removed(Removal)``; ``failed(StudioError)``;
    ``renamed(path, name)``; ``begun(interrupted)``: the user's own runs are read, and the programs
    of these, a list of RunInfo, ended without a word."""

    changed = Signal()
    removed = Signal(object)
    failed = Signal(object)
    renamed = Signal(object, str)
    begun = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shelf = ShelfThread(self)
        self.notes = RunNotes(self.shelf, self)
        self.notes.failed.connect(self.failed)
        self._bundled: list[runs.RunInfo] | None = None
        self._elsewhere: list[Path] = []
        self._known = runs.KnownRuns()
        self.has_begun = False
        self.shelf.answered.connect(self._take)

    def start(self) -> None:
        """Start the thread that reads and writes beside the runs."""
        self.shelf.start()

    def shutdown(self) -> None:
        """Write what was noted, and end that thread."""
        self.notes.settle()
        self.shelf.stop()
        self.shelf.wait()

    def bundled(self) -> list[runs.RunInfo]:
        """The models that ship."""
        if self._bundled is None:
            self._bundled = runs.bundled_runs()
        return self._bundled

    def runs(self) -> list[runs.RunInfo]:
        """The models that ship, then the user's own, the newest first, then those from elsewhere
        that were opened since the start."""
        own = runs.list_runs([runs_folder()], self._known.read)
        for path in self._elsewhere:
            with contextlib.suppress(StudioError):
                own.append(self._known.read(path))
        self._known.forget_all_but(info.path for info in own)
        return [*self.bundled(), *map(_as_it_is, own)]

    def find(self, path: Path) -> runs.RunInfo | None:
        """The run in that folder, if there is one."""
        try:
            return _as_it_is(self._known.read(path))
        except StudioError:
            return None

    def note(self, path: Path) -> None:
        """A run was opened or saved; it is listed from now on, wherever it is."""
        if path.parent == runs_folder() or path in self._elsewhere:
            return
        if path not in {info.path for info in self._bundled or ()}:
            self._elsewhere.append(path)
            self.changed.emit()

    def begin(self) -> None:
        """Read the user's own runs aside; then ``changed`` and ``begun``. Runs whose program ended
        without a word are told once."""
        self.shelf.ask(RunsWanted(runs_folder(), self._known))

    @Slot(object)
    def _take(self, answer: object) -> None:
        if not isinstance(answer, RunsKnown):
            return
        self.has_begun = True
        self.changed.emit()
        self.begun.emit([info for info in answer.interrupted if info.can_resume])

    def rename(self, info: runs.RunInfo, name: str, in_training: Path | None) -> None:
        """Give a run of the user's another name. in_training: the run that is being written,
        which keeps its name so long."""
        if not self._is_free(info, in_training):
            return
        renamed = self._guarded(lambda: housekeeping.rename_run(info.path, name))
        if renamed is not None:
            self.renamed.emit(info.path, renamed.name)

    def remove(self, infos: Sequence[runs.RunInfo], in_training: Path | None) -> None:
        """Take runs out of the list; ``restore`` brings them back. in_training: the run that is
        being written, which stays."""
        self.notes.settle()  # the folders are about to move
        done: list[tuple[str, Path]] = []
        first_error: StudioError | None = None
        for info in infos:
            try:
                if in_training == info.path:
                    raise StudioError("runs.training", name=info.name)
                done.append((info.name, housekeeping.remove_run(info.path)))
            except StudioError as error:
                first_error = first_error or error
        if done:
            self.changed.emit()
            names, places = zip(*done, strict=True)
            self.removed.emit(Removal(names, places, first_error))
        elif first_error is not None:
            self.failed.emit(first_error)

    def restore(self, removed: Sequence[Path]) -> None:
        """Undo ``remove``."""
        first_error: StudioError | None = None
        for place in removed:
            try:
                housekeeping.restore_run(place)
            except StudioError as error:
                first_error = first_error or error
        self.changed.emit()
        if first_error is not None:
            self.failed.emit(first_error)

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


def _as_it_is(info: runs.RunInfo) -> runs.RunInfo:
    """Interrupted is what says it runs while nobody has its lock, also where that cannot be
    written down."""
    if info.status == "running" and not is_locked(info.path):
        return replace(info, status="interrupted")
    return info
