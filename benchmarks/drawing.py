"""How long from the pen to the painted reconstruction, and what does a minute of drawing leave?

Real mouse events go to the canvas of the real window, in the Draw workspace; the time runs from the
event until the reconstruction of that very drawing is painted and on the screen. First with nothing
else to do, then while a training of the same model runs. Between them the hand draws for a minute
without pause, twice: digit after digit, and one endless line; the memory of the process is read all
the while.

    python -m benchmarks.drawing [--moves 600] [--seconds 60] [--model vae-32] [--json]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from benchmarks.exploring import nudge, p99, run_until, start, train_beside
from vae_studio.app import Studio
from vae_studio.core.resources import bundled_path
from vae_studio.core.variants import VARIANTS
from vae_studio.session.requests import EncodeResult
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.training import TrainStatus

_IDLE, _BUSY = 16.7, 33.0  # ms
_FLAT = 8.0  # MB: what a minute may leave
_HAND = 1 / 60  # s between two points, at least
_LEFT, _NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
_FILLS = 220  # strokes after which undo holds all that it may


class Hand(QObject):
    """Draws on the canvas, and notes which drawing the painted reconstruction is of."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        panel = studio.window.panel(DrawPanel)
        self._canvas, self.panel = panel.canvas, panel
        self._painting = self.painted = object()
        self.at = 0.0  # when that was on the screen
        panel.compare.canvas.installEventFilter(self)
        studio.store.reconstructed.connect(self._note)  # after the panel, which paints at once

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._studio.store.last_encoded is not None:
            self._painting = self._studio.store.last_encoded.request.input
        return False

    def _note(self, code: EncodeResult) -> None:
        """The panel has painted it, or it did not: then this drawing never counts as painted."""
        if self._painting == code.request.input:
            self.painted, self.at = self._painting, time.perf_counter()

    def _place(self, x: float, y: float) -> tuple[QWidget, QPoint]:
        side = min(self._canvas.width(), self._canvas.height())
        left, top = (self._canvas.width() - side) / 2, (self._canvas.height() - side) / 2
        point = QPoint(round(left + x * side), round(top + y * side))
        window = self._canvas.window()
        return window, self._canvas.mapTo(window, point)

    def down(self, x: float, y: float) -> None:
        """The button goes down."""
        window, place = self._place(x, y)
        QTest.mousePress(window.windowHandle(), _LEFT, _NO_KEYS, place)

    def move(self, x: float, y: float) -> None:
        """The mouse goes on."""
        window, place = self._place(x, y)
        QTest.mouseMove(window.windowHandle(), place)

    def up(self, x: float, y: float) -> None:
        """The button comes up."""
        window, place = self._place(x, y)
        QTest.mouseRelease(window.windowHandle(), _LEFT, _NO_KEYS, place)

    def moved(self, x: float, y: float) -> float | None:
        """Milliseconds from a move to the painted reconstruction; None where nothing changed."""
        before, started = self._studio.store.state.input, time.perf_counter()
        self.move(x, y)
        now = self._studio.store.state.input
        if now is before:
            return None
        run_until(lambda: self.painted == now)
        return 1000.0 * (self.at - started)

    def rest(self, since: float) -> None:
        """Until the hand's next point, the window lives."""
        end = since + _HAND
        run_until(lambda: time.perf_counter() >= end or nudge())


def anonymous_memory() -> int:
    """Bytes of the process that no file backs; Linux alone says."""
    for text in Path("/proc/self/status").read_text("ascii").splitlines():
        if text.startswith("RssAnon:"):
            return 1024 * int(text.split()[1])
    return 0


def digit(number: int, points: int = 40) -> Iterator[tuple[float, float]]:
    """A curve like a digit's, another one for each number."""
    for index in range(points):
        t = index / (points - 1)
        angle = 2 * math.pi * t * (1 + 0.2 * (number % 7))
        x = 0.5 + (0.16 + 0.02 * (number % 5)) * math.sin(angle + number)
        y = 0.2 + 0.6 * t + 0.05 * math.cos(2 * angle)
        yield x, y


