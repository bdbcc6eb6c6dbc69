"""Children of a test: forked, and another user where it takes one. For systems that can fork."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from vae_studio.core.lock import RunLock

NOBODY = 65534


def fork(body: Callable[[], object]) -> int:
    """Start a child that does ``body`` and ends, with 0, or with 1 where that raised."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        body()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(child: int) -> int:
    """Its exit code; for a signal, the signal's number below zero."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def as_nobody(body: Callable[[], object]) -> None:
    """Do ``body`` in a child that is not root, whom nothing is forbidden. Fails where it raises."""

    def other() -> None:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        body()

    assert wait(fork(other)) == 0, "see the traceback above"


@contextlib.contextmanager
def held_elsewhere(run: Path) -> Iterator[None]:
    """Another process holds the lock of that run."""
    told, tell = os.pipe()
    wait_here, let_go = os.pipe()

    def hold() -> None:
        os.close(let_go)
        with RunLock(run):
            os.write(tell, b"held")
            os.read(wait_here, 1)

    child = fork(hold)
    os.close(tell)
    os.close(wait_here)
    try:
        assert os.read(told, 4) == b"held"
        yield
    finally:
        os.close(told)
        os.close(let_go)
        assert wait(child) == 0


@contextlib.contextmanager
def public_folder() -> Iterator[Path]:
    """An empty folder that any user can reach; what tests get of pytest is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="vae-studio-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
