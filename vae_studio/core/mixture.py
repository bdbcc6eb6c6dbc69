"""A Gaussian mixture fitted to the codes of the data: a prior made afterwards, to sample from.

The decoder has learnt the codes of the data, not the prior; where the two differ, samples from the
prior fail (Ghosh et al. 2020, section 4, "ex-post density estimation").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.surveyed import Survey

_COMPONENTS = 20
_IMAGES_FOR_EACH = 50  # component, at least
_ACTIVE = 0.01  # variance of the means over the data, above which a dimension is active
_FULL = 64  # active dimensions up to which components may lie askew
_SEED = 0
_ITERATIONS = 100
_ENOUGH = 0.01  # nats that an iteration gains for an image, below which it is the last


@dataclass(frozen=True, eq=False)
class Mixture:
    """weights: [K]; means: [K, A]; roots: of the covariances, lower triangular [K, A, A], or their
    diagonals [K, A]. active: the A dimensions that it is about; all others are as the prior, for
    the data say nothing in them. size: L."""

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    roots: NDArray[np.float64]
    active: NDArray[np.int64]
    size: int

    def sample(self, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
        """Draw z: float32 [count, L]."""
        z = generator.standard_normal((count, self.size))
        if len(self.active):
            chosen = generator.choice(len(self.weights), count, p=self.weights)
            noise, roots = z[:, self.active], self.roots[chosen]
            spread = roots * noise if roots.ndim == 2 else np.einsum("nij,nj->ni", roots, noise)
            z[:, self.active] = self.means[chosen] + spread
        drawn: NDArray[np.float32] = z.astype(np.float32)
        return drawn


class _Stopped(Exception):
    """Somebody gave the fit up."""


def fit_mixture(
    survey: Survey,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Callable[[float], object] = lambda share: None,
) -> Mixture | None:
    """Fit it to one draw of each image's posterior, by expectation maximisation.

    Up to 20 components, one for every 50 images; with up to 64 active dimensions (Burda, Grosse &
    Salakhutdinov 2016, section 5.2) of any covariance, above of a diagonal one. The same for the
    same survey. None once ``should_stop`` said yes.
    """
    from sklearn.mixture import GaussianMixture  # a second of imports, on the thread that works

    class Stoppable(GaussianMixture):  # type: ignore[misc]
        """sklearn asks nobody between two iterations."""

        done = 0

        def _m_step(self, *arguments: Any, **named: Any) -> None:
            if should_stop():
                raise _Stopped
            self.done += 1
            progress(min(self.done / _ITERATIONS, 1.0))
            super()._m_step(*arguments, **named)

    generator = np.random.default_rng(_SEED)
    noise = generator.standard_normal(survey.mu.shape)
    codes = survey.mu + np.exp(0.5 * survey.logvar) * noise
    active = np.flatnonzero(survey.mu.astype(np.float64).var(0) > _ACTIVE)
    size = survey.mu.shape[1]
    if not len(active):
        nothing = np.empty((1, 0))
        return Mixture(np.ones(1), nothing, nothing, active, size)
    full = len(active) <= _FULL
    fitted = Stoppable(
        n_components=max(1, min(_COMPONENTS, len(codes) // _IMAGES_FOR_EACH)),
        covariance_type="full" if full else "diag",
        tol=_ENOUGH,
        reg_covar=1e-4,
        max_iter=_ITERATIONS,
        init_params="k-means++",
        random_state=_SEED,
    )
    try:
        fitted.fit(codes[:, active].astype(np.float64))
    except _Stopped:
        return None
    spread = fitted.covariances_
    roots = np.linalg.cholesky(spread) if full else np.sqrt(spread)
    return Mixture(fitted.weights_, fitted.means_, roots, active, size)
