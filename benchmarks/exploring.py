"""How long from the hand to the picture, and how fluently does the map move?

A slider of the real window is moved over and over, each time to another value; the time runs until
the picture of that very point is painted. First with nothing else to do, then while a training of
the same model runs. Then the map is panned and zoomed with all 70,000 images on it; each frame is
painted whole.

With ``--sizes``, what it costs to have more latent dimensions: models of each size are trained for
a moment, then opened in the Explore workspace. ``stall``: the longest time that the window did not
answer meanwhile.

    python -m benchmarks.exploring [--moves 400] [--frames 200] [--model vae-32] [--json]
    python -m benchmarks.exploring --sizes 2 16 64 512 [--moves 400]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, QEventLoop, QObject
from PySide6.QtWidgets import QApplication

from vae_studio.app import Studio, build, make_application
from vae_studio.core.memory import share_freed_memory
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.state import MapView
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainStatus

_IDLE, _BUSY, _FRAMES = 16.7, 33.0, 30.0  # ms, ms, frames a second
_HAND = 1 / 60  # s between two moves, at least


def run_until(done: object, seconds: float = 120.0) -> None:
    """Let the window live until ``done()``; it sleeps between events, as it does under a hand."""
    assert callable(done)
    end = time.monotonic() + seconds
    while not done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.monotonic() > end:
            raise TimeoutError("the window does not answer")


class Paints(QObject):
    """Notes when the picture was painted, and of which point."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._store = studio.store
        self.shown: tuple[float, ...] = ()
        studio.window.panel(DecodedPanel).picture.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint and self._store.last_decoded is not None:
            self.shown = self._store.last_decoded.request.latent.z
        return False


def start() -> Studio:
    """The window, its first digit shown."""
    share_freed_memory()  # as the app does, and what follows, too
    sys.setswitchinterval(0.001)
    studio = build(make_application(), seed=7)
    studio.store.device_known.connect(lambda *_: gc.freeze())
    studio.window.resize(1280, 800)
    studio.window.show()
    studio.lifecycle.begin()
    run_until(lambda: studio.store.last_decoded is not None)
    return studio


def moves(studio: Studio, paints: Paints, count: int) -> list[float]:
    """Milliseconds from each move of the first slider to its painted picture."""
    slider = studio.window.panel(SlidersPanel).rows[0].slider
    times = []
    for index in range(count):
        value = -2.5 + 5.0 * ((index * 37) % count) / count
        started = time.perf_counter()
        slider.setValue(value)
        run_until(lambda: paints.shown == studio.store.state.latent.z)
        times.append(1000.0 * (time.perf_counter() - started))
        pause = time.perf_counter() + max(0.0, _HAND - (time.perf_counter() - started))
        run_until(lambda pause=pause: time.perf_counter() >= pause or nudge())
    return times


def nudge(seconds: float = 0.001) -> bool:
    """Keep ``run_until`` from sleeping for good while nothing happens; False, after a moment."""
    time.sleep(seconds)
    QApplication.postEvent(QApplication.instance(), QEvent(QEvent.Type.User))
    return False


def frames(panel: MapPanel, count: int) -> list[float]:
    """Milliseconds of each frame, while the map is dragged and zoomed."""
    canvas, times = panel.canvas, []
    for index in range(count):
        started = time.perf_counter()
        if index % 2:
            canvas.zoom(1.05 if index % 20 < 10 else 1 / 1.05)
        else:
            step = 12 if index % 40 < 20 else -12
            view = canvas.view
            canvas._look(replace(view, x=view.x + step / view.scale))
        canvas.repaint()
        times.append(1000.0 * (time.perf_counter() - started))
    return times


def train_one(size: int, folder: Path) -> Path:
    """A run of a model with ``size`` latent dimensions, after one epoch of 2,000 images."""
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import load_dataset
    from vae_studio.core.recorder import RunRecorder
    from vae_studio.core.trainer import new_state, train

    spec = replace(VARIANTS["vae-32"], latent_dim=size)
    config = TrainConfig(epochs=1, train_size=2000, device="cpu")
    with RunRecorder(folder, new_state(spec, config), folder.name) as recorder:
        for event in train(recorder.state, load_dataset(config.dataset), TrainControl()):
            recorder.record(event)
    return folder


def stall(done: Callable[[], bool]) -> float:
    """The longest turn of the window's event loop until ``done()``, in ms."""
    longest = 0.0
    while not done():
        started = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, time.perf_counter() - started)
        time.sleep(0.001)
    return 1000.0 * longest


