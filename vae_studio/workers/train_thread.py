"""``TrainThread``: the one training slot. Drives ``trainer.train`` and fills a mailbox."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QThread

from vae_studio.core.control import Change, TrainControl
from vae_studio.core.errors import StudioError
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingDone
from vae_studio.core.housekeeping import mark_interrupted
from vae_studio.core.memory import give_back_freed_memory
from vae_studio.core.moments import MAX_BYTES
from vae_studio.core.origin import Origin
from vae_studio.core.runs import RunInfo, read_run
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.workers.priority import step_back

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from vae_studio.core.data import DatasetPair
    from vae_studio.core.datasets.table import DatasetInfo
    from vae_studio.core.recorder import RunRecorder
    from vae_studio.core.snapshot import Snapshot

log = logging.getLogger(__name__)

# Seconds. Each is a copy of all weights, which is decoded and painted; what is learned moves ever
# more slowly, so after ``_CALMER`` seconds they come the less often the longer it has trained, but
# at least half as often.
_SNAPSHOT_EVERY, _CALMER = 0.5, 15.0


@dataclass(frozen=True, eq=False)
class Branch:
    """The weights that a new run begins with: those of the run in ``folder`` after ``step``.

    snapshot: they are at hand; else they are a moment that was kept with the run.
    """

    folder: Path
    step: int
    snapshot: Snapshot | None = None


@dataclass(frozen=True)
class TrainRequest:
    """What to train, and the folder that keeps it: a new one, or with ``resume`` the run to go on
    with.

    branch: begin with these weights. again: the folder of a run whose first weights this one begins
    with; for one that is no branch itself, the same specification and seed bring them, and
    with ``mean_bias`` the same images. held:
    wait after the first step, or epoch. background: what is shown stays, unless the user follows.
    """

    spec: ModelSpec
    config: TrainConfig
    variant: str
    name: str
    folder: Path
    resume: bool = False
    branch: Branch | None = None
    again: Path | None = None
    held: Literal["", "step", "epoch"] = ""
    background: bool = False


@dataclass
class Mail:
    """What came since the last look.

    snapshot: the latest only. steps_per_epoch: 0 until known. rows: of ``metrics.csv``, from
    before a run was taken up again. error: how it ended. notice: what the user should know.
    unsaved: the run cannot be written, and the training is held. saved: it is written again, in
    this folder. journal: all that was changed in mid-run so far, if that is news.
    """

    events: list[Event] = field(default_factory=list)
    snapshot: Snapshot | None = None
    steps_per_epoch: int = 0
    started: bool = False
    rows: tuple[dict[str, float], ...] = ()
    error: StudioError | None = None
    notice: StudioError | None = None
    unsaved: StudioError | None = None
    saved: Path | None = None
    journal: tuple[Change, ...] = ()


class Mailbox:
    """Losses are appended, of snapshots only the latest stays. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mail = Mail()

    def put(
        self,
        event: Event | None = None,
        snapshot: Snapshot | None = None,
        steps_per_epoch: int = 0,
        rows: tuple[dict[str, float], ...] = (),
        error: StudioError | None = None,
        notice: StudioError | None = None,
        unsaved: StudioError | None = None,
        saved: Path | None = None,
        journal: tuple[Change, ...] = (),
    ) -> None:
        """Add what is given."""
        with self._lock:
            mail = self._mail
            if event is not None:
                mail.events.append(event)
            if snapshot is not None:
                mail.snapshot = snapshot
            if steps_per_epoch:
                mail.steps_per_epoch, mail.started = steps_per_epoch, True
            mail.rows = rows or mail.rows
            mail.journal = journal or mail.journal
            mail.error = error or mail.error
            mail.notice = notice or mail.notice
            if unsaved is not None:
                mail.unsaved = unsaved
            if saved is not None:
                mail.unsaved, mail.saved = None, saved

    def take(self) -> Mail:
        """Empty the box."""
        with self._lock:
            mail, self._mail = self._mail, Mail(steps_per_epoch=self._mail.steps_per_epoch)
            return mail


def calm(seconds: float) -> float:
    """How much longer the time between two snapshots is, once it has trained for so long."""
    return min(max(1.0, seconds / _CALMER), 2.0)


