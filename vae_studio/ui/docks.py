"""``Docks``: a dock for each row of ``PANELS``, arranged as a workspace says."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QTabWidget, QWidget

from vae_studio.ui.panels import PANELS
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.workspaces import Part, Side, panels_of


class Docks:
    """by_name: the docks; panels: the panel of each class."""

    def __init__(self, window: QMainWindow, store: Store) -> None:
        self._window = window
        window.setDockNestingEnabled(True)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.by_name: dict[str, QDockWidget] = {}
        self.panels: dict[type[Panel], Panel] = {}
        for row in PANELS:
            dock = QDockWidget(QCoreApplication.translate("Panels", row.title), window)
            dock.setObjectName(row.name)
            panel = row.panel(store, dock)
            dock.setWidget(panel)
            dock.visibilityChanged.connect(panel.come_forward)
            dock.setTitleBarWidget(_Title(dock))
            self.by_name[row.name] = dock
            self.panels[row.panel] = panel

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
        if isinstance(part, Side):
            for inner in part.parts:
                self._bring_forward(inner)
        elif isinstance(part, tuple):
            self.by_name[part[0]].raise_()

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
