"""``AppSettings``: what the app remembers between starts, as one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from vae_studio.core.durable import write_json

Theme = Literal["system", "dark", "light"]
_MAX_BYTES = 2**20


@dataclass(frozen=True)
class AppSettings:
    """theme: forced, or the system's. model: folder of the last run, or the name of a model that
    ships. layout, geometry: of the window, as base64 text."""

    theme: Theme = "system"
    model: str = ""
    layout: str = ""
    geometry: str = ""


def load_settings(path: Path) -> AppSettings:
    """Read settings; what is missing, damaged or of another version falls back to its default."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            return AppSettings()
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return AppSettings()
    if not isinstance(values, dict):
        return AppSettings()
    known = {
        item.name: values[item.name]
        for item in fields(AppSettings)
        if isinstance(values.get(item.name), str)
    }
    if known.get("theme") not in ("system", "dark", "light"):
        known.pop("theme", None)
    return AppSettings(**known)


def save_settings(path: Path, settings: AppSettings) -> None:
    """Write settings, whole or not at all. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(settings))