def sizes(wanted: Sequence[int], move_count: int, home: Path) -> list[dict[str, float]]:
    """A row for each number of latent dimensions."""
    runs = {size: train_one(size, home / "runs" / f"z{size}") for size in wanted}
    studio = start()
    store, rows = studio.store, []
    studio.window.workspaces.show_workspace("explore")
    run_until(lambda: store.atlas.map is not None)
    paints = Paints(studio)
    for size, run in runs.items():
        started = time.perf_counter()
        store.open_model(run)
        opened = stall(lambda run=run: paints.shown == store.state.latent.z and _is_at(store, run))
        seconds = time.perf_counter() - started
        surveyed = stall(lambda size=size: _is_idle(studio, size))
        moves(studio, paints, 20)
        idle = moves(studio, paints, move_count)
        rows.append(
            {
                "latent_dim": size,
                "digit_ms": 1000.0 * seconds,
                "stall_opening_ms": opened,
                "stall_survey_ms": surveyed,
                "idle_median_ms": statistics.median(idle),
                "idle_p99_ms": p99(idle),
                "idle_target_ms": _IDLE,
            }
        )
    studio.window.close()
    return rows


def _is_idle(studio: Studio, size: int) -> bool:
    """Whether survey and map are of the weights on show, and every slider is there."""
    atlas, panel = studio.store.atlas, studio.window.panel(SlidersPanel)
    mapped = atlas.map is not None and atlas.map.request.survey is atlas.survey
    return atlas.is_current and mapped and len(panel.rows) == size and panel.is_complete


def _is_at(store: Store, run: Path) -> bool:
    return store.state.model == str(run) and store.fits


def train_beside(studio: Studio, model: str) -> None:
    """Train that model for a long time, while the one that ships is on show."""
    store = studio.store
    store.launcher.start(VARIANTS[model], TrainConfig(epochs=50, device="cpu"), model)
    run_until(lambda: store.training.view.step > 20)
    store.follow(False)
    store.open_model(bundled_path("checkpoints") / model)
    run_until(lambda: store.state.model.endswith(model) and store.snapshot is not None)
    run_until(lambda: store.atlas.is_current)


def p99(times: list[float]) -> float:
    """The time that 99 % stay below."""
    return statistics.quantiles(times, n=100)[98]


def measure(model: str, move_count: int, frame_count: int) -> dict[str, float]:
    """All figures."""
    studio = start()
    store = studio.store
    store.open_model(bundled_path("checkpoints") / model)
    run_until(lambda: store.snapshot is not None and store.snapshot.name == model)
    studio.window.workspaces.show_workspace("explore")
    run_until(lambda: store.atlas.map is not None)
    paints = Paints(studio)
    moves(studio, paints, 20)
    idle = moves(studio, paints, move_count)
    panel = studio.window.panel(MapPanel)
    store.set_view(MapView(crowd=True))
    run_until(lambda: store.atlas.crowd is not None)
    points = sum(len(group.places) for group in panel.canvas.groups)
    drawn = frames(panel, frame_count)
    store.set_view(MapView())
    train_beside(studio, model)
    busy = moves(studio, paints, move_count)
    assert store.training.view.status is not TrainStatus.IDLE
    studio.window.close()
    return {
        "latent_dim": VARIANTS[model].latent_dim,
        "idle_median_ms": statistics.median(idle),
        "idle_p99_ms": p99(idle),
        "idle_target_ms": _IDLE,
        "training_median_ms": statistics.median(busy),
        "training_p99_ms": p99(busy),
        "training_target_ms": _BUSY,
        "map_points": points,
        "map_median_ms": statistics.median(drawn),
        "map_p99_ms": p99(drawn),
        "map_frames_a_second": 1000.0 / statistics.fmean(drawn),
        "map_target": _FRAMES,
    }


def _table(rows: Sequence[Mapping[str, float]]) -> str:
    names = list(rows[0])
    lines = ["  ".join(f"{name:>16}" for name in names)]
    lines += ["  ".join(f"{row[name]:>16.1f}" for name in names) for row in rows]
    return "\n".join(lines)


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--moves", type=int, default=400, help="of the slider (default 400)")
    parser.add_argument("--frames", type=int, default=200, help="of the map (default 200)")
    parser.add_argument("--model", default="vae-32", choices=list(VARIANTS))
    parser.add_argument("--sizes", type=int, nargs="+", help="latent dimensions, each in turn")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        if options.sizes:
            rows = sizes(options.sizes, options.moves, Path(home))
            print(json.dumps(rows, indent=1) if options.json else _table(rows))
            return
        figures = measure(options.model, options.moves, options.frames)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:22} {value:>9.1f}")


if __name__ == "__main__":
    main()
