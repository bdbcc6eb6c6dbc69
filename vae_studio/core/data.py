"""Data sets as tensors. The table of them is ``vae_studio.core.datasets.table``.

Images stay uint8 (55 MB for MNIST) and become floats a batch at a time. Those of a stored set stay
in their file, mapped into memory: what is not looked at costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import torch
from torch import Tensor

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.table import DATASETS, DatasetInfo, Half
from vae_studio.core.errors import DatasetError

_SHARE = 0.5  # of a GPU's free memory that images may take


@dataclass(frozen=True)
class Dataset:
    """Images and labels. images: uint8 [N, C, H, W]; labels: int64 [N]."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
        """x: float32 [B, C, H, W] in [0, 1], labels: int64 [B], for int64 indices [B], which lie
        where the images do. device: for the batch; that of the images without one."""
        # A tenth of the time of self.images[indices], which may be told more than whole images.
        x, labels = self.images.index_select(0, indices), self.labels.index_select(0, indices)
        if device is not None and device != x.device:
            x, labels = x.to(device, non_blocking=True), labels.to(device, non_blocking=True)
        return x / 255.0, labels

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


def placed(data: Dataset, device: torch.device) -> Dataset:
    """On that device, if it has room; images that would fill it stay where they are, and go there a
    batch at a time."""
    if device.type != "cuda":
        return data.to(device)
    free, _ = torch.cuda.mem_get_info(device)
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # torch's own
    return data.to(device) if data.images.nbytes <= _SHARE * free else data


def as_tensors(half: Half) -> Dataset:
    """The same memory, or the same mapped file."""
    return Dataset(torch.from_numpy(half.images), torch.from_numpy(half.labels))


def find_dataset(name: str, record: DatasetInfo | None = None) -> DatasetInfo:
    """The row of the table; ``DatasetError`` says what to do where the images are not here, or are
    others than those of ``record``."""
    info = DATASETS.get(name)
    if info is None or info.load is None:
        if name in KNOWN and (record is None or record.settings is None):
            raise DatasetError("data.not_fetched", name=name, title=KNOWN[name].info.title)
        if record is not None:
            raise DatasetError("data.gone", name=name, title=record.title, source=record.source)
        raise DatasetError("data.unknown", name=name, known=", ".join(DATASETS))
    if record is not None and record.digest and info.digest not in ("", record.digest):
        raise DatasetError("data.other", name=name, title=info.title, source=record.source)
    return info


@overload
def load_dataset(name: str, *, record: DatasetInfo | None = None) -> DatasetPair: ...


@overload
def load_dataset(
    name: str, should_stop: ShouldStop, record: DatasetInfo | None = None
) -> DatasetPair | None: ...


def load_dataset(
    name: str, should_stop: ShouldStop = never, record: DatasetInfo | None = None
) -> DatasetPair | None:
    """Training and test set of that name; ``DatasetError`` lists the names there are.

    should_stop: asked every few milliseconds; once it says yes, None is returned. record: what a
    run says of the images that it learnt; others of the same name are refused.
    """
    info = find_dataset(name, record)
    assert info.load is not None  # as it is in the table
    try:
        halves = info.load(should_stop)
    except LoadingStoppedError:
        return None
    return DatasetPair(as_tensors(halves.train), as_tensors(halves.test))
