"""The ways in for data sets: what is stored, one's own pictures, archives of a known set.

Whatever comes, nothing but a whole set stays in the data folder, and no file stays open.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tests.core.datasets.small_sets import make_known_small
from vae_studio.core import data, vision
from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, parse_idx
from vae_studio.core.datasets.importing import Imported, import_set, preview, suggest
from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.obtain import take_local
from vae_studio.core.datasets.set_writer import SetWriter
from vae_studio.core.datasets.sets_folder import put_back, register_stored, remove_stored, set_aside
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.sources import open_source
from vae_studio.core.datasets.stored import read_stored, verify
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import SpecError, StudioError
from vae_studio.core.variants import VARIANTS
from vae_studio.session import plan as plans
from vae_studio.session.data_jobs import SampleRequest
from vae_studio.ui import data_words
from vae_studio.workers import data_jobs as _  # noqa: F401 - which adds jobs
from vae_studio.workers.jobs import work

if TYPE_CHECKING:
    from tests.soak.hostile_files import Watch
    from vae_studio.core.datasets.skipped import Skipped
    from vae_studio.core.datasets.source import Source

SET, NEIGHBOUR, KNOWN_SET, IMPORTED = "shapes", "neighbour", "fashion-mnist", "imported"
SIDE = 16  # px
_STOP = 1.0  # seconds after which somebody gives up what may take long
_GRACE = 15.0  # seconds in which a thread ends that was left to itself
_LIKE_MNIST = ImportSettings(size=28, colour="grey", invert=True, centre=True)
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


def write_good_sets(parent: Path) -> None:
    """Two small sets in colours, with and without classes."""
    random = np.random.default_rng(0)
    for name, classes in ((SET, ("red", "green", "blue")), (NEIGHBOUR, ())):
        images = random.integers(0, 256, (18, 3, SIDE, SIDE), np.uint8)
        labels = np.arange(18) % max(1, len(classes))
        with SetWriter(parent, name, (3, SIDE, SIDE)) as writer:
            writer.add("train", images[:12], labels[:12])
            writer.add("test", images[12:], labels[12:])
            writer.finish(name, classes, "a licence", "a source", settings=ImportSettings(SIDE))
        DATASETS.pop(name)


def read_plainly(patch: pytest.MonkeyPatch) -> None:
    """Without torchvision, which reads a known set's files once they were found right."""

    class Plain:
        def __init__(self, root: Path, train: bool, download: bool) -> None:
            parts, raw = KNOWN[KNOWN_SET].names, root / KNOWN[KNOWN_SET].reader / "raw"
            images, labels = (
                parse_idx(bytearray((raw / name).read_bytes()), name)
                for name in (parts[:2] if train else parts[2:])
            )
            self.data, self.targets = torch.from_numpy(images), torch.from_numpy(labels)

    module = SimpleNamespace(datasets=SimpleNamespace(**{KNOWN[KNOWN_SET].reader: Plain}))
    patch.setattr(vision, "import_torchvision", lambda: module)


