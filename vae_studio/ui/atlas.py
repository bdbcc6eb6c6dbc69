"""``Atlas``: where the images lie in the latent space of the weights on show, and on its map."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import StudioError
from vae_studio.core.maps import PlaneMap
from vae_studio.core.surveyed import Survey
from vae_studio.session.jobs import (
    CrowdRequest,
    CrowdResult,
    MapRequest,
    MapResult,
    SurveyRequest,
    SurveyResult,
)
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store

_PAUSE = 120  # ms that weights are on show before they are surveyed: a hand may pass them by
_GLANCE = 2000  # test images for weights that are soon others: a moment, a training


class Atlas(QObject):
    """survey: the latest of this run; of other weights of it until the new one is there. None
    where nobody asked, or where it was not possible: ``problem`` then says why. map: of ``survey``.
    crowd: the training images on that map, where they are wanted. looking: how far a survey is;
    arranging: how far t-SNE is; None where none is on its way.

    Signals: ``surveyed()``: another survey, or none; ``mapped()``: another map or crowd, or none;
    ``looking_changed()``; ``arranging_changed()``.
    """

    surveyed = Signal()
    mapped = Signal()
    looking_changed = Signal()
    arranging_changed = Signal()

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
        self._thread.progressed.connect(self._take_survey_progress)
        self.looking: float | None = None
        self.map: MapResult | None = None
        self.crowd: CrowdResult | None = None
        self.arranging: float | None = None
        self._plane: MapResult | None = None
        self._neighbours: MapResult | None = None
        self._by_neighbours = False
        self._crowd_asked: PlaneMap | None = None
        self._mapping: Survey | None = None  # of which a plane is on its way, or there
        self._wants_crowd = False
        self._looked_at = ""  # the id of the weights that somebody wanted surveyed
        self._map_thread = self._job_thread("map", self._take_map)
        self._tsne_thread = self._job_thread("t-SNE", self._take_map)
        self._tsne_thread.progressed.connect(self._take_progress)
        self._tsne_thread.failed.connect(lambda *_: self.arrange(False))
        self._crowd_thread = self._job_thread("crowd", self._take_crowd)
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

    @property
    def of_run(self) -> Survey | None:
        """``survey``, where it is of the run on show; while another opens, it is of the one
        before for a moment."""
        snapshot = self._store.snapshot
        return self.survey if snapshot is not None and snapshot.run == self._run else None

    def want(self) -> None:
        """Somebody looks: survey the weights on show, if that was not done. Ask again with other
        weights."""
        snapshot = self._store.snapshot
        if snapshot is not None and self._wanted() is not None:
            self._looked_at = snapshot.id
            if not self._timer.isActive():
                self._timer.start()

    @Slot()
    def look_again(self) -> None:
        """Other data sets are here: what could not be surveyed without its images may be now."""
        snapshot = self._store.snapshot
        if self.problem is None or snapshot is None or snapshot.config.dataset not in DATASETS:
            return
        self.problem = self._known = None
        self.surveyed.emit()
        if snapshot.id == self._looked_at:
            self._timer.start()

    # The map -------------------------------------------------------------------------------

    @property
    def by_neighbours(self) -> bool:
        """Whether t-SNE is wanted; until it is done, the plane is shown."""
        return self._by_neighbours

    def want_map(self, crowd: bool) -> None:
        """Somebody looks at the map. crowd: with the training images."""
        self.want()
        self._wants_crowd = crowd
        self._ask_plane()
        self._ask_crowd()
        if not crowd and self.crowd is not None:
            self.crowd = None
            self._crowd_thread.cancel()
            self.mapped.emit()

    def arrange(self, by_neighbours: bool) -> None:
        """Show the map by t-SNE, which takes half a minute the first time, or the plane again."""
        if by_neighbours == self._by_neighbours:
            return
        self._by_neighbours = by_neighbours
        if not by_neighbours:
            self._tsne_thread.cancel()
            self._set_arranging(None)
        elif self._neighbours is None and self.survey is not None:
            self._set_arranging(0.0)
            self._tsne_thread.ask(MapRequest(self.survey, by_neighbours=True))
        self._choose_map()

    def _ask_plane(self) -> None:
        survey = self.survey
        if survey is None or self._mapping is survey:
            return
        if self._plane is None or self._plane.request.survey is not survey:
            like = self._plane.map if self._plane is not None else None
            self._mapping = survey
            self._map_thread.ask(MapRequest(survey, like=like))

    def _ask_crowd(self) -> None:
        """The training images belong on a plane; where t-SNE would put them, nobody knows."""
        plane, snapshot = self._plane, self._store.snapshot
        if not self._wants_crowd or plane is None or snapshot is None or not self.is_current:
            return
        assert isinstance(plane.map, PlaneMap)
        if self._crowd_asked is not plane.map:
            self._crowd_asked = plane.map
            self._crowd_thread.ask(CrowdRequest(snapshot, plane.map))

    def _choose_map(self) -> None:
        chosen = self._plane
        if self._by_neighbours and self._neighbours is not None:
            chosen = self._neighbours
        self.map = chosen
        self.mapped.emit()

    def _drop_maps(self) -> None:
        """Of another run, or of what could not be surveyed."""
        self._plane = self._neighbours = self.crowd = self._crowd_asked = None
        self._mapping = None
        self._by_neighbours = False
        for thread in (self._map_thread, self._tsne_thread, self._crowd_thread):
            thread.cancel()
        self._set_arranging(None)
        self._choose_map()

    def _set_arranging(self, share: float | None) -> None:
        if share != self.arranging:
            self.arranging = share
            self.arranging_changed.emit()

    @Slot(object)
    def _take_map(self, result: MapResult) -> None:
        if result.request.survey is not self.survey:
            return
        if result.request.by_neighbours:
            self._neighbours = result
            self._set_arranging(None)
        else:
            self._plane, self._crowd_asked, self.crowd = result, None, None
        self._choose_map()

    @Slot(object, float)
    def _take_progress(self, job: MapRequest, share: float) -> None:
        if self._by_neighbours and job.survey is self.survey:
            self._set_arranging(share)

    @Slot(object)
    def _take_crowd(self, result: CrowdResult) -> None:
        if self._wants_crowd and result.request.plane is self._crowd_asked:
            self.crowd = result
            self.mapped.emit()

    def _job_thread(self, name: str, take: Callable[[Any], None]) -> JobThread:
        thread = JobThread(name, self)
        thread.done.connect(take)
        thread.failed.connect(lambda _job, error: self._store.failed.emit(error))
        return thread

    # The survey ----------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._timer.stop()
        threads = (self._thread, self._map_thread, self._tsne_thread, self._crowd_thread)
        for thread in threads:
            thread.stop()
        for thread in threads:
            thread.wait()

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
        if request is not None and request.snapshot.id == self._looked_at:
            self._asked = request
            self._thread.ask(request)

    def _set_looking(self, share: float | None) -> None:
        if share != self.looking:
            self.looking = share
            self.looking_changed.emit()

    @Slot(object, float)
    def _take_survey_progress(self, job: SurveyRequest, share: float) -> None:
        if job is self._asked:
            self._set_looking(share)

    @Slot(object)
    def _show_other_weights(self, snapshot: Snapshot) -> None:
        if snapshot.run != self._run:
            self._run = snapshot.run
            self._asked = self._known = None
            self._thread.cancel()
            self._set_looking(None)
            if self.survey is not None or self.problem is not None:
                self.survey = self.problem = None
                self._drop_maps()
                self.surveyed.emit()

    @Slot(object)
    def _take(self, result: SurveyResult) -> None:
        if result.request is self._asked:
            self._asked, self._known = None, result.request
            self.survey, self.problem = result.survey, None
            self._set_looking(None)
            if self._by_neighbours or self._neighbours is not None:  # of other weights
                self._neighbours = None
                self._by_neighbours = False
                self._tsne_thread.cancel()
                self._set_arranging(None)
            self.surveyed.emit()

    @Slot(object, object)
    def _take_failure(self, job: SurveyRequest, error: StudioError) -> None:
        if job is self._asked:
            self._asked, self._known = None, job
            self.survey, self.problem = None, error
            self._set_looking(None)
            self._drop_maps()
            self.surveyed.emit()
