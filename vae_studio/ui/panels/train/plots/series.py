"""``Series``: the losses of one run as numpy arrays: by step, smoothed, by epoch.

The columns of losses are always total, reconstruction, KL.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vae_studio.core.measures import Terms
from vae_studio.ui.panels.train.plots.table import Floats, Kind, Table

Losses = tuple[float, float, float]

_NEEDED = ("epoch", "step", "train_reconstruction", "train_kl", "test_reconstruction", "test_kl")
_FIRST_ROOM = 4096  # steps
_MOST_STEPS = 20_000_000  # of a run: some gigabytes
_LAST_EPOCH = 1e6  # of another run: what lies further out would squeeze all the others
_BOUND = 1e12  # of what is averaged: a larger loss would leave no digit of those after it
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Reading:
    """The values of a series at one place. step: 0 where no step is near; train, test: losses, or
    None where none are near."""

    epoch: float
    step: int
    train: Losses | None
    test: Losses | None


@dataclass(frozen=True)
class Past:
    """Another run by epochs. epochs: [n]; train: [n, 3], the means; test: [n, 3]."""

    epochs: Floats
    train: Floats
    test: Floats


class Series:
    """Losses of the training by step, counted from 1, and of the test set by epoch."""

    def __init__(self, steps_per_epoch: int = 1) -> None:
        self.steps_per_epoch = max(1, steps_per_epoch)
        self.count = 0  # steps that are known
        self.last: Losses | tuple[()] = ()
        # Row n is of step n. Sums: of the first n steps, so that any mean is one subtraction.
        self._sums = np.zeros((_FIRST_ROOM, 3))
        self._raw = np.zeros((_FIRST_ROOM, 3))
        self._notes = np.zeros((_FIRST_ROOM, 3))  # kind, β, learning rate
        self._tests: list[tuple[float, ...]] = []
        self._test_array = np.empty((0, 7))

    def add_step(self, step: int, terms: Terms, beta: float, rate: float) -> None:
        """The losses of one batch."""
        self._fill(step, terms, beta, rate, Kind.BATCH)

    def add_mean(self, step: int, terms: Terms, beta: float, rate: float) -> None:
        """The means of an epoch that ended at ``step``, of a run that goes on."""
        self._fill(step, terms, beta, rate, Kind.MEAN)

    def add_test(self, epoch: float, step: int, terms: Terms, beta: float, rate: float) -> None:
        """The losses of the test set after an epoch."""
        losses = (terms.total(beta), terms.reconstruction, terms.kl)
        self._tests.append((float(epoch), float(step), *losses, beta, rate))

    def _fill(self, step: int, terms: Terms, beta: float, rate: float, kind: Kind) -> None:
        """Give these losses to all steps up to ``step`` that have none: one, but for a run that
        was taken up again."""
        losses = (terms.total(beta), terms.reconstruction, terms.kl)
        self.last = losses
        if not self.count < step <= _MOST_STEPS:
            return
        if step >= len(self._sums):
            self._make_room(step)
        counted = losses
        if not all(-_BOUND < loss < _BOUND for loss in losses):
            bounded = np.clip(np.nan_to_num(np.asarray(losses)), -_BOUND, _BOUND)
            counted = (float(bounded[0]), float(bounded[1]), float(bounded[2]))
        if step > self.count + 1:
            span = slice(self.count + 1, step + 1)
            new = np.arange(1, step - self.count + 1)[:, None]
            self._sums[span] = self._sums[self.count] + new * counted
            self._raw[span] = losses
            self._notes[span] = (Kind.FILLED, beta, rate)
        else:
            self._sums[step] = self._sums[step - 1]
            self._sums[step] += counted
            self._raw[step] = losses
        self._notes[step] = (kind, beta, rate)
        self.count = step

    def _make_room(self, step: int) -> None:
        room = len(self._sums)
        while step >= room:
            room *= 2
        for name in ("_sums", "_raw", "_notes"):
            old = getattr(self, name)
            new = np.zeros((room, 3))
            new[: self.count + 1] = old[: self.count + 1]
            setattr(self, name, new)

    @property
    def tests(self) -> Floats:
        """[n, 4]: epoch and losses of the test set."""
        return self._all_tests()[:, [0, 2, 3, 4]]

    @property
    def last_test(self) -> tuple[float, ...]:
        """Epoch and losses of the last test; () before the first."""
        return (self._tests[-1][0], *self._tests[-1][2:5]) if self._tests else ()

    def _all_tests(self) -> Floats:
        if len(self._test_array) != len(self._tests):
            self._test_array = np.asarray(self._tests, dtype=np.float64).reshape(-1, 7)
        return self._test_array

    def smooth(self, window: int, points: int, low: float, high: float) -> tuple[Floats, Floats]:
        """Moving means over the last ``window`` steps, between two epochs, about ``points`` of
        them: epochs [n] and losses [n, 3]."""
        first, last = self._between(low, high)
        if last < first:
            return np.empty(0), np.empty((0, 3))
        ends = np.unique(np.linspace(first, last, min(points, last - first + 1)).astype(int))
        starts = np.maximum(0, ends - max(1, window))
        means = (self._sums[ends] - self._sums[starts]) / (ends - starts)[:, None]
        # A difference of two large sums is not quite 0, and a logarithm sees that.
        means[np.abs(means) <= _ROUNDING * np.abs(self._sums[ends])] = 0.0
        return ends / self.steps_per_epoch, means

    def envelope(self, points: int, low: float, high: float) -> tuple[Floats, Floats]:
        """The losses themselves between two epochs. Where there are more than ``points``, the
        lowest and the highest of each stretch: epochs [n] and losses [n, 3]."""
        first, last = self._between(low, high)
        if last < first:
            return np.empty(0), np.empty((0, 3))
        raw = self._raw[first : last + 1]
        if len(raw) <= points:
            return np.arange(first, last + 1) / self.steps_per_epoch, raw
        starts = np.unique(np.linspace(0, len(raw), points // 2, endpoint=False).astype(int))
        both = np.stack(
            [np.minimum.reduceat(raw, starts), np.maximum.reduceat(raw, starts)], axis=1
        )
        return np.repeat((first + starts) / self.steps_per_epoch, 2), both.reshape(-1, 3)

    def _between(self, low: float, high: float) -> tuple[int, int]:
        """The steps between two epochs, and one more at each side."""
        if math.isnan(low) or math.isnan(high):
            low, high = -math.inf, math.inf
        first = max(1.0, math.floor(low * self.steps_per_epoch) if low > 0 else 1.0)
        last = min(float(self.count), high * self.steps_per_epoch + 1)
        return int(min(first, self.count + 1.0)), int(max(last, 0.0))

    def read(self, epoch: float, window: int) -> Reading:
        """What stands at a place of the axis: the smoothed training, and the nearest test."""
        step = round(epoch * self.steps_per_epoch)
        near = 1 <= step <= self.count
        step = step if near else 0
        train: Losses | None = None
        if near:
            start = max(0, step - max(1, window))
            means = (self._sums[step] - self._sums[start]) / (step - start)
            train = (float(means[0]), float(means[1]), float(means[2]))
        return Reading(epoch, step, train, nearest(self.tests, epoch))

    def table(self) -> Table:
        """All that is known, for another thread to write. No copy: rows of steps that are known
        are never written to again."""
        known = slice(1, self.count + 1)
        tests = self._all_tests()
        return Table(self.steps_per_epoch, self._notes[known], self._raw[known], tests)


def nearest(rows: Floats, epoch: float) -> Losses | None:
    """Of rows [n, 4] of epoch and losses those at the nearest epoch, if it is within half of
    one."""
    if not len(rows):
        return None
    row = rows[int(np.argmin(np.abs(rows[:, 0] - epoch)))]
    if abs(row[0] - epoch) > 0.5:
        return None
    return (float(row[1]), float(row[2]), float(row[3]))


def past(rows: Iterable[Mapping[str, float]]) -> Past:
    """Rows of ``metrics.csv`` as arrays; rows that lack figures or hold senseless ones are left
    out. A run without a column ``beta`` counts with 1."""
    found: list[list[float]] = []
    for row in rows:
        values = [row.get(name, math.nan) for name in _NEEDED]
        beta = row.get("beta", 1.0)
        if not all(math.isfinite(value) for value in (*values, beta)):
            continue
        epoch, _, reconstruction, kl, test_reconstruction, test_kl = values
        if 0 <= epoch <= _LAST_EPOCH:
            train, test = Terms(reconstruction, kl), Terms(test_reconstruction, test_kl)
            found.append([epoch, train.total(beta), *values[2:4], test.total(beta), *values[4:6]])
    array = np.asarray(sorted(found), dtype=np.float64).reshape(-1, 7)
    return Past(array[:, 0], array[:, 1:4], array[:, 4:])


def bounds(curves: Sequence[Floats]) -> tuple[float, float] | None:
    """The range that shows these values, but for a few that are far away from all the others: a
    loss that went to 1e9 for a while does not flatten the rest. None when there is no value."""
    values = np.concatenate(curves) if curves else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, middle, high = (float(v) for v in np.quantile(values, (0.25, 0.5, 0.75)))
    reach = 10 * max(high - low, 0.1 * abs(middle), 0.5)
    near = values[(values >= low - reach) & (values <= high + reach)]
    return float(near.min()), float(near.max())
