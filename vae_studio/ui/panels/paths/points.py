"""``KeptPoints``: the points that are kept, as thumbnails in the order of the path."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vae_studio.session.kept import KeptPoint
from vae_studio.ui import theme
from vae_studio.ui.classes import a_class, class_name
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.qimages import draw_picture

SIDE = 46  # px of a thumbnail
_NAME = 18  # px for the name below it
_GAP = 3
_MIME = "application/x-vae-studio-kept-point"
_Index = QModelIndex | QPersistentModelIndex


class _PointsModel(QAbstractListModel):
    """Rows are points; a row that is dropped elsewhere, or renamed, is asked for."""

    renamed = Signal(object, str)
    moved = Signal(object, int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.points: tuple[KeptPoint, ...] = ()
        self.class_names: tuple[str, ...] = ()
        self._pictures: dict[object, QImage] = {}  # by the place of the point

    def set_points(self, points: tuple[KeptPoint, ...]) -> None:
        if len(points) == len(self.points):  # of other names, or in another order
            self.points = points
            self._tell()
            return
        self.beginResetModel()
        self.points = points
        self.endResetModel()

    def set_pictures(self, pictures: Sequence[QImage]) -> None:
        places = ((point.z, point.label) for point in self.points)
        found: dict[object, QImage] = dict(zip(places, pictures, strict=True))
        if found != self._pictures:
            self._pictures = found
            self._tell()

    def _tell(self) -> None:
        if self.points:
            self.dataChanged.emit(self.index(0), self.index(len(self.points) - 1))

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.points)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.points):
            return None
        point = self.points[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return point.name
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.get((point.z, point.label))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.tr("Kept point {name}").replace("{name}", self._about(point))
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(self._about(point))
        return None

    def _about(self, point: KeptPoint) -> str:
        """Its name, and of a model with classes what it is there."""
        weights = point.label or ()
        mixed = [label for label, weight in enumerate(weights) if weight > 0.0]
        if not mixed:
            return point.name
        names = [a_class(class_name(self.class_names, label)) for label in mixed]
        if len(names) == 1:
            text = self.tr("{name}, as {a_class}").replace("{a_class}", names[0])
        else:
            text = self.tr("{name}, between {one} and {other}").replace("{one}", names[0])
            text = text.replace("{other}", names[1])
        return text.replace("{name}", point.name)

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role == Qt.ItemDataRole.EditRole and index.row() < len(self.points):
            self.renamed.emit(self.points[index.row()], str(value))
            return True
        return False

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsEditable
            | Qt.ItemFlag.ItemIsDragEnabled
        )

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_MIME, QByteArray(str(indexes[0].row()).encode()))
        return data

    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: _Index
    ) -> bool:
        text = bytes(data.data(_MIME).data()).decode()
        if not text.isdecimal() or int(text) >= len(self.points):
            return False
        source = int(text)
        target = parent.row() if parent.isValid() else row if row >= 0 else len(self.points)
        if target > source and not parent.isValid():
            target -= 1  # it left the place before
        self.moved.emit(self.points[source], target - source)
        return False  # the state moves it; Qt must not take the row away


class _Delegate(QStyledItemDelegate):
    """A picture and its name below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(SIDE + 2 * _GAP, SIDE + _NAME + _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        c, rect = theme.colors(), option.rect
        frame = QRect(rect.left() + _GAP, rect.top() + _GAP, SIDE, SIDE)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QImage):
            draw_picture(painter, frame, picture)
        else:
            painter.fillRect(frame, QColor(c.base))
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(c.accent if selected else c.line))
        painter.drawRect(frame.adjusted(-1, -1, 0, 0))
        painter.setPen(QColor(c.text if selected else c.muted))
        foot = QRect(rect.left(), frame.bottom() + 1, rect.width(), _NAME)
        name = option.fontMetrics.elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, foot.width() - 2
        )
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, name)

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        rect = option.rect
        editor.setGeometry(rect.left(), rect.bottom() - _NAME - 2, rect.width(), _NAME + 2)


class KeptPoints(QListView):
    """A click, or Enter, goes to a point; F2 renames it, Delete removes it, dragging it or Alt and
    an arrow moves it along the path.

    Signals: ``wanted(point)``, ``removed(point)``, ``renamed(point, name)``, ``moved(point,
    places)``.
    """

    wanted = Signal(object)
    removed = Signal(object)
    renamed = Signal(object, str)
    moved = Signal(object, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._points = _PointsModel(self)
        self._points.renamed.connect(self.renamed)
        self._points.moved.connect(self.moved)
        self.setModel(self._points)
        self.setItemDelegate(_Delegate(self))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setDragDropMode(QListView.DragDropMode.InternalMove)
        self.setDropIndicatorShown(True)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight(SIDE + _NAME + _GAP + 14)
        self.setAccessibleName(self.tr("Kept points"))
        self.setToolTip(
            self.tr(
                "A click goes there. Drag a point to change the order of the path; F2 renames it, "
                "Delete removes it"
            )
        )
        self.clicked.connect(self._go)
        self.activated.connect(self._go)

    def set_class_names(self, names: tuple[str, ...]) -> None:
        """What the classes of the model are called."""
        self._points.class_names = names

    @property
    def points(self) -> tuple[KeptPoint, ...]:
        """Those that are shown."""
        return self._points.points

    def set_points(self, points: tuple[KeptPoint, ...]) -> None:
        """Show these; pictures follow. What was chosen stays so, where it is still there."""
        current = self.current
        row = self.currentIndex().row()
        self._points.set_points(points)
        places = [place for place, point in enumerate(points) if point is current]
        row = places[0] if places else min(row, len(points) - 1)
        if row >= 0:
            self.setCurrentIndex(self._points.index(row))

    def set_pictures(self, pictures: Sequence[QImage]) -> None:
        """One for each point. Not while a name is edited: Qt may close the editor for it."""
        if self.state() != QListView.State.EditingState:
            self._points.set_pictures(pictures)

    @property
    def current(self) -> KeptPoint | None:
        """The one that is chosen."""
        row = self.currentIndex().row()
        return self.points[row] if 0 <= row < len(self.points) else None

    def _go(self) -> None:
        if self.current is not None:
            self.wanted.emit(self.current)

    def remove_current(self) -> None:
        """Ask for the removal of the chosen point."""
        if self.current is not None:
            self.removed.emit(self.current)

    def rename_current(self) -> None:
        """Edit the name of the chosen point."""
        if self.current is not None:
            self.edit(self.currentIndex())

    def move_current(self, places: int) -> None:
        """Ask for another place on the path."""
        if self.current is not None:
            self.moved.emit(self.current, places)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, alt = event.key(), event.modifiers() & Qt.KeyboardModifier.AltModifier
        if key == Qt.Key.Key_Delete:
            self.remove_current()
        elif alt and key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.move_current(-1 if key == Qt.Key.Key_Left else 1)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if not index.isValid():
            return
        self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Go there"), self._go)
        menu.addAction(self.tr("Rename (F2)"), self.rename_current)
        menu.addAction(self.tr("Earlier (Alt+Left)"), lambda: self.move_current(-1))
        menu.addAction(self.tr("Later (Alt+Right)"), lambda: self.move_current(1))
        menu.addSeparator()
        menu.addAction(self.tr("Remove (Delete)"), self.remove_current)
        menu.popup(event.globalPos())
