"""Run folders as a list: find, read, rename, remove. No torch: the window lists runs without it.

A run folder holds ``config.json``, ``metrics.csv``, ``samples/`` and ``checkpoint/``;
``vae_studio.core.checkpoint`` reads and writes the weights.
"""

from __future__ import annotations

import csv
import json
import math
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vae_studio.core.durable import write_json
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.measures import Evaluation
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import ModelSpec, TrainConfig

FORMAT = 1
WeightsType = Literal["float32", "float16"]
_MAX_JSON = 4 * 2**20  # bytes; the longest config.json that is written is a few hundred kB
_MAX_NAME = 200
_TRASH = ".removed"


@dataclass(frozen=True)
class RunInfo:
    """What ``config.json`` says, checked.

    variant: the row of ``VARIANTS`` it was started from, or "". evaluation: of the weights
    after ``evaluated_epoch`` complete epochs, which may be fewer than ``epoch`` says.
    status: ``running`` also after a crash. journal: (step, field, value) of changes in mid-run.
    """

    path: Path
    name: str
    variant: str
    created: str
    command: str
    spec: ModelSpec
    config: TrainConfig
    weights: WeightsType
    status: Literal["running", "finished", "stopped", "failed"]
    epoch: int
    step: int
    seconds: float
    evaluated_epoch: int
    evaluation: Evaluation | None
    journal: tuple[tuple[int, str, float], ...] = ()
    bundled: bool = False


def read_run(path: Path) -> RunInfo:
    """Read and check ``path/config.json``. Raises ``CheckpointError`` or ``SpecError``."""
    values = read_json(path / "config.json", path)
    if values.get("format") != FORMAT:
        raise CheckpointError("checkpoint.format", path=str(path), found=values.get("format"))
    try:
        evaluation = values["evaluation"]
        spec = ModelSpec.from_dict(values["spec"])
        info = RunInfo(
            path=path,
            name=_text(values["name"])[:_MAX_NAME],
            variant=_text(values["variant"]),
            created=_text(values["created"]),
            command=_text(values["command"]),
            spec=spec,
            config=TrainConfig.from_dict(values["config"]),
            weights=_choice(values["weights"], ("float32", "float16")),
            status=_choice(values["status"], ("running", "finished", "stopped", "failed")),
            epoch=_count(values["epoch"]),
            step=_count(values["step"]),
            seconds=_number(values["seconds"]),
            evaluated_epoch=_count(values["evaluated_epoch"]),
            evaluation=None if evaluation is None else Evaluation.from_dict(evaluation),
            journal=tuple(
                (_count(step), _text(field), _number(value))
                for step, field, value in values["journal"]
            ),
            bundled=path.resolve().parent == bundled_path("checkpoints").resolve(),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, StudioError):
            raise
        raise CheckpointError("checkpoint.config", path=str(path), reason=repr(error)) from error
    if info.evaluation and len(info.evaluation.latent.kl) != spec.latent_dim:
        raise CheckpointError("checkpoint.figures", reason="statistics of another latent size")
    return info


def config_values(info: RunInfo) -> dict[str, Any]:
    """What ``config.json`` holds for ``info``: the inverse of ``read_run``."""
    return {
        "format": FORMAT,
        "name": info.name,
        "variant": info.variant,
        "created": info.created,
        "command": info.command,
        "spec": info.spec.to_dict(),
        "config": info.config.to_dict(),
        "weights": info.weights,
        "status": info.status,
        "epoch": info.epoch,
        "step": info.step,
        "seconds": round(info.seconds, 3),
        "evaluated_epoch": info.evaluated_epoch,
        "evaluation": info.evaluation.to_dict() if info.evaluation else None,
        "journal": [list(change) for change in info.journal],
    }


def read_json(path: Path, run: Path) -> Mapping[str, Any]:
    """A JSON object from a regular file of bounded size."""
    try:
        if not path.is_file():
            part = "not_a_run" if path.name == "config.json" else "incomplete"
            raise CheckpointError(f"checkpoint.{part}", path=str(run))
        if path.stat().st_size > _MAX_JSON:
            raise CheckpointError("checkpoint.config", path=str(run), reason="file too large")
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError("checkpoint.config", path=str(run), reason=str(error)) from error
    if not isinstance(values, dict):
        raise CheckpointError("checkpoint.config", path=str(run), reason="not an object")
    return values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{value!r} is no count")
    return value


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not finite")
    return number


