"""``Docks``: a dock for each row of ``PANELS``, arranged as a workspace says.

A panel is made when it is first seen: two dozen of them would keep the first picture waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QCoreApplication, QSize, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QLayout,
    QMainWindow,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from vae_studio.ui.panels import PANELS, PanelRow
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.workspaces import Part, Side, panels_of


class PanelDock(QDockWidget):
    """The place of one panel, which is made when it is first seen, or first asked for."""

    def __init__(self, row: PanelRow, store: Store, window: QMainWindow) -> None:
        super().__init__(QCoreApplication.translate("Panels", row.title), window)
        self._row, self._store = row, store
        self.made: Panel | None = None  # so far
        self._wires: list[Callable[[Any], object]] = []
        self._forward = False
        self._held = False
        self.setObjectName(row.name)
        self.setTitleBarWidget(_Title(self))
        inside = QWidget()  # a dock whose widget is another one takes another size
        self._place = QVBoxLayout(inside)
        self._place.setContentsMargins(0, 0, 0, 0)
        self.setWidget(inside)
        self.visibilityChanged.connect(self._come_forward)

    @property
    def panel(self) -> Panel:
        """Its panel, made if it was not."""
        return self.made if self.made is not None else self._make()

    def _make(self) -> Panel:
        self.made = self._row.panel(self._store)
        for layout in self.made.findChildren(QLayout):
            layout.invalidate()  # or what a hidden part would need is counted, and stays
        self._place.addWidget(self.made)
        self.made.show()  # now: Qt would a turn later
        for wire in self._wires:
            wire(self.made)
        self.made.come_forward(self._forward)
        return self.made

    def when_made(self, wire: Callable[[Any], object]) -> None:
        """Call ``wire(panel)`` once there is one."""
        self._wires.append(wire)
        if self.made is not None:
            wire(self.made)

    def hold(self, held: bool) -> None:
        """While docks are moved each is in front for a moment: only where it ends counts."""
        self._held = held
        self._tell()

    @Slot(bool)
    def _come_forward(self, forward: bool) -> None:
        """Qt says of one that floats that it is behind the tabs it came from."""
        self._forward = forward or (self.isFloating() and self.isVisible())
        self._tell()

    def _tell(self) -> None:
        if self._held:
            return
        if self.made is not None:
            self.made.come_forward(self._forward)
        elif self._forward:
            self._make()


class Docks:
    """by_name: the docks, one for each row of ``PANELS``."""

    def __init__(self, window: QMainWindow, store: Store) -> None:
        self._window = window
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.by_name = {row.name: PanelDock(row, store, window) for row in PANELS}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Arrange them within."""
        for dock in self.by_name.values():
            dock.hold(True)
        try:
            yield
        finally:
            for dock in self.by_name.values():
                dock.hold(False)

    def arrange(self, layout: Side) -> None:
        """Show the panels of a layout, each in its place. The others wait at the right edge."""
        window, shown = self._window, panels_of(layout)
        for dock in self.by_name.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.by_name[shown[0]])
        self._split(layout)
        self._add_tabs(layout)
        for name, dock in self.by_name.items():
            if name not in shown:
                window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
                dock.hide()
        for name in shown:
            self.by_name[name].show()
        self._bring_forward(layout)
        self.share_space(layout)

    def _split(self, part: Part) -> None:
        """Divide the place of the first panel of ``part`` among its parts, from the outside in."""
        if not isinstance(part, Side):
            return
        direction = Qt.Orientation.Vertical if part.down else Qt.Orientation.Horizontal
        firsts = [self.by_name[panels_of(inner)[0]] for inner in part.parts]
        for one, other in pairwise(firsts):
            self._window.splitDockWidget(one, other, direction)
        for inner in part.parts:
            self._split(inner)

    def _add_tabs(self, part: Part) -> None:
        """Behind what is there; only now, as what is split off a tab would become one."""
        if isinstance(part, Side):
            for inner in part.parts:
                self._add_tabs(inner)
        elif isinstance(part, tuple):
            for one, other in pairwise(part):
                self._window.tabifyDockWidget(self.by_name[one], self.by_name[other])

    def _bring_forward(self, part: Part) -> None:
        """Panels in front are made now: how large they must be counts when space is shared."""
        if isinstance(part, Side):
            for inner in part.parts:
                self._bring_forward(inner)
            return
        front = self.by_name[panels_of(part)[0]]
        _ = front.panel
        if isinstance(part, tuple):
            front.raise_()

    def share_space(self, part: Part) -> None:
        """Give the docks of a layout their sizes; Qt keeps them only once shown."""
        if not isinstance(part, Side):
            return
        direction = Qt.Orientation.Vertical if part.down else Qt.Orientation.Horizontal
        docks = [self.by_name[panels_of(inner)[0]] for inner in part.parts]
        self._window.resizeDocks(docks, list(part.sizes), direction)
        for inner in part.parts:
            self.share_space(inner)


class _Title(QWidget):
    """A quiet title: name, float, close."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("dockTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 4, 2)
        layout.setSpacing(2)
        layout.addWidget(QLabel(dock.windowTitle().upper()), 1)
        layout.addWidget(_Buttons(dock, self))


class _Buttons(QWidget):
    """Of a title: their room from the first, they themselves once it is seen. Behind tabs, most of
    two dozen titles never are."""

    _room = QSize()

    def __init__(self, dock: QDockWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._dock: QDockWidget | None = dock
        if _Buttons._room.isEmpty():
            self._make()
            _Buttons._room = self.sizeHint()
        self.setFixedSize(_Buttons._room)

    def showEvent(self, event: QShowEvent) -> None:
        self._make()
        super().showEvent(event)

    def _make(self) -> None:
        dock, self._dock = self._dock, None
        if dock is None:
            return
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        float_button = tool_button(
            "mdi6.dock-window",
            self.tr("Float"),
            self.tr("Float this panel, or dock it again"),
            lambda: dock.setFloating(not dock.isFloating()),
        )
        close_button = tool_button(
            "mdi6.close",
            self.tr("Close"),
            self.tr("Close this panel; the View menu brings it back"),
            dock.close,
        )
        for button in (float_button, close_button):
            button.setProperty("role", "flat")
            button.setIconSize(QSize(14, 14))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            layout.addWidget(button)
