"""What tests of several modules need: small models, small real data, a run to its end."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.control import TrainControl
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.datasets.table import DATASETS, Half, Halves
from vae_studio.core.events import Event
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training, training_tensors
from vae_studio.core.runs import read_metrics
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import TrainState, new_state, train


def tiny(spec: ModelSpec, **changes: Any) -> ModelSpec:
    """The same kind of network with few units."""
    hidden = (8, 16) if spec.architecture == "conv" else (48, 24)
    small = replace(spec, hidden=hidden, latent_dim=min(spec.latent_dim, 6))
    return replace(small, **changes)


def quick(**changes: Any) -> TrainConfig:
    """A configuration for ``small``: 512 images in 4 steps, on the CPU."""
    config = TrainConfig(epochs=1, batch_size=128, schedule="constant", device="cpu")
    return replace(config, **changes)


def part(data: DatasetPair, train_images: int, test_images: int) -> DatasetPair:
    """The first images of both halves."""
    return DatasetPair(
        Dataset(data.train.images[:train_images], data.train.labels[:train_images]),
        Dataset(data.test.images[:test_images], data.test.labels[:test_images]),
    )


def halves(data: DatasetPair) -> Halves:
    """What a row of the table loads, from what is made of it."""
    train, test = (
        Half(each.images.numpy(), each.labels.numpy()) for each in (data.train, data.test)
    )
    return Halves(train, test)


def take_as_mnist(data: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mnist`` means these images, in this test."""
    row = replace(DATASETS["mnist"], load=lambda *_: halves(data))
    monkeypatch.setitem(DATASETS, "mnist", row)


def trained(
    spec: ModelSpec, config: TrainConfig, data: DatasetPair
) -> tuple[TrainState, list[Event]]:
    """A run from start to end: its last state and all its events."""
    state = new_state(spec, config)
    return state, list(train(state, data, TrainControl()))


def recorded(
    folder: Path, spec: ModelSpec, config: TrainConfig, data: DatasetPair, name: str
) -> Path:
    """A run from start to end, as a folder."""
    with RunRecorder(folder, new_state(spec, config), name) as recorder:
        for event in train(recorder.state, data, TrainControl()):
            recorder.record(event)
    return folder


def weights(state: TrainState) -> dict[str, Tensor]:
    """A copy of the weights."""
    return {key: value.clone() for key, value in state.model.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether both hold the same numbers, bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def weights_equal(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots hold the same numbers, bit for bit."""
    return same(dict(one.weights), dict(other.weights))


def kept(folder: Path) -> dict[str, Tensor]:
    """All that a run keeps of its training, but how long it took: weights, optimiser, generators,
    order of the images, counters."""
    state = load_training(folder).state
    tensors = training_tensors(state)
    return {**weights(state), **tensors, "values": tensors["values"][:-1]}


def figures(folder: Path) -> list[dict[str, float]]:
    """The rows of ``metrics.csv``, without their seconds."""
    rows = read_metrics(folder)
    return [{name: row[name] for name in row if name != "seconds"} for row in rows]


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder, but for locks."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class Disk:
    """Where ``full``, nothing can be written to the end any more; else files up to ``largest``
    bytes can. refused: how many could not."""

    def __init__(self) -> None:
        self.full = False
        self.largest: int | None = None
        self.refused = 0
        self._fsync = os.fsync

    def fsync(self, file: int) -> None:
        """What ``os.fsync`` is meanwhile."""
        if self.full or (self.largest is not None and os.fstat(file).st_size > self.largest):
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._fsync(file)


def mass_centre(image: NDArray[Any]) -> NDArray[Any]:
    """x and y of the centre of mass of an image [H, W], px."""
    rows, columns = np.indices(image.shape)
    return np.array([(columns * image).sum(), (rows * image).sum()]) / image.sum()


def extent(image: NDArray[Any]) -> NDArray[Any]:
    """Width and height of what has half ink or more, px."""
    solid = image >= 0.5
    return np.array([solid.any(axis=axis).sum() for axis in (0, 1)])
