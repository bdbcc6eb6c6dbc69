"""``Shelf``: the drawings that are kept, as thumbnails with their names below."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from vae_studio.session.drawing import ImageRef, Input
from vae_studio.session.kept import MOST_NAME, KeptDrawing
from vae_studio.ui import theme

SIDE = 84  # px of a thumbnail
_NAME = 20  # px for the name below it
_GAP = 5
_TICK = 16  # px, of the corner with the tick
_Index = QModelIndex | QPersistentModelIndex
Painted = Callable[[Input, int], QImage]  # an input, so many pixels large

IS_INPUT = Qt.ItemDataRole.UserRole


class _Drawings(QAbstractListModel):
    """Rows are drawings. Signals: ``renamed(drawing, name)`` is asked for; ``looks_changed()``:
    marks or pictures are others, which must not reset a name that is edited."""

    renamed = Signal(object, str)
    looks_changed = Signal()

    def __init__(self, parent: QWidget, painted: Painted) -> None:
        super().__init__(parent)
        self.drawings: tuple[KeptDrawing, ...] = ()
        self._painted = painted
        self._ratio = 1.0
        self._pictures: dict[int, tuple[Input, QPixmap]] = {}  # by identity: a hash reads it all
        self._given: Input | None = None
        self._rows: frozenset[int] = frozenset()  # those that are the input

    def show_drawings(self, drawings: tuple[KeptDrawing, ...], given: Input | None) -> None:
        """given: the input."""
        if drawings is self.drawings:
            self.show_input(given)
            return
        same = len(drawings) == len(self.drawings)  # of other names
        if not same:
            self.beginResetModel()
        self.drawings, self._given = drawings, given
        self._rows = self._found(given)
        here = {id(drawing.input) for drawing in drawings}
        self._pictures = {key: each for key, each in self._pictures.items() if key in here}
        if not same:
            self.endResetModel()
        elif drawings:
            self.dataChanged.emit(self.index(0), self.index(len(drawings) - 1))

    def show_input(self, given: Input | None) -> None:
        """Mark the drawings that are the input."""
        if given is self._given:
            return
        self._given = given
        rows = self._found(given)
        if rows != self._rows:
            self._rows = rows
            self.looks_changed.emit()

    def forget_picture(self, ref: ImageRef) -> None:
        """What lies below some drawings is here by now."""
        for drawing in self.drawings:
            if drawing.input.image == ref:
                self._pictures.pop(id(drawing.input), None)
        self.looks_changed.emit()

    def forget_pictures(self) -> None:
        """All are painted anew, on other paper."""
        self._pictures.clear()
        self.looks_changed.emit()

    def set_ratio(self, ratio: float) -> None:
        """Pixels of the screen to each of the widget."""
        if ratio != self._ratio:
            self._ratio = ratio
            self._pictures.clear()

    def _found(self, given: Input | None) -> frozenset[int]:
        return frozenset(
            row for row, each in enumerate(self.drawings) if given and _are_one(each.input, given)
        )

    def _picture(self, given: Input) -> QPixmap:
        """Painted once, when it comes into view."""
        found = self._pictures.get(id(given))
        if found is None:
            picture = QPixmap.fromImage(self._painted(given, round(SIDE * self._ratio)))
            found = self._pictures[id(given)] = given, picture
        return found[1]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.drawings)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self.drawings):
            return None
        drawing = self.drawings[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return drawing.name
        if role == Qt.ItemDataRole.DecorationRole:
            return self._picture(drawing.input)
        if role == IS_INPUT:
            return index.row() in self._rows
        if role == Qt.ItemDataRole.ToolTipRole:
            text = self.tr("{name}. A click makes it the input; F2 renames it, Delete removes it")
            return text.replace("{name}", drawing.name)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            text = self.tr("Drawing {name}")
            if index.row() in self._rows:
                text = self.tr("Drawing {name}, the input")
            return text.replace("{name}", drawing.name)
        return None

    def setData(self, index: _Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role == Qt.ItemDataRole.EditRole and index.row() < len(self.drawings):
            self.renamed.emit(self.drawings[index.row()], str(value))
            return True
        return False

    def flags(self, index: _Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable


def _are_one(one: Input, other: Input) -> bool:
    """The same drawing, whatever class it is said to be."""
    return one is other or (
        (one.image, one.pixels, one.steps) == (other.image, other.pixels, other.steps)
        and len(one.strokes) == len(other.strokes)
        and one.strokes == other.strokes
    )


class _Delegate(QStyledItemDelegate):
    """A thumbnail, and its name below."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(SIDE + 2 * _GAP, SIDE + _NAME + 2 * _GAP)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        c, frame = theme.colors(), picture_place(option.rect)
        picture = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(picture, QPixmap):
            painter.drawPixmap(frame, picture)
        is_input = bool(index.data(IS_INPUT))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = chosen and bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setPen(QPen(QColor(c.accent if is_input or focused else c.line), 1))
        painter.drawRect(frame.adjusted(-1, -1, 0, 0))
        if is_input:
            painter.drawRect(frame.adjusted(-2, -2, 1, 1))
            _paint_tick(painter, frame)
        foot = name_place(option.rect)
        if chosen:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.hover))
            painter.drawRoundedRect(foot, 4, 4)
        painter.setPen(QColor(c.text if chosen or is_input else c.muted))
        metrics, room = option.fontMetrics, foot.width() - 6
        name = metrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, room)
        painter.drawText(foot, Qt.AlignmentFlag.AlignCenter, name)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: _Index) -> QWidget:
        editor = super().createEditor(parent, option, index)
        editor.setProperty("maxLength", MOST_NAME)
        editor.setAccessibleName(self.tr("Name of the drawing"))
        return editor

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: _Index
    ) -> None:
        editor.setGeometry(name_place(option.rect).adjusted(0, -2, 0, 2))


