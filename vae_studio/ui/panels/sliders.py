"""A slider for every latent dimension, those that carry most first."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from superqt import QDoubleSlider

from vae_studio.core.measures import LatentStats
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.value_box import ValueBox

TYPED_LIMIT = 10.0  # of typed values; the prior's mass lies within ±4
_RANGE = 3.0  # a slider's, at least; 99.7 % of the prior
_DEAD_KL = 0.01  # nats; a dimension below carries nothing
_VALUE_WIDTH = 54


class LatentSlider(QWidget):
    """One dimension: name, slider, typed value, lock.

    Signals: ``moved(dimension, value)``, ``grabbed()`` and ``released()`` around a drag,
    ``locked(dimension, bool)``.
    """

    moved = Signal(int, float)
    grabbed = Signal()
    released = Signal()
    locked = Signal(int, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dimension = 0
        self.name = QLabel()
        self.name.setMinimumWidth(28)
        theme.tabular(self.name)
        self.slider = QDoubleSlider(Qt.Orientation.Horizontal)
        self.slider.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.slider.setMinimumHeight(18)
        self.slider.setSingleStep(0.1)
        self.slider.setPageStep(0.5)
        self.slider.installEventFilter(self)
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

    def describe(self, dimension: int, kl: float | None, low: float, high: float) -> None:
        """Stand for another dimension. kl: nats, None where unknown; low, high: the range."""
        self.dimension = dimension
        dead = kl is not None and kl < _DEAD_KL
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
            self.slider.setRange(min(-_RANGE, low), max(_RANGE, high))

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
                self.grabbed.emit()
            elif left and event.type() is QEvent.Type.MouseButtonRelease:
                self.released.emit()
            elif event.type() is QEvent.Type.MouseButtonDblClick:
                self.moved.emit(self.dimension, 0.0)
                return True
            elif isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
                return self._move_by_key(Qt.Key(event.key()))
        if isinstance(event, QWheelEvent):
            event.ignore()  # the wheel scrolls the list; it changes no value by accident
            return True
        return super().eventFilter(watched, event)

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


class SlidersPanel(Panel):
    """Rows in the order of KL on the test set, where that was measured."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.rows: list[LatentSlider] = []
        self._order: tuple[int, ...] = ()
        self._described: tuple[str, LatentStats | None] | None = None
        self._held = False
        self._empty = QLabel(self.tr("The latent dimensions of the model appear here."))
        self._empty.setProperty("role", "empty")
        self._empty.setWordWrap(True)
        self._list = QWidget()
        self._list_layout = QVBoxLayout(self._list)
        self._list_layout.setContentsMargins(8, 4, 8, 4)
        self._list_layout.setSpacing(0)
        self._list_layout.addStretch(1)
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setContentsMargins(8, 4, 8, 0)
        self.summary.setToolTip(
            self.tr("Dimensions with KL of 0.01 nats or more on the test set; the rest are grey")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 4)
        layout.setSpacing(0)
        layout.addWidget(self.summary)
        layout.addWidget(self._empty)
        self._scroll = ColumnScroll(self._list)
        layout.addWidget(self._scroll, 1)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._describe)

    @Slot(object)
    def _describe(self, snapshot: object) -> None:
        """Order, ranges and tooltips from the snapshot's figures, the last that there are."""
        if self.store.snapshot is None:
            return
        size, latent = self.store.snapshot.spec.latent_dim, self.store.snapshot.latent
        described = (self.store.snapshot.run, latent)
        if size == len(self.rows) and (self._held or described == self._described):
            return  # the order stays while a hand is on a slider
        self._described = described
        self._empty.hide()
        self._grow(size)
        self._order = latent.order if latent else tuple(range(size))
        for row, dimension in zip(self.rows, self._order, strict=True):
            if latent:
                row.describe(
                    dimension, latent.kl[dimension], latent.low[dimension], latent.high[dimension]
                )
            else:
                row.describe(dimension, None, -_RANGE, _RANGE)
        if latent:
            active = sum(kl >= _DEAD_KL for kl in latent.kl)
            self.summary.setText(
                self.tr("{active} of {size} dimensions in use").format(active=active, size=size)
            )
        else:
            self.summary.setText(self.tr("{size} dimensions, not measured yet").format(size=size))
        self._render(self.store.state, None)

    @Slot(int)
    def go_to(self, dimension: int) -> None:
        """Bring the slider of a dimension into view, with the focus on it."""
        for row in self.rows:
            if row.dimension == dimension:
                self._scroll.ensureWidgetVisible(row)
                row.slider.setFocus()

    def _grow(self, size: int) -> None:
        """Have exactly ``size`` rows."""
        while len(self.rows) > size:
            row = self.rows.pop()
            row.setParent(None)
            row.deleteLater()
        while len(self.rows) < size:
            row = LatentSlider()
            row.moved.connect(self.store.set_dimension)
            row.grabbed.connect(self._grab)
            row.released.connect(self._release)
            row.locked.connect(self.store.set_locked)
            self._list_layout.insertWidget(len(self.rows), row)
            self.rows.append(row)

    @Slot()
    def _grab(self) -> None:
        self._held = True
        self.store.begin_gesture()

    @Slot()
    def _release(self) -> None:
        self._held = False
        self.store.end_gesture()
        self._describe(self.store.snapshot)  # what came meanwhile

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState | None) -> None:
        if len(new.latent.z) != len(self.rows):
            return  # the model of this state still loads
        if old is not None and new.latent == old.latent:
            return
        for row in self.rows:
            row.render(new.latent.z[row.dimension], row.dimension in new.latent.locked)
