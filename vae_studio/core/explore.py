"""Questions to a model, on the CPU and without gradients: encode, decode, sample.

Arrays go in and out, so that whoever asks needs no torch. Models come from ``Snapshot.build``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.errors import SpecError
from vae_studio.core.evaluate import batch_for
from vae_studio.core.losses import kl_dimensions
from vae_studio.core.measures import Terms
from vae_studio.core.model import VAE

Label = Sequence[float]  # weights of the classes: one-hot, or a mix; K entries
_PORTION = 250  # classes that an image is tried as together


@dataclass(frozen=True)
class Encoded:
    """What the encoder says of one image.

    mu, logvar: L entries. label: the class weights it was encoded with, None without classes.
    """

    mu: tuple[float, ...]
    logvar: tuple[float, ...]
    label: tuple[float, ...] | None


@torch.no_grad()
def decode(model: VAE, z: Sequence[float], label: Label | None = None) -> NDArray[np.float32]:
    """Decode one z (L entries): float32 [C, H, W] in [0, 1]."""
    image: NDArray[np.float32] = _images(model, torch.tensor([z], dtype=torch.float32), label)[0]
    return image


@torch.no_grad()
def decode_many(
    model: VAE, z: NDArray[np.float32], label: Label | None = None
) -> NDArray[np.float32]:
    """Decode points [..., L]: float32 [..., C, H, W] in [0, 1]."""
    points = torch.from_numpy(np.ascontiguousarray(z, dtype=np.float32)).reshape(-1, z.shape[-1])
    return _images(model, points, label).reshape(*z.shape[:-1], *model.spec.image_shape)


@torch.no_grad()
def decode_each(
    model: VAE, z: NDArray[np.float32], labels: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Decode points [N, L], each with its own class weights [N, K]: float32 [N, C, H, W]. A model
    without classes needs none."""
    points = torch.from_numpy(np.ascontiguousarray(z, dtype=np.float32))
    weights = None
    if model.spec.conditional:
        if labels is None or labels.shape != (len(z), model.spec.num_classes):
            raise ValueError(f"labels need {model.spec.num_classes} weights for each point")
        weights = torch.from_numpy(np.ascontiguousarray(labels, dtype=np.float32))
    images: NDArray[np.float32] = model.decode(points, weights).numpy()
    return images


@torch.no_grad()
def decode_labels(model: VAE, z: Sequence[float]) -> NDArray[np.float32]:
    """The same z in every class: float32 [K, C, H, W]; [0, C, H, W] for a model without."""
    classes = model.spec.num_classes
    if not classes:
        return np.empty((0, *model.spec.image_shape), np.float32)
    points = torch.tensor([z], dtype=torch.float32).expand(classes, -1)
    images: NDArray[np.float32] = model.decode(points, torch.arange(classes)).numpy()
    return images


@torch.no_grad()
def traverse(
    model: VAE,
    z: Sequence[float],
    dimensions: Sequence[int],
    values: NDArray[np.float32],
    label: Label | None = None,
) -> NDArray[np.float32]:
    """Decode z with one dimension at a time at other values, the rest as it is.

    dimensions: D of them; values: float32 [D, V]. float32 [D, V, C, H, W].
    """
    count, steps = values.shape
    points = torch.tensor([z], dtype=torch.float32).repeat(count * steps, 1)
    rows = torch.arange(count * steps)
    columns = torch.tensor(dimensions, dtype=torch.int64).repeat_interleave(steps)
    points[rows, columns] = torch.from_numpy(np.ascontiguousarray(values)).flatten()
    return _images(model, points, label).reshape(count, steps, *model.spec.image_shape)


def effect(
    model: VAE, z: Sequence[float], dimension: int, label: Label | None = None
) -> NDArray[np.float32]:
    """Where a dimension acts: |∂x̂/∂z_d| at z, the largest of the channels: float32 [H, W].

    The derivative along one direction, of all pixels, as the derivative of a gradient: J t =
    ∂(tᵀ Jᵀ v)/∂v. Both are of scalars, for which torch imports nothing more.
    """
    direction = torch.zeros(1, len(z))
    direction[0, dimension] = 1.0
    with torch.enable_grad():
        point = torch.tensor([z], dtype=torch.float32, requires_grad=True)
        images = model.decode(point, _labels(model, label, 1))
        weights = torch.zeros_like(images, requires_grad=True)
        (back,) = torch.autograd.grad((images * weights).sum(), point, create_graph=True)
        (change,) = torch.autograd.grad((back * direction).sum(), weights)
    largest: NDArray[np.float32] = change[0].abs().amax(0).numpy()
    return largest


