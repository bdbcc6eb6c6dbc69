"""One training step of the plain VAE, derived and written out by hand: no autograd, no modules.

``benchmarks.training_speed`` runs it to say what is left to gain: of what lies between a step and
its matrix products, this leaves out all that can be left out.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from vae_studio.core.adam import Adam
from vae_studio.core.linear import Linear
from vae_studio.core.model import VAE


class ByHand:
    """Trains the weights of a ``VAE`` of 784-512-256-32 as ``trainer`` does, with BCE and β = 1.

    Gradients: Kingma & Welling 2014, eq. 10, term by term.
    """

    def __init__(self, model: VAE, rate: float, adam: bool = True) -> None:
        """adam: without, the weights stay as they are."""
        layers = (module for module in model.modules() if isinstance(module, Linear))
        self._layers = tuple(layers)  # in the order in which they compute
        for parameter in model.parameters():
            parameter.grad = torch.empty_like(parameter)
        self._optimizer = Adam(model.parameters(), lr=rate, fused=True) if adam else None

    @torch.no_grad()
    def step(self, x: Tensor) -> float:
        """x: float32 [B, 784] in [0, 1]. Returns −ELBO in nats, the mean of the batch."""
        fc1, fc2, fc_mu, fc_logvar, fc3, fc4, fc5 = self._layers
        batch = len(x)
        h1 = _affine(fc1, x).relu_()
        h2 = _affine(fc2, h1).relu_()
        mu, logvar = _affine(fc_mu, h2), _affine(fc_logvar, h2)
        eps, sigma = torch.randn_like(mu), torch.exp(0.5 * logvar)
        z = torch.addcmul(mu, sigma, eps)
        h3 = _affine(fc3, z).relu_()
        h4 = _affine(fc4, h3).relu_()
        logits = _affine(fc5, h4)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        variance = sigma * sigma
        kl = 0.5 * (mu.square() + variance - 1.0 - logvar).sum()
        lost = (reconstruction.item() + kl.item()) / batch

        grad = logits.sigmoid_().sub_(x).div_(batch)
        grad = _through(_back(fc5, h4, grad), h4)
        grad = _through(_back(fc4, h3, grad), h3)
        grad_z = _back(fc3, z, grad)
        grad_mu = torch.add(grad_z, mu, alpha=1.0 / batch)
        grad_logvar = 0.5 * (grad_z * eps * sigma + (variance - 1.0) / batch)
        grad = _back(fc_mu, h2, grad_mu) + _back(fc_logvar, h2, grad_logvar)
        grad = _through(_back(fc2, h1, _through(grad, h2)), h1)
        _weigh(fc1, x, grad)
        if self._optimizer is not None:
            self._optimizer.step()
        return lost


def _affine(layer: Linear, x: Tensor) -> Tensor:
    return torch.addmm(layer.bias, x, layer.weight.t())


def _weigh(layer: Linear, x: Tensor, grad: Tensor) -> None:
    """The gradients of a layer's weights and biases, where they were before."""
    torch.mm(grad.t(), x, out=layer.weight.grad)
    torch.sum(grad, 0, out=layer.bias.grad)


def _back(layer: Linear, x: Tensor, grad: Tensor) -> Tensor:
    """The same, and the gradient of what the layer was given."""
    _weigh(layer, x, grad)
    return grad.mm(layer.weight)


def _through(grad: Tensor, h: Tensor) -> Tensor:
    """Through a ReLU that gave ``h``."""
    found: Tensor = torch.ops.aten.threshold_backward(grad, h, 0)
    return found
