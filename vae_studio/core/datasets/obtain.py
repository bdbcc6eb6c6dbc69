"""Getting a known data set: from its servers, or from files that a person has.

Files are unpacked into a folder of ours, read by the class of ``torchvision.datasets`` that knows
them, checked, and written as a stored set. torchvision is imported only then: it takes seconds.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.fetch import fetch_file
from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.idx_unpacking import unpack_idx, writing
from vae_studio.core.datasets.known import KNOWN, MNIST_IMAGES, IdxFile, KnownSet
from vae_studio.core.datasets.set_writer import SetWriter
from vae_studio.core.datasets.staging import Found, find_files, plain_name, stage
from vae_studio.core.datasets.stored import PartName
from vae_studio.core.datasets.table import DatasetInfo
from vae_studio.core.errors import DatasetError

Progress = Callable[[float], None]  # is told the share that is done, from 0 to 1
_FETCHED = 0.9  # of the progress; the rest is unpacking and writing
_STAGED = 0.4
_UNPACKED = 0.5  # of what comes after
_AT_ONCE = 4096  # images written between two looks at ``should_stop``


def download_size(name: str) -> int:
    """Bytes that ``fetch_known`` downloads. Raises ``DatasetError``: ``data.unknown``."""
    return sum(file.size for file in _known(name).files)


def fetch_known(
    name: str, parent: Path, should_stop: ShouldStop, progress: Progress
) -> DatasetInfo | None:
    """Download a set of ``KNOWN`` and store it in ``parent``. None once told to stop.

    Raises ``DatasetError``: ``fetch.failed``, ``data.exists``, ``data.write``, ``data.unknown``.
    Whatever happens, nothing but the stored set stays in ``parent``.
    """

    def obtain(known: KnownSet, folder: Path) -> list[Found]:
        sent = folder / "sent"
        _make(sent)
        _download(known, sent, should_stop, _part(progress, 0.0, _FETCHED))
        for archive in sent.glob("*.zip"):
            stage(archive, _sizes(known), sent, should_stop, _ignored)
            archive.unlink()
        return find_files(sent, known.names, should_stop)

    return _obtain(name, parent, obtain, should_stop, _part(progress, _FETCHED, 1.0))


def take_local(
    name: str, source: Path, parent: Path, should_stop: ShouldStop, progress: Progress
) -> DatasetInfo | None:
    """Store a set of ``KNOWN`` from its IDX files, plain, .gz or .xz. None once told to stop.

    source: a folder with them, three levels down at most; one of them; or a zip or a tar (plain,
    .gz, .xz) of them. Where a file's digest is known it must fit; else its shape and its labels.

    Raises ``DatasetError``: ``data.local_missing``, ``data.local_digest``, ``data.local_source``,
    ``data.local_unreadable``, ``data.not_idx``, ``data.shape``, ``data.length``, ``data.labels``,
    ``data.exists``, ``data.write``, ``data.unknown``.
    """

    names, begin = _known(name).names, 0.0
    if not _is_folder(source) and plain_name(source.name) not in names:
        begin = _STAGED

    def obtain(known: KnownSet, folder: Path) -> list[Found]:
        place = source if _is_folder(source) else source.parent
        if begin:
            place = folder / "copied"
            _make(place)
            stage(source, _sizes(known), place, should_stop, _part(progress, 0.0, begin))
        try:
            return find_files(place, names, should_stop)
        except DatasetError as error:
            if error.code == "data.local_missing":  # of what was chosen, not of our copy
                raise DatasetError(error.code, **{**error.params, "path": str(source)}) from None
            raise

    return _obtain(name, parent, obtain, should_stop, _part(progress, begin, 1.0))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # in a folder that is not ours, or a name too long
        return False


def _known(name: str) -> KnownSet:
    known = KNOWN.get(name)
    if known is None:
        raise DatasetError("data.unknown", name=name, known=", ".join(KNOWN))
    return known


def _sizes(known: KnownSet) -> dict[str, int]:
    return {part.name: part.size for part in known.parts}


def _ignored(_: float) -> None:
    pass


def _part(progress: Progress, begin: float, end: float) -> Progress:
    return lambda share: progress(begin + (end - begin) * share)


def _make(folder: Path) -> None:
    with writing(folder):
        folder.mkdir(parents=True)


def _obtain(
    name: str,
    parent: Path,
    obtain: Callable[[KnownSet, Path], list[Found]],
    should_stop: ShouldStop,
    progress: Progress,
) -> DatasetInfo | None:
    """Store what ``obtain`` puts into the folder that it is given, or finds elsewhere."""
    known = _known(name)
    writer = SetWriter(parent, name, known.info.image_shape)  # refuses before anything is fetched
    try:
        with _temporary(parent, name) as folder:
            groups = obtain(known, folder)
            _unpack_first(known, groups, folder, should_stop, _part(progress, 0.0, _UNPACKED))
            with writer:
                _write(known, folder, writer, should_stop, _part(progress, _UNPACKED, 1.0))
                info = known.info
                return writer.finish(
                    info.title, info.class_names, info.licence, info.source, info.digits
                )
    except LoadingStoppedError:
        return None


@contextlib.contextmanager
def _temporary(parent: Path, name: str) -> Iterator[Path]:
    """A folder that is gone afterwards; after a crash ``register_stored`` removes it."""
    folder = parent / f".{name}.{secrets.token_hex(4)}.part"
    _make(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(known: KnownSet, folder: Path, should_stop: ShouldStop, progress: Progress) -> None:
    total, before = sum(file.size for file in known.files), 0
    failed_hosts: set[str] = set()  # so that one that is down is waited for once

    for file in known.files:

        def tell(size: int, before: int = before) -> None:
            progress((before + size) / total)

        path = fetch_file(file, folder, should_stop, tell, failed_hosts=failed_hosts)
        if path is None:
            raise LoadingStoppedError
        before += file.size


def _unpack_first(
    known: KnownSet,
    groups: list[Found],
    folder: Path,
    should_stop: ShouldStop,
    progress: Progress,
) -> None:
    """Unpack the first of ``groups`` that is this set, to where its reader looks: several sets use
    the same names. Raises what is wrong with the first where none is."""
    raw = folder / known.reader / "raw"
    _make(raw)
    fault: DatasetError | None = None
    for group in groups:
        try:
            return _unpack(known, group, raw, should_stop, progress)
        except DatasetError as error:
            if error.code == "data.write":
                raise
            fault = fault or error
    assert fault is not None
    raise fault


def _unpack(
    known: KnownSet, group: Found, raw: Path, should_stop: ShouldStop, progress: Progress
) -> None:
    total, done = sum(part.size for part in known.parts), 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        progress(done / total)

    for part in known.parts:
        path = group[part.name]
        digest = unpack_idx(path, part, raw / part.name, should_stop, tell)
        if not _may_be(part, digest):
            raise DatasetError("data.local_digest", path=str(path), title=known.info.title)


def _may_be(part: IdxFile, digest: str) -> bool:
    """Whether that may be the digest of ``part``: it is, or nobody knows and it is no file of
    another set."""
    if part.unpacked:
        return digest == part.unpacked
    others = {file.unpacked for known in KNOWN.values() for file in known.files}
    return digest not in others | {MNIST_IMAGES}


def _write(
    known: KnownSet, folder: Path, writer: SetWriter, should_stop: ShouldStop, progress: Progress
) -> None:
    total, done = known.info.train + known.info.test, 0
    halves: tuple[PartName, PartName] = ("train", "test")
    for half in halves:
        if should_stop():
            raise LoadingStoppedError
        images, labels = _read(known, folder, half)
        for begin in range(0, len(labels), _AT_ONCE):
            if should_stop():
                raise LoadingStoppedError
            rows = slice(begin, begin + _AT_ONCE)
            writer.add(half, images[rows], labels[rows])
            done += len(labels[rows])
            progress(done / total)


def _read(
    known: KnownSet, folder: Path, half: PartName
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images [N, 1, H, W], upright, and labels [N] from 0 on, as torchvision reads the files of
    ``folder``."""
    from vae_studio.core.vision import import_torchvision

    reader = getattr(import_torchvision().datasets, known.reader)
    options = {"split": known.split} if known.split else {}
    data = reader(folder, train=half == "train", download=False, **options)
    images, labels = data.data.numpy(), data.targets.numpy()
    if labels.ndim == 2:  # QMNIST's facts about each digit
        labels = labels[:, 0]
    labels = labels.astype(np.int64) - known.first_label
    last = len(known.info.class_names) - 1
    outside = labels[(labels < 0) | (labels > last)]
    if len(outside):
        name = known.names[1 if half == "train" else 3]
        label = int(outside[0]) + known.first_label
        raise DatasetError("data.labels", path=name, label=label, last=last + known.first_label)
    if known.transposed:
        images = images.transpose(0, 2, 1)
    return images[:, np.newaxis], labels
