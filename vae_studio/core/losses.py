"""The two terms of the negative evidence lower bound (−ELBO).

−ELBO(x) = −E_q[log p(x|z)] + KL(q(z|x) ‖ p(z)): Kingma & Welling 2014, eq. 3.
Every term sums over pixels or latent dimensions and averages over the batch.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_studio.core.spec import Likelihood


class LossTerms(NamedTuple):
    """Means for one image. Scalars, or tensors without dimensions while training.

    reconstruction: nats for ``bernoulli``, squared error for ``mse``. kl: nats.
    """

    reconstruction: Tensor
    kl: Tensor

    def total(self, beta: float = 1.0) -> Tensor:
        """reconstruction + β · KL: Higgins et al. 2017, eq. 4. With β = 1 it is the −ELBO."""
        return self.reconstruction + beta * self.kl


def reconstruction_each(logits: Tensor, x: Tensor, likelihood: Likelihood) -> Tensor:
    """−log p(x|z) for each image: [B].

    logits, x: [B, …] of one shape; x in [0, 1]. ``bernoulli``: binary cross-entropy, in nats
    (Kingma & Welling 2014, eq. 11). ``mse``: squared error of sigmoid(logits), which is
    −log N(x; x_hat, ½·I) in nats but for a constant.
    """
    if likelihood == "mse":
        return (torch.sigmoid(logits) - x).square().flatten(1).sum(1)
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def kl_dimensions(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) ‖ N(0, 1)) of each latent dimension, in nats: [B, L].

    Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mu.square() + logvar.exp() - 1.0 - logvar)


def loss_terms(
    logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, likelihood: Likelihood
) -> LossTerms:
    """Both terms of a batch, as means over its images. Shapes as above."""
    batch = mu.shape[0]
    if likelihood == "mse":
        summed = F.mse_loss(torch.sigmoid(logits), x, reduction="sum")
    else:
        summed = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return LossTerms(summed / batch, kl_dimensions(mu, logvar).sum() / batch)
