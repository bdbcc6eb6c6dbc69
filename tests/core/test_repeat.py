"""A run that was changed in mid-run, and one that branched off, trained again from the record."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import quick, same, tiny, weights
from vae_studio.core.checkpoint import INITIAL, load_snapshot
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import Event, StepDone
from vae_studio.core.origin import Origin, derived_seed
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.repeat import EpochRepeated, WeightsRepeated, first_state, repeat
from vae_studio.core.runs import read_run
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-batchnorm"], hidden_dropout=0.1)

Meddle = Callable[[Event, TrainControl], None]


def record(
    folder: Path,
    state: TrainState,
    data: DatasetPair,
    meddle: Meddle = lambda event, control: None,
    origin: Origin | None = None,
) -> TrainState:
    control = TrainControl()
    with RunRecorder(folder, state, "a run", origin=origin) as recorder:
        recorder.save()
        for event in train(state, data, control):
            recorder.record(event)
            meddle(event, control)
    return state


def change_twice(event: Event, control: TrainControl) -> None:
    if isinstance(event, StepDone) and event.step == 3:
        control.set("beta", 4.0)
    if isinstance(event, StepDone) and event.step == 6:
        control.set("learning_rate", 5e-4)


def stop_after(step: int) -> Meddle:
    def meddle(event: Event, control: TrainControl) -> None:
        change_twice(event, control)
        if isinstance(event, StepDone) and event.step == step:
            control.stop()

    return meddle


def outcome(run: Path, data: DatasetPair) -> tuple[list[EpochRepeated], WeightsRepeated]:
    *epochs, end = repeat(read_run(run), data)
    assert isinstance(end, WeightsRepeated)
    assert all(isinstance(part, EpochRepeated) for part in epochs)
    return epochs, end  # type: ignore[return-value]


@pytest.mark.parametrize("last", [6, 8, 9, 12, 99])
def test_a_run_that_was_changed_gives_the_same_numbers(
    last: int, tmp_path: Path, small: DatasetPair
) -> None:
    run = tmp_path / "run"
    record(run, new_state(SPEC, quick(epochs=3)), small, stop_after(last))
    epochs, end = outcome(run, small)
    measured = min(3, (last - 1) // 4)  # a stop at the last step of an epoch leaves that unmeasured
    assert [epoch.different for epoch in epochs] == [{}] * measured
    assert (end.step, end.same, end.largest) == (min(12, last), True, 0.0)


def test_a_branch_begins_with_the_weights_and_gives_the_same_numbers(
    tmp_path: Path, small: DatasetPair
) -> None:
    parent = record(tmp_path / "parent", new_state(SPEC, quick(epochs=2)), small)
    snapshot = load_snapshot(tmp_path / "parent")
    config = quick(epochs=2, seed=derived_seed(0, parent.step))
    branch = new_state(SPEC, config, snapshot.weights)
    assert same(weights(branch), weights(parent))
    origin = Origin("a run", "parent", 2, parent.step, seed=0)
    record(tmp_path / "branch", branch, small, change_twice, origin)
    info = read_run(tmp_path / "branch")
    assert info.origin is not None
    assert (info.origin.run, info.origin.step) == ("a run", parent.step)
    assert same(weights(first_state(info)), weights(parent))
    epochs, end = outcome(tmp_path / "branch", small)
    assert [epoch.different for epoch in epochs] == [{}, {}]
    assert end.same


def test_a_record_that_lies_is_found_out(tmp_path: Path, small: DatasetPair) -> None:
    run = tmp_path / "run"
    record(run, new_state(SPEC, quick(epochs=2)), small, change_twice)
    values = json.loads((run / "config.json").read_text())
    values["journal"][0][2] = 3.5
    (run / "config.json").write_text(json.dumps(values))
    epochs, end = outcome(run, small)
    assert epochs[0].different
    assert epochs[0].different["beta"] == (4.0, 3.5)
    assert end.same is False
    assert end.largest > 0


def test_the_first_weights_of_a_branch_are_checked(tmp_path: Path, small: DatasetPair) -> None:
    state = new_state(SPEC, quick())
    record(tmp_path / "branch", state, small, origin=Origin("a run", "parent", 2, 8, 0))
    info = read_run(tmp_path / "branch")
    content = bytearray((info.path / INITIAL).read_bytes())
    content[-1] ^= 1
    (info.path / INITIAL).write_bytes(content)
    with pytest.raises(CheckpointError) as error:
        first_state(info)
    assert error.value.code == "checkpoint.digest"
    (info.path / INITIAL).unlink()
    with pytest.raises(CheckpointError) as error:
        first_state(info)
    assert error.value.code == "checkpoint.incomplete"


def test_a_branch_that_moves_takes_its_first_weights_along(
    tmp_path: Path, small: DatasetPair
) -> None:
    state = new_state(SPEC, quick())
    origin = Origin("a run", "parent", 2, 8, 0)
    with RunRecorder(tmp_path / "here", state, "a branch", origin=origin) as recorder:
        recorder.save()
        recorder.move_to(tmp_path / "there")
    assert same(weights(first_state(read_run(tmp_path / "there"))), weights(state))


def test_a_derived_seed_is_another_one_each_step_and_always_the_same() -> None:
    seeds = [derived_seed(0, step) for step in range(100)]
    assert seeds == [derived_seed(0, step) for step in range(100)]
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert derived_seed(1, 5) != derived_seed(0, 5)


@pytest.mark.parametrize(
    "changes",
    [{"run": 3}, {"step": -1}, {"epoch": True}, {"digest": "x" * 300}, {"seed": 2**60}, None],
)
def test_an_origin_of_a_stranger_is_checked(
    changes: dict[str, object] | None, tmp_path: Path, small: DatasetPair
) -> None:
    state = new_state(SPEC, quick())
    with RunRecorder(tmp_path / "run", state, "x", origin=Origin("a", "b", 1, 4, 0)) as recorder:
        recorder.save()
    values = json.loads((tmp_path / "run" / "config.json").read_text())
    values["origin"] = ["no object"] if changes is None else {**values["origin"], **changes}
    (tmp_path / "run" / "config.json").write_text(json.dumps(values))
    with pytest.raises(CheckpointError) as error:
        read_run(tmp_path / "run")
    assert error.value.code == "checkpoint.config"
