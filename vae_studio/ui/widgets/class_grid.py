"""``ClassGrid``: a picture of each class with a button below it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QToolButton, QWidget

from vae_studio.ui.classes import are_short, class_name
from vae_studio.ui.widgets.image_view import ImageView

_COLUMNS = 5  # of digits
_SIDE, _LARGEST = 40, 60  # px of a picture, at least; above a word, at most
_GAP = 6
_NARROWEST, _WIDEST = 64, 112  # px of a column of words
_WHOLE = 0.8  # of the words are seen whole, where that is not wider
_AROUND = 24  # px of a button beside its text


class ClassGrid(QWidget):
    """Digits stand in five columns; words in as many as there is room for, those that are too long
    end in "…".

    Signal: ``picked(label)``, by its button or its picture.
    """

    picked = Signal(int)

    def __init__(self, names: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = tuple(names)
        self.compact = are_short(names)
        self.pictures: list[ImageView] = []
        self.buttons: list[NameButton] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        if self.compact:  # squares of a width that is no whole number of px may add up to more
            self._grid.setVerticalSpacing(_GAP - 1)
        self._columns = 0
        for label in range(len(names)):
            self._add(label)
        wanted = sorted(button.wanted for button in self.buttons)
        most = wanted[int(_WHOLE * (len(wanted) - 1))] if wanted else 0
        self._wide = min(max(most + _AROUND, _NARROWEST), _WIDEST)
        self._place(_COLUMNS)

    def _add(self, label: int) -> None:
        name = class_name(self.names, label)
        picture = ImageView(self.tr("Class {label}").replace("{label}", name), side=_SIDE)
        picture.clicked.connect(partial(self.picked.emit, label))
        picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the button below has it
        button = NameButton(name)
        button.setCheckable(True)
        button.setAccessibleName(self.tr("Label {label}").replace("{label}", name))
        button.clicked.connect(lambda _checked: self.picked.emit(label))
        picture.keep_square()
        if not self.compact:
            picture.setMaximumHeight(_LARGEST)
        self.pictures.append(picture)
        self.buttons.append(button)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        for each in range(self._grid.rowCount()):
            self._grid.setRowStretch(each, 0)
        for each in range(max(columns, self._columns)):
            self._grid.setColumnStretch(each, int(each < columns))
        self._columns = columns
        for label, (picture, button) in enumerate(zip(self.pictures, self.buttons, strict=True)):
            row, column = divmod(label, columns)
            for widget in (picture, button):
                self._grid.removeWidget(widget)  # from where it stood
            self._grid.addWidget(picture, 2 * row, column)
            self._grid.addWidget(button, 2 * row + 1, column)
        self._grid.setRowStretch(2 * -(-len(self.buttons) // columns), 1)

    def minimumSizeHint(self) -> QSize:
        """Words need no more width than one column; the rest is scrolled to."""
        hint = super().minimumSizeHint()
        return hint if self.compact else QSize(2 * _NARROWEST + _GAP, hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self.compact:
            fitting = (event.size().width() + _GAP) // (self._wide + _GAP)
            self._place(min(max(fitting, 1), max(len(self.buttons), 1)))


class NameButton(QToolButton):
    """As wide as its place; a name that is longer ends in "…"."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setText(name.replace("&", "&&"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def wanted(self) -> int:
        """Width of the whole name, px."""
        return self.fontMetrics().horizontalAdvance(self._name)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), _NARROWEST), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = event.size().width() - 12
        elided = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, room)
        text = elided.replace("&", "&&")
        if text != self.text():
            self.setText(text)
