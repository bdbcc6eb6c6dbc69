"""``TimeMachine``: the run whose training is on show, and its moments, which one can go back to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vae_studio.core.events import EpochDone
from vae_studio.core.moments import list_moments, nearest
from vae_studio.session.requests import (
    DecodeResult,
    MomentRequest,
    MomentResult,
    Result,
    RunRequest,
    RunResult,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store
    from vae_studio.workers.train_thread import TrainRequest

_FRAME_MS = 120  # between two moments of the film: 64 take eight seconds


class TimeMachine(QObject):
    """folder: of the run on show: what trains, else the model that was opened. moments: its steps.
    moment: the one whose weights are shown, None while these are the run's latest.

    Signals: ``opened(RunResult)``: a run that does not train is on show now; ``moments_changed()``;
    ``moment_changed()``; ``playing_changed(bool)``.
    """

    opened = Signal(object)
    moments_changed = Signal()
    moment_changed = Signal()
    playing_changed = Signal(bool)

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.folder: Path | None = None
        self.moments: tuple[int, ...] = ()
        self.moment: int | None = None
        self._wanted: Path | None = None  # to be asked for
        self._asked: Path | None = None
        self._latest: Snapshot | None = None  # what was shown before the first moment was
        self._film = QTimer(self, interval=_FRAME_MS)
        self._film.timeout.connect(self._next_frame)
        store.answered.connect(self._take_answer)
        store.snapshot_changed.connect(self._take_snapshot)
        store.decoded.connect(self._ask_run)
        store.training.started.connect(self._begin)
        store.training.events_arrived.connect(self._take_events)
        store.training.saved.connect(self._move)
        store.training.ended.connect(self._look_again)

    # Which run -----------------------------------------------------------------------------

    @Slot(object)
    def _begin(self, request: TrainRequest) -> None:
        self.folder, self._asked, self._latest = request.folder, None, None
        self._leave()
        self._set_moments(())

    @Slot(object)
    def _move(self, folder: Path) -> None:
        self.folder = folder
        self._look_again()

    @Slot(object)
    def _take_events(self, events: Sequence[object]) -> None:
        if any(isinstance(event, EpochDone) for event in events):
            self._look_again()

    @Slot()
    def _look_again(self, *_: object) -> None:
        if self.folder is not None:
            self._set_moments(list_moments(self.folder))

    def _set_moments(self, steps: tuple[int, ...]) -> None:
        if steps != self.moments:
            self.moments = steps
            self.moments_changed.emit()

    @Slot(object)
    def _take_snapshot(self, snapshot: Snapshot) -> None:
        """Another model: its training is on show from now on, unless something trains."""
        folder = Path(snapshot.run)
        if self.moment is not None and not self.shows(snapshot):
            self._leave()
        known = folder in (self.folder, self._asked)
        self._wanted = None if known or self._store.training.view.request else folder

    @Slot(object)
    def _ask_run(self, result: DecodeResult) -> None:
        """Once its picture is there, which nobody should have to wait for."""
        folder, self._wanted = self._wanted, None
        if folder is not None and self._store.training.view.request is None:
            self._asked = folder
            self._store.ask("run", RunRequest(folder))

    def _show(self, result: RunResult) -> None:
        self.folder, self._asked, self._latest = result.request.path, None, None
        self._leave()
        self.moments = result.moments
        self.opened.emit(result)
        self.moments_changed.emit()

    # Which moment --------------------------------------------------------------------------

    def go_to(self, step: int) -> None:
        """Show the weights of the moment nearest to ``step``."""
        if self.folder is not None and self.moments:
            step = nearest(self.moments, step)
            self._store.ask("moment", MomentRequest(self.folder, step))

    def shows(self, snapshot: Snapshot) -> bool:
        """Whether these weights are a moment's, of which there are no figures."""
        return snapshot.id.endswith(":moment")

    def go_to_latest(self) -> None:
        """The weights of now again, or of the end."""
        self.stop_film()
        if self.moment is None or self.folder is None:
            return
        request = self._store.training.view.request
        if request is not None and request.folder == self.folder:
            self._store.follow(True)
        elif self._latest is not None:
            self._store.show_moment(self._latest)
        else:
            self._store.open_model(self.folder)
        self._leave()

    def branch(self) -> None:
        """Train on from the weights that are shown, as a new run."""
        if self._store.snapshot is not None:
            self.stop_film()
            self._store.launcher.branch(self._store.snapshot)

    @Slot(str, object)
    def _take_answer(self, lane: str, result: Result) -> None:
        if isinstance(result, RunResult):
            if result.request.path == self._asked and self._store.training.view.request is None:
                self._show(result)
        elif isinstance(result, MomentResult) and result.request.path == self.folder:
            before = self._store.snapshot
            if self.moment is None and before is not None and Path(before.run) == self.folder:
                self._latest = before
            self.moment = result.request.step
            self._store.show_moment(result.snapshot)
            self.moment_changed.emit()

    def _leave(self) -> None:
        self.stop_film()
        if self.moment is not None:
            self.moment = None
            self.moment_changed.emit()

    # The film ------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether the run is shown as a film."""
        return self._film.isActive()

    def play_or_stop(self) -> None:
        """Show the run from its beginning, or from the moment that is shown; or stop there."""
        if self.playing:
            self.stop_film()
        elif self.moments:
            at_end = self.moment is None or self.moment >= self.moments[-1]
            self.go_to(self.moments[0] if at_end or self.moment is None else self.moment)
            self._film.start()
            self.playing_changed.emit(True)

    def stop_film(self) -> None:
        """Stay where it is."""
        if self.playing:
            self._film.stop()
            self.playing_changed.emit(False)

    @Slot()
    def _next_frame(self) -> None:
        later = [step for step in self.moments if self.moment is None or step > self.moment]
        if self.moment is None:  # the first one is still on its way
            return
        if later:
            self.go_to(later[0])
        else:
            self.stop_film()
