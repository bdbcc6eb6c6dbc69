"""Where the user's runs, settings and logs are kept."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path, user_log_path

from vae_studio.core.resources import bundled_path


def home() -> Path:
    """The app's data folder: ``VAE_STUDIO_HOME``, or the platform's. Not created here."""
    if override := os.environ.get("VAE_STUDIO_HOME"):
        return Path(override).expanduser()
    return user_data_path("vae-studio", appauthor=False)


def runs_folder() -> Path:
    """Where the user's runs are."""
    return home() / "runs"


def data_folder() -> Path:
    """Where the data sets are that were fetched or imported."""
    return home() / "data"


def log_folder() -> Path:
    """Where the log and crash reports are: the platform's place for them, or in ``home()`` where
    ``VAE_STUDIO_HOME`` names that. Not created here."""
    if os.environ.get("VAE_STUDIO_HOME"):
        return home() / "log"
    return user_log_path("vae-studio", appauthor=False)


def new_run_name(variant: str, taken: Collection[str] = ()) -> str:
    """What a new run is called in lists until it is renamed: variant, day and time, and a number
    where that is ``taken``."""
    base = f"{variant} · {datetime.now():%m-%d %H:%M}"
    name, number = base, 2
    while name in taken:
        name, number = f"{base} ({number})", number + 1
    return name


def new_run_folder(variant: str) -> Path:
    """A folder for a new run that does not exist yet: variant, date and time."""
    return free_folder(runs_folder() / f"{variant}-{datetime.now():%Y%m%d-%H%M%S}")


def free_folder(base: Path) -> Path:
    """``base``, or with a number behind it where that exists; ``base`` where nobody may look."""
    folder, number = base, 2
    with contextlib.suppress(OSError):  # writing to it will say what is wrong
        while folder.exists():
            folder, number = base.with_name(f"{base.name}-{number}"), number + 1
    return folder


def remembered(run: str) -> str:
    """What settings write for the folder of a run: of a model that ships the name, so that it is
    found again when the app has moved; nothing for a folder whose name is no text."""
    path = Path(run)
    if path.parent == bundled_path("checkpoints"):
        return path.name
    return run if run.isprintable() else ""


def recalled(name: str) -> Path:
    """The folder that ``remembered`` gave this name."""
    return bundled_path("checkpoints") / name if Path(name).name == name else Path(name)
