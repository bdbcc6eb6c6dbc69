"""``Toolbar``: the tools of the canvas, the pen's size, and what is done with the whole drawing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSlider,
    QToolButton,
    QWidget,
)

from vae_studio.ui.panels.draw.tools import Tool
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button

PEN_STEP = 0.01  # of the canvas


class Toolbar(QWidget):
    """Signals: ``tool_chosen(Tool)``; ``width_chosen(float)``, of the pen; ``clear_wanted()``."""

    tool_chosen = Signal(object)
    width_chosen = Signal(float)
    clear_wanted = Signal()

    def __init__(self, store: Store, width: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.pen = self._tool("mdi6.pen", self.tr("Pen"), self.tr("Draw (B)"), Tool.PEN)
        self.eraser = self._tool(
            "mdi6.eraser", self.tr("Eraser"), self.tr("Rub out parts of strokes (E)"), Tool.ERASER
        )
        self.stroke_eraser = self._tool(
            "mdi6.eraser-variant",
            self.tr("Stroke eraser"),
            self.tr("Take away whole strokes that are touched (Shift+E)"),
            Tool.STROKE_ERASER,
        )
        self.mover = self._tool(
            "mdi6.cursor-move",
            self.tr("Move"),
            "",
            Tool.MOVE,
        )
        self.tools = {
            Tool.PEN: self.pen,
            Tool.ERASER: self.eraser,
            Tool.STROKE_ERASER: self.stroke_eraser,
            Tool.MOVE: self.mover,
        }
        group = QButtonGroup(self)
        for button in self.tools.values():
            group.addButton(button)
        self.pen.setChecked(True)
        self.size_slider = self._make_size(width)
        self.undo = tool_button("mdi6.undo", self.tr("Undo"), self.tr("Undo (Ctrl+Z)"), store.undo)
        self.redo = tool_button(
            "mdi6.redo", self.tr("Redo"), self.tr("Redo (Ctrl+Shift+Z)"), store.redo
        )
        self.clear = tool_button(
            "mdi6.delete-outline",
            self.tr("Clear"),
            self.tr("Clear the canvas (Ctrl+Delete); Undo brings it back"),
            self.clear_wanted.emit,
        )
        self.more = tool_button(
            "mdi6.dots-vertical",
            self.tr("More"),
            self.tr("Open, paste, keep and save drawings and pictures"),
        )
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.show_way(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for button in self.tools.values():
            layout.addWidget(button)
        layout.addWidget(self.size_slider, 1)
        for button in (self.undo, self.redo, self.clear):
            button.setEnabled(False)
            layout.addWidget(button)
        layout.addWidget(self.more)
        store.history_changed.connect(self._enable_history)
        self._enable_history()

    def _tool(self, icon: str, name: str, tip: str, tool: Tool) -> QToolButton:
        return tool_button(icon, name, tip, lambda: self.take(tool), checkable=True)

    def _make_size(self, width: float) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(2, 20)
        slider.setValue(round(width / PEN_STEP))
        slider.setMinimumWidth(40)
        slider.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        slider.setAccessibleName(self.tr("Pen size"))
        slider.valueChanged.connect(lambda value: self.width_chosen.emit(value * PEN_STEP))
        return slider

    def show_way(self, digits: bool) -> None:
        """Say what the model sees of tools: by MNIST's recipe, or as it was drawn."""
        move = self.tr("Move what is drawn; drag a corner or turn the wheel to scale it (V).")
        size = self.tr("Size of pen and eraser ([ and ])")
        if digits:
            move += " " + self.tr("The model sees no difference while Fit and Centre are on")
            size = self.tr(
                "Pen size on the canvas ([ and ]); the model sees MNIST’s pen while Pen is on"
            )
        self.mover.setToolTip(move.removesuffix("."))
        self.size_slider.setToolTip(size)

    def take(self, tool: Tool) -> None:
        """Take a tool into the hand."""
        self.tools[tool].setChecked(True)
        self.tool_chosen.emit(tool)

    def set_actions(self, actions: Sequence[QAction | None]) -> None:
        """What *More* offers; None is a line between."""
        menu = QMenu(self)
        for action in actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
        self.more.setMenu(menu)

    def _enable_history(self) -> None:
        self.undo.setEnabled(self._store.can_undo)
        self.redo.setEnabled(self._store.can_redo)
