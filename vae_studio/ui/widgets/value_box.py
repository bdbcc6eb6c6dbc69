"""``ValueBox``: a number that can be typed freely, and is brought into its range on Enter."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

_WINDOW_KEYS = (QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo)


class ValueBox(QDoubleSpinBox):
    """Tells its value on Enter or when the focus leaves. A comma counts as a decimal point.

    Undo and redo go to the window, unless something is being typed.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLocale(QLocale.c())
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the wheel alone does not choose it

    def validate(self, text: str, position: int) -> object:
        """Anything may stand there while it is typed; only numbers are taken."""
        number = _number(text)
        in_range = number is not None and self.minimum() <= number <= self.maximum()
        state = QValidator.State.Acceptable if in_range else QValidator.State.Intermediate
        return state, text, position

    def valueFromText(self, text: str) -> float:
        number = _number(text)
        return self.value() if number is None else number

    def fixup(self, text: str) -> str:
        """The nearest value of the range, or the last one where no number stands there."""
        number = _number(text)
        if number is None:
            number = self.value()
        return self.textFromValue(max(self.minimum(), min(self.maximum(), number)))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        QTimer.singleShot(0, self.selectAll)  # after the click that brought the focus

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel scrolls what lies behind, unless the box was chosen."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ShortcutOverride and not self.lineEdit().isModified():
            assert isinstance(event, QKeyEvent)
            if any(map(event.matches, _WINDOW_KEYS)):
                event.ignore()
                return False
        return super().event(event)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        return None
