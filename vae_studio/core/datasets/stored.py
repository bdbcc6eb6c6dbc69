"""Data sets that were fetched or imported: a folder each, whose images are mapped into memory.

    <name>/dataset.json    what is known of it, sizes and digests of the four files
           train.images    uint8 [N, C, H, W], one after the other
           train.labels    uint16 [N], little-endian
           test.images, test.labels

A folder is written beside its place and renamed when it is whole: no half set is ever seen.
No torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import (
    DATASETS,
    MNIST,
    NAME,
    DatasetInfo,
    Half,
    Halves,
    extremes_of,
)
from vae_studio.core.durable import sync_folder, write_bytes, write_json
from vae_studio.core.errors import DatasetError, StudioError
from vae_studio.core.reading import open_regular, parse_json, read_bounded

PartName = Literal["train", "test"]
RECORD: Final = "dataset.json"
FORMAT: Final = 1
_PARTS: tuple[PartName, ...] = ("train", "test")
_KINDS = ("images", "labels")
_LABEL = np.dtype("<u2")
_MAX_RECORD = 2**20  # bytes
_ANY_SIZE = 2**63 - 1
_CHUNK = 2**22  # bytes hashed between two looks at ``should_stop``
_DAY = 86_400.0  # seconds; a half set that nobody wrote to for so long is nobody's
_UNFINISHED, _REMOVED = ".part", ".removed"


def read_stored(folder: Path) -> DatasetInfo:
    """What ``dataset.json`` says, checked, with the way to load it. Raises ``DatasetError``."""
    values = _record(folder)
    try:
        info = DatasetInfo.from_dict(values["set"])
        if info.name != folder.name or not info.train or not info.test:
            raise ValueError("it is another set's")
        files = _file_facts(values["files"], info)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise DatasetError("data.record", path=str(folder), reason=reason) from error
    return replace(info, load=_Loader(folder, info, files))


def _record(folder: Path) -> Mapping[str, Any]:
    try:
        values = parse_json(read_bounded(folder / RECORD, _MAX_RECORD))
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DatasetError("data.record", path=str(folder), reason=reason[:200]) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise DatasetError("data.record", path=str(folder), reason="another format")
    return values


_Facts = tuple[tuple[str, int, int, str], ...]  # name, bytes, time of change in ns, SHA-256


def _file_facts(values: Any, info: DatasetInfo) -> _Facts:
    facts = []
    pixels = int(np.prod(info.image_shape))
    for part, count in (("train", info.train), ("test", info.test)):
        for kind, each in (("images", pixels), ("labels", _LABEL.itemsize)):
            name = f"{part}.{kind}"
            size, changed, digest = (values[name][key] for key in ("size", "changed", "sha256"))
            if size != count * each or type(changed) is not int or not isinstance(digest, str):
                raise ValueError(f"{name} does not fit")
            facts.append((name, size, changed, digest))
    if _joined([digest for *_, digest in facts]) != info.digest:
        raise ValueError("digests that do not fit")
    return tuple(facts)


def _joined(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


class _Loader:
    """Maps the four files. Equal for equal content, so that what was read of it is kept."""

    def __init__(self, folder: Path, info: DatasetInfo, files: _Facts) -> None:
        self.folder, self._info, self.files = folder, info, files

    def __call__(self, should_stop: ShouldStop = never) -> Halves:
        for name, size, changed, digest in self.files:
            path = self.folder / name
            with _reading(path, self._info):
                about = path.stat()
                same = about.st_size == size and (
                    about.st_mtime_ns == changed  # else it was copied, or touched
                    or _is_as_written(path, size, digest, should_stop)
                )
            if not same:
                raise DatasetError("data.altered", path=str(path), name=self._info.title)
        return Halves(self._half("train", self._info.train), self._half("test", self._info.test))

    def _half(self, part: PartName, count: int) -> Half:
        shape = (count, *self._info.image_shape)
        # Copy on write: torch wants arrays that can be written to, and the file stays as it is.
        with _reading(self.folder / f"{part}.images", self._info):
            images = np.memmap(self.folder / f"{part}.images", np.uint8, mode="c", shape=shape)
        with _reading(self.folder / f"{part}.labels", self._info):
            content = read_bounded(self.folder / f"{part}.labels", count * _LABEL.itemsize)
        labels = np.frombuffer(content, _LABEL).astype(np.int64)
        if len(labels) != count or int(labels.max()) >= max(1, len(self._info.class_names)):
            path = str(self.folder / f"{part}.labels")
            raise DatasetError("data.altered", path=path, name=self._info.title)
        return Half(images, labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Loader) and (self.folder, self.files) == (
            other.folder,
            other.files,
        )

    def __hash__(self) -> int:
        return hash((self.folder, self.files))


@contextlib.contextmanager
def _reading(path: Path, info: DatasetInfo) -> Iterator[None]:
    """What the system refuses becomes ``DatasetError``; so does what cannot be mapped."""
    try:
        yield
    except (OSError, ValueError, OverflowError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DatasetError("data.stored", path=str(path), name=info.title, reason=reason) from error


def _is_as_written(path: Path, size: int, digest: str, should_stop: ShouldStop) -> bool:
    """Whether that is a regular file of that size and SHA-256. Raises ``OSError``."""
    sha256 = hashlib.sha256()
    with open_regular(path, _ANY_SIZE) as file:
        if os.fstat(file.fileno()).st_size != size:
            return False
        while chunk := file.read(_CHUNK):
            if should_stop():
                raise LoadingStoppedError
            sha256.update(chunk)
    return sha256.hexdigest() == digest


def verify(folder: Path, should_stop: ShouldStop = never) -> DatasetInfo | None:
    """Read every byte of a stored set and compare digests. None once told to stop. Raises
    ``DatasetError`` for what is missing or was altered."""
    info = read_stored(folder)
    assert isinstance(info.load, _Loader)
    for name, size, _, digest in info.load.files:
        path = folder / name
        try:
            with _reading(path, info):
                same = _is_as_written(path, size, digest, should_stop)
        except LoadingStoppedError:
            return None
        if not same:
            raise DatasetError("data.altered", path=str(path), name=info.title)
    return info


def register_stored(folder: Path) -> list[StudioError]:
    """Put every set in ``folder`` into ``DATASETS``, and take out those that are no longer there.

    Returns what is wrong with folders that are none. Half sets that a crash left are removed.
    """
    faults: list[StudioError] = []
    found: dict[str, DatasetInfo] = {}
    for path in _folders(folder):
        if path.name.startswith("."):
            _remove_left_over(path)
            continue
        try:
            found[path.name] = read_stored(path)
        except DatasetError as error:
            faults.append(error)
    # As a list: another thread may import one at this moment. It may even be there by now.
    for name, info in list(DATASETS.items()):
        if isinstance(info.load, _Loader) and name not in found:
            try:
                found[name] = read_stored(folder / name)
            except DatasetError:
                DATASETS.pop(name, None)
    DATASETS.update({name: info for name, info in found.items() if name != MNIST.name})
    return faults


def stored_folder(info: DatasetInfo) -> Path | None:
    """Where the files of a stored set are; None for one that ships, or is not here."""
    return info.load.folder if isinstance(info.load, _Loader) else None


def stored_bytes(info: DatasetInfo) -> int:
    """What a set takes on disk, in bytes; 0 for one that is not stored."""
    pixels = int(np.prod(info.image_shape))
    images = info.train + info.test
    return images * (pixels + _LABEL.itemsize) if isinstance(info.load, _Loader) else 0


def remove_stored(info: DatasetInfo) -> None:
    """Delete a stored set, and forget it. Raises ``DatasetError``; nothing is half deleted."""
    away = set_aside(info)
    with _removing(info, away):
        shutil.rmtree(away)


def set_aside(info: DatasetInfo) -> Path:
    """Forget a stored set, and hide its folder, for a day: ``put_back`` undoes it. Returns where
    it is. Raises ``DatasetError``."""
    folder = stored_folder(info)
    if folder is None:
        raise DatasetError("data.not_stored", name=info.title)
    away = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{_REMOVED}")
    with _removing(info, folder):
        os.utime(folder)  # the day begins now
        folder.rename(away)
    DATASETS.pop(info.name, None)
    return away


def put_back(info: DatasetInfo, away: Path) -> DatasetInfo:
    """Undo ``set_aside``. Raises ``DatasetError``: ``data.exists`` where another set has taken the
    name."""
    folder = away.with_name(info.name)
    if folder.exists():
        raise DatasetError("data.exists", name=info.name, path=str(folder))
    with _removing(info, folder):
        away.rename(folder)
    DATASETS[info.name] = read_stored(folder)
    return DATASETS[info.name]


@contextlib.contextmanager
def _removing(info: DatasetInfo, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(
            "data.not_removed", name=info.title, path=str(path), reason=reason
        ) from error


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_folder(path))
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a link to where the system does not let us look: no matter to the others
        return False


def _remove_left_over(path: Path) -> None:
    with contextlib.suppress(OSError):
        changed = path.stat().st_mtime if path.suffix == _REMOVED else _last_change(path)
        if path.suffix in (_UNFINISHED, _REMOVED) and time.time() - changed > _DAY:
            shutil.rmtree(path)


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))


class SetWriter:
    """Write a new set, image after image, beside its place; ``finish`` puts it there.

    Left without ``finish``, nothing remains. Raises ``DatasetError``: ``data.name``,
    ``data.exists`` unless ``replace``, ``data.write``.
    """

    def __init__(
        self,
        parent: Path,
        name: str,
        image_shape: tuple[int, int, int],
        replace_old: bool = False,
    ) -> None:
        if not NAME.fullmatch(name) or name == MNIST.name:
            raise DatasetError("data.name", name=name[:80])
        self.final, self._shape, self._replace = parent / name, image_shape, replace_old
        if self.final.exists() and not replace_old:
            raise DatasetError("data.exists", name=name, path=str(self.final))
        self.folder = parent / f".{name}.{secrets.token_hex(4)}{_UNFINISHED}"
        self.counts: dict[PartName, int] = {"train": 0, "test": 0}
        self._extremes = self._values = self._largest = 0
        self._finished = False
        self._hashes = {f"{p}.{k}": hashlib.sha256() for p in _PARTS for k in _KINDS}
        self._files: dict[str, BinaryIO] = {}

    def __enter__(self) -> SetWriter:
        with self._writing():
            self.folder.mkdir(parents=True)
            self._files = {name: (self.folder / name).open("xb") for name in self._hashes}
        return self

    def add(self, part: PartName, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        """Append images [n, C, H, W] with their labels [n] to a half."""
        if images.shape != (len(labels), *self._shape) or images.dtype != np.uint8:
            raise ValueError(f"images are {images.shape} {images.dtype}, not {self._shape}")
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < 2**16:
            raise ValueError("labels out of range")
        for kind, values in (("images", images), ("labels", labels.astype(_LABEL))):
            content = np.ascontiguousarray(values).tobytes()
            self._hashes[f"{part}.{kind}"].update(content)
            with self._writing():
                self._files[f"{part}.{kind}"].write(content)
        self.counts[part] += len(labels)
        self._largest = max(self._largest, int(labels.max(initial=0)))
        if part == "train":
            self._extremes += extremes_of(images)
            self._values += images.size

    def finish(
        self,
        title: str,
        class_names: tuple[str, ...],
        licence: str = "",
        source: str = "",
        digits: bool = False,
        settings: ImportSettings | None = None,
        notes: Mapping[str, str] = MappingProxyType({}),
    ) -> DatasetInfo:
        """Close the files, put the set into its place and into ``DATASETS``.

        notes: texts to be kept with it, by the names of their files; nothing reads them.
        """
        if not all(self.counts.values()):
            raise DatasetError("data.too_few", images=sum(self.counts.values()))
        if self._largest >= max(1, len(class_names)):
            raise DatasetError(
                "data.labels", path=title, label=self._largest, last=len(class_names) - 1
            )
        digests = [sha256.hexdigest() for sha256 in self._hashes.values()]
        info = DatasetInfo(
            name=self.final.name,
            title=title,
            image_shape=self._shape,
            class_names=class_names,
            train=self.counts["train"],
            test=self.counts["test"],
            digest=_joined(digests),
            extremes=self._extremes / self._values,
            licence=licence,
            source=source,
            digits=digits,
            settings=settings,
        )
        with self._writing():
            facts = {}
            for (name, file), digest in zip(self._files.items(), digests, strict=True):
                file.flush()
                os.fsync(file.fileno())
                file.close()
                about = (self.folder / name).stat()
                facts[name] = {
                    "size": about.st_size,
                    "changed": about.st_mtime_ns,
                    "sha256": digest,
                }
            record = {"format": FORMAT, "set": info.to_dict(), "files": facts}
            for name, text in notes.items():
                write_bytes(self.folder / name, text.encode())
            write_json(self.folder / RECORD, record)
            old = self._move_old_away()
            self.folder.rename(self.final)
            self._finished = True
            sync_folder(self.final.parent)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
        made = read_stored(self.final)
        DATASETS[made.name] = made
        return made

    def _move_old_away(self) -> Path | None:
        if not self._replace or not self.final.exists():
            return None
        old = self.final.with_name(f".{self.final.name}.{secrets.token_hex(4)}{_UNFINISHED}")
        self.final.rename(old)
        return old

    @contextlib.contextmanager
    def _writing(self) -> Any:
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise DatasetError("data.write", path=str(self.final), reason=reason) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            with contextlib.suppress(OSError):
                file.close()
        if not self._finished:
            shutil.rmtree(self.folder, ignore_errors=True)
