"""Editors of one field of a plan: they show its value, its range, and what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QSizePolicy, QWidget

from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import SpecError
from vae_studio.session.plan import FIELDS, choices, text_of
from vae_studio.ui.messages import sentence
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.plan import TrainingPlan

_DIGITS = (1.0, 2.0, 5.0)  # where a field goes by factors: 1, 2, 5, 10, 20, …


def field_label(name: str) -> str:
    """What a field is called on the screen."""
    return QCoreApplication.translate("Fields", FIELDS[name].metadata["label"])


def choice_text(name: str, value: Any) -> str:
    """What one of a field's few values is called on the screen."""
    if name == "dataset" and value in DATASETS:
        return DATASETS[value].title
    return str(value)


def field_unit(name: str) -> str:
    """Of its number; "" where it has none."""
    unit = FIELDS[name].metadata.get("unit", "")
    return QCoreApplication.translate("Fields", unit) if unit else ""


def field_help(name: str) -> str:
    """What it does to the model, with its formula, and its range."""
    metadata = FIELDS[name].metadata
    text = QCoreApplication.translate("Fields", metadata["help"]) + "."
    if "low" in metadata and not choices(name):
        span = QCoreApplication.translate("Fields", "From {low} to {high}.")
        text += " " + span.format(low=_short(metadata["low"]), high=_short(metadata["high"]))
    return text


def _short(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"


def problem_sentence(name: str, error: SpecError) -> str:
    """What is wrong with a field, under the name that it has on the screen."""
    return sentence(error.code, {**error.params, "field": field_label(name)})


class _Bound:
    """What all editors have: a plan, a field of it, and a tooltip that says what is wrong."""

    name: str
    plan: TrainingPlan
    render_plan: Callable[[], None]  # shows what the plan holds

    def bind(self, plan: TrainingPlan) -> None:
        """Show another plan from now on."""
        self.plan.changed.disconnect(self.render_plan)
        self.plan = plan
        plan.changed.connect(self.render_plan)
        self.render_plan()

    def _set_up(self: Any, plan: TrainingPlan, name: str) -> None:
        self.plan, self.name = plan, name
        self.setAccessibleName(field_label(name))
        self.setProperty("invalid", False)
        plan.changed.connect(self.render_plan)

    def _mark(self: Any) -> None:
        error = self.plan.problems.get(self.name)
        tip = field_help(self.name)
        if error is not None:
            tip = f"{problem_sentence(self.name, error)}\n{tip}"
        self.setToolTip(tooltip(tip))
        self.setAccessibleDescription(tip)
        if self.property("invalid") != (error is not None):
            self.setProperty("invalid", error is not None)
            self.style().unpolish(self)
            self.style().polish(self)


class NumberEdit(_Bound, QLineEdit):
    """A number, or several with commas. Anything can be typed; what is bad stays, in red. Arrow
    keys and wheel step. Signal: ``committed()``, on Enter or when the focus leaves."""

    committed = Signal()

    def __init__(self, plan: TrainingPlan, name: str, parent: QWidget | None = None) -> None:
        QLineEdit.__init__(self, parent)
        self._typing = False
        self._set_up(plan, name)
        self.textEdited.connect(self._take)
        self.editingFinished.connect(self._finish)
        self.render_plan()

    def render_plan(self) -> None:
        if not self._typing and self.text() != self.plan.text(self.name):
            self.setText(self.plan.text(self.name))
        self._mark()

    def _take(self, text: str) -> None:
        self._typing = True  # what stands here is what was typed, whatever the plan would write
        self.plan.set_text(self.name, text)
        self._typing = False

    def _finish(self) -> None:
        self.render_plan()
        self.committed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._step(1 if event.key() == Qt.Key.Key_Up else -1)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls what lies behind, unless the field was chosen."""
        if self.hasFocus() and event.angleDelta().y():
            self._step(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            event.ignore()

    def _step(self, direction: int) -> None:
        value, metadata = self.plan.plan.value(self.name), FIELDS[self.name].metadata
        if isinstance(value, tuple) or self.isReadOnly():
            return
        new = stepped(value, metadata["step"], direction)
        new = min(max(new, metadata["low"]), metadata["high"])
        self.plan.set_text(self.name, text_of(type(value)(new)))
        self.render_plan()


def stepped(value: float, step: float | str, direction: int) -> float:
    """The next value up or down: the next multiple of ``step``, or for "log" of 1, 2, 5, 10, …"""
    if step != "log":
        assert not isinstance(step, str)
        return (
            round((math.floor(value / step + 1e-9) + 1) * step, 9)
            if direction > 0
            else round((math.ceil(value / step - 1e-9) - 1) * step, 9)
        )
    if value <= 0:
        return 1e-6 if direction > 0 else 0.0
    ladder = [digit * 10.0**power for power in range(-9, 7) for digit in _DIGITS]
    if direction > 0:
        return min(rung for rung in ladder if rung > value * 1.001)
    return max((rung for rung in ladder if rung < value * 0.999), default=0.0)


class ChoiceEdit(_Bound, QComboBox):
    """One of a few values."""

    def __init__(self, plan: TrainingPlan, name: str, parent: QWidget | None = None) -> None:
        QComboBox.__init__(self, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self._choices: tuple[Any, ...] = ()
        self._set_up(plan, name)
        self.activated.connect(lambda index: self.plan.set_value(self.name, self.itemData(index)))
        self.render_plan()

    def render_plan(self) -> None:
        value, possible = self.plan.plan.value(self.name), choices(self.name, self.plan.plan)
        if value not in possible:
            possible = (*possible, value)  # what a run was trained with, and is not here any more
        with QSignalBlocker(self):
            if possible != self._choices:
                self._choices = possible
                self.clear()
                for each in possible:
                    self.addItem(choice_text(self.name, each), each)
            self.setCurrentIndex(possible.index(value))
        self._mark()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls what lies behind, unless the box was chosen."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SwitchEdit(_Bound, QCheckBox):
    """Yes or no."""

    def __init__(self, plan: TrainingPlan, name: str, parent: QWidget | None = None) -> None:
        QCheckBox.__init__(self, parent)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._set_up(plan, name)
        self.clicked.connect(lambda on: self.plan.set_value(self.name, on))
        self.render_plan()

    def render_plan(self) -> None:
        with QSignalBlocker(self):
            self.setChecked(bool(self.plan.plan.value(self.name)))
        self._mark()


FieldEdit = NumberEdit | ChoiceEdit | SwitchEdit


def field_edit(plan: TrainingPlan, name: str) -> FieldEdit:
    """The editor that fits the field."""
    if choices(name):
        return ChoiceEdit(plan, name)
    return (
        SwitchEdit(plan, name) if isinstance(FIELDS[name].default, bool) else NumberEdit(plan, name)
    )
