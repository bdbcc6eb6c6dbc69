"""A place: model, point, input and what is kept, as a small file or as text. No torch.

A place says what its model is called and never where it is: whoever opens it looks for a run of
that name. What is read may be a stranger's: it is bounded, and refused where it is not as it is
written here.
"""

from __future__ import annotations

import json
import math
import re
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any, Final

from vae_studio.core.errors import PlaceError, short
from vae_studio.core.reading import parse_json
from vae_studio.core.runs import clean_name
from vae_studio.core.spec import ModelSpec
from vae_studio.session.kept import (
    MOST_NAME,
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
    ImageRef,
    Input,
    LatentState,
    MapView,
    PathView,
    SessionState,
    Source,
    Way,
    Weights,
)
from vae_studio.session.strokes import Stroke, Strokes

FORMAT: Final = 1
KIND: Final = "vae-studio place"
MAX_BYTES: Final = 4 * 2**20  # all that can be kept in 512 dimensions takes 2.4 MB, a drawing 0.9
FARTHEST: Final = 1e6  # of a number of z from 0
MOST_MARKED: Final = 100_000
MOST_STROKE_POINTS: Final = 20_000  # of a drawing
MOST_INK: Final = (
    1000.0  # sides of the canvas: the length of all strokes; bounds what erasing costs
)
_LIMITS = {item.name: item.metadata for item in fields(ModelSpec)}
_MOST_DIMENSIONS: Final[int] = _LIMITS["latent_dim"]["high"]
_MOST_CLASSES: Final[int] = _LIMITS["num_classes"]["high"]
_MOST_INDEX: Final = 2**31 - 1  # of an image
_NAMES = {
    "kind", "format", "model", "z", "label", "locked", "moved", "input", "points", "vectors",
    "marked", "map", "path", "random_from",
}  # fmt: skip


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
        text = _laid_out(values) + "\n"
        if len(text.encode()) > MAX_BYTES:
            raise ValueError(f"it would be larger than {MAX_BYTES:,} bytes")
    except ValueError as error:
        raise PlaceError("place.unwritable", reason=str(error)[:200]) from error
    return text


def parse_place(content: bytes) -> Place:
    """The inverse of ``write_place``, checked. Signs of a name that are not seen are taken out.

    Raises ``PlaceError``: ``place.not_a_place`` for what is something else, ``place.format`` for
    one of another version, ``place.damaged`` for all else that ``write_place`` would not have
    written.
    """
    try:
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES:,} bytes")
        values = parse_json(content)
        if not isinstance(values, dict) or values.get("kind") != KIND:
            raise ValueError("it does not say that it is one")
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
    kept = Kept(tuple(points[-MOST_POINTS:]), tuple(vectors[-MOST_VECTORS:]), new.kept.marked)
    return replace(new, model=folder, kept=kept)


def file_name(model_name: str) -> str:
    """What a file for a place of this model may be called, on any system: ``vae-32 place.json``."""
    plain = re.sub(r"[^\w ().+-]", "-", clean_name(model_name)).strip(" .")[:50]
    return f"{plain.strip(' .') or 'model'} place.json"


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
        "input": None if state.input is None else _input_values(state.input),
        "points": [
            {"name": _short(each.name), "z": list(each.z), "label": _listed(each.label)}
            for each in points_of(state.kept, state.model)
            if (len(each.z), len(each.label or ())) == (size, classes)
        ],
        "vectors": [
            {"name": _short(each.name), "entries": list(each.entries)}
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


def _input_values(drawn: Input) -> dict[str, Any]:
    strokes = [
        {
            "width": stroke.width,
            "x": [x for x, _ in stroke.points],
            "y": [y for _, y in stroke.points],
        }
        for stroke in drawn.strokes
    ]
    ref = drawn.image
    image = ref and {"dataset": ref.dataset, "part": ref.part, "index": ref.index}
    return {"label": drawn.label, "strokes": strokes, "image": image}


def _listed(weights: Weights | None) -> list[float] | None:
    return None if weights is None else list(weights)


def _short(name: str) -> str:
    """As lists show it; never empty."""
    return clean_name(name)[:MOST_NAME].strip() or "?"


def _laid_out(value: Any, indent: str = "") -> str:
    """JSON with a line for each entry of an object, and for each list of numbers."""
    inner = indent + " "
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}: {_laid_out(each, inner)}" for key, each in value.items()]
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        rows = [_laid_out(each, inner) for each in value]
    else:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{inner}" + f",\n{inner}".join(rows) + f"\n{indent}{end}"


# Reading: each raises ValueError -----------------------------------------------------------------


def _checked(values: Any) -> Place:
    _has_names(values, _NAMES, "the place")
    if type(values["format"]) is not int or values["format"] != FORMAT:
        raise ValueError("format is no number")
    model = clean_name(_text(values["model"], "model"))
    if not model:
        raise ValueError("its model has no name")
    z = _numbers(values["z"], "z", -FARTHEST, FARTHEST, _MOST_DIMENSIONS)
    if not z:
        raise ValueError("z is empty")
    label = _label(values["label"], "label")
    locked = _counts(values["locked"], "locked", len(z) - 1, len(z))
    state = SessionState(
        latent=LatentState(z, label, locked),
        input=_input(values["input"]),
        moved=_flag(values["moved"], "moved"),
        view=_map_view(values["map"]),
        kept=Kept(
            _points(values["points"], len(z), label),
            _vectors(values["vectors"], len(z)),
            _marked(values["marked"]),
        ),
        path=_path_view(values["path"]),
        random_from=_choice(values["random_from"], typing.get_args(Source), "random_from"),
    )
    return Place(model, state)


