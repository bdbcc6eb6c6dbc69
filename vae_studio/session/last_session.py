"""How a session was left: the place of the model on show, and what is kept of others. No torch.

It is a file of the app's own, beside the settings, so runs are named by their folders here. It is
read with the same care as a place all the same.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vae_studio.core.errors import PlaceError
from vae_studio.core.reading import parse_json
from vae_studio.core.resources import bundled_path
from vae_studio.session.drawing import Seen
from vae_studio.session.drawing_text import input_values, read_input, short_name
from vae_studio.session.json_values import has_names, text
from vae_studio.session.kept import Kept, KeptDrawing, with_drawing, with_point, with_vector
from vae_studio.session.place import Place, parse_place, write_place
from vae_studio.session.state import LatentState, SessionState

FORMAT: Final = 1
MAX_BYTES: Final = 32 * 2**20  # four of the largest places, and 9 MB of drawings
DAMAGED: Final = "session.damaged.json"
_SHIPPED = "checkpoints"


@dataclass(frozen=True)
class LastSession:
    """folder: of the run that was on show. place: in it; None where it could not be written.
    others: the places of other runs that something was kept of, each with its folder. drawings:
    that were kept. left_out: whether the input was too long to be written."""

    folder: str
    place: Place | None
    others: tuple[tuple[str, Place], ...] = ()
    drawings: tuple[KeptDrawing, ...] = ()
    left_out: bool = False


def write_last_session(state: SessionState) -> str:
    """As JSON. A point out of a place's bounds is left out, what is kept of its model is not."""
    place, left_out, parts = _place(state), False, dict[tuple[str, int, int], Kept]()
    if place is None and state.input is not None:
        place = _place(replace(state, input=None, seen=Seen()))
        left_out = place is not None
    for point in state.kept.points:
        part = (point.model, len(point.z), len(point.label or ()))
        parts[part] = with_point(parts.get(part, Kept()), point)
    for vector in state.kept.vectors:
        sizes = (part for part in parts if part[:2] == (vector.model, len(vector.entries)))
        part = next(sizes, (vector.model, len(vector.entries), 0))
        parts[part] = with_vector(parts.get(part, Kept()), vector)
    if place is not None:
        parts.pop((state.model, len(state.latent.z), len(state.latent.label or ())), None)
    values = {
        "format": FORMAT,
        "folder": _named(state.model),
        "place": place,
        "left_out": left_out,
        "others": [
            {"folder": _named(folder), "place": text}
            for (folder, size, classes), kept in parts.items()
            if (text := _place(_only(kept, folder, size, classes))) is not None
        ],
        "drawings": [
            {"name": each.name, "input": input_values(each.input)} for each in state.kept.drawings
        ],
    }
    return json.dumps(values, ensure_ascii=False)


def parse_last_session(content: bytes) -> LastSession:
    """The inverse of ``write_last_session``; places that are damaged are left out. Raises
    ``ValueError``."""
    values = parse_json(content)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError("no session of this version")
    others = values.get("others")
    found = [_read(each) for each in (others if isinstance(others, list) else [])]
    folder, place = _read(values)
    drawings = values.get("drawings")
    kept = Kept()
    for each in drawings if isinstance(drawings, list) else []:
        if (drawing := _read_drawing(each)) is not None:
            kept = with_drawing(kept, drawing)
    return LastSession(
        folder,
        place,
        tuple((name, each) for name, each in found if each),
        kept.drawings,
        values.get("left_out") is True,
    )


def restored(state: SessionState, last: LastSession) -> SessionState:
    """The state with what was kept, and where the run on show is that of then, with its place."""
    places = [*last.others, *([(last.folder, last.place)] if last.place is not None else [])]
    kept = state.kept
    for folder, place in places:
        for point in place.state.kept.points:
            kept = with_point(kept, replace(point, model=folder))
        for vector in place.state.kept.vectors:
            kept = with_vector(kept, replace(vector, model=folder))
    for drawing in last.drawings:
        kept = with_drawing(kept, drawing)
    if last.place is None:
        return replace(state, kept=kept)
    kept = replace(kept, marked=last.place.state.kept.marked)
    then = last.place.state
    if last.folder == state.model:
        return replace(then, model=state.model, kept=kept)
    return replace(state, kept=kept, path=then.path, random_from=then.random_from)


def _only(kept: Kept, folder: str, size: int, classes: int) -> SessionState:
    """A state in another model, with nothing but what was kept of it."""
    label = tuple(float(index == 0) for index in range(classes)) or None
    return SessionState(model=folder, latent=LatentState((0.0,) * size, label), kept=kept)


def _place(state: SessionState) -> str | None:
    """Where what counts as seen is too long to be written, at least all else."""
    for each in (state, replace(state, seen=Seen())):
        try:
            return write_place(each, "here") if state.latent.z else None  # its folder is beside
        except PlaceError:
            continue
    return None


def _read(values: Any) -> tuple[str, Place | None]:
    folder = values.get("folder") if isinstance(values, dict) else None
    text = values.get("place") if isinstance(values, dict) else None
    if not isinstance(folder, str) or not isinstance(text, str):
        return "", None
    try:
        return _folder(folder), parse_place(text.encode())
    except (PlaceError, ValueError):
        return "", None


def _read_drawing(values: Any) -> KeptDrawing | None:
    try:
        has_names(values, {"name", "input"}, "a drawing")
        given = read_input(values["input"])
        if given is None:
            return None
        return KeptDrawing(short_name(text(values["name"], "name")), given)
    except ValueError:
        return None


def _named(folder: str) -> str:
    """A model that ships by its name, so that it is found again when the app has moved; a folder
    by the bytes of its path, a sign each, for these may be no text."""
    path = Path(folder)
    if path.parent == bundled_path(_SHIPPED):
        return path.name
    return os.fsencode(folder).decode("latin-1")


def _folder(name: str) -> str:
    if name and Path(name).name == name:
        return str(bundled_path(_SHIPPED) / name)
    return os.fsdecode(name.encode("latin-1"))
