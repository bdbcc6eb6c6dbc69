"""``Linear``: ``nn.Linear``, trained at the speed of the processor at hand.

For float32 matrix products on a CPU, torch calls Intel's MKL, which on AMD's processors computes
with AVX2 and leaves half of the speed of those with AVX-512 unused. oneDNN, which torch brings too,
does not: on a Zen 5 the products of one training step take 2.0 ms instead of 4.4
(``benchmarks/training_speed.py`` shows what that makes of an epoch). So there large layers are
trained through oneDNN. Without AVX-512 both are as fast, and torch's own layer does less around
the product. The choice hangs on the processor alone, never on a measurement, so that a run repeats
bit for bit on its machine.

In eval mode the layer is ``nn.Linear`` to the bit.
"""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

_LARGE = 2**16  # weights; below this, calling costs more than it saves


class Linear(nn.Linear):
    """x: [B, in_features] -> [B, out_features]; weights and ``state_dict`` as in ``nn.Linear``."""

    def reset_parameters(self) -> None:
        """Nothing: ``model.initialise`` draws all weights. On the meta device torch's own way would
        import a second's worth of symbolic mathematics."""

    def forward(self, input: Tensor) -> Tensor:
        """x Wᵀ + b."""
        if self._takes_onednn:
            return _OneDnnLinear.apply(input, self.weight, self.bias)  # type: ignore[no-any-return, no-untyped-call]
        return super().forward(input)

    def gradient_of_input(self, grad: Tensor) -> Tensor:
        """From that of the output: [B, out_features] -> [B, in_features]. Nothing is recorded
        under ``torch.no_grad``, where this belongs."""
        if self._takes_onednn:
            return _product(grad, self.weight.t())
        return grad.mm(self.weight)

    def gradients(self, x: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
        """Those of weight and bias, likewise, from what came in, [B, in_features], and the gradient
        of what came out, [B, out_features]."""
        if self._takes_onednn:
            return _product(grad.t(), x.t()), grad.sum(0)
        return grad.t().mm(x), grad.sum(0)

    @property
    def _takes_onednn(self) -> bool:
        if not (onednn_is_faster() and self.training):
            return False
        return self.weight.numel() >= _LARGE and self.weight.device.type == "cpu"


@cache
def onednn_is_faster() -> bool:
    """Whether this is an AMD processor with AVX-512, and torch has oneDNN's linear layer."""
    if not torch.backends.mkldnn.is_available() or not hasattr(
        torch.ops.mkldnn, "_linear_pointwise"
    ):
        return False
    has_avx512 = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
    return has_avx512 and "AuthenticAMD" in _processor()


def _processor() -> str:
    """What the system says of its processor."""
    if platform.system() == "Linux":
        try:
            with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as file:
                return file.read(4096)
        except OSError:
            return ""
    return os.environ.get("PROCESSOR_IDENTIFIER", "")  # set on Windows


def _product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x weightᵀ + bias; both may be transposed views."""
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return result


class _OneDnnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        grad_x = _product(grad, weight.t()) if ctx.needs_input_grad[0] else None
        return grad_x, _product(grad.t(), x.t()), grad.sum(0)
