"""``Survey``: what an encoder makes of a test set, as plain arrays. ``survey.py`` makes one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.measures import LatentStats

CELLS = 48  # of the density of a dimension
_PART = 512  # points at a time: what is in between stays in the processor's cache
PRIOR_RANGE = 3.0  # a dimension is looked at so far from 0 at least: 99.7 % of the prior


@dataclass(frozen=True, eq=False)
class Survey:
    """N images, L latent dimensions.

    snapshot: the id of the weights. images: uint8 [N, C, H, W]; labels: int64 [N]. mu, logvar:
    float32 [N, L], of q(z|x); a conditional model is told the label. reconstruction, kl: float32
    [N], of each image, at z = mu; nats, or squared error for ``mse``.

    The aggregate posterior is q(z) = 1/N Σ q(z|x) (Makhzani et al. 2015, section 2.1). low, high:
    float32 [L], its 0.5 % and 99.5 % quantiles, or ∓3 where they are nearer to 0. density: float32
    [L, CELLS], of each dimension between them; its peak is 1.
    """

    snapshot: str
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    mu: NDArray[np.float32]
    logvar: NDArray[np.float32]
    reconstruction: NDArray[np.float32]
    kl: NDArray[np.float32]
    stats: LatentStats
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    density: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def loss(self) -> NDArray[np.float32]:
        """reconstruction + KL of each image: float32 [N]."""
        total: NDArray[np.float32] = self.reconstruction + self.kl
        return total


def nearest(points: NDArray[np.float32], to: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Indices of the ``count`` of ``points`` [N, D] that are nearest to ``to`` [D], by Euclidean
    distance, the nearest first; of equal ones the first."""
    distances = np.empty(len(points), np.float32)
    for start in range(0, len(points), _PART):
        away = points[start : start + _PART] - to
        np.einsum("nd,nd->n", away, away, out=distances[start : start + _PART])
    count = min(count, len(points))
    if count < len(points):
        limit = np.partition(distances, count - 1)[count - 1]
        chosen = np.flatnonzero(distances <= limit)
    else:
        chosen = np.arange(len(points))
    order = np.argsort(distances[chosen], kind="stable")[:count]
    found: NDArray[np.int64] = chosen[order]
    return found
