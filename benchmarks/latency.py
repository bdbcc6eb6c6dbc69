"""How long from the hand to the picture, and how late is the window while a training runs?

With real events: on a real window system a pointer is moved by ``xdotool``, and the time runs from
the command to it until the picture of the new point is painted; without a screen, events go in
where Qt's platform hands them over. Both are measured where both can be: where there is no display,
a virtual one (``Xvfb``) is started if it is installed.

1. From the first digit on, a ticking clock on the window's thread is late by so much, over a whole
   training of two epochs, cold start included. Nobody touches anything.
2. The first slider is dragged: with nothing else to do, then while a training of the same model
   runs.

    python -m benchmarks.latency [--moves 400] [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from benchmarks.exploring import Paints, nudge, p99, run_until, start, train_beside
from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python
from vae_studio.app import Studio
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.training import TrainStatus

_MODEL = "vae-32"
_IDLE, _BUSY, _LATE, _WORST = 16.7, 33.0, 16.0, 100.0  # ms
_TICK = 0.005  # s
_HAND = 1 / 60  # s between two moves, at least
_REACH = 40  # px to either side of the handle


class Pointer:
    """A mouse on a widget, through the window system, or without one through Qt's platform."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._tool: subprocess.Popen[str] | None = None
        if os.environ["QT_QPA_PLATFORM"] == "xcb":
            self._tool = subprocess.Popen(["xdotool", "-"], stdin=subprocess.PIPE, text=True)

    def press(self, place: QPoint) -> None:
        """The left button goes down there."""
        self.move(place)
        if self._tool:
            self._say("mousedown 1")
        else:
            QTest.mousePress(*self._window(place))

    def move(self, place: QPoint) -> None:
        """There, in the widget's own pixels."""
        if self._tool:
            at = self._widget.mapToGlobal(place)
            self._say(f"mousemove {at.x()} {at.y()}")
        else:
            window, _, _, at = self._window(place)
            QTest.mouseMove(window, at)

    def release(self, place: QPoint) -> None:
        """The button goes up, and the pointer ends."""
        if self._tool:
            self._say("mouseup 1")
            assert self._tool.stdin is not None  # as it was asked for
            self._tool.stdin.close()
            self._tool.wait()
        else:
            QTest.mouseRelease(*self._window(place))

    def _say(self, command: str) -> None:
        assert self._tool is not None
        assert self._tool.stdin is not None
        self._tool.stdin.write(command + "\n")
        self._tool.stdin.flush()

    def _window(self, place: QPoint) -> Any:
        window = self._widget.window()
        at = self._widget.mapTo(window, place)
        return window.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at


def drag(studio: Studio, paints: Paints, count: int) -> list[float]:
    """Milliseconds from each move of a hand on the first slider to its painted picture."""
    slider = studio.window.panel(SlidersPanel).rows[0].slider
    store = studio.store
    middle = slider.rect().center()
    pointer, times = Pointer(slider), list[float]()
    slider.setValue(0.0)
    run_until(lambda: paints.shown == store.state.latent.z)
    pointer.press(middle)
    for index in range(count):
        turn = (index * 7) % (4 * _REACH)
        offset = turn - _REACH if turn < 2 * _REACH else 3 * _REACH - turn
        before = store.state.latent.z
        began = time.perf_counter()
        pointer.move(middle + QPoint(offset, 0))
        run_until(lambda z=before: _shown(studio, paints, z))
        times.append(1000.0 * (time.perf_counter() - began))
        rest = began + _HAND
        run_until(lambda end=rest: time.perf_counter() >= end or nudge())
    pointer.release(middle)
    return times


def _shown(studio: Studio, paints: Paints, before: tuple[float, ...]) -> bool:
    z = studio.store.state.latent.z
    return z != before and paints.shown == z


