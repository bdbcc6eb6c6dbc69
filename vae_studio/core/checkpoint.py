"""The weights of a run: durable save, checked load.

``checkpoint/`` holds numbered generations, each complete in itself (weights, training state,
digests), and ``manifest.json``, which names the good one and is renamed into place last. So a
run that is killed while it saves opens with the generation before. No pickle anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as pack_tensors
from torch import Tensor

from vae_studio.core.control import Change
from vae_studio.core.durable import sync_folder, write_bytes, write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.model import Decoder, Encoder
from vae_studio.core.runs import RunInfo, WeightsType, read_json, read_metrics, read_run
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import TrainState, new_state

_MAX_PARAMETERS = 200_000_000
_MAX_HEADER = 2**20  # bytes of a safetensors header; ours take 3 kB
_WEIGHTS, _TRAINING, _DIGESTS = "model.safetensors", "training.safetensors", "digests.json"
_TYPES = {"float32": "F32", "float16": "F16"}


def save_weights(
    run: Path,
    weights: Mapping[str, Tensor],
    weights_type: WeightsType = "float32",
    training: Mapping[str, Tensor] | None = None,
    keep_previous: bool = True,
    epoch: int = 0,
    step: int = 0,
) -> None:
    """Add a generation to ``run/checkpoint`` and make it the good one.

    weights: a ``state_dict``, saved in ``weights_type`` (counters stay whole numbers).
    training: what ``training_tensors`` gives, to go on from. keep_previous: leave the generation
    that was good so far beside it, in case this one gets damaged. epoch, step: of the weights.
    """
    folder = run / "checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    numbers, good = _generations(folder), _good_generation(folder)
    number = max(numbers, default=0) + 1
    generation = folder / f"generation-{number:06d}"
    generation.mkdir()
    try:
        dtype = getattr(torch, weights_type)
        files = {
            _WEIGHTS: pack_tensors(
                {
                    key: value.to("cpu", dtype if value.is_floating_point() else None).contiguous()
                    for key, value in weights.items()
                }
            )
        }
        if training is not None:
            files[_TRAINING] = pack_tensors(dict(training))
        for name, content in files.items():
            write_bytes(generation / name, content)
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        write_json(generation / _DIGESTS, {**digests, "epoch": epoch, "step": step})
        sync_folder(folder)
        write_json(folder / "manifest.json", {"generation": number})
    except BaseException:
        shutil.rmtree(generation, ignore_errors=True)
        raise
    for old in numbers - ({good} if keep_previous else set()):
        shutil.rmtree(folder / f"generation-{old:06d}", ignore_errors=True)


def load_snapshot(path: Path | str) -> Snapshot:
    """Read a run folder, checked: configuration, names, shapes and types of all weights, digest.

    Falls back to the generation before when the newest is damaged. Raises ``CheckpointError``
    or ``SpecError``; nothing is allocated for weights that the configuration does not allow.
    """
    info = read_run(Path(path))
    return _snapshot(info, _read_generation(info, {_WEIGHTS: _check_weights}))


@dataclass(frozen=True)
class _Generation:
    """One generation, all of whose files that were asked for are whole. digest: of its weights."""

    epoch: int
    step: int
    digest: str
    tensors: Mapping[str, dict[str, Tensor]]


def _snapshot(info: RunInfo, generation: _Generation) -> Snapshot:
    weights = {
        key: value.float() if value.is_floating_point() else value
        for key, value in generation.tensors[_WEIGHTS].items()
    }
    for key, value in weights.items():
        if not torch.isfinite(value).all():
            raise CheckpointError("checkpoint.not_finite", path=str(info.path), tensor=key)
    return Snapshot(
        id=f"{info.path}@{generation.step}:{generation.digest[:16]}",
        run=str(info.path),
        name=info.name,
        spec=info.spec,
        config=info.config,
        epoch=generation.epoch,
        step=generation.step,
        weights=weights,
        evaluation=info.evaluation if _is_evaluated(info, generation) else None,
        latent=info.evaluation.latent if info.evaluation else None,
    )


def _is_evaluated(info: RunInfo, generation: _Generation) -> bool:
    """Whether the run's figures are of these very weights, not of some steps before or after."""
    if info.evaluated_epoch != generation.epoch:
        return False
    try:
        rows = read_metrics(info.path)
    except CheckpointError:
        return False
    return bool(rows) and rows[-1].get("step") == generation.step


_Check = Callable[[bytes, RunInfo], None]


def _read_generation(info: RunInfo, files: Mapping[str, _Check]) -> _Generation:
    """The newest generation in which all these files are whole: never a mix of two."""
    folder = info.path / "checkpoint"
    good = _good_generation(folder)
    failure = CheckpointError("checkpoint.incomplete", path=str(info.path))
    for number in sorted((n for n in _generations(folder) if n <= good), reverse=True):
        generation = folder / f"generation-{number:06d}"
        try:
            tensors = {name: _load_file(generation, name, info, files[name]) for name in files}
            facts = read_json(generation / _DIGESTS, info.path)
            epoch, step = facts.get("epoch", info.epoch), facts.get("step", info.step)
            if not (isinstance(epoch, int) and isinstance(step, int)):
                raise CheckpointError("checkpoint.digest", path=str(info.path))
            return _Generation(epoch, step, str(facts[_WEIGHTS]), tensors)
        except CheckpointError as error:
            failure = error if number == good else failure
    raise failure