class DataEntries:
    """All of them. folder: where sets are stored. quick: without torchvision, which takes seconds
    to load. Known sets are small ones here, of files whose digests nobody knows."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.folder, self._scratch = folder, folder.with_name("scratch")
        for each in (folder, self._scratch):
            shutil.rmtree(each, ignore_errors=True)
            each.mkdir()
        patch = pytest.MonkeyPatch()  # never undone: the process is a child
        make_known_small(patch)
        if quick:
            read_plainly(patch)
        else:
            assert vision.import_torchvision().datasets  # what it takes is no file's fault
        self._table = dict(DATASETS)

    # A stored set --------------------------------------------------------------------------

    def as_stored(self, watch: Watch, path: Path) -> None:
        """A folder that lies among the stored sets."""
        info: Any = watch.send("read_stored", lambda: read_stored(path))
        watch.send("register_stored", lambda: self._register(watch, path))
        self.restore_table()
        self._send(watch, "verify", lambda stop: verify(path, stop))
        if info is None or info.name in self._table:  # nobody takes MNIST's place
            return
        DATASETS[info.name] = info
        self._send(watch, "load_dataset", lambda stop: _load(info, stop))
        sample = SampleRequest(info)
        self._send(watch, "some of its images", lambda stop: work(sample, stop, _Untold()))
        watch.send("what is said of a set", lambda: _check_words(info))
        watch.send("what a run remembers of it", lambda: _check_record(info))
        watch.send("a plan to train on it", lambda: _check_plans(info))
        watch.send("a set removed, put back, and removed again", lambda: _remove(info))
        self.restore_table()

    def _register(self, watch: Watch, path: Path) -> None:
        for fault in register_stored(path.parent):
            watch.check_sentence("register_stored", fault)
        neighbour = path.parent / NEIGHBOUR
        if neighbour.is_dir() and path.name != NEIGHBOUR and NEIGHBOUR not in DATASETS:
            raise RuntimeError("the set beside it is gone")
        if any(DATASETS.get(name) is not info for name, info in self._table.items()):
            raise RuntimeError("a set took the place of one that ships")

    # Pictures of one's own -----------------------------------------------------------------

    def as_import(self, watch: Watch, path: Path) -> None:
        """A folder, an array or IDX files, from the first look to a stored set."""
        before = _open_files()
        found: Any = self._send(
            watch, "open_source", lambda stop: open_source(path, self._scratch, stop)
        )
        if found is not None:
            with found:
                self._import(watch, found)
            del found  # an array in Fortran's order is mapped until nobody has it any more
        self._check_left(watch, "an import", before)

    def _import(self, watch: Watch, source: Source) -> None:
        found: Any = self._send(watch, "suggest", lambda stop: suggest(source, stop))
        settings = found or ImportSettings()
        for each in (settings, _LIKE_MNIST):
            seen: Any = self._send(
                watch, "preview", lambda stop, each=each: preview(source, each, should_stop=stop)
            )
            if seen is not None:
                _check_skipped(watch, "preview", seen.skipped)

        def make(stop: ShouldStop) -> Imported | None:
            self._forget(IMPORTED)  # which took long the first time
            return import_set(source, settings, self.folder, IMPORTED, source.title, stop)

        made: Any = self._send(watch, "import_set", make)
        if made is not None:
            _check_skipped(watch, "import_set", made.skipped)
            watch.send("what was imported", lambda: _check_import(made, source))

    # A known set of one's own files --------------------------------------------------------

    def as_local(self, watch: Watch, path: Path) -> None:
        """A folder, a file or an archive that should be a known set."""
        before = _open_files()

        def take(stop: ShouldStop) -> DatasetInfo | None:
            self._forget(KNOWN_SET)
            return take_local(KNOWN_SET, path, self.folder, stop, _Untold())

        made: Any = self._send(watch, "take_local", take)
        if made is not None:
            watch.send("what was taken", lambda: _check_whole(made))
        self._check_left(watch, "take_local", before)

    # What all of them keep to --------------------------------------------------------------

    def _send(self, watch: Watch, entry: str, call: Callable[[ShouldStop], object]) -> object:
        """What may take long is told to stop after a second, and then must end at once."""

        def once() -> object:
            end = time.monotonic() + (_STOP if watch.slow else 3600.0)
            try:
                return call(lambda: time.monotonic() > end)
            except LoadingStoppedError:
                return None

        return watch.send(entry, once)

    def _forget(self, name: str) -> None:
        DATASETS.pop(name, None)
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def _check_left(self, watch: Watch, entry: str, before: set[str]) -> None:
        """Nothing lies in the data folder but a whole set; then neither does that."""
        for thread in threading.enumerate():
            if thread.name.startswith("pictures "):  # in the midst of one when all was given up
                thread.join(_GRACE)
                if thread.is_alive():
                    watch.faults.append(f"{entry} leaves a thread that does not end")
        for folder in (self.folder, self._scratch):
            for path in sorted(folder.iterdir()):
                if folder != self.folder or path.name not in (IMPORTED, KNOWN_SET):
                    watch.faults.append(f"{entry} leaves {path.name[:60]!r} in {folder.name}")
                shutil.rmtree(path, ignore_errors=True)
        self.restore_table()
        opened = _open_files() - before
        if opened:
            watch.faults.append(f"{entry} leaves files open: {sorted(opened)[:3]}")

    def restore_table(self) -> None:
        """Forget what was registered."""
        DATASETS.clear()
        DATASETS.update(self._table)


class _Untold:
    """Progress that nobody sees."""

    def __call__(self, share: float) -> None:
        if not 0.0 <= share <= 1.0:
            raise RuntimeError(f"a share of {share}")

    def show(self, result: object) -> None: ...


def _open_files() -> set[str]:
    """What this process holds open, but for what it learns of itself by that."""
    found = set()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(f"{path.name} {path.readlink()}")
    return {each for each in found if "/proc/" not in each}


def _load(info: DatasetInfo, stop: ShouldStop) -> None:
    """Its first, middle and last images are what they should be."""
    pair = data.load_dataset(info.name, stop)
    if pair is None:
        return
    for half, count in ((pair.train, info.train), (pair.test, info.test)):
        if len(half) != count or len(half.labels) != count:
            raise RuntimeError(f"{len(half)} images where {count} should be")
        x, labels = half.batch(torch.tensor([0, count // 2, count - 1]))
        if tuple(x.shape[1:]) != info.image_shape:
            raise RuntimeError(f"images of {tuple(x.shape)}")
        if not 0 <= int(labels.min()) <= int(labels.max()) < max(1, len(info.class_names)):
            raise RuntimeError("labels out of range")


def _check_words(info: DatasetInfo) -> None:
    """What the window shows of it holds nothing that is not seen."""
    said = [data_words.shape_text(info), data_words.place_text(info)]
    said += [text for fact in data_words.facts(info) for text in fact]
    for text in (*said, info.title, *info.class_names):
        if any(unicodedata.category(sign) in _UNSEEN for sign in text):
            raise RuntimeError(f"it shows {text[:60]!r}")


def _check_record(info: DatasetInfo) -> None:
    """A run that learns it can write what it learnt, and read it again."""
    written = replace(info, load=None).to_dict()
    text = json.dumps(written, ensure_ascii=False, allow_nan=False).encode()
    if DatasetInfo.from_dict(json.loads(text)).to_dict() != written:
        raise RuntimeError("a run would remember something else")


def _check_plans(info: DatasetInfo) -> None:
    """It can be chosen in the window, whichever model was chosen before."""
    for variant in VARIANTS:
        try:
            plan = plans.with_value(plans.preset(variant), "dataset", info.name)
            plans.preset(plans.for_larger_images(plan), info.name)
            plans.problems(plan)
        except SpecError as error:
            raise RuntimeError(f"choosing it with {variant}: {error}") from error


def _remove(info: DatasetInfo) -> None:
    put_back(info, set_aside(info))
    remove_stored(info)


def _check_skipped(watch: Watch, entry: str, skipped: tuple[Skipped, ...]) -> None:
    """There is a reason for each that can be read."""
    for each in skipped[:50]:
        watch.check_sentence(entry, StudioError(each.code, **each.params))


def _check_whole(info: DatasetInfo) -> None:
    folder: Any = info.load  # a stored set's loader
    found = verify(folder.folder)
    assert found is not None
    _check_words(found)
    _load(found, lambda: False)
    names = found.class_names
    if len(set(names)) != len(names) or not all(names):
        raise RuntimeError(f"names of classes: {names[:20]}")


def _check_import(made: Imported, source: Source) -> None:
    _check_whole(made.info)
    images = made.info.train + made.info.test
    if images + len(made.skipped) != source.count + len(source.skipped):
        raise RuntimeError(f"{images} images of {source.count}, {len(made.skipped)} skipped")
    folder: Any = made.info.load
    if (folder.folder / "skipped.csv").exists() != bool(made.skipped):
        raise RuntimeError("skipped.csv does not fit what was skipped")
