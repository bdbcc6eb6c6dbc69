"""``FiguresTable``: what sets the models apart, and how they did; a column for each."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from vae_studio.core.compared import COLUMNS, ComparedRun, Comparison
from vae_studio.core.experiments import value_text
from vae_studio.core.report_parts import figure_text
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.ui import theme
from vae_studio.ui.panels.comparison.name import RunName
from vae_studio.ui.report_words import say

_BEST = "★"
_UNITS = {
    "squared_error": "unit.squared_error",
    "bernoulli": "unit.bernoulli_pixel",
    "kl": "unit.kl",
    "seconds": "unit.seconds",
}


class FiguresTable(QWidget):
    """The smallest figure of a row has a star where comparing is fair."""

    def __init__(self, comparison: Comparison, names: list[RunName]) -> None:
        super().__init__()
        self._comparison = comparison
        self.texts: dict[tuple[str, int], str] = {}  # row and run -> what stands there
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.GRID)
        self._grid.setVerticalSpacing(3)
        for number, name in enumerate(names, start=1):
            self._grid.addWidget(name, 0, number, Qt.AlignmentFlag.AlignRight)
            self._grid.setColumnStretch(number, 1)
        for difference in comparison.differences:
            texts = [_value(difference.field, value) for value in difference.values]
            self._add(difference.field, _label(difference.field), "", texts, ())
        self._rule()
        best = comparison.best
        for column in COLUMNS:
            texts = [self._cell(run, column.name, column.digits) for run in comparison.runs]
            unit = self._unit(column.name)
            self._add(column.name, say(f"column.{column.name}"), unit, texts, best[column.name])

    def _add(
        self, key: str, name: str, unit: str, texts: list[str], best: tuple[int, ...] | None
    ) -> None:
        line = self._grid.rowCount()
        head = QLabel(f"{name}, {unit}" if unit else name)
        head.setProperty("role", "muted")
        head.setTextFormat(Qt.TextFormat.PlainText)
        self._grid.addWidget(head, line, 0)
        for number, text in enumerate(texts):
            is_best = number in (best or ())
            shown = f"{_BEST} {text}" if is_best else text
            label = QLabel(shown)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            theme.tabular(label)
            if is_best:
                label.setProperty("role", "number")
                label.setToolTip(say("best"))
            self.texts[key, number] = shown
            self._grid.addWidget(label, line, number + 1)

    def _rule(self) -> None:
        self._grid.setRowMinimumHeight(self._grid.rowCount(), theme.GRID)

    def _unit(self, column: str) -> str:
        if column in ("reconstruction", "negative_elbo"):
            one = self._comparison.comparable_loss
            return _loss_unit(self._comparison.runs[0], column) if one else ""
        return say(_UNITS[column]) if column in _UNITS else ""

    def _cell(self, run: ComparedRun, column: str, digits: int) -> str:
        if column == "active_units":
            active = run.evaluation.active_units
            return say("active", active=active, size=run.spec.latent_dim)
        text = figure_text(run.figure(column), digits)
        if column in ("reconstruction", "negative_elbo") and not self._comparison.comparable_loss:
            return f"{text} {_loss_unit(run, column)}"
        return text


def _loss_unit(run: ComparedRun, column: str) -> str:
    if run.spec.likelihood == "mse" and column == "negative_elbo":
        return say("unit.mse.total")
    return say(f"unit.{run.spec.likelihood}")


def _label(field: str) -> str:
    from vae_studio.ui.widgets.field_edit import field_label

    known = {item.name for item in (*fields(ModelSpec), *fields(TrainConfig))}
    return field_label(field) if field in known else field


def _value(field: str, value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if field == "train_size" and value == 0:
        return say("all")
    if field == "likelihood":
        return say(f"likelihood.{value}")
    return value_text(value)
