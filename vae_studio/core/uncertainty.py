"""How sure an encoder is of one image, and how far from the best code that there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.adam import Adam
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.explore import Encoded
from vae_studio.core.losses import kl_dimensions
from vae_studio.core.model import LOGVAR_LIMIT, VAE

_SPREAD_SAMPLES = 64
_STEPS = 300  # of the search
_RATE = 0.03
_SEARCH_SAMPLES = 16  # of z in each step, the same in all: the search goes downhill without noise
_JUDGE_SAMPLES = 256  # others, for the two figures that are shown
_EVERY = 10  # steps between two looks whether to stop


@dataclass(frozen=True, eq=False)
class Spread:
    """Samples of a posterior. z: float32 [n, L]; images: float32 [n, C, H, W]; deviation: float32
    [H, W], the standard deviation of each pixel over 64 samples, the largest of the channels."""

    z: NDArray[np.float32]
    images: NDArray[np.float32]
    deviation: NDArray[np.float32]


@dataclass(frozen=True)
class BestCode:
    """The posterior N(mu, exp(logvar)) that was found, and −ELBO of the image with the encoder's
    and with this one, in nats (or squared error + nats)."""

    mu: tuple[float, ...]
    logvar: tuple[float, ...]
    before: float
    after: float

    @property
    def gain(self) -> float:
        """The amortisation gap, as far as it was found: 0 where the encoder was right."""
        return self.before - self.after


@torch.no_grad()
def posterior_spread(model: VAE, code: Encoded, count: int, seed: int = 0) -> Spread:
    """Draw from q(z|x) and decode; the first ``count`` samples are returned."""
    generator = torch.Generator().manual_seed(seed)
    mu, logvar = torch.tensor([code.mu]), torch.tensor([code.logvar])
    noise = torch.randn(max(count, _SPREAD_SAMPLES), mu.shape[1], generator=generator)
    z = mu + torch.exp(0.5 * logvar) * noise
    images = model.decode(z, _labels(code, len(z)))
    deviation = images[:_SPREAD_SAMPLES].std(0).amax(0)
    return Spread(z[:count].numpy(), images[:count].numpy(), deviation.numpy())


def search_code(
    model: VAE,
    image: NDArray[np.float32],
    code: Encoded,
    should_stop: ShouldStop = never,
    progress: Callable[[float], object] = lambda share: None,
    seed: int = 0,
) -> BestCode | None:
    """Go on from the encoder's mean and variance to those that lower the −ELBO of this image most:
    what its error costs is the amortisation gap (Cremer, Li & Duvenaud 2018, section 3).

    image: [C, H, W]. Returns the encoder's own where nothing better was found, and None once
    ``should_stop`` said yes.
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).unsqueeze(0)
    size = len(code.mu)
    first_mu, first_logvar = torch.tensor([code.mu]), torch.tensor([code.logvar])
    noise = torch.randn(_SEARCH_SAMPLES, size, generator=generator)
    judge = torch.randn(_JUDGE_SAMPLES, size, generator=generator)
    with torch.enable_grad():
        mu = first_mu.clone().requires_grad_()
        logvar = first_logvar.clone().requires_grad_()
        optimiser = Adam([mu, logvar], lr=_RATE)
        for step in range(_STEPS):
            if step % _EVERY == 0:
                if should_stop():
                    return None
                progress(step / _STEPS)
            optimiser.zero_grad()
            _cost(model, x, code, mu, logvar, noise).backward()
            optimiser.step()
            logvar.data.clamp_(-LOGVAR_LIMIT, LOGVAR_LIMIT)
    with torch.no_grad():
        before = float(_cost(model, x, code, first_mu, first_logvar, judge))
        after = float(_cost(model, x, code, mu, logvar, judge))
    if not after < before:
        return BestCode(code.mu, code.logvar, before, before)
    return BestCode(tuple(mu[0].tolist()), tuple(logvar[0].tolist()), before, after)


def _cost(
    model: VAE, x: Tensor, code: Encoded, mu: Tensor, logvar: Tensor, noise: Tensor
) -> Tensor:
    """−ELBO of x, with as many samples of z as ``noise`` [n, L] has."""
    z = mu + torch.exp(0.5 * logvar) * noise
    logits = model.decode_logits(z, _labels(code, len(z)))
    lost = model.lost(logits, x.expand_as(logits))
    return lost.mean() + kl_dimensions(mu, logvar).sum()


def _labels(code: Encoded, count: int) -> Tensor | None:
    if code.label is None:
        return None
    return torch.tensor([code.label], dtype=torch.float32).expand(count, -1)
