"""The two terms of the negative evidence lower bound (−ELBO).

−ELBO(x) = −E_q[log p(x|z)] + KL(q(z|x) ‖ p(z)): Kingma & Welling 2014, eq. 3.
Every term sums over pixels or latent dimensions and averages over the batch.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_studio.core.spec import Likelihood

LEVELS = 255.0  # from black to white, in steps of 8 bits
SMALLEST_VARIANCE = LEVELS**-2  # σ is one such step at least: a pixel costs 0.9 nats or more


class LossTerms(NamedTuple):
    """Means for one image. Scalars, or tensors without dimensions while training.

    reconstruction: nats, but squared error for ``mse``. kl: nats.
    """

    reconstruction: Tensor
    kl: Tensor

    def total(self, beta: float = 1.0) -> Tensor:
        """reconstruction + β · KL: Higgins et al. 2017, eq. 4. With β = 1 it is the −ELBO."""
        return self.reconstruction + beta * self.kl


def reconstruction_each(
    logits: Tensor, x: Tensor, likelihood: Likelihood, variance: Tensor | None = None
) -> Tensor:
    """−log p(x|z) for each image: [B].

    logits, x: [B, …] of one shape; x in [0, 1]. ``bernoulli``: binary cross-entropy, in nats
    (Kingma & Welling 2014, eq. 11). ``mse``: squared error of sigmoid(logits), which is
    −log N(x; x_hat, ½·I) in nats but for a constant. ``gaussian``: −log N(x; x_hat, σ²·I) with
    σ² = ``variance``, a scalar, in nats, as a density over steps of 1/255, so that it stands beside
    the nats of 8-bit pixels.
    """
    if likelihood == "mse":
        return (torch.sigmoid(logits) - x).square().flatten(1).sum(1)
    if likelihood == "gaussian":
        error = (torch.sigmoid(logits) - x).square().flatten(1).sum(1)
        return gaussian(error, math.prod(x.shape[1:]), _known(variance))
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def gaussian(error: Tensor, values: int, variance: Tensor) -> Tensor:
    """−log of a normal density over 8-bit steps, in nats, for ``values`` numbers whose squared
    errors sum up to ``error``. variance: σ², in units of [0, 1]."""
    per_value = 0.5 * torch.log(2.0 * math.pi * LEVELS**2 * variance)
    return values * per_value + error / (2.0 * variance)


def best_variance(logits: Tensor, x: Tensor) -> Tensor:
    """The σ² under which a batch costs least: its mean squared error, a scalar without gradient.

    Rybkin, Daniilidis & Levine 2021, *Simple and Effective VAE Training with Calibrated Decoders*,
    eq. 5. As the derivative by σ² is 0 there, weights learn as if it were differentiated too.
    """
    error = F.mse_loss(torch.sigmoid(logits.detach()), x)
    return error.clamp(min=SMALLEST_VARIANCE)


def logits_gradient(logits: Tensor, x: Tensor, likelihood: Likelihood) -> Tensor:
    """d −log p(x|z) / d logits, of each pixel: shape of logits, whose memory it takes.

    ``bernoulli``: x_hat − x. ``mse``: 2·(x_hat − x)·x_hat·(1 − x_hat). Not for ``gaussian``.
    """
    x_hat = logits.sigmoid_()
    if likelihood == "mse":
        return 2.0 * (x_hat - x) * (x_hat * (1.0 - x_hat))
    return x_hat.sub_(x)


def _known(variance: Tensor | None) -> Tensor:
    if variance is None:
        raise ValueError("a Gaussian likelihood needs its variance")
    return variance


def kl_dimensions(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) ‖ N(0, 1)) of each latent dimension, in nats: [B, L].

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


def loss_terms(
    logits: Tensor,
    x: Tensor,
    mu: Tensor,
    logvar: Tensor,
    likelihood: Likelihood,
    variance: Tensor | None = None,
) -> LossTerms:
    """Both terms of a batch, as means over its images. Shapes as above."""
    batch = mu.shape[0]
    if likelihood == "mse":
        summed = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
    elif likelihood == "gaussian":
        error = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
        summed = gaussian(error, x.numel(), _known(variance))
    else:
        summed = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return LossTerms(summed / batch, kl_dimensions(mu, logvar).sum() / batch)
