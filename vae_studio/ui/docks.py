"""``Docks``: a dock for each row of ``PANELS``, and the standard layout."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QTabWidget, QWidget

from vae_studio.ui.panels import PANELS
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button

_WIDTHS = {"models": 260, "decoded": 300, "samples": 376, "draw": 320}
_LEFT_HEIGHTS = {"models": 250, "sliders": 480}
_MIDDLE_HEIGHTS = {"decoded": 330, "train": 400}


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
            panel = row.panel(store)
            dock.setWidget(panel)
            dock.visibilityChanged.connect(panel.come_forward)
            dock.setTitleBarWidget(_Title(dock))
            self.by_name[row.name] = dock
            self.panels[row.panel] = panel

    def reset(self) -> None:
        """Put every panel back to its place in ``PANELS``.

        Columns 0 to 3 from left to right; columns 1 and 2 share what stands below them.
        """
        window, place_of = self._window, {row.name: row.place for row in PANELS}
        for dock in self.by_name.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        top: dict[int, QDockWidget] = {}
        tabs: list[tuple[int, QDockWidget]] = []
        below: list[tuple[int, QDockWidget]] = []
        for name, dock in self.by_name.items():
            column, line = place_of[name]
            if line:
                below.append((column, dock))
            elif column in top:
                tabs.append((column, dock))
            else:
                top[column] = dock
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, top[0])
        window.splitDockWidget(top[0], top[1], across)
        window.splitDockWidget(top[1], top[3], across)
        for column, dock in below:
            window.splitDockWidget(top[column], dock, down)
        window.splitDockWidget(top[1], top[2], across)  # last, so that both share what is below
        for column, dock in tabs:
            window.tabifyDockWidget(top[column], dock)
        for dock in self.by_name.values():
            dock.show()
        top[2].raise_()
        self.share_space()

    def share_space(self) -> None:
        """Give the docks of the standard layout their sizes; Qt keeps them only once shown."""
        for sizes, direction in (
            (_WIDTHS, Qt.Orientation.Horizontal),
            (_LEFT_HEIGHTS, Qt.Orientation.Vertical),
            (_MIDDLE_HEIGHTS, Qt.Orientation.Vertical),
        ):
            docks = [self.by_name[name] for name in sizes]
            self._window.resizeDocks(docks, list(sizes.values()), direction)


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
