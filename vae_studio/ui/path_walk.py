"""``PathWalk``: the path over the kept points of the model on show, and a walk along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.session.jobs import PathRequest, PathResult, SupportRequest, SupportResult
from vae_studio.session.kept import KeptPoint
from vae_studio.session.state import PathView, SessionState, with_path, with_point
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store

FRAME = 80  # ms for a step of the walk


class PathWalk(QObject):
    """found: the latest path, until another is there; None where there are no two points. support:
    how well the data support its points, where that is known. share: how far a search for a path
    is; None where none is on its way. playing: whether the current point walks along it.

    Signals: ``changed()``: another path, or none; ``supported()``; ``share_changed()``;
    ``playing_changed(bool)``; ``went(index)``: the current point is at this step of the path, -1
    for elsewhere.
    """

    changed = Signal()
    supported = Signal()
    share_changed = Signal()
    playing_changed = Signal(bool)
    went = Signal(int)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.found: PathResult | None = None
        self.support: SupportResult | None = None
        self.share: float | None = None
        self.at = -1
        self._asked: PathRequest | None = None
        self._known: tuple[object, ...] | None = None  # what ``found`` or ``_asked`` is about
        self._supporting: SupportRequest | None = None
        self._thread = JobThread("path", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(self._take_progress)
        self._support_thread = JobThread("support", self)
        self._support_thread.done.connect(self._take_support)
        self._support_thread.failed.connect(lambda _job, error: store.failed.emit(error))
        self._frames = QTimer(self)
        self._frames.setInterval(FRAME)
        self._frames.timeout.connect(self._next_frame)
        store.state_changed.connect(self._follow)
        store.snapshot_changed.connect(self._show_other_weights)
        store.atlas.surveyed.connect(self._ask_support)

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._frames.stop()
        for thread in (self._thread, self._support_thread):
            thread.stop()
        for thread in (self._thread, self._support_thread):
            thread.wait()

    # The path ------------------------------------------------------------------------------

    def want(self) -> None:
        """Somebody looks: find the path over the points as they are, if that was not done. Ask
        again whenever points, way or weights are others."""
        snapshot, points = self._store.snapshot, self._store.keeper.points
        if snapshot is None or len(points) < 2:
            self._drop()
            return
        path = self._store.state.path
        known = (snapshot.id, path, *((point.z, point.label) for point in points))
        if known == self._known:
            return
        self._known = known
        self._asked = _request(snapshot, points, path)
        self._set_share(0.0)
        self._thread.ask(self._asked)

    def choose(self, path: PathView) -> None:
        """Lead it another way."""
        self._store.change(with_path(self._store.state, path))

    def _drop(self) -> None:
        self._thread.cancel()
        self._asked = self._known = self._supporting = None
        self._set_share(None)
        if self.found is not None:
            self.stop()
            self.found = self.support = None
            self._set_at(-1)
            self.changed.emit()

    def _set_share(self, share: float | None) -> None:
        if share != self.share:
            self.share = share
            self.share_changed.emit()

    @Slot(object)
    def _show_other_weights(self, snapshot: Snapshot) -> None:
        about = self.found.request if self.found is not None else self._asked
        if about is not None and about.snapshot.run != snapshot.run:
            self._drop()

    @Slot(object, float)
    def _take_progress(self, job: PathRequest, share: float) -> None:
        if job is self._asked:
            self._set_share(share)

    @Slot(object)
    def _take(self, result: PathResult) -> None:
        if result.request is self._asked:
            self._asked = self._supporting = None
            self.found, self.support = result, None
            self._set_share(None)
            self._set_at(self._place_of(self._store.state))
            self.changed.emit()
            self._ask_support()

    @Slot(object, object)
    def _take_failure(self, job: PathRequest, error: StudioError) -> None:
        if job is self._asked:
            self._asked = None
            self._set_share(None)
            self._store.failed.emit(error)

    @Slot()
    def _ask_support(self) -> None:
        survey, found = self._store.atlas.survey, self.found
        if survey is None or found is None or survey.mu.shape[1] != found.z.shape[1]:
            return
        if survey.snapshot == found.request.snapshot.id:
            self._supporting = SupportRequest(survey, found.z)
            self._support_thread.ask(self._supporting)

    @Slot(object)
    def _take_support(self, result: SupportResult) -> None:
        if result.request is self._supporting and self.found is not None:
            self.support = result
            self.supported.emit()

    # The walk ------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the current point walks along the path."""
        return self._frames.isActive()

    def play_or_stop(self) -> None:
        """Walk on from where the point is on the path, or from its start; or stop there. All of
        the walk is one undo step."""
        if self.playing:
            self.stop()
        elif (found := self.found) is not None and self._fits(found):
            last = len(found.z) - 1
            first = self.at + 1 if 0 <= self.at < last else 0
            # The first step that is elsewhere makes the undo step of all of the walk.
            steps = (n for n in range(first, last + 1) if self._state_at(n) != self._store.state)
            if (step := next(steps, None)) is not None:
                self.go_to(step)
                self._frames.start()
                self.playing_changed.emit(True)

    def stop(self) -> None:
        """Stay where it is."""
        if self.playing:
            self._frames.stop()
            self.playing_changed.emit(False)

    def go_to(self, index: int) -> None:
        """Make a step of the path the current point."""
        if (state := self._state_at(index)) is not None:
            self.at = index  # before the store says that the point is elsewhere
            self._store.change(state)
            self.went.emit(index)

    @Slot()
    def _next_frame(self) -> None:
        found = self.found
        if found is None or not self._fits(found):
            self.stop()
            return
        last = len(found.z) - 1
        if self.at >= last and not self._store.state.path.closed:
            self.stop()
            return
        index = 1 if self.at >= last else self.at + 1  # a closed path ends where it began
        if (state := self._state_at(index)) is not None:
            self.at = index
            self._store.glide(state)
            self.went.emit(index)

    def _fits(self, found: PathResult) -> bool:
        snapshot = self._store.snapshot
        return (
            self._store.fits
            and snapshot is not None
            and found.request.snapshot.run == snapshot.run
            and found.z.shape[1] == snapshot.spec.latent_dim
        )

    def _state_at(self, index: int) -> SessionState | None:
        found = self.found
        if found is None or not self._fits(found) or not 0 <= index < len(found.z):
            return None
        label = None if found.labels is None else tuple(found.labels[index].tolist())
        return with_point(self._store.state, found.z[index].tolist(), label)

    def _place_of(self, state: SessionState) -> int:
        """The step of the path that the current point is at, the one it was at before all others;
        -1 for none."""
        found = self.found
        if found is None or len(state.latent.z) != found.z.shape[1]:
            return -1
        z = np.asarray(state.latent.z, np.float32)
        label = np.asarray(state.latent.label or (), np.float32)
        if found.labels is not None and label.shape != found.labels.shape[1:]:
            return -1
        near = np.flatnonzero(found.z[:, 0] == z[0]).tolist()  # a hand moves, and few are
        places = [
            place
            for place in near
            if np.array_equal(found.z[place], z)
            and (found.labels is None or np.array_equal(found.labels[place], label))
        ]
        if self.at in places:
            return self.at
        return places[0] if places else -1

    def _set_at(self, index: int) -> None:
        if index != self.at:
            self.at = index
            self.went.emit(index)

    @Slot(object, object)
    def _follow(self, new: SessionState, old: SessionState) -> None:
        """Whoever moves the point elsewhere has it; the walk is over."""
        if new.latent != old.latent:
            at = self._place_of(new)
            if at != self.at:
                self.stop()
                self._set_at(at)
        if new.model != old.model:
            self.stop()


def _request(snapshot: Snapshot, points: tuple[KeptPoint, ...], path: PathView) -> PathRequest:
    z = np.array([point.z for point in points], np.float32)
    labels = None
    if snapshot.spec.conditional:
        labels = np.array([point.label for point in points], np.float32)
    return PathRequest(snapshot, z, labels, path)
