"""``ShelfThread``: reads and writes what stands beside runs, so that no list waits for a disk.

Runs, notes, trials, thumbnails, sizes. Writing comes before reading; what is to be written is
written before the thread ends, what is only to be read is dropped.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.annotations import Annotations, read_annotations, write_annotations
from vae_studio.core.errors import StudioError
from vae_studio.core.housekeeping import disk_use, find_interrupted
from vae_studio.core.runs import KnownRuns, RunInfo
from vae_studio.session.trials import Trial, forget_trial, read_trials, write_trial

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

_MAX_THUMBNAILS = 64  # that wait; more than a screen shows, and whoever scrolls on wants others


@dataclass(frozen=True)
class RunsWanted:
    """The runs in a folder. known: takes what is read."""

    folder: Path
    known: KnownRuns


@dataclass(frozen=True)
class RunsKnown:
    """They are read. interrupted: those whose program ended without a word, which are marked."""

    interrupted: tuple[RunInfo, ...]


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


@dataclass(frozen=True)
class TrialsWanted:
    """What was tried."""


@dataclass(frozen=True)
class TrialsRead:
    """The trials there are, the newest first."""

    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class TrialUnwritten:
    """The file of a trial is not as it should be: not written, or not removed."""

    trial: Trial
    error: StudioError


Request = RunsWanted | NotesWanted | SizesWanted | ThumbnailWanted | TrialsWanted
Answer = (
    RunsKnown
    | NotesRead
    | NotesWritten
    | NotesUnwritten
    | SizesRead
    | ThumbnailRead
    | TrialsRead
    | TrialUnwritten
)
# Of each of these kinds, the latest question counts.
_Latest = RunsWanted | NotesWanted | TrialsWanted | SizesWanted


class ShelfThread(QThread):
    """Signals: ``answered(Answer)``; ``dropped(ThumbnailWanted)``, when newer ones took its turn.
    They reach their receivers on the thread these live in."""

    answered = Signal(object)
    dropped = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf")
        self._condition = threading.Condition()
        self._unwritten: dict[Path, Callable[[], Answer | None]] = {}
        self._writing = False
        self._latest: dict[type[_Latest], _Latest] = {}
        self._thumbnails: deque[ThumbnailWanted] = deque()
        self._stopped = False

    def write(self, run: Path, annotations: Annotations) -> None:
        """Write notes soon; of one run the latest counts."""
        self._write_soon(run, partial(_write_notes, run, annotations))

    def keep(self, trial: Trial) -> None:
        """Write a trial soon."""
        self._write_soon(trial.path, partial(_change_trial, write_trial, trial))

    def forget(self, trial: Trial) -> None:
        """Remove the file of a trial soon."""
        self._write_soon(trial.path, partial(_change_trial, forget_trial, trial))

    def _write_soon(self, key: Path, write: Callable[[], Answer | None]) -> None:
        with self._condition:
            self._unwritten[key] = write
            self._condition.notify_all()

    def ask(self, request: Request) -> None:
        """Read something; but for thumbnails, only the latest question of a kind is answered."""
        late: ThumbnailWanted | None = None
        with self._condition:
            if isinstance(request, ThumbnailWanted):
                self._thumbnails.append(request)
                if len(self._thumbnails) > _MAX_THUMBNAILS:
                    late = self._thumbnails.popleft()
            else:
                self._latest[type(request)] = request
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
                wanted = self._next_reading()
            self._write_all()
            if wanted is not None:
                self.answered.emit(_answer(wanted))

    def _has_work(self) -> bool:
        reading = self._latest or self._thumbnails
        return self._stopped or bool(self._unwritten) or bool(reading)

    def _next_reading(self) -> Request | None:
        """Sizes take longest, and come last."""
        for kind in (RunsWanted, NotesWanted, TrialsWanted):
            if kind in self._latest:
                return self._latest.pop(kind)
        if self._thumbnails:
            return self._thumbnails.popleft()
        return self._latest.pop(SizesWanted, None)

    def _write_all(self) -> None:
        while True:
            with self._condition:
                if not self._unwritten:
                    self._writing = False
                    self._condition.notify_all()
                    return
                write = self._unwritten.pop(next(iter(self._unwritten)))
                self._writing = True
            answer = write()
            if answer is not None:
                self.answered.emit(answer)


def _write_notes(run: Path, annotations: Annotations) -> Answer:
    try:
        return NotesWritten(run, write_annotations(run, annotations))
    except Exception as error:
        return NotesUnwritten(run, _as_studio_error(error))


def _change_trial(change: Callable[[Trial], None], trial: Trial) -> Answer | None:
    try:
        change(trial)
    except Exception as error:
        return TrialUnwritten(trial, _as_studio_error(error))
    return None


def _as_studio_error(error: Exception) -> StudioError:
    if isinstance(error, StudioError):
        return error
    log.error("writing beside a run", exc_info=error)
    return StudioError("worker.unexpected", reason=f"{type(error).__name__}: {error}")


def _answer(wanted: Request) -> Answer:
    if isinstance(wanted, RunsWanted):
        return RunsKnown(_interrupted(wanted))
    if isinstance(wanted, NotesWanted):
        return NotesRead({run: _read(run) for run in wanted.runs})
    if isinstance(wanted, TrialsWanted):
        return TrialsRead(read_trials())
    if isinstance(wanted, ThumbnailWanted):
        return ThumbnailRead(wanted, _thumbnail(wanted))
    return SizesRead(wanted, sum(map(disk_use, wanted.runs)))


def _interrupted(wanted: RunsWanted) -> tuple[RunInfo, ...]:
    try:
        return tuple(find_interrupted(wanted.folder, wanted.known.read))
    except Exception:  # nor is a list
        log.exception("runs in %s", wanted.folder)
        return ()


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
