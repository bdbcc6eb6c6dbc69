"""``WorkspaceBar``: the row of tabs at the top, and how the panels stand behind each."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QCoreApplication, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QMainWindow, QTabBar, QToolBar

from vae_studio.ui.docks import Docks
from vae_studio.ui.workspaces import WORKSPACES, Workspace

_VERSION = 11  # of the set of panels; another number drops layouts saved before


class WorkspaceBar(QToolBar):
    """Each workspace is left as the user arranged it. Signal: ``changed(name)``."""

    changed = Signal(str)

    def __init__(self, window: QMainWindow, docks: Docks) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._left: dict[str, QByteArray] = {}  # how the others were left, by name
        self._settled = True  # False: Qt has yet to be told the sizes once it is shown
        self.current = WORKSPACES[0]
        self.setObjectName("workspaces")
        self.setWindowTitle(self.tr("Workspaces"))
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.toggleViewAction().setEnabled(False)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName(self.tr("Workspaces"))
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for number, workspace in enumerate(WORKSPACES, start=1):
            self.tabs.addTab(title_of(workspace))
            tip = QCoreApplication.translate("Workspaces", workspace.tip)
            self.tabs.setTabToolTip(number - 1, f"{tip} (Ctrl+{number})")
        self.addWidget(self.tabs)
        self.tabs.currentChanged.connect(self._take_tab)

    @Slot(int)
    def _take_tab(self, index: int) -> None:
        self.show_workspace(WORKSPACES[index].name)

    def show_workspace(self, name: str) -> None:
        """Arrange the panels as they were left there, or as they are at first."""
        workspace = next((one for one in WORKSPACES if one.name == name), WORKSPACES[0])
        if workspace is self.current:
            return
        self._left[self.current.name] = self._window.saveState(_VERSION)
        self._enter(workspace)

    def begin(self, name: str, layouts: Mapping[str, str]) -> None:
        """At the start: the workspace and the layouts that were saved."""
        for each, text in layouts.items():
            self._left[each] = QByteArray.fromBase64(text.encode("ascii", "replace"))
        self._enter(next((one for one in WORKSPACES if one.name == name), WORKSPACES[0]))

    def _enter(self, workspace: Workspace) -> None:
        self.current = workspace
        with QSignalBlocker(self.tabs):
            self.tabs.setCurrentIndex(WORKSPACES.index(workspace))
        left = self._left.get(workspace.name)
        size = self._window.size()
        self._window.setUpdatesEnabled(False)  # one picture, not one for each dock that moves
        with self._docks.held():
            if left is None or not self._window.restoreState(left, _VERSION):
                self._docks.arrange(workspace.layout)
                self._settled = self._window.isVisible()
            if self._window.isVisible() and self._window.size() != size:
                # Docks on their way may need more room than where they end.
                self._window.resize(size)
                if left is None or not self._window.restoreState(left, _VERSION):
                    self._docks.share_space(workspace.layout)
                self._window.resize(size)
        self._window.setUpdatesEnabled(True)
        self.changed.emit(workspace.name)

    def settle(self) -> None:
        """The window is on the screen: sizes hold from now on."""
        if not self._settled:
            self._settled = True
            self._docks.share_space(self.current.layout)

    def reset(self) -> None:
        """This workspace as it is at first."""
        self._left.pop(self.current.name, None)
        with self._docks.held():
            self._docks.arrange(self.current.layout)
        self._settled = self._window.isVisible()

    def layouts(self) -> dict[str, str]:
        """How the panels stand, to be saved; base64."""
        left = {**self._left, self.current.name: self._window.saveState(_VERSION)}
        known = {workspace.name for workspace in WORKSPACES}
        return {
            name: base64.b64encode(bytes(data.data())).decode("ascii")
            for name, data in left.items()
            if name in known
        }


def title_of(workspace: Workspace) -> str:
    """What is written on its tab."""
    return QCoreApplication.translate("Workspaces", workspace.title)
