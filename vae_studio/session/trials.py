"""Trials: experiments that somebody began, each a file that says which run belongs to which arm.

The files stand in ``experiments/``, beside the runs. How far an arm is, its run folder says; an arm
without one waits. What is read may be a stranger's: it is bounded, and refused where it is not as
it is written here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from vae_studio.core.durable import write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.experiments import MAX_ARMS, Arm, Experiment
from vae_studio.core.reading import parse_json, read_bounded
from vae_studio.core.runs import clean_name
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.session.folders import free_folder, home, runs_folder

log = logging.getLogger(__name__)

FORMAT = 1
MAX_TRIALS = 200  # that are listed, the newest
_MAX_BYTES = 2**17
_MAX_TEXT = 1000  # characters of a question, a path
_NAMES = {"format", "name", "title", "question", "arms"}
_ARM_NAMES = {"label", "variant", "spec", "config", "folder"}


@dataclass(frozen=True)
class Trial:
    """path: of the file. folders: of the runs, one for each arm of the experiment."""

    path: Path
    experiment: Experiment
    folders: tuple[Path, ...]


def trials_folder() -> Path:
    """Where the files are. Not created here."""
    return home() / "experiments"


def new_trial(experiment: Experiment) -> Trial:
    """A trial that has not begun: its file and its run folders do not exist yet."""
    now = datetime.now()
    path = trials_folder() / f"{now:%Y%m%d-%H%M%S-%f}-{experiment.name}.json"
    folders = tuple(
        free_folder(runs_folder() / f"{experiment.name}-{now:%Y%m%d-%H%M%S}-{number}")
        for number in range(1, len(experiment.arms) + 1)
    )
    return Trial(path, experiment, folders)


def arm_name(trial: Trial, number: int) -> str:
    """What the run of an arm is called, as ``experiment`` on the command line has it."""
    return f"{trial.experiment.title}: {trial.experiment.arms[number].label}"


def began(trial: Trial) -> datetime | None:
    """When it was begun, by the name of its file; None where that does not say so."""
    try:
        return datetime.strptime(trial.path.name[:15], "%Y%m%d-%H%M%S")
    except ValueError:
        return None


def write_trial(trial: Trial) -> None:
    """Write the file, durably. Raises ``CheckpointError``."""
    shown = trial.experiment
    arms = [
        {
            "label": arm.label,
            "variant": arm.variant,
            "spec": arm.spec.to_dict(),
            "config": arm.config.to_dict(),
            "folder": _folder_text(folder),
        }
        for arm, folder in zip(shown.arms, trial.folders, strict=True)
    ]
    values = {
        "format": FORMAT,
        "name": shown.name,
        "title": shown.title,
        "question": shown.question,
        "arms": arms,
    }
    try:
        trial.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(trial.path, values)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("experiment.write", path=str(trial.path), reason=reason) from error


def forget_trial(trial: Trial) -> None:
    """Remove the file; the runs stay. Raises ``CheckpointError``."""
    try:
        trial.path.unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("experiment.write", path=str(trial.path), reason=reason) from error


def read_trials() -> tuple[Trial, ...]:
    """The trials there are, the newest first; a file that is none is left out, and logged."""
    try:
        paths = sorted(trials_folder().glob("*.json"), reverse=True)
    except OSError:
        return ()
    found = []
    for path in paths[:MAX_TRIALS]:
        try:
            found.append(read_trial(path))
        except CheckpointError as error:
            log.warning("no trial: %s", error)
    return tuple(found)


def read_trial(path: Path) -> Trial:
    """Raises ``CheckpointError``, ``experiment.damaged``, for all that is no trial."""
    try:
        return _checked(parse_json(read_bounded(path, _MAX_BYTES)), path)
    except (OSError, ValueError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CheckpointError("experiment.damaged", path=str(path), reason=reason[:200]) from error


def _folder_text(folder: Path) -> str:
    """By its name alone where it is among the user's runs, which may be moved as a whole."""
    return folder.name if folder.parent == runs_folder() else str(folder)


def _checked(values: Any, path: Path) -> Trial:
    _has_names(values, _NAMES)
    if type(values["format"]) is not int or values["format"] != FORMAT:
        raise ValueError(f"format {str(values['format'])[:40]}, where {FORMAT} is known")
    arms = values["arms"]
    if not isinstance(arms, list) or not 2 <= len(arms) <= MAX_ARMS:
        raise ValueError(f"arms are no list of 2 to {MAX_ARMS}")
    for arm in arms:
        _has_names(arm, _ARM_NAMES)
    experiment = Experiment(
        clean_name(_text(values["name"])),
        clean_name(_text(values["title"])),
        clean_name(_text(values["question"])),
        tuple(
            Arm(
                clean_name(_text(arm["label"])),
                clean_name(_text(arm["variant"])),
                ModelSpec.from_dict(arm["spec"]),
                TrainConfig.from_dict(arm["config"]),
            )
            for arm in arms
        ),
    )
    folders = tuple(runs_folder() / _text(arm["folder"]) for arm in arms)
    if len(set(folders)) != len(folders):
        raise ValueError("two arms have one folder")
    return Trial(path, experiment, folders)


def _has_names(values: Any, names: set[str]) -> None:
    if not isinstance(values, Mapping) or set(values) != names:
        raise ValueError(f"not an object of {', '.join(sorted(names))}")


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT or "\0" in value:
        raise ValueError(f"{str(value)[:80]!r} is no text of at most {_MAX_TEXT} characters")
    return value
