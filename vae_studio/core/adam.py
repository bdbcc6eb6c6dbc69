"""``Adam`` as torch has it, without its ties to ``torch.compile``."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor

_PLAIN = {
    name: inspect.unwrap(getattr(torch.optim.Adam, name))
    for name in ("add_param_group", "state_dict", "load_state_dict")
}


class Adam(torch.optim.Adam):
    """The same numbers to the bit (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980).

    torch decorates the methods below for its compiler, and the first call then imports that: one
    to two seconds before the first step of a training, in which nobody can stop it.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        _PLAIN["add_param_group"](self, param_group)

    def state_dict(self) -> dict[str, Any]:
        found: dict[str, Any] = _PLAIN["state_dict"](self)
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        _PLAIN["load_state_dict"](self, state_dict)

    @torch.no_grad()
    def step(  # type: ignore[override]
        self, closure: None = None, *, found_inf: Tensor | None = None
    ) -> None:
        """One step with the gradients at hand: straight to torch's fused kernel, past what sorts
        parameters by device and type and chooses among other ways, which takes a third of it.

        found_inf: a scalar on the weights' device; 1 where this step is not to be taken, which the
        kernel finds out by itself, so that nobody waits for the device.
        """
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._count(weights, found_inf)
                self._change(group, weights, [weight.grad for weight in weights], found_inf)

    def begin_step(self, found_inf: Tensor) -> None:
        """A step in parts, under ``torch.no_grad``: ``change`` each weight once after this.

        Each weight's step hangs on no other. So those of a layer can change as soon as their
        gradients are known, while a processor still has them at hand.
        """
        for group in self.param_groups:
            self._count(group["params"], found_inf)

    def change(self, weights: list[Tensor], gradients: list[Tensor], found_inf: Tensor) -> None:
        """Weights of the first group take the step that has begun."""
        self._change(self.param_groups[0], weights, gradients, found_inf)

    def _count(self, weights: list[Tensor], found_inf: Tensor | None) -> None:
        counts = [(self.state[weight] or self._begun(weight))["step"] for weight in weights]
        if found_inf is None:
            torch._foreach_add_(counts, 1.0)
        else:
            torch._foreach_add_(counts, 1.0 - found_inf)

    def _change(
        self,
        group: dict[str, Any],
        weights: list[Tensor],
        gradients: list[Tensor],
        found_inf: Tensor | None,
    ) -> None:
        states = [self.state[weight] for weight in weights]
        beta1, beta2 = group["betas"]
        torch._fused_adam_(
            weights,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            lr=group["lr"],
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
            found_inf=found_inf,
        )

    def _begun(self, weight: Tensor) -> dict[str, Tensor]:
        """A weight's moments before its first step, as torch begins them."""
        state: dict[str, Tensor] = self.state[weight]
        state["step"] = torch.zeros((), dtype=torch.float32, device=weight.device)
        state["exp_avg"] = torch.zeros_like(weight, memory_format=torch.preserve_format)
        state["exp_avg_sq"] = torch.zeros_like(weight, memory_format=torch.preserve_format)
        return state
