"""Fixtures for all tests, and the check that none leaves a thread behind."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# One thread each for torch and OpenMP: the tests' tensors are small, and many threads only wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import torch
from PySide6.QtCore import QThread
from shiboken6 import isValid

from tests.helpers import Disk, part, quick, take_as_mnist, tiny, trained
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.snapshot import Snapshot, capture
from vae_studio.core.variants import VARIANTS

torch.set_num_threads(1)
if hasattr(signal, "SIGHUP"):  # which `nohup` ignores, and what tests start would inherit that
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Any:
    """What a test printed may be no text, such as a stranger's file name; pytest-xdist would not
    hand it on."""
    report = yield
    report.sections = [
        tuple(text.encode("utf-8", "backslashreplace").decode() for text in section)
        for section in report.sections
    ]
    return report


_left_running: list[QThread] = []  # destroying a QThread that runs would end the whole process


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The app's data folder, empty for each test: nothing touches the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("VAE_STUDIO_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def same_data_sets() -> Iterator[None]:
    """What a test fetches or imports is in the table for that test only."""
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)


@pytest.fixture(autouse=True)
def no_thread_left(home: Path) -> Iterator[None]:
    """Fail a test that leaves a thread alive: Python's (daemons aside) or Qt's."""
    before = set(threading.enumerate())
    started: list[QThread] = []
    start = QThread.start

    def noted_start(thread: QThread, *arguments: Any) -> None:
        started.append(thread)
        start(thread, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(QThread, "start", noted_start)
        yield
    alive = [thread for thread in started if isValid(thread) and thread.isRunning()]
    _left_running.extend(alive)
    names = [f"QThread {thread.objectName()!r}" for thread in alive]
    names += [
        thread.name
        for thread in threading.enumerate()
        if thread not in before and not thread.daemon
    ]
    if names:
        pytest.fail(f"left running: {', '.join(names)}")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk that runs are written to: it can be full."""
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    return disk


@pytest.fixture(scope="session")
def mnist() -> DatasetPair:
    """All of MNIST, read once."""
    return load_dataset("mnist")


@pytest.fixture(scope="session")
def small(mnist: DatasetPair) -> DatasetPair:
    """Its first 512 training and 256 test images."""
    return part(mnist, 512, 256)


@pytest.fixture
def small_mnist(small: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mnist`` means its first 512 images here: an epoch takes a moment."""
    take_as_mnist(small, monkeypatch)


@pytest.fixture(scope="session")
def plain_snapshot(small: DatasetPair) -> Snapshot:
    """A small plain VAE after a few steps."""
    state, _ = trained(tiny(VARIANTS["vae-32"]), quick(epochs=2), small)
    return capture(state, "plain", "plain")


@pytest.fixture(scope="session")
def cvae_snapshot(mnist: DatasetPair) -> Snapshot:
    """A small CVAE, trained until its label means something: a second or two."""
    spec = tiny(VARIANTS["cvae"], hidden=(128, 64))
    config = quick(epochs=4, batch_size=100, learning_rate=3e-3)
    state, _ = trained(spec, config, part(mnist, 4000, 256))
    return capture(state, "cvae", "cvae")
