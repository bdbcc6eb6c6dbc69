"""``ClassLegend``: what the colours of the map mean; a click hides a class, and shows it again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.ui.classes import MOST_BUTTONS, are_short, class_name, in_short
from vae_studio.ui.panels.map.badges import swatch
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.class_list import ClassList
from vae_studio.ui.widgets.wide_scroll import WideScroll

_SWATCH = 10  # px
_LETTERS = 16  # of a name on a button
_POPUP = 240, 320  # px


class ClassLegend(QWidget):
    """A button for each class in a row, which moves sideways where it is long; of many classes the
    list alone, which can be searched. Nothing where there are none.

    Signal: ``hidden_wanted(frozenset)``: these classes are to be left out.
    """

    hidden_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: list[QToolButton] = []
        self.names: tuple[str, ...] = ()
        self._hidden: frozenset[int] = frozenset()
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.more = tool_button(
            "mdi6.format-list-checks",
            self.tr("List of classes"),
            self.tr("All classes as a list: search one, show or hide it"),
            self.open_list,
        )
        self.more.setProperty("role", "flat")
        self.popup: ClassPopup | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addWidget(self.summary, 1)
        self._row.addWidget(self.more)
        self._inside: QWidget | None = None
        self.hide()

    def set_names(self, names: Sequence[str]) -> None:
        """Stand for these classes."""
        if tuple(names) == self.names:
            return
        self.names = tuple(names)
        self.buttons = []
        if self._inside is not None:
            self._row.removeWidget(self._inside)
            self._inside.hide()
            self._inside.deleteLater()
            self._inside = None
        digits, listed = are_short(names), len(names) > MOST_BUTTONS
        if not listed and names:
            self._inside = WideScroll(self._make_buttons())
            self._row.insertWidget(0, self._inside, 1)
        self.summary.setVisible(listed)
        self.more.setVisible(not digits)
        self.setVisible(bool(names))
        self._render()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Show which classes are left out."""
        hidden = frozenset(label for label in hidden if label < len(self.names))
        if hidden != self._hidden:
            self._hidden = hidden
            self._render()

    def _make_buttons(self) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for label in range(len(self.names)):
            name = class_name(self.names, label)
            button = QToolButton()
            button.setProperty("role", "legend")
            button.setProperty("narrow", are_short(self.names))
            button.setText(in_short(name, _LETTERS).replace("&", "&&"))
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIcon(_icon(label))
            button.setIconSize(QSize(_SWATCH, _SWATCH))
            text = self.tr("Class {label} on the map")
            button.setAccessibleName(text.replace("{label}", name))
            text = self.tr("Show or hide class {label}")
            button.setToolTip(tooltip(text.replace("{label}", name)))
            button.clicked.connect(partial(self.toggle, label))
            row.addWidget(button)
            self.buttons.append(button)
        row.addStretch(1)
        return inside

    def _render(self) -> None:
        for label, button in enumerate(self.buttons):
            button.setChecked(label not in self._hidden)
        count = len(self.names)
        text = self.tr("{n} classes") if not self._hidden else self.tr("{shown} of {n} classes")
        self.summary.setText(text.format(n=count, shown=count - len(self._hidden)))
        if self.popup is not None:
            self.popup.list.set_chosen(set(range(count)) - self._hidden)

    def toggle(self, label: int, *_: object) -> None:
        """Leave a class out, or no longer."""
        self.hidden_wanted.emit(self._hidden ^ {label})
        self._render()  # where nobody changed anything

    @Slot()
    def open_list(self) -> None:
        """Show all classes as a list, above the legend."""
        if self.popup is None:
            self.popup = ClassPopup(self)
            self.popup.list.chosen.connect(self.toggle)
            self.popup.all_wanted.connect(lambda: self.hidden_wanted.emit(frozenset()))
            self.popup.none_wanted.connect(
                lambda: self.hidden_wanted.emit(frozenset(range(len(self.names))))
            )
        self.popup.list.set_names(self.names)
        self._render()
        corner = self.mapToGlobal(QPoint(self.width() - self.popup.width(), 0))
        place = QRect(corner - QPoint(0, self.popup.height() + 2), self.popup.size())
        room = self.screen().availableGeometry()
        place.moveLeft(max(room.left(), min(place.left(), room.right() - place.width())))
        place.moveTop(max(room.top(), min(place.top(), room.bottom() - place.height())))
        self.popup.move(place.topLeft())
        self.popup.show()
        self.popup.list.search.setFocus()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange:
            for label, button in enumerate(getattr(self, "buttons", ())):
                button.setIcon(_icon(label))


class ClassPopup(QFrame):
    """Signals: ``all_wanted()``, ``none_wanted()``: all classes are to be shown, or hidden."""

    all_wanted = Signal()
    none_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("card")
        self.setAccessibleName(self.tr("Classes on the map"))
        self.list = ClassList(self.tr("Classes on the map"), _icon)
        everything = push_button(
            "mdi6.eye-outline",
            self.tr("Show all"),
            self.tr("Show the dots of all classes"),
            self.all_wanted.emit,
        )
        nothing = push_button(
            "mdi6.eye-off-outline",
            self.tr("Hide all"),
            self.tr("Hide the dots of all classes, to show some of them"),
            self.none_wanted.emit,
        )
        below = QHBoxLayout()
        below.addWidget(everything)
        below.addWidget(nothing)
        below.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(6)
        layout.addWidget(self.list, 1)
        layout.addLayout(below)
        self.resize(*_POPUP)


def _icon(label: int) -> QIcon:
    return QIcon(swatch(label, _SWATCH))
