"""A place: model, point, input and what is kept, as a small file or as text. No torch.

A place says what its model is called and never where it is: whoever opens it looks for a run of
that name. What is read may be a stranger's: it is bounded, and refused where it is not as it is
written here.
"""

from __future__ import annotations

import typing
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from vae_studio.core.errors import PlaceError
from vae_studio.core.runs import clean_name
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing_text import (
    MOST_INDEX,
    dataset_name,
    input_values,
    read_input,
    read_seen,
    read_steps,
    seen_values,
    short_name,
    steps_values,
)
from vae_studio.session.json_values import (
    choice,
    count,
    counts,
    flag,
    has_names,
    laid_out,
    listed,
    numbers,
    plain_file_name,
    read_kind,
    text,
)
from vae_studio.session.kept import (
    MOST_POINTS,
    MOST_VECTORS,
    Kept,
    KeptPoint,
    KeptVector,
    Marked,
    points_of,
    vectors_of,
)
from vae_studio.session.state import (
    MOST_STEPS,
    LatentState,
    MapView,
    PathView,
    SessionState,
    Source,
    Way,
    Weights,
)

FORMAT: Final = 1
KIND: Final = "vae-studio place"
MAX_BYTES: Final = 5 * 2**20  # all that can be kept in 512 dimensions takes 2.4 MB, a drawing 0.9
FARTHEST: Final = 1e6  # of a number of z from 0
MOST_MARKED: Final = 100_000
_LIMITS = {item.name: item.metadata for item in fields(ModelSpec)}
_MOST_DIMENSIONS: Final[int] = _LIMITS["latent_dim"]["high"]
_MOST_CLASSES: Final[int] = _LIMITS["num_classes"]["high"]
_NAMES = {
    "kind", "format", "model", "z", "label", "locked", "moved", "input", "points", "vectors",
    "marked", "map", "path", "random_from",
}  # fmt: skip
_LATER = frozenset({"steps", "seen"})  # which older places have not


@dataclass(frozen=True)
class Place:
    """model: what its run is called. state: with no folder in it, neither of the model nor of what
    is kept; ``with_place`` puts one there."""

    model: str
    state: SessionState


def write_place(state: SessionState, model_name: str) -> str:
    """The place as JSON: what belongs to the model on show, and nothing of other models, also not
    of one that was in its folder before and had another size.

    Raises ``PlaceError``, ``place.unwritable``, for what ``parse_place`` would refuse.
    """
    try:
        values = _values(state, model_name)
        _checked(values)
        written = laid_out(values) + "\n"
        if len(written.encode()) > MAX_BYTES:
            raise ValueError(f"it would be larger than {MAX_BYTES:,} bytes")
    except ValueError as error:
        raise PlaceError("place.unwritable", reason=str(error)[:200]) from error
    return written


def parse_place(content: bytes) -> Place:
    """The inverse of ``write_place``, checked. Signs of a name that are not seen are taken out.

    Raises ``PlaceError``: ``place.not_a_place`` for what is something else, ``place.format`` for
    one of another version, ``place.damaged`` for all else that ``write_place`` would not have
    written.
    """
    try:
        values = read_kind(content, KIND, MAX_BYTES)
    except ValueError as error:
        raise PlaceError("place.not_a_place", reason=str(error)[:200]) from error
    found = values.get("format")
    if type(found) is int and found != FORMAT:
        raise PlaceError("place.format", found=found)
    try:
        return _checked(values)
    except ValueError as error:
        raise PlaceError("place.damaged", reason=str(error)[:200]) from error


def with_place(state: SessionState, place: Place, folder: str) -> SessionState:
    """The place in place of the present one. folder: of its run. What is kept of other models
    stays; of too many points or directions, the oldest of those go."""
    new = place.state
    points = [each for each in state.kept.points if each.model != folder]
    points += [replace(each, model=folder) for each in new.kept.points]
    vectors = [each for each in state.kept.vectors if each.model != folder]
    vectors += [replace(each, model=folder) for each in new.kept.vectors]
    kept = replace(
        state.kept,
        points=tuple(points[-MOST_POINTS:]),
        vectors=tuple(vectors[-MOST_VECTORS:]),
        marked=new.kept.marked,
    )
    return replace(new, model=folder, kept=kept)


def file_name(model_name: str) -> str:
    """What a file for a place of this model may be called, on any system: ``vae-32 place.json``."""
    return f"{plain_file_name(model_name) or 'model'} place.json"


# Writing -------------------------------------------------------------------------------------


