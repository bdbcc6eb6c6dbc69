"""Moments of a run: which are kept, what is in them, and what a stranger's may not do."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from tests.helpers import quick, same, tiny, weights
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, Event
from vae_studio.core.moment_files import load_moment
from vae_studio.core.moments import MomentSteps, list_moments, moment_path, nearest
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.runs import read_run
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-batchnorm"])
SIZE = 2 * 120_000  # bytes of one of these, at most


def record(
    run: Path, data: DatasetPair, epochs: int = 3, stop_after: int | None = None, **caps: int
) -> tuple[TrainState, list[Event]]:
    state, control = new_state(SPEC, quick(epochs=epochs)), TrainControl()
    events = []
    with RunRecorder(run, state, "a run", **caps) as recorder:
        recorder.save()
        for event in train(state, data, control):
            recorder.record(event)
            events.append(event)
            if stop_after is not None and state.step >= stop_after:
                control.stop()
    return state, events


@pytest.mark.parametrize("steps", [10, 63, 64, 500, 9_380, 200_000])
@pytest.mark.parametrize("limit", [3, 8, 64])
def test_a_long_run_keeps_few_that_stand_evenly(steps: int, limit: int) -> None:
    chosen, per_epoch, best = MomentSteps(limit), 469, 0
    for step in range(steps + 1):
        ends = step > 0 and step % per_epoch == 0
        if chosen.is_due(step, ends):
            chosen.add(step, ends)
        if ends and step < steps * 0.4:
            chosen.best = best = step
        assert len(chosen.steps) <= limit
    kept = chosen.steps
    assert kept[0] == 0
    assert best in kept
    assert steps - kept[-1] <= steps / 32 + 1
    if limit == 64 and steps >= 500:
        gaps = [math.sqrt(after) - math.sqrt(before) for before, after in pairwise(kept)]
        assert max(gaps) <= 5.0 * sum(gaps) / len(gaps)
        assert len(kept) >= 40


def test_ends_of_epochs_are_kept_while_they_fit() -> None:
    chosen = MomentSteps(64)
    for step in range(20 * 469 + 1):
        ends = step > 0 and step % 469 == 0
        if chosen.is_due(step, ends):
            chosen.add(step, ends)
    ends_kept = [step for step in chosen.steps if step and step % 469 == 0]
    assert ends_kept == [epoch * 469 for epoch in range(1, 21)]


def test_a_run_keeps_its_first_its_last_and_each_epoch(tmp_path: Path, small: DatasetPair) -> None:
    state, _ = record(tmp_path / "run", small)
    assert list_moments(tmp_path / "run") == tuple(range(13))
    info = read_run(tmp_path / "run")
    last = load_moment(info, 12)
    assert (last.epoch, last.step, last.name, last.spec) == (3, 12, "a run", SPEC)
    assert last.latent == info.evaluation.latent if info.evaluation else False
    for name, value in weights(state).items():
        assert last.weights[name].dtype == value.dtype
        assert torch.allclose(last.weights[name].float(), value.float(), rtol=1e-3, atol=1e-6)
    counter = next(name for name in last.weights if name.endswith("num_batches_tracked"))
    assert int(last.weights[counter]) == 12
    first = load_moment(info, 0)
    assert first.epoch == 0
    start = weights(new_state(SPEC, quick(epochs=3)))
    assert torch.allclose(
        first.weights["encoder.fc1.weight"], start["encoder.fc1.weight"], atol=1e-4
    )
    assert [load_moment(info, step).epoch for step in (3, 4, 7, 8)] == [0, 1, 1, 2]


def test_moments_change_nothing_of_the_training(tmp_path: Path, small: DatasetPair) -> None:
    one, _ = record(tmp_path / "with", small)
    other, _ = record(tmp_path / "without", small, moments=0)
    assert same(weights(one), weights(other))
    assert list_moments(tmp_path / "without") == ()


@pytest.mark.parametrize(
    ("caps", "count"),
    [
        ({"moments": 5}, 5),
        ({"moment_bytes": 6 * SIZE}, 6),
        ({"moment_bytes": SIZE}, 0),
        ({"moments": 2}, 0),
    ],
)
def test_caps_hold(caps: dict[str, int], count: int, tmp_path: Path, small: DatasetPair) -> None:
    record(tmp_path / "run", small, epochs=4, **caps)
    kept = list_moments(tmp_path / "run")
    folder = tmp_path / "run" / "history"
    size = sum(file.stat().st_size for file in folder.glob("*")) if folder.exists() else 0
    assert len(kept) <= count
    assert len(kept) >= count - 2
    assert size <= caps.get("moment_bytes", 10**9)
    if kept:
        assert (kept[0], kept[-1]) == (0, 16)


def test_a_stopped_run_keeps_its_last_step(tmp_path: Path, small: DatasetPair) -> None:
    record(tmp_path / "run", small, epochs=100, stop_after=77)
    assert list_moments(tmp_path / "run")[-1] == 77


def test_a_run_that_goes_on_forgets_a_future_that_never_was(
    tmp_path: Path, small: DatasetPair
) -> None:
    run = tmp_path / "run"
    record(run, small, epochs=3, stop_after=6)
    kept = list_moments(run)
    assert kept[-1] == 6
    moment_path(run, 9).write_bytes(moment_path(run, 6).read_bytes())
    moment_path(run, 10).with_name("step-000000010.safetensors.part").write_bytes(b"half")
    with RunRecorder.resume(run, small.train) as recorder:
        assert list_moments(run) == kept
        assert [path.name for path in (run / "history").glob("*.part")] == []
        for event in train(recorder.state, small, TrainControl()):
            recorder.record(event)
    assert list_moments(run) == tuple(range(13))


def test_the_best_epoch_outlives_the_others(tmp_path: Path, small: DatasetPair) -> None:
    run = tmp_path / "run"
    _, events = record(run, small, epochs=12, moments=4)
    ends = [event for event in events if isinstance(event, EpochDone)]
    best = min(ends, key=lambda event: event.test.negative_elbo)
    assert best.step in list_moments(run)


def test_a_run_that_moves_takes_its_moments_along(tmp_path: Path, small: DatasetPair) -> None:
    state = new_state(SPEC, quick(epochs=2))
    with RunRecorder(tmp_path / "here", state, "a run") as recorder:
        recorder.save()
        for event in train(state, small, TrainControl()):
            recorder.record(event)
            if state.step == 5 and recorder.info.path.name == "here":
                recorder.move_to(tmp_path / "there")
    assert list_moments(tmp_path / "there") == tuple(range(9))


def test_what_cannot_be_written_is_missed_and_the_run_goes_on(
    tmp_path: Path, small: DatasetPair, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "run").mkdir()
    state = new_state(SPEC, quick(epochs=2))
    with RunRecorder(tmp_path / "run", state, "a run") as recorder:
        recorder._lock = None
        recorder.save()
        for file in (tmp_path / "run" / "history").iterdir():
            file.unlink()
        (tmp_path / "run" / "history").rmdir()
        (tmp_path / "run" / "history").write_text("in the way")
        for event in train(state, small, TrainControl()):
            recorder.record(event)
    assert read_run(tmp_path / "run").status == "finished"
    assert list_moments(tmp_path / "run") == ()
    assert [record.message for record in caplog.records if "moments" in record.message] != []
    assert len([record for record in caplog.records if "moments" in record.message]) == 1


def test_models_that_are_handed_on_have_none(tmp_path: Path, small: DatasetPair) -> None:
    state = new_state(SPEC, quick())
    with RunRecorder(tmp_path / "run", state, "a run", weights="float16") as recorder:
        for event in train(state, small, TrainControl()):
            recorder.record(event)
    assert not (tmp_path / "run" / "history").exists()


def test_a_strangers_moment_is_refused(tmp_path: Path, small: DatasetPair) -> None:
    run = tmp_path / "run"
    record(run, small, epochs=1)
    info, good = read_run(run), moment_path(run, 4).read_bytes()
    other = replace(SPEC, latent_dim=5)
    wrong = {
        key: value.half() for key, value in new_state(other, quick()).model.state_dict().items()
    }
    for content, code in (
        (b"", "checkpoint.weights"),
        (good[:-1], "checkpoint.weights"),
        (good + bytes(10_000_000), "checkpoint.weights"),
        (save(wrong), "checkpoint.tensor"),
        (good[: -len(good) // 2] + b"\xff" * (len(good) // 2), "checkpoint.not_finite"),
        (b"\x80\x02}q\x00.", "checkpoint.pickle"),
    ):
        moment_path(run, 4).write_bytes(content)
        with pytest.raises(CheckpointError) as error:
            load_moment(info, 4)
        assert error.value.code == code
    moment_path(run, 4).unlink()
    os.mkfifo(moment_path(run, 4))
    assert 4 not in list_moments(run)
    for step in (4, 99):
        with pytest.raises(CheckpointError) as error:
            load_moment(info, step)
        assert error.value.code == "checkpoint.no_moment"


def test_a_strangers_folder_is_looked_at_with_care(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "history"
    assert list_moments(tmp_path / "run") == ()
    folder.mkdir(parents=True)
    for name in (
        "step-1.safetensors",
        "step-000000001.safetensors.part",
        "step-00000000a.safetensors",
    ):
        (folder / name).touch()
    (folder / "step-000000002.safetensors").mkdir()
    (folder / "step-000000003.safetensors").symlink_to(tmp_path)
    assert list_moments(tmp_path / "run") == ()
    for step in range(1, 3000):
        moment_path(tmp_path / "run", 10 * step).touch()
    assert len(list_moments(tmp_path / "run")) <= 1000


def test_the_nearest_moment() -> None:
    assert [nearest((0, 10, 30), step) for step in (-5, 4, 6, 19, 21, 99)] == [0, 0, 10, 10, 30, 30]