def picture_place(cell: QRect) -> QRect:
    """Where the thumbnail of a cell stands."""
    return QRect(cell.left() + (cell.width() - SIDE) // 2, cell.top() + _GAP, SIDE, SIDE)


def name_place(cell: QRect) -> QRect:
    """Where its name stands."""
    return QRect(cell.left(), cell.top() + SIDE + _GAP + 2, cell.width(), _NAME).adjusted(
        1, 0, -1, 0
    )


def _paint_tick(painter: QPainter, frame: QRect) -> None:
    """No meaning hangs on colour alone."""
    c = theme.colors()
    corner = QRect(frame.right() - _TICK + 1, frame.top(), _TICK, _TICK)
    painter.fillRect(corner, QColor(c.accent))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(c.on_accent), 2.0))
    tick = [QPointF(4, 8.5), QPointF(7, 11.5), QPointF(12.5, 5)]
    painter.drawPolyline(QPolygonF([QPointF(corner.topLeft()) + point for point in tick]))


class Shelf(QListView):
    """A click on a thumbnail, or Enter, opens a drawing; F2, or a double click on its name, renames
    it, Delete removes it.

    Signals: ``wanted(drawing)``, ``removed(drawing)``, ``renamed(drawing, name)``,
    ``save_wanted(drawing, suffix)``: as ``png``, ``svg`` or ``json``.
    """

    wanted = Signal(object)
    removed = Signal(object)
    renamed = Signal(object, str)
    save_wanted = Signal(object, str)

    def __init__(self, painted: Painted, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawings = _Drawings(self, painted)
        self._drawings.renamed.connect(self.renamed)
        self._drawings.looks_changed.connect(self.viewport().update)
        self.setModel(self._drawings)
        self.setItemDelegate(_Delegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setSpacing(2)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QListView.EditTrigger.EditKeyPressed)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setAccessibleName(self.tr("Kept drawings"))
        self.clicked.connect(self._take_click)
        self._pressed = QPoint()

    @property
    def drawings(self) -> tuple[KeptDrawing, ...]:
        """Those that are shown."""
        return self._drawings.drawings

    def show_drawings(self, drawings: tuple[KeptDrawing, ...], given: Input | None) -> None:
        """Show these; what was chosen stays so, where it is still there. given: the input."""
        before, chosen = self.drawings, self.current
        row = self.currentIndex().row()
        self._drawings.set_ratio(self.devicePixelRatioF())
        self._drawings.show_drawings(drawings, given)
        if len(drawings) == len(before):
            return
        added = len(drawings) - 1 if drawings[:-1] == before else -1
        places = [place for place, each in enumerate(drawings) if each is chosen]
        row = added if added >= 0 else places[0] if places else min(row, len(drawings) - 1)
        if row >= 0:
            self.setCurrentIndex(self._drawings.index(row))

    def forget_picture(self, ref: ImageRef) -> None:
        """An image of a data set is here: what was drawn on it is painted anew."""
        self._drawings.forget_picture(ref)

    def forget_pictures(self) -> None:
        """All are painted anew, on other paper."""
        self._drawings.forget_pictures()

    @property
    def current(self) -> KeptDrawing | None:
        """The one that is chosen."""
        row = self.currentIndex().row()
        return self.drawings[row] if 0 <= row < len(self.drawings) else None

    def is_input(self, row: int) -> bool:
        """Whether that one is marked as the input."""
        return bool(self._drawings.index(row).data(IS_INPUT))

    def open_current(self) -> None:
        """Ask for the chosen drawing as the input."""
        if self.current is not None:
            self.wanted.emit(self.current)

    def rename_current(self) -> None:
        """Edit the name of the chosen drawing."""
        if self.current is not None:
            self.edit(self.currentIndex())

    def remove_current(self) -> None:
        """Ask for the removal of the chosen drawing."""
        if self.current is not None:
            self.removed.emit(self.current)

    def save_current(self, suffix: str) -> None:
        """Ask for a file of the chosen drawing."""
        if self.current is not None:
            self.save_wanted.emit(self.current, suffix)

    # The hand ------------------------------------------------------------------------------

    def _take_click(self, index: QModelIndex) -> None:
        """On a name, it may be the first of two that rename."""
        if not name_place(self.visualRect(index)).contains(self._pressed):
            self.open_current()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        index = self.indexAt(self._pressed)
        on_name = index.isValid() and name_place(self.visualRect(index)).contains(self._pressed)
        if on_name and event.button() is Qt.MouseButton.LeftButton:
            self.edit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.remove_current()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_current()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_keys = event.reason() is QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_keys else self.indexAt(event.pos())
        if not index.isValid():
            return
        self.setCurrentIndex(index)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open (Enter)"), self.open_current)
        menu.addAction(self.tr("Rename (F2)"), self.rename_current)
        menu.addSeparator()
        for suffix, text in (
            ("png", self.tr("Save as PNG…")),
            ("svg", self.tr("Save as SVG…")),
            ("json", self.tr("Save as JSON…")),
        ):
            menu.addAction(text, partial(self.save_current, suffix))
        menu.addSeparator()
        menu.addAction(self.tr("Remove (Delete)"), self.remove_current)
        menu.popup(
            self.viewport().mapToGlobal(self.visualRect(index).center())
            if by_keys
            else event.globalPos()
        )
