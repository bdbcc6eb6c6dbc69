"""One program writes to a run at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.forks import as_nobody, public_folder
from vae_studio.core.errors import CheckpointError
from vae_studio.core.lock import RunLock, is_locked

_HOLD = """
import sys, time
from pathlib import Path
from vae_studio.core.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def another_program(run: Path) -> Iterator[subprocess.Popen[str]]:
    """That holds the lock until its input ends."""
    command = [sys.executable, "-c", _HOLD, str(run)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "held\n"
            yield program
        finally:
            program.kill()


def test_two_programs_do_not_hold_it_at_once(tmp_path: Path) -> None:
    with another_program(tmp_path) as program:
        assert is_locked(tmp_path)
        started = time.monotonic()
        with pytest.raises(CheckpointError) as caught:
            RunLock(tmp_path).acquire()
        assert caught.value.code == "runs.locked"
        assert caught.value.params == {"name": tmp_path.name}
        assert time.monotonic() - started < 2.0
        program.communicate("")
    assert not is_locked(tmp_path)
    with RunLock(tmp_path):
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
def test_it_goes_when_its_holder_is_killed(tmp_path: Path) -> None:
    with another_program(tmp_path) as program:
        program.send_signal(signal.SIGKILL)
        program.wait()
        assert not is_locked(tmp_path)
        with RunLock(tmp_path):
            pass


def test_two_windows_of_one_program_do_not_hold_it_at_once(tmp_path: Path) -> None:
    with RunLock(tmp_path), pytest.raises(CheckpointError) as caught:
        RunLock(tmp_path).acquire()
    assert caught.value.code == "runs.locked"


def test_somebody_who_asks_does_not_take_it_away(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    lock.acquire()
    lock.release()
    for _ in range(20):
        assert not is_locked(tmp_path)
        with lock:
            assert is_locked(tmp_path)


def test_letting_go_of_what_is_not_held_does_nothing(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    lock.release()
    with lock:
        pass
    lock.release()
    assert not is_locked(tmp_path)


def test_asking_makes_nothing(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    assert not is_locked(tmp_path / "nothing")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_at_its_place_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    assert not is_locked(tmp_path)
    with pytest.raises(CheckpointError) as caught:
        RunLock(tmp_path).acquire()
    assert caught.value.code == "checkpoint.write"


@pytest.mark.skipif(os.name == "nt", reason="other users are another matter there")
def test_a_folder_that_cannot_be_written_is_a_typed_error() -> None:
    with public_folder() as folder:
        (folder / "run").mkdir()
        (folder / "run").chmod(0o555)

        def body() -> None:
            assert not is_locked(folder / "run")
            with pytest.raises(CheckpointError) as caught:
                RunLock(folder / "run").acquire()
            assert caught.value.code == "checkpoint.write"

        as_nobody(body)
        (folder / "run").chmod(0o755)
        assert list((folder / "run").iterdir()) == []
        with RunLock(folder / "run"):
            pass
        (folder / "run" / ".lock").chmod(0o400)  # what another user left

        def asks() -> None:
            assert not is_locked(folder / "run")

        as_nobody(asks)
