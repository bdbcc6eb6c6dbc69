"""``OutputEditor``: ink is brushed onto the decoded picture, or off it, and z follows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.session.drawing_requests import EditRequest, EditResult
from vae_studio.session.state import LatentState, SessionState, with_z
from vae_studio.session.strokes import Strokes

if TYPE_CHECKING:
    from vae_studio.ui.store import Store

_LANE = "edit"
_REMEMBERED = 200  # points that undo may come back to
_ROUNDS = 6  # of questions that go on from the last answer, once the hand rests
_NEAR = 0.01  # in z: an answer this near to the one before is the last


class OutputEditor(QObject):
    """strokes: what was brushed since ``origin``, the point whose picture is edited. strength: how
    much it counts against all that is to stay, 0 to 1.

    A stroke, or a drag of the strength, is one undo step. Whoever moves z otherwise, or opens other
    weights, begins a new edit.

    Signal: ``changed()``.
    """

    changed = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.strokes: Strokes = ()
        self.strength = 0.7
        self._origin: LatentState | None = None
        self._asked: EditRequest | None = None
        self._stepped = False  # the stroke at hand is an undo step already
        self._applying = False
        self._rounds = 0
        self.busy = False  # a hand is at it: no undo meanwhile
        self._known: dict[tuple[float, ...], tuple[Strokes, float]] = {}
        store.answered.connect(self._take)
        store.state_changed.connect(self._follow)
        store.snapshot_changed.connect(self._forget)

    @property
    def is_editing(self) -> bool:
        """Whether anything was brushed."""
        return bool(self.strokes)

    def begin(self) -> None:
        """A hand comes down on the picture, or on the strength."""
        if self._store.fits and self._origin is None:
            self._origin = self._store.state.latent
            self._known = {self._origin.z: ((), self.strength)}
        self._stepped, self.busy = False, True

    def end(self) -> None:
        """The hand lets go."""
        self.busy = False

    def brush(self, strokes: Strokes) -> None:
        """This is what was brushed by now."""
        if self._origin is None:  # z was moved elsewhere in mid-stroke
            self.begin()
        self.strokes, self._rounds = strokes, _ROUNDS
        self._ask()
        self.changed.emit()

    def set_strength(self, strength: float) -> None:
        """Let it count more or less."""
        if strength != self.strength:
            self.strength, self._rounds = strength, _ROUNDS
            if self.strokes:
                self._ask()
            elif self._origin is not None:
                self._known[self._origin.z] = ((), strength)
            self.changed.emit()

    def give_back(self) -> None:
        """Nothing of the stroke at hand."""
        self.strokes, self._asked, self.busy = self.strokes[:-1], None, False
        if self._stepped:
            self._stepped = False
            self._store.undo()
        self.changed.emit()

    def _ask(self) -> None:
        snapshot, origin = self._store.snapshot, self._origin
        if snapshot is None or origin is None or not self._store.fits:
            return
        start = self._store.state.latent.z
        self._asked = EditRequest(snapshot, origin, self.strokes, self.strength, start)
        self._store.ask(_LANE, self._asked)

    @Slot(str, object)
    def _take(self, lane: str, result: object) -> None:
        """Answers come in the order of the questions; each is nearer to what the hand wants."""
        if not isinstance(result, EditResult) or self._origin is None or self._asked is None:
            return
        request, state = result.request, self._store.state
        if request.origin is not self._origin or request.snapshot is not self._store.snapshot:
            return
        last = request is self._asked
        if last:
            self._asked = None
        if state.latent.label != self._origin.label or result.z == state.latent.z:
            return
        self._remember(result.z, request.strokes, request.strength)
        self._applying = True
        if self._stepped:
            self._store.glide(with_z(state, result.z))
        else:
            self._stepped = True
            self._store.change(with_z(state, result.z))
        self._applying = False
        if last and self._rounds and math.dist(result.z, request.start) > _NEAR:
            self._rounds -= 1
            self._ask()

    def _remember(self, z: tuple[float, ...], strokes: Strokes, strength: float) -> None:
        self._known[z] = (strokes, strength)
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    @Slot(object, object)
    def _follow(self, new: SessionState, old: SessionState) -> None:
        """Undo comes back to an earlier picture; whatever else moved z begins anew."""
        if self._origin is None or self._applying:
            return
        if new.input != old.input:
            self._forget()  # or a late answer would take z from the new input
        if self._origin is None or new.latent == old.latent:
            return
        known = self._known.get(new.latent.z)
        if known is None or new.latent.label != self._origin.label:
            self._forget()
        else:
            self._asked = None
            self.strokes, self.strength = known
            self.changed.emit()

    @Slot()
    def _forget(self, *_: object) -> None:
        if self._origin is not None or self.strokes:
            self._origin, self._asked, self._stepped = None, None, False
            self.strokes, self._known = (), {}
            self.changed.emit()
