"""``PlotsBar``: the row over the plots: legend, what the mouse reads, smoothing, scale, more."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
)

from vae_studio.ui import theme
from vae_studio.ui.panels.train.plots.legend import Legend
from vae_studio.ui.widgets.buttons import tool_button

SMOOTHING = 40  # steps in the moving mean of the training curve
_MOST_SMOOTHING = 500
_ROOM_FOR_BOTH = 820  # px; in a narrower row the values take the legend's place while one reads


class ElidedLabel(QLabel):
    """One line of text that ends in … where there is no room for all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        mode = Qt.TextElideMode.ElideRight
        text = self.fontMetrics().elidedText(self.text(), mode, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), self.alignment(), text)


class PlotsBar(QWidget):
    """Signals: ``smoothing_changed(steps)``, ``log_changed(on)``, ``show_all_pressed()``."""

    smoothing_changed = Signal(int)
    log_changed = Signal(bool)
    show_all_pressed = Signal()

    def __init__(self, menu: QMenu, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.legend = Legend()
        self._full = ""
        self.text = ElidedLabel()
        theme.tabular(self.text)
        self.text.setProperty("role", "muted")
        self.smoothing = QSpinBox()
        self.smoothing.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.smoothing.setRange(1, _MOST_SMOOTHING)
        self.smoothing.setValue(SMOOTHING)
        self.smoothing.setSuffix(self.tr(" steps"))
        self.smoothing.setKeyboardTracking(False)
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self.smoothing.setToolTip(
            self.tr("Smoothing: how many steps the mean of the training curve spans; 1 is none")
        )
        theme.tabular(self.smoothing)
        self.smoothing.valueChanged.connect(self.smoothing_changed)
        self.log = _flat(
            "mdi6.math-log",
            self.tr("Logarithmic scale"),
            self.tr("Logarithmic scale: equal factors are equally high; 0 has no place on it"),
            checkable=True,
        )
        self.log.toggled.connect(self.log_changed)
        self.show_all = _flat(
            "mdi6.fit-to-page-outline",
            self.tr("Show all"),
            self.tr("Show all again, and follow the training (double click on a plot)"),
        )
        self.show_all.clicked.connect(lambda: self.show_all_pressed.emit())
        self.show_all.setEnabled(False)
        self.more = _flat(
            "mdi6.tray-arrow-down",
            self.tr("Copy or save"),
            self.tr("Copy the picture, or save it or the figures (Ctrl+C copies)"),
        )
        self.more.setMenu(menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.legend)
        row.addWidget(self.text, 1)
        for widget in (self.smoothing, self.log, self.show_all, self.more):
            row.addWidget(widget)

    def set_text(self, text: str) -> None:
        """What stands in the row: values, or "" for none."""
        if text != self._full:
            self._full = text
            self._share()

    def _share(self) -> None:
        """Legend and values side by side, or the values alone while there are any."""
        taken = bool(self._full) and self.width() < _ROOM_FOR_BOTH
        self.legend.setVisible(not taken or self.legend.isAncestorOf(self.focusWidget() or self))
        self.text.setText(self._full)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share()


def _flat(icon: str, name: str, tip: str, checkable: bool = False) -> QToolButton:
    button = tool_button(icon, name, tip, checkable=checkable)
    button.setProperty("role", "flat")
    theme.set_icon(button, icon)  # once more: what is checked looks different on a flat one
    button.setIconSize(QSize(16, 16))
    return button
