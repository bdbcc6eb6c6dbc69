"""Training started and stopped again and again in one window: nothing may pile up.

Memory, threads, open files and objects are counted after each cycle, once the window shows the same
model again. Counts must stay as they are; the floor of memory may rise by no more than a few pages.
"""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import random
import shutil
import statistics
import threading
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

from PySide6.QtCore import QObject, QThread
from PySide6.QtWidgets import QApplication

from tests.soak.outcome import Counts, Outcome
from tests.soak.window import (
    complaints,
    pump,
    running_studio,
    settle,
    shipped,
    small_data,
    turn,
    wait_until,
)
from vae_studio.app import Studio
from vae_studio.core.errors import StudioError
from vae_studio.core.runs import read_run
from vae_studio.session.folders import runs_folder
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainStatus

COUNTS: Counts = {"test": 4, "soak": 60, "full": 200}

_TRAIN_IMAGES, _TEST_IMAGES = 2000, 500
_WARM_UP = 60  # cycles; so long the allocator spreads out until its pages serve all threads
_COUNT_SLOPE = 0.1  # of anything that is counted, in a cycle; one each would be 1
_COUNT_SLOPE_OF_FEW = 0.5  # over a few cycles, where one object more or less tilts the line
_MEMORY_SLOPE = 50.0  # kB in a cycle
_HEAP_CYCLES = 40  # fewer say nothing about what is in use
_MEMORY_CYCLES = 100  # nor about pages, which come and go by megabytes
_HOME_MODEL = "vae-2"  # is shown when things are counted


@dataclass(frozen=True)
class Figures:
    """What there is of everything. memory: anonymous; heap: what of it is in use by ``malloc``;
    both in kB, 0 where it cannot be told."""

    memory: int
    heap: int
    python_threads: int
    system_threads: int
    files: int
    widgets: int
    objects: int
    qthreads: int


def run(count: int, seed: int, folder: Path) -> Outcome:
    """So many cycles of train and stop."""
    done = {"stopped": 0, "finished": 0, "paused": 0, "opened": 0}
    figures, failures = _cycles(count, seed, done)
    slopes, measured = _slopes(figures, count)
    failures += _growing(slopes, len(measured))
    first, last = (measured[0], measured[-1]) if measured else (None, None)
    summary = (
        f"{len(figures)} cycles ({done['stopped']} stopped, {done['finished']} finished, "
        f"{done['paused']} paused, {done['opened']} with another model meanwhile); in each: "
        f"memory {slopes['memory']:+.1f} kB, heap {slopes['heap']:+.1f} kB, "
        + ", ".join(f"{name} {slopes[name]:+.2f}" for name in list(slopes)[2:])
        + f"; first {_text(first)}, last {_text(last)}"
    )
    return Outcome(summary, tuple(failures))


def measure(count: int, seed: int) -> tuple[dict[str, float], list[str]]:
    """By how much each of ``Figures`` rises in a cycle, and what failed."""
    done = {"stopped": 0, "finished": 0, "paused": 0, "opened": 0}
    figures, failures = _cycles(count, seed, done)
    return _slopes(figures, count)[0], failures


