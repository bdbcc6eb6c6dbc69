"""``RunNotes``: tags and notes of the runs, as the window knows them; written a moment later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.annotations import Annotations
from vae_studio.core.errors import StudioError
from vae_studio.workers.shelf_thread import (
    Answer,
    NotesRead,
    NotesUnwritten,
    NotesWanted,
    NotesWritten,
    ShelfThread,
)

_PAUSE_MS = 1000  # without a key


class RunNotes(QObject):
    """What is said here counts at once, and is on disk after a pause, at the latest at the end.

    Signals: ``changed(runs)``, a tuple of paths; ``failed(StudioError)``: not written. It is tried
    again with the next change, and at the end.
    """

    changed = Signal(object)
    failed = Signal(object)

    def __init__(self, shelf: ShelfThread, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._known: dict[Path, Annotations | StudioError] = {}
        self._unsaved: dict[Path, Annotations] = {}
        self._on_the_way: dict[Path, Annotations] = {}
        self._timer = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._timer.timeout.connect(self.flush)
        shelf.answered.connect(self._take)

    def of(self, run: Path) -> Annotations:
        """Tags and notes of a run; none where they are not read yet, or cannot be."""
        known = self._known.get(run)
        return known if isinstance(known, Annotations) else Annotations()

    def error(self, run: Path) -> StudioError | None:
        """Why the notes of a run cannot be read."""
        known = self._known.get(run)
        return known if isinstance(known, StudioError) else None

    def refresh(self, runs: Iterable[Path]) -> None:
        """Look at the disk again: another window may have written."""
        self._shelf.ask(NotesWanted(tuple(runs)))

    def set_tags(self, run: Path, tags: tuple[str, ...]) -> None:
        """Give a run other tags."""
        self._set(run, replace(self.of(run), tags=tags))

    def set_notes(self, run: Path, notes: str) -> None:
        """Give a run other notes."""
        self._set(run, replace(self.of(run), notes=notes))

    def _set(self, run: Path, annotations: Annotations) -> None:
        if annotations == self._known.get(run, Annotations()):
            return
        self._known[run] = self._unsaved[run] = annotations
        self._timer.start()
        self.changed.emit((run,))

    @Slot()
    def flush(self) -> None:
        """Write now what is not on disk, off this thread."""
        self._timer.stop()
        for run, said in self._unsaved.items():
            self._on_the_way[run] = said
            self._shelf.write(run, said)
        self._unsaved.clear()

    def settle(self) -> None:
        """Write now what is not on disk, and wait for it: the runs are about to be moved."""
        if self._unsaved or self._on_the_way:
            self.flush()
            self._shelf.finish_writing()

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        if isinstance(answer, NotesRead):
            self._take_read(answer)
        elif isinstance(answer, NotesWritten):
            self._on_the_way.pop(answer.run, None)
            if answer.run not in self._unsaved and self._known.get(answer.run) != answer.kept:
                self._known[answer.run] = answer.kept
                self.changed.emit((answer.run,))
        elif isinstance(answer, NotesUnwritten):
            lost = self._on_the_way.pop(answer.run, None)
            gone = answer.error.code in ("checkpoint.not_a_run", "runs.bundled")
            if lost is not None and not gone:
                self._unsaved.setdefault(answer.run, lost)
            self.failed.emit(answer.error)

    def _take_read(self, answer: NotesRead) -> None:
        mine = self._unsaved.keys() | self._on_the_way.keys()
        others = []
        for run, found in answer.found.items():
            before = self._known.get(run, Annotations())
            if run not in mine and str(found) != str(before):  # errors are equal in words only
                self._known[run] = found
                others.append(run)
        if others:
            self.changed.emit(tuple(others))
