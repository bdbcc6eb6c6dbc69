"""``ExploreThread``: answers the window's questions, one after the other, in keyed lanes.

In a lane the latest request wins; lanes do not cancel each other and take turns, but that the
picture of the current point goes before all others: a hand waits for it.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.errors import StudioError
from vae_studio.session.drawing_requests import DrawingQuestion
from vae_studio.session.requests import Request

log = logging.getLogger(__name__)

_FIRST = "decode"


class ExploreThread(QThread):
    """Signals: ``answered(lane, result)``; ``failed(lane, request, error)``; ``ready(device,
    threads)`` once torch is loaded. They reach their receivers on the thread these live in."""

    answered = Signal(str, object)
    failed = Signal(str, object, object)
    ready = Signal(str, int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("explore")
        self._condition = threading.Condition()
        self._waiting: OrderedDict[str, Request | DrawingQuestion] = OrderedDict()
        self._stopped = False

    def ask(self, lane: str, request: Request | DrawingQuestion) -> None:
        """Queue a question; one that still waits in the same lane is dropped."""
        with self._condition:
            self._waiting[lane] = request
            self._condition.notify()

    def stop(self) -> None:
        """End after the question in hand; what waits is dropped. Then ``wait()``."""
        with self._condition:
            self._stopped = True
            self._waiting.clear()
            self._condition.notify()

    def run(self) -> None:
        """The thread's body."""
        try:
            import vae_studio.workers.drawing_answers  # noqa: F401 - which adds answers
            from vae_studio.workers.answers import answer, device
            from vae_studio.workers.compute import compute_alone
        except (ImportError, OSError) as error:  # a library of the system is missing
            log.exception("torch does not load")
            self.failed.emit("", None, StudioError("worker.no_torch", reason=str(error)))
            return
        compute_alone()
        self.ready.emit(*device())
        while True:
            with self._condition:
                while not self._waiting and not self._stopped:
                    self._condition.wait()
                if self._stopped:
                    return
                lane = _FIRST if _FIRST in self._waiting else next(iter(self._waiting))
                request = self._waiting.pop(lane)
            try:
                result = answer(request)
            except Exception as error:
                if not isinstance(error, StudioError):
                    log.exception("no answer in lane %s", lane)
                    reason = f"{type(error).__name__}: {error}"
                    error = StudioError("worker.unexpected", reason=reason)
                self.failed.emit(lane, request, error)
            else:
                self.answered.emit(lane, result)
