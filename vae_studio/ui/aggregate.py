"""``Aggregate``: the aggregate posterior of the model on show, as a mixture to draw from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.core.mixture import Mixture
from vae_studio.core.surveyed import Survey
from vae_studio.session.jobs import MixtureRequest, MixtureResult
from vae_studio.session.state import SessionState
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store


class Aggregate(QObject):
    """mixture: fitted to the latest survey of this run, or to one before until it is; None where
    nobody asked. share: how far a fit is; None where none is on its way.

    Signals: ``changed()``: another mixture, or none; ``share_changed()``.
    """

    changed = Signal()
    share_changed = Signal()

    def __init__(self, store: Store, generator: np.random.Generator) -> None:
        """generator: what is drawn from."""
        super().__init__(store)
        self._store, self._random = store, generator
        self.mixture: Mixture | None = None
        self.share: float | None = None
        self._fitted: Survey | None = None  # that ``mixture`` is of
        self._fitting: Survey | None = None  # that a mixture is on its way of
        self._waits = False  # for a survey, to fit one
        self._draws = False  # as soon as there is one
        self._run = ""  # that all of it is about
        self._thread = JobThread("mixture", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(self._take_progress)
        store.atlas.surveyed.connect(self._take_survey)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_other_weights)

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._thread.stop()
        self._thread.wait()

    def want(self) -> None:
        """Somebody will draw: fit a mixture, if that was not done. Ask again with other weights."""
        self._store.atlas.want()
        survey = self._store.atlas.survey
        if survey is None:
            if self._store.atlas.problem is None:
                self._waits = True
                self._set_share(0.0)
        elif survey not in (self._fitted, self._fitting):
            self._waits, self._fitting = False, survey
            self._set_share(0.0)
            self._thread.ask(MixtureRequest(survey))

    def draw(self) -> None:
        """Move to a point drawn from it, but for locked dimensions; once it is known."""
        size = len(self._store.state.latent.z)
        if self.mixture is not None and self.mixture.size == size:
            self._draws = False
            self._store.set_free_dimensions(self.sample(1)[0].tolist())
            self.want()  # the weights may be others since
        elif self._store.atlas.problem is not None:
            self._store.failed.emit(self._store.atlas.problem)
        else:
            self._draws = True
            self.want()

    def sample(self, count: int, seed: int | None = None) -> NDArray[np.float32]:
        """Draw z [count, L]; the same for the same seed."""
        assert self.mixture is not None
        generator = self._random if seed is None else np.random.default_rng(seed)
        return self.mixture.sample(count, generator)

    @Slot()
    def _take_survey(self) -> None:
        survey = self._store.atlas.survey
        if survey is None:
            if self._draws and self._store.atlas.problem is not None:
                self._store.failed.emit(self._store.atlas.problem)
            self._drop()
        elif self._waits:
            self.want()

    @Slot(object)
    def _show_other_weights(self, snapshot: Snapshot) -> None:
        if snapshot.run != self._run:
            self._run = snapshot.run
            self._drop()

    def _drop(self) -> None:
        """Of another run, or of what could not be surveyed."""
        self._give_up()
        self._fitted = None
        if self.mixture is not None:
            self.mixture = None
            self.changed.emit()

    def _give_up(self) -> None:
        self._thread.cancel()
        self._fitting = None
        self._waits = self._draws = False
        self._set_share(None)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        """Whoever goes elsewhere meanwhile does not want to be thrown somewhere."""
        if new.random_from == "prior" != old.random_from:
            self._give_up()
        elif new.latent != old.latent or new.input != old.input:
            self._draws = False

    @Slot(object)
    def _take(self, result: MixtureResult) -> None:
        if result.request.survey is self._fitting:
            self.mixture, self._fitted, self._fitting = result.mixture, self._fitting, None
            self._set_share(None)
            self.changed.emit()
            if self._draws:
                self.draw()

    @Slot(object, float)
    def _take_progress(self, job: MixtureRequest, share: float) -> None:
        if job.survey is self._fitting:
            self._set_share(share)

    @Slot(object, object)
    def _take_failure(self, job: MixtureRequest, error: StudioError) -> None:
        if job.survey is self._fitting:
            self._give_up()
            self._store.failed.emit(error)

    def _set_share(self, share: float | None) -> None:
        if share != self.share:
            self.share = share
            self.share_changed.emit()
