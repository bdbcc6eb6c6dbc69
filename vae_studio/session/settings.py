"""``AppSettings``: what the app remembers between starts, as one JSON file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vae_studio.core.durable import write_json
from vae_studio.core.reading import parse_json, read_bounded

Theme = Literal["system", "dark", "light"]
MOMENTS = (160, 40, 0)
_TEXTS = ("theme", "model", "geometry", "workspace", "columns", "pen")
_MAX_BYTES = 2**20


@dataclass(frozen=True)
class AppSettings:
    """theme: forced, or the system's. model: folder of the last run, or the name of a model that
    ships. geometry: of the window, as base64 text. workspace: the one in front. layouts: how the
    panels stand in each that was changed, as base64 text. columns: of the table of runs, as that
    writes them. measured: models that the input goes through, or not, other than usual: as
    ``model``. moments: how many MB of weights along the way a run keeps, one of ``MOMENTS``. pen:
    the colour that it draws in, ``#rrggbb``, or "" for the ink of the paper."""

    theme: Theme = "system"
    model: str = ""
    geometry: str = ""
    workspace: str = ""
    layouts: Mapping[str, str] = field(default_factory=dict)
    columns: str = ""
    measured: Mapping[str, bool] = field(default_factory=dict)
    moments: int = 160
    pen: str = ""


def load_settings(path: Path) -> AppSettings:
    """Read settings; what is missing, damaged or of another version falls back to its default."""
    try:
        values = parse_json(read_bounded(path, _MAX_BYTES))
    except (OSError, ValueError):
        return AppSettings()
    if not isinstance(values, dict):
        return AppSettings()
    known: dict[str, Any] = {
        name: values[name] for name in _TEXTS if isinstance(values.get(name), str)
    }
    for name, kind in (("layouts", str), ("measured", bool)):
        given = values.get(name)
        if isinstance(given, dict):
            known[name] = {key: value for key, value in given.items() if isinstance(value, kind)}
    if known.get("theme") not in ("system", "dark", "light"):
        known.pop("theme", None)
    if type(values.get("moments")) is int and values["moments"] in MOMENTS:
        known["moments"] = values["moments"]
    if not _can_be_path(known.get("model", "")):
        known.pop("model")
    return AppSettings(**known)


def _can_be_path(text: str) -> bool:
    """Whether the system can be asked for it: it raises where a name is too long."""
    parts = text.replace("\\", "/").split("/")
    return (
        "\0" not in text and all(len(part.encode()) <= 255 for part in parts) and len(text) < 4000
    )


def save_settings(path: Path, settings: AppSettings) -> None:
    """Write settings, whole or not at all. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, asdict(settings))
