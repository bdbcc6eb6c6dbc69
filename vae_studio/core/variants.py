"""Every model is one row: a name, and what differs from the plain VAE.

First those of the tutorial, then convolutional ones for pictures that are larger than a digit.
"""

from __future__ import annotations

from dataclasses import replace

from vae_studio.core.datasets.table import DatasetInfo
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


def fitted(spec: ModelSpec, data: DatasetInfo) -> ModelSpec:
    """The same network for these images: of their shape, told their classes where it is told any,
    and with the likelihood that fits their pixels, unless squared error is what it is about."""
    return replace(
        spec,
        image_shape=data.image_shape,
        num_classes=len(data.class_names) if spec.conditional else 0,
        likelihood="mse" if spec.likelihood == "mse" else data.likelihood,
    )


def variant_for(name: str, data: DatasetInfo) -> ModelSpec:
    """The row of that name for these images; ``SpecError`` where it is told classes that they do
    not have."""
    spec = variant(name)
    if spec.conditional and not data.class_names:
        raise SpecError("plan.no_classes", variant=name, title=data.title)
    return fitted(spec, data)


def variant(name: str) -> ModelSpec:
    """The row of that name; ``SpecError`` lists the names there are."""
    try:
        return VARIANTS[name]
    except KeyError:
        raise SpecError("variant.unknown", name=name, known=", ".join(VARIANTS)) from None
