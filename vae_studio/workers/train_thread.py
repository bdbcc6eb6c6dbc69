"""``TrainThread``: the one training slot. Drives ``trainer.train`` and fills a mailbox."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread

from vae_studio.core.control import TrainControl
from vae_studio.core.errors import StudioError
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.spec import ModelSpec, TrainConfig

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

log = logging.getLogger(__name__)

_SNAPSHOT_EVERY = 0.5  # seconds; each is a copy of all weights


@dataclass(frozen=True)
class TrainRequest:
    """What to train, and the new folder that keeps it."""

    spec: ModelSpec
    config: TrainConfig
    variant: str
    name: str
    folder: Path


@dataclass
class Mail:
    """What came since the last look. snapshot: the latest only. steps_per_epoch: 0 until known."""

    events: list[Event] = field(default_factory=list)
    snapshot: Snapshot | None = None
    steps_per_epoch: int = 0
    started: bool = False
    error: StudioError | None = None


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
        error: StudioError | None = None,
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
            if error is not None:
                mail.error = error

    def take(self) -> Mail:
        """Empty the box."""
        with self._lock:
            mail, self._mail = self._mail, Mail(steps_per_epoch=self._mail.steps_per_epoch)
            return mail


class TrainThread(QThread):
    """One run from start to end; a new one is made for each. ``control`` steers it, ``mailbox``
    tells of it; ``finished`` fires when the thread has let go of everything."""

    def __init__(self, request: TrainRequest, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train")
        self.request = request
        self.control = TrainControl()
        self.mailbox = Mailbox()

    def run(self) -> None:
        """The thread's body: every fault ends as mail."""
        try:
            self._train()
        except StudioError as error:
            self.mailbox.put(error=error)
        except MemoryError:
            self.mailbox.put(error=StudioError("train.memory", step=0))
        except Exception as error:
            log.exception("training failed")
            reason = f"{type(error).__name__}: {error}"
            self.mailbox.put(error=StudioError("worker.unexpected", reason=reason))

    def _train(self) -> None:
        from vae_studio.core.data import load_dataset
        from vae_studio.core.memory import keep_freed_memory
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.core.snapshot import capture
        from vae_studio.core.trainer import new_state, steps_per_epoch, train
        from vae_studio.workers.compute import compute_with_all

        request, mailbox = self.request, self.mailbox
        keep_freed_memory()
        compute_with_all()
        data = load_dataset(request.config.dataset)
        state = new_state(request.spec, request.config)
        if self.control.stopped:
            mailbox.put(event=TrainingDone("stopped", 0, 0))
            return
        recorder = RunRecorder(request.folder, state, request.name, request.variant)

        def snapshot(evaluated: EpochDone | None = None) -> Snapshot:
            last = recorder.last_evaluation
            return capture(
                state,
                str(request.folder),
                request.name,
                evaluated.test if evaluated else None,
                last.latent if last else None,
            )

        mailbox.put(
            snapshot=snapshot(),
            steps_per_epoch=steps_per_epoch(len(data.train), request.spec, request.config),
        )
        captured = time.monotonic()
        for event in train(state, data, self.control):
            recorder.record(event)
            due = time.monotonic() - captured >= _SNAPSHOT_EVERY
            if isinstance(event, EpochDone):
                mailbox.put(event, snapshot(event))
                captured = time.monotonic()
            elif isinstance(event, StepDone):
                mailbox.put(event, snapshot() if due else None)
                captured = time.monotonic() if due else captured
            elif isinstance(event, TrainingFailed):
                mailbox.put(event)
            else:  # the last snapshot keeps the figures of the epoch that just ended
                at_epoch_end = recorder.info.evaluated_epoch == state.epoch and not state.position
                mailbox.put(event, None if at_epoch_end else snapshot())
