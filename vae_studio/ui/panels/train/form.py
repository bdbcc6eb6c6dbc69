"""``TrainForm``: the few fields that most trainings need; the configuration panel has them all."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QWidget

from vae_studio.core.variants import VARIANTS
from vae_studio.ui import theme
from vae_studio.ui.captions import spec_summary
from vae_studio.ui.plan import TrainingPlan
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.ui.widgets.field_edit import ChoiceEdit, NumberEdit

_LIVE = ("beta", "learning_rate")  # can be changed while a run trains
_FIELD_WIDTH = 52  # px


class TrainForm(QWidget):
    """Shows the plan; while something trains, what that trains with, of which β and the rate can
    still be changed."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._running = store, TrainingPlan(self)
        self.variant = QComboBox()
        self.variant.setMinimumWidth(110)
        for name, spec in VARIANTS.items():
            self.variant.addItem(name)
            row = self.variant.count() - 1
            self.variant.setItemData(row, spec_summary(spec), Qt.ItemDataRole.ToolTipRole)
        self.variant.activated.connect(lambda _: self._choose())
        names = {
            "epochs": self.tr("Epochs"),
            "batch_size": self.tr("Batch"),
            "learning_rate": self.tr("Rate"),
            "beta": "β",
            "beta_warmup": self.tr("Warm-up"),
            "seed": self.tr("Seed"),
        }
        self.dataset = ChoiceEdit(store.plan, "dataset")
        self.dataset.setMinimumWidth(118)  # Fashion-MNIST
        self.fields = {name: NumberEdit(store.plan, name) for name in names}
        for name in _LIVE:
            self.fields[name].committed.connect(lambda name=name: self._change(name))
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(theme.GRID)
        layout.setVerticalSpacing(2)
        tip = self.tr("Which model to train; the dot says that it was changed")
        self.variant.setToolTip(tip)
        self.variant.setAccessibleName(self.tr("Variant"))
        self._variant_label = QLabel()
        columns: list[tuple[QLabel, QWidget]] = [
            (self._variant_label, self.variant),
            (QLabel(self.tr("Data")), self.dataset),
        ]
        for name, text in names.items():
            field = self.fields[name]
            field.setMinimumWidth(_FIELD_WIDTH)
            theme.tabular(field)
            columns.append((QLabel(text), field))
        for column, (label, field) in enumerate(columns):
            label.setProperty("role", "muted")
            label.setBuddy(field)
            label.setToolTip(field.toolTip())
            layout.addWidget(label, 0, column)
            layout.addWidget(field, 1, column)
            layout.setColumnStretch(column, 2 if column < 2 else 1)
        store.plan.changed.connect(self._render_variant)
        store.training.started.connect(self._begin)
        store.training.journal_changed.connect(self._take_journal)
        store.training.changed.connect(self._render)
        self._render_variant()

    @property
    def plan(self) -> TrainingPlan:
        """What is shown."""
        return self.fields["beta"].plan

    def _choose(self) -> None:
        self._store.plan.choose(self.variant.currentText())

    def _change(self, name: str) -> None:
        """β or the rate was entered while something trains."""
        if self.plan is self._running and name not in self._running.problems:
            value = self._running.plan.value(name)
            self._store.training.change(name, value)  # type: ignore[arg-type]

    @Slot(object)
    def _begin(self, request: object) -> None:
        found = self._store.training.view.request
        if found is not None:
            self._running.show(found.variant, found.spec, found.config)
            self._bind(self._running)

    @Slot(object)
    def _take_journal(self, journal: object) -> None:
        view = self._store.training.view
        for name in _LIVE:
            if not self.fields[name].hasFocus():
                self._running.set_value(name, getattr(view, name))

    def _bind(self, plan: TrainingPlan) -> None:
        if plan is not self.plan:
            for field in (self.dataset, *self.fields.values()):
                field.bind(plan)
            self._render_variant()

    @Slot(object)
    def _render(self, view: TrainingView) -> None:
        if view.status is TrainStatus.IDLE:
            self._bind(self._store.plan)
        self.variant.setEnabled(view.can_start)
        self.dataset.setEnabled(view.can_start)
        for name, field in self.fields.items():
            field.setEnabled(view.can_start or (name in _LIVE and view.can_change))

    @Slot()
    def _render_variant(self) -> None:
        with QSignalBlocker(self.variant):
            self.variant.setCurrentText(self.plan.plan.variant)
        changed = len(self.plan.changed_fields)
        dot = " ●" if changed else ""
        self._variant_label.setText(self.tr("Variant") + dot)
        text = self.tr("Which model to train")
        if changed:
            text += "\n" + self.tr("{n} fields were changed from it", "", changed).format(n=changed)
        self._variant_label.setToolTip(text)
