"""The measures of a model, against the same sums written out."""

from __future__ import annotations

import json
import typing
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.helpers import part, tiny
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.evaluate import evaluate, unit_health
from vae_studio.core.losses import kl_dimensions, reconstruction_each
from vae_studio.core.measures import Evaluation
from vae_studio.core.model import VAE
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import Likelihood, ModelSpec
from vae_studio.core.variants import VARIANTS


@pytest.fixture(scope="module")
def measured(plain_snapshot: Snapshot, small: DatasetPair) -> Evaluation:
    result = evaluate(plain_snapshot.build(), small.test)
    assert result is not None
    return result


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_is_the_mean_over_the_images(spec: ModelSpec, small: DatasetPair) -> None:
    model = VAE(tiny(spec)).eval().requires_grad_(False)
    result = evaluate(model, small.test, seed=5)
    assert result is not None
    x, labels = small.test.batch(torch.arange(len(small.test)))
    mu, logvar = model.encode(x, labels)
    z = model.reparameterize(mu, logvar, torch.Generator().manual_seed(5))
    logits = model.decode_logits(z, labels)
    kinds = typing.get_args(Likelihood)
    variance = torch.tensor(1.0 / 12.0)  # that of an untrained model
    costs = {kind: reconstruction_each(logits, x, kind, variance).mean().item() for kind in kinds}
    kl = kl_dimensions(mu, logvar).mean(0)
    assert result.bernoulli == pytest.approx(costs["bernoulli"], rel=1e-5)
    assert result.squared_error == pytest.approx(costs["mse"], rel=1e-5)
    assert result.terms.reconstruction == pytest.approx(costs[spec.likelihood], rel=1e-5)
    assert result.latent.kl == pytest.approx(kl.tolist(), rel=1e-4, abs=1e-7)
    assert result.negative_elbo == pytest.approx(costs[spec.likelihood] + kl.sum().item(), rel=1e-5)
    assert result.latent.mean == pytest.approx(mu.mean(0).tolist(), rel=1e-4, abs=1e-6)
    assert result.latent.std == pytest.approx(mu.std(0).tolist(), rel=1e-4)


def test_does_not_depend_on_where_batches_end(plain_snapshot: Snapshot, mnist: DatasetPair) -> None:
    model = plain_snapshot.build()
    halves = [evaluate(model, part(mnist, 1, count).test) for count in (1000, 1500)]
    assert halves[0] is not None
    assert halves[1] is not None
    later = part(mnist, 1, 1500).test
    rest = evaluate(model, replace(later, images=later.images[1000:], labels=later.labels[1000:]))
    assert rest is not None
    joined = (1000 * halves[0].terms.kl + 500 * rest.terms.kl) / 1500
    assert halves[1].terms.kl == pytest.approx(joined, rel=1e-6)


def test_the_seed_decides(plain_snapshot: Snapshot, small: DatasetPair) -> None:
    model = plain_snapshot.build()
    assert evaluate(model, small.test, 1) == evaluate(model, small.test, 1)
    one, other = evaluate(model, small.test, 1), evaluate(model, small.test, 2)
    assert one is not None
    assert other is not None
    assert one.terms.reconstruction != other.terms.reconstruction
    assert one.terms.kl == other.terms.kl


@pytest.mark.parametrize("training", [True, False])
def test_measures_in_eval_mode_and_puts_the_mode_back(small: DatasetPair, training: bool) -> None:
    model = VAE(tiny(VARIANTS["vae-batchnorm"], hidden_dropout=0.5)).train(training)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    other = VAE(tiny(VARIANTS["vae-batchnorm"], hidden_dropout=0.5)).eval()
    assert evaluate(model, small.test) == evaluate(other, small.test)
    assert model.training is training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_stops_when_asked(plain_snapshot: Snapshot, mnist: DatasetPair) -> None:
    answers = iter([False, True])
    model = plain_snapshot.build().train()
    assert evaluate(model, part(mnist, 1, 5000).test, should_stop=lambda: next(answers)) is None
    assert model.training  # the mode is put back here too


def test_a_dimension_that_says_nothing_is_not_active(small: DatasetPair) -> None:
    model = VAE(tiny(VARIANTS["vae-32"])).requires_grad_(False)
    for layer in (model.encoder.fc_mu, model.encoder.fc_logvar):
        layer.weight.zero_()
        layer.bias.zero_()
    model.encoder.fc_mu.weight[2] = torch.linspace(-5, 5, 24)
    result = evaluate(model, small.test)
    assert result is not None
    assert result.active_units == 1
    assert result.latent.order[0] == 2
    assert [kl for index, kl in enumerate(result.latent.kl) if index != 2] == [0.0] * 5


def test_quantiles_hold_nearly_all_means(measured: Evaluation) -> None:
    latent = measured.latent
    rows = zip(latent.low, latent.mean, latent.high, latent.std, strict=True)
    for low, mean, high, std in rows:
        assert low < mean < high
        assert high - low > 3 * std  # 99 % of the images


def test_json_round_trip(measured: Evaluation) -> None:
    values = json.loads(json.dumps(measured.to_dict(), allow_nan=False))
    assert Evaluation.from_dict(values) == measured


@pytest.mark.parametrize(
    "change",
    [
        {"terms": None},
        {"terms": {"kl": 1.0}},
        {"bernoulli": "many"},
        {"bernoulli": float("nan")},
        {"squared_error": float("inf")},
        {"active_units": float("inf")},
        {"latent": {}},
        {"latent": "kl"},
    ],
)
def test_damaged_figures_are_refused(measured: Evaluation, change: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError) as caught:
        Evaluation.from_dict({**measured.to_dict(), **change})
    assert caught.value.code == "checkpoint.figures"


def test_statistics_of_unequal_length_are_refused(measured: Evaluation) -> None:
    values = measured.to_dict()
    values["latent"]["low"] = values["latent"]["low"][1:]
    with pytest.raises(CheckpointError):
        Evaluation.from_dict(values)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_finds_the_units_that_never_fire(batch_norm: bool, small: DatasetPair) -> None:
    model = VAE(tiny(VARIANTS["vae-32"], batch_norm=batch_norm)).train()
    before = unit_health(model, small.test)
    assert before.units == 2 * (48 + 24)
    assert before.dead < 72
    layer = model.decoder.get_submodule("bn3" if batch_norm else "fc3")
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.get_parameter("bias").fill_(-7.0)
    after = unit_health(model, small.test)
    assert 24 <= after.dead <= before.dead + 24
    assert after.largest >= 7.0
    assert model.training


def test_a_leaky_unit_is_never_dead(small: DatasetPair) -> None:
    model = VAE(tiny(VARIANTS["vae-leaky-relu"]))
    with torch.no_grad():
        model.encoder.get_parameter("fc1.bias").fill_(-100.0)
    health = unit_health(model, small.test)
    assert health.dead == 0
    assert health.largest > 90.0
