"""The convolutional network: sizes that fit, labels that count, a variance that is learned."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.helpers import part, quick, trained
from vae_studio.core.convolution import sides
from vae_studio.core.data import DatasetPair
from vae_studio.core.evaluate import evaluate, unit_health
from vae_studio.core.layers import initialise
from vae_studio.core.model import VAE, expected_weights
from vae_studio.core.spec import ModelSpec
from vae_studio.core.variants import VARIANTS

SPEC = replace(VARIANTS["conv-vae"], hidden=(4, 6, 8), latent_dim=5)
LABELLED = replace(SPEC, num_classes=10)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64), (3, 16, 128), (1, 17, 33), (1, 1, 1)])
@pytest.mark.parametrize("hidden", [(4,), (4, 6, 8), (3, 4, 5, 6)])
def test_any_size_goes_in_and_comes_out(
    shape: tuple[int, int, int], hidden: tuple[int, ...]
) -> None:
    spec = replace(LABELLED, image_shape=shape, hidden=hidden)
    model = VAE(spec).eval().requires_grad_(False)
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    x_hat, mu, _ = model(x, torch.tensor([3, 9]))
    assert x_hat.shape == x.shape
    assert mu.shape == (2, 5)
    found = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert found == {key: shape for key, (shape, _) in expected_weights(spec).items()}
    smallest = math.ceil(shape[1] / 2 ** len(hidden)), math.ceil(shape[2] / 2 ** len(hidden))
    assert sides(spec)[-1] == smallest


def test_layers_are_numbered_through_and_named_by_what_they_are() -> None:
    model = VAE(replace(LABELLED, batch_norm=False))
    names = {key.rpartition(".")[0] for key in model.state_dict()}
    assert names == {
        *("encoder.fc_label", "encoder.conv1", "encoder.conv2", "encoder.conv3"),
        *("encoder.fc_mu", "encoder.fc_logvar", "decoder"),
        *("decoder.fc4", "decoder.deconv5", "decoder.deconv6", "decoder.deconv7"),
    }


def test_the_label_counts_in_both_halves_and_mixes() -> None:
    model = VAE(replace(LABELLED, batch_norm=False)).eval().requires_grad_(False)
    x = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    one, other = (model.encode(x, torch.tensor([label]))[0] for label in (2, 7))
    assert not torch.allclose(one, other)
    z = torch.zeros(1, 5)
    one, other = (model.decode_logits(z, torch.tensor([label])) for label in (2, 7))
    assert not torch.allclose(one, other)
    weights = torch.zeros(1, 10)
    weights[0, 2] = 1.0
    torch.testing.assert_close(model.decode_logits(z, weights), one)
    with pytest.raises(ValueError, match="labels"):
        model.encode(x)


@pytest.mark.parametrize("method", ["default", "xavier", "kaiming"])
def test_weights_fill_torchs_own_range(method: str) -> None:
    model = VAE(replace(SPEC, hidden=(32, 64, 128)))
    initialise(model, method, torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    for layer in model.modules():
        if not isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            continue
        taps = layer.kernel_size[0] * layer.kernel_size[1]
        inside = layer.weight.shape[1] * taps
        outside = layer.weight.shape[0] * taps
        limit = {
            "default": 1 / math.sqrt(inside),
            "xavier": math.sqrt(6 / (inside + outside)),
            "kaiming": math.sqrt(6 / inside),
        }[method]
        largest = layer.weight.detach().abs().max().item()
        assert 0.95 * limit < largest <= limit * 1.00001
        assert layer.bias is not None
        assert bool(layer.bias.detach().any()) == (method == "default")


def test_making_one_draws_nothing_from_the_global_generator() -> None:
    before = torch.get_rng_state()
    VAE(LABELLED)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_dead_channel_is_one_that_is_dark_everywhere(small: DatasetPair) -> None:
    model = VAE(replace(SPEC, batch_norm=False)).eval()
    healthy = unit_health(model, small.test)
    assert healthy.units == 4 + 6 + 8 + 8 * 4 * 4 + 6 + 4
    with torch.no_grad():
        conv = model.encoder.get_submodule("conv2")
        conv.weight[1] = 0.0  # type: ignore[index, operator]
        conv.bias[1] = -1.0  # type: ignore[index, operator]
    assert unit_health(model, small.test).dead == healthy.dead + 1


def test_a_convolutional_cvae_learns_what_a_label_means(mnist: DatasetPair) -> None:
    spec = replace(LABELLED, hidden=(8, 16), likelihood="bernoulli")
    config = quick(epochs=2, batch_size=64, learning_rate=5e-3)
    state, _ = trained(spec, config, part(mnist, 3000, 256))
    model = state.model.eval().requires_grad_(False)
    x = mnist.test.images[:200].float() / 255
    labels = mnist.test.labels[:200]

    def cost(given: Tensor) -> float:
        mu, _ = model.encode(x, given)
        return float(model.lost(model.decode_logits(mu, given), x).mean())

    assert cost(labels) < cost((labels + 1) % 10) - 5


def test_the_variance_settles_at_the_squared_error_of_a_value(small: DatasetPair) -> None:
    spec: ModelSpec = replace(SPEC, hidden=(8, 16))
    state, _ = trained(spec, quick(epochs=30, batch_size=32, learning_rate=5e-3), small)
    model = state.model.eval().requires_grad_(False)
    kept = model.variance
    assert kept is not None
    found = evaluate(model, small.train)
    assert found is not None
    assert float(kept) == pytest.approx(found.squared_error / 784, rel=0.1)
    assert "decoder.variance" in model.state_dict()
    assert VAE(replace(spec, likelihood="mse")).variance is None
    nats = 784 * 0.5 * math.log(2 * math.pi * math.e * 255**2 * found.squared_error / 784)
    assert found.terms.reconstruction == pytest.approx(nats, rel=0.01)
