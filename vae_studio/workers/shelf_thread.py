"""``ShelfThread``: reads and writes what stands beside runs, so that no list waits for a disk.

Notes, thumbnails, sizes. Writing comes before reading; what is to be written is written before the
thread ends, what is only to be read is dropped.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.annotations import Annotations, read_annotations, write_annotations
from vae_studio.core.errors import StudioError
from vae_studio.core.housekeeping import disk_use

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_MAX_THUMBNAILS = 64  # that wait; more than a screen shows, and whoever scrolls on wants others


@dataclass(frozen=True)
class NotesWanted:
    """What is said of these runs."""

    runs: tuple[Path, ...]


@dataclass(frozen=True)
class NotesRead:
    """For each run its annotations, or why they cannot be read."""

    found: Mapping[Path, Annotations | StudioError]


@dataclass(frozen=True)
class NotesWritten:
    """kept: as it is on disk now."""

    run: Path
    kept: Annotations


@dataclass(frozen=True)
class NotesUnwritten:
    """The annotations of a run are not on disk."""

    run: Path
    error: StudioError


@dataclass(frozen=True)
class SizesWanted:
    """How much room these runs take."""

    runs: tuple[Path, ...]


@dataclass(frozen=True)
class SizesRead:
    """Bytes on disk, all of them together."""

    request: SizesWanted
    total: int


@dataclass(frozen=True)
class ThumbnailWanted:
    """A run's newest samples. state: of the run, so that an answer is known to be of an older."""

    run: Path
    image_shape: tuple[int, ...]
    state: tuple[int, ...]
    epoch: int


@dataclass(frozen=True)
class ThumbnailRead:
    """picture: uint8 [H, W] or [H, W, 3], or None where there is none."""

    request: ThumbnailWanted
    picture: NDArray[np.uint8] | None


Answer = NotesRead | NotesWritten | NotesUnwritten | SizesRead | ThumbnailRead


class ShelfThread(QThread):
    """Signals: ``answered(Answer)``; ``dropped(ThumbnailWanted)``, when newer ones took its turn.
    They reach their receivers on the thread these live in."""

    answered = Signal(object)
    dropped = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf")
        self._condition = threading.Condition()
        self._unwritten: dict[Path, Annotations] = {}
        self._writing = False
        self._notes: NotesWanted | None = None
        self._thumbnails: deque[ThumbnailWanted] = deque()
        self._sizes: SizesWanted | None = None
        self._stopped = False

    def write(self, run: Path, annotations: Annotations) -> None:
        """Write notes soon; of one run the latest counts."""
        with self._condition:
            self._unwritten[run] = annotations
            self._condition.notify_all()

    def ask(self, request: NotesWanted | SizesWanted | ThumbnailWanted) -> None:
        """Read something; of notes and of sizes only the latest question is answered."""
        late: ThumbnailWanted | None = None
        with self._condition:
            if isinstance(request, NotesWanted):
                self._notes = request
            elif isinstance(request, SizesWanted):
                self._sizes = request
            else:
                self._thumbnails.append(request)
                if len(self._thumbnails) > _MAX_THUMBNAILS:
                    late = self._thumbnails.popleft()
            self._condition.notify_all()
        if late is not None:
            self.dropped.emit(late)

    def finish_writing(self) -> None:
        """Wait until all that was to be written is, or was refused."""
        with self._condition:
            if self.isRunning():
                self._condition.wait_for(lambda: not self._unwritten and not self._writing)
                return
        self._write_all()

    def stop(self) -> None:
        """End once all is written. Then ``wait()``."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def run(self) -> None:
        """The thread's body."""
        while True:
            with self._condition:
                self._condition.wait_for(self._has_work)
                if self._stopped and not self._unwritten:
                    return
                notes, self._notes = self._notes, None
                wanted = None if notes else self._next_reading()
            self._write_all()
            if notes is not None:
                self.answered.emit(NotesRead({run: _read(run) for run in notes.runs}))
            elif isinstance(wanted, ThumbnailWanted):
                self.answered.emit(ThumbnailRead(wanted, _thumbnail(wanted)))
            elif wanted is not None:
                self.answered.emit(SizesRead(wanted, sum(map(disk_use, wanted.runs))))

    def _has_work(self) -> bool:
        reading = self._notes or self._thumbnails or self._sizes
        return self._stopped or bool(self._unwritten) or bool(reading)

    def _next_reading(self) -> ThumbnailWanted | SizesWanted | None:
        if self._thumbnails:
            return self._thumbnails.popleft()
        sizes, self._sizes = self._sizes, None
        return sizes

    def _write_all(self) -> None:
        while True:
            with self._condition:
                if not self._unwritten:
                    self._writing = False
                    self._condition.notify_all()
                    return
                run = next(iter(self._unwritten))
                annotations = self._unwritten.pop(run)
                self._writing = True
            answer: Answer
            try:
                answer = NotesWritten(run, write_annotations(run, annotations))
            except StudioError as error:
                answer = NotesUnwritten(run, error)
            except Exception as error:
                log.exception("notes of %s", run)
                reason = f"{type(error).__name__}: {error}"
                answer = NotesUnwritten(run, StudioError("worker.unexpected", reason=reason))
            self.answered.emit(answer)


def _read(run: Path) -> Annotations | StudioError:
    try:
        return read_annotations(run)
    except StudioError as error:
        return error


def _thumbnail(wanted: ThumbnailWanted) -> NDArray[np.uint8] | None:
    from vae_studio.core.thumbnails import thumbnail  # which brings Pillow

    try:
        return thumbnail(wanted.run, wanted.image_shape, wanted.epoch)
    except Exception:  # a picture is not worth the thread that writes the notes
        log.exception("thumbnail of %s", wanted.run)
        return None
