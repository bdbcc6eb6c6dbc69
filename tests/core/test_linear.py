"""The fast linear layer is ``nn.Linear``: to the bit in eval mode, to rounding in training."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from vae_studio.core import linear
from vae_studio.core.linear import Linear, onednn_is_faster

HAS_OP = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


@pytest.fixture(params=[True, False], ids=["onednn", "torch"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both ways on any processor; where torch has no oneDNN, its own way twice."""
    fast = bool(request.param) and HAS_OP
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: fast)
    return fast


def pair(inputs: int, outputs: int) -> tuple[Linear, nn.Linear]:
    torch.manual_seed(1)
    plain = nn.Linear(inputs, outputs)
    fast = Linear(inputs, outputs)
    fast.load_state_dict(plain.state_dict(), strict=True)
    return fast, plain


def step(layer: nn.Linear, x: Tensor) -> tuple[Tensor, ...]:
    """Output, and gradients of x, weight and bias, of a loss that weighs every output."""
    x = x.clone().requires_grad_()
    y = layer(x)
    (y * torch.linspace(-1, 1, y.numel()).reshape(y.shape)).sum().backward()
    gradients = [part.grad for part in (x, layer.weight, layer.bias) if part.grad is not None]
    assert len(gradients) == 3
    return y.detach(), *gradients


@pytest.mark.parametrize("batch", [1, 2, 128])
@pytest.mark.parametrize("sizes", [(784, 512), (256, 512), (32, 256)])
def test_output_and_gradients_are_those_of_torch(
    way: bool, batch: int, sizes: tuple[int, int]
) -> None:
    fast, plain = pair(*sizes)
    x = torch.randn(batch, sizes[0], generator=torch.Generator().manual_seed(2))
    for mine, theirs in zip(step(fast, x), step(plain, x), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_eval_mode_is_torch_to_the_bit(way: bool) -> None:
    fast, plain = pair(784, 512)
    x = torch.randn(128, 784)
    assert torch.equal(fast.eval()(x), plain.eval()(x))


def test_large_layers_in_training_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, ...]] = []
    product = linear._product

    def noted(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        calls.append(tuple(weight.shape))
        return product(x, weight, bias) if HAS_OP else x @ weight.t()

    monkeypatch.setattr(linear, "_product", noted)
    monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)
    fast, _ = pair(784, 512)
    small, _ = pair(32, 256)
    x = torch.randn(4, 784)
    fast(x)
    small(torch.randn(4, 32))
    fast.eval()(x)
    assert calls == [(512, 784)]


@pytest.mark.parametrize(
    ("processor", "capability", "expected"),
    [
        ("vendor_id : AuthenticAMD", "AVX512", HAS_OP),
        ("vendor_id : AuthenticAMD", "AVX2", False),
        ("vendor_id : GenuineIntel", "AVX512", False),
        ("", "DEFAULT", False),
    ],
)
def test_the_processor_decides(
    processor: str, capability: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "_processor", lambda: processor)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    onednn_is_faster.cache_clear()
    try:
        assert onednn_is_faster() is expected
    finally:
        onednn_is_faster.cache_clear()
