"""Trials on disk: a round trip, what a stranger wrote, and a disk that does not take it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import tiny
from vae_studio.core.errors import CheckpointError
from vae_studio.core.experiments import EXPERIMENTS, MAX_ARMS, experiment, free_experiment
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.session.folders import home, runs_folder
from vae_studio.session.trials import (
    MAX_TRIALS,
    Trial,
    arm_name,
    forget_trial,
    new_trial,
    read_trial,
    read_trials,
    trials_folder,
    write_trial,
)


@pytest.fixture
def trial() -> Trial:
    return new_trial(free_experiment("beta", [0.5, 4], tiny(ModelSpec()), TrainConfig(epochs=2)))


@pytest.fixture
def written(trial: Trial) -> dict[str, Any]:
    write_trial(trial)
    values: dict[str, Any] = json.loads(trial.path.read_text("utf-8"))
    return values


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_comes_back(name: str) -> None:
    trial = new_trial(experiment(name, TrainConfig(epochs=3, train_size=500)))
    assert not any(path.exists() for path in (trial.path, *trial.folders))
    assert read_trials() == ()
    write_trial(trial)
    assert read_trials() == (trial,)
    assert len(set(trial.folders)) == len(trial.experiment.arms)
    assert arm_name(trial, 1) == f"{EXPERIMENTS[name].title}: {trial.experiment.arms[1].label}"
    forget_trial(trial)
    assert read_trials() == ()
    forget_trial(trial)  # gone already


def test_the_newest_comes_first_and_they_are_not_too_many(trial: Trial) -> None:
    for number in range(MAX_TRIALS + 5):
        write_trial(replace(trial, path=trials_folder() / f"2026{number:04d}.json"))
    found = read_trials()
    assert len(found) == MAX_TRIALS
    assert found[0].path.stem == f"2026{MAX_TRIALS + 4:04d}"


def test_runs_are_named_by_their_folder_unless_they_are_elsewhere(
    trial: Trial, tmp_path: Path
) -> None:
    elsewhere = replace(trial, folders=(trial.folders[0], tmp_path / "other  place"))
    write_trial(elsewhere)
    assert read_trial(trial.path) == elsewhere
    said = [arm["folder"] for arm in json.loads(trial.path.read_text("utf-8"))["arms"]]
    assert said == [trial.folders[0].name, str(tmp_path / "other  place")]
    assert trial.folders[0].parent == runs_folder()


DAMAGES: dict[str, Any] = {
    "no object": lambda values: [values],
    "another format": lambda values: {**values, "format": 2},
    "format is no number": lambda values: {**values, "format": True},
    "a name too many": lambda values: {**values, "command": "rm"},
    "a name missing": lambda values: {k: v for k, v in values.items() if k != "title"},
    "title is no text": lambda values: {**values, "title": 3},
    "question too long": lambda values: {**values, "question": "x" * 1001},
    "one arm": lambda values: {**values, "arms": values["arms"][:1]},
    "too many arms": lambda values: {**values, "arms": values["arms"] * MAX_ARMS},
    "arms are no list": lambda values: {**values, "arms": {"a": 1, "b": 2}},
    "an arm is no object": lambda values: {**values, "arms": [1, 2]},
    "an arm twice": lambda values: {**values, "arms": values["arms"][:1] * 2},
    "a bad specification": lambda values: _arm(values, spec={"latent_dim": -1}),
    "a field nobody knows": lambda values: _arm(values, config={"epochs": 1, "hook": "x"}),
    "a folder with a NUL": lambda values: _arm(values, folder="a\0b"),
}


def _arm(values: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**values, "arms": [{**values["arms"][0], **changes}, values["arms"][1]]}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_trial_is_refused_and_left_out(
    trial: Trial, written: dict[str, Any], damage: str
) -> None:
    assert read_trials() == (trial,)
    trial.path.write_text(json.dumps(DAMAGES[damage](written)), "utf-8")
    with pytest.raises(CheckpointError) as raised:
        read_trial(trial.path)
    assert raised.value.code == "experiment.damaged"
    assert read_trials() == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 5000, b'{"format": NaN}', b" " * (2**17 + 1)],
    ids=["empty", "cut", "no text", "deep", "nan", "large"],
)
def test_what_is_not_even_json_is_left_out(trial: Trial, content: bytes) -> None:
    write_trial(trial)
    (trials_folder() / "other.json").write_bytes(content)
    (trials_folder() / "folder.json").mkdir()
    assert read_trials() == (trial,)


def test_signs_that_are_not_seen_are_taken_out(trial: Trial, written: dict[str, Any]) -> None:
    written["title"] = "β\u202e\n4"
    trial.path.write_text(json.dumps(written), "utf-8")
    assert read_trial(trial.path).experiment.title == "β 4"


def test_a_disk_that_does_not_take_it_is_named(trial: Trial) -> None:
    home().mkdir(parents=True, exist_ok=True)
    trials_folder().write_text("in the way")
    with pytest.raises(CheckpointError) as raised:
        write_trial(trial)
    assert raised.value.code == "experiment.write"
    assert str(trial.path) in str(raised.value)