class Lateness:
    """By how much a clock that ticks on the window's thread is late, in ms."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self._due = time.perf_counter() + _TICK
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(round(1000 * _TICK))

    def _tick(self) -> None:
        now = time.perf_counter()
        self.times.append(1000.0 * max(0.0, now - self._due))
        self._due = now + _TICK

    def stop(self) -> None:
        """No more ticks."""
        self._timer.stop()


def measure(moves: int) -> dict[str, float]:
    """All figures, on the platform that there is."""
    studio = start()
    store, paints = studio.store, Paints(studio)
    _settle()  # the first digit is decoded; now it is shown
    late = Lateness()
    store.launcher.start(VARIANTS[_MODEL], TrainConfig(epochs=2, device="cpu"), _MODEL)
    run_until(lambda: store.training.view.step > 0)
    run_until(lambda: store.training.view.status is TrainStatus.IDLE)
    late.stop()
    store.open_model(bundled_path("checkpoints") / _MODEL)
    run_until(lambda: store.snapshot is not None and store.snapshot.name == _MODEL)
    run_until(lambda: store.atlas.is_current)
    drag(studio, paints, 20)
    idle = drag(studio, paints, moves)
    train_beside(studio, _MODEL)
    busy = drag(studio, paints, moves)
    assert store.training.view.status is not TrainStatus.IDLE
    studio.window.close()
    return {
        "idle_median": statistics.median(idle),
        "idle_p99": p99(idle),
        "busy_median": statistics.median(busy),
        "busy_p99": p99(busy),
        "late_p99": p99(late.times),
        "late_worst": max(late.times),
        "ticks": len(late.times),
    }


def _settle() -> None:
    end = time.perf_counter() + 0.2
    run_until(lambda: time.perf_counter() > end or nudge())


@contextlib.contextmanager
def screens() -> Iterator[dict[str, dict[str, str]]]:
    """Platform -> environment, of all that can be measured here."""
    found = {"offscreen": dict(os.environ)}
    virtual: subprocess.Popen[str] | None = None
    display = os.environ.get("DISPLAY", "")
    if not display and shutil.which("Xvfb"):
        virtual = subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1200x24"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert virtual.stdout is not None  # as it was asked for
        display = f":{virtual.stdout.readline().strip()}"
    if display and shutil.which("xdotool"):
        found["xcb"] = os.environ | {"DISPLAY": display}
    try:
        yield {name: each | {"QT_QPA_PLATFORM": name} for name, each in found.items()}
    finally:
        if virtual is not None:
            virtual.terminate()
            virtual.wait()


def report(moves: int) -> Report:
    """All platforms in turn."""
    found: dict[str, dict[str, float]] = {}
    with screens() as known:
        for name, environment in known.items():
            with tempfile.TemporaryDirectory() as home:
                said = python(
                    *("-m", "benchmarks.latency", "--here", "--moves", str(moves)),
                    environment=environment | {"VAE_STUDIO_HOME": home},
                )
            found[name] = json.loads(said.splitlines()[-1])

    def worst(name: str) -> float:
        return max(each[name] for each in found.values())

    names = ("idle_median", "idle_p99", "busy_median", "busy_p99", "late_p99", "late_worst")
    return Report(
        "Latency",
        (
            Line("slider moved to picture painted, idle, p99", worst("idle_p99"), _IDLE, "ms"),
            Line("the same while training, p99", worst("busy_p99"), _BUSY, "ms"),
            Line("event loop late while training, p99", worst("late_p99"), _LATE, "ms"),
            Line("the same, worst, cold start included", worst("late_worst"), _WORST, "ms"),
        ),
        (
            Table(
                "ms, on each of Qt's platforms",
                ("platform", *(name.replace("_", " ") for name in names)),
                tuple((name, *(each[key] for key in names)) for name, each in found.items()),
            ),
        ),
        () if "xcb" in found else ("No display, or no xdotool: xcb was not measured.",),
    )


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moves", type=int, default=400, help="of the slider (default 400)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(measure(options.moves)))
    else:
        report(options.moves).show(options.json)


if __name__ == "__main__":
    main()
