"""A new data set on disk, image after image: beside its place at first, and there once it is whole.

No torch.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.stored import (
    FORMAT,
    LABEL,
    RECORD,
    PartName,
    joined_digest,
    read_stored,
)
from vae_studio.core.datasets.table import DATASETS, MNIST, NAME, DatasetInfo, extremes_of
from vae_studio.core.durable import sync_folder, write_bytes, write_json
from vae_studio.core.errors import DatasetError

UNFINISHED: Final = ".part"  # ends the name of a folder that is being written
REPLACED: Final = ".replaced"  # of one that makes room for its successor
_PARTS: Final[tuple[PartName, ...]] = ("train", "test")
_KINDS: Final = ("images", "labels")


def check_free(parent: Path, name: str, replace_old: bool = False) -> None:
    """Raise ``DatasetError`` where no set of that name can be written: ``data.name``, or
    ``data.exists``, unless what is there is a data set and may be replaced."""
    if not NAME.fullmatch(name) or name == MNIST.name:
        raise DatasetError("data.name", name=name[:80])
    final = parent / name
    if final.exists() and not (replace_old and (final / RECORD).exists()):
        raise DatasetError("data.exists", name=name, path=str(final))


class SetWriter:
    """Write a new set, image after image, beside its place; ``finish`` puts it there.

    Left without ``finish``, nothing remains. Raises ``DatasetError``: ``data.name``,
    ``data.exists`` unless ``replace_old`` and it is a data set, ``data.write``.
    """

    def __init__(
        self,
        parent: Path,
        name: str,
        image_shape: tuple[int, int, int],
        replace_old: bool = False,
    ) -> None:
        check_free(parent, name, replace_old)
        self.final, self._shape, self._replace = parent / name, image_shape, replace_old
        self.folder = parent / f".{name}.{secrets.token_hex(4)}{UNFINISHED}"
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
        for kind, values in (("images", images), ("labels", labels.astype(LABEL))):
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
            digest=joined_digest(digests),
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
            old = self._take_its_place()
            self._finished = True
            sync_folder(self.final.parent)
        if old is not None:
            shutil.rmtree(old, ignore_errors=True)
        made = read_stored(self.final)
        DATASETS[made.name] = made
        return made

    def _take_its_place(self) -> Path | None:
        """Returns where the old set is now, if there was one; it is back where this fails."""
        check_free(self.final.parent, self.final.name, self._replace)  # another may have come since
        if not self.final.exists():
            self.folder.rename(self.final)
            return None
        old = self.final.with_name(f".{self.final.name}.{secrets.token_hex(4)}{REPLACED}")
        os.utime(self.final)  # nobody else puts it back, or away, for a while
        self.final.rename(old)
        try:
            self.folder.rename(self.final)
        except BaseException:
            old.rename(self.final)
            raise
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
