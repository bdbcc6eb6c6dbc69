"""``metrics.csv``: the figures of a run, a row for each epoch. No torch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone
from vae_studio.core.runs import read_metrics

METRICS = (
    "epoch",
    "step",
    "train_reconstruction",
    "train_kl",
    "test_reconstruction",
    "test_kl",
    "beta",
    "learning_rate",
    "active_units",
    "seconds",
)
_COUNTS = ("epoch", "step", "active_units")  # whole numbers


def metrics_bytes(rows: Sequence[Mapping[str, float]]) -> bytes:
    """The file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, METRICS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def metrics_row(event: EpochDone) -> dict[str, float]:
    """The figures of an epoch, by column."""
    values = (
        event.epoch,
        event.step,
        event.train.reconstruction,
        event.train.kl,
        event.test.terms.reconstruction,
        event.test.terms.kl,
        event.beta,
        event.learning_rate,
        event.test.active_units,
        round(event.seconds, 3),
    )
    return dict(zip(METRICS, values, strict=True))


def rows_until(folder: Path, epoch: int, step: int) -> list[dict[str, float]]:
    """What is known of the epochs up to ``epoch``, which ended at ``step`` or before; a damaged
    file is put aside."""
    try:
        rows = read_metrics(folder)
        known = [row for row in rows if row.get("epoch", 0.0) <= epoch]
        if not _sound(rows) or not all(0 < row["step"] <= step for row in known):
            raise CheckpointError("checkpoint.metrics", path=str(folder), reason="wrong figures")
    except CheckpointError:
        try:
            (folder / "metrics.csv").replace(folder / "metrics.damaged.csv")
        except OSError as error:
            reason = error.strerror or str(error)
            raise CheckpointError("checkpoint.write", path=str(folder), reason=reason) from error
        return []
    return [
        {name: int(row[name]) if name in _COUNTS else row[name] for name in METRICS}
        for row in known
    ]


def _sound(rows: Sequence[dict[str, float]]) -> bool:
    """Whether these are the columns that are written, finite, and a row for each of some epochs."""
    if any(set(row) != set(METRICS) for row in rows):
        return False
    if not all(math.isfinite(value) for row in rows for value in row.values()):
        return False
    return all(one["epoch"] < later["epoch"] for one, later in pairwise(rows))


def losses(rows: Sequence[Mapping[str, float]]) -> dict[int, float]:
    """Of each epoch the last step, and −ELBO on the test set."""
    return {int(row["step"]): row["test_reconstruction"] + row["test_kl"] for row in rows}
