"""Train a model: form, buttons, progress, plots, film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from vae_studio.core.events import EpochDone
from vae_studio.core.spec import Likelihood, ModelSpec
from vae_studio.session.requests import RunResult
from vae_studio.ui.captions import unit
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.train.alarm_line import AlarmLine
from vae_studio.ui.panels.train.controls import TrainControls
from vae_studio.ui.panels.train.film import Film
from vae_studio.ui.panels.train.form import TrainForm
from vae_studio.ui.panels.train.plots_place import PlotsPlace
from vae_studio.ui.panels.train.time_bar import TimeBar
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView
from vae_studio.workers.train_thread import TrainRequest

if TYPE_CHECKING:
    from vae_studio.core.control import Change
    from vae_studio.core.events import Event
    from vae_studio.ui.panels.train.plots import LossPlots

_LATER_MS = 300  # so long the first sliders are free before the plots are made


class TrainPanel(Panel):
    """What is trained and how; then watch it."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.form = TrainForm(store)
        self.controls = TrainControls(store)
        self.alarm = AlarmLine(store)
        self._place = PlotsPlace()
        self._place.made.connect(self._wire_plots)
        self.film = Film()
        self.film.setToolTip(self.tr("Two fixed points of the prior, decoded after every epoch"))
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addWidget(self.form)
        layout.addWidget(self.controls)
        layout.addWidget(self.alarm)
        self.time_bar = TimeBar(store)
        layout.addWidget(self._place, 1)
        layout.addWidget(self.time_bar)
        layout.addWidget(self.film)
        store.training.started.connect(self._begin)
        store.training.changed.connect(self._render)
        store.training.events_arrived.connect(self._add_events)
        store.training.resumed.connect(self._show_past)
        store.training.journal_changed.connect(self._mark_changes)
        machine = store.time_machine
        machine.opened.connect(self._show_run)
        machine.moments_changed.connect(self._show_moments)
        machine.moment_changed.connect(self._show_moment)
        self._likelihood: Likelihood = "bernoulli"  # of the run in the plots
        store.overlays.changed.connect(self._overlay)
        self._render(store.training.view)

    @property
    def has_plots(self) -> bool:
        """Whether there was something to draw, and the plots are made."""
        return self._place.has_plots

    @property
    def plots(self) -> LossPlots:
        """Of the losses; made when there are some, or when somebody asks for them."""
        return self._place.plots

    @Slot(object)
    def _wire_plots(self, plots: LossPlots) -> None:
        plots.failed.connect(self.store.failed)
        plots.moment_dragged.connect(self._drag)
        self._show_moments()
        self._show_moment()
        self._overlay()

    @Slot()
    def _show_moments(self) -> None:
        if self._place.has_plots:
            self.plots.set_moments(self.store.time_machine.moments)

    @Slot()
    def _show_moment(self) -> None:
        if self._place.has_plots:
            self.plots.set_moment(self.store.time_machine.moment)

    def start_or_pause(self) -> None:
        """Space: train, or hold, or go on."""
        self.store.launcher.start_or_pause()

    @Slot(int)
    def _drag(self, step: int) -> None:
        self.store.time_machine.stop_film()
        self.store.time_machine.go_to(step)

    @Slot(object)
    def _show_run(self, result: RunResult) -> None:
        """How a run that was opened was trained. The first time its picture and its sliders come
        before its plots, which take a tenth of a second to make."""
        info, epochs = result.info, [int(row["epoch"]) for row in result.rows]
        self.film.clear()
        self.film.resume(info.path, info.spec.image_shape, epochs)
        self._place.tell(partial(self._draw_run, result), _LATER_MS)

    def _draw_run(self, result: RunResult, plots: LossPlots) -> None:
        info, rows = result.info, result.rows
        plots.clear(_steps_per_epoch(rows))
        self._measure_in(info.spec, plots)
        plots.resume(rows)
        plots.set_changes(info.journal)
        self._show_moments()
        self._show_moment()

    def _measure_in(self, spec: ModelSpec, plots: LossPlots) -> None:
        self._likelihood = spec.likelihood
        plots.set_unit(unit(spec))
        self._overlay()

    @Slot()
    def _overlay(self) -> None:
        """Beside the run on show those that were chosen, where their losses have its unit."""
        if self._place.is_told or self.store.overlays.runs:
            self._place.tell(self._draw_overlays, after_ms=0)

    def _draw_overlays(self, plots: LossPlots) -> None:
        plots.set_overlays(
            [
                (run.name, "", run.rows)
                for run in self.store.overlays.runs
                if run.likelihood == self._likelihood
            ]
        )

    @Slot(object)
    def _mark_changes(self, changes: Sequence[Change]) -> None:
        if not changes and not self._place.has_plots:
            return
        said = [(each.step, each.field, each.value) for each in changes]
        self._place.tell(lambda plots: plots.set_changes(said))

    @Slot(object)
    def _show_past(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Of a run that goes on: its losses and samples so far."""
        request = self.store.training.view.request
        if request is not None:
            self._place.tell(lambda plots: plots.resume(rows), after_ms=0)
            epochs = [int(row["epoch"]) for row in rows]
            self.film.resume(request.folder, request.spec.image_shape, epochs)

    @Slot(object)
    def _begin(self, request: TrainRequest) -> None:
        def clear(plots: LossPlots) -> None:
            plots.clear(1)
            self._measure_in(request.spec, plots)

        self._place.tell(clear)
        self.film.clear()

    @Slot(object)
    def _render(self, view: TrainingView) -> None:
        if view.request and view.steps:
            steps = view.steps // view.request.config.epochs
            self._place.tell(lambda plots: plots.set_steps_per_epoch(steps))

    @Slot(object)
    def _add_events(self, events: Sequence[Event]) -> None:
        self._place.tell(lambda plots: plots.add(events), after_ms=0)
        for event in events:
            if isinstance(event, EpochDone):
                self.film.add(event)


def _steps_per_epoch(rows: Sequence[Mapping[str, float]]) -> int:
    last = rows[-1] if rows else {"step": 1, "epoch": 1}
    return max(1, round(last["step"] / max(1, last["epoch"])))
