"""Encoder and decoder of convolutions, for pictures that are larger than a digit.

Every layer of the encoder halves the sides, every layer of the decoder doubles them: strides in
place of pooling, as in Radford, Metz & Chintala 2016, *Unsupervised Representation Learning with
Deep Convolutional Generative Adversarial Networks*, section 3. Numbers of the layers go on from the
encoder to the decoder, as those of the fully connected network do.

Shapes: B images, C × H × W pixels, L latent dimensions, K classes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from vae_studio.core.layers import activate, dropout
from vae_studio.core.linear import Linear
from vae_studio.core.spec import ModelSpec


class _Conv(nn.Conv2d):
    """Made without weights: ``initialise`` draws them."""

    def reset_parameters(self) -> None:
        """Nothing."""


class _Deconv(nn.ConvTranspose2d):
    """Made without weights: ``initialise`` draws them."""

    def reset_parameters(self) -> None:
        """Nothing."""


class ConvEncoder(nn.Module):
    """Convolutions ``conv1, conv2, …`` (norms ``bn1, …``), then ``fc_mu`` and ``fc_logvar``.

    A label becomes one more channel of the picture: a plane for each class, learned (``fc_label``).
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        channels, height, width = spec.image_shape
        if spec.conditional:
            self.fc_label = Linear(spec.num_classes, height * width)
            channels += 1
        for number, (have, make) in enumerate(pairwise((channels, *spec.hidden)), start=1):
            self.add_module(f"conv{number}", _Conv(have, make, 3, stride=2, padding=1))
            if spec.batch_norm:
                self.add_module(f"bn{number}", nn.BatchNorm2d(make))
        height, width = sides(spec)[-1]
        self.fc_mu = Linear(spec.hidden[-1] * height * width, spec.latent_dim)
        self.fc_logvar = Linear(spec.hidden[-1] * height * width, spec.latent_dim)

    def forward(
        self, x: Tensor, labels: Tensor | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """x: [B, C, H, W], labels: [B, K] or None -> mu, logvar: [B, L]."""
        h = x
        if labels is not None:
            plane = self.fc_label(labels).unflatten(1, (1, *x.shape[2:]))
            h = torch.cat([x, plane], dim=1)
        for number in range(1, len(self.spec.hidden) + 1):
            h = self.get_submodule(f"conv{number}")(h)
            h = _finished(self, h, number, generator)
        h = h.flatten(1)
        return self.fc_mu(h), self.fc_logvar(h)

    def before_activations(self) -> list[nn.Module]:
        """The modules whose outputs the activations are given, in order."""
        last = "bn" if self.spec.batch_norm else "conv"
        return [self.get_submodule(f"{last}{n + 1}") for n in range(len(self.spec.hidden))]


class ConvDecoder(nn.Module):
    """A linear layer to the smallest planes, then transposed convolutions up to the picture.

    ``fc4, deconv5, deconv6, deconv7`` where the encoder has three layers (norms ``bn4, …``).
    """

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.first = len(spec.hidden) + 1  # numbers go on where the encoder's stop
        height, width = sides(spec)[-1]
        size = spec.hidden[-1] * height * width
        self.add_module(f"fc{self.first}", Linear(spec.latent_dim + spec.num_classes, size))
        wanted = (*reversed(spec.hidden), spec.image_shape[0])
        for number, (have, make) in enumerate(pairwise(wanted), start=self.first):
            if spec.batch_norm:
                self.add_module(f"bn{number}", nn.BatchNorm2d(have))
            layer = _Deconv(have, make, 4, stride=2, padding=1)
            self.add_module(f"deconv{number + 1}", layer)

    @property
    def last(self) -> str:
        """Name of the layer that makes the pixels."""
        return f"deconv{self.first + len(self.spec.hidden)}"

    def forward(
        self, z: Tensor, labels: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        """z: [B, L], labels: [B, K] or None -> logits: [B, C, H, W]."""
        if labels is not None:
            z = torch.cat([z, labels], dim=1)
        h: Tensor = self.get_submodule(f"fc{self.first}")(z)
        h = h.unflatten(1, (self.spec.hidden[-1], *sides(self.spec)[-1]))
        for number, (height, width) in enumerate(reversed(sides(self.spec)[:-1]), start=self.first):
            h = _finished(self, h, number, generator)
            h = self.get_submodule(f"deconv{number + 1}")(h)
            h = h[:, :, :height, :width]  # of an odd side one half was rounded up
        return h

    def before_activations(self) -> list[nn.Module]:
        """The modules whose outputs the activations are given, in order."""
        numbers = range(self.first, self.first + len(self.spec.hidden))
        if self.spec.batch_norm:
            return [self.get_submodule(f"bn{number}") for number in numbers]
        names = [f"deconv{number}" for number in numbers]
        return [self.get_submodule(name) for name in (f"fc{self.first}", *names[1:])]


def sides(spec: ModelSpec) -> list[tuple[int, int]]:
    """(H, W) of the picture, and after each convolution: halves, rounded up."""
    found = [spec.image_shape[1:]]
    for _ in spec.hidden:
        height, width = found[-1]
        found.append(((height + 1) // 2, (width + 1) // 2))
    return [(height, width) for height, width in found]


def _finished(
    module: ConvEncoder | ConvDecoder, h: Tensor, number: int, generator: torch.Generator | None
) -> Tensor:
    """Batch norm, activation, dropout."""
    spec = module.spec
    if spec.batch_norm:
        h = module.get_submodule(f"bn{number}")(h)
    h = activate(h, spec)
    return dropout(h, spec.hidden_dropout, generator) if module.training else h
