"""What a comparison of runs holds: plain Python and numpy, so that a window can keep it. No torch.

``vae_studio.core.comparison`` makes one, ``vae_studio.core.report`` writes it as a page.
Shapes: N images of C × H × W pixels, in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.measures import Evaluation, Terms
from vae_studio.core.runs import Status
from vae_studio.core.spec import ModelSpec, TrainConfig

_LARGEST = 1e12  # a loss beyond that is no loss: its curve could not be drawn
Images = NDArray[np.float32]

# always: less is better. loss: where all were trained on the same reconstruction loss. bound:
# where their −ELBO bounds the same thing, too. never: more or less is neither good nor bad.
Ranked = Literal["always", "loss", "bound", "never"]


@dataclass(frozen=True)
class Column:
    """A figure of each run. digits: behind the point, as it is shown and as it is ranked."""

    name: str
    digits: int
    ranked: Ranked


COLUMNS: tuple[Column, ...] = (
    Column("squared_error", 4, "always"),  # for each pixel
    Column("bernoulli", 4, "always"),  # for each pixel, in nats
    Column("reconstruction", 2, "loss"),  # as it was trained: nats, or squared error
    Column("kl", 2, "never"),  # nats
    Column("negative_elbo", 2, "bound"),
    Column("active_units", 0, "never"),
    Column("parameters", 0, "never"),
    Column("epochs", 0, "never"),
    Column("seconds", 1, "never"),  # of training; machines differ
)


@dataclass(frozen=True)
class Note:
    """What must be known to read a part of the comparison rightly: a code and parameters, for a
    sentence such as those of ``vae_studio.core.report_words``."""

    about: Literal["runs", "curves", "reconstructions", "samples", "figures"]
    code: str
    params: Mapping[str, object]


@dataclass(frozen=True)
class Difference:
    """A field that is not the same for all runs. values: one for each run, None where the field
    plays no part, as the slope of a ReLU."""

    field: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Epoch:
    """A point of the curves. epoch: counted from 1. Terms as ``metrics.csv`` has them."""

    epoch: int
    train: Terms
    test: Terms


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """One run.

    label: what it is called here; name: what its folder says. epoch: complete ones, of these
    weights. seconds: of training. parameters: numbers that were learnt. curve: an epoch each, or
    nothing where none is recorded. reconstructions: of ``Comparison.originals``, decoded from the
    posterior means; samples: decoded from the prior.
    """

    path: Path
    name: str
    label: str
    variant: str
    spec: ModelSpec
    config: TrainConfig
    status: Status
    epoch: int
    seconds: float
    parameters: int
    evaluation: Evaluation
    curve: tuple[Epoch, ...]
    reconstructions: Images
    samples: Images

    def figure(self, name: str) -> float:
        """A figure by the name of its column; squared error and BCE are for each pixel."""
        found = {
            "squared_error": self.evaluation.squared_error / self.spec.pixels,
            "bernoulli": self.evaluation.bernoulli / self.spec.pixels,
            "reconstruction": self.evaluation.terms.reconstruction,
            "kl": self.evaluation.terms.kl,
            "negative_elbo": self.evaluation.negative_elbo,
            "active_units": self.evaluation.active_units,
            "parameters": self.parameters,
            "epochs": self.epoch,
            "seconds": self.seconds,
        }
        return float(found[name])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two or more runs, side by side.

    originals: test images [N, C, H, W], one of each class, and what their ``classes`` are called,
    "" where there are none; every run reconstructs these. test_images: that the figures are means
    of. notes: how to read it.
    """

    title: str
    question: str
    runs: tuple[ComparedRun, ...]
    originals: Images
    classes: tuple[str, ...]
    test_images: int
    dataset: str
    source: str
    licence: str
    notes: tuple[Note, ...]

    @property
    def class_list(self) -> str:
        """What the originals are, from left to right; "" where they have no classes."""
        return ", ".join(name for name in self.classes if name)

    @property
    def classes_need_saying(self) -> bool:
        """Whether pictures alone do not say it, as those of digits and letters do."""
        return any(len(name) > 1 for name in self.classes)

    @property
    def comparable_loss(self) -> bool:
        """Whether all were trained on the same reconstruction loss, so that it and −ELBO have one
        unit. β does not matter: both are measured without it."""
        return len({run.spec.likelihood for run in self.runs}) == 1

    @property
    def comparable_bound(self) -> bool:
        """Whether −ELBO bounds the same thing for all. A model that is told the label bounds
        −log p(x | label), the others −log p(x)."""
        return self.comparable_loss and len({run.spec.num_classes for run in self.runs}) == 1

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The fields in which the runs differ."""
        return differences([(run.spec, run.config) for run in self.runs])

    @property
    def best(self) -> dict[str, tuple[int, ...] | None]:
        """Column -> the runs with the smallest figure, more than one where it is the same as shown.

        None where comparing would not be fair; () where no figure is a number, or all are alike.
        """
        fair = {
            "always": True,
            "loss": self.comparable_loss,
            "bound": self.comparable_bound,
            "never": False,
        }
        return {
            column.name: _smallest(
                [round(run.figure(column.name), column.digits) for run in self.runs]
            )
            if fair[column.ranked]
            else None
            for column in COLUMNS
        }


def _smallest(values: Sequence[float]) -> tuple[int, ...]:
    numbers = [value for value in values if math.isfinite(value)]
    if len(set(values)) == 1 or not numbers:
        return ()
    return tuple(index for index, value in enumerate(values) if value == min(numbers))


def differences(settings: Sequence[tuple[ModelSpec, TrainConfig]]) -> tuple[Difference, ...]:
    """The fields of either record that are not the same in all of ``settings``, in their order."""
    found = []
    for number, record in enumerate((ModelSpec, TrainConfig)):
        for item in fields(record):
            values = tuple(
                getattr(pair[number], item.name) if _plays_a_part(item.name, *pair) else None
                for pair in settings
            )
            if any(value != values[0] for value in values):
                found.append(Difference(item.name, values))
    return tuple(found)


def _plays_a_part(field: str, spec: ModelSpec, config: TrainConfig) -> bool:
    return field != "negative_slope" or spec.activation == "leaky_relu"


def curve_of(rows: Sequence[Mapping[str, float]], last: int) -> tuple[Epoch, ...] | None:
    """The rows of a ``metrics.csv`` up to the epoch ``last``; None where they are no curve, as a
    stranger's need not be."""
    found: list[Epoch] = []
    names = ("train_reconstruction", "train_kl", "test_reconstruction", "test_kl")
    for row in rows:
        epoch, values = row.get("epoch", math.nan), [row.get(name, math.nan) for name in names]
        if not all(abs(value) <= _LARGEST for value in (epoch, *values)):  # nor is NaN
            return None
        if epoch != int(epoch) or epoch <= (found[-1].epoch if found else 0):
            return None
        if epoch <= last:
            found.append(Epoch(int(epoch), Terms(*values[:2]), Terms(*values[2:])))
    return tuple(found)
