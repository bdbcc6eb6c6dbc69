"""What the layers of both architectures share: activation, dropout, first weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_studio.core.spec import Init, ModelSpec

if TYPE_CHECKING:
    from vae_studio.core.model import VAE

_MEAN_VALUES, _LEAST_IMAGES = 2**23, 100  # what the mean image is computed from
_HALF_LEVEL = 0.5 / 255.0  # a pixel that is always black may still have some ink


def joined(x: Tensor, labels: Tensor | None) -> Tensor:
    """[x, one_hot] where there are labels, in that order: [B, …]."""
    return x if labels is None else torch.cat([x, labels], dim=1)


def activate(h: Tensor, spec: ModelSpec, in_place: bool = False) -> Tensor:
    """ReLU or leaky ReLU, as the spec says; any shape."""
    if spec.activation == "relu":
        return F.relu(h, in_place)
    return F.leaky_relu(h, spec.negative_slope, in_place)


def back_through_activation(grad: Tensor, h: Tensor, spec: ModelSpec) -> Tensor:
    """The gradient of what became ``h`` when it was activated, from that of h."""
    slope = 0.0 if spec.activation == "relu" else spec.negative_slope
    back: Tensor = torch.ops.aten.leaky_relu_backward(grad, h, slope, True)
    return back


def dropout(x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Zero a ``share`` of x and scale up the rest (Srivastava et al. 2014).

    ``nn.Dropout`` draws from the global generator, which other threads share; this draws from
    the one that is passed, and drops nothing without one.
    """
    if share == 0.0 or generator is None:
        return x
    kept = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype) >= share
    return x * kept / (1.0 - share)


def begin_at_mean(model: VAE, images: Tensor) -> None:
    """Set the last bias to the log-odds of the mean image, in [0, 1]; of images, those of a channel
    where the last layer has one bias for each.

    images: uint8 [N, C, H, W]. Their first ones are enough; sums of whole numbers are the same on
    every machine.
    """
    some = images[: max(_LEAST_IMAGES, _MEAN_VALUES // model.spec.pixels)]
    mean = some.sum(0, dtype=torch.int64).double() / (255.0 * len(some))
    bias = model.decoder.get_parameter(f"{model.decoder.last}.bias")
    if bias.numel() != mean.numel():
        mean = mean.mean((1, 2))
    with torch.no_grad():
        bias.copy_(torch.logit(mean, eps=_HALF_LEVEL).flatten())


def initialise(model: VAE, method: Init, generator: torch.Generator) -> None:
    """Set every weight anew.

    ``default`` is what torch's layers do (He's uniform with a = √5, biases uniform in
    ±1/√fan_in); ``xavier`` and ``kaiming`` are uniform with zero biases.
    """
    slope, activation = model.spec.negative_slope, model.spec.activation
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.reset_parameters()
        elif isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
            biases = module.bias
            assert biases is not None  # as no layer here is without
            if method == "xavier":
                nn.init.xavier_uniform_(module.weight, generator=generator)
            elif method == "kaiming":
                nn.init.kaiming_uniform_(
                    module.weight, a=slope, nonlinearity=activation, generator=generator
                )
            else:
                nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5.0), generator=generator)
            if method == "default":
                # Torch's fan-in; of a transposed convolution it counts the outputs of a value.
                bound = 1.0 / math.sqrt(module.weight[0].numel())
                nn.init.uniform_(biases, -bound, bound, generator=generator)
            else:
                nn.init.zeros_(biases)
