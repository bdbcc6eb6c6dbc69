"""``ModelsView``: the table as a widget: widths, keys, and how its cells are painted."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from vae_studio.ui import theme
from vae_studio.ui.measuring import Entry
from vae_studio.ui.panels.all_models.columns import COLUMNS, FIGURES, PLACE
from vae_studio.ui.panels.all_models.table import ABOUT, ENTRY, PICTURE, ModelsTable
from vae_studio.ui.widgets.qimages import draw_picture

ROW = 34  # px
SIDE = 28  # px of a picture: MNIST's own; larger ones are averaged
_BAR = 3  # px of the mark beside the model on show
_HEADS = """
    QHeaderView::section { padding: 6px 4px 4px 4px; }
    QHeaderView::up-arrow, QHeaderView::down-arrow { subcontrol-origin: border;
        subcontrol-position: top center; width: 15px; height: 8px; top: 1px; }
"""  # the arrow over the text, which it would cover
Index = QModelIndex | QPersistentModelIndex


class ModelsView(QTableView):
    """Signal: ``open_wanted(path)``: Enter, or a click on a row."""

    open_wanted = Signal(object)

    def __init__(self, table: ModelsTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = table
        self._current: Path | None = None  # kept where rows come and go
        self._spans = False
        self.setModel(table)
        self.setAccessibleName(self.tr("One input, all models"))
        self.setItemDelegate(_FigureDelegate(self))
        self.setItemDelegateForColumn(PLACE["picture"], _PictureDelegate(self))
        self.setItemDelegateForColumn(PLACE["name"], _NameDelegate(self))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setMouseTracking(True)
        self.setMinimumSize(220, 90)
        self._make_headers()
        self.clicked.connect(self._click)
        self.selectionModel().currentChanged.connect(self._note_current)
        table.modelReset.connect(self._restore_current)
        for changed in (table.modelReset, table.layoutChanged, table.dataChanged):
            changed.connect(self._span_reasons)

    def _make_headers(self) -> None:
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setAccessibleName(self.tr("Models"))
        rows.setDefaultSectionSize(ROW)
        rows.setMinimumSectionSize(ROW)
        rows.hide()
        corner = self.findChild(QAbstractButton)  # never seen, but there
        if isinstance(corner, QAbstractButton):
            corner.setAccessibleName(self.tr("Select all models"))
            corner.setToolTip(self.tr("Select all models"))
        header.setAccessibleName(self.tr("Columns"))
        header.setSortIndicatorClearable(True)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionsClickable(True)
        header.setSectionResizeMode(header.ResizeMode.Fixed)
        header.setStyleSheet(_HEADS)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._share_width()

    def current_path(self) -> Path | None:
        """The model that the keys are at."""
        return self._current

    def make_current(self, path: Path) -> None:
        """Let the keys begin at that model, if it is there."""
        place = self._table.place_of(path)
        if place is not None and path != self._current:
            self.setCurrentIndex(self._table.index(place, PLACE["name"]))

    @Slot(QModelIndex, QModelIndex)
    def _note_current(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self._current = self._table.entries[now.row()].path

    @Slot()
    def _restore_current(self) -> None:
        path, self._current = self._current, None
        if path is not None:
            self.make_current(path)

    @Slot()
    def _span_reasons(self, *_: object) -> None:
        """Why a model has no figures stands where they would."""
        places = [
            place
            for place, entry in enumerate(self._table.entries)
            if entry.measure is not None and entry.measure.problem is not None
        ]
        if self._spans:
            self.clearSpans()
        for place in places:
            self.setSpan(place, FIGURES[0], 1, len(FIGURES))
        self._spans = bool(places)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Figures get some of the room that is left, the name the rest."""
        room = self.viewport().width()
        narrow = room < sum(column.width for column in COLUMNS)
        widths = [column.narrow if narrow else column.width for column in COLUMNS]
        left = max(0, room - sum(widths))
        more = 0 if narrow else min(12, left // 12)
        for place, width in enumerate(widths):
            grown = width + more * (place in FIGURES)
            if place == PLACE["name"]:
                grown += left - more * len(FIGURES)
            self.setColumnWidth(place, grown)
        self._table.set_narrow(narrow)

    @Slot(QModelIndex)
    def _click(self, index: QModelIndex) -> None:
        self.open_wanted.emit(self._table.entries[index.row()].path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._current is not None:
                self.open_wanted.emit(self._current)
        else:
            super().keyPressEvent(event)


class _FigureDelegate(QStyledItemDelegate):
    """A figure; or, over all of them, why there are none, in two lines."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        c, text = theme.colors(), index.data()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        if _problem(index):
            area = option.rect.adjusted(6, 1, -4, -1)
            painter.setFont(_smaller(option.font))
            painter.setPen(QColor(c.muted))
            lines = _in_lines(text, painter.fontMetrics(), area.width(), 2)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, "\n".join(lines))
        elif text:
            painter.setFont(index.data(Qt.ItemDataRole.FontRole))
            painter.setPen(index.data(Qt.ItemDataRole.ForegroundRole) or QColor(c.text))
            area = option.rect.adjusted(0, 0, -5, 0)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, text)
        painter.restore()


class _PictureDelegate(QStyledItemDelegate):
    """The reconstruction; a bar beside that of the model on show."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(SIDE + 10, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        c, area = theme.colors(), option.rect
        top = area.top() + (area.height() - SIDE) // 2
        if index.data(ENTRY).snapshot is not None:
            painter.fillRect(QRect(area.left() + 1, top, _BAR, SIDE), QColor(c.accent))
        square = QRect(area.left() + 7, top, SIDE, SIDE)
        picture = index.data(PICTURE)
        if picture is None:
            painter.fillRect(square, QColor(c.hover))
            return
        size = picture.size().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(square.topLeft(), size)
        target.moveCenter(square.center())
        painter.fillRect(square, QColor(theme.PAPER))
        draw_picture(painter, target, picture)


class _NameDelegate(QStyledItemDelegate):
    """Two lines: the name, in bold where the model is on show; which weights, which label."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        option.text = ""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        entry: Entry = index.data(ENTRY)
        c, area = theme.colors(), option.rect.adjusted(6, 2, -2, -2)
        font, below = QFont(option.font), index.data(ABOUT)
        font.setBold(entry.snapshot is not None)
        small = _smaller(option.font)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        if below:
            upper = QRect(area.left(), area.top(), area.width(), area.height() * 17 // 30)
            lower = QRect(area.left(), upper.bottom(), area.width(), area.height() - upper.height())
        else:
            upper = lower = area
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(c.text))
        elide = QFontMetrics(font).elidedText
        painter.drawText(
            upper, middle, elide(entry.name, Qt.TextElideMode.ElideMiddle, area.width())
        )
        if below:
            painter.setFont(small)
            painter.setPen(QColor(c.muted))
            elide = QFontMetrics(small).elidedText
            painter.drawText(lower, middle, elide(below, Qt.TextElideMode.ElideRight, area.width()))
        painter.restore()


def _problem(index: Index) -> bool:
    measure = index.data(ENTRY).measure
    return measure is not None and measure.problem is not None


def _smaller(font: QFont) -> QFont:
    small = QFont(font)
    small.setBold(False)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * 0.85)
    else:
        small.setPixelSize(round(font.pixelSize() * 0.85))
    small.setFeature(QFont.Tag("tnum"), 1)
    return small


def _in_lines(text: str, metrics: QFontMetrics, width: int, most: int) -> list[str]:
    """Words in at most so many lines, the last one elided."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and metrics.horizontalAdvance(f"{line} {words[0]}") <= width:
            line += f" {words.pop(0)}"
        lines.append(metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, width))
    if words:
        lines.append(metrics.elidedText(" ".join(words), Qt.TextElideMode.ElideRight, width))
    return lines
