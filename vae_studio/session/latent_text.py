"""A point of latent space as text: for a spreadsheet, for a program, for the clipboard.

Numbers are written as Python writes them: reading gives back the same float.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence

from vae_studio.session.state import LatentState


def as_csv(latent: LatentState, class_names: Sequence[str] = ()) -> str:
    """A row for each dimension, ``z0,0.25`` and so on, below the header ``dimension,value``; then,
    of a model with classes, one for each class weight: ``label0,1.0``. Where classes are called
    otherwise than by their numbers, a third column, ``class``, says how."""
    text, named = io.StringIO(), bool(latent.label) and _say_something(class_names)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dimension", "value", "class"] if named else ["dimension", "value"])
    names = [*[""] * len(latent.z), *class_names]
    for place, (name, value) in enumerate(_named(latent)):
        row = [name, repr(value)]
        writer.writerow([*row, names[place] if place < len(names) else ""] if named else row)
    return text.getvalue()


def as_json(latent: LatentState, model: str, class_names: Sequence[str] = ()) -> str:
    """``{"model": …, "z": […], "label": […]}``; ``label`` is null of a model without classes. Where
    classes are called otherwise than by their numbers, ``classes`` has those that have a weight:
    ``{"red disc": 1.0}``.

    What JSON has no number for, NaN and infinity, is null, too.
    """
    label = None if latent.label is None else _numbers(latent.label)
    values: dict[str, object] = {"model": model, "z": _numbers(latent.z), "label": label}
    if label and _say_something(class_names):
        pairs = zip(class_names, label, strict=False)
        values["classes"] = {name: weight for name, weight in pairs if weight}
    lines = (f" {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def as_line(latent: LatentState) -> str:
    """The numbers of z, with commas between them."""
    return ", ".join(repr(float(value)) for value in latent.z)


def _say_something(class_names: Sequence[str]) -> bool:
    return any(name != str(label) for label, name in enumerate(class_names))


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _named(latent: LatentState) -> list[tuple[str, float]]:
    z = [(f"z{index}", float(value)) for index, value in enumerate(latent.z)]
    return z + [(f"label{index}", float(value)) for index, value in enumerate(latent.label or ())]
