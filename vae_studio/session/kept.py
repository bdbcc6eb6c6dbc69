"""What the user keeps of a latent space: points, directions, and a choice of images."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from string import ascii_uppercase
from typing import TYPE_CHECKING, TypeVar

from vae_studio.session.drawing import Input

if TYPE_CHECKING:
    from vae_studio.session.state import Weights

MOST_POINTS = 100
MOST_VECTORS = 100
MOST_DRAWINGS = 200
MOST_DRAWN = 200_000  # points of all drawings together: what a file of 9 MB holds
MOST_NAME = 60  # characters

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class KeptPoint:
    """A point of the latent space of ``model``, the folder of its run. label: as in
    ``LatentState``."""

    name: str
    model: str
    z: tuple[float, ...]
    label: Weights | None = None


@dataclass(frozen=True)
class KeptVector:
    """A direction in the latent space of ``model``: L entries."""

    name: str
    model: str
    entries: tuple[float, ...]


@dataclass(frozen=True)
class Marked:
    """Test images of a data set that the user chose."""

    dataset: str
    indices: frozenset[int]


@dataclass(frozen=True)
class KeptDrawing:
    """A drawing, or a picture, of no model in particular."""

    name: str
    input: Input


@dataclass(frozen=True)
class Kept:
    """points: in the order of the path over them. marked: None where nothing is."""

    points: tuple[KeptPoint, ...] = ()
    vectors: tuple[KeptVector, ...] = ()
    marked: Marked | None = None
    drawings: tuple[KeptDrawing, ...] = ()


def points_of(kept: Kept, model: str) -> tuple[KeptPoint, ...]:
    """Those of one model, in order."""
    return tuple(point for point in kept.points if point.model == model)


def vectors_of(kept: Kept, model: str) -> tuple[KeptVector, ...]:
    """Those of one model, in order."""
    return tuple(vector for vector in kept.vectors if vector.model == model)


def free_name(kept: Kept, model: str) -> str:
    """A, B … Z, A2 …: the first that no point of the model has."""
    taken = {point.name for point in points_of(kept, model)}
    names = (
        letter + (str(round_) if round_ > 1 else "")
        for round_ in range(1, MOST_POINTS + 2)
        for letter in ascii_uppercase
    )
    return next(name for name in names if name not in taken)


def with_point(kept: Kept, point: KeptPoint) -> Kept:
    """One more, at the end; of too many the oldest goes."""
    return replace(kept, points=(*kept.points, point)[-MOST_POINTS:])


def with_renamed_point(kept: Kept, point: KeptPoint, name: str) -> Kept:
    """Another name, in one line; an empty one changes nothing."""
    clean = " ".join(name.split())[:MOST_NAME]
    return replace(
        kept, points=_swapped(kept.points, point, replace(point, name=clean or point.name))
    )


def without_point(kept: Kept, point: KeptPoint) -> Kept:
    """All but this one."""
    return replace(kept, points=tuple(other for other in kept.points if other is not point))


def with_moved_point(kept: Kept, point: KeptPoint, places: int) -> Kept:
    """The same points, this one so many places later (earlier: below 0) among its model's."""
    own = list(points_of(kept, point.model))
    at = next((index for index, other in enumerate(own) if other is point), None)
    if at is None:
        return kept
    own.insert(min(max(at + places, 0), len(own) - 1), own.pop(at))
    following = iter(own)
    points = (next(following) if each.model == point.model else each for each in kept.points)
    return replace(kept, points=tuple(points))


def with_vector(kept: Kept, vector: KeptVector) -> Kept:
    """One more, at the end; of too many the oldest goes."""
    return replace(kept, vectors=(*kept.vectors, vector)[-MOST_VECTORS:])


def with_renamed_vector(kept: Kept, vector: KeptVector, name: str) -> Kept:
    """Another name, in one line; an empty one changes nothing."""
    clean = " ".join(name.split())[:MOST_NAME]
    named = replace(vector, name=clean or vector.name)
    return replace(kept, vectors=_swapped(kept.vectors, vector, named))


def without_vector(kept: Kept, vector: KeptVector) -> Kept:
    """All but this one."""
    return replace(kept, vectors=tuple(other for other in kept.vectors if other is not vector))


def free_drawing_name(kept: Kept, word: str) -> str:
    """``word`` and the first number that no drawing has. word: in the user's language."""
    taken = {drawing.name for drawing in kept.drawings}
    names = (f"{word} {number}" for number in range(1, MOST_DRAWINGS + 2))
    return next(name for name in names if name not in taken)


def drawn_points(given: Input) -> int:
    """How much a drawing takes of ``MOST_DRAWN``; a picture counts by its pixels."""
    strokes = sum(len(stroke.points) for stroke in given.strokes)
    return strokes + len(given.pixels.data if given.pixels else b"") // 8


def has_room(kept: Kept, given: Input) -> bool:
    """Whether one more drawing can be kept. None goes to make room: a drawing is work."""
    used = sum(drawn_points(drawing.input) for drawing in kept.drawings)
    return len(kept.drawings) < MOST_DRAWINGS and used + drawn_points(given) <= MOST_DRAWN


def with_drawing(kept: Kept, drawing: KeptDrawing) -> Kept:
    """One more, at the end; the same where there is no room."""
    if not has_room(kept, drawing.input):
        return kept
    return replace(kept, drawings=(*kept.drawings, drawing))


def with_renamed_drawing(kept: Kept, drawing: KeptDrawing, name: str) -> Kept:
    """Another name, in one line; an empty one changes nothing."""
    clean = " ".join(name.split())[:MOST_NAME]
    named = replace(drawing, name=clean or drawing.name)
    return replace(kept, drawings=_swapped(kept.drawings, drawing, named))


def without_drawing(kept: Kept, drawing: KeptDrawing) -> Kept:
    """All but this one."""
    return replace(kept, drawings=tuple(each for each in kept.drawings if each is not drawing))


def with_mark(kept: Kept, dataset: str, indices: Collection[int]) -> Kept:
    """These test images and no others; none of them: nothing is marked."""
    chosen = Marked(dataset, frozenset(indices)) if indices else None
    return replace(kept, marked=chosen)


def marked_of(kept: Kept, dataset: str) -> frozenset[int]:
    """The marked test images, where they are of this data set."""
    if kept.marked is None or kept.marked.dataset != dataset:
        return frozenset()
    return kept.marked.indices


def with_folder(kept: Kept, before: str, folder: str) -> Kept:
    """The run in ``before`` is in ``folder`` from now on."""
    return replace(
        kept,
        points=tuple(
            replace(each, model=folder) if each.model == before else each for each in kept.points
        ),
        vectors=tuple(
            replace(each, model=folder) if each.model == before else each for each in kept.vectors
        ),
    )


def _swapped(items: tuple[_Item, ...], old: _Item, new: _Item) -> tuple[_Item, ...]:
    return tuple(new if item is old else item for item in items)
