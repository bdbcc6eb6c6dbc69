"""``Atlas``: where the test images lie in the latent space of the weights on show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.core.surveyed import Survey
from vae_studio.session.jobs import SurveyRequest, SurveyResult
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store

_PAUSE = 120  # ms that weights are on show before they are surveyed: a hand may pass them by
_GLANCE = 2000  # test images for weights that are soon others: a moment, a training


class Atlas(QObject):
    """survey: the latest of this run; of other weights of it until the new one is there. None
    where nobody asked, or where it was not possible: ``problem`` then says why.

    Signals: ``surveyed()``: another survey, or none; ``progressed(share)``.
    """

    surveyed = Signal()
    progressed = Signal(float)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.survey: Survey | None = None
        self.problem: StudioError | None = None
        self._run = ""  # that ``survey`` and ``problem`` are about
        self._asked: SurveyRequest | None = None
        self._known: SurveyRequest | None = None
        self._thread = JobThread("survey", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(lambda _job, share: self.progressed.emit(share))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._ask)
        store.snapshot_changed.connect(self._show_other_weights)

    @property
    def is_current(self) -> bool:
        """Whether ``survey`` is of the very weights on show."""
        snapshot = self._store.snapshot
        return (
            snapshot is not None and self.survey is not None and self.survey.snapshot == snapshot.id
        )

    def want(self) -> None:
        """Somebody looks: survey the weights on show, if that was not done. Ask again with other
        weights."""
        if self._wanted() is not None and not self._timer.isActive():
            self._timer.start()

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._timer.stop()
        self._thread.stop()
        self._thread.wait()

    def _wanted(self) -> SurveyRequest | None:
        """What to ask; None where it is known or on its way."""
        store, snapshot = self._store, self._store.snapshot
        if snapshot is None:
            return None
        passing = store.following or store.time_machine.shows(snapshot)
        count = _GLANCE if passing else None
        for request in (self._asked, self._known):
            if request is None or request.snapshot.run != snapshot.run:
                continue
            if request.snapshot.id == snapshot.id and request.count in (count, None):
                return None
            if store.following and (request is self._asked or snapshot.evaluation is None):
                return None  # a training shows its epochs, and one after the other
        return SurveyRequest(snapshot, count)

    @Slot()
    def _ask(self) -> None:
        request = self._wanted()
        if request is not None:
            self._asked = request
            self._thread.ask(request)

    @Slot(object)
    def _show_other_weights(self, snapshot: Snapshot) -> None:
        if snapshot.run != self._run:
            self._run = snapshot.run
            self._asked = self._known = None
            self._thread.cancel()
            if self.survey is not None or self.problem is not None:
                self.survey = self.problem = None
                self.surveyed.emit()

    @Slot(object)
    def _take(self, result: SurveyResult) -> None:
        if result.request is self._asked:
            self._asked, self._known = None, result.request
            self.survey, self.problem = result.survey, None
            self.surveyed.emit()

    @Slot(object, object)
    def _take_failure(self, job: SurveyRequest, error: StudioError) -> None:
        if job is self._asked:
            self._asked, self._known = None, job
            self.survey, self.problem = None, error
            self.surveyed.emit()
