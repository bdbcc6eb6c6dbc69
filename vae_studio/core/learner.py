"""One step of training: what a batch loses, the gradients of that, and Adam.

Gradients come from autograd, or for plain networks from ``vae_studio.core.derived``, which finds
the same ones sooner. Nothing here waits for a result of a GPU.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vae_studio.core.adam import Adam
from vae_studio.core.derived import Derivation, can_derive
from vae_studio.core.linear import Linear
from vae_studio.core.losses import LossTerms, loss_terms
from vae_studio.core.model import VAE
from vae_studio.core.spec import TrainConfig


class Learner:
    """Takes steps with one model, which is in training mode meanwhile."""

    def __init__(
        self, model: VAE, optimizer: Adam, config: TrainConfig, noise: torch.Generator
    ) -> None:
        """noise: drawn from for z and dropout."""
        self._model, self._optimizer, self._noise = model, optimizer, noise
        self._clip = config.grad_clip
        self._share = 1.0 / model.spec.pixels if config.reduction == "mean" else 1.0
        self._derivation = Derivation(model) if can_derive(model.spec) else None
        # A layer that changes as soon as its gradients are known spares a processor the way to
        # memory. Clipping wants all of them first, and a GPU takes all in one call.
        self._layer_by_layer = config.grad_clip == 0 and noise.device.type == "cpu"

    def step(self, x: Tensor, labels: Tensor, beta: float, rate: float, failed: Tensor) -> Tensor:
        """One step of Adam on one batch. x: float32 [B, C, H, W] in [0, 1]; labels: int64 [B].

        failed: a scalar, set to 1 where the loss is not finite; as long as it is 1, weights and
        buffers stay as they are. Returns reconstruction, KL and ``failed``: [3]. Out of memory
        amid a step, some layers may have taken it.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        take = self._recorded if self._derivation is None else self._derived
        terms = take(x, labels, beta, failed)
        return torch.stack((terms.reconstruction, terms.kl, failed))

    def _recorded(self, x: Tensor, labels: Tensor, beta: float, failed: Tensor) -> LossTerms:
        """Through autograd, for any model."""
        model = self._model
        buffers = [buffer.clone() for buffer in model.buffers()]  # batch norm's move in this pass
        mu, logvar = model.encode(x, labels, self._noise)
        z = model.reparameterize(mu, logvar, self._noise)
        logits = model.decode_logits(z, labels, self._noise)
        variance = model.learn_variance(logits, x)
        terms = loss_terms(logits, x, mu, logvar, model.spec.likelihood, variance)
        loss = self._loss(terms, beta)
        for parameter in model.parameters():
            parameter.grad = None
        loss.backward()
        with torch.no_grad():
            _note(loss, failed)
            for buffer, before in zip(model.buffers(), buffers, strict=True):
                buffer.copy_(torch.where(failed > 0, before, buffer))
        self._change_all(failed)
        return LossTerms(terms.reconstruction.detach(), terms.kl.detach())

    @torch.no_grad()
    def _derived(self, x: Tensor, labels: Tensor, beta: float, failed: Tensor) -> LossTerms:
        """The same, for a model whose gradients are written down."""
        derivation, optimizer = self._derivation, self._optimizer
        assert derivation is not None
        seen = derivation.forward(x, labels, self._noise)
        likelihood = self._model.spec.likelihood
        terms = loss_terms(seen.logits, seen.x, seen.mu, seen.logvar, likelihood)
        _note(self._loss(terms, beta), failed)

        def change(layer: Linear, weight: Tensor, bias: Tensor) -> None:
            optimizer.change([layer.weight, layer.bias], [weight, bias], failed)

        def keep(layer: Linear, weight: Tensor, bias: Tensor) -> None:
            layer.weight.grad, layer.bias.grad = weight, bias

        if self._layer_by_layer:
            optimizer.begin_step(failed)
            derivation.back(seen, self._share, beta, learn=change)
        else:
            derivation.back(seen, self._share, beta, learn=keep)
            self._change_all(failed)
        return terms

    def _loss(self, terms: LossTerms, beta: float) -> Tensor:
        return LossTerms(self._share * terms.reconstruction, terms.kl).total(beta)

    def _change_all(self, failed: Tensor) -> None:
        if self._clip > 0:
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._clip)
        self._optimizer.step(found_inf=failed)


def _note(loss: Tensor, failed: Tensor) -> None:
    torch.maximum(failed, (~loss.isfinite()).float(), out=failed)
