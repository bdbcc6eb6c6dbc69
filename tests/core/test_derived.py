"""Gradients derived by hand are autograd's, and so is what is learned with them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.helpers import quick, same, tiny, trained, weights
from vae_studio.core import learner, linear
from vae_studio.core.data import DatasetPair
from vae_studio.core.derived import Derivation, can_derive
from vae_studio.core.events import StepDone
from vae_studio.core.linear import Linear
from vae_studio.core.losses import LossTerms, loss_terms
from vae_studio.core.model import LOGVAR_LIMIT, VAE
from vae_studio.core.spec import ModelSpec
from vae_studio.core.variants import VARIANTS

PLAIN = ModelSpec(hidden=(20, 12), latent_dim=5, image_shape=(1, 6, 6))
KINDS = {
    "relu": PLAIN,
    "leaky": replace(PLAIN, activation="leaky_relu", negative_slope=0.2),
    "leaky without slope": replace(PLAIN, activation="leaky_relu", negative_slope=0.0),
    "mse": replace(PLAIN, likelihood="mse"),
    "classes": replace(PLAIN, num_classes=4),
    "classes, mse, leaky": replace(PLAIN, num_classes=4, likelihood="mse", activation="leaky_relu"),
    "one hidden layer": replace(PLAIN, hidden=(9,)),
    "four, of one size": replace(PLAIN, hidden=(9, 9, 9, 9)),
    "colours": replace(PLAIN, image_shape=(3, 4, 5)),
    "one dimension": replace(PLAIN, latent_dim=1),
}
BATCH = 7


def batch(spec: ModelSpec) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(3)
    x = torch.rand(BATCH, *spec.image_shape, generator=generator)
    return x, torch.arange(BATCH) % spec.num_classes if spec.conditional else None


def noise() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def recorded(model: VAE, share: float, beta: float) -> tuple[LossTerms, dict[str, Tensor]]:
    x, labels = batch(model.spec)
    generator = noise()
    mu, logvar = model.encode(x, labels, generator)
    logits = model.decode_logits(model.reparameterize(mu, logvar, generator), labels, generator)
    terms = loss_terms(logits, x, mu, logvar, model.spec.likelihood)
    named = dict(model.named_parameters())
    loss = share * terms.reconstruction + beta * terms.kl
    return terms, dict(zip(named, torch.autograd.grad(loss, named.values()), strict=True))


def derived(model: VAE, share: float, beta: float) -> tuple[LossTerms, dict[str, Tensor]]:
    x, labels = batch(model.spec)
    derivation, found = Derivation(model), dict[Linear, tuple[Tensor, Tensor]]()

    def learn(layer: Linear, weight: Tensor, bias: Tensor) -> None:
        assert layer not in found
        found[layer] = weight, bias

    with torch.no_grad():
        seen = derivation.forward(x, labels, noise())
        terms = loss_terms(seen.logits, seen.x, seen.mu, seen.logvar, model.spec.likelihood)
        derivation.back(seen, share, beta, learn)
    return terms, {
        f"{name}.{part}": gradient
        for name, layer in model.named_modules()
        if isinstance(layer, Linear)
        for part, gradient in zip(("weight", "bias"), found[layer], strict=True)
    }


@pytest.mark.parametrize("onednn", [False, True])
@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_losses_and_gradients_are_those_of_autograd(
    spec: ModelSpec, onednn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever library computes the products."""
    if onednn and hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        monkeypatch.setattr(linear, "onednn_is_faster", lambda: True)
        monkeypatch.setattr(linear, "_LARGE", 0)
    model = VAE(spec, torch.Generator().manual_seed(5)).train()
    for share, beta in ((1.0, 1.0), (1.0, 4.0), (1.0 / spec.pixels, 0.3), (1.0, 0.0)):
        terms, gradients = recorded(model, share, beta)
        mine, found = derived(model, share, beta)
        torch.testing.assert_close(mine, terms)
        assert found.keys() == gradients.keys()
        for name, gradient in gradients.items():
            assert gradient.abs().max() > 0
            torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("free", [0.9 * LOGVAR_LIMIT, LOGVAR_LIMIT, 2.0 * LOGVAR_LIMIT])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_limited_variance_learns_no_further(free: float, sign: int) -> None:
    model = VAE(PLAIN).train()
    with torch.no_grad():
        model.encoder.get_parameter("fc_logvar.weight").zero_()
        model.encoder.get_parameter("fc_logvar.bias").fill_(sign * free)
    _, gradients = recorded(model, 1.0, 1.0)
    _, found = derived(model, 1.0, 1.0)
    gradient = gradients["encoder.fc_logvar.bias"]
    assert bool(gradient.any()) == (free <= LOGVAR_LIMIT)
    torch.testing.assert_close(found["encoder.fc_logvar.bias"], gradient, rtol=1e-4, atol=1e-5)


def test_a_layer_may_change_as_soon_as_its_gradients_are_told() -> None:
    model = VAE(KINDS["classes"]).train()
    _, wanted = derived(model, 1.0, 1.0)
    x, labels = batch(model.spec)
    found: list[Tensor] = []

    def spoil(layer: Linear, weight: Tensor, bias: Tensor) -> None:
        found.extend((weight, bias))
        layer.weight.fill_(torch.nan)
        layer.bias.fill_(torch.nan)

    derivation = Derivation(model)
    with torch.no_grad():
        derivation.back(derivation.forward(x, labels, noise()), 1.0, 1.0, spoil)
    assert len(found) == len(wanted)
    sums = sorted(gradient.sum().item() for gradient in found)
    assert sums == sorted(gradient.sum().item() for gradient in wanted.values())


def test_what_else_a_model_may_have_is_left_to_autograd() -> None:
    assert can_derive(PLAIN)
    for other in (
        {"batch_norm": True},
        {"hidden_dropout": 0.1},
        {"latent_dropout": 0.1},
        {"likelihood": "gaussian"},
        {"architecture": "conv", "hidden": (4, 8), "image_shape": (1, 8, 8)},
    ):
        assert not can_derive(replace(PLAIN, **other))  # type: ignore[arg-type]


def test_whoever_adds_to_a_model_says_whether_its_gradients_are_written_down() -> None:
    """A new field is either in the derivation or in ``can_derive``, and then here."""
    assert {field.name for field in fields(ModelSpec)} == {
        "architecture", "latent_dim", "hidden", "activation", "negative_slope", "batch_norm",
        "hidden_dropout", "latent_dropout", "likelihood", "num_classes", "image_shape",
    }  # fmt: skip


DERIVED = [name for name, spec in VARIANTS.items() if can_derive(spec)]


@pytest.mark.parametrize("settings", [{}, {"grad_clip": 2.0}, {"reduction": "mean"}], ids=str)
@pytest.mark.parametrize("name", DERIVED)
def test_a_training_learns_what_it_learns_with_autograd(
    name: str, settings: dict[str, Any], small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, config = tiny(VARIANTS[name]), quick(epochs=2, weight_decay=0.01, **settings)
    state, events = trained(spec, config, small)
    monkeypatch.setattr(learner, "can_derive", lambda _: False)
    reference, expected = trained(spec, config, small)
    losses, wanted = (
        [
            event.batch.reconstruction + event.batch.kl
            for event in each
            if isinstance(event, StepDone)
        ]
        for each in (events, expected)
    )
    assert losses == pytest.approx(wanted, rel=1e-4)
    assert not same(weights(state), weights(reference))  # as it went another way
    for key, weight in weights(reference).items():
        torch.testing.assert_close(weights(state)[key], weight, rtol=1e-2, atol=2e-4)
