"""The weights of a run: durable save, checked load.

``checkpoint/`` holds numbered generations, each complete in itself (weights, what going on needs,
digests), and ``manifest.json``, which names the good one and is renamed into place last. So a
run that is killed while it saves opens with the generation before. No pickle anywhere.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeGuard

import torch
from safetensors.torch import load as parse_tensors
from safetensors.torch import save as to_bytes
from torch import Tensor

from vae_studio.core.durable import sync_folder, write_bytes, write_json
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.model import expected_weights, parameter_count
from vae_studio.core.reading import parse_json, read_bounded
from vae_studio.core.runs import (
    MAX_JSON,
    RunInfo,
    WeightsType,
    read_json,
    read_run,
    run_from_values,
)
from vae_studio.core.snapshot import Snapshot

MAX_IMAGES = 10_000_000  # whose order one epoch may have
_LAST = 999_999_999  # generation; numbers have six to nine digits
_MAX_HEADER = 2**20  # bytes of a safetensors header; ours take 3 kB
INITIAL = "initial.safetensors"  # in the run folder: what a branch began with
RUN = "run.json"  # config.json as it was when the generation was saved
_WEIGHTS, _DIGESTS, _MANIFEST = "model.safetensors", "digests.json", "manifest.json"
_TYPES = {"float32": "F32", "float16": "F16"}

Layout = Mapping[str, tuple[tuple[int, ...], str]]  # name -> (shape, safetensors' name of the type)


def save_generation(
    run: Path,
    weights: Mapping[str, Tensor],
    weights_type: WeightsType = "float32",
    files: Mapping[str, bytes] | None = None,
    keep_previous: bool = True,
    epoch: int = 0,
    step: int = 0,
    previous: int | None = None,
) -> None:
    """Add a generation to ``run/checkpoint`` and make it the good one.

    weights: a ``state_dict``, saved in ``weights_type`` (counters stay whole numbers).
    files: what else belongs to it, such as the state of the training. keep_previous: leave the
    generation that was good so far beside it, in case this one gets damaged. epoch, step: of the
    weights. previous: the number of the good one, where the one that the manifest names is known
    to be damaged. Raises ``OSError``; then the generation that was good is untouched.
    """
    folder = run / "checkpoint"
    folder.mkdir(parents=True, exist_ok=True)
    numbers, manifest = _generations(folder), _read_manifest(folder)
    number = max(numbers, default=0) + 1
    if number > _LAST:
        raise OSError(errno.EOVERFLOW, "its checkpoints are numbered too high", str(folder))
    kept = {previous or _good(folder, numbers, manifest)} & numbers if keep_previous else set()
    generation = _generation_folder(folder, number)
    try:
        generation.mkdir()
        dtype = getattr(torch, weights_type)
        packed = pack(
            {
                key: value.to("cpu", dtype if value.is_floating_point() else None).contiguous()
                for key, value in weights.items()
            }
        )
        contents = {_WEIGHTS: packed, **(files or {})}
        for name, content in contents.items():
            write_bytes(generation / name, content)
        facts = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        write_json(generation / _DIGESTS, {**facts, "epoch": epoch, "step": step})
        sync_folder(folder)
        digests = {
            str(each): _digest_of(folder, each, manifest) for each in sorted({number, *kept})
        }
        write_json(folder / _MANIFEST, {"generation": number, "digests": digests})
    except BaseException:
        named = _read_manifest(folder)
        if named is None or named.generation != number:  # else only what came after it failed
            shutil.rmtree(generation, ignore_errors=True)
        raise
    for old in numbers - kept:
        shutil.rmtree(_generation_folder(folder, old), ignore_errors=True)


def pack(tensors: Mapping[str, Tensor]) -> bytes:
    """A safetensors file. Raises ``MemoryError`` where there is too little memory for it, in which
    safetensors itself would end the whole program."""
    size = sum(value.nbytes for value in tensors.values())
    bytearray(2 * size + _MAX_HEADER)  # its buffer, and the bytes that are made of it
    return to_bytes(dict(tensors))


def pack_initial(weights: Mapping[str, Tensor]) -> bytes:
    """``initial.safetensors``: the weights that a branch begins with, exactly."""
    return pack({key: value.to("cpu").contiguous() for key, value in weights.items()})


def load_initial(info: RunInfo) -> dict[str, Tensor]:
    """The weights that a branch began with, checked as all weights are."""
    digest = info.origin.digest if info.origin else None
    content = _read_checked(info.path / INITIAL, digest, info)
    return parse_weights(content, replace(info, weights="float32"))


def load_snapshot(path: Path | str) -> Snapshot:
    """Read a run folder, checked: configuration, names, shapes and types of all weights, digest.

    Falls back to the generation before when the newest is damaged, and says so in
    ``Snapshot.older``. Raises ``CheckpointError`` or ``SpecError``; nothing is allocated for
    weights that the configuration does not allow.
    """
    refuse_other_formats(Path(path))
    info = read_run(Path(path))
    return snapshot_of(read_generation(info, {_WEIGHTS: parse_weights}))


def saved_at(path: Path) -> int:
    """When the weights of a run were written, in ns; 0 where there are none."""
    try:
        return (path / "checkpoint" / _MANIFEST).stat().st_mtime_ns
    except OSError:
        return 0


@dataclass(frozen=True)
class Generation:
    """One generation, all of whose files that were asked for are whole.

    number: its own. info: of the run as it was then. digest: of the weights. older: a newer
    generation is damaged. parts: by file name, parsed.
    """

    number: int
    info: RunInfo
    epoch: int
    step: int
    digest: str
    older: bool
    parts: Mapping[str, Any]

    @property
    def weights(self) -> dict[str, Tensor]:
        """As they are on disk, in either type."""
        found: dict[str, Tensor] = self.parts[_WEIGHTS]
        return found


Parse = Callable[[bytes, RunInfo], Any]  # raises CheckpointError


def snapshot_of(generation: Generation) -> Snapshot:
    """The weights of a generation, in float32."""
    info = generation.info
    weights = {
        key: value.float() if value.is_floating_point() else value
        for key, value in generation.weights.items()
    }
    return Snapshot(
        id=f"{info.path}@{generation.step}:{generation.digest[:16]}",
        run=str(info.path),
        name=info.name,
        spec=info.spec,
        config=info.config,
        epoch=generation.epoch,
        step=generation.step,
        weights=weights,
        evaluation=info.evaluation if info.evaluated_step == generation.step else None,
        latent=info.evaluation.latent if info.evaluation else None,
        data=info.data,
        older=generation.older,
    )


def read_generation(info: RunInfo, files: Mapping[str, Parse]) -> Generation:
    """The newest generation in which the weights and all these files are whole: never a mix."""
    folder = info.path / "checkpoint"
    manifest = _read_manifest(folder)
    numbers = sorted(_generations(folder), reverse=True)
    if manifest is not None:  # what is newer was never finished
        numbers = [number for number in numbers if number <= manifest.generation]
    failure: CheckpointError | None = None
    for number in numbers:
        try:
            return _read_files(info, number, manifest, files, older=failure is not None)
        except CheckpointError as error:
            failure = failure or error
    raise failure or CheckpointError("checkpoint.incomplete", path=str(info.path))


def _read_files(
    info: RunInfo,
    number: int,
    manifest: _Manifest | None,
    files: Mapping[str, Parse],
    older: bool,
) -> Generation:
    folder = _generation_folder(info.path / "checkpoint", number)
    wanted = manifest.digests.get(str(number)) if manifest else None
    facts = read_json(folder / _DIGESTS, info.path, digest=wanted)
    epoch, step = facts.get("epoch", info.epoch), facts.get("step", info.step)
    if not _is_count(epoch) or not _is_count(step):
        raise CheckpointError("checkpoint.digest", path=str(info.path))
    if RUN in facts:  # what config.json says may be of a moment before or after
        then = _parse_run(_read_checked(folder / RUN, facts[RUN], info), info)
        info = replace(then, name=info.name, status=info.status)
    parts = {}
    for name, parse in files.items():
        content = _read_checked(folder / name, facts.get(name), info)
        parts[name] = parse(content, info)
    return Generation(number, info, epoch, step, str(facts[_WEIGHTS]), older, parts)


def _is_count(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value < 2**53


def _parse_run(content: bytes, info: RunInfo) -> RunInfo:
    try:
        return run_from_values(parse_json(content), info.path)
    except (ValueError, AttributeError) as error:
        if isinstance(error, StudioError):
            raise CheckpointError("checkpoint.digest", path=str(info.path)) from error
        raise unreadable(info, str(error)) from error


def _read_checked(path: Path, digest: object, info: RunInfo) -> bytes:
    """The bytes of a file of a generation, if their SHA-256 is ``digest``."""
    weights_only = path.name in (_WEIGHTS, INITIAL)
    if path.name == RUN:
        limit = MAX_JSON
    else:  # training keeps two moments of Adam for each weight, and the order of the images
        limit = parameter_count(info.spec) * (4 if weights_only else 12) + 10 * _MAX_HEADER
        limit += 0 if weights_only else 8 * MAX_IMAGES
    try:
        if not path.is_file():
            raise CheckpointError("checkpoint.incomplete", path=str(info.path))
        content = read_bounded(path, limit)
    except OSError as error:
        raise unreadable(info, error.strerror or str(error)) from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError("checkpoint.digest", path=str(info.path))
    return content


def unreadable(info: RunInfo, reason: str) -> CheckpointError:
    """What to raise where a file of a generation is not what it should be."""
    return CheckpointError("checkpoint.weights", path=str(info.path), reason=reason)


def parse_weights(content: bytes, info: RunInfo) -> dict[str, Tensor]:
    """The weights that the specification asks for, on disk in the type that ``info`` names."""
    kind = _TYPES[info.weights]
    layout = {
        name: (shape, kind if is_float else "I64")
        for name, (shape, is_float) in expected_weights(info.spec).items()
    }
    return parse_checked(content, info, lambda header: layout)


def parse_checked(
    content: bytes, info: RunInfo, make_layout: Callable[[Mapping[str, Any]], Layout]
) -> dict[str, Tensor]:
    """The tensors of a safetensors file that has exactly this layout and finite numbers.

    make_layout: is given the header and says what it must hold. All of that comes before
    anything is allocated.
    """
    header = _header(content, info)
    layout = make_layout(header)
    names = set(header) - {"__metadata__"}
    if names != set(layout):
        different = sorted(names ^ set(layout))[0]
        raise CheckpointError("checkpoint.tensor", path=str(info.path), tensor=different[:80])
    for name, (shape, kind) in layout.items():
        entry = header[name]
        if (
            not isinstance(entry, dict)
            or entry.get("shape") != list(shape)
            or entry.get("dtype") != kind
        ):
            raise CheckpointError("checkpoint.tensor", path=str(info.path), tensor=name)
    try:
        tensors: dict[str, Tensor] = parse_tensors(content)
    except Exception as error:  # safetensors has a class of its own for each kind of damage
        raise unreadable(info, str(error)) from error
    for name, value in tensors.items():
        if value.is_floating_point() and not _is_finite(value):
            raise CheckpointError("checkpoint.not_finite", path=str(info.path), tensor=name)
    return tensors


def _is_finite(value: Tensor) -> bool:
    """Whatever is not comes through in the extremes, which are found ten times as fast as
    ``torch.isfinite`` looks at each number."""
    return not value.numel() or all(math.isfinite(float(end)) for end in value.aminmax())


def _header(content: bytes, info: RunInfo) -> dict[str, Any]:
    _refuse_pickle(content[:16], info.path)
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(_MAX_HEADER, len(content) - 8):
        raise unreadable(info, "bad header length")
    try:
        header = parse_json(content[8 : 8 + length])
    except ValueError as error:
        raise unreadable(info, str(error)) from error
    if not isinstance(header, dict):
        raise unreadable(info, "header is no object")
    return header


def refuse_other_formats(path: Path) -> None:
    """A file is no run folder: say so by what it holds, not by what it is called.

    Raises ``CheckpointError``; returns for anything that is no regular file.
    """
    try:
        if not path.is_file():
            return
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.unreadable", path=str(path), reason=reason) from error
    _refuse_pickle(start, path)
    if start[8:9] == b"{":
        raise CheckpointError("checkpoint.bare_weights", path=str(path))
    raise CheckpointError("checkpoint.a_file", path=str(path))


def _refuse_pickle(start: bytes, path: Path) -> None:
    """Pickles begin with their protocol; what torch.save writes since 2020 is a zip of them. A
    safetensors file begins with the length of its header, which may read like a protocol."""
    if start[2:9] == b"\0\0\0\0\0\0{":
        return
    if start[:1] == b"\x80" and start[1:2] in (b"\1", b"\2", b"\3", b"\4", b"\5"):
        raise CheckpointError("checkpoint.pickle", path=str(path))
    if start[:4] == b"PK\3\4":
        raise CheckpointError("checkpoint.pickle", path=str(path))


@dataclass(frozen=True)
class _Manifest:
    """generation: the good one. digests: number, as text -> SHA-256 of its ``digests.json``."""

    generation: int
    digests: Mapping[str, str]


def _read_manifest(folder: Path) -> _Manifest | None:
    """None without a readable manifest: then any generation that is whole will do."""
    try:
        values = read_json(folder / _MANIFEST, folder.parent)
    except CheckpointError:
        return None
    number, digests = values.get("generation"), values.get("digests", {})
    if not _is_count(number) or not isinstance(digests, dict):
        return None
    if not all(isinstance(digest, str) for digest in digests.values()):
        return None
    # The newest is named twice, so that a digit that turns into another is noticed.
    if digests and max(digests, key=lambda text: (len(text), text)) != str(number):
        return None
    try:
        return _Manifest(number, digests) if _generation_folder(folder, number).is_dir() else None
    except OSError:
        return None


def _good(folder: Path, numbers: set[int], manifest: _Manifest | None) -> int:
    """The generation that would be opened now, as far as can be told without reading it; or 0."""
    if manifest is not None:
        return manifest.generation
    whole = (n for n in numbers if (_generation_folder(folder, n) / _DIGESTS).is_file())
    return max(whole, default=0)


def _digest_of(folder: Path, number: int, manifest: _Manifest | None) -> str:
    """The SHA-256 of the ``digests.json`` of a generation, as it was written."""
    if manifest is not None and str(number) in manifest.digests:
        return manifest.digests[str(number)]
    try:
        content = (_generation_folder(folder, number) / _DIGESTS).read_bytes()
    except FileNotFoundError:
        return ""  # it is damaged: nothing fits
    return hashlib.sha256(content).hexdigest()


def _generation_folder(folder: Path, number: int) -> Path:
    return folder / f"generation-{number:06d}"


def _generations(folder: Path) -> set[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names only, they are not followed
    except OSError:
        return set()
    found = (name.removeprefix("generation-") for name in names if name.startswith("generation-"))
    return {int(text) for text in found if re.fullmatch("[0-9]{6,9}", text)}
