"""What any model makes of one image, in a measure that is the same for all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vae_studio.core.explore import Label, encode
from vae_studio.core.losses import kl_dimensions, reconstruction_each
from vae_studio.core.model import VAE


@dataclass(frozen=True, eq=False)
class Measured:
    """One image through one model. All is in nats but ``squared_error``, whatever the model was
    trained with: its x_hat is read as the probabilities of a Bernoulli distribution.

    bernoulli: binary cross-entropy of the reconstruction at z = mu, summed over the pixels.
    squared_error: of the same, summed over the pixels. kl: of q(z|x) from the prior. bound:
    −log p(x) is at most this, on average over seeds; of a conditional model it is −log p(x|y) for
    the label that was used. x_hat: float32 [C, H, W], the reconstruction at z = mu. mu: L entries.
    label: the class weights that were used, None without classes.
    """

    bernoulli: float
    squared_error: float
    kl: float
    bound: float
    x_hat: NDArray[np.float32]
    mu: tuple[float, ...]
    label: tuple[float, ...] | None


@torch.no_grad()
def measure_input(
    model: VAE,
    image: NDArray[np.float32],
    label: Label | None = None,
    samples: int = 64,
    seed: int = 0,
) -> Measured:
    """Measure one image [C, H, W] in [0, 1]. Without ``label`` a conditional model takes the class
    that ``explore.encode`` picks, and the bound is of log p(x|y) for that one.

    The bound is the importance-weighted one, −log 1/k Σ p(x|zᵢ) p(zᵢ) / q(zᵢ|x) with k =
    ``samples`` ≥ 1 draws from q(z|x) (Burda, Grosse & Salakhutdinov 2016, eq. 8). With one draw it
    is −ELBO; more draws bring it nearer to −log p(x). Raises ``SpecError`` for images of another
    size.
    """
    code = encode(model, image, label)
    x = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).unsqueeze(0)
    mu, logvar = torch.tensor([code.mu]), torch.tensor([code.logvar])
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(samples, mu.shape[1], generator=generator)
    z = mu + torch.exp(0.5 * logvar) * noise
    points = torch.cat([mu, z])  # one pass of the decoder for both
    labels = None
    if code.label is not None:
        labels = torch.tensor([code.label], dtype=torch.float32).expand(len(points), -1)
    logits = model.decode_logits(points, labels)
    lost = reconstruction_each(logits, x.expand_as(logits), "bernoulli").double()
    # log p(z) − log q(z|x): the constants cancel, and (z − mu)² / σ² is the noise.
    ratio = 0.5 * (noise.square() - z.square() + logvar).double().sum(1)
    bound = math.log(samples) - float(torch.logsumexp(ratio - lost[1:], 0))
    x_hat = torch.sigmoid(logits[0])
    return Measured(
        bernoulli=float(lost[0]),
        squared_error=float((x_hat - x[0]).square().double().sum()),
        kl=float(kl_dimensions(mu, logvar).double().sum()),
        bound=bound,
        x_hat=x_hat.numpy(),
        mu=code.mu,
        label=code.label,
    )