def _input(values: Any) -> Input | None:
    if values is None:
        return None
    _has_names(values, {"label", "strokes", "image"}, "input")
    label = values["label"]
    if label is not None:
        label = _count(label, "the label of the input", _MOST_CLASSES - 1)
    strokes, image = _strokes(values["strokes"]), _image(values["image"])
    if bool(strokes) == (image is not None):
        raise ValueError("the input is not either strokes or an image")
    return Input(strokes, label, image)


def _image(values: Any) -> ImageRef | None:
    if values is None:
        return None
    _has_names(values, {"dataset", "part", "index"}, "image")
    return ImageRef(
        _dataset(values["dataset"]),
        _choice(values["part"], ("test", "train"), "part"),
        _count(values["index"], "index", _MOST_INDEX),
    )


def _strokes(values: Any) -> Strokes:
    found: list[Stroke] = []
    left, ink = MOST_STROKE_POINTS, 0.0
    for value in _list(values, "strokes", MOST_STROKE_POINTS):
        _has_names(value, {"width", "x", "y"}, "a stroke")
        (width,) = _numbers([value["width"]], "width", 0.0, 1.0, 1)
        x = _numbers(value["x"], "x", 0.0, 1.0, left)
        y = _numbers(value["y"], "y", 0.0, 1.0, left)
        if not x or len(x) != len(y) or width == 0.0:
            raise ValueError("a stroke without points or width, or with half a point")
        points = tuple(zip(x, y, strict=True))
        left -= len(points)
        ink += sum(math.dist(one, other) for one, other in pairwise(points))
        found.append(Stroke(points, width))
    if ink > MOST_INK:
        raise ValueError(f"its drawing has more than {MOST_INK:,.0f} lengths of the canvas")
    return tuple(found)


def _points(values: Any, size: int, label: Weights | None) -> tuple[KeptPoint, ...]:
    found = []
    for value in _list(values, "points", MOST_POINTS):
        _has_names(value, {"name", "z", "label"}, "a point")
        own = _label(value["label"], "the label of a point")
        if len(own or ()) != len(label or ()):
            raise ValueError("a point has other classes")
        z = _entries(value["z"], size, "a point")
        found.append(KeptPoint(_short(_text(value["name"], "a name")), "", z, own))
    return tuple(found)


def _vectors(values: Any, size: int) -> tuple[KeptVector, ...]:
    found = []
    for value in _list(values, "vectors", MOST_VECTORS):
        _has_names(value, {"name", "entries"}, "a direction")
        entries = _entries(value["entries"], size, "a direction")
        found.append(KeptVector(_short(_text(value["name"], "a name")), "", entries))
    return tuple(found)


def _entries(values: Any, size: int, what: str) -> tuple[float, ...]:
    found = _numbers(values, what, -FARTHEST, FARTHEST, size)
    if len(found) != size:
        raise ValueError(f"{what} has {len(found)} dimensions, where z has {size}")
    return found


def _marked(values: Any) -> Marked | None:
    if values is None:
        return None
    _has_names(values, {"dataset", "indices"}, "marked")
    indices = _counts(values["indices"], "indices", _MOST_INDEX, MOST_MARKED)
    if not indices:
        raise ValueError("marked has no images")
    return Marked(_dataset(values["dataset"]), indices)


def _map_view(values: Any) -> MapView:
    _has_names(values, {"hidden", "crowd", "lattice", "holes"}, "map")
    return MapView(
        _counts(values["hidden"], "hidden", _MOST_CLASSES - 1, _MOST_CLASSES),
        _flag(values["crowd"], "crowd"),
        _flag(values["lattice"], "lattice"),
        _flag(values["holes"], "holes"),
    )


def _path_view(values: Any) -> PathView:
    _has_names(values, {"way", "steps", "closed"}, "path")
    steps = _count(values["steps"], "steps", MOST_STEPS)
    if not steps:
        raise ValueError("steps is 0")
    way: Way = _choice(values["way"], typing.get_args(Way), "way")
    return PathView(way, steps, _flag(values["closed"], "closed"))


def _label(values: Any, what: str) -> Weights | None:
    if values is None:
        return None
    weights = _numbers(values, what, 0.0, 1.0, _MOST_CLASSES)
    if not weights:
        raise ValueError(f"{what} is empty")
    return weights


def _dataset(value: Any) -> str:
    name = clean_name(_text(value, "dataset"))[:MOST_NAME]
    if not name:
        raise ValueError("a data set has no name")
    return name


def _has_names(values: Any, names: set[str], what: str) -> None:
    if not isinstance(values, Mapping) or set(values) != names:
        raise ValueError(f"{what} is no object of {', '.join(sorted(names))}")


def _list(values: Any, what: str, most: int) -> list[Any]:
    if not isinstance(values, list) or len(values) > most:
        raise ValueError(f"{what}: no list of at most {most:,}")
    return values


def _numbers(values: Any, what: str, low: float, high: float, most: int) -> tuple[float, ...]:
    for value in _list(values, what, most):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{what}: {short(repr, value, 40)} is no number")
        if not low <= value <= high:  # nor is NaN
            raise ValueError(f"{what}: not from {low:g} to {high:g}")
    return tuple(map(float, values))


def _count(value: Any, what: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ValueError(f"{what}: no whole number from 0 to {most:,}")
    return value


def _counts(values: Any, what: str, most: int, length: int) -> frozenset[int]:
    found = frozenset(_count(value, what, most) for value in _list(values, what, length))
    if len(found) != len(values):
        raise ValueError(f"{what}: a number stands there twice")
    return found


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{what} is neither true nor false")
    return value


def _choice(value: Any, choices: tuple[str, ...], what: str) -> Any:
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{what} is none of {', '.join(choices)}")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str) or len(value) > 1000:
        raise ValueError(f"{what} is no text of at most 1,000 characters")
    return value
