"""``ExploreThread``: answers the window's questions, one after the other, in keyed lanes.

In a lane the latest request wins; lanes do not cancel each other and take turns, but that the
picture of the current point and the code of the drawing go before all others: a hand waits for
them.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.errors import StudioError
from vae_studio.session.drawing_requests import DrawingQuestion
from vae_studio.session.requests import EncodeRequest, EncodeResult, Request

log = logging.getLogger(__name__)

_FIRST = ("decode", "encode")
_SMALL_MODEL = 2_500_000  # weights: encoding and decoding take a millisecond or two
_MOST_CLASSES = 10  # that such a model may have, as it is asked in each
_MOST_CONVOLVED = 3 * 64 * 64  # pixels, those of all classes, that convolutions take 5 ms for
_SHORT = 1500  # points of a drawing that becomes a digit's image in less than a millisecond
_SIDE = 28  # px, of that


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
        self._works = False
        self._answer: Callable[[Any], Any] | None = None  # once torch is loaded

    def ask(self, lane: str, request: Request | DrawingQuestion) -> None:
        """Queue a question; one that still waits in the same lane is dropped."""
        with self._condition:
            self._waiting[lane] = request
            self._condition.notify()

    @property
    def is_idle(self) -> bool:
        """Whether all that was asked has been answered; the answers may be on their way."""
        with self._condition:
            return not self._works and not self._waiting

    def answer_now(self, request: EncodeRequest) -> EncodeResult | None:
        """The code of a drawing at once, on the calling thread, in a millisecond or two; handing it
        to the other thread and back takes longer. What waits in the lane *encode* is dropped.

        None where torch is not loaded, where it would take longer, or where it went wrong: ask
        then.
        """
        if self._answer is None or not _is_quick(request):
            return None
        with self._condition:
            if "encode" in self._waiting:
                del self._waiting["encode"]
        try:
            result = self._answer(request)
        except Exception:  # asked in its lane, it will say what is wrong
            return None
        return result if isinstance(result, EncodeResult) else None

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

        def answer_alone(request: Any) -> Any:
            compute_alone()  # settled for each thread that answers
            return answer(request)

        self._answer = answer_alone
        self.ready.emit(*device())
        while True:
            with self._condition:
                self._works = False
                while not self._waiting and not self._stopped:
                    self._condition.wait()
                self._works = True
                if self._stopped:
                    return
                first = (lane for lane in _FIRST if lane in self._waiting)
                lane = next(first, None) or next(iter(self._waiting))
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


def _is_quick(request: EncodeRequest) -> bool:
    snapshot, given = request.snapshot, request.input
    spec = snapshot.spec
    short = _SHORT * _SIDE // max(_SIDE, *spec.image_shape[1:])
    if spec.architecture == "conv" and max(1, spec.num_classes) * spec.pixels > _MOST_CONVOLVED:
        return False
    return (
        given.image is None  # whose data set may have to be read
        and spec.num_classes <= _MOST_CLASSES
        and sum(len(stroke.points) for stroke in given.strokes) <= short
        and sum(tensor.numel() for tensor in snapshot.weights.values()) <= _SMALL_MODEL
    )
