"""Experiments: their arms differ in what the title says, and in nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from vae_studio.core.compared import differences
from vae_studio.core.errors import SpecError
from vae_studio.core.experiments import (
    EXPERIMENTS,
    MAX_ARMS,
    Experiment,
    experiment,
    free_experiment,
    value_text,
)
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS

DIFFER = {
    "batch-norm": {"batch_norm": (False, True)},
    "latent-dropout": {"latent_dropout": (0.0, 0.2)},
    "cvae": {"num_classes": (0, 10)},
    "latent-size": {"latent_dim": (16, 64)},
    "leaky-relu": {"activation": ("relu", "leaky_relu"), "negative_slope": (None, 0.2)},
    "mse": {"likelihood": ("bernoulli", "mse")},
}


def differing(trial: Experiment) -> dict[str, tuple[Any, ...]]:
    found = differences([(arm.spec, arm.config) for arm in trial.arms])
    return {each.field: each.values for each in found}


def test_the_tutorials_six_are_there() -> None:
    assert set(EXPERIMENTS) == set(DIFFER)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_arms_differ_in_that_and_share_all_else(name: str) -> None:
    config = TrainConfig(epochs=3, seed=7, train_size=500, beta=2.0)
    trial = experiment(name, config)
    assert differing(trial) == DIFFER[name]
    assert {arm.config for arm in trial.arms} == {config}  # seed, data, epochs
    assert [VARIANTS[arm.variant] for arm in trial.arms] == [arm.spec for arm in trial.arms]
    labels = [arm.label for arm in trial.arms]
    assert len(set(labels)) == len(labels)
    assert trial.question.endswith("?")


def test_an_unknown_name_lists_those_there_are() -> None:
    with pytest.raises(SpecError) as caught:
        experiment("beta", TrainConfig())
    assert caught.value.code == "experiment.unknown"
    assert "latent-size" in str(caught.value.params["known"])


@pytest.mark.parametrize(
    ("field", "values", "labels"),
    [
        ("beta", [0.5, 1, 4], ["β = 0.5", "β = 1", "β = 4"]),
        ("learning_rate", [0.002, 1e-5], ["Learning rate = 0.002", "Learning rate = 1e-05"]),
        ("batch_norm", [False, True], ["Batch norm = off", "Batch norm = on"]),
        ("hidden", [(64,), [32, 16]], ["Hidden layers = 64", "Hidden layers = 32, 16"]),
        ("activation", ["relu", "leaky_relu"], ["Activation = relu", "Activation = leaky_relu"]),
        ("seed", [0, 1234567], ["Seed = 0", "Seed = 1234567"]),
    ],
)
def test_any_field_can_be_varied(field: str, values: list[Any], labels: list[str]) -> None:
    spec, config = ModelSpec(latent_dim=7), TrainConfig(epochs=3)
    trial = free_experiment(field, values, spec, config)
    assert [arm.label for arm in trial.arms] == labels
    found = differing(trial)
    assert set(found) - {"negative_slope"} == {field}
    assert found[field] == tuple(tuple(v) if isinstance(v, list) else v for v in values)
    for arm in trial.arms:
        assert arm.spec.latent_dim == 7
        assert arm.config.epochs == 3


def test_a_whole_number_is_a_number() -> None:
    arms = free_experiment("beta", [1, 4], ModelSpec(), TrainConfig()).arms
    assert [type(arm.config.beta) for arm in arms] == [float, float]


def test_an_arm_knows_its_row_of_the_table() -> None:
    arms = free_experiment("latent_dim", [16, 17], ModelSpec(), TrainConfig()).arms
    assert [arm.variant for arm in arms] == ["vae-16", ""]


@pytest.mark.parametrize(
    ("field", "values", "code"),
    [
        ("betta", [1, 2], "spec.unknown_field"),
        ("beta", [1], "spec.length"),
        ("beta", [], "spec.length"),
        ("beta", range(MAX_ARMS + 1), "spec.length"),
        ("beta", [1, -1], "spec.range"),
        ("beta", [1, float("nan")], "spec.range"),
        ("beta", [1, 10**400], "spec.range"),
        ("beta", ["1", "2"], "spec.type"),
        ("beta", [1, 1.0], "experiment.twice"),
        ("hidden", [(64,), [64]], "experiment.twice"),
        ("hidden", [64, 32], "spec.type"),
        ("latent_dim", [2.0, 4.0], "spec.type"),
        ("activation", ["relu", "tanh"], "spec.choice"),
        ("dataset", ["mnist", "other"], "experiment.field"),
        ("image_shape", [(1, 28, 28), (1, 8, 8)], "experiment.field"),
    ],
)
def test_bad_ones_are_refused(field: str, values: list[Any], code: str) -> None:
    with pytest.raises(SpecError) as caught:
        free_experiment(field, values, ModelSpec(), TrainConfig())
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "on"), (0.1 + 0.2, "0.30000000000000004"), ((512, 256), "512, 256"), ("relu", "relu")],
)
def test_a_value_is_written_so_that_it_can_be_typed_again(value: object, text: str) -> None:
    assert value_text(value) == text
