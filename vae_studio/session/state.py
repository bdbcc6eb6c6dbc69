"""Where the user is: which model, which point in its latent space, which drawing.

Everything is frozen; transitions are functions from a state to the next. Undo is a list of
these states. ``ui.store.Store`` owns the current one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from vae_studio.session.drawing import ImageRef, Input, Seen, Steps, with_drawn
from vae_studio.session.kept import Kept, with_folder
from vae_studio.session.strokes import Strokes

Weights = tuple[float, ...]  # of the classes: one-hot, or a mix
Way = Literal["straight", "arc", "geodesic"]
Source = Literal["prior", "aggregate"]
MOST_STEPS = 60  # of a leg of a path


@dataclass(frozen=True)
class LatentState:
    """The point that every panel shows.

    z: L entries. label: class weights, None for a model without classes. locked: dimensions
    that *random* and *mean* leave alone.
    """

    z: tuple[float, ...] = ()
    label: Weights | None = None
    locked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class MapView:
    """What the map shows. hidden: classes that are left out. crowd: the training images, too.
    lattice: what lies below, decoded. holes: where the prior has mass and the data do not."""

    hidden: frozenset[int] = frozenset()
    crowd: bool = False
    lattice: bool = False
    holes: bool = False


@dataclass(frozen=True)
class PathView:
    """How a path leads over the kept points. way: from one to the next. steps: of each leg, 1 to
    ``MOST_STEPS``. closed: back to the first one, round and round."""

    way: Way = "straight"
    steps: int = 12
    closed: bool = False


@dataclass(frozen=True)
class SessionState:
    """One moment of a session.

    model: folder of the run that is shown, "" before the first one opens. input: the drawing,
    None for an empty canvas. steps: that the next drawing goes through. seen: of the input, for
    completing it. moved: whether z was changed since the drawing gave it. view: of the
    map. kept: points, directions and images, of this model and others. path: over the kept points.
    random_from: what *random* and the samples draw from, the prior or the aggregate posterior.
    """

    model: str = ""
    latent: LatentState = LatentState()
    input: Input | None = None
    steps: Steps = field(default_factory=Steps)
    seen: Seen = field(default_factory=Seen)
    moved: bool = False
    view: MapView = MapView()
    kept: Kept = field(default_factory=Kept)
    path: PathView = PathView()
    random_from: Source = "prior"


def with_z(state: SessionState, z: Sequence[float]) -> SessionState:
    """The user moves to another z."""
    latent = replace(state.latent, z=tuple(float(value) for value in z))
    return replace(state, latent=latent, moved=True)


def with_dimension(state: SessionState, index: int, value: float) -> SessionState:
    """One slider moves."""
    z = list(state.latent.z)
    z[index] = float(value)
    return with_z(state, z)


def with_free_dimensions(state: SessionState, values: Sequence[float]) -> SessionState:
    """Every dimension that is not locked takes its new value."""
    locked = state.latent.locked
    old = state.latent.z
    return with_z(state, [old[i] if i in locked else value for i, value in enumerate(values)])


def with_lock(state: SessionState, index: int, locked: bool) -> SessionState:
    """Lock or free one dimension."""
    locks = state.latent.locked | {index} if locked else state.latent.locked - {index}
    return replace(state, latent=replace(state.latent, locked=locks))


def with_moved(state: SessionState, moved: bool) -> SessionState:
    """Whether z is the user's own, or the drawing's to change."""
    return replace(state, moved=moved)


def with_label(state: SessionState, label: Weights) -> SessionState:
    """The same z in another class."""
    return replace(state, latent=replace(state.latent, label=label), moved=True)


def with_point(state: SessionState, z: Sequence[float], label: Weights | None) -> SessionState:
    """Another z and another label at once; a model without classes keeps having none."""
    moved = with_z(state, z)
    return moved if label is None else with_label(moved, label)


def with_kept(state: SessionState, kept: Kept) -> SessionState:
    """Other points, directions or images are kept."""
    return replace(state, kept=kept)


def with_path(state: SessionState, path: PathView) -> SessionState:
    """Another way over the kept points."""
    return replace(state, path=path)


def with_random_from(state: SessionState, source: Source) -> SessionState:
    """*Random* draws from something else."""
    return replace(state, random_from=source)


def with_run_in(state: SessionState, folder: str) -> SessionState:
    """The run that is shown is in another folder from now on."""
    return replace(state, model=folder, kept=with_folder(state.kept, state.model, folder))


def with_strokes(state: SessionState, strokes: Strokes) -> SessionState:
    """The drawing changes; z follows once it is encoded."""
    drawn = with_drawn(state.input, strokes, state.steps)
    return without_input(state) if drawn is None else replace(state, input=drawn, moved=False)


def without_input(state: SessionState) -> SessionState:
    """An empty canvas; z stays where it is."""
    return replace(state, input=None, seen=Seen(), moved=True)


def with_input(state: SessionState, given: Input) -> SessionState:
    """Another drawing or picture takes the place of this one; z follows once it is encoded."""
    steps = state.steps if given.has_picture else given.steps
    return replace(state, input=given, steps=steps, seen=Seen(), moved=False)


def with_image(state: SessionState, image: ImageRef, label: int | None) -> SessionState:
    """An image of a data set takes the drawing's place."""
    return with_input(state, Input(label=label, image=image))


def with_steps(state: SessionState, steps: Steps) -> SessionState:
    """Drawings go another way to MNIST, also the one at hand."""
    if state.input is None or state.input.has_picture:
        return replace(state, steps=steps)
    return replace(state, steps=steps, input=replace(state.input, steps=steps), moved=False)


def with_seen(state: SessionState, seen: Seen) -> SessionState:
    """Another part of the input counts as seen."""
    return replace(state, seen=seen)


def with_view(state: SessionState, view: MapView) -> SessionState:
    """The map shows something else."""
    return replace(state, view=view)


def with_input_label(state: SessionState, label: int | None) -> SessionState:
    """The user says which class the drawing is, or leaves it to the model."""
    if state.input is None:
        return state
    return replace(state, input=replace(state.input, label=label), moved=False)


def without_classes(state: SessionState) -> SessionState:
    """Of another data set: nobody has said which class the drawing is, or hidden any on the map."""
    given, view = state.input, state.view
    if given is not None and given.label is not None:
        given = replace(given, label=None)
    if view.hidden:
        view = replace(view, hidden=frozenset())
    return replace(state, input=given, view=view)


def with_code(state: SessionState, z: Sequence[float], label: Weights | None) -> SessionState:
    """The encoder's answer becomes the point; the drawing still owns it."""
    latent = replace(state.latent, z=tuple(z), label=label)
    return replace(state, latent=latent, moved=False)


def with_model(
    state: SessionState, model: str, z: Sequence[float], label: Weights | None
) -> SessionState:
    """Another model opens, with z fitted to what was on screen; locks hold where they can."""
    same = len(z) == len(state.latent.z)
    locked = state.latent.locked if same else frozenset[int]()
    return replace(state, model=model, latent=LatentState(tuple(z), label, locked))
