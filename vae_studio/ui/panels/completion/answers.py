"""``Answers``: pictures with what they are and weigh below each, the best first; one is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from vae_studio.ui import theme
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.edges import draw_edge
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of
from vae_studio.ui.widgets.qimages import draw_picture

_GAP, _WIDEST_GAP = 6, 16
_ROOMY = 70  # px of a picture from which there is room for a second line


@dataclass(frozen=True, eq=False)
class Answer:
    """name, share, cost: below the picture; the cost where there is room. tip: all that in a
    sentence."""

    picture: QImage
    name: str
    share: str
    cost: str
    tip: str


class Answers(QWidget):
    """Signals: ``chosen(index)``, by a click, or by Enter where the arrows have gone to;
    ``pointed()``: the mouse or the keys are at another one, ``at``.

    slots: for how many there is room, at least; so that nothing jumps when their number changes.
    """

    chosen = Signal(int)
    pointed = Signal()

    def __init__(self, name: str, slots: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.answers: Sequence[Answer] = ()
        self.marked: int | None = None
        self.at: int | None = None
        self._slots = slots
        self.setAccessibleName(name)
        self.setMinimumSize(96, 96)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.tabular(self)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sizeHint(self) -> QSize:
        return QSize(200, 240)

    def set_answers(self, answers: Sequence[Answer], marked: int | None) -> None:
        """Show these in place of the others."""
        self.answers, self.marked = answers, marked
        if self.at is not None and self.at >= len(answers):
            self.at = None
        self._describe()
        self.update()

    def set_marked(self, marked: int | None) -> None:
        """Mark another one, or none."""
        if marked != self.marked:
            self.marked = marked
            self._describe()
            self.update()

    def sheet(self) -> Sheet | None:
        """The pictures in their own pixels, as they stand."""
        return sheet_of([answer.picture for answer in self.answers], self.columns)

    # Geometry -------------------------------------------------------------------------------

    @property
    def columns(self) -> int:
        """As many as make the pictures largest."""
        count = max(self._slots, len(self.answers))
        return max(range(1, count + 1), key=lambda columns: (self._side(columns, 1), -columns))

    def place(self, index: int) -> QRect:
        """Where the picture of an answer stands."""
        columns, lines = self.columns, self._lines
        side = self._side(columns, lines)
        row, column = divmod(index, columns)
        pitch = min((self.width() + _GAP) // columns, side + _WIDEST_GAP)
        left = max(0, (self.width() - (columns - 1) * pitch - side) // 2)
        return QRect(left + column * pitch, 1 + row * (side + self._below(lines)), side, side)

    @property
    def _lines(self) -> int:
        return 2 if self._side(self.columns, 2) >= _ROOMY else 1

    def _side(self, columns: int, lines: int) -> int:
        """Of a picture; in whole pixels of its own where it is large enough, which look even."""
        rows = -(-max(self._slots, len(self.answers)) // columns)
        wide = (self.width() + _GAP) // columns - _GAP
        high = (self.height() - 1) // rows - self._below(lines)
        side = max(8, min(wide, high))
        own = self.answers[0].picture.width() if self.answers else 28
        return side - side % own if side >= 2 * own else side

    def _below(self, lines: int) -> int:
        """From a picture to the one below, px."""
        return lines * self.fontMetrics().height() + _GAP

    def _index_at(self, point: QPoint) -> int | None:
        below = self._below(self._lines) - _GAP
        for index in range(len(self.answers)):
            if self.place(index).adjusted(0, 0, 0, below).contains(point):
                return index
        return None

    # Paint ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        metrics, two_lines = self.fontMetrics(), self._lines == 2
        reach = max(0, self.place(1).left() - self.place(0).right()) // 2 - 1  # into the gap
        for index, answer in enumerate(self.answers):
            place = self.place(index)
            painter.setRenderHint(
                QPainter.RenderHint.SmoothPixmapTransform,
                place.width() % answer.picture.width() != 0,
            )
            draw_picture(painter, place, answer.picture)
            draw_edge(painter, QRectF(place), answer.picture)
            line = QRect(place.left(), place.bottom() + 2, place.width(), metrics.height())
            line.adjust(-reach, 0, reach, 0)
            self._paint_line(painter, line, answer)
            if two_lines:
                line.translate(0, metrics.height() - 1)
                painter.setPen(QColor(c.muted))
                fits = metrics.horizontalAdvance(answer.cost) <= line.width()
                cost = answer.cost if fits else answer.cost.split(" ")[0]
                painter.drawText(line, Qt.AlignmentFlag.AlignHCenter, cost)
            if index == self.marked:
                painter.setPen(QColor(c.accent))
                for grow in (0, 1, 2):
                    painter.drawRect(place.adjusted(grow, grow, -1 - grow, -1 - grow))
            if index == self.at:
                painter.setPen(QColor(c.text if index != self.marked else theme.INK))
                painter.drawRect(place.adjusted(-1, -1, 0, 0))

    def _paint_line(self, painter: QPainter, line: QRect, answer: Answer) -> None:
        """Name and share, or the name alone, cut short, where there is no room for both."""
        text = f"{answer.name} · {answer.share}" if answer.name else answer.share
        metrics = self.fontMetrics()
        if answer.name and metrics.horizontalAdvance(text) > line.width():
            text = metrics.elidedText(answer.name, Qt.TextElideMode.ElideRight, line.width())
        painter.setPen(QColor(theme.colors().text))
        middle = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextDontClip
        painter.drawText(line, middle, text)

    # The hand -------------------------------------------------------------------------------

    def _point(self, index: int | None) -> None:
        if index != self.at:
            self.at = index
            self._describe()
            self.update()
            self.pointed.emit()

    def _describe(self) -> None:
        """For those who hear the window: the answer at hand, else the marked one."""
        index = self.at if self.at is not None else self.marked
        found = index is not None and index < len(self.answers)
        text = self.answers[index].tip if found and index is not None else ""
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._index_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() is not Qt.FocusReason.MouseFocusReason and self.answers:
            self._point(self.marked or 0)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index is not None:
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        columns = self.columns
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
        }
        key = Qt.Key(event.key())
        if key in steps and self.answers:
            index = 0 if self.at is None else self.at + steps[key]
            if 0 <= index < len(self.answers):
                self._point(index)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.at is not None:
            self.chosen.emit(self.at)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            index = self._index_at(event.pos())
            tip = "" if index is None else tooltip(self.answers[index].tip)
            QToolTip.showText(event.globalPos(), tip)
            return True
        return super().event(event)
