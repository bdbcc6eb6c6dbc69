"""The filter of the list of runs: words, comparisons, and what means nothing."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from vae_studio.core.annotations import Annotations
from vae_studio.core.runs import RunInfo, bundled_runs
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.session.run_filter import MAX_LENGTH, field_names, parse_filter

NOTED = Annotations(("Good", "keep this"), "a note about Blur")


@pytest.fixture(scope="module")
def info() -> RunInfo:
    """A run with figures: vae-32, β 4."""
    (found,) = [info for info in bundled_runs() if info.path.name == "vae-32"]
    config = replace(found.config, beta=4.0, seed=7)
    return replace(found, name="My try 04:53", path=Path("x"), config=config, bundled=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "my TRY",
        "vae-32",
        "good blur",
        '"keep this"',
        '"my try" beta=4',
        "04:53",
        "beta=4",
        "beta=4.0 beta:4 beta>=4 beta<=4 beta>3.9 beta<4.1 beta!=3",
        "latent_dim>16",
        "status:finish status=Finished status!=failed",
        "batch_norm=false batch_norm=no batch_norm!=true",
        "likelihood=bernoulli",
        "hidden=512,256",
        "tag:keep tag=good tag!=bad notes:blur",
        "name:try variant=vae-32 dataset=mnist",
        "elbo<100 elbo>90 kl>10 squared_error>1 active_units>=1 seconds>1 epoch=50 seed=7",
        'name="my try 04:53"',
        "BETA=4",
        "learning_rate=2e-3",
    ],
)
def test_it_matches(info: RunInfo, text: str) -> None:
    wanted = parse_filter(text)
    assert wanted.bad == ()
    assert wanted.matches(info, NOTED)


@pytest.mark.parametrize(
    "text",
    [
        "other",
        "my other",
        '"try my"',
        "beta=3",
        "beta!=4",
        "beta>4",
        "latent_dim<=16",
        "status:failed",
        "batch_norm=true",
        "likelihood=mse",
        "tag=keep",
        "tag:blur",
        "notes:good",
        "elbo>100",
        "beta=4 seed=8",
    ],
)
def test_it_does_not_match(info: RunInfo, text: str) -> None:
    wanted = parse_filter(text)
    assert wanted.bad == ()
    assert not wanted.matches(info, NOTED)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("betta=4", "field"),
        ("beta=four", "number"),
        ("beta>", "value"),
        ("beta=nan", "number"),
        ("beta<inf", "number"),
        ("batch_norm=maybe", "number"),
        ("status>finished", "order"),
        ("status=done", "choice"),
        ("likelihood=gauss", "choice"),
        ("name=", "value"),
    ],
)
def test_what_means_nothing_is_told_and_left_out(info: RunInfo, text: str, fault: str) -> None:
    wanted = parse_filter(f"{text} beta=4")
    assert [(part.text, part.fault) for part in wanted.bad] == [(text, fault)]
    assert wanted.matches(info, NOTED)
    assert not parse_filter(f"{text} beta=5").matches(info, NOTED)


def test_squared_error_has_no_elbo(info: RunInfo) -> None:
    mse = replace(info, spec=replace(info.spec, likelihood="mse"))
    for text in ("elbo<1000", "elbo>0", "elbo!=1"):
        assert parse_filter(text).matches(info, NOTED)
        assert not parse_filter(text).matches(mse, NOTED)


def test_what_is_not_measured_is_neither_more_nor_less(info: RunInfo) -> None:
    new = replace(info, evaluation=None)
    for text in ("kl>0", "kl<=0", "kl!=1"):
        assert not parse_filter(text).matches(new, NOTED)


@pytest.mark.parametrize("name", field_names())
def test_every_field_can_be_asked_for(info: RunInfo, name: str) -> None:
    item = {item.name: item for kind in (ModelSpec, TrainConfig) for item in fields(kind)}.get(name)
    if item is None:
        assert not [part for part in parse_filter(f"{name}=1").bad if part.fault == "field"]
        return
    value = getattr(info.spec if hasattr(info.spec, name) else info.config, name)
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    wanted = parse_filter(f"{name}={text}")
    assert wanted.bad == ()
    assert wanted.matches(info, NOTED)


def test_whatever_is_typed_does_no_harm(info: RunInfo) -> None:
    for text in (
        '"',
        '""',
        "=",
        ":",
        ">=",
        'a="',
        "x" * 10_000,
        "beta=" + "9" * 400,
        "\x00 {0} %s",
    ):
        parse_filter(text).matches(info, NOTED)
    assert len(parse_filter("a " * 5000).conditions) == MAX_LENGTH // 2
