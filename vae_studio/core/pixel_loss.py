"""What each pixel of an image costs a model. Plain numpy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.spec import Likelihood

# The largest float32 below 1 is 1 − 2⁻²⁴: what was rounded to 1 lay halfway there, or above.
_LOW, _HIGH = float(np.finfo(np.float32).tiny), 1.0 - 2.0**-25


def pixel_loss(
    x: NDArray[np.float32],
    x_hat: NDArray[np.float32],
    likelihood: Likelihood,
    variance: float | None = None,
) -> NDArray[np.float32]:
    """The terms whose sum is the reconstruction term: float32 [H, W], summed over channels.

    x, x_hat: [C, H, W] in [0, 1]. ``bernoulli``: −[x log x̂ + (1 − x) log(1 − x̂)], in nats (Kingma
    & Welling 2014, eq. 11); at most 87 for a pixel of ink and 17 for one of paper, as x̂ is kept
    away from 0 and 1. ``mse``: squared error. ``gaussian``: −log of a normal density with that
    ``variance``, over steps of 1/255, in nats.
    Raises ``ValueError`` for two shapes, another likelihood, or a Gaussian's variance that is not
    there.
    """
    if x.shape != x_hat.shape:
        raise ValueError(f"x is {x.shape}, x_hat {x_hat.shape}")
    wanted, found = x.astype(np.float64), x_hat.astype(np.float64)
    if likelihood == "mse":
        each = np.square(found - wanted)
    elif likelihood == "bernoulli":
        found = np.clip(found, _LOW, _HIGH)
        each = -(wanted * np.log(found) + (1.0 - wanted) * np.log1p(-found))
    elif likelihood == "gaussian":
        if variance is None or not variance > 0.0:
            raise ValueError(f"no variance {variance!r}")
        each = np.square(found - wanted) / (2.0 * variance)
        each += 0.5 * math.log(2.0 * math.pi * 255.0**2 * variance)
    else:
        raise ValueError(f"no likelihood {likelihood!r}")
    lost: NDArray[np.float32] = each.sum(0).astype(np.float32)
    return lost
