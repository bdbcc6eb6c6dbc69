"""What does it cost to grow?

Latent dimensions from 2 to 512, images from 28 to 128 px, data sets of 10⁴ to 10⁶ images, maps of
up to 70,000 points, lists of up to 1,000 runs. Each table says where it stops being interactive:
the first size at which an answer takes longer than a frame of 60 Hz.

    python -m benchmarks.growth [--only latent images data map runs] [--quick] [--json]

``--quick`` leaves out the largest sizes of what takes minutes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lines import Report, Table
from benchmarks.processes import python

_FRAME = 16.7  # ms
_LATENT, _QUICK_LATENT = (2, 16, 64, 128, 256, 512), (2, 64, 512)
_SIDES = (28, 32, 64, 96, 128)
_IMAGES, _QUICK_IMAGES = (10_000, 100_000, 1_000_000), (10_000, 100_000)
_POINTS = (10_000, 20_000, 40_000, 70_000)
_RUNS = (10, 100, 1000)

Rows = list[list[float | str]]


def latent(quick: bool) -> Rows:
    """Dimensions; then ms: from a click on a model to its digit, the longest turn of the event loop
    meanwhile and while sliders and map are made, and from a slider to the picture."""
    from benchmarks.exploring import sizes

    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        found = sizes(_QUICK_LATENT if quick else _LATENT, 100, Path(home))
    names = ("latent_dim", "digit_ms", "stall_opening_ms", "stall_survey_ms")
    return [[row[name] for name in (*names, "idle_median_ms", "idle_p99_ms")] for row in found]


def images(quick: bool) -> Rows:
    """Architecture and side; then parameters, ms to decode one image and to encode and decode it,
    and seconds to train on 1,000 images."""
    import torch

    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import Dataset, DatasetPair
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.model import parameter_count
    from vae_studio.core.spec import TrainConfig
    from vae_studio.core.trainer import new_state, train
    from vae_studio.core.variants import VARIANTS
    from vae_studio.workers.compute import compute_alone, compute_with_all

    keep_freed_memory()
    rows: Rows = []
    for name, side in itertools.product(("vae-32", "conv-vae"), _SIDES):
        spec = replace(VARIANTS[name], image_shape=(1, side, side))
        pixels = torch.randint(256, (2048, 1, side, side), dtype=torch.uint8)
        data = Dataset(pixels, torch.zeros(len(pixels), dtype=torch.int64))
        state = new_state(spec, TrainConfig(dataset="", epochs=2, device="cpu"))
        events = train(state, DatasetPair(data, data), TrainControl())
        next(events)
        steps = 2 if quick else 6
        began = time.perf_counter()
        for _ in range(steps):
            next(events)
        trained = (time.perf_counter() - began) / (steps * 0.128)
        model = state.model.eval()
        x, z = data.batch(torch.arange(1))[0], torch.zeros(1, spec.latent_dim)
        compute_alone()  # as exploring does
        with torch.no_grad():
            decoded = _median(partial(model.decode, z))
            both = _median(partial(model, x))
        compute_with_all()
        rows.append([f"{name} {side}", parameter_count(spec), decoded, both, trained])
    return rows


def _median(act: Callable[[], object], times: int = 20) -> float:
    """ms; the first is not counted."""
    found = []
    for _ in range(times + 1):
        began = time.perf_counter()
        act()
        found.append(1000.0 * (time.perf_counter() - began))
    return statistics.median(found[1:])


def data(quick: bool) -> Rows:
    """Images of 28 × 28; then seconds to import them, ms to open the set, ms for a training step,
    and MB that no file backs, at most, while importing and while training."""
    found: Rows = []
    for count in _QUICK_IMAGES if quick else _IMAGES:
        with tempfile.TemporaryDirectory() as folder:
            said = python("-m", "benchmarks.growth", "--set", str(count), folder)
        found.append([count, *json.loads(said.splitlines()[-1])])
    return found


def one_set(count: int, folder: Path) -> list[float]:
    """The figures of one size, in a process that does nothing else."""
    from benchmarks.memory import Watch
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import load_dataset
    from vae_studio.core.datasets.importing import import_set
    from vae_studio.core.datasets.settings import ImportSettings
    from vae_studio.core.datasets.sources import open_source
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.spec import TrainConfig
    from vae_studio.core.trainer import new_state, train
    from vae_studio.core.variants import variant

    source = folder / "noise.npy"
    random = np.random.default_rng(0)
    file = np.lib.format.open_memmap(source, "w+", np.uint8, (count, 28, 28))
    for start in range(0, count, 10_000):
        file[start : start + 10_000] = random.integers(0, 256, (10_000, 28, 28), np.uint8)
    file.flush()
    del file
    watch = Watch()
    began = time.perf_counter()
    with open_source(source) as opened:
        import_set(opened, ImportSettings(size=28), folder, "noise", "Noise")
    imported = time.perf_counter() - began
    watch.look()
    importing = watch.anonymous
    source.unlink()
    keep_freed_memory()
    began = time.perf_counter()
    pair = load_dataset("noise")
    opening = 1000.0 * (time.perf_counter() - began)
    config = TrainConfig(dataset="noise", epochs=1, device="cpu")
    spec = replace(variant("vae-32"), image_shape=pair.train.images.shape[1:])
    events = train(new_state(spec, config), pair, TrainControl())
    watch.reset()
    next(events)
    began, steps = time.perf_counter(), 70
    for _ in range(steps):
        next(events)
    step = 1000.0 * (time.perf_counter() - began) / steps
    watch.look()
    watch.stop()
    return [imported, opening, step, importing, watch.anonymous]


def points(quick: bool) -> Rows:
    """Points on the map; then ms to paint a frame while it is dragged and zoomed, and ms to put
    them there. The last row has all of MNIST."""
    from benchmarks.exploring import frames, p99, run_until, start
    from vae_studio.session.state import MapView
    from vae_studio.ui.panels.map.panel import MapPanel

    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        studio = start()
        store = studio.store
        studio.window.workspaces.show_workspace("explore")
        run_until(lambda: store.atlas.map is not None)
        store.set_view(MapView(crowd=True))
        run_until(lambda: store.atlas.crowd is not None)
        canvas = studio.window.panel(MapPanel).canvas
        run_until(lambda: len(canvas.groups) == 2)
        crowd, tests = canvas.groups
        rows: Rows = []
        for count in _POINTS:
            rest = count - len(tests.places)
            part = replace(crowd, places=crowd.places[:rest], labels=crowd.labels[:rest])
            began = time.perf_counter()
            canvas.set_points((part, tests), tuple("0123456789"))
            canvas.repaint()
            put = 1000.0 * (time.perf_counter() - began)
            drawn = frames(studio.window.panel(MapPanel), 40 if quick else 100)
            rows.append([count, statistics.median(drawn), p99(drawn), put])
        studio.window.close()
    return rows


def runs(quick: bool) -> Rows:
    """Runs in the list; then seconds from launch until the first digit and until the table has them
    all, ms of the longest turn of the event loop meanwhile, and ms for a letter in the filter."""
    with tempfile.TemporaryDirectory() as folder:
        from benchmarks.exploring import train_one

        first = train_one(2, Path(folder) / "first")
        found: Rows = []
        for count in _RUNS:
            home = Path(folder) / str(count)
            for number in range(count):
                shutil.copytree(first, home / "runs" / f"run-{number:04}")
            environment = os.environ | {"VAE_STUDIO_HOME": str(home)}
            said = python("-m", "benchmarks.growth", "--list", str(count), environment=environment)
            found.append([count, *json.loads(said.splitlines()[-1])])
    return found


def one_list(count: int) -> list[float]:
    """The figures of one length, in a process of its own."""
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from benchmarks.exploring import stall, start
    from vae_studio.ui.panels.runs.panel import RunsPanel

    began = time.perf_counter()
    studio = start()
    digit = time.perf_counter() - began
    began = time.perf_counter()
    studio.window.workspaces.show_workspace("compare")
    panel = studio.window.panel(RunsPanel)
    shown = 1000.0 * (time.perf_counter() - began)
    longest = max(shown, stall(lambda: sum(row.is_own for row in panel.model.rows) == count))
    listed = time.perf_counter() - began
    letters = []
    for letter in "run-0":
        began = time.perf_counter()
        QTest.keyClicks(panel.filter_box, letter)
        QApplication.processEvents()
        letters.append(1000.0 * (time.perf_counter() - began))
    studio.window.close()
    return [digit, listed, longest, max(letters)]


_TABLES: dict[str, tuple[Callable[[bool], Rows], str, tuple[str, ...], int | None]] = {
    "latent": (
        latent,
        "Latent dimensions, ms",
        ("z", "click to digit", "stall, digit", "stall, rest", "slider median", "slider p99"),
        -1,
    ),
    "images": (
        images,
        "Images, px",
        ("model", "parameters", "decode ms", "and encode ms", "s for 1,000 in training"),
        2,
    ),
    "data": (
        data,
        "Images in the data set, 28 × 28",
        ("images", "import s", "open ms", "step ms", "MB importing", "MB training"),
        None,
    ),
    "map": (points, "Points on the map, ms", ("points", "frame median", "p99", "put there"), 1),
    "runs": (
        runs,
        "Runs in the list",
        ("runs", "digit s", "listed s", "stall ms", "letter ms"),
        4,
    ),
}


def report(wanted: Iterable[str], quick: bool) -> Report:
    """Each table in a process of its own."""
    tables, notes = [], []
    for name in wanted:
        _, title, header, column = _TABLES[name]
        arguments = ["-m", "benchmarks.growth", "--table", name, *(["--quick"] if quick else [])]
        said = python(*arguments, environment={"QT_QPA_PLATFORM": "offscreen", **os.environ})
        rows: list[list[Any]] = json.loads(said.splitlines()[-1])
        tables.append(Table(title, header, tuple(map(tuple, rows))))
        if column is not None:
            slow = [row[0] for row in rows if row[column] > _FRAME]
            where = f"stops being interactive at {slow[0]}" if slow else "interactive throughout"
            notes.append(f"{title}: {where} ({header[column]} against {_FRAME} ms).")
    return Report("Growth", (), tuple(tables), tuple(notes))


def main() -> None:
    """Print tables, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(_TABLES), default=list(_TABLES))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--table", choices=list(_TABLES), help=argparse.SUPPRESS)
    parser.add_argument("--set", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--list", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.table:
        print(json.dumps(_TABLES[options.table][0](options.quick)))
    elif options.set:
        print(json.dumps(one_set(int(options.set[0]), Path(options.set[1]))))
    elif options.list is not None:
        print(json.dumps(one_list(options.list)))
    else:
        report(options.only, options.quick).show(options.json)


if __name__ == "__main__":
    main()