def _slopes(figures: list[Figures], count: int) -> tuple[dict[str, float], list[Figures]]:
    """And those after the warm-up, which they are of."""
    measured = figures[min(_WARM_UP, count // 3) :]
    slopes = {
        item.name: slope([getattr(f, item.name) for f in measured]) for item in fields(Figures)
    }
    slopes["memory"] = floor_slope([f.memory for f in measured])
    return slopes, measured


def _cycles(count: int, seed: int, done: dict[str, int]) -> tuple[list[Figures], list[str]]:
    hand = random.Random(seed)
    figures: list[Figures] = []
    failures: list[str] = []
    with complaints() as noted, small_data(_TRAIN_IMAGES, _TEST_IMAGES):
        with running_studio(seed) as studio:
            for cycle in range(count):
                try:
                    _cycle(studio, hand, done)
                except (AssertionError, StudioError) as error:
                    failures.append(f"seed {seed}, cycle {cycle}: {error}")
                    break
                figures.append(_count_all(studio))
                if noted:
                    failures.append(f"seed {seed}, cycle {cycle}: {noted[0]}")
                    break
        failures += [f"seed {seed}: at the end: {text}" for text in noted if not failures]
    return figures, failures


def _growing(slopes: dict[str, float], cycles: int) -> list[str]:
    found = []
    enough = {"memory": _MEMORY_CYCLES, "heap": _HEAP_CYCLES}
    for name, value in slopes.items():
        limit = _COUNT_SLOPE if cycles >= _HEAP_CYCLES else _COUNT_SLOPE_OF_FEW
        if name in enough:
            limit = _MEMORY_SLOPE
        if value > limit and cycles >= enough.get(name, 0):
            unit = " kB" if name in enough else ""
            found.append(f"{name}: {value:+.2f}{unit} in a cycle, limit {limit:g}{unit}")
    return found


def _text(figures: Figures | None) -> str:
    if figures is None:
        return "nothing"
    return "/".join(str(getattr(figures, item.name)) for item in fields(figures))


def slope(values: list[int]) -> float:
    """Theil and Sen's: the median of the slopes of all pairs; single outliers do not count."""
    pairs = combinations(enumerate(values), 2)
    slopes = [(y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs]
    return statistics.median(slopes) if slopes else 0.0


def floor_slope(values: list[int]) -> float:
    """How fast the floor rises, from the first third to the last.

    Pages that are kept for a while lift single values by megabytes, most of all on a busy machine;
    what is never given back lifts them all.
    """
    third = len(values) // 3
    if not third:
        return slope(values)
    return (min(values[-third:]) - min(values[:third])) / (len(values) - third)


def _cycle(studio: Studio, hand: random.Random, done: dict[str, int]) -> None:
    """Train, play a little, stop or let it finish; then all is as it was."""
    store, panel = studio.store, studio.window.panel(TrainPanel)
    training = store.training
    panel.store.plan.choose(hand.choice(("vae-2", "vae-32", "vae-batchnorm", "cvae")))
    finish = hand.random() < 0.25
    panel.store.plan.set_value("epochs", 2 if finish else 200)
    panel.store.plan.set_value("batch_size", hand.choice((64, 256)))
    panel.controls.train.click()
    assert training.view.request is not None, "Train was pressed and nothing trains"
    path = training.view.request.folder
    steps = hand.randint(0, 30)  # 0: stopped while it prepares
    wait_until(lambda: training.view.step >= steps or training.view.request is None, "steps")
    if hand.random() < 0.3 and training.view.can_pause:
        panel.controls.pause.click()
        pump(hand.uniform(0.0, 0.1))
        panel.controls.pause.click()
        done["paused"] += 1
    if hand.random() < 0.3:
        store.open_model(shipped(hand.choice(("cvae", "vae-16"))))
        done["opened"] += 1
    pump(hand.uniform(0.0, 0.2))
    if not finish:
        panel.controls.stop.click()
    wait_until(lambda: training.view.status is TrainStatus.IDLE, "the end of the training")
    if path.exists():
        status = read_run(path).status
        assert status in ("stopped", "finished"), f"a run is left {status}"
        done[status] += 1
    store.open_model(shipped(_HOME_MODEL))
    wait_until(lambda: store.state.model == str(shipped(_HOME_MODEL)), "the model that ships")
    settle(studio)
    models = studio.window.panel(ModelsPanel)
    for info in store.library.runs():
        if not info.bundled:
            store.library.remove([info], None)
    shutil.rmtree(runs_folder() / ".removed", ignore_errors=True)
    assert models.list.count() == len(store.library.runs()), "the list shows what is not there"
    pump(0.3)  # plots are drawn a little later


def _count_all(studio: Studio) -> Figures:
    """After what is no longer needed has gone."""
    for _ in range(3):
        turn()
        gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)  # what is free counts for nothing
    return Figures(
        memory=_anonymous_memory(),
        heap=_heap_in_use(),
        python_threads=threading.active_count(),
        system_threads=_entries("task"),
        files=_entries("fd"),
        widgets=len(QApplication.allWidgets()),
        objects=len(studio.store.findChildren(QObject)) + len(studio.window.findChildren(QObject)),
        qthreads=len(studio.store.findChildren(QThread)),
    )


def _anonymous_memory() -> int:
    status = Path("/proc/self/status")
    for line in status.read_text().splitlines() if status.is_file() else []:
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


class _HeapFigures(ctypes.Structure):
    """glibc's ``struct mallinfo2``."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def _heap_in_use() -> int:
    if platform.libc_ver()[0] != "glibc" or not hasattr(ctypes.CDLL(None), "mallinfo2"):
        return 0
    mallinfo2 = ctypes.CDLL(None).mallinfo2
    mallinfo2.restype = _HeapFigures
    figures = mallinfo2()
    return int(figures.uordblks + figures.hblkhd) // 1024


def _entries(name: str) -> int:
    """How many threads or open files the system counts; 0 where it does not say."""
    folder = Path("/proc/self") / name
    return len(os.listdir(folder)) if folder.is_dir() else 0  # noqa: PTH208 - names only