def _load_file(generation: Path, name: str, info: RunInfo, check: _Check) -> dict[str, Tensor]:
    path = generation / name
    digests = read_json(generation / _DIGESTS, info.path)
    limit = 4 * parameter_count(info.spec) * (4 if name == _TRAINING else 1) + 10 * _MAX_HEADER
    try:
        if not path.is_file():
            raise CheckpointError("checkpoint.incomplete", path=str(info.path))
        if path.stat().st_size > limit:
            raise CheckpointError("checkpoint.weights", path=str(info.path), reason="too large")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise CheckpointError(
            "checkpoint.weights", path=str(info.path), reason=str(error)
        ) from error
    if hashlib.sha256(content).hexdigest() != digests.get(name):
        raise CheckpointError("checkpoint.digest", path=str(info.path))
    check(content, info)
    try:
        return parse_tensors(content)
    except Exception as error:  # safetensors has a class of its own for each kind of damage
        raise CheckpointError(
            "checkpoint.weights", path=str(info.path), reason=str(error)
        ) from error


def _check_weights(content: bytes, info: RunInfo) -> None:
    """Compare the header's names, types and shapes with what the specification asks for."""
    header = _header(content, info.path)
    wanted = expected_weights(info.spec)
    names = set(header) - {"__metadata__"}
    if names != set(wanted):
        different = sorted(names ^ set(wanted))[0]
        raise CheckpointError("checkpoint.tensor", path=str(info.path), tensor=different[:80])
    for name, (shape, is_float) in wanted.items():
        entry = header[name]
        dtype = _TYPES[info.weights] if is_float else "I64"
        if (
            not isinstance(entry, dict)
            or entry.get("shape") != list(shape)
            or entry.get("dtype") != dtype
        ):
            raise CheckpointError("checkpoint.tensor", path=str(info.path), tensor=name)


def _header(content: bytes, run: Path) -> dict[str, Any]:
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_MAX_HEADER, len(content) - 8):
        raise CheckpointError("checkpoint.weights", path=str(run), reason="bad header length")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise CheckpointError("checkpoint.weights", path=str(run), reason=str(error)) from error
    if not isinstance(header, dict):
        raise CheckpointError("checkpoint.weights", path=str(run), reason="header is no object")
    return header


def _skeleton(spec: ModelSpec) -> torch.nn.ModuleDict:
    with torch.device("meta"):
        return torch.nn.ModuleDict({"encoder": Encoder(spec), "decoder": Decoder(spec)})


def expected_weights(spec: ModelSpec) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Name -> (shape, whether floats) of every tensor of ``VAE(spec)``; allocates nothing."""
    return {
        key: (tuple(value.shape), value.is_floating_point())
        for key, value in _skeleton(spec).state_dict().items()
    }


def parameter_count(spec: ModelSpec) -> int:
    """Numbers to learn in ``VAE(spec)``; ``CheckpointError`` above 200 million."""
    count = sum(parameter.numel() for parameter in _skeleton(spec).parameters())
    if count > _MAX_PARAMETERS:
        raise CheckpointError("checkpoint.too_large", parameters=count, limit=_MAX_PARAMETERS)
    return count


def _good_generation(folder: Path) -> int:
    """The generation that the manifest names; 0, which is none, without a readable manifest."""
    try:
        number = read_json(folder / "manifest.json", folder.parent).get("generation")
    except CheckpointError:
        return 0
    return number if isinstance(number, int) else 0


def _generations(folder: Path) -> set[int]:
    if not folder.is_dir():
        return set()
    return {
        int(name[len("generation-") :])
        for name in os.listdir(folder)  # noqa: PTH208 - names only, they are not followed
        if name.startswith("generation-") and name[len("generation-") :].isdigit()
    }


def training_tensors(state: TrainState) -> dict[str, Tensor]:
    """All of ``state`` but the weights, as tensors: optimiser, generators, order, counters."""
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
    for index, parts in state.optimizer.state_dict()["state"].items():
        for key, value in parts.items():
            tensors[f"adam.{index}.{key}"] = value.detach().to("cpu", copy=True)
    return tensors


def load_train_state(path: Path | str) -> TrainState:
    """A run's state as it was when it was saved, to go on from."""
    info = read_run(Path(path))
    generation = _read_generation(
        info, {_WEIGHTS: _check_weights, _TRAINING: lambda content, info: None}
    )
    snapshot, tensors = _snapshot(info, generation), generation.tensors[_TRAINING]
    state = new_state(info.spec, info.config)
    try:
        state.model.load_state_dict(dict(snapshot.weights), strict=True)
        state.noise.set_state(tensors["noise"])
        state.shuffle.set_state(tensors["shuffle"])
        state.order = tensors["order"]
        state.epoch, state.step, state.position = tensors["counters"].tolist()
        *sums, state.beta, state.learning_rate, state.epoch_seconds = tensors["values"].tolist()
        state.sums = (sums[0], sums[1])
        saved: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("adam."):
                _, index, key = name.split(".", 2)
                saved.setdefault(int(index), {})[key] = value
        groups = state.optimizer.state_dict()["param_groups"]
        state.optimizer.load_state_dict({"state": saved, "param_groups": groups})
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise CheckpointError("checkpoint.training", path=str(path), reason=str(error)) from error
    state.journal = [Change(step, field, value) for step, field, value in info.journal]  # type: ignore[arg-type]
    return state
