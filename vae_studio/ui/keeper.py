"""``Keeper``: keeps points, directions, drawings and a choice of images; each change is an undo
step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from vae_studio.core.errors import DrawingError
from vae_studio.session import kept as transitions
from vae_studio.session.drawing_text import write_drawing
from vae_studio.session.kept import Kept, KeptDrawing, KeptPoint, KeptVector
from vae_studio.session.state import SessionState, with_kept

if TYPE_CHECKING:
    from vae_studio.ui.store import Store


class Keeper(QObject):
    """What is kept stands in the session's state; who shows it hears ``Store.state_changed``."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store

    @property
    def points(self) -> tuple[KeptPoint, ...]:
        """Of the model on show, in the order of the path."""
        state, latent = self._store.state, self._store.state.latent
        sizes = len(latent.z), len(latent.label or ())
        return tuple(  # another run may have taken the folder
            point
            for point in transitions.points_of(state.kept, state.model)
            if self._store.fits and (len(point.z), len(point.label or ())) == sizes
        )

    @property
    def vectors(self) -> tuple[KeptVector, ...]:
        """Of the model on show."""
        state = self._store.state
        return tuple(
            vector
            for vector in transitions.vectors_of(state.kept, state.model)
            if self._store.fits and len(vector.entries) == len(state.latent.z)
        )

    @property
    def marked(self) -> frozenset[int]:
        """Test images of the data set of the model on show."""
        snapshot = self._store.snapshot
        if snapshot is None:
            return frozenset()
        return transitions.marked_of(self._store.state.kept, snapshot.config.dataset)

    @property
    def drawings(self) -> tuple[KeptDrawing, ...]:
        """All of them: a drawing belongs to no model."""
        return self._store.state.kept.drawings

    # Points --------------------------------------------------------------------------------

    def keep_here(self) -> None:
        """Keep the current point, under the next free letter."""
        state = self._store.state
        if self._store.fits:
            name = transitions.free_name(state.kept, state.model)
            point = KeptPoint(name, state.model, state.latent.z, state.latent.label)
            self._keep(transitions.with_point, point)

    def go_to(self, point: KeptPoint) -> None:
        """Make it the current point, with its label."""
        if point in self.points:
            self._store.set_point(point.z, point.label)

    def rename(self, point: KeptPoint, name: str) -> None:
        """Call it something else."""
        self._keep(transitions.with_renamed_point, point, name)

    def remove(self, point: KeptPoint) -> None:
        """Keep it no longer."""
        self._keep(transitions.without_point, point)

    def move(self, point: KeptPoint, places: int) -> None:
        """So many places later on the path; earlier below 0."""
        self._keep(transitions.with_moved_point, point, places)

    # Directions ----------------------------------------------------------------------------

    def keep_vector(self, name: str, entries: Sequence[float]) -> None:
        """Keep a direction of the model on show."""
        if len(entries) == len(self._store.state.latent.z):
            vector = KeptVector(name, self._store.state.model, tuple(map(float, entries)))
            self._keep(transitions.with_vector, vector)

    def rename_vector(self, vector: KeptVector, name: str) -> None:
        """Call it something else."""
        self._keep(transitions.with_renamed_vector, vector, name)

    def remove_vector(self, vector: KeptVector) -> None:
        """Keep it no longer."""
        self._keep(transitions.without_vector, vector)

    # Images --------------------------------------------------------------------------------

    def mark(self, indices: Collection[int], marked: bool = True) -> None:
        """Mark test images besides those that are, or no longer mark them."""
        before = self.marked
        self._mark(before | set(indices) if marked else before - set(indices))

    def mark_none(self) -> None:
        """Mark no image."""
        self._mark(frozenset())

    def _mark(self, indices: Collection[int]) -> None:
        if self._store.snapshot is not None:
            self._keep(transitions.with_mark, self._store.snapshot.config.dataset, indices)

    # Drawings ------------------------------------------------------------------------------

    def keep_drawing(self) -> None:
        """Keep the input at hand, under the next free name. Where there is no room, or what is
        drawn is more than a file may hold, that is told, and nothing is kept."""
        given, kept = self._store.state.input, self._store.state.kept
        if given is None:
            return
        drawing = KeptDrawing(transitions.free_drawing_name(kept, self.tr("Drawing")), given)
        try:
            write_drawing(drawing.name, given)  # or it would not come back with the session
            if not transitions.has_room(kept, given):
                raise DrawingError("drawing.no_room")
        except DrawingError as error:
            self._store.failed.emit(error)
            return
        self._keep(transitions.with_drawing, drawing)

    def open_drawing(self, drawing: KeptDrawing) -> None:
        """Make it the input."""
        self._store.set_input(drawing.input)

    def rename_drawing(self, drawing: KeptDrawing, name: str) -> None:
        """Call it something else."""
        self._keep(transitions.with_renamed_drawing, drawing, name)

    def remove_drawing(self, drawing: KeptDrawing) -> None:
        """Keep it no longer."""
        self._keep(transitions.without_drawing, drawing)

    def _keep(self, transition: Callable[..., Kept], *arguments: object) -> None:
        state: SessionState = self._store.state
        self._store.change(with_kept(state, transition(state.kept, *arguments)))
