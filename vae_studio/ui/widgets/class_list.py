"""``ClassList``: many classes, as a list that can be searched; with pictures, or with ticks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QIcon, QImage, QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.ui import theme
from vae_studio.ui.classes import class_name
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.qimages import draw_picture

SIDE = 48  # px of a picture
_NAME = 17  # px for the name below it
_GAP = 3
_REST = 60  # ms after which it is said which rows are in view
_LABEL = Qt.ItemDataRole.UserRole
_CHOSEN = Qt.ItemDataRole.UserRole + 1
_PICTURE = Qt.ItemDataRole.UserRole + 2
_Index = QModelIndex | QPersistentModelIndex


class ClassList(QWidget):
    """Typing in the field above leaves the names that hold all of its words; Enter takes the first.

    Signals: ``chosen(label)``: a click, Enter or Space; ``looked_at()``: other classes may be in
    view, or of another size.
    """

    chosen = Signal(int)
    looked_at = Signal()

    def __init__(
        self, name: str, icon: Callable[[int], QIcon] | None = None, parent: QWidget | None = None
    ) -> None:
        """icon: of a class, beside its name and a tick; without it, classes have pictures."""
        super().__init__(parent)
        self._classes = _Classes(icon, self)
        self._found = _Found(self)
        self._found.setSourceModel(self._classes)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search a class"))
        self.search.setAccessibleName(self.tr("Search a class"))
        self.search.setToolTip(self.tr("Type a part of its name; Enter takes the first"))
        self.search.setClearButtonEnabled(True)
        for button in self.search.findChildren(QToolButton):  # Qt's own, which says nothing
            button.setAccessibleName(self.tr("Clear"))
            button.setToolTip(self.tr("Clear what was typed"))
        self.search.installEventFilter(self)
        self.list = QListView()
        self.list.setModel(self._found)
        self.list.setAccessibleName(name)
        self.list.setUniformItemSizes(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.installEventFilter(self)
        if icon is None:
            self.list.setViewMode(QListView.ViewMode.IconMode)
            self.list.setMovement(QListView.Movement.Static)
            self.list.setResizeMode(QListView.ResizeMode.Adjust)
            self.list.setItemDelegate(_TileDelegate(self.list))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self.looked_at)
        self.list.verticalScrollBar().valueChanged.connect(self._rest.start)
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(self._take_first)
        self.list.clicked.connect(self._take)

    def set_names(self, names: Sequence[str]) -> None:
        """Offer these classes; without pictures at first."""
        if tuple(names) != self._classes.names:
            self._classes.set_names(tuple(names))
            self.search.clear()
            self._rest.start()

    def set_chosen(self, labels: Collection[int]) -> None:
        """Mark these, or tick them."""
        self._classes.set_chosen(frozenset(labels))

    def set_pictures(self, labels: Sequence[int], pictures: Sequence[QImage]) -> None:
        """What these classes look like; those of all others are forgotten."""
        self._classes.set_pictures(dict(zip(labels, pictures, strict=True)))

    @property
    def offered(self) -> list[int]:
        """The classes that the search leaves."""
        return [self._label(self._found.index(row, 0)) for row in range(self._found.rowCount())]

    @property
    def in_view(self) -> tuple[int, ...]:
        """The classes whose rows can be seen."""
        window, found = self.list.viewport().rect(), []
        for row in range(self._found.rowCount()):
            index = self._found.index(row, 0)
            if self.list.visualRect(index).intersects(window):
                found.append(self._label(index))
            elif found:
                break
        return tuple(found)

    def go_to(self, label: int) -> None:
        """Bring a class into view, if the search leaves it."""
        index = self._found.mapFromSource(self._classes.index(label))
        if index.isValid():
            self.list.setCurrentIndex(index)
            self.list.scrollTo(index)

    @staticmethod
    def _label(index: _Index) -> int:
        label: int = index.data(_LABEL)
        return label

    @Slot(str)
    def _search(self, text: str) -> None:
        self._found.set_words(text)
        self._rest.start()

    @Slot()
    def _take_first(self) -> None:
        if self._found.rowCount():
            self._take(self._found.index(0, 0))

    @Slot(QModelIndex)
    def _take(self, index: _Index) -> None:
        self.chosen.emit(self._label(index))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._rest.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rest.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down leads from the field into the list; Enter and Space take what is current there."""
        takes = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            if watched is self.list and event.key() in takes:  # before the window's
                event.accept()
                return True
        elif isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            key = event.key()
            if watched is self.search and key == Qt.Key.Key_Down and self._found.rowCount():
                self.list.setFocus()
                if not self.list.currentIndex().isValid():
                    self.list.setCurrentIndex(self._found.index(0, 0))
                return True
            if watched is self.list and key in takes and self.list.currentIndex().isValid():
                self._take(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)


