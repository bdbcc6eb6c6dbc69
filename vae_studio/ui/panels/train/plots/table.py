"""The losses of a run as a table, and as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

COLUMNS = ("curve", "epoch", "step", "total", "reconstruction", "kl", "beta", "learning_rate")


class Kind(IntEnum):
    """What is known of a step: nothing of its own, its batch, or the mean of the epoch it ends."""

    FILLED = 0
    BATCH = 1
    MEAN = 2


@dataclass(frozen=True)
class Table:
    """What goes into a CSV file. notes: [n, 3] of kind, β, rate, and losses: [n, 3], of each step
    from 1; test: [m, 7] of epoch, step, total, reconstruction, KL, β, rate."""

    steps_per_epoch: int
    notes: Floats
    losses: Floats
    test: Floats


def write_csv(table: Table) -> bytes:
    """A tidy table: one row for each point, with the columns of ``COLUMNS``.

    curve: ``train`` is the loss of one batch, ``train_epoch`` the mean of an epoch (all that is
    known of the time before a run was taken up again), ``test`` the test set after an epoch. epoch
    is a fraction for single steps. First the training by step, then the tests by epoch; figures
    have nine digits, which is all that a float32 has.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(table))
    return text.getvalue().encode()


def _rows(table: Table) -> Iterator[tuple[str, ...]]:
    for place in np.flatnonzero(table.notes[:, 0] != Kind.FILLED).tolist():
        kind, beta, rate = table.notes[place].tolist()
        figures = (*table.losses[place].tolist(), beta, rate)
        curve, step = "train" if kind == Kind.BATCH else "train_epoch", place + 1
        epoch = step / table.steps_per_epoch
        yield (curve, f"{epoch:.9g}", f"{step}", *(f"{figure:.9g}" for figure in figures))
    for epoch, step, *losses in table.test:
        yield ("test", f"{epoch:.9g}", f"{step:.0f}", *(f"{loss:.9g}" for loss in losses))