class TrainThread(QThread):
    """One run from start to end; a new one is made for each. ``control`` steers it, ``mailbox``
    tells of it; ``finished`` fires when the thread has let go of everything.

    Where the run cannot be written the training is held, with all that it learnt, until
    ``save_again`` or ``save_in`` finds a place, or ``give_up`` lets go of what is not saved.
    """

    def __init__(
        self,
        request: TrainRequest,
        moment_bytes: int = MAX_BYTES,
        parent: QObject | None = None,
    ) -> None:
        """moment_bytes: how large the moments that are kept may be together; 0 for none."""
        super().__init__(parent)
        self.setObjectName("train")
        self.request, self._moment_bytes = request, moment_bytes
        self.control = TrainControl()
        if request.held:
            self.control.pause()
            allow = {"step": self.control.step_once, "epoch": self.control.epoch_once}
            allow[request.held]()
        self.mailbox = Mailbox()
        self._places: queue.SimpleQueue[Path | None] = queue.SimpleQueue()
        self._given_up = threading.Event()

    def give_up(self) -> None:
        """Stop, and do not wait for a place where the run cannot be written. From any thread."""
        self._given_up.set()
        self.control.stop()
        self._places.put(None)

    def save_again(self) -> None:
        """Try to write a run that is held where it should be. From any thread."""
        self._places.put(None)

    def save_in(self, folder: Path) -> None:
        """Write a run that is held into that new folder, and go on there. From any thread."""
        self._places.put(folder)

    def run(self) -> None:
        """The thread's body: every fault ends as mail."""
        try:
            self._train()
        except StudioError as error:
            self.mailbox.put(error=error)
        except ImportError as error:
            log.exception("torch does not load")
            self.mailbox.put(error=StudioError("worker.no_torch", reason=str(error)))
        except BaseException as error:  # a panic of safetensors is no Exception
            self.mailbox.put(error=_as_studio_error(error, self.request.spec))
        give_back_freed_memory()

    def _train(self) -> None:
        step_back()
        from vae_studio.core.data import load_dataset
        from vae_studio.core.memory import keep_freed_memory
        from vae_studio.workers.compute import compute_with_all

        keep_freed_memory()
        compute_with_all()
        request = self.request
        name = request.config.dataset
        data = load_dataset(name, lambda: self.control.stopped, self._learnt(name))
        if data is None or self.control.stopped:
            self.mailbox.put(event=TrainingDone("stopped", 0, 0))
            return
        with self._recorder(data) as recorder:
            try:
                self._drive(recorder, data)
            except BaseException:
                with contextlib.suppress(StudioError):
                    recorder.save_status("failed")
                raise

    def _learnt(self, dataset: str) -> DatasetInfo | None:
        """What the run that this one goes on from says of the images of that name."""
        request = self.request
        branch = request.branch
        if branch is not None and branch.snapshot is not None:
            before: Snapshot | RunInfo = branch.snapshot
        elif branch is not None or request.again is not None or request.resume:
            before = read_run(branch.folder if branch else request.again or request.folder)
        else:
            return None
        return before.data if before.config.dataset == dataset else None

    def _recorder(self, data: DatasetPair) -> RunRecorder:
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.core.trainer import new_state

        request = self.request
        if request.resume:
            recorder = RunRecorder.resume(request.folder, data.train, self._moment_bytes)
            if recorder.older:
                self.mailbox.put(notice=StudioError("checkpoint.older", name=request.name))
            return recorder
        weights, origin = self._first_weights()
        state = new_state(request.spec, request.config, weights, data.train.images)
        return RunRecorder(
            request.folder,
            state,
            request.name,
            request.variant,
            origin=origin,
            moment_bytes=self._moment_bytes,
        )

    def _first_weights(self) -> tuple[Mapping[str, Tensor] | None, Origin | None]:
        """Those that are asked for, and where they come from; None for new ones."""
        from vae_studio.core.checkpoint import load_initial
        from vae_studio.core.moment_files import load_moment

        branch = self.request.branch
        if branch is not None:
            snapshot = branch.snapshot or load_moment(read_run(branch.folder), branch.step)
            origin = Origin(
                run=snapshot.name,
                folder=branch.folder.name,
                epoch=snapshot.epoch,
                step=snapshot.step,
                seed=snapshot.config.seed,
            )
            return snapshot.weights, origin
        if self.request.again is not None:
            info = read_run(self.request.again)
            if info.origin is not None:
                return load_initial(info), info.origin
        return None, None

    def _drive(self, recorder: RunRecorder, data: DatasetPair) -> None:
        from vae_studio.core.snapshot import capture
        from vae_studio.core.trainer import steps_per_epoch, train

        state, mailbox = recorder.state, self.mailbox

        def snapshot() -> Snapshot:
            info = recorder.info
            measured = info.evaluation if info.evaluated_step == state.step else None
            latent = info.evaluation.latent if info.evaluation else None
            return capture(state, str(info.path), info.name, measured, latent, info.data)

        self._write(recorder, recorder.save)
        mailbox.put(
            snapshot=snapshot(),
            rows=recorder.rows,
            journal=tuple(state.journal),
            steps_per_epoch=steps_per_epoch(len(data.train), state.spec, state.config),
        )
        began = captured = time.monotonic()
        shown_step = state.step
        changes = len(state.journal)
        for event in train(state, data, self.control):
            self._write(recorder, partial(recorder.record, event))
            if isinstance(event, StepDone):
                now = time.monotonic()
                due = now - captured >= _SNAPSHOT_EVERY * calm(now - began)
            elif isinstance(event, EpochDone):
                due = True  # for its figures
            else:
                due = state.step != shown_step
            mailbox.put(event, snapshot() if due else None)
            if len(state.journal) != changes:
                changes = len(state.journal)
                mailbox.put(journal=tuple(state.journal))
            if due:
                captured, shown_step = time.monotonic(), state.step

    def _write(self, recorder: RunRecorder, write: Callable[[], None]) -> None:
        """Do ``write``. While that fails, hold the training until somebody finds a place for it;
        once it is given up, the last attempt raises."""
        held, first = False, recorder.info.path
        while True:
            try:
                write()
            except StudioError as error:
                while not held and not self._places.empty():
                    self._places.get()  # left over from the last time it was held
                if self._given_up.is_set():
                    path, reason = recorder.info.path, error.params.get("reason", error)
                    raise StudioError("train.given_up", path=path, reason=reason) from error
                log.warning("the run cannot be written: %s", error)
                held = True
                self.mailbox.put(unsaved=error)
            else:
                if recorder.info.path != first:
                    with contextlib.suppress(StudioError):  # or it would be offered to go on
                        mark_interrupted(first)
                if held:
                    self.mailbox.put(saved=recorder.info.path)
                return
            place = self._places.get()
            write = recorder.save if place is None else partial(recorder.move_to, place)


def _as_studio_error(error: BaseException, spec: ModelSpec) -> StudioError:
    from vae_studio.core.trainer import is_out_of_memory, wanted_memory

    if isinstance(error, Exception) and is_out_of_memory(error):
        return StudioError("train.memory", step=0, size=wanted_memory(error, spec))
    log.error("training failed", exc_info=error)
    return StudioError("worker.unexpected", reason=f"{type(error).__name__}: {error}")
