"""How well the data support a point of latent space. Plain numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.surveyed import Survey

_JUDGES = 500  # codes of the data that a point is ranked among
_PART = 256  # points at a time: their distances to 10,000 posteriors are 20 MB
_SEED = 0


class Support:
    """Ranks points by the density of the aggregate posterior q(z) = 1/N Σ q(z|xₙ) (Makhzani et al.
    2016) among codes of the data themselves, each judged by all images but its own."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        mu, logvar = survey.mu.astype(np.float64), survey.logvar.astype(np.float64)
        precision = np.exp(-logvar)
        self._precision, self._pull = precision.T, (mu * precision).T
        self._constant = -0.5 * (logvar + mu**2 * precision + np.log(2.0 * np.pi)).sum(1)
        chosen = np.random.default_rng(_SEED).permutation(len(mu))[:_JUDGES]
        noise = np.random.default_rng(_SEED + 1).standard_normal((len(chosen), mu.shape[1]))
        codes = mu[chosen] + np.exp(0.5 * logvar[chosen]) * noise
        self._known = np.sort(self._log_density(codes, chosen))

    def log_density(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """log q(z) of points [P, L], in nats: [P]."""
        return self._log_density(np.asarray(points, np.float64), None)

    def rank(
        self, points: NDArray[np.float32], should_stop: Callable[[], bool] = lambda: False
    ) -> NDArray[np.float32] | None:
        """The share of the data's own codes with less density than each of points [P, L]: [P], in
        [0, 1]. 0: no code of the data is so far from the others; 0.5: like half of them. None once
        ``should_stop`` said yes."""
        densities = []
        for start in range(0, len(points), _PART):
            if should_stop():
                return None
            densities.append(self.log_density(points[start : start + _PART]))
        lower = np.searchsorted(self._known, np.concatenate(densities), side="left")
        ranks: NDArray[np.float32] = (lower / len(self._known)).astype(np.float32)
        return ranks

    def _log_density(
        self, points: NDArray[np.float64], own: NDArray[np.int64] | None
    ) -> NDArray[np.float64]:
        """own: an image for each point that is left out of the mean."""
        count = len(self._constant) - (own is not None)
        found = np.empty(len(points))
        for start in range(0, len(points), _PART):
            part = points[start : start + _PART]
            each = self._constant + part @ self._pull - 0.5 * (part**2) @ self._precision
            if own is not None:
                each[np.arange(len(part)), own[start : start + _PART]] = -np.inf
            top = each.max(1, keepdims=True)
            total = np.log(np.exp(each - top).sum(1)) + top[:, 0]
            found[start : start + _PART] = total - np.log(max(count, 1))
        return found
