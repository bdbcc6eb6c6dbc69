"""Figures as plain Python, so that windows and files can hold them without torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vae_studio.core.errors import CheckpointError


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
    def order(self) -> tuple[int, ...]:
        """Dimensions by KL, the largest first."""
        return tuple(sorted(range(len(self.kl)), key=lambda i: -self.kl[i]))


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
            latent = LatentStats(
                **{name: _numbers(values["latent"][name]) for name in LatentStats.__annotations__}
            )
            if len({len(getattr(latent, name)) for name in LatentStats.__annotations__}) != 1:
                raise ValueError("latent statistics of unequal length")
            reconstruction, kl = _numbers(
                (values["terms"]["reconstruction"], values["terms"]["kl"])
            )
            bernoulli, squared_error = _numbers((values["bernoulli"], values["squared_error"]))
            return cls(
                Terms(reconstruction, kl),
                bernoulli,
                squared_error,
                int(values["active_units"]),
                latent,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError("checkpoint.figures", reason=str(error)) from error


def _numbers(values: Sequence[Any]) -> tuple[float, ...]:
    numbers = tuple(float(value) for value in values)
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError("a figure is not finite")
    return numbers
