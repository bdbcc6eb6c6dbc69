"""What ``trainer.train`` yields: frozen, plain Python and numpy, safe to hand across threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.measures import Evaluation, Terms, UnitHealth


@dataclass(frozen=True)
class StepDone:
    """One optimiser step. epoch counts from 1; step counts over the whole run from 1."""

    epoch: int
    step: int
    batch: Terms
    beta: float
    learning_rate: float


@dataclass(frozen=True)
class EpochDone:
    """One pass over the training set.

    train: mean over the epoch's batches, measured while the weights changed; test: the whole
    test set afterwards; seconds: of the epoch, test included, pauses left out; samples:
    decoded from the run's fixed z, float32 [n, C, H, W] in [0, 1]; units: on test images.
    """

    epoch: int
    step: int
    train: Terms
    test: Evaluation
    beta: float
    learning_rate: float
    seconds: float
    samples: NDArray[np.float32]
    units: UnitHealth


@dataclass(frozen=True)
class TrainingDone:
    """The run came to an end: ``finished`` all its epochs, or was ``stopped`` on request."""

    reason: Literal["finished", "stopped"]
    epoch: int
    step: int


@dataclass(frozen=True)
class TrainingFailed:
    """What training itself can meet. code: ``train.not_finite`` or ``train.memory``. step: the one
    that failed. size: for memory, what was asked for, where that is known."""

    code: str
    epoch: int
    step: int
    size: str = ""


Event = StepDone | EpochDone | TrainingDone | TrainingFailed