class _Classes(QAbstractListModel):
    def __init__(self, icon: Callable[[int], QIcon] | None, parent: QObject) -> None:
        super().__init__(parent)
        self.names: tuple[str, ...] = ()
        self._icon = icon
        self._chosen: frozenset[int] = frozenset()
        self._pictures: dict[int, QImage] = {}

    def set_names(self, names: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.names, self._pictures = names, {}
        self.endResetModel()

    def set_chosen(self, labels: frozenset[int]) -> None:
        if labels != self._chosen:
            self._chosen = labels
            self._tell()

    def set_pictures(self, pictures: dict[int, QImage]) -> None:
        self._pictures = pictures
        self._tell()

    def _tell(self) -> None:
        if self.names:
            self.dataChanged.emit(self.index(0), self.index(len(self.names) - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.names)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        label = index.row()
        if role == Qt.ItemDataRole.DisplayRole:
            return class_name(self.names, label)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(class_name(self.names, label))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.tr("Class {label}").replace("{label}", class_name(self.names, label))
        if role == Qt.ItemDataRole.DecorationRole and self._icon is not None:
            return self._icon(label)
        if role == Qt.ItemDataRole.CheckStateRole and self._icon is not None:
            ticked = label in self._chosen
            return Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
        values = {_LABEL: label, _CHOSEN: label in self._chosen}
        return self._pictures.get(label) if role == _PICTURE else values.get(role)


class _Found(QSortFilterProxyModel):
    """Those that hold all words of what was typed."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._words: list[str] = []

    def set_words(self, text: str) -> None:
        self.beginFilterChange()
        self._words = text.casefold().split()
        self.endFilterChange(QSortFilterProxyModel.Direction.Rows)

    def filterAcceptsRow(self, row: int, parent: _Index) -> bool:
        classes = self.sourceModel()
        assert isinstance(classes, _Classes)
        name = class_name(classes.names, row).casefold()
        return all(word in name for word in self._words)


class _TileDelegate(QStyledItemDelegate):
    """A picture, and the name of its class below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(SIDE + 24, SIDE + _NAME + 2 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        c, rect = theme.colors(), option.rect
        left = rect.left() + (rect.width() - SIDE) // 2
        frame = QRect(left, rect.top() + _GAP, SIDE, SIDE)
        picture, chosen = index.data(_PICTURE), bool(index.data(_CHOSEN))
        if isinstance(picture, QImage):
            draw_picture(painter, frame, picture)
        else:
            painter.fillRect(frame, QColor(c.base))
        current = option.state & QStyle.StateFlag.State_HasFocus
        hovered = option.state & QStyle.StateFlag.State_MouseOver
        if chosen or current or hovered:
            painter.setPen(QColor(c.accent if chosen or current else c.faint))
            for grow in (0, 1) if chosen else (0,):
                painter.drawRect(frame.adjusted(-grow, -grow, grow - 1, grow - 1))
        painter.setPen(QColor(c.text if chosen else c.muted))
        foot = QRect(rect.left() + 1, frame.bottom() + 2, rect.width() - 2, _NAME)
        elide = Qt.TextElideMode.ElideMiddle  # there are many, which may begin alike
        name = option.fontMetrics.elidedText(str(index.data()), elide, foot.width())
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, name)
