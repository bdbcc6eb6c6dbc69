"""The runs as Qt's models: ``RunsModel`` has them and sorts, ``RunsProxy`` filters."""

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
        self._usual: dict[Path, int] = {}  # where a run stands when nothing is sorted
        self._sorted_by = (-1, True)  # column, ascending
        self._shown: Path | None = None

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these, sorted; what is there already stays selected. rows: in their usual order."""
        wanted = {row.info.path: row for row in rows}
        for place in reversed(range(len(self.rows))):
            if self.rows[place].info.path not in wanted:
                self.beginRemoveRows(QModelIndex(), place, place)
                del self.rows[place]
                self.endRemoveRows()
        for place, row in enumerate(self.rows):
            new = wanted.pop(row.info.path)
            if new != row:
                self.rows[place] = new
                self.announce(place)
        if wanted:
            end = len(self.rows)
            self.beginInsertRows(QModelIndex(), end, end + len(wanted) - 1)
            self.rows += wanted.values()
            self.endInsertRows()
        self._usual = {row.info.path: place for place, row in enumerate(rows)}
        self._sort_again()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column from now on; by -1 as usual."""
        self._sorted_by = (column, order is Qt.SortOrder.AscendingOrder)
        self._sort_again()

    def _sort_again(self) -> None:
        rows = self._in_order()
        if all(one is other for one, other in zip(rows, self.rows, strict=True)):
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        paths = [self.rows[index.row()].info.path for index in before]
        place_of = {row.info.path: place for place, row in enumerate(rows)}
        self.rows = rows
        now = [
            self.index(place_of[path], index.column())
            for path, index in zip(paths, before, strict=True)
        ]
        self.changePersistentIndexList(before, now)
        self.layoutChanged.emit()

    def _in_order(self) -> list[Row]:
        """Group by group, also where the values go down; equals stand as usual."""
        rows = sorted(self.rows, key=lambda row: self._usual[row.info.path])
        column, ascending = self._sorted_by
        if column < 0:
            return rows
        groups: dict[tuple[Any, ...], list[tuple[Any, Row]]] = {}
        for row in rows:
            key = COLUMNS[column].key(row)
            groups.setdefault(key.group, []).append((key.value, row))
        found: list[Row] = []
        for group in sorted(groups):
            pairs = sorted(groups[group], key=lambda pair: pair[0], reverse=not ascending)
            found += [row for _, row in pairs]
        return found

    def announce(self, place: int) -> None:
        """A row looks otherwise now."""
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
        is_mixed = column.name == "elbo" and not row.info.spec.in_nats
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
    """The rows that match the filter. Sorting is the model's: asked for each pair of rows, Qt would
    take a tenth of a second for some hundred runs."""

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

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._model.sort(column, order)


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
