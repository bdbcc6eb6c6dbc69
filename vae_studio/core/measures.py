"""Figures as plain Python, so that windows and files can hold them without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vae_studio.core.errors import CheckpointError

ACTIVE_VARIANCE = 0.01  # Burda, Grosse & Salakhutdinov 2016, section 5.2
_MAX_LATENT = 512  # dimensions, as ``ModelSpec`` allows


@dataclass(frozen=True)
class Terms:
    """Means for one image: reconstruction (nats, or squared error for ``mse``) and KL (nats)."""

    reconstruction: float
    kl: float

    def total(self, beta: float = 1.0) -> float:
        """reconstruction + β · KL."""
        return self.reconstruction + beta * self.kl


@dataclass(frozen=True)
class LatentStats:
    """What each latent dimension does on the test set; every field has L entries.

    kl: mean KL in nats. mean, std: of the posterior means. low, high: their 0.5 % and 99.5 %
    quantiles, the range where the decoder has seen data.
    """

    kl: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def active(self) -> tuple[bool, ...]:
        """Whether the posterior mean of a dimension varies, as ``Evaluation.active_units`` counts
        it."""
        return tuple(std**2 > ACTIVE_VARIANCE for std in self.std)

    @property
    def order(self) -> tuple[int, ...]:
        """Dimensions by KL, the largest first."""
        return tuple(sorted(range(len(self.kl)), key=lambda i: -self.kl[i]))


@dataclass(frozen=True)
class UnitHealth:
    """What the hidden units of encoder and decoder do on some images.

    units: how many there are. dead: those that are 0 for each image, and so learn nothing any
    more; only ReLU can do that. largest: of all they are given before the activation, in absolute
    value.
    """

    units: int
    dead: int
    largest: float


@dataclass(frozen=True)
class Evaluation:
    """One pass over a test set, one sample of z for each image, in eval mode.

    terms: means for one image. bernoulli: reconstruction as binary cross-entropy in nats;
    squared_error: summed over pixels. Both are given whatever the model was trained with, so
    that models with different likelihoods can be compared. active_units: dimensions whose
    posterior mean varies, Var(mu) > 0.01 (Burda et al. 2016, section 5.2).
    """

    terms: Terms
    bernoulli: float
    squared_error: float
    active_units: int
    latent: LatentStats

    @property
    def negative_elbo(self) -> float:
        """−ELBO: reconstruction + KL, β = 1."""
        return self.terms.total()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Evaluation:
        """The inverse of ``to_dict``; ``CheckpointError`` when a part is missing or not finite."""
        try:
            kept, terms = values["latent"], values["terms"]
            latent = LatentStats(
                **{name: _numbers(kept[name]) for name in LatentStats.__annotations__}
            )
            if len({len(getattr(latent, name)) for name in LatentStats.__annotations__}) != 1:
                raise ValueError("latent statistics of unequal length")
            active_units = values["active_units"]
            if type(active_units) is not int or not 0 <= active_units <= len(latent.kl):
                raise ValueError("active_units is no count of latent dimensions")
            return cls(
                Terms(_number(terms["reconstruction"]), _number(terms["kl"])),
                _number(values["bernoulli"]),
                _number(values["squared_error"]),
                active_units,
                latent,
            )
        except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
            raise CheckpointError("checkpoint.figures", reason=str(error)[:200]) from error


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a figure is a {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("a figure is not finite")
    return number


def _numbers(values: Any) -> tuple[float, ...]:
    if not isinstance(values, (list, tuple)) or len(values) > _MAX_LATENT:
        raise TypeError(f"no list of at most {_MAX_LATENT} figures")
    return tuple(_number(value) for value in values)
