"""``Panel``: what every panel has: the store, and a way to rest while it is hidden."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from vae_studio.ui.store import Store


class Panel(QWidget):
    """A view of the store's state. Widgets render state and emit intent; they compute nothing."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.store = store
        self._behind = False  # another tab; Qt calls that visible too
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    @property
    def on_screen(self) -> bool:
        """Whether somebody can see it."""
        return self.isVisible() and not self._behind

    @Slot(bool)
    def come_forward(self, forward: bool) -> None:
        """Its dock became the tab in front, or went behind another."""
        self._behind = not forward
        if forward:
            self.refresh()

    def refresh(self) -> None:
        """Ask for what the panel shows; called when it comes into view. Hidden panels ask for
        nothing."""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
