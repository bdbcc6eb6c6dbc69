"""A person's own pictures -> a stored data set: a first look, settings that suit, the import.

No torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.arrays import Range
from vae_studio.core.datasets.fitting import fit, least_needed
from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.in_order import in_order
from vae_studio.core.datasets.set_writer import SetWriter
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.skipped import CSV, Skipped, skipped_by, skipped_csv
from vae_studio.core.datasets.source import Source
from vae_studio.core.datasets.stored import PartName
from vae_studio.core.datasets.suggesting import suggest
from vae_studio.core.datasets.table import DatasetInfo, extremes_of
from vae_studio.core.datasets.unpack import check_room
from vae_studio.core.errors import DatasetError, ImageError
from vae_studio.core.runs import clean_name
from vae_studio.core.spec import Likelihood

__all__ = ["Imported", "Preview", "import_set", "preview", "suggest"]

_TRIES = 4  # times as many pictures as a preview wants
_BATCH = 64  # images that are written at once
_TOLD = 0.05  # s between two words on the progress
_MAX_TITLE = 200

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Preview:
    """images: uint8 [n, C, H, W]. labels: int64 [n] into the source's classes. skipped: which of
    those that were tried cannot be read. extremes: the share of values near 0 or 1. limits: what
    is black and white in an array."""

    images: Images
    labels: Labels
    skipped: tuple[Skipped, ...]
    extremes: float
    limits: Range | None

    @property
    def likelihood(self) -> Likelihood:
        """What would fit these pixels, as of the set that was imported."""
        info = DatasetInfo("preview", "", (1, 1, 1), (), 0, 0, "", extremes=self.extremes)
        return info.likelihood


@dataclass(frozen=True, eq=False)
class Imported:
    """info: of the set, which is in ``DATASETS``. skipped: what is not in it; the same stands in
    its ``skipped.csv``."""

    info: DatasetInfo
    skipped: tuple[Skipped, ...]


def preview(
    source: Source,
    settings: ImportSettings,
    count: int = 16,
    seed: int = 0,
    should_stop: ShouldStop = never,
) -> Preview:
    """Some pictures, chosen by ``seed``, as an import would make them.

    There may be fewer where many cannot be read. Raises ``DatasetError``, and
    ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    order = np.random.default_rng(seed).permutation(source.count)[: _TRIES * count].tolist()
    images: list[Images] = []
    labels: list[int] = []
    skipped: list[Skipped] = []
    while order and len(images) < count:
        wanted = count - len(images)
        now, order = order[:wanted], order[wanted:]
        with in_order(_Reader(source, settings), now, should_stop) as answers:
            for index, answer in zip(now, answers, strict=True):
                if isinstance(answer, Skipped):
                    skipped.append(answer)
                else:
                    images.append(answer)
                    labels.append(int(source.labels[index]))
    made = np.stack(images) if images else np.zeros((0, *settings.image_shape), np.uint8)
    return Preview(
        images=made,
        labels=np.array(labels, np.int64),
        skipped=tuple(skipped),
        extremes=extremes_of(made) / max(1, made.size),
        limits=source.limits,
    )


def import_set(
    source: Source,
    settings: ImportSettings,
    parent: Path,
    name: str,
    title: str,
    should_stop: ShouldStop = never,
    progress: Callable[[float], object] = lambda share: None,
    replace_old: bool = False,
    licence: str = "",
    threads: int | None = None,
) -> Imported | None:
    """Make a stored set ``parent/name`` of a source, which stays as it is.

    The order is drawn by ``settings.seed``. Of each class ``test_share`` is kept for testing, and
    at least one image where there are two, unless the source says which; what cannot be read is
    left out, and so are classes without any image. The result does not depend on ``threads``.
    progress: told the share that is done.

    None soon after ``should_stop`` says yes; nothing is left behind then. Raises ``DatasetError``:
    what ``SetWriter`` raises, ``import.no_room``, ``import.nothing_readable``, ``import.changed``.
    """
    order: list[int] = np.random.default_rng(settings.seed).permutation(source.count).tolist()
    work, next_told = _Reader(source, settings), 0.0
    writer = SetWriter(parent, name, settings.image_shape, replace_old)
    try:
        present = _present(source, work, order, should_stop, threads)
        named = present if len(present) > 1 else ()  # one class says nothing
        sink = _Sink(writer, source, settings, present)
        skipped: dict[int, Skipped] = {}
        with writer:
            pixels = int(np.prod(settings.image_shape))
            check_room(writer.folder, source.count * (pixels + 2), parent)
            with in_order(work, order, should_stop, threads) as answers:
                for done, (index, answer) in enumerate(zip(order, answers, strict=True), 1):
                    if isinstance(answer, Skipped):
                        skipped[index] = answer
                    else:
                        sink.add(answer, index)
                    if time.monotonic() >= next_told or done == source.count:
                        progress(done / source.count)
                        next_told = time.monotonic() + _TOLD
            sink.end()
            if should_stop():
                return None
            left_out = (*source.skipped, *(skipped[index] for index in sorted(skipped)))
            info = writer.finish(
                title=clean_name(title)[:_MAX_TITLE] or source.title or name,
                class_names=tuple(source.class_names[label] for label in named),
                licence=clean_name(licence),
                source=clean_name(source.path.name or source.path.resolve().name),
                digits=settings.centre and settings.image_shape == (1, 28, 28),
                settings=settings,
                notes={CSV: skipped_csv(left_out)} if left_out else {},
            )
    except LoadingStoppedError:
        return None
    return Imported(info, left_out)