@torch.no_grad()
def sample(
    model: VAE, count: int, generator: torch.Generator, label: Label | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw from the prior N(0, I): z [n, L] and its images [n, C, H, W].

    Without ``label`` a conditional model goes through its classes in turn.
    """
    z = torch.randn(count, model.spec.latent_dim, generator=generator)
    if model.spec.conditional and label is None:
        labels = torch.arange(count) % model.spec.num_classes
        return z.numpy(), model.decode(z, labels).numpy()
    return z.numpy(), _images(model, z, label)


def _images(model: VAE, z: Tensor, label: Label | None) -> NDArray[np.float32]:
    images: NDArray[np.float32] = model.decode(z, _labels(model, label, len(z))).numpy()
    return images


def _labels(model: VAE, label: Label | None, count: int) -> Tensor | None:
    if not model.spec.conditional:
        return None
    if label is None or len(label) != model.spec.num_classes:
        raise ValueError(f"label needs {model.spec.num_classes} weights, got {label}")
    return torch.tensor([label], dtype=torch.float32).expand(count, -1)


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in shape)


@torch.no_grad()
def encode(model: VAE, image: NDArray[np.float32], label: Label | None = None) -> Encoded:
    """Encode one image [C, H, W] in [0, 1].

    A conditional model without ``label`` takes the class under which the image costs least,
    reconstruction + KL at the posterior mean: Bayes' rule with equal priors, the −ELBO standing
    in for −log p(x|y).
    Raises ``SpecError`` where the model takes images of another size.
    """
    if image.shape != model.spec.image_shape:
        wanted, found = (_size(shape) for shape in (model.spec.image_shape, image.shape))
        raise SpecError("spec.image_shape", wanted=wanted, found=found)
    x = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).unsqueeze(0)
    if model.spec.conditional and label is None:
        best, mu, logvar = _cheapest_class(model, x)
        label = one_hot(best, model.spec.num_classes)
    else:
        mu, logvar = (part[0] for part in model.encode(x, _labels(model, label, 1)))
    return Encoded(
        tuple(mu.tolist()),
        tuple(logvar.tolist()),
        tuple(label) if model.spec.conditional and label is not None else None,
    )


def _cheapest_class(model: VAE, x: Tensor) -> tuple[int, Tensor, Tensor]:
    """The class under which an image [1, C, H, W] costs least, and its code there: mu, logvar [L].
    A thousand classes are gone through in portions: of large images all would take a gigabyte."""
    found: list[tuple[float, int, Tensor, Tensor]] = []
    for classes in torch.arange(model.spec.num_classes).split(batch_for(model.spec, _PORTION)):
        mu, logvar = model.encode(x.expand(len(classes), -1, -1, -1), classes)
        logits = model.decode_logits(mu, classes)
        cost = model.lost(logits, x.expand_as(logits)) + kl_dimensions(mu, logvar).sum(1)
        place = int(cost.argmin())
        found.append((float(cost[place]), int(classes[place]), mu[place], logvar[place]))
    _, best, mu, logvar = min(found, key=lambda each: each[0])
    return best, mu, logvar


def one_hot(index: int, classes: int) -> tuple[float, ...]:
    """Class weights with everything on one class. ValueError for a class that is not there."""
    if not 0 <= index < classes:
        raise ValueError(f"no class {index} among {classes}")
    return tuple(float(index == other) for other in range(classes))


@torch.no_grad()
def reconstruct(
    model: VAE, image: NDArray[np.float32], code: Encoded
) -> tuple[NDArray[np.float32], Terms]:
    """The reconstruction of an image [C, H, W] at the posterior mean, float32 [C, H, W] in [0, 1];
    its loss, and the KL of the code. The decoder is asked once."""
    x = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).unsqueeze(0)
    mu, logvar = torch.tensor([code.mu]), torch.tensor([code.logvar])
    logits = model.decode_logits(mu, _labels(model, code.label, 1))
    lost = model.lost(logits, x)
    x_hat: NDArray[np.float32] = torch.sigmoid(logits)[0].numpy()
    return x_hat, Terms(float(lost), float(kl_dimensions(mu, logvar).sum()))


def reconstruction_terms(model: VAE, image: NDArray[np.float32], code: Encoded) -> Terms:
    """Reconstruction at the posterior mean, and KL, of one image [C, H, W]."""
    return reconstruct(model, image, code)[1]