def _choice(value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {choices}")
    return value


def list_runs(folders: Iterable[Path]) -> list[RunInfo]:
    """The runs in ``folders``, the newest first within each; what is no run is left out."""
    found: list[RunInfo] = []
    for folder in folders:
        infos = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name.startswith(".") or not (path / "config.json").is_file():
                continue
            try:
                infos.append(read_run(path))
            except StudioError:
                continue  # opening it by hand says what is wrong with it
        found += sorted(infos, key=lambda info: info.created, reverse=True)
    return found


def bundled_runs() -> list[RunInfo]:
    """The models that ship, in the order of ``VARIANTS``."""
    from vae_studio.core.variants import VARIANTS

    infos = list_runs([bundled_path("checkpoints")])
    place = {name: number for number, name in enumerate(VARIANTS)}
    return sorted(infos, key=lambda info: place.get(info.variant, len(place)))


def find_run(text: str, folders: Iterable[Path] = ()) -> Path:
    """The run folder that ``text`` means: a path, else a model that ships, else one in ``folders``.

    Raises ``CheckpointError`` that names the models that ship.
    """
    try:
        path = Path(text).expanduser()
        if path.exists():
            return path
    except (OSError, RuntimeError, ValueError):  # a name too long, no such user, a NUL
        path = Path()
    if path.name == text:
        for folder in (bundled_path("checkpoints"), *folders):
            if (folder / text / "config.json").is_file():
                return folder / text
    known = ", ".join(info.path.name for info in bundled_runs())
    raise CheckpointError("checkpoint.not_found", path=text, known=known)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of ``metrics.csv``, one for each epoch; [] when there are none."""
    try:
        with (path / "metrics.csv").open(newline="", encoding="utf-8") as file:
            return [{key: float(row[key]) for key in row} for row in csv.DictReader(file)]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise CheckpointError("checkpoint.metrics", path=str(path), reason=str(error)) from error


def rename_run(path: Path, name: str) -> RunInfo:
    """Give a run another name; its folder stays where it is. The name must hold a letter or so."""
    name = " ".join(name.split())[:_MAX_NAME]
    if not name:
        raise CheckpointError("runs.name", name=name)
    values = dict(read_json(path / "config.json", path))
    _refuse_bundled(path)
    values["name"] = name
    try:
        write_json(path / "config.json", values)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.write", path=str(path), reason=reason) from error
    return read_run(path)


def remove_run(path: Path) -> Path:
    """Move a run out of the list, into a hidden folder beside it; returns where it is now."""
    _refuse_bundled(path)
    read_json(path / "config.json", path)  # only ever touch a run folder
    trash = path.parent / _TRASH
    target = trash / f"{time.time_ns()}-{path.name}"
    try:
        trash.mkdir(exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise CheckpointError("runs.remove", path=str(path), reason=str(error)) from error
    return target


def restore_run(removed: Path) -> Path:
    """The inverse of ``remove_run``."""
    target = removed.parent.parent / removed.name.partition("-")[2]
    while target.exists():
        target = target.with_name(target.name + "-restored")
    try:
        removed.rename(target)
    except OSError as error:
        raise CheckpointError("runs.restore", path=str(removed), reason=str(error)) from error
    return target


def empty_trash(folder: Path, older_than: float) -> None:
    """Delete for good what was removed from ``folder`` more than ``older_than`` seconds ago."""
    for path in (folder / _TRASH).glob("*"):
        stamp = path.name.partition("-")[0]
        if stamp.isdigit() and time.time_ns() - int(stamp) > older_than * 1e9:
            shutil.rmtree(path, ignore_errors=True)


def _refuse_bundled(path: Path) -> None:
    if path.resolve().parent == bundled_path("checkpoints").resolve():
        raise CheckpointError("runs.bundled", path=path.name)
