"""How good a model is, and what its latent dimensions do: one pass over a test set."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vae_studio.core.data import Dataset
from vae_studio.core.losses import kl_dimensions, reconstruction_each
from vae_studio.core.measures import ACTIVE_VARIANCE, Evaluation, LatentStats, Terms, UnitHealth
from vae_studio.core.model import VAE
from vae_studio.core.spec import ModelSpec

_BATCH, _LEAST = 1000, 32
_QUANTILES = (0.005, 0.995)


@torch.no_grad()
def evaluate(
    model: VAE, data: Dataset, seed: int = 0, should_stop: Callable[[], bool] = lambda: False
) -> Evaluation | None:
    """Measure ``model`` on ``data`` in eval mode, with one sample of z for each image.

    seed: of the samples. should_stop: asked at every batch; once it says yes, None is returned.
    The model's mode is put back afterwards.
    """
    was_training = model.training
    model.eval()
    try:
        device = next(model.parameters()).device
        generator = torch.Generator(device).manual_seed(seed)
        bernoulli = squared_error = own = 0.0
        kl_sums = torch.zeros(model.spec.latent_dim, dtype=torch.float64, device=device)
        means: list[Tensor] = []
        everything = torch.arange(len(data), device=data.images.device)
        for indices in everything.split(batch_for(model.spec)):
            if should_stop():
                return None
            x, labels = data.batch(indices, device)
            mu, logvar = model.encode(x, labels)
            logits = model.decode_logits(model.reparameterize(mu, logvar, generator), labels)
            bernoulli += float(reconstruction_each(logits, x, "bernoulli").double().sum())
            squared_error += float(reconstruction_each(logits, x, "mse").double().sum())
            if model.spec.likelihood == "gaussian":
                own += float(model.lost(logits, x).double().sum())
            kl_sums += kl_dimensions(mu, logvar).double().sum(0)
            means.append(mu)
    finally:
        model.train(was_training)
    kl = (kl_sums / len(data)).tolist()
    bernoulli, squared_error = bernoulli / len(data), squared_error / len(data)
    measured = {"bernoulli": bernoulli, "mse": squared_error, "gaussian": own / len(data)}
    reconstruction = measured[model.spec.likelihood]
    all_means = torch.cat(means).double().cpu()
    return Evaluation(
        terms=Terms(reconstruction, sum(kl)),
        bernoulli=bernoulli,
        squared_error=squared_error,
        active_units=int((all_means.var(0) > ACTIVE_VARIANCE).sum()),
        latent=latent_statistics(kl, all_means),
    )


@torch.no_grad()
def latent_stats(model: VAE, data: Dataset, count: int) -> LatentStats:
    """What the latent dimensions of a model in eval mode do, on the first ``count`` images only: in
    some milliseconds, where ``evaluate`` takes all of them."""
    x, labels = data.batch(torch.arange(min(count, len(data))))
    mu, logvar = model.encode(x, labels)
    kl = kl_dimensions(mu, logvar).double().mean(0)
    return latent_statistics(kl.tolist(), mu.double())


@torch.no_grad()
def unit_health(model: VAE, data: Dataset) -> UnitHealth:
    """Look at the hidden units of ``model`` in eval mode, on the first images of ``data``.

    z is the mean. The model's mode is put back afterwards.
    """
    spec, seen = model.spec, list[Tensor]()
    modules = (*model.encoder.before_activations(), *model.decoder.before_activations())
    hooks = [
        module.register_forward_hook(lambda _m, _i, output: seen.append(output))
        for module in modules
    ]
    was_training = model.training
    model.eval()
    try:
        device = next(model.parameters()).device
        first = torch.arange(min(batch_for(spec), len(data)), device=data.images.device)
        x, labels = data.batch(first, device)
        model.decode_logits(model.encode(x, labels)[0], labels)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    can_die = spec.activation == "relu" or spec.negative_slope == 0.0
    return UnitHealth(
        units=sum(h.shape[1] for h in seen),
        dead=sum(int(_never_positive(h).sum()) for h in seen) if can_die else 0,
        largest=max(float(h.abs().max()) for h in seen),
    )


def batch_for(spec: ModelSpec, most: int = _BATCH) -> int:
    """So many images are measured at once: ``most`` of MNIST's size, fewer of larger ones."""
    return max(_LEAST, min(most, most * 784 // spec.pixels))


def _never_positive(h: Tensor) -> Tensor:
    """Whether a unit is 0 for each image; a channel, in each place of each image too."""
    return (h <= 0).transpose(0, 1).flatten(1).all(1)


def latent_statistics(kl: list[float], means: Tensor) -> LatentStats:
    """Statistics of the posterior means: [N, L]."""
    low, high = torch.quantile(means, torch.tensor(_QUANTILES, dtype=means.dtype), dim=0)
    return LatentStats(
        kl=tuple(kl),
        mean=tuple(means.mean(0).tolist()),
        std=tuple(means.std(0).tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
    )
