"""A run is taken up exactly where it was saved, or it is said why not."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as pack_tensors
from torch import Tensor

from tests.helpers import part, quick, same, tiny, weights
from vae_studio.core.checkpoint import save_generation
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import CheckpointError, SpecError
from vae_studio.core.events import StepDone
from vae_studio.core.housekeeping import rename_run
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import TRAINING, check_position, load_training, training_bytes
from vae_studio.core.runs import config_values, read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

SPEC = tiny(VARIANTS["vae-batchnorm"])


def stopped(folder: Path, spec: ModelSpec, data: DatasetPair, after: int) -> TrainState:
    """A run of three epochs, stopped after that many steps, with a change in the third."""
    state, control = new_state(spec, quick(epochs=3)), TrainControl()
    with RunRecorder(folder, state, "run") as recorder:
        recorder.save()
        for event in train(state, data, control) if after else ():
            recorder.record(event)
            if isinstance(event, StepDone):
                if event.step == 2:
                    control.set("beta", 3.0)
                if event.step == after:
                    control.stop()
    return state


def parts(state: TrainState) -> dict[str, Tensor]:
    return parse_tensors(training_bytes(state))


def newest(run: Path) -> Path:
    number = json.loads((run / "checkpoint" / "manifest.json").read_bytes())["generation"]
    return run / "checkpoint" / f"generation-{number:06d}"


@pytest.mark.parametrize("after", [0, 1, 4, 6])
@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_all_that_training_changes_comes_back(
    spec: ModelSpec, after: int, small: DatasetPair, tmp_path: Path
) -> None:
    state = stopped(tmp_path / "run", tiny(spec), small, after)
    found = load_training(tmp_path / "run")
    assert same(weights(found.state), weights(state))
    assert same(parts(found.state), parts(state))
    assert found.state.journal == state.journal
    assert (found.state.spec, found.state.config) == (state.spec, state.config)
    assert len(found.state.journal) == (after > 2)
    assert not found.older
    assert found.info == read_run(tmp_path / "run")


def test_a_damaged_checkpoint_gives_the_one_before_in_all_parts(
    small: DatasetPair, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    stopped(run, SPEC, small, 6)  # checkpoints after step 4 and after step 6
    wanted = load_training(run)
    for name in ("training.safetensors", "model.safetensors", "run.json", "digests.json"):
        content = (newest(run) / name).read_bytes()
        (newest(run) / name).write_bytes(content[:-9] + b"~" + content[-8:])
        found = load_training(run)
        (newest(run) / name).write_bytes(content)
        assert found.older
        assert found.generation == wanted.generation - 1
        assert (found.state.epoch, found.state.step, found.state.position) == (1, 4, 0)
        assert (found.info.epoch, found.info.step, found.info.evaluated_step) == (1, 4, 4)
    assert load_training(run).state.step == 6


def test_what_belongs_to_the_weights_is_of_their_moment(small: DatasetPair, tmp_path: Path) -> None:
    run = tmp_path / "run"
    stopped(run, SPEC, small, 6)
    rename_run(run, "another name")
    values = config_values(replace(read_run(run), epoch=2, step=11, journal=(), seconds=99.0))
    (run / "config.json").write_text(json.dumps(values))  # as if killed before or after
    found = load_training(run)
    assert (found.info.epoch, found.info.step) == (1, 6)
    assert found.info.name == "another name"
    assert [change.step for change in found.state.journal] == [3]
    assert found.info.seconds < 99.0


def edited(**changes: Any) -> Callable[[dict[str, Tensor]], object]:
    def edit(tensors: dict[str, Tensor]) -> None:
        for name, change in changes.items():
            key = name.replace("__", ".")
            tensors[key] = change(tensors[key])

    return edit


def put(index: int, value: float) -> Callable[[Tensor], Tensor]:
    def edit(tensor: Tensor) -> Tensor:
        tensor = tensor.clone()
        tensor[index] = value
        return tensor

    return edit


EPOCH, STEP, POSITION = range(3)
DAMAGES: dict[str, Callable[[dict[str, Tensor]], object]] = {
    "an epoch too many": edited(counters=put(EPOCH, 4)),
    "an epoch below zero": edited(counters=put(EPOCH, -1)),
    "a step below zero": edited(counters=put(STEP, -1)),
    "a step without end": edited(counters=put(STEP, 2**62)),
    "no step, but Adam": edited(counters=put(STEP, 0)),
    "a position after the end": edited(counters=put(POSITION, 513)),
    "a position below zero": edited(counters=put(POSITION, -1)),
    "an image twice": edited(order=put(0, 3)),
    "an image that is not": edited(order=put(0, 512)),
    "an image below zero": edited(order=put(0, -1)),
    "no order": edited(order=lambda order: order[:0]),
    "a shorter order": edited(order=lambda order: order[:100]),
    "an order in rows": edited(order=lambda order: order.reshape(2, -1)),
    "another kind of order": edited(order=lambda order: order.int()),
    "no generator": lambda tensors: tensors.pop("noise"),
    "a short generator": edited(shuffle=lambda state: state[:100].clone()),
    "another device's generator": edited(noise=lambda state: state[:16].clone()),
    "a generator's state that is none": edited(noise=lambda state: torch.full_like(state, 255)),
    "β too large": edited(values=put(2, 1001.0)),
    "β no number": edited(values=put(2, math.nan)),
    "a rate of nothing": edited(values=put(3, 0.0)),
    "sums without end": edited(values=put(0, math.inf)),
    "one figure too few": edited(values=lambda values: values[:4].clone()),
    "a moment no number": edited(adam__0__exp_avg=lambda value: value * math.nan),
    "a moment of another shape": edited(adam__0__exp_avg=lambda value: value.T.contiguous()),
    "a moment too few": lambda tensors: tensors.pop("adam.3.exp_avg_sq"),
    "no Adam": lambda tensors: [tensors.pop(key) for key in list(tensors) if key[:4] == "adam"],
    "one more": lambda tensors: tensors.update(more=torch.zeros(1)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_state_that_no_training_made_is_refused(
    damage: Callable[[dict[str, Tensor]], object], small: DatasetPair, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    state = stopped(run, SPEC, small, 6)
    tensors = parts(state)
    damage(tensors)
    files = {TRAINING: pack_tensors(tensors), "run.json": (newest(run) / "run.json").read_bytes()}
    save_generation(run, state.model.state_dict(), files=files, keep_previous=False)
    with pytest.raises(CheckpointError) as caught:
        check_position(load_training(run).state, small.train, read_run(run))
    assert caught.value.code.startswith("checkpoint.")


@pytest.mark.parametrize("images", [511, 513, 100, 1])
def test_other_images_are_refused(
    images: int, mnist: DatasetPair, small: DatasetPair, tmp_path: Path
) -> None:
    stopped(tmp_path / "run", SPEC, small, 6)
    found = load_training(tmp_path / "run")
    check_position(found.state, small.train, found.info)
    with pytest.raises(CheckpointError) as caught:
        check_position(found.state, part(mnist, images, 1).train, found.info)
    assert caught.value.code == "checkpoint.training"
    with pytest.raises(CheckpointError):
        RunRecorder.resume(tmp_path / "run", part(mnist, images, 1).train)


def test_a_run_without_what_going_on_needs_says_so(small: DatasetPair, tmp_path: Path) -> None:
    with RunRecorder(tmp_path / "run", new_state(SPEC, quick()), "n", weights="float16") as made:
        made.save()
    with pytest.raises(CheckpointError) as caught:
        load_training(tmp_path / "run")
    assert caught.value.code == "checkpoint.no_training"
    assert not read_run(tmp_path / "run").can_resume


def test_a_device_that_is_not_here_is_a_typed_error(
    small: DatasetPair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    state = stopped(run, SPEC, small, 6)
    values = json.loads((newest(run) / "run.json").read_bytes())
    values["config"]["device"] = "cuda"
    files = {TRAINING: training_bytes(state), "run.json": json.dumps(values).encode()}
    save_generation(run, state.model.state_dict(), files=files)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SpecError):
        load_training(run)
