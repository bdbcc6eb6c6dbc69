"""``ModelsTable``: the models and their figures as Qt's model; it sorts itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QImage

from vae_studio.session.drawing_jobs import InputMeasure
from vae_studio.ui import theme
from vae_studio.ui.measuring import Entry
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.all_models.columns import (
    COLUMNS,
    FIGURES,
    PLACE,
    about,
    best_of,
    figure,
    figure_text,
    figure_tip,
    name_tip,
    translated,
)
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.qimages import to_qimage

Index = QModelIndex | QPersistentModelIndex
ENTRY = Qt.ItemDataRole.UserRole  # the ``Entry`` of an index
PICTURE = Qt.ItemDataRole.UserRole + 1  # its reconstruction, a ``QImage`` or None
ABOUT = Qt.ItemDataRole.UserRole + 2  # the quiet line below its name
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class ModelsTable(QAbstractTableModel):
    """A row for each model."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.narrow = False  # short heads
        self._usual: tuple[Entry, ...] = ()
        self._sorted_by = (-1, True)  # column, ascending
        self._best: dict[str, set[Path]] = {}
        self._pictures: dict[Path, tuple[InputMeasure, QImage]] = {}
        self._told: int | None = None

    def set_entries(self, entries: Sequence[Entry], told: int | None) -> None:
        """Show these, sorted. entries: in their usual order. told: the class that the user says the
        input is."""
        self._usual, self._told = tuple(entries), told
        self._best = best_of(entries)
        paths = {entry.path for entry in entries}
        self._pictures = {path: kept for path, kept in self._pictures.items() if path in paths}
        if paths != {entry.path for entry in self.entries}:
            self.beginResetModel()
            self.entries = self._in_order()
            self.endResetModel()
            return
        self._sort_again()
        self._announce()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column from now on; by -1 as usual. Models without a figure stand last."""
        self._sorted_by = (column, order is Qt.SortOrder.AscendingOrder)
        self._sort_again()

    def _sort_again(self) -> None:
        before = {entry.path: place for place, entry in enumerate(self.entries)}
        entries = self._in_order()
        if [entry.path for entry in entries] == list(before):
            self.entries = entries
            return
        self.layoutAboutToBeChanged.emit()
        indexes = self.persistentIndexList()
        paths = [self.entries[index.row()].path for index in indexes]
        place_of = {entry.path: place for place, entry in enumerate(entries)}
        self.entries = entries
        now = [
            self.index(place_of[path], index.column())
            for path, index in zip(paths, indexes, strict=True)
        ]
        self.changePersistentIndexList(indexes, now)
        self.layoutChanged.emit()

    def _in_order(self) -> list[Entry]:
        place, ascending = self._sorted_by
        if place in (-1, PLACE["picture"]):
            return list(self._usual)
        column = COLUMNS[place]
        if column.value is None:
            return sorted(
                self._usual, key=lambda entry: entry.name.casefold(), reverse=not ascending
            )

        def key(entry: Entry) -> tuple[bool, float]:
            value = figure(entry, column)
            if value is None or math.isnan(value):
                return True, 0.0
            return False, value if ascending else -value

        return sorted(self._usual, key=key)

    def _announce(self) -> None:
        if self.entries:
            last = self.index(len(self.entries) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def set_narrow(self, narrow: bool) -> None:
        """Short heads, or whole ones."""
        if narrow != self.narrow:
            self.narrow = narrow
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def place_of(self, path: Path) -> int | None:
        """Where a model stands."""
        return next((n for n, entry in enumerate(self.entries) if entry.path == path), None)

    def is_best(self, entry: Entry, place: int) -> bool:
        """Whether no model has less in that column."""
        return entry.path in self._best.get(COLUMNS[place].name, ())

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return translated(column.short if self.narrow and column.short else column.title)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(translated(column.tip))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.value is not None else _LEFT
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        entry, place = self.entries[index.row()], index.column()
        column = COLUMNS[place]
        if role == ENTRY:
            return entry
        if role == PICTURE:
            return self._picture(entry)
        if role == ABOUT:
            return about(entry, self._told)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, place)
        if role == Qt.ItemDataRole.ToolTipRole:
            quiet = place in (PLACE["picture"], PLACE["name"])
            return tooltip(name_tip(entry, self._told) if quiet else figure_tip(entry, column))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.value is not None else _LEFT
        if role == Qt.ItemDataRole.FontRole and column.value is not None:
            return _figures(self.is_best(entry, place))
        if role == Qt.ItemDataRole.ForegroundRole and self.is_best(entry, place):
            return QColor(theme.colors().accent)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(entry, place)
        return None

    def _text(self, entry: Entry, place: int) -> str:
        measure, column = entry.measure, COLUMNS[place]
        if column.name == "name":
            return entry.name
        if measure is not None and measure.problem is not None:
            reason = error_sentence(measure.problem).replace(str(entry.path), entry.name)
            return reason if place == FIGURES[0] else ""
        return figure_text(figure(entry, column), column.decimals)

    def _spoken(self, entry: Entry, place: int) -> str | None:
        if COLUMNS[place].name == "picture":
            return self.tr("Reconstruction by {name}").format(name=entry.name)
        if COLUMNS[place].name == "name" and entry.snapshot is not None:
            return self.tr("{name}, on show").format(name=entry.name)
        if self.is_best(entry, place):
            return self.tr("{figure}, the least").format(figure=self._text(entry, place))
        return None

    def _picture(self, entry: Entry) -> QImage | None:
        measure = entry.measure
        if measure is None or measure.x_hat is None:
            return None
        known = self._pictures.get(entry.path)
        if known is None or known[0] is not measure:
            known = self._pictures[entry.path] = (measure, to_qimage(measure.x_hat))
        return known[1]


@cache
def _figures(bold: bool) -> QFont:
    font = QFont()
    font.setBold(bold)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
