"""Keep freed memory for the next step of a training, instead of handing it back each time."""

from __future__ import annotations

import ctypes
import platform

# Numbers of glibc's <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_MMAP_BYTES = 64 * 2**20  # larger than any gradient or activation of a batch here
_TRIM_BYTES = 256 * 2**20  # so much may lie idle at the top of the heap


def keep_freed_memory() -> None:
    """Tell glibc's allocator to reuse large blocks; elsewhere nothing happens.

    By default it maps every block over 128 kB anew and unmaps it when it is freed, and the
    system zeroes each page on first touch. Gradients and activations are such blocks, in every
    step: without that, a step of the 784-512-256-32 network is 7 to 10 % faster. For the whole
    process, and for good.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(_M_MMAP_THRESHOLD, _MMAP_BYTES)
    libc.mallopt(_M_TRIM_THRESHOLD, _TRIM_BYTES)
