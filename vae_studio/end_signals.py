"""``EndSignals``: Ctrl+C, ``kill`` and the end of the session close the window as a click does."""

from __future__ import annotations

import contextlib
import os
import signal

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, Slot

from vae_studio.process_signals import ending_signals

_POLL_MS = 200


class EndSignals(QObject):
    """Signal: ``came()``, on the GUI thread. Make it there, once."""

    came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.have_come = False
        for number in ending_signals():
            signal.signal(number, self._take)
        # Python runs its handlers between two of its own instructions, and an idle window runs
        # none: a byte in a pipe wakes it. Windows cannot wait for pipes; there it looks now and
        # then.
        if os.name == "posix":
            self._reader, writer = os.pipe()
            os.set_blocking(self._reader, False)
            os.set_blocking(writer, False)
            signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
            waker = QSocketNotifier(self._reader, QSocketNotifier.Type.Read, self)
            waker.activated.connect(self._empty_pipe)
        else:
            poll = QTimer(self, interval=_POLL_MS)
            poll.timeout.connect(lambda: None)
            poll.start()

    def _take(self, *_: object) -> None:
        self.have_come = True
        self.came.emit()

    @Slot()
    def _empty_pipe(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._reader, 512)
