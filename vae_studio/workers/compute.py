"""Who gets how many of torch's threads. Needs torch: call it on the threads that compute.

Every thread that computes in parallel gets a pool of OpenMP threads of its own. Once there are
more of these than processors, OpenMP lets all of them sleep between two operations instead of
waiting awake, and each operation then pays for waking them: with two pools on two processors a
step of training took twice as long. So exploring, whose questions are small, computes on its own
thread alone, and training has the only pool.
"""

from __future__ import annotations

import threading
from functools import cache

import torch

_lock = threading.Lock()


@cache
def all_threads() -> int:
    """What torch would use by itself; asked before anything is set."""
    return torch.get_num_threads()


def compute_alone() -> None:
    """For the calling thread: no pool."""
    _take(1)


def compute_with_all() -> None:
    """For the calling thread: all processors."""
    _take(all_threads())


def _take(count: int) -> None:
    # A thread of torch's takes what was set last, on any thread, when it first asks or computes: so
    # it asks at once, and nobody else sets anything in between.
    with _lock:
        all_threads()
        torch.set_num_threads(count)
        torch.get_num_threads()
