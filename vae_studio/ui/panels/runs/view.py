"""``RunsView``: the table as a widget: widths, columns that can be hidden, keys."""

from __future__ import annotations

import base64

from PySide6.QtCore import (
    QByteArray,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QMenu, QStyledItemDelegate, QTableView, QWidget

from vae_studio.ui.panels.runs.columns import COLUMNS, PLACE
from vae_studio.ui.panels.runs.table import RunsProxy, title
from vae_studio.ui.panels.runs.thumbnails import HEIGHT, ThumbnailDelegate, Thumbnails

_MAX_NAME = 280  # px; the room beyond it goes to the others


class _TextDelegate(QStyledItemDelegate):
    """An editor is filled once: a thumbnail or a training that comes meanwhile, for which Qt would
    fill it anew, takes away nothing that is being typed."""

    def setEditorData(self, editor: QWidget, index: QModelIndex | QPersistentModelIndex) -> None:
        if not editor.property("filled"):
            editor.setProperty("filled", True)
            super().setEditorData(editor, index)


class RunsView(QTableView):
    """Signal: ``open_wanted()``: Enter, or a double click on what is no tag."""

    open_wanted = Signal()

    def __init__(
        self, proxy: RunsProxy, thumbnails: Thumbnails, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._by_hand: set[int] = set()  # columns whose width the user has chosen
        self._sharing = False
        self.setModel(proxy)
        self.setObjectName("runs")
        self.setAccessibleName(self.tr("Runs"))
        self.setItemDelegate(_TextDelegate(self))
        self.setItemDelegateForColumn(PLACE["picture"], ThumbnailDelegate(thumbnails, self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setMinimumSize(240, 90)
        self._make_headers()
        self.doubleClicked.connect(self._double_clicked)

    def _make_headers(self) -> None:
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setAccessibleName(self.tr("Runs"))
        rows.setDefaultSectionSize(HEIGHT + 8)
        rows.hide()
        corner = self.findChild(QAbstractButton)  # never seen, but there
        if isinstance(corner, QAbstractButton):
            corner.setAccessibleName(self.tr("Select all runs"))
            corner.setToolTip(self.tr("Select all runs"))
        header.setAccessibleName(self.tr("Columns"))
        header.setSectionsMovable(True)
        header.setSortIndicatorClearable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(40)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._show_columns_menu)
        header.sectionResized.connect(self._note_width)
        self.setSortingEnabled(True)
        self.sortByColumn(PLACE["created"], Qt.SortOrder.DescendingOrder)
        for place, column in enumerate(COLUMNS):
            self.setColumnWidth(place, column.width)
            self.setColumnHidden(place, not column.shown)
        self._by_hand.clear()
        self.columns_menu = QMenu(self)
        self.columns_menu.setToolTipsVisible(True)
        self.columns_menu.aboutToShow.connect(self._fill_columns_menu)

    # Columns -------------------------------------------------------------------------------

    @Slot(QPoint)
    def _show_columns_menu(self, place: QPoint) -> None:
        self.columns_menu.popup(self.horizontalHeader().viewport().mapToGlobal(place))

    @Slot()
    def _fill_columns_menu(self) -> None:
        self.columns_menu.clear()
        for place, column in enumerate(COLUMNS):
            if column.name == "name":
                continue  # a row needs one
            action = QAction(title(column), self.columns_menu)
            action.setCheckable(True)
            action.setChecked(not self.isColumnHidden(place))
            action.setToolTip(
                self.model().headerData(
                    place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole
                )
            )
            action.toggled.connect(lambda on, place=place: self.show_column(place, on))
            self.columns_menu.addAction(action)

    def show_column(self, place: int, on: bool) -> None:
        """Show or hide a column."""
        self.setColumnHidden(place, not on)
        self._share_width()

    def columns(self) -> str:
        """Order, widths and what is hidden, to be remembered."""
        state = base64.b64encode(bytes(self.horizontalHeader().saveState().data())).decode("ascii")
        chosen = ",".join(COLUMNS[place].name for place in sorted(self._by_hand))
        return f"{len(COLUMNS)}:{chosen}:{state}"

    def restore_columns(self, text: str) -> None:
        """As ``columns`` said; nothing where that was of other columns, or is no such text."""
        count, _, rest = text.partition(":")
        chosen, _, state = rest.partition(":")
        if count != str(len(COLUMNS)):
            return
        self._sharing = True  # no hand is at it
        content = QByteArray.fromBase64(state.encode("ascii", "replace"))
        if self.horizontalHeader().restoreState(content):
            self._by_hand = {PLACE[name] for name in chosen.split(",") if name in PLACE}
        self._sharing = False
        self.setColumnHidden(PLACE["name"], False)
        self._share_width()

    @Slot(int, int, int)
    def _note_width(self, place: int, before: int, now: int) -> None:
        if not self._sharing and before and now:  # hiding is no choice of a width
            self._by_hand.add(place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Columns that grow share the room that is left, but for those set by hand."""
        seen = [n for n in range(len(COLUMNS)) if not self.isColumnHidden(n)]
        growing = [n for n in seen if COLUMNS[n].grow and n not in self._by_hand]
        fixed = sum(self.columnWidth(n) for n in seen if n not in growing)
        left = self.viewport().width() - fixed - sum(COLUMNS[n].width for n in growing)
        self._sharing = True
        weights = sum(COLUMNS[n].grow for n in growing)
        for n in growing:
            extra = max(0, left) * COLUMNS[n].grow // weights
            limit = _MAX_NAME if COLUMNS[n].name == "name" else self.viewport().width()
            width = min(COLUMNS[n].width + extra, limit)
            left -= width - COLUMNS[n].width
            weights -= COLUMNS[n].grow
            self.setColumnWidth(n, width)
        self._sharing = False

    # Rows ----------------------------------------------------------------------------------

    def edit_selected(self, name: str) -> None:
        """Type into that column of the one selected row."""
        rows = self.selectionModel().selectedRows(PLACE[name])
        if len(rows) == 1 and rows[0].flags() & Qt.ItemFlag.ItemIsEditable:
            self.show_column(PLACE[name], True)
            self.scrollTo(rows[0])
            keep = QItemSelectionModel.SelectionFlag.NoUpdate
            self.selectionModel().setCurrentIndex(rows[0], keep)
            self.edit(rows[0])

    @Slot(QModelIndex)
    def _double_clicked(self, index: QModelIndex) -> None:
        is_tag = index.column() == PLACE["tags"]
        if is_tag and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
        else:
            self.open_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and self.state() is not QTableView.State.EditingState:
            self.open_wanted.emit()
        else:
            super().keyPressEvent(event)
