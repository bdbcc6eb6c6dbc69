"""How long until a moment of a run is on the screen, while its line is dragged?

A vae-32 is trained on a part of MNIST until it has its 64 moments; then the real window goes to
one after the other, in random order. The time runs from the hand to the painted picture of the
present z, the reconstruction of a drawing, and the samples, all of that moment's weights.

    python -m benchmarks.time_machine [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication

from benchmarks.exploring import run_until, start
from vae_studio.app import Studio
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.training import TrainStatus

_TARGET = 33.0  # ms
_CONFIG = TrainConfig(epochs=12, train_size=12_000, device="cpu")
_STROKE = Stroke(((0.3, 0.3), (0.7, 0.3), (0.5, 0.5), (0.4, 0.8)), 0.08)


def shows(studio: Studio, step: int) -> bool:
    """Whether picture, reconstruction and samples are all of that moment."""
    store = studio.store
    samples = studio.window.panel(SamplesPanel).shown
    results = (store.last_decoded, store.last_encoded, samples)
    return store.snapshot is not None and all(
        result is not None
        and result.request.snapshot is store.snapshot
        and result.request.snapshot.step == step
        for result in results
    )


def measure(rounds: int) -> list[float]:
    """Milliseconds of each moment that was gone to."""
    studio = start()
    store = studio.store
    store.launcher.start(VARIANTS["vae-32"], _CONFIG, "vae-32")
    run_until(lambda: store.training.view.status is TrainStatus.IDLE, 600.0)
    store.set_strokes((_STROKE,))
    run_until(lambda: store.last_encoded is not None)
    steps, times = list(store.time_machine.moments), []
    assert len(steps) == 64
    for seed in range(rounds):
        random.Random(seed).shuffle(steps)
        for step in steps:
            started = time.perf_counter()
            store.time_machine.go_to(step)
            run_until(lambda step=step: shows(studio, step))
            QApplication.processEvents()  # paints
            times.append(1000.0 * (time.perf_counter() - started))
    studio.window.close()
    return times


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="times through all 64 (default 5)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        times = measure(options.rounds)
        files = list(Path(home).glob("runs/*/history/*"))
        size = sum(file.stat().st_size for file in files) / 1e6
    cuts = statistics.quantiles(times, n=100)
    figures = {
        "moments": len(files),
        "megabytes": round(size, 1),
        "median_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "largest_ms": round(max(times), 1),
        "target_ms": _TARGET,
    }
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:12} {value:>8}")


if __name__ == "__main__":
    main()