def _values(state: SessionState, model_name: str) -> dict[str, Any]:
    latent, view, path, marked = state.latent, state.view, state.path, state.kept.marked
    size, classes = len(latent.z), len(latent.label or ())
    return {
        "kind": KIND,
        "format": FORMAT,
        "model": clean_name(model_name),
        "z": list(latent.z),
        "label": _listed(latent.label),
        "locked": sorted(latent.locked),
        "moved": state.moved,
        "input": None if state.input is None else input_values(state.input),
        "steps": steps_values(state.steps),
        "seen": seen_values(state.seen),
        "points": [
            {"name": short_name(each.name), "z": list(each.z), "label": _listed(each.label)}
            for each in points_of(state.kept, state.model)
            if (len(each.z), len(each.label or ())) == (size, classes)
        ],
        "vectors": [
            {"name": short_name(each.name), "entries": list(each.entries)}
            for each in vectors_of(state.kept, state.model)
            if len(each.entries) == size
        ],
        "marked": None
        if marked is None
        else {"dataset": marked.dataset, "indices": sorted(marked.indices)},
        "map": {
            "hidden": sorted(view.hidden),
            "crowd": view.crowd,
            "lattice": view.lattice,
            "holes": view.holes,
        },
        "path": {"way": path.way, "steps": path.steps, "closed": path.closed},
        "random_from": state.random_from,
    }


def _listed(weights: Weights | None) -> list[float] | None:
    return None if weights is None else list(weights)


# Reading: each raises ValueError -----------------------------------------------------------------


def _checked(values: Any) -> Place:
    has_names(values, _NAMES, "the place", _LATER)
    if type(values["format"]) is not int or values["format"] != FORMAT:
        raise ValueError("format is no number")
    model = clean_name(text(values["model"], "model"))
    if not model:
        raise ValueError("its model has no name")
    z = numbers(values["z"], "z", -FARTHEST, FARTHEST, _MOST_DIMENSIONS)
    if not z:
        raise ValueError("z is empty")
    label = _label(values["label"], "label")
    locked = counts(values["locked"], "locked", len(z) - 1, len(z))
    state = SessionState(
        latent=LatentState(z, label, locked),
        input=read_input(values["input"]),
        steps=read_steps(values.get("steps")),
        seen=read_seen(values.get("seen")),
        moved=flag(values["moved"], "moved"),
        view=_map_view(values["map"]),
        kept=Kept(
            _points(values["points"], len(z), label),
            _vectors(values["vectors"], len(z)),
            _marked(values["marked"]),
        ),
        path=_path_view(values["path"]),
        random_from=choice(values["random_from"], typing.get_args(Source), "random_from"),
    )
    return Place(model, state)


def _points(values: Any, size: int, label: Weights | None) -> tuple[KeptPoint, ...]:
    found = []
    for value in listed(values, "points", MOST_POINTS):
        has_names(value, {"name", "z", "label"}, "a point")
        own = _label(value["label"], "the label of a point")
        if len(own or ()) != len(label or ()):
            raise ValueError("a point has other classes")
        z = _entries(value["z"], size, "a point")
        found.append(KeptPoint(short_name(text(value["name"], "a name")), "", z, own))
    return tuple(found)


def _vectors(values: Any, size: int) -> tuple[KeptVector, ...]:
    found = []
    for value in listed(values, "vectors", MOST_VECTORS):
        has_names(value, {"name", "entries"}, "a direction")
        entries = _entries(value["entries"], size, "a direction")
        found.append(KeptVector(short_name(text(value["name"], "a name")), "", entries))
    return tuple(found)


def _entries(values: Any, size: int, what: str) -> tuple[float, ...]:
    found = numbers(values, what, -FARTHEST, FARTHEST, size)
    if len(found) != size:
        raise ValueError(f"{what} has {len(found)} dimensions, where z has {size}")
    return found


def _marked(values: Any) -> Marked | None:
    if values is None:
        return None
    has_names(values, {"dataset", "indices"}, "marked")
    indices = counts(values["indices"], "indices", MOST_INDEX, MOST_MARKED)
    if not indices:
        raise ValueError("marked has no images")
    return Marked(dataset_name(values["dataset"]), indices)


def _map_view(values: Any) -> MapView:
    has_names(values, {"hidden", "crowd", "lattice", "holes"}, "map")
    return MapView(
        counts(values["hidden"], "hidden", _MOST_CLASSES - 1, _MOST_CLASSES),
        flag(values["crowd"], "crowd"),
        flag(values["lattice"], "lattice"),
        flag(values["holes"], "holes"),
    )


def _path_view(values: Any) -> PathView:
    has_names(values, {"way", "steps", "closed"}, "path")
    steps = count(values["steps"], "steps", MOST_STEPS)
    if not steps:
        raise ValueError("steps is 0")
    way: Way = choice(values["way"], typing.get_args(Way), "way")
    return PathView(way, steps, flag(values["closed"], "closed"))


def _label(values: Any, what: str) -> Weights | None:
    if values is None:
        return None
    weights = numbers(values, what, 0.0, 1.0, _MOST_CLASSES)
    if not weights:
        raise ValueError(f"{what} is empty")
    return weights
