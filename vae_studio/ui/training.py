"""``Training``: the window's side of the training slot. Empties the mailbox at 10 Hz."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.control import ChangedField
from vae_studio.core.errors import StudioError
from vae_studio.core.events import StepDone, TrainingDone, TrainingFailed
from vae_studio.core.moments import MAX_BYTES
from vae_studio.workers.train_thread import TrainRequest, TrainThread

_MAILBOX_MS = 100  # each look costs the training some of its time
_SHOW_SECONDS = 0.2  # between two changes of the figures: painting takes time from the training


class TrainStatus(Enum):
    """Where the training slot is."""

    IDLE = "idle"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    UNSAVED = "unsaved"  # held, since the run cannot be written
    STOPPING = "stopping"


@dataclass(frozen=True)
class TrainingView:
    """What the window shows of a training. seconds_left: None until it can be told. beta,
    learning_rate: as set, before warm-up and schedule."""

    status: TrainStatus = TrainStatus.IDLE
    request: TrainRequest | None = None
    epoch: int = 0
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    beta: float = 0.0
    learning_rate: float = 0.0

    @property
    def can_start(self) -> bool:
        """Whether *Train* is there to be pressed."""
        return self.status is TrainStatus.IDLE

    @property
    def can_pause(self) -> bool:
        """Whether *Pause* (or *Resume*) is."""
        return self.status in (TrainStatus.RUNNING, TrainStatus.PAUSED)

    @property
    def can_stop(self) -> bool:
        """Whether *Stop* is."""
        return self.status not in (TrainStatus.IDLE, TrainStatus.STOPPING)

    @property
    def can_step(self) -> bool:
        """Whether *One step* and *One epoch* are: something is held, or nothing is there yet."""
        return self.status in (TrainStatus.IDLE, TrainStatus.PAUSED)

    @property
    def can_change(self) -> bool:
        """Whether β and the learning rate of the run can be."""
        return self.status in (TrainStatus.RUNNING, TrainStatus.PAUSED)

    @property
    def can_save(self) -> bool:
        """Whether *Save elsewhere* is: the training is held until its run can be written."""
        return self.status is TrainStatus.UNSAVED


class Training(QObject):
    """Signals: ``started(request)``, ``changed(view)``, ``events_arrived(events)``,
    ``snapshot_arrived(snapshot)``, ``ended(event or None)``, ``failed(error)``;
    ``resumed(rows)``, of ``metrics.csv`` so far; ``journal_changed(changes)``, all that was changed
    in mid-run so far; ``unsaved(error)`` and ``saved(folder)``, when
    the run cannot be written and when it can again; ``noticed(error)``, good to know."""

    started = Signal(object)
    changed = Signal(object)
    events_arrived = Signal(object)
    snapshot_arrived = Signal(object)
    ended = Signal(object)
    failed = Signal(object)
    resumed = Signal(object)
    unsaved = Signal(object)
    saved = Signal(object)
    noticed = Signal(object)
    journal_changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view = TrainingView()
        self.moment_bytes = MAX_BYTES  # that the moments of the next run may take; 0: none are kept
        self._thread: TrainThread | None = None
        self._timer = QTimer(self, interval=_MAILBOX_MS)
        self._timer.timeout.connect(self._empty_mailbox)
        self._ready = self._begun = False
        self._pace = _Pace()
        self._shown_at, self._unshown = 0.0, False
        self._end: TrainingDone | TrainingFailed | None = None
        self._trouble: StudioError | None = None  # why the run cannot be written
        self._next: TrainRequest | None = None  # begins when the one that is there has ended

    @Slot()
    def set_ready(self) -> None:
        """Torch is loaded (or never will be, and the thread says so): a run that waits begins.
        A thread that imports cannot be stopped, so none is started before."""
        self._ready = True
        if self._thread is not None and not self._begun:
            self._begin()

    def _begin(self) -> None:
        assert self._thread is not None
        self._begun = True
        self._thread.start()

    def start(self, request: TrainRequest) -> None:
        """Begin a run; nothing happens while another is there."""
        if not self.view.can_start:
            return
        self._next = None
        self._thread = TrainThread(request, self.moment_bytes, self)
        self._thread.finished.connect(self._thread_finished)
        self._pace, self._end = _Pace(), None
        config = request.config
        self._show(
            TrainingView(
                TrainStatus.STARTING,
                request,
                beta=config.beta,
                learning_rate=config.learning_rate,
            )
        )
        self._timer.start()
        self._begun = False
        if self._ready:
            self._begin()
        self.started.emit(request)

    def start_instead(self, request: TrainRequest) -> None:
        """Begin a run; one that is there ends first, and is kept. Held ones are not given up."""
        if self.view.can_start:
            self.start(request)
        elif not self.view.can_save:
            self._next = request
            self.stop()

    def step_once(self) -> None:
        """Let a run that is held make one step."""
        if self._thread is not None and self.view.status is TrainStatus.PAUSED:
            self._thread.control.step_once()

    def epoch_once(self) -> None:
        """Let a run that is held go on to the end of its epoch."""
        if self._thread is not None and self.view.status is TrainStatus.PAUSED:
            self._thread.control.epoch_once()

    def change(self, field: ChangedField, value: float) -> None:
        """Set β or the learning rate of the run from its next step on."""
        if self._thread is None or not self.view.can_change:
            return
        if getattr(self.view, field) != value:
            self._thread.control.set(field, value)
            self._show(replace(self.view, **{field: value}))  # type: ignore[arg-type]

    def pause_resume_or_save(self) -> None:
        """What the middle button does."""
        if self.view.can_save:
            self.save_again()
        else:
            self.pause_or_resume()

    def pause_or_resume(self) -> None:
        """Hold the run, or let it go on."""
        if self._thread is None or not self.view.can_pause:
            return
        if self.view.status is TrainStatus.RUNNING:
            self._thread.control.pause()
            self._show(replace(self.view, status=TrainStatus.PAUSED, seconds_left=None))
        else:
            self._pace = _Pace()
            self._thread.control.resume()
            self._show(replace(self.view, status=TrainStatus.RUNNING))

    def stop(self) -> None:
        """Ask the run to end and to keep its model; one that cannot be written ends as it was
        last saved."""
        if self._thread is not None and self.view.can_stop:
            if self.view.can_save:
                self._thread.give_up()
            else:
                self._thread.control.stop()
            self._show(replace(self.view, status=TrainStatus.STOPPING, seconds_left=None))
            if not self._begun:
                self._end = TrainingDone("stopped", 0, 0)
                self._thread_finished()

    def save_again(self) -> None:
        """Try to write a run that is held."""
        if self._thread is not None and self.view.can_save:
            self._thread.save_again()

    def save_in(self, folder: Path) -> None:
        """Write a run that is held into another folder, a new one, and go on there."""
        if self._thread is not None and self.view.can_save:
            self._thread.save_in(folder)

    @Slot()
    def tell_unsaved(self) -> None:
        """Say once more that a run is held."""
        if self.view.can_save and self._trouble is not None:
            self.unsaved.emit(self._trouble)

    def shutdown(self) -> None:
        """End the run and wait until it is saved; for when the window closes."""
        self._next = None
        if self._thread is not None:
            self._thread.give_up()
            self._thread.wait()
            self._thread_finished()

    @Slot()
    def _empty_mailbox(self) -> None:
        if self._thread is None:
            return
        mail = self._thread.mailbox.take()
        view = self.view
        if mail.started and view.status is TrainStatus.STARTING:
            held = self._thread.control.paused
            view = replace(view, status=TrainStatus.PAUSED if held else TrainStatus.RUNNING)
        for change in mail.journal:
            view = replace(view, **{change.field: change.value})  # type: ignore[arg-type]
        if mail.saved is not None and view.request is not None:
            request = replace(view.request, folder=mail.saved)
            status = self._after_saving(view.status)
            self._pace = _Pace()
            view = replace(view, request=request, status=status)
        if mail.unsaved is not None and view.request is not None:
            view = replace(view, status=TrainStatus.UNSAVED, seconds_left=None)
        steps = [event for event in mail.events if isinstance(event, StepDone)]
        if mail.steps_per_epoch and view.request:
            view = replace(view, steps=mail.steps_per_epoch * view.request.config.epochs)
        if steps:
            last = steps[-1]
            left = self._pace.seconds_left(last.step, view.steps)
            running = view.status is TrainStatus.RUNNING
            view = replace(
                view, epoch=last.epoch, step=last.step, seconds_left=left if running else None
            )
        if view.status is not self.view.status:
            self._show(view)
        else:
            self._unshown = self._unshown or view != self.view
            self.view = view
            if self._unshown and time.monotonic() - self._shown_at >= _SHOW_SECONDS:
                self._show(view)
        if mail.rows:
            self.resumed.emit(mail.rows)
        if mail.journal:
            self.journal_changed.emit(mail.journal)
        if mail.events:
            self.events_arrived.emit(mail.events)
        if mail.snapshot is not None:
            self.snapshot_arrived.emit(mail.snapshot)
        if mail.notice is not None:
            self.noticed.emit(mail.notice)
        if mail.saved is not None:
            self.saved.emit(mail.saved)
        if mail.unsaved is not None:
            self._trouble = mail.unsaved
            self.unsaved.emit(mail.unsaved)
        if mail.error is not None:
            self.failed.emit(mail.error)
        for event in mail.events:
            if isinstance(event, (TrainingDone, TrainingFailed)):
                self._end = event
            if isinstance(event, TrainingFailed):
                self.failed.emit(StudioError(event.code, step=event.step, size=event.size))

    @Slot()
    def _thread_finished(self) -> None:
        if self._thread is None:
            return
        thread = self._thread
        self._empty_mailbox()
        self._timer.stop()
        self._thread = None
        thread.wait()
        thread.deleteLater()
        self._show(TrainingView())
        self.ended.emit(self._end)
        if self._next is not None:
            self.start(self._next)

    def _after_saving(self, status: TrainStatus) -> TrainStatus:
        """What a run that was held does next."""
        if status is not TrainStatus.UNSAVED or self._thread is None:
            return status
        control = self._thread.control
        if control.stopped:
            return TrainStatus.STOPPING
        return TrainStatus.PAUSED if control.paused else TrainStatus.RUNNING

    def _show(self, view: TrainingView) -> None:
        self.view = view
        self._shown_at, self._unshown = time.monotonic(), False
        self.changed.emit(view)


class _Pace:
    """Time left, from the steps since it began; evaluation and saving are in it."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None

    def seconds_left(self, step: int, steps: int) -> float | None:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, step)
            return None
        since, first = self._first
        if step - first < 20 or now - since < 1.0:
            return None
        return (steps - step) * (now - since) / (step - first)
