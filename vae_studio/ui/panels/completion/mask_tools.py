"""``MaskTools``: what the hand does to the mask, and masks that one click makes."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QToolButton, QWidget

from vae_studio.session.drawing import Rect, Seen
from vae_studio.ui.panels.completion.mask_view import MaskTool
from vae_studio.ui.widgets.buttons import tool_button

TOP: Rect = (0.0, 0.0, 1.0, 0.5)
BOTTOM: Rect = (0.0, 0.5, 1.0, 1.0)
LEFT: Rect = (0.0, 0.0, 0.5, 1.0)
RIGHT: Rect = (0.5, 0.0, 1.0, 1.0)


class MaskTools(QWidget):
    """Two rows of buttons. Signals: ``tool_chosen(MaskTool)``; ``half_chosen(rect)``: hide that;
    ``nothing_hidden()``; ``brush_forgotten()``."""

    tool_chosen = Signal(object)
    half_chosen = Signal(object)
    nothing_hidden = Signal()
    brush_forgotten = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tools = QButtonGroup(self)  # one of them at a time
        self.hide_tool = self._tool(
            MaskTool.HIDE,
            "mdi6.selection-drag",
            self.tr("Hide"),
            self.tr("Drag over what the model is to make up: all else is seen"),
        )
        self.empty_tool = self._tool(
            MaskTool.EMPTY,
            "mdi6.brush",
            self.tr("Empty here"),
            self.tr(
                "Brush where there is to be no ink: the model sees paper there. For a drawing that "
                "is only begun, with nothing hidden"
            ),
        )
        self.nothing = tool_button(
            "mdi6.selection-off",
            self.tr("Nothing hidden"),
            self.tr("Back to a drawing that is only begun: its ink is seen, where it stands"),
            self.nothing_hidden.emit,
        )
        self.forget = tool_button(
            "mdi6.broom",
            self.tr("Forget the brush"),
            self.tr("Nothing is brushed as empty any more: there the model may put ink again"),
            self.brush_forgotten.emit,
        )
        self.halves: dict[Rect, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for column, button in enumerate(
            (self.hide_tool, self.empty_tool, self.nothing, self.forget)
        ):
            grid.addWidget(button, 0, column)
        for column, (rect, icon, name, tip) in enumerate(
            (
                (TOP, "mdi6.dock-top", self.tr("Top"), self.tr("Hide the upper half")),
                (BOTTOM, "mdi6.dock-bottom", self.tr("Bottom"), self.tr("Hide the lower half")),
                (LEFT, "mdi6.dock-left", self.tr("Left"), self.tr("Hide the left half")),
                (RIGHT, "mdi6.dock-right", self.tr("Right"), self.tr("Hide the right half")),
            )
        ):
            button = tool_button(icon, name, tip, partial(self.half_chosen.emit, rect))
            button.setCheckable(True)
            grid.addWidget(button, 1, column)
            self.halves[rect] = button
        grid.setColumnStretch(4, 1)
        self.hide_tool.setChecked(True)
        self.show_seen(Seen())

    def _tool(self, tool: MaskTool, icon: str, name: str, tip: str) -> QToolButton:
        button = tool_button(icon, name, tip, lambda: self.tool_chosen.emit(tool), checkable=True)
        self._tools.addButton(button)
        return button

    def show_seen(self, seen: Seen) -> None:
        """What is hidden, and what can be taken back."""
        self.nothing.setEnabled(seen.hidden is not None)
        self.forget.setEnabled(bool(seen.empty))
        self.empty_tool.setEnabled(seen.hidden is None)
        if seen.hidden is not None and self.empty_tool.isChecked():
            self.hide_tool.click()
        for rect, button in self.halves.items():
            button.setChecked(seen.hidden == rect)
