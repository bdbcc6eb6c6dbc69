"""The runs as Qt's models: ``RunsModel`` has them, ``RunsProxy`` sorts and filters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont

from vae_studio.core.annotations import parse_tags
from vae_studio.session.run_filter import RunFilter
from vae_studio.ui import theme
from vae_studio.ui.panels.runs.columns import COLUMNS, PLACE, Column, Row
from vae_studio.ui.panels.runs.texts import tooltip

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole  # the ``Row`` of an index
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class RunsModel(QAbstractTableModel):
    """Signals: ``name_entered(RunInfo, name)`` and ``tags_entered(RunInfo, tags)``, what was typed
    into a cell; the rows change when that has happened."""

    name_entered = Signal(object, str)
    tags_entered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._shown: Path | None = None

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; what is there already keeps its place, and with it the selection."""
        wanted = {row.info.path for row in rows}
        for place in reversed(range(len(self.rows))):
            if self.rows[place].info.path not in wanted:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self.rows[place]
                self.endRemoveRows()
        for place, row in enumerate(rows):
            if place < len(self.rows) and self.rows[place].info.path == row.info.path:
                self._replace(place, row)
                continue
            later = self.place_of(row.info.path)
            if later is not None:  # in another order, as when a run was created anew
                self.beginRemoveRows(QModelIndex(), later, later)
                del self.rows[later]
                self.endRemoveRows()
            self.beginInsertRows(QModelIndex(), place, place)
            self.rows.insert(place, row)
            self.endInsertRows()

    def _replace(self, place: int, row: Row) -> None:
        if self.rows[place] != row:
            self.rows[place] = row
            self.announce(place)

    def announce(self, place: int) -> None:
        """A row looks otherwise now."""
        # All of the row: of a single cell Qt would fill an open editor anew.
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    def place_of(self, run: Path) -> int | None:
        """Where a run stands."""
        return next((n for n, row in enumerate(self.rows) if row.info.path == run), None)

    def set_shown(self, run: Path | None) -> None:
        """The model that the window shows is set in bold."""
        before, self._shown = self._shown, run
        for place, row in enumerate(self.rows):
            if row.info.path in (before, run):
                self.announce(place)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(QCoreApplication.translate("Runs", column.tip))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        is_field = index.column() in (PLACE["name"], PLACE["tags"])
        if is_field and self.rows[index.row()].is_own:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], COLUMNS[index.column()]
        if role == ROW:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip((column.hint or column.text)(row))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_number else _LEFT
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._color(row, column)
        if role == Qt.ItemDataRole.FontRole and column.is_number:
            return _tabular()
        if role == Qt.ItemDataRole.FontRole and column.name == "name":
            return _bold() if row.info.path == self._shown else None
        if role == Qt.ItemDataRole.AccessibleTextRole and column.name == "picture":
            return self.tr("Samples of {name}").format(name=row.info.name)
        return None

    def _color(self, row: Row, column: Column) -> QColor | None:
        c = theme.colors()
        if column.name == "status" and row.info.status == "failed":
            return QColor(c.danger)
        is_mixed = column.name == "elbo" and row.info.spec.likelihood != "bernoulli"
        quiet = column.name in ("variant", "status", "seconds", "created")
        return QColor(c.muted) if is_mixed or quiet else None

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        if role != Qt.ItemDataRole.EditRole or not index.isValid():
            return False
        row = self.rows[index.row()]
        if index.column() == PLACE["name"] and value != row.info.name:
            self.name_entered.emit(row.info, value)
        elif index.column() == PLACE["tags"]:
            tags = parse_tags(value)
            if tags != row.annotations.tags:
                self.tags_entered.emit(row.info, tags)
        return True


class RunsProxy(QSortFilterProxyModel):
    """Rows without a figure come last in both directions; what cannot be compared stays apart."""

    def __init__(self, model: RunsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._filter = RunFilter()
        self.setSourceModel(model)

    def set_filter(self, wanted: RunFilter) -> None:
        """Show what matches."""
        self.beginFilterChange()
        self._filter = wanted
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, place: int, parent: Index) -> bool:
        row = self._model.rows[place]
        return self._filter.matches(row.info, row.annotations)

    def lessThan(self, left: Index, right: Index) -> bool:
        key = COLUMNS[left.column()].key
        one, other = key(self._model.rows[left.row()]), key(self._model.rows[right.row()])
        if one.group != other.group:
            ascending = self.sortOrder() is Qt.SortOrder.AscendingOrder
            return (one.group < other.group) is ascending
        return bool(one.value < other.value)


def title(column: Column) -> str:
    """What stands over a column."""
    return QCoreApplication.translate("Runs", column.title)


@cache
def _bold() -> QFont:
    font = QFont()
    font.setBold(True)
    return font


@cache
def _tabular() -> QFont:
    font = QFont()
    font.setFeature(QFont.Tag("tnum"), 1)
    return font
