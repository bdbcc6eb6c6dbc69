"""Run folders as a list: find and read. No torch: the window lists runs without it.

A run folder holds ``config.json``, ``metrics.csv``, ``samples/`` and ``checkpoint/``;
``vae_studio.core.checkpoint`` reads and writes the weights, ``vae_studio.core.housekeeping`` names
and removes runs.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import typing
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from vae_studio.core.datasets.table import DatasetInfo, record_of
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.measures import Evaluation
from vae_studio.core.origin import Origin
from vae_studio.core.reading import parse_json, read_bounded
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import ModelSpec, TrainConfig

FORMAT = 1
WeightsType = Literal["float32", "float16"]
Status = Literal["running", "interrupted", "finished", "stopped", "failed"]
MAX_JSON = 4 * 2**20  # bytes; the longest config.json that is written is a few hundred kB
_MAX_METRICS = 16 * 2**20  # bytes; 10,000 epochs take two million
_MAX_ROWS = 20_000  # of those
_MAX_NAME = 200
_MAX_TEXT = 100_000
CONFIG = "config.json"


@dataclass(frozen=True)
class RunInfo:
    """What ``config.json`` says, checked.

    variant: the row of ``VARIANTS`` it was started from, or "". evaluation: of the weights after
    ``evaluated_epoch`` complete epochs and ``evaluated_step`` steps, which may be fewer than
    ``epoch`` and ``step`` say. status: ``running`` also after a crash, until somebody looks; then
    ``interrupted``. journal: (step, field, value) of changes in mid-run. origin: where its first
    weights come from, for a branch. data: the images it learnt; None where nobody knows.
    """

    path: Path
    name: str
    variant: str
    created: str
    command: str
    spec: ModelSpec
    config: TrainConfig
    weights: WeightsType
    status: Status
    epoch: int
    step: int
    seconds: float
    evaluated_epoch: int
    evaluated_step: int
    evaluation: Evaluation | None
    journal: tuple[tuple[int, str, float], ...] = ()
    bundled: bool = False
    origin: Origin | None = None
    data: DatasetInfo | None = None

    @property
    def can_resume(self) -> bool:
        """Whether there is something left to train, and what that needs was saved."""
        return (
            not self.bundled
            and self.weights == "float32"
            and self.status != "finished"
            and self.epoch < self.config.epochs
        )


def read_run(path: Path) -> RunInfo:
    """Read and check ``path/config.json``. Raises ``CheckpointError`` or ``SpecError``."""
    return run_from_values(read_json(path / CONFIG, path), path)


def run_from_values(values: Mapping[str, Any], path: Path) -> RunInfo:
    """The inverse of ``config_values``, checked. path: the run's folder."""
    if values.get("format") != FORMAT:
        found = str(values.get("format"))[:80]
        raise CheckpointError("checkpoint.format", path=str(path), found=found)
    try:
        evaluation, origin = values["evaluation"], values.get("origin")
        spec = ModelSpec.from_dict(values["spec"])
        info = RunInfo(
            path=path,
            name=clean_name(_text(values["name"])) or path.name,
            variant=_text(values["variant"]),
            created=_text(values["created"]),
            command=_text(values["command"]),
            spec=spec,
            config=TrainConfig.from_dict(values["config"]),
            weights=_choice(values["weights"], ("float32", "float16")),
            status=_choice(values["status"], typing.get_args(Status)),
            epoch=_count(values["epoch"]),
            step=_count(values["step"]),
            seconds=_number(values["seconds"]),
            evaluated_epoch=_count(values["evaluated_epoch"]),
            evaluated_step=_count(values.get("evaluated_step", values["step"])),
            evaluation=None if evaluation is None else Evaluation.from_dict(evaluation),
            journal=tuple(
                (_count(step), _choice(field, ("beta", "learning_rate")), _number(value))
                for step, field, value in values["journal"]
            ),
            bundled=is_bundled(path),
            origin=None if origin is None else Origin.from_dict(origin),
        )
        info = replace(info, data=_data_of(values.get("data"), info))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, StudioError):
            raise
        reason = f"{type(error).__name__}: {error}"[:200]
        raise CheckpointError("checkpoint.config", path=str(path), reason=reason) from error
    if info.evaluation and len(info.evaluation.latent.kl) != spec.latent_dim:
        raise CheckpointError("checkpoint.figures", reason="statistics of another latent size")
    return info