class _Reader:
    """The image of an item, or why there is none."""

    def __init__(self, source: Source, settings: ImportSettings) -> None:
        self._source, self._settings = source, settings

    def __call__(self, index: int) -> Images | Skipped:
        try:
            picture, _ = self._source.item(index, least_needed(self._settings))
            return fit(picture, self._settings)
        except ImageError as error:
            return skipped_by(self._source.what(index), error)
        except MemoryError:
            refused = ImageError("image.unreadable", path="", reason="not enough memory")
            return skipped_by(self._source.what(index), refused)


def _present(
    source: Source,
    work: _Reader,
    order: Sequence[int],
    should_stop: ShouldStop,
    threads: int | None,
) -> tuple[int, ...]:
    """The labels of which at least one picture can be read.

    One of each is read, and where it cannot be, the next two, four and so on.
    """
    if not source.class_names:
        return (0,)
    turns: dict[int, list[int]] = {}
    for index in order:
        turns.setdefault(int(source.labels[index]), []).append(index)
    found: set[int] = set()
    begin, many = 0, 1
    while True:
        now = [index for turn in turns.values() for index in turn[begin : begin + many]]
        if not now:
            break
        with in_order(work, now, should_stop, threads) as answers:
            for index, answer in zip(now, answers, strict=True):
                if not isinstance(answer, Skipped):
                    found.add(int(source.labels[index]))
        turns = {label: turn for label, turn in turns.items() if label not in found}
        begin, many = begin + many, 2 * many
    if not found:
        raise DatasetError("import.nothing_readable", path=str(source.path), count=source.count)
    return tuple(sorted(found))


class _Sink:
    """Which half each image goes to, as they come, and under which label."""

    def __init__(
        self,
        writer: SetWriter,
        source: Source,
        settings: ImportSettings,
        present: Sequence[int],
    ) -> None:
        self._writer, self._source, self._share = writer, source, settings.test_share
        self._labels = {label: place for place, label in enumerate(present)}
        self._read = dict.fromkeys(self._labels, 0)
        self._waiting: dict[PartName, list[tuple[Images, int]]] = {"train": [], "test": []}
        self._first: tuple[Images, int] | None = None
        self._tested = False

    def add(self, image: Images, index: int) -> None:
        label = int(self._source.labels[index])
        if label not in self._labels:  # it could not be read a while ago
            raise DatasetError("import.changed", path=str(self._source.path))
        self._read[label] += 1
        read, item = self._read[label], (image, self._labels[label])
        if self._source.test is not None:
            self._put("test" if self._source.test[index] else "train", item)
        elif _tested(read, self._share) > _tested(read - 1, self._share):
            self._tested = True
            self._put("test", item)
        elif self._first is None and not self._tested:
            self._first = item  # it is tested where no class has two
        else:
            self._put("train", item)

    def end(self) -> None:
        """Write what waits. Raises ``DatasetError`` where a class had nothing in the end."""
        if not any(self._read.values()):
            count = self._source.count
            raise DatasetError("import.nothing_readable", path=str(self._source.path), count=count)
        if not all(self._read.values()):
            raise DatasetError("import.changed", path=str(self._source.path))
        if self._first is not None:
            self._put("train" if self._tested else "test", self._first)
        for part in ("train", "test"):
            self._write(part)

    def _put(self, part: PartName, item: tuple[Images, int]) -> None:
        self._waiting[part].append(item)
        if len(self._waiting[part]) >= _BATCH:
            self._write(part)

    def _write(self, part: PartName) -> None:
        waiting, self._waiting[part] = self._waiting[part], []
        if waiting:
            labels = np.array([label for _, label in waiting], np.int64)
            self._writer.add(part, np.stack([image for image, _ in waiting]), labels)


def _tested(read: int, share: float) -> int:
    """How many of the first ``read`` images of a class are for testing: one of two at least, and
    never all. It grows by one at most."""
    return 0 if read < 2 else min(max(round(share * read), 1), read - 1)
