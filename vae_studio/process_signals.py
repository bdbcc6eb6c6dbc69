"""Which signals of the system ask this program to end, in the window and on the command line."""

from __future__ import annotations

import signal

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # those that the system has


def ending_signals() -> list[signal.Signals]:
    """Ctrl+C, ``kill``, the end of the session; without SIGHUP where ``nohup`` has it ignored: the
    end of the terminal is not that of the run."""
    known = [signal.Signals[name] for name in _NAMES if hasattr(signal, name)]
    return [
        each
        for each in known
        if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN
    ]