def _data_of(values: Any, info: RunInfo) -> DatasetInfo | None:
    """What the run says of its images, or what its data set is today where it says nothing."""
    shape, classes = info.spec.image_shape, info.spec.num_classes
    if values is None:
        data = record_of(info.config.dataset)
        return data if data and data.image_shape == shape else None
    data = DatasetInfo.from_dict(values)
    if data.image_shape != shape or classes not in (0, len(data.class_names)):
        raise ValueError("its images do not fit its model")
    return data


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
        "evaluated_step": info.evaluated_step,
        "evaluation": info.evaluation.to_dict() if info.evaluation else None,
        "journal": [list(change) for change in info.journal],
        "origin": info.origin.to_dict() if info.origin else None,
        "data": info.data.to_dict() if info.data else None,
    }


def read_json(path: Path, run: Path, digest: str | None = None) -> Mapping[str, Any]:
    """A JSON object from a regular file of bounded size. digest: what its SHA-256 must be."""
    try:
        if not path.is_file():
            part = "not_a_run" if path.name == CONFIG else "incomplete"
            raise CheckpointError(f"checkpoint.{part}", path=str(run))
        content = read_bounded(path, MAX_JSON)
        values = parse_json(content)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CheckpointError("checkpoint.config", path=str(run), reason=reason[:200]) from error
    if digest is not None and hashlib.sha256(content).hexdigest() != digest:
        raise CheckpointError("checkpoint.digest", path=str(run))
    if not isinstance(values, dict):
        raise CheckpointError("checkpoint.config", path=str(run), reason="not an object")
    return values


def clean_name(text: str) -> str:
    """A name in one line, with nothing that is not seen: no control characters, none that turn the
    direction of writing, and no halves of characters, which could not be saved."""
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp")
    seen = (" " if unicodedata.category(c) in unseen else c for c in text[:1000])
    return " ".join("".join(seen).split())[:_MAX_NAME]


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise TypeError(f"{str(value)[:80]!r} is no text")
    value.encode()  # a lone surrogate, which JSON can write, could never be saved again
    return value


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{str(value)[:80]!r} is no count")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{str(value)[:80]!r} is no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{str(value)[:80]!r} is not finite")
    return number


def _choice(value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"{str(value)[:80]!r} is none of {choices}")
    return value


def list_runs(folders: Iterable[Path], read: Callable[[Path], RunInfo] = read_run) -> list[RunInfo]:
    """The runs in ``folders``, the newest first within each; what is no run is left out."""
    found: list[RunInfo] = []
    for folder in folders:
        infos = []
        for path in run_folders(folder):
            try:
                infos.append(read(path))
            except StudioError:
                continue  # opening it by hand says what is wrong with it
        found += sorted(infos, key=lambda info: info.created, reverse=True)
    return found


class KnownRuns:
    """Runs that were read, each once for each state of its file: there may be hundreds. From any
    thread."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, ...], RunInfo]] = {}

    def read(self, path: Path) -> RunInfo:
        """``read_run``."""
        try:
            about = (path / CONFIG).stat()
        except OSError as error:
            raise CheckpointError("checkpoint.not_a_run", path=str(path)) from error
        state = (about.st_mtime_ns, about.st_size, about.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = (state, read_run(path))
        return known[1]

    def forget_all_but(self, paths: Iterable[Path]) -> None:
        """What is no longer listed is let go of."""
        kept = set(paths)
        for path in list(self._known):
            if path not in kept:
                self._known.pop(path, None)


def run_folders(folder: Path) -> list[Path]:
    """What looks like a run in ``folder``; nothing where that cannot be read."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [p for p in paths if not p.name.startswith(".") and is_file(p / CONFIG)]


def is_file(path: Path) -> bool:
    """``Path.is_file``; False where the system will not say."""
    try:
        return path.is_file()
    except OSError:  # in a folder that is not ours
        return False


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
            if is_file(folder / text / CONFIG):
                return folder / text
    known = ", ".join(info.path.name for info in bundled_runs())
    raise CheckpointError("checkpoint.not_found", path=text, known=known)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The rows of ``metrics.csv``, one for each epoch; [] when there are none."""
    try:
        content = read_bounded(path / "metrics.csv", _MAX_METRICS)
        if content.count(b"\n") + content.count(b"\r") > 2 * _MAX_ROWS:
            raise ValueError(f"more than {_MAX_ROWS:,} rows")
        if content.count(b",") > 50 * _MAX_ROWS:
            raise ValueError("too many columns")
        reader = csv.DictReader(io.StringIO(content.decode(), newline=""), strict=True)
        return [{key: float(row[key]) for key in row} for row in reader]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise CheckpointError("checkpoint.metrics", path=str(path), reason=str(error)) from error


def is_bundled(path: Path) -> bool:
    """Whether that is the folder of a model that ships."""
    try:
        return path.resolve().parent == bundled_path("checkpoints").resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        return False
