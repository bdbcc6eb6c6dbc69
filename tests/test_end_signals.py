"""Ctrl+C, ``kill``, the end of a session and a click all end it the same: saved, quiet, with 0.

Real processes and real signals.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.soak.closing_child import Plan, Template
from vae_studio.cli import main
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.housekeeping import find_interrupted
from vae_studio.core.lock import is_locked
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.end_signals import EndSignals
from vae_studio.process_signals import ending_signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")

WAYS = ("SIGINT", "SIGTERM", "SIGHUP", "close")
_IGNORED = "This plugin does not support "  # what Qt's offscreen platform says of every window
_PATIENCE = 100  # seconds


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """A process that has loaded torch and Qt, and forks a window for each test."""
    with Template() as template:
        yield template


def closed(
    template: Template, home: Path, errors: Path, how: str, press: str, delay: float
) -> None:
    """A window that is ended so; all that must be true of each."""
    plan = Plan(
        number=1,
        home=str(home),
        cold=False,
        press=press,
        busy="nothing",
        delay=delay,
        how=how,
        variant="vae-2",
        batch=256,
        epochs=50,
    )
    ended = template.fork(plan, errors)
    written = [line for line in errors.read_text().splitlines() if _IGNORED not in line]
    assert written == []
    assert (ended.code, ended.hung, ended.left) == (0, False, False)
    assert ended.requested
    assert (home / "settings.json").is_file()


def runs(home: Path) -> list[Path]:
    return list((home / "runs").iterdir()) if (home / "runs").is_dir() else []


def assert_saved(run: Path) -> None:
    info = read_run(run)
    assert info.status == "stopped"
    assert load_snapshot(run).step == info.step == load_training(run).state.step
    assert not is_locked(run)
    assert find_interrupted(run.parent) == []


@pytest.mark.parametrize("how", WAYS)
def test_a_window_at_its_start_ends_quiet(
    how: str, template: Template, home: Path, tmp_path: Path
) -> None:
    closed(template, home, tmp_path / "errors.txt", how, "never", delay=0.0)
    assert runs(home) == []


@pytest.mark.parametrize("how", ["SIGTERM", "close"])
def test_a_window_in_which_train_was_just_pressed_ends_quiet(
    how: str, template: Template, home: Path, tmp_path: Path
) -> None:
    closed(template, home, tmp_path / "errors.txt", how, "at once", delay=0.0)
    for run in runs(home):
        assert_saved(run)


@pytest.mark.parametrize("how", ["close", "SIGTERM"])
def test_a_window_that_trains_ends_saved_and_quiet(
    how: str, template: Template, tmp_path: Path
) -> None:
    for delay in (2.0, 4.0, 8.0, 16.0):  # until it trains, on a busy machine
        home = tmp_path / f"home-{delay:.0f}"
        closed(template, home, tmp_path / "errors.txt", how, "digit", delay)
        if runs(home):
            break
    (run,) = runs(home)
    assert_saved(run)


def test_under_nohup_the_end_of_the_terminal_does_not_close_the_window(
    qapp: QApplication,
) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    wakeup = signal.set_wakeup_fd(-1)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signals = EndSignals()
        os.kill(os.getpid(), signal.SIGHUP)
        assert not signals.have_come
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.have_come
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)


def test_nohup_leaves_a_command_its_other_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    assert signal.SIGHUP in ending_signals()
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_IGN)
    assert ending_signals() == [signal.SIGINT, signal.SIGTERM]


SMALL = (
    *("train", "--epochs", "8", "--set", "hidden=32", "latent_dim=2", "batch_size=2000"),
    *("schedule=cosine", "beta_warmup=2"),
)


@contextlib.contextmanager
def training(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """``vae-studio train`` in a process of its own, once its first epoch is done."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "vae_studio", *SMALL, "--output", str(folder)]
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("epoch   1")
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("name", ["SIGTERM"])
def test_a_command_ends_saved_and_goes_on_when_it_is_told_to(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with training(run) as process:
        process.send_signal(getattr(signal, name))
        out, err = process.communicate(timeout=_PATIENCE)
        assert process.returncode == 0
        assert err == ""
        assert f"stopped at epoch {read_run(run).epoch}: {run}" in out
    info = read_run(run)
    assert info.status == "stopped"
    assert load_snapshot(run).step == info.step
    assert 1 <= info.epoch < 8
    if name == "SIGTERM":  # once is enough
        assert main(["train", "--resume", str(run)]) == 0
        assert f"finished at epoch 8: {run}" in capsys.readouterr().out
        assert [row["epoch"] for row in read_metrics(run)] == list(range(1, 9))
