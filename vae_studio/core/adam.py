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
            weights: list[Tensor] = []
            gradients: list[Tensor] = []
            means: list[Tensor] = []
            squares: list[Tensor] = []
            counts: list[Tensor] = []
            self._init_group(  # type: ignore[no-untyped-call]
                group, weights, gradients, means, squares, [], counts
            )
            if not weights:
                continue
            torch._foreach_add_(counts, 1)
            beta1, beta2 = group["betas"]
            torch._fused_adam_(
                weights,
                gradients,
                means,
                squares,
                [],
                counts,
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=False,
                found_inf=found_inf,
            )
            if found_inf is not None:
                torch._foreach_sub_(counts, [found_inf] * len(counts))
