"""Data sets, by name. MNIST comes with the app: no network, checked by digest.

Images stay uint8 in memory (55 MB for MNIST) and become floats a batch at a time.
"""

from __future__ import annotations

import hashlib
import lzma
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.errors import DatasetError
from vae_studio.core.resources import bundled_path


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
    """A row of ``DATASETS``. image_shape: (C, H, W); class_names: one for each label."""

    title: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    licence: str
    source: str
    load: Callable[[], DatasetPair]


_MNIST_DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


def _load_mnist() -> DatasetPair:
    folder = bundled_path("assets") / "mnist"
    with ThreadPoolExecutor() as pool:  # lzma and sha256 let go of the interpreter
        arrays = list(
            pool.map(
                lambda item: parse_idx(read_checked(folder / f"{item[0]}.xz", item[1]), item[0]),
                _MNIST_DIGESTS.items(),
            )
        )
    train_images, train_labels, test_images, test_labels = arrays
    return DatasetPair(_dataset(train_images, train_labels), _dataset(test_images, test_labels))


def _dataset(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Dataset:
    return Dataset(torch.from_numpy(images).unsqueeze(1), torch.from_numpy(labels).long())


def read_checked(path: Path, digest: str) -> bytearray:
    """The unpacked bytes of an xz file, if their SHA-256 is ``digest``."""
    try:
        content = lzma.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DatasetError("data.missing", path=str(path)) from None
    except (OSError, lzma.LZMAError) as error:
        raise DatasetError("data.unreadable", path=str(path), reason=str(error)) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise DatasetError("data.digest", path=str(path))
    return bytearray(content)  # writable, as torch wants it


def parse_idx(content: bytearray, name: str) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes: magic, sizes (big-endian), values.

    Raises ``DatasetError`` when magic, sizes and length do not agree.
    """
    if len(content) < 4 or content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 4:
        raise DatasetError("data.not_idx", path=name)
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DatasetError("data.not_idx", path=name)
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected = 1
    for size in shape:
        expected *= size
    if len(content) - start != expected:
        raise DatasetError("data.length", path=name, expected=expected, found=len(content) - start)
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


def load_dataset(name: str) -> DatasetPair:
    """Training and test set of that name; ``DatasetError`` lists the names there are."""
    try:
        info = DATASETS[name]
    except KeyError:
        raise DatasetError("data.unknown", name=name, known=", ".join(DATASETS)) from None
    return info.load()
