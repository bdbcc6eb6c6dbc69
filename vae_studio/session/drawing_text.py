"""Inputs as JSON: in places, in how a session was left, and as files of drawings. No torch.

What is read may be a stranger's: it is bounded, and refused where it is not as it is written here.
"""

from __future__ import annotations

import math
import re
from itertools import pairwise
from typing import Any, Final

from vae_studio.core.errors import DrawingError
from vae_studio.core.runs import clean_name
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing import ImageRef, Input, Pixels, Rect, Seen, Steps
from vae_studio.session.json_values import (
    choice,
    count,
    flag,
    has_names,
    laid_out,
    listed,
    numbers,
    plain_file_name,
    read_kind,
    text,
)
from vae_studio.session.kept import MOST_NAME
from vae_studio.session.strokes import MOST_INK, MOST_STROKE_POINTS, Colour, Stroke, Strokes

FORMAT: Final = 1
KIND: Final = "vae-studio drawing"
MAX_BYTES: Final = 2 * 2**20  # the longest drawing takes 0.9 MB
MOST_INDEX: Final = 2**31 - 1  # of an image
_MOST_SIDE: Final = 256  # of a picture, px
_HEX = re.compile(r"#[0-9a-f]{6}")
_MOST_CLASSES: Final[int] = ModelSpec.__dataclass_fields__["num_classes"].metadata["high"]


def write_drawing(name: str, given: Input) -> str:
    """A drawing as a file for people. Raises ``DrawingError``, ``drawing.unwritable``, for what
    ``parse_drawing`` would refuse."""
    values = {
        "kind": KIND,
        "format": FORMAT,
        "name": short_name(name),
        "input": input_values(given),
    }
    try:
        read_input(values["input"])
        written = laid_out(values) + "\n"
        if len(written.encode()) > MAX_BYTES:
            raise ValueError(f"it would be larger than {MAX_BYTES:,} bytes")
    except ValueError as error:
        raise DrawingError("drawing.unwritable", reason=str(error)[:200]) from error
    return written


def parse_drawing(content: bytes) -> tuple[str, Input]:
    """The inverse of ``write_drawing``, checked: a name and an input.

    Raises ``DrawingError``: ``drawing.not_a_drawing``, ``drawing.format`` for one of another
    version, ``drawing.damaged``.
    """
    try:
        values = read_kind(content, KIND, MAX_BYTES)
    except ValueError as error:
        raise DrawingError("drawing.not_a_drawing", reason=str(error)[:200]) from error
    found = values.get("format")
    if type(found) is int and found != FORMAT:
        raise DrawingError("drawing.format", found=found)
    try:
        has_names(values, {"kind", "format", "name", "input"}, "the drawing")
        if type(found) is not int:
            raise ValueError("format is no number")
        given = read_input(values["input"])
        if given is None:
            raise ValueError("it is empty")
        return short_name(text(values["name"], "name")), given
    except ValueError as error:
        raise DrawingError("drawing.damaged", reason=str(error)[:200]) from error


def file_name(name: str, ending: str) -> str:
    """What a file for a drawing of this name may be called, on any system."""
    return f"{plain_file_name(name) or 'drawing'}.{ending}"


def short_name(name: str) -> str:
    """As lists show it; never empty."""
    return clean_name(name)[:MOST_NAME].strip() or "?"


# Values of JSON ----------------------------------------------------------------------------------


def input_values(given: Input) -> dict[str, Any]:
    """An input as plain values."""
    ref, pixels = given.image, given.pixels
    return {
        "label": given.label,
        "strokes": strokes_values(given.strokes),
        "image": ref and {"dataset": ref.dataset, "part": ref.part, "index": ref.index},
        "pixels": pixels and _pixels_values(pixels),
        "steps": steps_values(given.steps),
    }


def steps_values(steps: Steps) -> dict[str, Any]:
    """The steps of MNIST's recipe, as plain values."""
    return {"fitted": steps.fitted, "centred": steps.centred, "pen": steps.pen}


def strokes_values(strokes: Strokes) -> list[dict[str, Any]]:
    """Strokes as plain values."""
    return [
        {
            "width": stroke.width,
            "x": [x for x, _ in stroke.points],
            "y": [y for _, y in stroke.points],
            **({"erases": True} if stroke.erases else {}),
            **({} if stroke.colour is None else {"colour": hex_text(stroke.colour)}),
        }
        for stroke in strokes
    ]


def hex_text(colour: Colour) -> str:
    """``#rrggbb``."""
    return f"#{bytes(colour).hex()}"


def seen_values(seen: Seen) -> dict[str, Any]:
    """What counts as seen, as plain values."""
    hidden = None if seen.hidden is None else list(seen.hidden)
    return {"empty": strokes_values(seen.empty), "hidden": hidden}


