"""Where a whole test set lies in latent space, image by image: one pass of the encoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.data import Dataset
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.errors import StudioError
from vae_studio.core.evaluate import batch_for, latent_statistics
from vae_studio.core.losses import kl_dimensions
from vae_studio.core.model import VAE
from vae_studio.core.surveyed import CELLS, PRIOR_RANGE, Survey

_BATCH = 500
_QUANTILES = (0.005, 0.995)
_SEED = 0  # of the points that are drawn from the aggregate posterior


@torch.no_grad()
def survey(
    model: VAE,
    data: Dataset,
    snapshot: str,
    should_stop: ShouldStop = never,
    progress: Callable[[float], object] = lambda share: None,
) -> Survey | None:
    """Encode all of ``data`` with a model in eval mode, and measure what it loses of each image.

    snapshot: the id of its weights. should_stop: asked at every batch; once it says yes, None is
    returned. progress: told the share that is done. Raises ``StudioError`` where codes are no
    finite numbers, as a wrecked training leaves them.
    """
    parts: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []
    for indices in torch.arange(len(data)).split(batch_for(model.spec, _BATCH)):
        if should_stop():
            return None
        x, labels = data.batch(indices)
        mu, logvar = model.encode(x, labels)
        logits = model.decode_logits(mu, labels)
        lost = model.lost(logits, x)
        parts.append((mu, logvar, lost, kl_dimensions(mu, logvar).sum(1)))
        progress(min(1.0, (int(indices[-1]) + 1) / len(data)))
    mu, logvar, reconstruction, kl = (torch.cat(part) for part in zip(*parts, strict=True))
    if not (torch.isfinite(mu).all() and torch.isfinite(logvar).all()):
        raise StudioError("survey.not_finite")
    each = kl_dimensions(mu, logvar).double().mean(0).tolist()
    low, high, density = _marginals(mu, logvar)
    return Survey(
        snapshot=snapshot,
        images=data.images.numpy(),
        labels=data.labels.numpy(),
        mu=mu.numpy(),
        logvar=logvar.numpy(),
        reconstruction=reconstruction.numpy(),
        kl=kl.numpy(),
        stats=latent_statistics(each, mu.double()),
        low=low.numpy(),
        high=high.numpy(),
        density=density.numpy(),
    )


@torch.no_grad()
def encode_means(
    model: VAE, data: Dataset, should_stop: ShouldStop = never
) -> NDArray[np.float32] | None:
    """The posterior means of all of ``data``: float32 [N, L]; None once it is told to stop."""
    means: list[Tensor] = []
    for indices in torch.arange(len(data)).split(batch_for(model.spec, _BATCH)):
        if should_stop():
            return None
        means.append(model.encode(*data.batch(indices))[0])
    found: NDArray[np.float32] = torch.cat(means).numpy()
    return found


def _marginals(mu: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of the aggregate posterior, from one draw for each image: low and high [L], and the density
    of each dimension between them [L, CELLS]."""
    generator = torch.Generator().manual_seed(_SEED)
    z = mu + torch.exp(0.5 * logvar) * torch.randn(mu.shape, generator=generator)
    size = z.shape[1]
    ends = torch.tensor(_QUANTILES)
    low, high = torch.stack([torch.quantile(column, ends) for column in z.T], dim=1)
    low, high = low.clamp(max=-PRIOR_RANGE), high.clamp(min=PRIOR_RANGE)
    cells = ((z - low) / (high - low) * CELLS).long()
    inside = (cells >= 0) & (cells < CELLS)
    places = (cells + torch.arange(size) * CELLS)[inside]
    density = torch.bincount(places, minlength=size * CELLS).reshape(size, 1, CELLS).float()
    smooth = torch.tensor([[[1.0, 4.0, 6.0, 4.0, 1.0]]]) / 16.0  # 10,000 draws still flicker
    density = torch.nn.functional.conv1d(density, smooth, padding=2)[:, 0]
    return low, high, density / density.amax(1, keepdim=True).clamp(min=1e-12)
