"""``Overlays``: runs whose curves stand thinly in the plots, beside those of the run on show."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.core.spec import Likelihood
from vae_studio.session.requests import Result, RunRequest, RunResult

if TYPE_CHECKING:
    from vae_studio.core.runs import RunInfo
    from vae_studio.ui.library import Removal
    from vae_studio.ui.store import Store

_LANE = "overlay"  # and the folder: each run has a lane of its own


@dataclass(frozen=True)
class OverlaidRun:
    """rows: of ``metrics.csv``."""

    path: Path
    name: str
    likelihood: Likelihood
    rows: Sequence[Mapping[str, float]]


class Overlays(QObject):
    """runs: in the order they were chosen. Signals: ``changed()``; ``failed(StudioError)``."""

    changed = Signal()
    failed = Signal(object)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.runs: tuple[OverlaidRun, ...] = ()
        self._wanted: dict[Path, RunInfo] = {}  # that are being read
        store.answered.connect(self._take)
        store.library.renamed.connect(self._rename)
        store.library.removed.connect(self._drop)

    def toggle(self, infos: Sequence[RunInfo]) -> None:
        """Draw these runs, too; or no longer, where all of them are drawn already. Says so where
        one has another kind of loss than the run on show."""
        paths = [info.path for info in infos]
        shown = {run.path for run in self.runs}
        if shown.issuperset(paths):
            self._keep(lambda run: run.path not in paths)
            return
        for info in infos:
            if info.spec.likelihood != self._likelihood(info):
                self.failed.emit(StudioError("plots.unit", name=info.name))
            elif info.path not in shown:
                self._wanted[info.path] = info
                self._store.ask(f"{_LANE} {info.path}", RunRequest(info.path))

    def clear(self) -> None:
        """Draw none."""
        self._wanted.clear()
        self._keep(lambda run: False)

    def _likelihood(self, info: RunInfo) -> Likelihood:
        """Of the run on show; of that one, where there is none."""
        request, snapshot = self._store.training.view.request, self._store.snapshot
        if request is not None:
            return request.spec.likelihood
        return snapshot.spec.likelihood if snapshot is not None else info.spec.likelihood

    def _keep(self, wanted: Callable[[OverlaidRun], bool]) -> None:
        kept = tuple(run for run in self.runs if wanted(run))
        if kept != self.runs:
            self.runs = kept
            self.changed.emit()

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, RunResult) and lane.startswith(_LANE):
            info = self._wanted.pop(result.request.path, None)
            if info is not None:
                likelihood = info.spec.likelihood
                run = OverlaidRun(info.path, info.name, likelihood, result.rows)
                self.runs = (*self.runs, run)
                self.changed.emit()

    @Slot(object, str)
    def _rename(self, path: Path, name: str) -> None:
        self.runs = tuple(replace(run, name=name) if run.path == path else run for run in self.runs)
        self.changed.emit()

    @Slot(object)
    def _drop(self, removal: Removal) -> None:
        """Runs that were deleted are drawn no longer."""
        self._keep(lambda run: self._store.library.find(run.path) is not None)
