"""Who goes first where there are fewer processors than threads that want one."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

_NICE = 10  # of 19; against others that want a processor it counts a tenth


def step_back() -> None:
    """The calling thread, and those that it starts from now on, wait for all others.

    Whoever trains says this before torch makes its threads: a window that is to draw then has a
    processor at once, and not after a turn of the training's. On Linux, where each thread has a
    niceness of its own.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
