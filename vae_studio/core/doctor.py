"""``Doctor``: hears the events of a training and says what goes wrong, with evidence and remedies.

The thresholds were chosen on MNIST: the nine variants, trained as they ship, stay clear of each.
Beside each stands how close one came: in 3 epochs, or in the 50 of those that ship.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from vae_studio.core import findings as remedy
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingFailed
from vae_studio.core.findings import Finding, Remedy, Severity
from vae_studio.core.measures import Terms
from vae_studio.core.schedules import beta_share, rate_share
from vae_studio.core.spec import ModelSpec, TrainConfig

# Steps. Collapse is judged over two windows, and not before both are full.
_WINDOW = 50
_RECENT = 20  # for the scale, which shows early

# Nats. The lowest, once β is whole: 5.3.
_COLLAPSED_KL, _ALIVE_KL = 0.8, 1.0
_EMPTY_KL = 0.1  # nothing comes through
_GROWTH = 1.25  # of KL between two windows: it is on its way up
_UNUSED = 0.01  # nats of a dimension
_LEARNT = 0.7  # of the first reconstruction: what is above has not learnt the mean image yet
_HIGH_WEIGHT = 1.5  # β · scale; 1 is the −ELBO
_SCALE_WEIGHT, _SCALE_KL = 10.0, 0.5  # the former: 1

# The loss of 64 images or more, over the lowest so far: 1.23.
_RISE, _SERIOUS_RISE, _CALM_RISE, _IMAGES = 2.0, 10.0, 1.5, 64
_JUMP = 1.25  # of the test loss from one epoch to the next: 1.004

# Of the best test loss, in each of two epochs: 1.0006.
_WORSE, _SERIOUSLY_WORSE, _RECOVERED = 1.015, 1.1, 1.005

_DEAD, _MOSTLY_DEAD, _ALIVE = 0.7, 0.9, 0.65  # share of the hidden units: 0.43
_LARGE, _HUGE = 1e3, 1e6  # of what a hidden unit is given: 122

# Root mean square of the codes, 1 for the prior's: 1.4. Only asked where β · scale is low.
_LOW_WEIGHT, _WIDE, _VERY_WIDE, _NARROW = 0.5, 1.5, 2.5, 1.3

_COLUMNS = ("epoch", "train_reconstruction", "train_kl", "test_reconstruction", "test_kl")


@dataclass(frozen=True)
class _Epoch:
    """The figures of one epoch."""

    number: int
    train: Terms
    test: Terms


class Doctor:
    """Feed it every event of one training, in order. Plain Python, some microseconds a step."""

    def __init__(
        self,
        spec: ModelSpec,
        config: TrainConfig,
        images: int,
        rows: Sequence[Mapping[str, float]] = (),
    ) -> None:
        """images: that are trained on. rows: of ``metrics.csv``, for a run that goes on."""
        self._spec, self._config = spec, config
        full, rest = divmod(images, config.batch_size)
        self._steps = max(1, full + (rest > (1 if spec.batch_norm else 0)))  # of one epoch
        self._scale = remedy.scale_of(spec, config)
        self._epochs = [epoch for row in rows if (epoch := _epoch_of(row)) is not None]
        self._found: dict[str, Finding] = {}
        self._news: list[Finding] = []
        self._beta, self._rate = config.beta, config.learning_rate  # before warm-up, schedule
        self._kl: deque[float] = deque(maxlen=2 * _WINDOW)
        self._first: Terms | None = None  # of an untrained network
        self._reconstruction = math.inf
        self._losses: list[float] = []  # up to _IMAGES
        self._lowest: float | None = None
        self._risen_at = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What holds now, in the order it was found."""
        return tuple(self._found.values())

    def hear(self, event: Event) -> tuple[Finding, ...]:
        """The findings that are new with this event, or have become serious."""
        self._news = []
        if isinstance(event, StepDone):
            self._follow_changes(event)
            self._look_at_loss(event)
            self._look_at_scale(event)
        elif isinstance(event, EpochDone):
            self._epochs.append(_Epoch(event.epoch, event.train, event.test.terms))
            self._look_for_a_calm_epoch(event)
            self._look_at_test(event)
            self._look_at_units(event)
            self._look_for_collapse(event)
            self._look_at_codes(event)
        elif isinstance(event, TrainingFailed) and event.code == "train.not_finite":
            params = {"failed": event.step, "learning_rate": self._rate}
            remedies = remedy.for_not_finite(self._rate, self._last_good())
            self._say("not_finite", event, params, True, remedies)
        return tuple(self._news)

    def _say(
        self,
        code: str,
        event: Event,
        params: Mapping[str, Any],
        serious: bool,
        remedies: tuple[Remedy, ...],
    ) -> None:
        severity: Severity = "serious" if serious else "warning"
        before = self._found.get(code)
        found = Finding(code, event.epoch, event.step, params, severity, remedies)
        self._found[code] = found
        if before is None or (serious and before.severity == "warning"):
            self._news.append(found)

    def _withdraw(self, *codes: str) -> None:
        for code in codes:
            self._found.pop(code, None)

    def _follow_changes(self, event: StepDone) -> None:
        """β and rate before warm-up and schedule; what they were changed for is looked at anew."""
        beta = event.beta / beta_share(self._config, event.step, self._steps)
        if not math.isclose(beta, self._beta, rel_tol=1e-6):
            self._withdraw(*(("collapse", "scale") if beta < self._beta else ("beta_drowns",)))
            self._beta = beta
            self._kl.clear()
            self._start_anew()
        share = rate_share(self._config, event.step, self._steps)
        if share < 1e-6:  # too little left to tell
            return
        rate = event.learning_rate / share
        if not math.isclose(rate, self._rate, rel_tol=1e-6):
            if rate < self._rate:
                self._withdraw("rate")
                self._start_anew()
            self._rate = rate

    def _start_anew(self) -> None:
        """From here on the loss is another, or is expected to be."""
        self._losses.clear()
        self._lowest = None

    def _look_at_loss(self, event: StepDone) -> None:
        """Whether the loss rises far above what it was."""
        loss = event.batch.total(event.beta * self._scale)
        if event.step == 1:  # the same for every image: no mean is needed
            self._first, self._lowest = event.batch, loss
            return
        self._losses.append(loss)
        if len(self._losses) * self._config.batch_size < _IMAGES:
            return
        loss = fmean(self._losses)
        self._losses.clear()
        if self._lowest is None or self._lowest <= 0.0:
            self._lowest = loss
            return
        ratio = loss / self._lowest
        self._lowest = min(self._lowest, loss)
        if ratio > _CALM_RISE:
            self._risen_at = event.step
        known = self._found.get("rate")
        if ratio > _RISE and (known is None or ratio > known.params["ratio"]):
            self._say_rate(event, "loss", ratio, ratio > _SERIOUS_RISE)

    def _say_rate(self, event: Event, cause: str, ratio: float, wrecked: bool) -> None:
        params = {"cause": cause, "ratio": ratio, "learning_rate": self._rate}
        self._say("rate", event, params, wrecked, remedy.for_rate(self._rate, wrecked))
        self._risen_at = event.step
        self._withdraw("collapse")

    def _look_for_a_calm_epoch(self, event: EpochDone) -> None:
        if event.step - self._risen_at >= self._steps:
            self._withdraw("rate")

    def _look_at_scale(self, event: StepDone) -> None:
        """Whether a mean over pixels has made β so heavy that no KL is left."""
        self._kl.append(event.batch.kl)
        self._reconstruction = event.batch.reconstruction
        if self._scale == 1:
            return
        weight = event.beta * self._scale
        kl = fmean(list(self._kl)[-_RECENT:])
        if kl > _ALIVE_KL:
            self._withdraw("scale")
        elif len(self._kl) >= _WINDOW and weight >= _SCALE_WEIGHT and kl < _SCALE_KL:
            params = {
                "kl": kl,
                "reconstruction": event.batch.reconstruction,
                "pixels": self._spec.pixels,
                "beta": event.beta,
                "weight": weight,
            }
            self._say("scale", event, params, True, remedy.for_scale(self._config, self._scale))

    def _look_at_test(self, event: EpochDone) -> None:
        """Overfitting, or a test loss that jumps. β = that of now, for all epochs alike."""
        weight = event.beta * self._scale
        tests = [epoch.test.total(weight) for epoch in self._epochs]
        trains = [epoch.train.total(weight) for epoch in self._epochs]
        if len(tests) > 1 and tests[-1] > _JUMP * tests[-2] and trains[-1] >= trains[-2]:
            ratio = tests[-1] / tests[-2] if tests[-2] > 0.0 else math.inf
            if "rate" not in self._found:
                self._say_rate(event, "test", ratio, ratio > _SERIOUS_RISE)
        best = min(range(len(tests)), key=tests.__getitem__)
        last_two = tests[best + 1 :][-2:]
        if tests[-1] < _RECOVERED * tests[best] or "rate" in self._found:
            self._withdraw("overfit")
        elif (
            len(last_two) == 2
            and min(last_two) >= _WORSE * tests[best]
            and trains[-1] < trains[best]
        ):
            number = self._epochs[best].number
            params = {
                "best": number,
                "rise": tests[-1] - tests[best],
                "fall": trains[best] - trains[-1],
                "gap": tests[-1] - trains[-1],
            }
            remedies = remedy.for_overfitting(self._spec, self._config, number)
            self._say(
                "overfit", event, params, tests[-1] >= _SERIOUSLY_WORSE * tests[best], remedies
            )

    def _look_for_collapse(self, event: EpochDone) -> None:
        """Whether hardly anything comes through the code, and no more is on its way."""
        weight, kl = event.beta * self._scale, event.test.terms.kl
        if kl > _ALIVE_KL or {"scale", "rate", "dead_units"} & self._found.keys():  # its causes
            self._withdraw("collapse")
            return
        if weight <= _HIGH_WEIGHT and self._warming_up(event):
            return
        if len(self._kl) < 2 * _WINDOW or kl > _COLLAPSED_KL:
            return
        knew = self._config.mean_bias  # what a network learns first
        if self._first and not knew and self._reconstruction > self._learnt(self._first):
            return
        steps = list(self._kl)
        grows = fmean(steps[_WINDOW:]) > _GROWTH * fmean(steps[:_WINDOW])
        if grows and kl > _EMPTY_KL:
            return
        cause = "warm_up" if self._config.beta_warmup == 0 else "other"
        cause = "beta" if weight > _HIGH_WEIGHT else cause
        params = {
            "cause": cause,
            "kl": kl,
            "unused": sum(value < _UNUSED for value in event.test.latent.kl),
            "dimensions": len(event.test.latent.kl),
            "beta": self._beta,
        }
        remedies = remedy.for_collapse(cause, self._config, self._beta, self._scale)
        self._say("collapse", event, params, kl < _EMPTY_KL, remedies)

    def _warming_up(self, event: EpochDone) -> bool:
        return event.step < self._config.beta_warmup * self._steps

    def _learnt(self, first: Terms) -> float:
        """The reconstruction of a network that knows the mean image. A Gaussian's is the logarithm
        of the squared error, so that a share of that is a number of nats."""
        if self._spec.likelihood == "gaussian":
            return first.reconstruction + 0.5 * math.log(_LEARNT) * self._spec.pixels
        return _LEARNT * first.reconstruction

    def _look_at_codes(self, event: EpochDone) -> None:
        """Whether a low β has let the codes go where no sample of the prior comes."""
        latent, weight = event.test.latent, event.beta * self._scale
        pairs = zip(latent.mean, latent.std, strict=True)
        spread = math.sqrt(fmean(mean**2 + std**2 for mean, std in pairs))
        if weight >= _LOW_WEIGHT or spread < _NARROW:
            self._withdraw("beta_drowns")
        elif spread > _WIDE and not self._warming_up(event):
            params = {"spread": spread, "kl": event.test.terms.kl, "beta": self._beta}
            remedies = remedy.for_low_beta(self._scale)
            self._say("beta_drowns", event, params, spread > _VERY_WIDE, remedies)

    def _look_at_units(self, event: EpochDone) -> None:
        """Hidden units that died, or that are given too much."""
        units, dead = event.units.units, event.units.dead
        if dead > _DEAD * units:
            params = {"dead": dead, "units": units, "percent": 100.0 * dead / units}
            remedies = remedy.for_units(self._rate)
            self._say("dead_units", event, params, dead > _MOSTLY_DEAD * units, remedies)
        elif dead < _ALIVE * units:
            self._withdraw("dead_units")
        largest = event.units.largest
        if not largest <= _LARGE:
            remedies = remedy.for_large_units(self._rate)
            serious = not largest <= _HUGE
            self._say("exploding_units", event, {"largest": largest}, serious, remedies)
        else:
            self._withdraw("exploding_units")

    def _last_good(self) -> int:
        """The last epoch whose test loss is near the best one's, and below an untrained
        network's; 0 for none."""
        totals = [epoch.test.total() for epoch in self._epochs]
        if not totals or (self._first and min(totals) > self._first.total()):
            return 0
        good = [i for i, total in enumerate(totals) if total <= _JUMP * min(totals)]
        return self._epochs[good[-1]].number


def _epoch_of(row: Mapping[str, float]) -> _Epoch | None:
    """A row of ``metrics.csv``, which a stranger may have written; None where it is no figure."""
    try:
        number, *figures = (float(row[name]) for name in _COLUMNS)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not number.is_integer() or not all(map(math.isfinite, figures)):
        return None
    return _Epoch(int(number), Terms(*figures[:2]), Terms(*figures[2:]))
