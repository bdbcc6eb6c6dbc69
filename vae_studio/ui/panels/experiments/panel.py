"""The tutorial's experiments, one click each, one's own, and those that were tried."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.core.errors import SpecError
from vae_studio.core.experiments import EXPERIMENTS, Experiment, experiment
from vae_studio.session.trials import Trial
from vae_studio.ui import theme
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.experiments.card import ExperimentCard
from vae_studio.ui.panels.experiments.free import FreeExperiment
from vae_studio.ui.panels.experiments.trial_row import TrialRow
from vae_studio.ui.plan import TrainingPlan
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.field_edit import ChoiceEdit, NumberEdit, field_label

_EPOCHS = 5  # by default: an answer within minutes
_FIELDS = ("epochs", "train_size", "seed")


class ExperimentsPanel(Panel):
    """Signals: ``show_wanted(Trial)``; ``forgotten(Trial, function)``, which brings it back."""

    show_wanted = Signal(object)
    forgotten = Signal(object, object)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._experiments = store.experiments
        self.settings = TrainingPlan(self)
        self.settings.set_value("epochs", _EPOCHS)
        self.dataset = ChoiceEdit(self.settings, "dataset")
        store.data_sets.changed.connect(self.settings.changed)
        self.fields = {name: NumberEdit(self.settings, name) for name in _FIELDS}
        self.cards = {
            name: ExperimentCard(row, partial(self.run_experiment, name))
            for name, row in EXPERIMENTS.items()
        }
        self.free = FreeExperiment(store.plan, self.settings)
        self.free.wanted.connect(self._start)
        self.rows: list[TrialRow] = []
        self._current = QVBoxLayout()
        self._tried = QVBoxLayout()
        self._tried_head = self._heading(self.tr("Tried so far"))
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.GRID, theme.GRID)
        column.addLayout(self._make_settings())
        column.addLayout(self._current)
        for card in self.cards.values():
            column.addWidget(card)
        column.addWidget(self.free)
        column.addWidget(self._tried_head)
        column.addLayout(self._tried)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 2, 4)
        self.scroll = ColumnScroll(inside)
        layout.addWidget(self.scroll)
        self._experiments.changed.connect(self.refresh)
        self._experiments.progressed.connect(self._progress)
        self.settings.changed.connect(self.refresh)
        self._render()

    def _make_settings(self) -> QHBoxLayout:
        line = QHBoxLayout()
        line.setSpacing(theme.GRID)
        self.dataset.setMaximumWidth(110)
        line.addWidget(self.dataset)
        for name, field in self.fields.items():
            label = QLabel(field_label(name))
            label.setProperty("role", "muted")
            label.setBuddy(field)
            theme.tabular(field)
            field.setMaximumWidth(70)
            line.addWidget(label)
            line.addWidget(field)
            if name == "train_size":
                line.addWidget(self._all_hint())
        line.addStretch(1)
        return line

    def _all_hint(self) -> QLabel:
        label = QLabel(self.tr("0: all"))
        label.setProperty("role", "muted")
        return label

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "heading")
        label.setContentsMargins(0, theme.GRID, 0, 0)
        return label

    def run_experiment(self, name: str) -> None:
        """Try one of the tutorial's."""
        self._start(experiment(name, self.settings.plan.config))

    @Slot(object)
    def _start(self, wanted: Experiment) -> None:
        self._experiments.start(wanted)
        self.scroll.verticalScrollBar().setValue(0)
        for row in self.rows:
            if row.stop_button.isVisible():
                row.stop_button.setFocus()  # what was pressed cannot be pressed any more

    @Slot()
    def refresh(self) -> None:
        if self.on_screen:
            self._render()

    def _render(self) -> None:
        experiments = self._experiments
        if [row.trial for row in self.rows] != list(experiments.trials):
            self._make_rows()
        current = experiments.current
        for row in self.rows:
            is_current = current is not None and row.trial.path == current.path
            place = self._current if is_current else self._tried
            if place.indexOf(row) < 0:
                self._current.removeWidget(row)
                self._tried.removeWidget(row)
                place.insertWidget(self._place_of(row) if place is self._tried else 0, row)
            row.render_progress(experiments.arms(row.trial), is_current, experiments.can_start)
        others = [row for row in self.rows if self._tried.indexOf(row) >= 0]
        self._tried_head.setVisible(bool(others))
        reason = self._reason()
        for name, card in self.cards.items():
            card.enable(reason or self._reason_of(name))
        self.free.enable(reason)

    @Slot()
    def _progress(self) -> None:
        """The models that train are further."""
        if self.on_screen:
            for row in self.rows:
                if self._current.indexOf(row) >= 0:
                    row.render_progress(self._experiments.arms(row.trial), True, False)

    def _place_of(self, row: TrialRow) -> int:
        """Among those that were tried, the newest first."""
        before = self.rows[: self.rows.index(row)]
        return sum(self._tried.indexOf(other) >= 0 for other in before)

    def _reason(self) -> str:
        if self._experiments.current is not None:
            return self.tr("An experiment is going on; it comes first.")
        if not self._experiments.can_start:
            return self.tr("A training is going on; it comes first.")
        if self.settings.problems:
            return self.tr("Correct the fields above first.")
        return ""

    def _reason_of(self, name: str) -> str:
        """Why these images are not for that experiment."""
        try:
            experiment(name, self.settings.plan.config)
        except SpecError as error:
            return error_sentence(error)
        return ""

    def _make_rows(self) -> None:
        for row in self.rows:
            row.hide()
            row.setParent(None)
            row.deleteLater()
        self.rows = []
        for trial in self._experiments.trials:
            row = TrialRow(trial)
            row.show_wanted.connect(partial(self.show_wanted.emit, trial))
            row.resume_wanted.connect(partial(self._experiments.go_on, trial))
            row.stop_wanted.connect(self._experiments.stop)
            row.forget_wanted.connect(partial(self._forget, trial))
            self.rows.append(row)

    def _forget(self, trial: Trial) -> None:
        self.forgotten.emit(trial, self._experiments.forget(trial))
