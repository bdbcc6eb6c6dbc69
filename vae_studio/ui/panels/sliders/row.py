"""``LatentSlider``: a row for one latent dimension."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QWidget

from vae_studio.core.surveyed import PRIOR_RANGE
from vae_studio.ui import theme
from vae_studio.ui.panels.sliders.density_slider import DensitySlider
from vae_studio.ui.panels.sliders.strip import PICTURES, Strip
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.value_box import ValueBox

DEAD_KL = 0.01  # nats; a dimension below carries nothing
TYPED_LIMIT = 10.0  # of typed values; the prior's mass lies within ±4
_VALUE_WIDTH = 54


class LatentSlider(QWidget):
    """One dimension: name, slider, what it does, typed value, lock.

    Signals: ``moved(dimension, value)``, ``grabbed()`` and ``released()`` around a drag,
    ``locked(dimension, bool)``, ``pointed(dimension or None)``: the mouse is over it, or the Tab
    key came to it; not while a drag moves it, as then the picture itself
    is looked at.
    """

    moved = Signal(int, float)
    grabbed = Signal()
    released = Signal()
    locked = Signal(int, bool)
    pointed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dimension = 0
        self.name = QLabel()
        self.name.setMinimumWidth(28)
        theme.tabular(self.name)
        self.slider = DensitySlider()
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.setSingleStep(0.1)
        self.slider.setPageStep(0.5)
        self.slider.installEventFilter(self)
        self.strip = Strip()
        self.strip.setToolTip(
            self.tr("What this dimension does: the point with five values of it. A click takes one")
        )
        self.strip.chosen.connect(self._take_from_strip)
        self.strip.hide()
        self.value = ValueBox()
        self.value.setRange(-TYPED_LIMIT, TYPED_LIMIT)
        self.value.setDecimals(2)
        self.value.setSingleStep(0.1)
        self.value.setFixedWidth(_VALUE_WIDTH)
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight)
        theme.tabular(self.value)
        self.lock = tool_button(
            "mdi6.lock-open-variant-outline",
            self.tr("Lock"),
            self.tr("Keep this dimension from Random and Mean"),
            checkable=True,
        )
        self.lock.setProperty("role", "flat")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 1, 0, 1)
        layout.setSpacing(6)
        layout.addWidget(self.name)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.strip)
        layout.addWidget(self.value)
        layout.addWidget(self.lock)
        self.slider.valueChanged.connect(lambda value: self.moved.emit(self.dimension, value))
        self.value.valueChanged.connect(lambda value: self.moved.emit(self.dimension, value))
        self.lock.toggled.connect(self._toggle_lock)

    @Slot(bool)
    def _toggle_lock(self, checked: bool) -> None:
        self._draw_lock(checked)
        self.locked.emit(self.dimension, checked)

    def _draw_lock(self, checked: bool) -> None:
        theme.set_icon(self.lock, "mdi6.lock" if checked else "mdi6.lock-open-variant-outline")

    def strip_values(self) -> NDArray[np.float32]:
        """The values of the strip's pictures: float32 [PICTURES], from the lowest up."""
        return np.linspace(self.slider.minimum(), self.slider.maximum(), PICTURES, dtype=np.float32)

    @Slot(int)
    def _take_from_strip(self, index: int) -> None:
        self.moved.emit(self.dimension, float(self.strip_values()[index]))

    def describe(
        self,
        dimension: int,
        kl: float | None,
        low: float,
        high: float,
        density: NDArray[np.float32] | None,
    ) -> None:
        """Stand for another dimension. kl: nats, None where unknown; low, high: the range;
        density: of the data in it."""
        if dimension != self.dimension:
            self.strip.set_images(None)
        self.dimension = dimension
        dead = kl is not None and kl < DEAD_KL
        name = f"z{dimension}"
        self.name.setText(name)
        self.name.setEnabled(not dead)
        if kl is None:
            tip = self.tr("Latent dimension {name}. Double click: 0").format(name=name)
        elif dead:
            tip = self.tr(
                "Latent dimension {name}: KL {kl:.3f} nats. It carries nothing: the decoder "
                "ignores it. Double click: 0"
            ).format(name=name, kl=kl)
        else:
            tip = self.tr(
                "Latent dimension {name}: KL {kl:.2f} nats on the test set. Double click: 0"
            ).format(name=name, kl=kl)
        self.slider.setToolTip(tip)
        self.name.setToolTip(tip)
        self.value.setToolTip(tip)
        self.slider.setAccessibleName(name)
        self.value.setAccessibleName(self.tr("Value of {name}").format(name=name))
        self.lock.setAccessibleName(self.tr("Lock {name}").format(name=name))
        if self.slider.property("dead") != dead:
            self.slider.setProperty("dead", dead)
            self.slider.style().unpolish(self.slider)
            self.slider.style().polish(self.slider)
        with QSignalBlocker(self.slider):
            self.slider.setRange(min(-PRIOR_RANGE, low), max(PRIOR_RANGE, high))
        self.slider.set_density(density)

    def render(self, value: float, locked: bool) -> None:  # type: ignore[override]
        """Show a value, without telling anyone."""
        with QSignalBlocker(self.slider), QSignalBlocker(self.value), QSignalBlocker(self.lock):
            if not self.slider.isSliderDown():
                self.slider.setValue(value)
            self.value.setValue(value)
            if self.lock.isChecked() != locked:
                self.lock.setChecked(locked)
                self._draw_lock(locked)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.slider:
            # A press already moves the slider, before it says sliderPressed.
            left = isinstance(event, QMouseEvent) and event.button() is Qt.MouseButton.LeftButton
            if left and event.type() is QEvent.Type.MouseButtonPress:
                self.pointed.emit(None)
                self.grabbed.emit()
            elif left and event.type() is QEvent.Type.MouseButtonRelease:
                self.released.emit()
            elif isinstance(event, QFocusEvent):
                self._follow_focus(event)
            elif event.type() is QEvent.Type.MouseButtonDblClick:
                self.moved.emit(self.dimension, 0.0)
                return True
            elif isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
                return self._move_by_key(Qt.Key(event.key()))
        if isinstance(event, QWheelEvent):
            event.ignore()  # the wheel scrolls the list; it changes no value by accident
            return True
        return super().eventFilter(watched, event)

    def _follow_focus(self, event: QFocusEvent) -> None:
        if event.lostFocus():
            self.pointed.emit(None)
        elif event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.pointed.emit(self.dimension)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.pointed.emit(self.dimension)
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)
        super().leaveEvent(event)

    def _move_by_key(self, key: Qt.Key) -> bool:
        """Arrows, pages and ends move the slider; superqt's own handling does not see them."""
        slider = self.slider
        steps = {
            Qt.Key.Key_Right: slider.singleStep(),
            Qt.Key.Key_Up: slider.singleStep(),
            Qt.Key.Key_Left: -slider.singleStep(),
            Qt.Key.Key_Down: -slider.singleStep(),
            Qt.Key.Key_PageUp: slider.pageStep(),
            Qt.Key.Key_PageDown: -slider.pageStep(),
        }
        ends = {Qt.Key.Key_Home: slider.minimum(), Qt.Key.Key_End: slider.maximum()}
        if key in steps:
            value = self.value.value() + steps[key]
            self.moved.emit(self.dimension, max(slider.minimum(), min(slider.maximum(), value)))
        elif key in ends:
            self.moved.emit(self.dimension, ends[key])
        return key in steps or key in ends

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.addAction(self.tr("Set to 0"), lambda: self.moved.emit(self.dimension, 0.0))
        menu.addAction(self.tr("Lock or unlock"), self.lock.toggle)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())