def strokes(hand: Hand, count: int) -> list[float]:
    """Milliseconds from each of ``count`` moves to its painted reconstruction."""
    times: list[float] = []
    number = 0
    while len(times) < count:
        path = list(digit(number))
        hand.down(*path[0])
        for x, y in path[1:]:
            started = time.perf_counter()
            took = hand.moved(x, y)
            times += [] if took is None else [took]
            hand.rest(started)
        hand.up(*path[-1])
        hand.panel.clear_canvas()
        number += 1
    return times[:count]


def a_minute(hand: Hand, seconds: float, endless: bool) -> tuple[float, list[float]]:
    """Megabytes that the process has more at the end, least of the last third against least of the
    first, and the times of the moves. endless: in one line."""
    memory: list[int] = []
    times: list[float] = []
    begin, number, index = time.monotonic(), 0, 0
    path = list(digit(0))
    hand.down(*path[0])
    while time.monotonic() - begin < seconds:
        started = time.perf_counter()
        index += 1
        if endless:
            x = 0.5 + 0.42 * math.sin(0.113 * index)
            y = 0.5 + 0.42 * math.sin(0.071 * index + 1.0)
        elif index < len(path):
            x, y = path[index]
        else:
            hand.up(*path[-1])
            hand.panel.clear_canvas()
            number, index = number + 1, 0
            path = list(digit(number))
            hand.down(*path[0])
            continue
        took = hand.moved(x, y)
        times += [] if took is None else [took]
        if len(times) % 30 == 0:
            memory.append(anonymous_memory())
        hand.rest(started)
    hand.up(0.5, 0.5)
    hand.panel.clear_canvas()
    third = max(1, len(memory) // 3)
    return (min(memory[-third:]) - min(memory[:third])) / 2**20, times


def measure(model: str, moves: int, seconds: float) -> dict[str, float]:
    """All figures."""
    studio = start()
    store = studio.store
    store.open_model(bundled_path("checkpoints") / model)
    run_until(lambda: store.snapshot is not None and store.snapshot.name == model)
    studio.window.workspaces.show_workspace("draw")
    hand = Hand(studio)
    strokes(hand, 60)
    run_until(lambda: store.atlas.is_current)
    idle = strokes(hand, moves)
    figures = {
        "idle_median_ms": statistics.median(idle),
        "idle_p99_ms": p99(idle),
        "idle_target_ms": _IDLE,
    }
    if seconds:
        for number in range(_FILLS):
            hand.down(0.3, 0.3)
            hand.up(0.3, 0.3)
            if number % 10 == 0:
                hand.panel.clear_canvas()
        hand.panel.clear_canvas()
        grown, _ = a_minute(hand, seconds, endless=False)
        longer, late = a_minute(hand, seconds, endless=True)
        figures |= {
            "digits_grown_mb": grown,
            "line_grown_mb": longer,
            "grown_target_mb": _FLAT,
            "line_p99_ms": p99(late),
            "line_last_p99_ms": p99(late[-len(late) // 4 :]),
        }
    train_beside(studio, model)
    busy = strokes(hand, moves)
    assert store.training.view.status is not TrainStatus.IDLE
    studio.window.close()
    return figures | {
        "training_median_ms": statistics.median(busy),
        "training_p99_ms": p99(busy),
        "training_target_ms": _BUSY,
    }


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moves", type=int, default=600, help="of the pen (default 600)")
    parser.add_argument("--seconds", type=float, default=60, help="without pause (default 60)")
    parser.add_argument("--model", default="vae-32", choices=list(VARIANTS))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        figures = measure(options.model, options.moves, options.seconds)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:>22}  {value:8.1f}")


if __name__ == "__main__":
    main()
