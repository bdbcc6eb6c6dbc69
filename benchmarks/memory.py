"""How much memory do starting, exploring and training take, and does it grow?

One window does all in turn: it starts, trains on MNIST for two epochs, shows the map of all 70,000
images and has a slider dragged, and trains again with that map at hand. Meanwhile a thread reads
what the process holds: all of it (VmRSS, libraries and mapped files included), and what no file
backs (RssAnon). Then a process of its own trains and stops over and over, as
``python -m tests.soak --only train_cycles`` does.

    python -m benchmarks.memory [--cycles 200] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
from pathlib import Path

from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python

_PEAK, _CYCLE = 700.0, 0.1  # MB
_EVERY = 0.05  # s between two looks
_MODEL = "vae-32"
_PARTS = ("start", "train", "explore", "train after exploring")


def resident() -> tuple[float, float]:
    """MB that this process holds, and MB of it that no file backs. Linux alone says."""
    found = {"VmRSS": 0.0, "RssAnon": 0.0}
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0]) / 1000
    return found["VmRSS"], found["RssAnon"]


class Watch:
    """peak, anonymous: the most of either since ``reset``, MB."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.reset()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """Begin anew."""
        self.peak, self.anonymous = resident()

    def look(self) -> None:
        """Once more."""
        peak, anonymous = resident()
        self.peak, self.anonymous = max(self.peak, peak), max(self.anonymous, anonymous)

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(_EVERY):
            self.look()


def use() -> dict[str, tuple[float, ...]]:
    """Part -> peak, steady, peak of what no file backs, the same steady; in MB."""
    from benchmarks.exploring import Paints, moves, run_until, start
    from vae_studio.core.spec import TrainConfig
    from vae_studio.core.variants import VARIANTS
    from vae_studio.session.state import MapView
    from vae_studio.ui.training import TrainStatus

    watch, found = Watch(), dict[str, tuple[float, ...]]()

    def note(part: str) -> None:
        steady, anonymous = resident()
        watch.look()
        found[part] = (watch.peak, steady, watch.anonymous, anonymous)
        watch.reset()

    def train() -> None:
        store.launcher.start(VARIANTS[_MODEL], TrainConfig(epochs=2, device="cpu"), _MODEL)
        run_until(lambda: store.training.view.step > 0)
        run_until(lambda: store.training.view.status is TrainStatus.IDLE)

    studio = start()
    store = studio.store
    run_until(lambda: store.atlas.is_current)
    note("start")
    train()
    note("train")
    studio.window.workspaces.show_workspace("explore")
    run_until(lambda: store.atlas.map is not None)
    store.set_view(MapView(crowd=True))
    run_until(lambda: store.atlas.crowd is not None)
    moves(studio, Paints(studio), 100)
    note("explore")
    train()
    note("train after exploring")
    watch.stop()
    studio.window.close()
    return found


def cycles(count: int) -> float:
    """MB that the floor of memory rises in a cycle of training and stopping."""
    from tests.soak.train_cycles import measure

    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        slopes, failures = measure(count, seed=0)
    if failures:
        raise SystemExit("\n".join(failures))
    return slopes["memory"] / 1000


def report(count: int) -> Report:
    """All of it, each part in a process of its own. count: of cycles; 0 for none."""
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"VAE_STUDIO_HOME": home, "QT_QPA_PLATFORM": "offscreen"}
        said = python("-m", "benchmarks.memory", "--part", "use", environment=environment)
    found: dict[str, list[float]] = json.loads(said.splitlines()[-1])
    lines = [
        Line("peak memory of the app while training MNIST", found["train"][0], _PEAK, "MB"),
    ]
    if count:
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        said = python(
            *("-m", "benchmarks.memory", "--part", "cycles", "--cycles", str(count)),
            environment=environment,
        )
        risen = json.loads(said.splitlines()[-1])
        lines.append(Line(f"memory after {count} train and stop cycles", risen, _CYCLE, "MB each"))
    return Report(
        "Memory",
        tuple(lines),
        (
            Table(
                "MB, all of the process, and what no file backs",
                ("part", "peak", "steady", "peak, no file", "steady, no file"),
                tuple((part, *found[part]) for part in _PARTS),
            ),
        ),
    )


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cycles", type=int, default=200, help="of training (default 200)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--part", choices=("use", "cycles"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "use":
        print(json.dumps(use()))
    elif options.part == "cycles":
        print(json.dumps(cycles(options.cycles)))
    else:
        report(options.cycles).show(options.json)


if __name__ == "__main__":
    main()
