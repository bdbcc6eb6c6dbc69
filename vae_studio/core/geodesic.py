"""The short way from code to code as the decoder sees it: along its images, not along z."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from vae_studio.core.adam import Adam
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.model import VAE
from vae_studio.core.paths import Array, length_in_images, linear

_ITERATIONS = 300
_RATE = 0.03  # in z; it falls to a tenth toward the end


def geodesic(
    model: VAE,
    points: Array,
    steps: int,
    closed: bool = False,
    labels: Array | None = None,
    should_stop: ShouldStop = never,
    progress: Callable[[float], object] = lambda share: None,
) -> Array | None:
    """A path over ``points`` [P, L] with little energy Σ‖g(zᵢ₊₁) − g(zᵢ)‖², g the decoder's mean:
    an approximate geodesic of the metric that the decoder pulls back from the images (Shao, Kumar &
    Fletcher 2018, section 3.2; Arvanitidis, Hansen & Hauberg 2018). It keeps its ends and the
    points between, and has the speed of images, not of z.

    labels: class weights [legs · steps + 1, K] of a model with classes. Returns float32 [legs ·
    steps + 1, L]; the straight path where nothing shorter was found; None once ``should_stop`` said
    yes.
    """
    straight = linear(points, steps, closed)
    if steps == 1:
        return straight  # every point is given
    first = torch.from_numpy(straight)
    fixed = torch.zeros(len(first), 1)
    fixed[::steps] = 1.0
    weights = None if labels is None else torch.from_numpy(np.ascontiguousarray(labels))
    best, best_energy = first, float("inf")
    with torch.enable_grad():
        moves = torch.zeros_like(first, requires_grad=True)
        optimiser = Adam([moves], lr=_RATE)
        for iteration in range(_ITERATIONS):
            if should_stop():
                return None
            progress(iteration / _ITERATIONS)
            optimiser.param_groups[0]["lr"] = _RATE * (1.0 - 0.9 * iteration / _ITERATIONS)
            optimiser.zero_grad()
            path = first + (1.0 - fixed) * moves
            energy = _energy(model, path, weights)
            if float(energy.detach()) < best_energy:
                best, best_energy = path.detach().clone(), float(energy.detach())
            energy.backward()
            optimiser.step()
    with torch.no_grad():
        before, after = (
            length_in_images(model.decode(path, weights).numpy()) for path in (first, best)
        )
    found: Array = best.numpy() if after < before else straight
    return found


def _energy(model: VAE, path: Tensor, labels: Tensor | None) -> Tensor:
    images = model.decode(path, labels).flatten(1)
    return (images[1:] - images[:-1]).square().sum()
