"""Data sets that were fetched or imported: a folder each, whose images are mapped into memory.

    <name>/dataset.json    what is known of it, sizes and digests of the four files
           train.images    uint8 [N, C, H, W], one after the other
           train.labels    uint16 [N], little-endian
           test.images, test.labels

``SetWriter`` writes one, ``sets_folder`` keeps the folder that they are in. No torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.table import DatasetInfo, Half, Halves
from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import open_regular, parse_json, read_bounded

PartName = Literal["train", "test"]
RECORD: Final = "dataset.json"
FORMAT: Final = 1
LABEL = np.dtype("<u2")
_MAX_RECORD = 2**20  # bytes
_ANY_SIZE = 2**63 - 1
_CHUNK = 2**22  # bytes hashed between two looks at ``should_stop``
_found_right: set[tuple[str, int, int, str]] = set()  # path, bytes, time of change, SHA-256


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
    return replace(info, load=StoredLoader(folder, info, files))


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
        for kind, each in (("images", pixels), ("labels", LABEL.itemsize)):
            name = f"{part}.{kind}"
            size, changed, digest = (values[name][key] for key in ("size", "changed", "sha256"))
            if size != count * each or type(changed) is not int or not isinstance(digest, str):
                raise ValueError(f"{name} does not fit")
            facts.append((name, size, changed, digest))
    if joined_digest([digest for *_, digest in facts]) != info.digest:
        raise ValueError("digests that do not fit")
    return tuple(facts)


def joined_digest(digests: list[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


class StoredLoader:
    """Maps the four files. Equal for equal content, so that what was read of it is kept."""

    def __init__(self, folder: Path, info: DatasetInfo, files: _Facts) -> None:
        self.folder, self._info, self.files = folder, info, files

    def __call__(self, should_stop: ShouldStop = never) -> Halves:
        for name, size, changed, digest in self.files:
            path = self.folder / name
            with _reading(path, self._info):
                about = path.stat()
                now = (str(path), about.st_size, about.st_mtime_ns, digest)
                same = about.st_size == size and (
                    about.st_mtime_ns == changed  # else it was copied, or touched
                    or now in _found_right
                    or _is_as_written(path, size, digest, should_stop)
                )
                if same and about.st_mtime_ns != changed:
                    _found_right.add(now)  # a copy is read whole but once
            if not same:
                raise DatasetError("data.altered", path=str(path), name=self._info.title)
        return Halves(self._half("train", self._info.train), self._half("test", self._info.test))

    def _half(self, part: PartName, count: int) -> Half:
        shape = (count, *self._info.image_shape)
        # Copy on write: torch wants arrays that can be written to, and the file stays as it is.
        with _reading(self.folder / f"{part}.images", self._info):
            images = np.memmap(self.folder / f"{part}.images", np.uint8, mode="c", shape=shape)
        with _reading(self.folder / f"{part}.labels", self._info):
            content = read_bounded(self.folder / f"{part}.labels", count * LABEL.itemsize)
        labels = np.frombuffer(content, LABEL).astype(np.int64)
        if len(labels) != count or int(labels.max()) >= max(1, len(self._info.class_names)):
            path = str(self.folder / f"{part}.labels")
            raise DatasetError("data.altered", path=path, name=self._info.title)
        return Half(images, labels)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StoredLoader) and (self.folder, self.files) == (
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
    assert isinstance(info.load, StoredLoader)
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
