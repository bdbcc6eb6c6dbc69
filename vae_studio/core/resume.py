"""Going on with a run exactly where it was saved: all that ``TrainState`` holds, as files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from vae_studio.core.checkpoint import (
    MAX_IMAGES,
    Layout,
    pack,
    parse_checked,
    parse_weights,
    read_generation,
)
from vae_studio.core.control import Change
from vae_studio.core.data import Dataset
from vae_studio.core.errors import CheckpointError, SpecError
from vae_studio.core.model import expected_parameters
from vae_studio.core.runs import RunInfo, read_run
from vae_studio.core.trainer import (
    TrainState,
    check_trainable,
    images_used,
    is_out_of_memory,
    new_state,
    steps_per_epoch,
)

TRAINING = "training.safetensors"
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Resumable:
    """A run as it was saved: the state to go on from, and what was known of the run then.

    older: these are of the checkpoint before the newest, which is damaged. generation: the number
    of the checkpoint.
    """

    state: TrainState
    info: RunInfo
    older: bool
    generation: int


def training_bytes(state: TrainState) -> bytes:
    """``training.safetensors``: all of ``state`` but its weights and its journal."""
    return pack(training_tensors(state))


def training_tensors(state: TrainState) -> dict[str, Tensor]:
    """Optimiser, generators, order of the images and counters, as tensors."""
    tensors: dict[str, Tensor] = {
        "noise": state.noise.get_state(),
        "shuffle": state.shuffle.get_state(),
        "order": state.order,
        "counters": torch.tensor([state.epoch, state.step, state.position]),
        "values": torch.tensor(
            [*state.sums, state.beta, state.learning_rate, state.epoch_seconds],
            dtype=torch.float64,
        ),
    }
    # A first step that was not taken leaves Adam's moments at zero; before it there are none.
    moments = state.optimizer.state_dict()["state"] if state.step else {}
    for index, parts in moments.items():
        for key, value in parts.items():
            tensors[f"adam.{index}.{key}"] = value.detach().to("cpu", copy=True)
    return tensors


def load_training(path: Path | str) -> Resumable:
    """A run's state as it was when it was saved, checked.

    Raises ``CheckpointError`` or ``SpecError``; ``checkpoint.no_training`` where the run was saved
    without what going on needs.
    """
    info = read_run(Path(path))
    if info.weights != "float32":
        raise CheckpointError("checkpoint.no_training", name=info.name)
    found = read_generation(info, {_WEIGHTS: parse_weights, TRAINING: _parse_training})
    info, tensors = found.info, found.parts[TRAINING]
    check_trainable(info.spec, info.config)
    try:
        state = new_state(info.spec, info.config, found.weights)
        state.noise.set_state(tensors["noise"])
        state.shuffle.set_state(tensors["shuffle"])
        state.order = tensors["order"]
        state.epoch, state.step, state.position = tensors["counters"].tolist()
        *sums, state.beta, state.learning_rate, state.epoch_seconds = tensors["values"].tolist()
        state.sums = (sums[0], sums[1])
        _load_adam(state, tensors)
        _check(state)
    except (KeyError, ValueError, RuntimeError, TypeError, SpecError) as error:
        if is_out_of_memory(error):
            raise
        raise _damaged(info, str(error)) from error
    state.journal = [Change(step, field, value) for step, field, value in info.journal]  # type: ignore[arg-type]
    return Resumable(state, info, found.older, found.number)


def check_position(state: TrainState, data: Dataset, info: RunInfo) -> None:
    """Whether a run can go on with these images; ``CheckpointError`` where they are others."""
    steps = steps_per_epoch(len(data), state.spec, state.config)
    images = len(state.order)
    used = -(-state.position // state.config.batch_size)
    if (
        images not in (0, images_used(len(data), state.config))
        or state.step != state.epoch * steps + used
    ):
        raise _damaged(info, "its position does not fit the training set")


def _parse_training(content: bytes, info: RunInfo) -> dict[str, Tensor]:
    return parse_checked(content, info, lambda header: _layout(header, info))


def _layout(header: Mapping[str, object], info: RunInfo) -> Layout:
    """What must be in the file. Adam keeps nothing before its first step."""
    generator = tuple(torch.Generator().get_state().shape)
    noise = (16,) if _shape(header.get("noise")) == [16] else generator  # a GPU's is short
    shape = _shape(header.get("order"))
    images = shape[0] if isinstance(shape, list) and len(shape) == 1 else 0
    if type(images) is not int or not 0 <= images <= MAX_IMAGES:
        images = 0
    layout: dict[str, tuple[tuple[int, ...], str]] = {
        "noise": (noise, "U8"),
        "shuffle": (generator, "U8"),
        "order": ((images,), "I64"),
        "counters": ((3,), "I64"),
        "values": ((5,), "F64"),
    }
    if any(name.startswith("adam.") for name in header):
        for index, shape in enumerate(expected_parameters(info.spec)):
            layout[f"adam.{index}.step"] = ((), "F32")
            layout[f"adam.{index}.exp_avg"] = (shape, "F32")
            layout[f"adam.{index}.exp_avg_sq"] = (shape, "F32")
    return layout


def _shape(entry: object) -> object:
    return entry.get("shape") if isinstance(entry, dict) else None


def _load_adam(state: TrainState, tensors: Mapping[str, Tensor]) -> None:
    saved: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, index, key = name.split(".", 2)
            saved.setdefault(int(index), {})[key] = value
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": saved, "param_groups": groups})
    if bool(saved) != bool(state.step):
        raise ValueError("the optimiser does not fit the step")


def _check(state: TrainState) -> None:
    """Counters and order that training could have made."""
    images = len(state.order)
    if not 0 <= state.epoch <= state.config.epochs or not 0 <= state.position <= images:
        raise ValueError("epoch or position out of range")
    if not state.epoch <= state.step < 2**53:
        raise ValueError("step out of range")
    if images and not torch.equal(state.order.sort().values, torch.arange(images)):
        raise ValueError("the order is no permutation")
    replace(state.config, beta=state.beta, learning_rate=state.learning_rate)  # or SpecError
    if not all(math.isfinite(value) for value in (*state.sums, state.epoch_seconds)):
        raise ValueError("a sum is not finite")


def _damaged(info: RunInfo, reason: str) -> CheckpointError:
    return CheckpointError("checkpoint.training", path=str(info.path), reason=reason[:200])
