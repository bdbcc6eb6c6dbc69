"""A point of latent space as text: for a spreadsheet, for a program, for the clipboard.

Numbers are written as Python writes them: reading gives back the same float.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from vae_studio.session.state import LatentState


def as_csv(latent: LatentState) -> str:
    """A row for each dimension, ``z0,0.25`` and so on, below the header ``dimension,value``; then,
    of a model with classes, one for each class weight: ``label0,1.0``."""
    rows = [("dimension", "value"), *((name, repr(value)) for name, value in _named(latent))]
    return "".join(f"{name},{value}\n" for name, value in rows)


def as_json(latent: LatentState, model: str) -> str:
    """``{"model": …, "z": […], "label": […]}``; ``label`` is null of a model without classes.

    What JSON has no number for, NaN and infinity, is null, too.
    """
    label = None if latent.label is None else _numbers(latent.label)
    values = {"model": model, "z": _numbers(latent.z), "label": label}
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def as_line(latent: LatentState) -> str:
    """The numbers of z, with commas between them."""
    return ", ".join(repr(float(value)) for value in latent.z)


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _named(latent: LatentState) -> list[tuple[str, float]]:
    z = [(f"z{index}", float(value)) for index, value in enumerate(latent.z)]
    return z + [(f"label{index}", float(value)) for index, value in enumerate(latent.label or ())]
