"""The gradients of a fully connected VAE, derived by hand: the chain rule, layer by layer.

autograd finds the same ones: it records some sixty operations of a step and walks back along them,
which at the size of these networks takes up to a tenth of the step. The products and what lies
between them can as well be written down, and then a layer may learn as soon as nothing else needs
it. Whatever has more to it (batch norm, dropout, convolutions, a variance that is learned) is left
to autograd; ``can_derive`` says which that is.

Kingma & Welling 2014, sections 2.3 and 2.4, appendix B. Shapes: B images, P pixels, L dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from vae_studio.core.layers import activate, back_through_activation, joined
from vae_studio.core.linear import Linear
from vae_studio.core.losses import logits_gradient
from vae_studio.core.model import LOGVAR_LIMIT, VAE, Decoder, Encoder
from vae_studio.core.spec import ModelSpec

# Is told of a layer and of the gradients of its weights and biases, when nobody needs it any more.
Learn = Callable[[Linear, Tensor, Tensor], None]


class Forward(NamedTuple):
    """A pass through the model: all that the loss and the way back need.

    encoded, decoded: what the encoder and the decoder were given, and the values of each of their
    hidden layers. free_logvar: before it is limited.
    """

    x: Tensor
    encoded: list[Tensor]
    mu: Tensor
    free_logvar: Tensor
    logvar: Tensor
    sigma: Tensor
    eps: Tensor
    decoded: list[Tensor]
    logits: Tensor


def can_derive(spec: ModelSpec) -> bool:
    """Whether the gradients of such a model are written down here."""
    return (
        spec.architecture == "mlp"
        and not spec.batch_norm
        and spec.hidden_dropout == spec.latent_dropout == 0.0
        and spec.likelihood != "gaussian"
    )


class Derivation:
    """Forward and back through the layers of one model, in training mode and under
    ``torch.no_grad``."""

    def __init__(self, model: VAE) -> None:
        """model: one whose spec ``can_derive``; it keeps its layers."""
        encoder, decoder = model.encoder, model.decoder
        assert isinstance(encoder, Encoder)
        assert isinstance(decoder, Decoder)
        last = decoder.get_submodule(decoder.last)
        assert isinstance(last, Linear)
        self._model, self._spec = model, model.spec
        self._encoder, self._decoder = encoder.hidden_layers(), decoder.hidden_layers()
        self._mu, self._logvar, self._pixels = encoder.fc_mu, encoder.fc_logvar, last

    def forward(self, x: Tensor, labels: Tensor | None, generator: torch.Generator) -> Forward:
        """The same numbers as the model's own passes. x: [B, C, H, W]; labels: [B].

        generator: of the noise.
        """
        x, weights = x.flatten(1), self._model.class_weights(labels, x)
        encoded = self._through(self._encoder, joined(x, weights))
        mu, free_logvar = self._mu(encoded[-1]), self._logvar(encoded[-1])
        logvar = free_logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT)
        eps = torch.randn(mu.shape, generator=generator, device=mu.device, dtype=mu.dtype)
        sigma = torch.exp(0.5 * logvar)
        decoded = self._through(self._decoder, joined(mu + sigma * eps, weights))
        logits = self._pixels(decoded[-1])
        return Forward(x, encoded, mu, free_logvar, logvar, sigma, eps, decoded, logits)

    def back(self, seen: Forward, share: float, beta: float, learn: Learn) -> None:
        """Derive share · reconstruction + β · KL by every weight, from the pixels to the first
        layer. learn: may change the weights that it is told of. Uses up ``seen.logits``."""
        mu, sigma, batch, spec = seen.mu, seen.sigma, len(seen.mu), self._spec
        grad = logits_gradient(seen.logits, seen.x, spec.likelihood).mul_(share / batch)
        grad = self._back([*self._decoder, self._pixels], seen.decoded, grad, learn)
        grad = grad[:, : spec.latent_dim]  # of z; what is beside it are labels
        # KL by mu is mu, by logvar ½(σ² − 1); z by mu is 1, by logvar ½·σ·ε.
        grad_mu = torch.add(grad, mu, alpha=beta / batch)
        grad_logvar = 0.5 * (grad * sigma * seen.eps + (beta / batch) * (sigma * sigma - 1.0))
        grad_logvar *= seen.free_logvar.abs() <= LOGVAR_LIMIT
        h = seen.encoded[-1]
        grad = self._mu.gradient_of_input(grad_mu) + self._logvar.gradient_of_input(grad_logvar)
        learn(self._mu, *self._mu.gradients(h, grad_mu))
        learn(self._logvar, *self._logvar.gradients(h, grad_logvar))
        grad = back_through_activation(grad, h, spec)
        first, *others = self._encoder
        if others:
            grad = self._back(others, seen.encoded[1:-1], grad, learn)
            grad = back_through_activation(grad, seen.encoded[1], spec)
        learn(first, *first.gradients(seen.encoded[0], grad))

    def _through(self, layers: list[Linear], x: Tensor) -> list[Tensor]:
        """x, and the values of each layer."""
        values = [x]
        for layer in layers:
            values.append(activate(layer(values[-1]), self._spec, in_place=True))
        return values

    def _back(
        self, layers: list[Linear], values: list[Tensor], grad: Tensor, learn: Learn
    ) -> Tensor:
        """From the gradient of what the last of the layers gave, to that of what the first was
        given. values: what each of them was given."""
        for number in reversed(range(len(layers))):
            layer, given = layers[number], values[number]
            further = layer.gradient_of_input(grad)
            learn(layer, *layer.gradients(given, grad))
            grad = back_through_activation(further, given, self._spec) if number else further
        return grad
