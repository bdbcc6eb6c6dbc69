"""``FiguresTable``: what sets the models apart, and how they did; a column for each."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from vae_studio.core.compared import COLUMNS, Comparison
from vae_studio.core.report_figures import FigureTexts
from vae_studio.ui import theme
from vae_studio.ui.panels.comparison.name import RunName
from vae_studio.ui.report_words import say
from vae_studio.ui.widgets.field_edit import field_label

_BEST = "★"


class FiguresTable(QWidget):
    """The smallest figure of a row has a star where comparing is fair."""

    def __init__(self, comparison: Comparison, names: list[RunName]) -> None:
        super().__init__()
        self.texts: dict[tuple[str, int], str] = {}  # row and run -> what stands there
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * theme.GRID)
        self._grid.setVerticalSpacing(3)
        for number, name in enumerate(names, start=1):
            self._grid.addWidget(name, 0, number, Qt.AlignmentFlag.AlignRight)
            self._grid.setColumnStretch(number, 1)
        words = FigureTexts(comparison, say)
        for difference in comparison.differences:
            texts = [words.value(difference.field, value) for value in difference.values]
            self._add(difference.field, field_label(difference.field), "", texts, ())
        self._rule()
        best = comparison.best
        for column in COLUMNS:
            texts = [" ".join(words.figure(run, column)).strip() for run in comparison.runs]
            name = say(f"column.{column.name}")
            self._add(column.name, name, words.unit(column), texts, best[column.name])

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