def _pixels_values(pixels: Pixels) -> dict[str, Any]:
    """The rows of the channels as hexadecimal numbers."""
    width = pixels.shape[2]
    rows = range(0, len(pixels.data), width)
    return {
        "shape": list(pixels.shape),
        "rows": [pixels.data[start : start + width].hex() for start in rows],
    }


# Reading: each raises ValueError -----------------------------------------------------------------


def read_input(values: Any) -> Input | None:
    """The inverse of ``input_values``, checked; None of None."""
    if values is None:
        return None
    optional = frozenset({"pixels", "steps"})  # which older files have not
    has_names(values, {"label", "strokes", "image"}, "input", optional)
    label = values["label"]
    if label is not None:
        label = count(label, "the label of the input", _MOST_CLASSES - 1)
    image, pixels = _image(values["image"]), _pixels(values.get("pixels"))
    if image is not None and pixels is not None:
        raise ValueError("the input has two pictures")
    strokes = read_strokes(values["strokes"])
    if image is None and pixels is None:
        if not strokes:
            raise ValueError("the input has neither strokes nor a picture")
        if any(stroke.erases for stroke in strokes):
            raise ValueError("a stroke erases where there is no picture")
    return Input(strokes, label, image, pixels, read_steps(values.get("steps")))


def read_seen(values: Any) -> Seen:
    """The inverse of ``seen_values``, checked; all but nothing of None."""
    if values is None:
        return Seen()
    has_names(values, {"empty", "hidden"}, "seen")
    return Seen(read_strokes(values["empty"]), _rect(values["hidden"]))


def read_strokes(values: Any) -> Strokes:
    """The inverse of ``strokes_values``, checked."""
    found: list[Stroke] = []
    left, ink = MOST_STROKE_POINTS, 0.0
    for value in listed(values, "strokes", MOST_STROKE_POINTS):
        has_names(value, {"width", "x", "y"}, "a stroke", frozenset({"erases", "colour"}))
        (width,) = numbers([value["width"]], "width", 0.0, 1.0, 1)
        x = numbers(value["x"], "x", 0.0, 1.0, left)
        y = numbers(value["y"], "y", 0.0, 1.0, left)
        if not x or len(x) != len(y) or width == 0.0:
            raise ValueError("a stroke without points or width, or with half a point")
        points = tuple(zip(x, y, strict=True))
        left -= len(points)
        ink += sum(math.dist(one, other) for one, other in pairwise(points))
        erases, colour = flag(value.get("erases", False), "erases"), None
        if "colour" in value:
            colour = read_colour(value["colour"])
        found.append(Stroke(points, width, erases, colour))
    if ink > MOST_INK:
        raise ValueError(f"its drawing has more than {MOST_INK:,.0f} lengths of the canvas")
    return tuple(found)


def read_colour(value: Any) -> Colour:
    """The inverse of ``hex_text``, checked."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError("colour is no #rrggbb")
    red, green, blue = bytes.fromhex(value[1:])
    return red, green, blue


def _image(values: Any) -> ImageRef | None:
    if values is None:
        return None
    has_names(values, {"dataset", "part", "index"}, "image")
    return ImageRef(
        dataset_name(values["dataset"]),
        choice(values["part"], ("test", "train"), "part"),
        count(values["index"], "index", MOST_INDEX),
    )


def _pixels(values: Any) -> Pixels | None:
    if values is None:
        return None
    has_names(values, {"shape", "rows"}, "pixels")
    shape = [count(side, "a side", _MOST_SIDE) for side in listed(values["shape"], "shape", 3)]
    if len(shape) != 3 or not all(shape) or shape[0] not in (1, 3):
        raise ValueError("shape is not that of a picture")
    channels, height, width = shape
    rows = [text(row, "a row") for row in listed(values["rows"], "rows", channels * height)]
    data = bytes.fromhex("".join(rows))
    if len(rows) != channels * height or any(len(row) != 2 * width for row in rows):
        raise ValueError("the rows are not those of the shape")
    if len(data) != channels * height * width:  # a row with blanks
        raise ValueError("the rows are not those of the shape")
    return Pixels((channels, height, width), data)


def read_steps(values: Any) -> Steps:
    """The inverse of ``steps_values``, checked; all of them of None."""
    if values is None:
        return Steps()
    has_names(values, {"fitted", "centred", "pen"}, "steps")
    return Steps(*(flag(values[name], name) for name in ("fitted", "centred", "pen")))


def _rect(values: Any) -> Rect | None:
    if values is None:
        return None
    sides = numbers(values, "hidden", 0.0, 1.0, 4)
    if len(sides) != 4 or not (sides[0] < sides[2] and sides[1] < sides[3]):
        raise ValueError("hidden is no part of the image")
    left, top, right, bottom = sides
    return left, top, right, bottom


def dataset_name(value: Any) -> str:
    """The name of a data set, cleaned."""
    name = clean_name(text(value, "dataset"))[:MOST_NAME]
    if not name:
        raise ValueError("a data set has no name")
    return name
