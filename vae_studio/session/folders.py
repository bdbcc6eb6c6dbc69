"""Where the user's runs and settings are kept."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """The app's data folder: ``VAE_STUDIO_HOME``, or the platform's. Not created here."""
    if override := os.environ.get("VAE_STUDIO_HOME"):
        return Path(override).expanduser()
    return user_data_path("vae-studio", appauthor=False)


def runs_folder() -> Path:
    """Where the user's runs are."""
    return home() / "runs"


def new_run_name(variant: str) -> str:
    """What a new run is called in lists until it is renamed: variant and time of day."""
    return f"{variant} · {datetime.now():%H:%M}"


def new_run_folder(variant: str) -> Path:
    """A folder for a new run that does not exist yet: variant, date and time."""
    base = runs_folder() / f"{variant}-{datetime.now():%Y%m%d-%H%M%S}"
    folder, number = base, 2
    while folder.exists():
        folder, number = base.with_name(f"{base.name}-{number}"), number + 1
    return folder
