"""A plan: presets, what was changed of them, and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import SpecError
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS, fitted
from vae_studio.session.plan import (
    FIELDS,
    changed_fields,
    choices,
    for_larger_images,
    plan_of,
    preset,
    problems,
    reset_field,
    text_of,
    with_text,
    with_value,
)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_preset_is_the_variant_with_a_warm_up(name: str) -> None:
    plan = preset(name)
    assert plan.spec == fitted(VARIANTS[name], DATASETS["mnist"])
    assert plan.config == TrainConfig(
        epochs=7, learning_rate=4e-3, rate_warmup=1, beta_warmup=3, mean_bias=True
    )
    assert changed_fields(plan) == ()
    assert problems(plan) == {}


def test_every_field_says_what_it_is() -> None:
    assert set(FIELDS) == {item.name for kind in (ModelSpec, TrainConfig) for item in fields(kind)}
    for name, item in FIELDS.items():
        assert item.metadata["label"], name
        assert len(item.metadata["help"]) > 10, name
        if isinstance(item.default, (int, float)) and not isinstance(item.default, bool):
            assert item.metadata["low"] <= item.default <= item.metadata["high"]
            assert item.metadata["step"] == "log" or item.metadata["step"] > 0


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("beta", "4", 4.0),
        ("beta", " 0,5 ", 0.5),
        ("learning_rate", "1e-4", 1e-4),
        ("epochs", "12", 12),
        ("hidden", "400, 200", (400, 200)),
        ("batch_norm", "true", True),
        ("likelihood", "mse", "mse"),
        ("num_classes", "10", 10),
    ],
)
def test_what_is_typed_becomes_a_value(name: str, text: str, value: Any) -> None:
    plan = with_text(preset(), name, text)
    assert plan.value(name) == value
    assert changed_fields(plan) == (name,)
    assert with_text(preset(), name, text_of(value)) == plan
    assert reset_field(plan, name) == preset()


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("beta", "-1", "spec.range"),
        ("beta", "", "spec.type"),
        ("beta", "nan", "spec.range"),
        ("epochs", "2.5", "spec.type"),
        ("epochs", "0", "spec.range"),
        ("hidden", "1,2,3,4,5", "spec.length"),
        ("hidden", "0", "spec.range"),
        ("hidden", "a", "spec.type"),
        ("schedule", "linear", "spec.choice"),
    ],
)
def test_a_bad_value_is_refused_with_its_reason(name: str, text: str, code: str) -> None:
    with pytest.raises(SpecError) as error:
        with_text(preset(), name, text)
    assert error.value.code == code
    assert error.value.params["field"] == name


def test_fewer_epochs_shorten_the_warm_up() -> None:
    assert with_value(preset(), "epochs", 4).config.beta_warmup == 2
    assert with_value(preset(), "epochs", 40).config.beta_warmup == 3
    typed = with_text(with_text(preset(), "epochs", "1"), "epochs", "12")
    assert typed.config.beta_warmup == 3
    chosen = with_value(with_value(preset(), "beta_warmup", 5), "epochs", 2)
    assert with_value(chosen, "epochs", 50).config.beta_warmup == 5


def test_fields_that_do_not_go_together_are_named() -> None:
    plan = with_value(preset("vae-batchnorm"), "batch_size", 1)
    assert problems(plan)["batch_size"].code == "plan.batch_norm"
    assert not problems(with_value(preset("vae-32"), "batch_size", 1))
    assert problems(with_value(preset(), "beta_warmup", 8))["beta_warmup"].code == "plan.warmup"
    assert not problems(with_value(preset(), "beta_warmup", 7))
    assert problems(with_value(preset(), "num_classes", 3))["num_classes"].code == "spec.choice"


def test_a_run_of_no_known_variant_is_measured_by_the_nearest_preset() -> None:
    spec = replace(VARIANTS["vae-batchnorm"], latent_dim=20)
    plan = plan_of("", spec, replace(preset().config, beta_warmup=0))
    assert plan.variant == "vae-batchnorm"
    assert changed_fields(plan) == ("latent_dim", "beta_warmup")


@pytest.fixture
def photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more data sets: colour with three classes, and grey without labels."""
    mnist = DATASETS["mnist"]
    photos = replace(
        mnist, name="photos", image_shape=(3, 64, 64), class_names=("a", "b", "c"), extremes=0.2
    )
    monkeypatch.setitem(DATASETS, "photos", photos)
    monkeypatch.setitem(DATASETS, "scans", replace(mnist, name="scans", class_names=()))


@pytest.mark.usefixtures("photos")
def test_other_images_bring_shape_classes_and_likelihood_along() -> None:
    plan = with_value(preset("conv-cvae"), "dataset", "photos")
    assert plan.spec.image_shape == (3, 64, 64)
    assert (plan.spec.num_classes, plan.spec.likelihood) == (3, "gaussian")
    assert changed_fields(plan) == ()
    assert plan == preset("conv-cvae", "photos")
    assert with_value(plan, "dataset", "mnist") == preset("conv-cvae")
    assert with_value(preset("vae-mse"), "dataset", "photos").spec.likelihood == "mse"
    mine = with_value(with_value(preset("vae-32"), "likelihood", "mse"), "num_classes", 10)
    moved = with_value(mine, "dataset", "photos")
    assert (moved.spec.likelihood, moved.spec.num_classes) == ("mse", 3)
    assert changed_fields(moved) == ("likelihood", "num_classes")
    assert not problems(moved)
    assert choices("num_classes", moved) == (0, 3)
    assert choices("dataset") == ("mnist", "photos", "scans")


@pytest.mark.usefixtures("photos")
def test_a_model_that_is_told_labels_needs_some() -> None:
    plan = with_value(preset("cvae"), "dataset", "scans")
    assert problems(plan)["num_classes"].code == "plan.no_classes"
    assert not problems(with_value(preset("vae-32"), "dataset", "scans"))
    assert problems(with_value(preset(), "dataset", "gone"))["dataset"].code == "plan.no_data"


@pytest.mark.usefixtures("photos")
def test_larger_images_are_learned_with_convolutions() -> None:
    for name, found in (("vae-32", "conv-vae"), ("cvae", "conv-cvae"), ("vae-mse", "vae-mse")):
        assert for_larger_images(preset(name, "photos")) == found
        assert for_larger_images(preset(name)) == name
    changed = with_value(preset("vae-32", "photos"), "hidden", (64, 32))
    assert for_larger_images(changed) == "vae-32"


def test_another_architecture_brings_its_layers_along() -> None:
    conv = with_value(preset("vae-32"), "architecture", "conv")
    assert conv.spec.hidden == (32, 64, 128)
    assert with_value(conv, "architecture", "mlp") == preset("vae-32")
    mine = with_value(preset("vae-32"), "hidden", (8, 16))
    assert with_value(mine, "architecture", "conv").spec.hidden == (8, 16)


def test_few_values_are_choices() -> None:
    assert choices("activation") == ("relu", "leaky_relu")
    assert choices("num_classes") == (0, 10)
    assert choices("beta") == ()
