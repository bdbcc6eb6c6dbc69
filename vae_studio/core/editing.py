"""Edit the decoded picture and let z follow: ink brushed on or off, everything else kept still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.evaluate import batch_for
from vae_studio.core.explore import Label
from vae_studio.core.model import VAE

STEPS = 8  # of the search for one answer
_GAIN = 4.0  # how much more a brushed pixel weighs than another, at full strength
_PULL = 0.25  # 1 / variance of z around where it was
_NUDGE = 0.01  # in z: between its kinks a decoder is linear, so the difference is the derivative
_FLOOR = 0.01  # of a pixel's curvature: where the sigmoid is flat, Newton's step would be huge
_SETTLED = 1e-3  # nats: a step that gains less is the last
_TRIES = 12  # of shorter steps, before it stays where it is
_WIDE = 96  # dimensions that move at once; of more, those that act most on the pixels in question


@dataclass(frozen=True, eq=False)
class _Edit:
    """What is asked for: ``weight`` and ``target`` of each pixel [P], and where z was [1, L]."""

    model: VAE
    label: Tensor | None
    weight: Tensor
    target: Tensor
    before: Tensor

    def logits(self, z: Tensor) -> Tensor:
        """Of points [n, L]: [n, P], so many at a time that memory holds them."""
        parts = []
        for some in z.split(batch_for(self.model.spec)):
            label = None if self.label is None else self.label.expand(len(some), -1)
            parts.append(self.model.decode_logits(some, label).flatten(1))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def cost(self, z: Tensor, logits: Tensor) -> Tensor:
        """Of each point, in nats but for a constant: [n]."""
        target = self.target.expand_as(logits)
        lost = F.binary_cross_entropy_with_logits(logits, target, reduction="none") @ self.weight
        return lost + 0.5 * _PULL * (z - self.before).square().sum(1)


@torch.no_grad()
def edited_code(
    model: VAE,
    z0: NDArray[np.float32],
    label: Label | None,
    wanted: NDArray[np.float32],
    brushed: NDArray[np.float32],
    strength: float,
    start: NDArray[np.float32] | None = None,
    should_stop: ShouldStop = never,
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """Where z goes from ``z0`` [L] so that the decoder shows the brushed pixels: float32 [L].

    wanted: [C, H, W] in [0, 1], the picture as it was brushed. brushed: [H, W] in [0, 1], how much
    each pixel was; the others are to stay as decode(z0) has them. strength: in [0, 1], how much is
    given up for the brushed ones; with 0, or nothing brushed, z0 comes back to the bit. start: an
    earlier answer to go on from, so that a brush which moves on costs few steps. Once
    ``should_stop`` says yes, the best so far is returned. ValueError for other shapes or strengths.

    What is made small, in nats, with b = brushed and x̂ = decode(z):

        4 strength² Σ b BCE(x̂, wanted) + Σ (1 − b) BCE(x̂, decode(z0)) + ⅛ ‖z − z0‖²

    As in Zhu et al. 2016 (Generative Visual Manipulation on the Natural Image Manifold, eq. 4):
    the edit, and how far the point moves; there the brush is a constraint on a GAN. The search is
    Gauss-Newton with Levenberg's damping (Nocedal & Wright 2006, section 10.3).
    """
    shape = model.spec.image_shape
    if wanted.shape != shape or brushed.shape != shape[1:]:
        raise ValueError(f"an edit of {shape} got {wanted.shape} and {brushed.shape}")
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength is in [0, 1], got {strength}")
    if strength == 0.0 or not brushed.any():
        return z0.astype(np.float32)
    edit = _edit(model, z0, label, wanted, brushed, strength)
    z = edit.before
    if start is not None:
        z = torch.cat([z, torch.from_numpy(start.astype(np.float32)).unsqueeze(0)])
    costs = edit.cost(z, edit.logits(z))
    if len(z) == 2:  # an earlier answer may fit the brush of now worse than no answer does
        chosen = int(costs[1] < costs[0])
        z, costs = z[chosen : chosen + 1], costs[chosen : chosen + 1]
    found: NDArray[np.float32] = _search(edit, z, float(costs), should_stop, steps)[0].numpy()
    return found


def _edit(
    model: VAE,
    z0: NDArray[np.float32],
    label: Label | None,
    wanted: NDArray[np.float32],
    brushed: NDArray[np.float32],
    strength: float,
) -> _Edit:
    before = torch.from_numpy(z0.astype(np.float32)).unsqueeze(0)
    weights = None
    if model.spec.conditional:
        if label is None or len(label) != model.spec.num_classes:
            raise ValueError(f"label needs {model.spec.num_classes} weights, got {label}")
        weights = torch.tensor([label], dtype=torch.float32)
    mask = torch.from_numpy(brushed.astype(np.float32)).expand(wanted.shape).flatten()
    goal = torch.from_numpy(wanted.astype(np.float32)).flatten()
    old = model.decode(before, weights).flatten()
    asked, kept = _GAIN * strength**2 * mask, 1.0 - mask
    weight = asked + kept
    # Two cross-entropies of one pixel are one, with the mean of their targets.
    target = (asked * goal + kept * old) / weight.clamp(min=1e-12)
    return _Edit(model, weights, weight, target, before)


def _search(edit: _Edit, z: Tensor, cost: float, should_stop: ShouldStop, steps: int) -> Tensor:
    """Downhill from z [1, L], which costs ``cost``."""
    size = z.shape[1]
    axes = torch.eye(size)
    damping = 1.0
    for _ in range(steps):
        if should_stop():
            break
        logits = edit.logits(torch.cat([z, z + _NUDGE * axes]))
        jacobian = (logits[1:] - logits[:1]) / _NUDGE  # [axes, P]
        x_hat = torch.sigmoid(logits[0])
        curvature = edit.weight * (x_hat * (1.0 - x_hat)).clamp(min=_FLOOR)
        if len(axes) > _WIDE:
            strongest = (jacobian.square() @ curvature).topk(_WIDE).indices
            axes, jacobian = axes[strongest], jacobian[strongest]
        slope = jacobian @ (edit.weight * (x_hat - edit.target))
        slope = slope + _PULL * (axes @ (z - edit.before)[0])
        normal = (jacobian * curvature) @ jacobian.T
        was = cost
        for _ in range(_TRIES):
            step = _solved(normal, slope, _PULL + damping)
            new = z - step @ axes
            new_cost = float(edit.cost(new, edit.logits(new)))
            if new_cost < cost:
                z, cost, damping = new, new_cost, damping / 4.0
                break
            damping = max(4.0 * damping, 0.1)
        if not was - cost > _SETTLED:
            break
    return z


def _solved(normal: Tensor, slope: Tensor, damping: float) -> Tensor:
    """(normal + damping I)⁻¹ slope; no numbers where that is not positive definite."""
    factor, failed = torch.linalg.cholesky_ex(normal + damping * torch.eye(len(slope)))
    if int(failed):
        return torch.full_like(slope, torch.nan)
    return torch.cholesky_solve(slope.unsqueeze(1), factor)[:, 0]
