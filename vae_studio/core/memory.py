"""How the C library keeps memory that was freed. Settings of glibc; elsewhere nothing happens."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

# Numbers of glibc's <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MMAP_BYTES = 64 * 2**20  # larger than any gradient or activation of a batch here
_TRIM_BYTES = 256 * 2**20  # so much may lie idle at the top of the heap
_ARENAS = 2  # one for the main thread, one for all others


def keep_freed_memory() -> None:
    """Keep it for the next step of a training, instead of handing it back each time.

    By default every block over 128 kB is mapped anew and unmapped when it is freed, and the
    system zeroes each page on first touch. Gradients and activations are such blocks, in every
    step: without that, a step of the 784-512-256-32 network is 7 to 10 % faster. For the whole
    process, and for good.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)


def give_back_freed_memory() -> None:
    """To the system: what ``keep_freed_memory`` kept. Takes some 20 ms."""
    libc = _glibc()
    if libc is not None:
        libc.malloc_trim(0)


def share_freed_memory() -> None:
    """Let threads use what others have freed. Call it before there are any.

    By default each has an arena of its own, and what it keeps no other can have. A window in which
    a training, a survey and a map had their turn held 120 MB more for that.
    """
    libc = _glibc()
    if libc is not None:
        libc.mallopt(_M_ARENA_MAX, _ARENAS)


@cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
