"""``ClassBox``: a box of classes, and other things among them; narrow, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QToolTip, QWidget

from vae_studio.ui.classes import elision
from vae_studio.ui.panels.runs.texts import tooltip

_ROWS = 20  # that are shown at once; the others are scrolled to, or typed
_WIDE = 24  # characters from which on an entry has a tooltip


class ClassBox(QComboBox):
    """Open, typing the beginning of a name goes there. Names that are too long end in "…", and are
    whole in tooltips."""

    def __init__(self, characters: int = 4, parent: QWidget | None = None) -> None:
        """characters: that there is room for at least."""
        super().__init__(parent)
        policy = QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(characters)
        self.setMaxVisibleItems(_ROWS)
        self.setStyleSheet("QComboBox { combobox-popup: 0; }")  # a list with a scroll bar
        self.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)

    def initStyleOption(self, option: QStyleOptionComboBox) -> None:
        super().initStyleOption(option)
        option.currentText = self._fitting(option)

    def _fitting(self, option: QStyleOptionComboBox) -> str:
        """As much of what is chosen as there is room for."""
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        text, width = self.currentText(), field.width() - 2
        return self.fontMetrics().elidedText(text, elision(self.count()), width)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            option, chosen = QStyleOptionComboBox(), self.currentText()
            self.initStyleOption(option)
            if option.currentText != chosen:
                tip = tooltip(f"{chosen}\n{self.toolTip()}")
                QToolTip.showText(event.globalPos(), tip, self)
                return True
        return super().event(event)

    def offer(self, entries: Iterable[tuple[str, object]], wanted: object) -> None:
        """Offer texts with what they stand for; choose ``wanted``, where it is among them, else the
        first. Says nothing of it."""
        listed = list(entries)
        with QSignalBlocker(self):
            self.clear()
            for place, (text, data) in enumerate(listed):
                self.addItem(text, data)
                if len(text) > _WIDE:
                    self.setItemData(place, tooltip(text), Qt.ItemDataRole.ToolTipRole)
            places = [place for place, (_, data) in enumerate(listed) if data == wanted]
            self.setCurrentIndex(places[0] if places else 0)

    def offer_names(self, names: Sequence[str]) -> None:
        """Offer classes, each standing for its label."""
        self.offer(((name, label) for label, name in enumerate(names)), self.currentData())

    def showPopup(self) -> None:
        """As wide as the longest name, within reason."""
        metrics = self.view().fontMetrics()
        texts = (self.itemText(place) for place in range(self.count()))
        longest = max((metrics.horizontalAdvance(text) for text in texts), default=0)
        self.view().setMinimumWidth(min(longest + 40, 360))
        super().showPopup()
