"""How soon is the window painted after launch, and how soon is the first digit there?

Against ``python -c "import torch"``, each in a process of its own, in turn. The app is the real
one, started as ``vae-studio`` starts it, with an empty home folder; a few lines around it write
down what happens when. On the screen that there is, or without one on Qt's *offscreen* platform.

    python -m benchmarks.start [--rounds 7] [--json]
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python

_PAINTED, _DIGIT = 0.45, 1.3  # of an import of torch

# Times are those of the monotonic clock, which all processes of a machine share.
_APP = """
import gc, sys, time
from vae_studio import cli

times = {}

def note(name):
    times.setdefault(name, time.monotonic())

def watched(options):
    gc.disable()  # as the command does
    from vae_studio import app

    class Watched(app.MainWindow):
        def __init__(self, store, settings):
            super().__init__(store, settings)
            self.painted.connect(lambda: note("painted"))
            store.decoded.connect(self.decoded)

        def decoded(self, result):
            note("digit")
            app.QTimer.singleShot(0, self.close)

    app.MainWindow = Watched
    return window(options)

window, cli._window = cli._window, watched
cli.main([])
print(times["painted"], times["digit"])
"""


def start_of_app(home: Path) -> tuple[float, float]:
    """Seconds from the launch until the window is painted, and until a digit is decoded."""
    began = time.monotonic()
    said = _python("-c", _APP, VAE_STUDIO_HOME=str(home))
    painted, digit = map(float, said.split())
    return painted - began, digit - began


def import_of_torch() -> float:
    """Seconds of a process that imports torch and ends."""
    began = time.monotonic()
    _python("-c", "import torch")
    return time.monotonic() - began


def _python(*arguments: str, **changes: str) -> str:
    environment = os.environ | changes
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or all of ours is compiled at each start
    if not environment.get("DISPLAY") and not environment.get("WAYLAND_DISPLAY"):
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    return python(*arguments, environment=environment)


def measure(rounds: int) -> Report:
    """All figures."""
    torch, painted, digit = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        start_of_app(Path(folder))  # bytecode and files are at hand from now on, for both
        import_of_torch()
        for _ in range(rounds):
            torch.append(import_of_torch())
            one, other = start_of_app(Path(folder))
            painted.append(one)
            digit.append(other)
    unit = "× import torch"
    return Report(
        "Start",
        (
            Line("window painted after launch", _ratio(painted, torch), _PAINTED, unit),
            Line("first digit decoded after launch", _ratio(digit, torch), _DIGIT, unit),
        ),
        (
            Table(
                f"seconds from launch, {rounds} starts",
                ("what", "median", "least", "most"),
                tuple(
                    (name, statistics.median(each), min(each), max(each))
                    for name, each in (
                        ("import torch", torch),
                        ("window painted", painted),
                        ("first digit", digit),
                    )
                ),
            ),
        ),
    )


def _ratio(ours: list[float], torch: list[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, torch, strict=True))


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="starts of each (default 7)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measure(options.rounds).show(options.json)


if __name__ == "__main__":
    main()
