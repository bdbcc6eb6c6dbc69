"""Data sets, by name. MNIST comes with the app: no network, checked by digest.

Images stay uint8 in memory (55 MB for MNIST) and become floats a batch at a time.
"""

from __future__ import annotations

import hashlib
import lzma
import math
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import read_bounded
from vae_studio.core.resources import bundled_path

ShouldStop = Callable[[], bool]  # asked every few milliseconds, from several threads
_MAX_UNPACKED = 2**28  # bytes of a file whose size nobody knows
_UNPACK_MEMORY = 2**27  # bytes; MNIST's files were packed so that 65 MiB unpack them
_CHUNK = 2**19  # bytes; unpacked in 10 ms or so


@dataclass(frozen=True)
class Dataset:
    """Images and labels, in memory. images: uint8 [N, C, H, W]; labels: int64 [N]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """x: float32 [B, C, H, W] in [0, 1], labels: int64 [B], for int64 indices [B]."""
        return self.images[indices].float().div_(255.0), self.labels[indices]

    def first(self, count: int) -> Dataset:
        """The first ``count`` of the images, without a copy."""
        return Dataset(self.images[:count], self.labels[:count])

    def to(self, device: torch.device) -> Dataset:
        """The same data on another device."""
        return Dataset(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class DatasetPair:
    """What a model is trained and tested on."""

    train: Dataset
    test: Dataset


@dataclass(frozen=True)
class DatasetInfo:
    """A row of ``DATASETS``. image_shape: (C, H, W); class_names: one for each label.

    load: is given a function to ask whether to stop, and hands it on to ``read_checked``.
    """

    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    licence: str
    source: str
    load: Callable[[ShouldStop], DatasetPair]


class LoadingStoppedError(Exception):
    """Loading was told to stop. ``load_dataset`` turns it into None."""


def never() -> bool:
    """For what nobody stops."""
    return False


@dataclass(frozen=True)
class _File:
    """size: in bytes, unpacked. digest: their SHA-256."""

    name: str
    size: int
    digest: str


_MNIST = (
    _File(
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    _File(
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    _File(
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    _File(
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def _load_mnist(should_stop: ShouldStop = never) -> DatasetPair:
    folder = bundled_path("assets") / "mnist"

    def read(file: _File) -> NDArray[np.uint8]:
        path = folder / f"{file.name}.xz"
        return parse_idx(read_checked(path, file.digest, file.size, should_stop), file.name)

    with ThreadPoolExecutor() as pool:  # lzma and sha256 let go of the interpreter
        train_images, train_labels, test_images, test_labels = pool.map(read, _MNIST)
    info = DATASETS["mnist"]
    return DatasetPair(
        pair(train_images, train_labels, info, "train-images-idx3-ubyte"),
        pair(test_images, test_labels, info, "t10k-images-idx3-ubyte"),
    )


def pair(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], info: DatasetInfo, name: str
) -> Dataset:
    """Images [N, H, W] and their labels [N], checked against the row of the table.

    name: of the file of images, for errors. Raises ``DatasetError``.
    """
    shape = info.image_shape[1:]
    if images.ndim != 3 or images.shape[1:] != shape or info.image_shape[0] != 1:
        wanted = " × ".join(str(size) for size in info.image_shape)
        found = " × ".join(str(size) for size in images.shape)
        raise DatasetError("data.shape", path=name, found=found, wanted=wanted)
    if labels.ndim != 1 or len(labels) != len(images) or not len(images):
        raise DatasetError("data.counts", path=name, images=len(images), labels=labels.size)
    if int(labels.max()) >= len(info.class_names):
        last = len(info.class_names) - 1
        raise DatasetError("data.labels", path=name, label=int(labels.max()), last=last)
    if not images.flags.writeable:  # as torch wants it
        images = images.copy()
    return Dataset(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels.astype(np.int64)))


def read_checked(
    path: Path, digest: str, size: int = _MAX_UNPACKED, should_stop: ShouldStop = never
) -> bytearray:
    """The unpacked bytes of an xz file, if their SHA-256 is ``digest``.

    size: how many bytes it unpacks to at most; a file that unpacks to more is refused there.
    Raises ``DatasetError``, and ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    unpacked, sha256 = bytearray(), hashlib.sha256()  # a bytearray is writable, as torch wants it
    try:
        packed = read_bounded(path, size + 2**20)
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_UNPACK_MEMORY)
        while not unpacker.eof:
            if should_stop():
                raise LoadingStoppedError
            if unpacker.needs_input and not packed:
                raise EOFError("it ends too early")
            chunk = unpacker.decompress(packed, max_length=min(_CHUNK, size + 1 - len(unpacked)))
            packed = b""
            sha256.update(chunk)
            unpacked += chunk
            if len(unpacked) > size:
                raise EOFError(f"it unpacks to more than {size:,} bytes")
    except FileNotFoundError:
        raise DatasetError("data.missing", path=str(path)) from None
    except (OSError, ValueError, EOFError, MemoryError, lzma.LZMAError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DatasetError("data.unreadable", path=str(path), reason=reason[:200]) from error
    if unpacker.unused_data or sha256.hexdigest() != digest:
        raise DatasetError("data.digest", path=str(path))
    return unpacked


def parse_idx(content: bytes | bytearray | memoryview, name: str) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes: magic, sizes (big-endian), values. Nothing is copied.

    Raises ``DatasetError`` when magic, sizes and length do not agree, and where there is no value.
    """
    try:
        content = memoryview(content).cast("B")
    except TypeError:  # a view with gaps
        content = memoryview(bytes(content))
    if len(content) < 4 or bytes(content[:3]) != b"\0\0\x08" or not 1 <= content[3] <= 4:
        raise DatasetError("data.not_idx", path=name)
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DatasetError("data.not_idx", path=name)
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        raise DatasetError("data.length", path=name, expected=expected, found=found)
    if not expected:  # a size of 0 would let the others be anything
        raise DatasetError("data.empty", path=name)
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


DATASETS: dict[str, DatasetInfo] = {
    "mnist": DatasetInfo(
        title="MNIST",
        image_shape=(1, 28, 28),
        class_names=tuple("0123456789"),
        licence="CC BY-SA 3.0",
        source="Y. LeCun, C. Cortes, C. J. C. Burges: The MNIST database of handwritten digits",
        load=_load_mnist,
    ),
}


@overload
def load_dataset(name: str) -> DatasetPair: ...


@overload
def load_dataset(name: str, should_stop: ShouldStop) -> DatasetPair | None: ...


def load_dataset(name: str, should_stop: ShouldStop = never) -> DatasetPair | None:
    """Training and test set of that name; ``DatasetError`` lists the names there are.

    should_stop: asked every few milliseconds; once it says yes, None is returned.
    """
    try:
        info = DATASETS[name]
    except KeyError:
        raise DatasetError("data.unknown", name=name, known=", ".join(DATASETS)) from None
    try:
        return info.load(should_stop)
    except LoadingStoppedError:
        return None
