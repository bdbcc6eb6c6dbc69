"""A training as a folder: whole after each epoch and at the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.helpers import quick, tiny, trained
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, StepDone, TrainingFailed
from vae_studio.core.recorder import METRICS, RunRecorder
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-32"])


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_a_finished_run(spec: ModelSpec, small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(tiny(spec), quick(epochs=2))
    recorder = RunRecorder(tmp_path / "new" / "run", state, "My run", "row", "command")
    epochs = []
    for event in train(state, small, TrainControl()):
        recorder.record(event)
        if isinstance(event, EpochDone):
            epochs.append(event)
            partial = read_run(tmp_path / "new" / "run")  # whole after each epoch
            assert (partial.status, partial.epoch, partial.step) == (
                "running",
                event.epoch,
                event.step,
            )
            assert load_snapshot(partial.path).evaluation == event.test
    info = read_run(tmp_path / "new" / "run")
    assert info == recorder.info or info.seconds == pytest.approx(recorder.info.seconds, abs=1e-3)
    assert (info.name, info.variant, info.command) == ("My run", "row", "command")
    assert (info.status, info.epoch, info.step, info.evaluated_epoch) == ("finished", 2, 8, 2)
    assert info.evaluation == epochs[-1].test == recorder.last_evaluation
    assert info.seconds == pytest.approx(sum(event.seconds for event in epochs), abs=1e-3)
    rows = read_metrics(info.path)
    assert [tuple(row) for row in rows] == [METRICS] * 2
    for row, event in zip(rows, epochs, strict=True):
        assert row["epoch"] == event.epoch
        assert row["train_reconstruction"] == event.train.reconstruction
        assert row["test_kl"] == event.test.terms.kl
        assert row["test_reconstruction"] == event.test.terms.reconstruction
        assert row["active_units"] == event.test.active_units
    pictures = sorted((info.path / "samples").iterdir())
    assert [path.name for path in pictures] == ["epoch-0001.png", "epoch-0002.png"]
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (4 * 28 + 3 * 2, 4 * 28 + 3 * 2)


def test_a_run_opens_before_its_first_epoch_ends(small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(SPEC, quick())
    RunRecorder(tmp_path / "run", state, "run").save()
    snapshot = load_snapshot(tmp_path / "run")
    assert (snapshot.epoch, snapshot.step, snapshot.evaluation) == (0, 0, None)
    assert load_training(tmp_path / "run").state.step == 0


def test_a_stopped_run_keeps_its_last_step_and_journal(small: DatasetPair, tmp_path: Path) -> None:
    state, control = new_state(SPEC, quick(epochs=3)), TrainControl()
    recorder = RunRecorder(tmp_path / "run", state, "run")
    for event in train(state, small, control):
        recorder.record(event)
        if isinstance(event, StepDone) and event.step == 2:
            control.set("beta", 3.0)
        if isinstance(event, StepDone) and event.step == 6:
            control.stop()
    info = read_run(tmp_path / "run")
    assert (info.status, info.epoch, info.step, info.evaluated_epoch) == ("stopped", 1, 6, 1)
    assert info.journal == ((3, "beta", 3.0),)
    resumed = load_training(tmp_path / "run").state
    assert resumed.journal == state.journal
    assert resumed.beta == 3.0


def test_a_failed_run_opens_with_its_last_good_weights(small: DatasetPair, tmp_path: Path) -> None:
    state = new_state(tiny(VARIANTS["vae-batchnorm"]), quick(epochs=3))
    recorder = RunRecorder(tmp_path / "run", state, "run")
    for event in train(state, small, TrainControl()):
        recorder.record(event)
        if isinstance(event, EpochDone):
            state.learning_rate = 1e30
    assert isinstance(event, TrainingFailed)
    assert read_run(tmp_path / "run").status == "failed"
    assert load_snapshot(tmp_path / "run").step == state.step > 4


def test_writes_over_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("dear")
    with pytest.raises(CheckpointError) as caught:
        RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run").save()
    assert caught.value.code == "checkpoint.exists"
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_a_folder_that_cannot_be_made_is_a_typed_error(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError) as caught:
        RunRecorder(tmp_path / below, new_state(SPEC, quick()), "run").save()
    assert caught.value.code == "checkpoint.write"


def test_a_full_disk_is_a_typed_error(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "run")
    recorder.save()
    _, events = trained(SPEC, quick(), small)

    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for event in events[-2:]:
        with pytest.raises(CheckpointError, match="No space"):
            recorder.record(event)
    monkeypatch.undo()
    assert load_snapshot(tmp_path / "run").step == 0  # what was saved before still opens
