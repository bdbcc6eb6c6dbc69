"""Does a large set of pictures import and train without being held in memory?

Random pictures are written as an array file, imported, and trained on by ``conv-vae``, in a folder
that goes afterwards. Meanwhile a thread reads how much anonymous memory the process has, RssAnon of
/proc/self/status: what is mapped from files is not in it.

    python -m benchmarks.large_sets [--images 100000] [--size 64] [--steps 200] [--json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.memory import Watch

_LIMIT = 1000.0  # MB
_AT_ONCE = 1000  # pictures written at once


def write_pictures(path: Path, count: int, size: int) -> None:
    """Soft blots in random colours, as uint8 [N, H, W, 3] in an .npy file."""
    random = np.random.default_rng(0)
    file = np.lib.format.open_memmap(path, "w+", np.uint8, (count, size, size, 3))
    down, across = np.indices((size, size)) / size
    for start in range(0, count, _AT_ONCE):
        number = min(_AT_ONCE, count - start)
        x, y, width = random.uniform(0.2, 0.8, (3, number, 1, 1))
        blots = np.exp(-((across - x) ** 2 + (down - y) ** 2) / (0.3 * width) ** 2)
        colours = random.uniform(0, 255, (2, number, 1, 1, 3))
        shares = blots[..., np.newaxis]
        file[start : start + number] = colours[0] * shares + colours[1] * (1 - shares)
    file.flush()


def train_some(name: str, steps: int) -> int:
    """Train ``conv-vae`` on that set for so many steps; how many there were."""
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import load_dataset
    from vae_studio.core.datasets.table import DATASETS
    from vae_studio.core.events import StepDone
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.spec import TrainConfig
    from vae_studio.core.trainer import new_state, train
    from vae_studio.core.variants import variant_for

    keep_freed_memory()
    spec = variant_for("conv-vae", DATASETS[name])
    state = new_state(spec, replace(TrainConfig(), dataset=name, device="cpu"))
    events = train(state, load_dataset(name), TrainControl())
    return sum(isinstance(event, StepDone) for event in itertools.islice(events, steps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, float] = {"images": options.images, "size": options.size}
    watch = Watch()

    @contextmanager
    def measured(name: str) -> Iterator[None]:
        watch.reset()
        begun = time.perf_counter()
        yield
        figures[f"{name}_seconds"] = round(time.perf_counter() - begun, 1)
        watch.look()
        figures[f"{name}_mb"] = round(watch.anonymous)

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pictures(folder / "blots.npy", options.images, options.size)
        from vae_studio.core.datasets.importing import import_set
        from vae_studio.core.datasets.settings import ImportSettings
        from vae_studio.core.datasets.sources import open_source

        settings = ImportSettings(size=options.size)
        with measured("import"), open_source(folder / "blots.npy") as source:
            made = import_set(source, settings, folder, "blots", "Blots")
        assert made is not None  # nobody stopped it
        figures["imported"] = made.info.train + made.info.test
        (folder / "blots.npy").unlink()
        with measured("train"):
            figures["steps"] = train_some("blots", options.steps)
    watch.stop()
    if options.json:
        print(json.dumps(figures, indent=1))
        return
    size, count = options.size, options.images
    print(f"{count:,} pictures of {size} × {size} × 3, {3e-6 * count * size**2:,.0f} MB of pixels")
    for part in ("import", "train"):
        seconds, peak = figures[f"{part}_seconds"], figures[f"{part}_mb"]
        print(f"{part:<8} {seconds:8.1f} s   RssAnon at most {peak:6.0f} MB  (limit {_LIMIT:.0f})")
    print(f"{figures['imported']:,} imported, {figures['steps']} steps trained")


if __name__ == "__main__":
    main()
