"""``JobThread``: one long job at a time, with progress and cancel. A new job takes the place of the
one before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.errors import StudioError
from vae_studio.session.jobs import Job, JobResult
from vae_studio.workers.priority import step_back

log = logging.getLogger(__name__)

_PROGRESS_SECONDS = 0.05  # between two words on how far it is


class JobThread(QThread):
    """Sleeps between jobs. Signals: ``done(result)``; ``failed(job, error)``; ``progressed(job,
    share)``; ``improved(result)``: what there is so far; ``cancelled(job)``, also for one that
    another took the place of."""

    done = Signal(object)
    failed = Signal(object, object)
    progressed = Signal(object, float)
    improved = Signal(object)
    cancelled = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._condition = threading.Condition()
        self._waiting: Job | None = None
        self._current: Job | None = None
        self._stopped = False

    def ask(self, job: Job) -> None:
        """Begin this as soon as may be; what waits or runs is given up. Starts the thread. Nothing
        once it was stopped for good."""
        with self._condition:
            if self._stopped:
                return
            self._waiting = job
            self._condition.notify()
        if not self.isRunning():
            self.start()

    @property
    def is_idle(self) -> bool:
        """Whether all that was asked is done; the word of it may be on its way."""
        with self._condition:
            return self._current is None and self._waiting is None

    def cancel(self) -> None:
        """Give up what waits and what runs; ``cancelled`` says when that is so."""
        with self._condition:
            self._waiting = None
            self._current = None

    def stop(self) -> None:
        """Give up everything and end. Then ``wait()``."""
        with self._condition:
            self._stopped = True
            self._waiting = None
            self._current = None
            self._condition.notify()

    def run(self) -> None:
        """The thread's body: every fault of a job ends as a signal."""
        step_back()  # as a training does: else a job of some seconds would leave it none
        while (job := self._next()) is not None:
            try:
                result = self._work(job)
            except Exception as error:
                if not isinstance(error, StudioError):
                    log.exception("a job failed")
                    reason = f"{type(error).__name__}: {error}"
                    error = StudioError("worker.unexpected", reason=reason)
                self.failed.emit(job, error)
                continue
            if result is None:
                self.cancelled.emit(job)
            else:
                self.done.emit(result)

    def _work(self, job: Job) -> JobResult | None:
        try:
            import vae_studio.workers.data_jobs
            import vae_studio.workers.drawing_jobs  # noqa: F401 - which add jobs
            from vae_studio.workers.compute import compute_alone
            from vae_studio.workers.jobs import work
        except (ImportError, OSError) as error:  # a library of the system is missing
            log.exception("torch does not load")
            raise StudioError("worker.no_torch", reason=str(error)) from error
        compute_alone()
        return work(job, self._should_stop_for(job), _Told(self, job))

    def _next(self) -> Job | None:
        with self._condition:
            self._current = None
            while self._waiting is None and not self._stopped:
                self._condition.wait()
            self._current, self._waiting = self._waiting, None
            return self._current

    def _should_stop_for(self, job: Job) -> Callable[[], bool]:
        return lambda: self._current is not job or self._waiting is not None


class _Told:
    """What a job says of itself, passed on. Of the shares, those in quick succession are not."""

    def __init__(self, thread: JobThread, job: Job) -> None:
        self._thread, self._job = thread, job
        self._last = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now - self._last >= _PROGRESS_SECONDS:
            self._last = now
            self._thread.progressed.emit(self._job, share)

    def show(self, result: JobResult) -> None:
        """Pass on what there is so far."""
        self._thread.improved.emit(result)
