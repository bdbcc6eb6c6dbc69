"""The allocator's setting lets large blocks be reused."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
from vae_studio.core.memory import keep_freed_memory
if {keep}:
    keep_freed_memory()
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
for _ in range(20):
    blocks = [libc.malloc(4 * 2**20) for _ in range(8)]
    for block in blocks:
        ctypes.memset(block, 1, 4 * 2**20)
    for block in blocks:
        libc.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(keep: bool) -> int:
    script = SCRIPT.format(keep=keep)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


THREADS = """
import ctypes, threading
from vae_studio.core.memory import share_freed_memory
if {share}:
    share_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
together = threading.Barrier(6)
def take():
    together.wait()
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_stats()
"""


def arenas(share: bool) -> int:
    """What six threads take by default: ``make test`` sets a limit of its own."""
    done = subprocess.run(
        [sys.executable, "-c", THREADS.format(share=share)],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"},
    )
    return done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere nothing is set")
def test_threads_share_what_was_freed() -> None:
    assert arenas(share=True) == 2
    assert arenas(share=False) > 2


BACK = """
import ctypes
from benchmarks.memory import resident
from vae_studio.core.memory import give_back_freed_memory, keep_freed_memory
keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
before = resident()[1]
blocks = [libc.malloc(2**20) for _ in range(60)]
for block in blocks:
    ctypes.memset(block, 1, 2**20)
for block in blocks:
    libc.free(block)
kept = resident()[1] - before
give_back_freed_memory()
print(kept, resident()[1] - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere nothing is kept")
def test_what_was_kept_is_given_back_when_a_training_is_over() -> None:
    done = subprocess.run([sys.executable, "-c", BACK], capture_output=True, text=True, check=True)
    kept, left = map(float, done.stdout.split())
    assert kept > 50.0
    assert left < 5.0


def test_large_blocks_are_reused() -> None:
    if platform.libc_ver()[0] != "glibc":  # nothing is set elsewhere; it must only not fail
        assert faults(keep=True) > 0
        return
    # As in a step of training, several blocks live at once: 8 of 1,024 pages, 20 times over.
    assert faults(keep=True) < faults(keep=False) / 2
