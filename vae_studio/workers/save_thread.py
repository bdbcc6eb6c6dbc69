"""``SaveThread``: writes the files that the user wants, one after the other. Needs no torch."""

from __future__ import annotations

import logging
import threading
from collections import deque
from functools import singledispatch

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio import logs
from vae_studio.core.durable import write_bytes
from vae_studio.core.errors import StudioError
from vae_studio.session.exports import (
    SavedResult,
    SaveFilmRequest,
    SaveMadeRequest,
    SavePictureRequest,
    SaveRequest,
    SaveTextRequest,
)

log = logging.getLogger(__name__)


class SaveThread(QThread):
    """Sleeps while there is nothing to write. No request takes the place of another; what was asked
    for is written before the thread ends.

    Signals: ``saved(SavedResult)``; ``failed(request, StudioError)``: what was there before stays.
    """

    saved = Signal(object)
    failed = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("save")
        self._condition = threading.Condition()
        self._waiting: deque[SaveRequest] = deque()
        self._stopped = False

    def ask(self, request: SaveRequest) -> None:
        """Write this after those that wait. Starts the thread. Nothing once it was stopped."""
        with self._condition:
            if self._stopped:
                return
            self._waiting.append(request)
            self._condition.notify()
        if not self.isRunning():
            self.start()

    def stop(self) -> None:
        """Write what waits, and end. Then ``wait()``."""
        with self._condition:
            self._stopped = True
            self._condition.notify()

    def run(self) -> None:
        """The thread's body: every fault ends as a signal."""
        while (request := self._next()) is not None:
            try:
                _write(request)
            except StudioError as error:
                log.warning("a file was not saved: %s", error)  # the window may have closed
                self.failed.emit(request, error)
            else:
                self.saved.emit(SavedResult(request, request.path))

    def _next(self) -> SaveRequest | None:
        with self._condition:
            while not self._waiting and not self._stopped:
                self._condition.wait()
            return self._waiting.popleft() if self._waiting else None


def _write(request: SaveRequest) -> None:
    try:
        write_bytes(request.path, content(request))
    except StudioError:  # of what was to be written
        raise
    except (OSError, MemoryError, UnicodeError, ValueError) as fault:  # a name with a NUL in it
        reason = getattr(fault, "strerror", "") or str(fault) or type(fault).__name__
        raise StudioError("export.write", path=str(request.path), reason=reason) from fault
    except Exception as fault:
        log.exception("saving failed")
        raise StudioError("worker.unexpected", reason=logs.in_short(fault)) from fault


@singledispatch
def content(request: SaveRequest) -> bytes:
    """What is to stand in the file."""
    raise TypeError(f"no file for {request!r}")


@content.register
def _(request: SaveTextRequest) -> bytes:
    return request.text.encode()


@content.register
def _(request: SavePictureRequest) -> bytes:
    from vae_studio.core.pictures import grid, png  # which bring Pillow

    return png(grid(request.images, request.columns), request.scale)


@content.register
def _(request: SaveFilmRequest) -> bytes:
    from vae_studio.core.pictures import gif

    return gif(request.images, request.scale, request.milliseconds, request.loop)


@content.register
def _(request: SaveMadeRequest) -> bytes:
    return request.make()
