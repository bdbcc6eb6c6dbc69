"""Every model is one row: a name, and what differs from the plain VAE.

First those of the tutorial, then convolutional ones for pictures that are larger than a digit."""

from __future__ import annotations

from dataclasses import replace

from vae_studio.core.errors import SpecError
from vae_studio.core.spec import ModelSpec

_CONV = ModelSpec(architecture="conv", hidden=(32, 64, 128), batch_norm=True, likelihood="gaussian")
VARIANTS: dict[str, ModelSpec] = {
    "vae-2": ModelSpec(latent_dim=2),
    "vae-16": ModelSpec(latent_dim=16),
    "vae-32": ModelSpec(),
    "vae-64": ModelSpec(latent_dim=64),
    "vae-batchnorm": ModelSpec(batch_norm=True),
    "vae-latent-dropout": ModelSpec(latent_dropout=0.2),
    "vae-leaky-relu": ModelSpec(activation="leaky_relu", negative_slope=0.2),
    "vae-mse": ModelSpec(likelihood="mse"),
    "cvae": ModelSpec(num_classes=10),
    "conv-vae": _CONV,
    "conv-cvae": replace(_CONV, num_classes=10),
}


def variant(name: str) -> ModelSpec:
    """The row of that name; ``SpecError`` lists the names there are."""
    try:
        return VARIANTS[name]
    except KeyError:
        raise SpecError("variant.unknown", name=name, known=", ".join(VARIANTS)) from None
