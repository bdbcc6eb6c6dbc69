"""``Completer``: how the input could go on, anew whenever input, mask or weights change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.session.drawing import Input
from vae_studio.session.drawing_jobs import CompletionRequest, CompletionResult
from vae_studio.session.state import SessionState, Weights
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store

_PAUSE = 120  # ms from a change to the question, so that a moving pen asks 8 times a second
_TRAINING_PAUSE = 2000  # ms between two questions while a training is followed
_ALIKE = 0.06  # mean difference of a pixel up to which an answer is still the one that was taken

Point = tuple[tuple[float, ...], Weights | None]


def same_picture(one: Input | None, other: Input | None) -> bool:
    """Whether one is the other, drawn on: what was made of it is late by some strokes at most."""
    if one is None or other is None:
        return False
    return one.image == other.image and one.pixels is other.pixels


class Completer(QObject):
    """on: whether it is wanted. result: the answers so far, or None. share: how far the look at the
    training images is, which comes before a model's first answers; else None. seconds: that the
    answers took, once they are the last. problem: why there are none. wants_guide: whether the
    canvas is to show where a whole digit would be, as a drawing is completed where it stands; other
    data have no such box.

    Signals: ``changed()``; ``guide_changed(wants_guide)``.
    """

    changed = Signal()
    guide_changed = Signal(bool)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.on = False
        self.result: CompletionResult | None = None
        self.share: float | None = None
        self.seconds: float | None = None
        self.problem: StudioError | None = None
        self.wants_guide = False
        self._looked_at = False
        self._asked: CompletionRequest | None = None
        self._settled: CompletionRequest | None = None  # to which there is nothing to add
        self._heard = False  # of what is asked
        self._since = -1e9  # when it was asked, s
        self._taken: Point | None = None
        self._taken_image: NDArray[np.float32] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._ask_now)
        self._thread = JobThread("completion", self)
        self._thread.improved.connect(self._take)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(self._take_progress)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_weights)

    @property
    def asked(self) -> CompletionRequest | None:
        """What better answers are looked for, if they are."""
        return self._asked

    @property
    def running(self) -> bool:
        """Whether better answers are looked for."""
        return self._asked is not None

    def set_on(self, on: bool) -> None:
        """Complete from now on, or no longer; the answers stay until something else is there."""
        if on != self.on:
            self.on = on
            if self.seconds is None:  # what was stopped, or failed, is tried again
                self._settled = None
            self._start_or_rest()
            self.changed.emit()

    def look(self, looked_at: bool) -> None:
        """Somebody looks at the answers, or no longer."""
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            self._start_or_rest()

    def stop(self) -> None:
        """Be content with the answers so far, until something changes."""
        self._settled = self._asked or self._settled
        self._rest()
        self.changed.emit()

    def take(self, index: int) -> None:
        """Make an answer the current point; of another model than the one on show it is none."""
        result, snapshot = self.result, self._store.snapshot
        if result is None or snapshot is None or not 0 <= index < len(result.z):
            return
        if _same_model(result.request.snapshot, snapshot):
            point = _point(result, index)
            self._taken, self._taken_image = point, result.images[index]
            self._store.set_point(*point)
            self.changed.emit()

    @property
    def taken(self) -> int | None:
        """The answer that the point on show was taken from: it, or what became of it since."""
        latent = self._store.state.latent
        if self.result is None or self._taken is None or self._taken_image is None:
            return None
        if latent.z != self._taken[0] or self._taken[1] not in (None, latent.label):
            return None
        return _nearest(self.result, self._taken, self._taken_image)

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._timer.stop()
        self._asked = None
        self._thread.stop()
        self._thread.wait()

    # When it runs --------------------------------------------------------------------------

    @property
    def _awake(self) -> bool:
        return self.on and self._looked_at

    def _start_or_rest(self) -> None:
        if self._awake:
            self._want()
        else:
            self._rest()
            self.changed.emit()
        self._show_guide()

    def _rest(self) -> None:
        self._timer.stop()
        self._thread.cancel()
        self._asked = self.share = None

    def _want(self) -> None:
        """Ask in a moment, if what is there to complete was not asked about before. The moment is
        not put off by another change: a pen that never rests would never see an answer."""
        state, snapshot = self._store.state, self._store.snapshot
        if not self._awake or state.input is None or snapshot is None:
            return
        known = self._asked or self._settled
        if known is not None and (known.snapshot, known.input, known.seen) == (
            snapshot,
            state.input,
            state.seen,
        ):
            return
        if not self._timer.isActive():
            pause = _PAUSE
            if self._store.following:
                past = round(1000 * (time.monotonic() - self._since))
                pause = max(_PAUSE, _TRAINING_PAUSE - past)
            self._timer.start(pause)

    @Slot()
    def _ask_now(self) -> None:
        state, snapshot = self._store.state, self._store.snapshot
        if not self._awake or state.input is None or snapshot is None:
            return
        if self._asked is not None and not self._heard:
            return  # the first answers come before the next question, see ``_take``
        self._asked = CompletionRequest(snapshot, state.input, state.seen)
        self._heard, self.share, self._since = False, None, time.monotonic()
        self._thread.ask(self._asked)
        self.changed.emit()

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.input != old.input or new.seen != old.seen:
            if not self._awake or not same_picture(new.input, old.input):
                self._forget()
            self._want()
            self._show_guide()
        elif new.latent != old.latent and self._taken is not None:
            self.changed.emit()

    @Slot(object)
    def _show_weights(self, snapshot: Snapshot) -> None:
        """Answers of other weights of the same model stay until there are new ones; those that are
        on their way come only where a training is followed, whose weights never rest."""
        known = self._asked or self._settled
        if known is None and self.result is not None:
            known = self.result.request
        if known is not None and known.snapshot is not snapshot:
            if not self._awake or not _same_model(known.snapshot, snapshot):
                self._forget()
            elif not self._store.following:
                self._rest()
        self._want()
        self._show_guide()

    def _forget(self) -> None:
        """What was made belongs to something else."""
        self._rest()
        self.result = self.problem = self.seconds = self._settled = None
        self.changed.emit()

    def _show_guide(self) -> None:
        state = self._store.state
        drawn = state.input is None or not state.input.has_picture
        wanted = self._awake and drawn and state.seen.hidden is None and self._store.sheet.digits
        if wanted != self.wants_guide:
            self.wants_guide = wanted
            self.guide_changed.emit(wanted)

    # Answers -------------------------------------------------------------------------------

    @Slot(object)
    def _take(self, result: CompletionResult) -> None:
        if result.request is not self._asked:
            return
        if self._taken is not None and (index := self.taken) is not None:
            assert self.result is not None
            self._taken_image = self.result.images[index]  # follow what becomes of it
        self.result, self.problem, self.share, self.seconds = result, None, None, None
        self._heard = True
        if result.ended:
            self._asked, self._settled = None, result.request
            self.seconds = time.monotonic() - self._since
        self.changed.emit()
        self._want()

    @Slot(object, object)
    def _take_failure(self, job: CompletionRequest, error: StudioError) -> None:
        if job is self._asked:
            self._asked = self.share = self.result = self.seconds = None
            self._settled, self.problem = job, error
            self.changed.emit()
            self._want()

    @Slot(object, float)
    def _take_progress(self, job: CompletionRequest, share: float) -> None:
        if job is self._asked and not self._heard:
            self.share = share
            self.changed.emit()


def _same_model(one: Snapshot, other: Snapshot) -> bool:
    return one.run == other.run and one.spec == other.spec


def _point(result: CompletionResult, index: int) -> Point:
    z = tuple(float(value) for value in result.z[index])
    if result.labels is None:
        return z, None
    return z, tuple(float(weight) for weight in result.labels[index])


def _nearest(result: CompletionResult, taken: Point, image: NDArray[np.float32]) -> int | None:
    """The answer that is the taken one by its point or its label, or looks like it; or None."""
    if image.shape != result.images.shape[1:]:
        return None
    away = np.abs(result.images - image).mean(axis=(1, 2, 3))
    for index in range(len(away)):
        point = _point(result, index)
        if point == taken:
            return index
        if point[1] != taken[1]:
            away[index] = np.inf
    best = int(away.argmin())
    return best if away[best] <= _ALIKE else None
