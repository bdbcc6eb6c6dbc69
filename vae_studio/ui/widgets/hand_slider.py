"""``HandSlider``: a slider whose drags can be told from one another."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from vae_studio.ui.widgets.double_slider import QDoubleSlider


class HandSlider(QDoubleSlider):
    """Horizontal, moved by the mouse and by keys; the wheel changes nothing by accident.

    Signals: ``moved(value)``, by the hand alone; a drag is between ``grabbed()`` and
    ``released()``. Qt's own ``sliderPressed`` comes after the press has moved the handle.
    """

    moved = Signal(float)
    grabbed = Signal()
    released = Signal()

    def __init__(
        self, low: float, high: float, step: float, page: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(low, high)
        self.setSingleStep(step)
        self.setPageStep(page)
        self._silent = self._held = False
        self.valueChanged.connect(self._tell)

    def _tell(self, value: float) -> None:
        if not self._silent:
            self.moved.emit(value)

    def show_value(self, value: float) -> None:
        """Put the handle there, or at the nearer end; not while a hand is on it. Tells nobody."""
        if not self.isSliderDown():
            self._silent = True
            self.setValue(min(max(value, self.minimum()), self.maximum()))
            self._silent = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._held = True
            self.grabbed.emit()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self._let_go()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.EnabledChange and not self.isEnabled():
            self._let_go()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._let_go()

    def _let_go(self) -> None:
        """The hand is gone, or the slider under it: no release would reach it any more."""
        if self._held:
            self._held = False
            self.setSliderDown(False)
            self.released.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """superqt's own handling does not see them."""
        steps = {
            Qt.Key.Key_Right: self.singleStep(),
            Qt.Key.Key_Up: self.singleStep(),
            Qt.Key.Key_Left: -self.singleStep(),
            Qt.Key.Key_Down: -self.singleStep(),
            Qt.Key.Key_PageUp: self.pageStep(),
            Qt.Key.Key_PageDown: -self.pageStep(),
        }
        ends = {Qt.Key.Key_Home: self.minimum(), Qt.Key.Key_End: self.maximum()}
        key = Qt.Key(event.key())
        if key in steps:
            self.setValue(min(max(self.value() + steps[key], self.minimum()), self.maximum()))
        elif key in ends:
            self.setValue(ends[key])
        else:
            super().keyPressEvent(event)
