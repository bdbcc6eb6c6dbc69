"""``ModelChooser``: the button whose menu says which models the input goes through."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from vae_studio.core.runs import RunInfo
from vae_studio.ui.captions import quality, spec_summary
from vae_studio.ui.measuring import OWN, Measuring
from vae_studio.ui.panels.runs.texts import tooltip

_MOST = 40  # of one's own runs in the menu, the newest, besides those that are chosen


class ModelChooser(QToolButton):
    """A menu of checkable entries, which stays open while some are chosen."""

    def __init__(self, measuring: Measuring, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._measuring = measuring
        self.setText(self.tr("Models…"))
        self.setAccessibleName(self.tr("Which models"))
        self.setToolTip(self.tr("Choose the models that the input goes through"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")  # as “…” says it
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.choice = _StayingMenu(self)
        self.choice.setToolTipsVisible(True)
        self.choice.aboutToShow.connect(self._fill)
        self.setMenu(self.choice)

    @Slot()
    def _fill(self) -> None:
        self.choice.clear()
        measuring = self._measuring
        bundled = [info for info in measuring.infos if info.bundled]
        own = [info for info in measuring.infos if not info.bundled]
        near = {info.path for info in own[:_MOST]}
        listed = [info for info in own if info.path in near or measuring.is_chosen(info)]
        usual = self.choice.addAction(self.tr("As usual"), measuring.choose_usual)
        text = self.tr("All models that ship, and the newest {n} of your own runs")
        usual.setToolTip(text.format(n=OWN))
        usual.setEnabled(not measuring.is_usual)
        self._add(self.tr("Models that ship"), bundled)
        self._add(self.tr("Your own runs"), listed)
        if len(listed) < len(own):
            text = self.tr("{n} older runs are not listed").format(n=len(own) - len(listed))
            self.choice.addAction(text).setEnabled(False)

    def _add(self, title: str, infos: Sequence[RunInfo]) -> None:
        if not infos:
            return
        self.choice.addSeparator()
        self.choice.addAction(title).setEnabled(False)
        shown = {entry.path for entry in self._measuring.entries if entry.snapshot is not None}
        for info in infos:
            name = info.name if len(info.name) <= 48 else f"{info.name[:47]}…"
            action = QAction(name.replace("&", "&&"), self.choice)
            action.setCheckable(True)
            on_show = info.path in shown
            action.setChecked(on_show or self._measuring.is_chosen(info))
            same = self._measuring.takes_the_same(info)
            action.setEnabled(not on_show and same)
            lines = [info.name, f"{spec_summary(info.spec)} · {quality(info)}"]
            if on_show:
                lines.append(self.tr("On show, and so always in the table"))
            if not same:
                size = " × ".join(map(str, info.spec.image_shape))
                lines.append(self.tr("It takes other images, of {size} values").format(size=size))
            action.setToolTip(tooltip("\n".join(lines)))
            action.toggled.connect(lambda on, info=info: self._measuring.choose(info, on))
            self.choice.addAction(action)


class _StayingMenu(QMenu):
    """Stays open where an entry is checked, by click, Space or Enter."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not _toggled(self.actionAt(event.position().toPoint())):
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() not in keys or not _toggled(self.activeAction()):
            super().keyPressEvent(event)


def _toggled(action: QAction | None) -> bool:
    if action is None or not action.isCheckable() or not action.isEnabled():
        return False
    action.toggle()
    return True
