"""``DataSets``: the sets that are here and those that could be; fetching, importing, removing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.sets_folder import put_back, register_stored, set_aside
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import StudioError
from vae_studio.session.data_jobs import (
    FetchRequest,
    FetchResult,
    ImportRequest,
    ImportResult,
    SampleRequest,
    SampleResult,
)
from vae_studio.session.folders import data_folder
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.ui.store import Store

_SOON = 1.0  # seconds before which nobody knows how long it takes


@dataclass(frozen=True)
class DataWork:
    """What goes on. title: of the set. share: that is done. seconds_left: None while nobody knows.
    ending: whether it was told to stop."""

    job: FetchRequest | ImportRequest
    title: str
    share: float = 0.0
    seconds_left: float | None = None
    ending: bool = False


class _Thread(JobThread):
    """One that says of a job, too, that was given up before it began."""

    def cancel(self) -> None:
        given_up = self._waiting
        super().cancel()
        if given_up is not None:
            self.cancelled.emit(given_up)


class DataSets(QObject):
    """work: what is fetched or imported now, or None.

    Signals: ``changed()``: other sets are here. ``work_changed()``. ``added(DatasetInfo)``: a set
    was fetched or imported. ``imported(ImportResult)``. ``import_failed(ImportRequest, error)``.
    ``import_cancelled(ImportRequest)``. ``removed(DatasetInfo, Path)``: it can be put back from
    there. ``sampled(SampleResult)``: some of the images that were asked for.
    ``import_wanted(Path)``: somebody dropped or chose something to learn from.
    ``shown(str)``: one of them is to be looked at.
    """

    changed = Signal()
    work_changed = Signal()
    added = Signal(object)
    imported = Signal(object)
    import_failed = Signal(object, object)
    import_cancelled = Signal(object)
    removed = Signal(object, object)
    sampled = Signal(object)
    import_wanted = Signal(object)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.work: DataWork | None = None
        self._begun = 0.0
        self._thread = _Thread("data", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(self._take_progress)
        self._thread.cancelled.connect(self._take_end)
        self._sampler = JobThread("data samples", self)
        self._sampler.done.connect(self._take_sample)
        self._sampler.failed.connect(self._sample_failed)

    # What there is -------------------------------------------------------------------------

    def rows(self) -> list[DatasetInfo]:
        """Those that are here, then those that can be fetched."""
        missing = [known.info for name, known in KNOWN.items() if name not in DATASETS]
        return [*DATASETS.values(), *missing]

    def look_again(self) -> None:
        """Another program, or the command line, may have added some."""
        before = dict(DATASETS)
        register_stored(data_folder())
        if before != DATASETS:
            self.changed.emit()

    def sample(self, info: DatasetInfo) -> None:
        """Ask for some of its images."""
        self._sampler.ask(SampleRequest(info))

    # What is done --------------------------------------------------------------------------

    def fetch(self, name: str, files: Path | None = None) -> None:
        """Download a known set, or take it from ``files``."""
        title = KNOWN[name].info.title
        self._begin(FetchRequest(name, title, data_folder(), files), title)

    def begin_import(self, request: ImportRequest) -> None:
        """Make a set of one's own pictures."""
        self._begin(request, request.title)

    def cancel(self) -> None:
        """Give up what goes on; it says so at once, and ends soon."""
        if self.work is not None:
            self.work = replace(self.work, ending=True)
            self._thread.cancel()
            self.work_changed.emit()

    def remove(self, info: DatasetInfo) -> None:
        """Take a stored set away; for a day it can be put back."""
        try:
            away = set_aside(info)
        except StudioError as error:
            self._store.failed.emit(error)
            return
        self.changed.emit()
        self.removed.emit(info, away)

    def restore(self, info: DatasetInfo, away: Path) -> None:
        """Put a removed set back."""
        try:
            put_back(info, away)
        except StudioError as error:
            self._store.failed.emit(error)
        self.changed.emit()

    def shutdown(self) -> None:
        """Give up what runs, and end: half a set is never kept."""
        for thread in (self._thread, self._sampler):
            thread.stop()
        for thread in (self._thread, self._sampler):
            thread.wait()

    def _begin(self, job: FetchRequest | ImportRequest, title: str) -> None:
        if self.work is not None:
            self._store.failed.emit(StudioError("data.busy", title=self.work.title))
            return
        self._begun = time.monotonic()
        self.work = DataWork(job, title)
        self._thread.ask(job)
        self.work_changed.emit()

    @Slot(object, float)
    def _take_progress(self, job: object, share: float) -> None:
        if self.work is None or self.work.job is not job:
            return
        passed = time.monotonic() - self._begun
        left = passed * (1.0 - share) / share if share > 0.0 and passed > _SOON else None
        self.work = replace(self.work, share=share, seconds_left=left)
        self.work_changed.emit()

    @Slot(object)
    def _take(self, result: FetchResult | ImportResult) -> None:
        """Also of a job that was told to stop when it was as good as done: the set is there."""
        self._end(result.request)
        self.changed.emit()
        if isinstance(result, ImportResult):
            self.imported.emit(result)
            self.added.emit(result.imported.info)
        else:
            self.added.emit(result.info)

    @Slot(object, object)
    def _take_failure(self, job: FetchRequest | ImportRequest, error: StudioError) -> None:
        self._end(job)
        if isinstance(job, ImportRequest):
            self.import_failed.emit(job, error)
        else:
            self._store.failed.emit(error)

    @Slot(object)
    def _take_end(self, job: FetchRequest | ImportRequest) -> None:
        self._end(job)
        if isinstance(job, ImportRequest):
            self.import_cancelled.emit(job)

    def _end(self, job: object) -> None:
        if self.work is not None and self.work.job is job:
            self.work = None
            self.work_changed.emit()

    @Slot(object)
    def _take_sample(self, result: SampleResult) -> None:
        self.sampled.emit(result)

    @Slot(object, object)
    def _sample_failed(self, job: SampleRequest, error: StudioError) -> None:
        self._store.failed.emit(error)
