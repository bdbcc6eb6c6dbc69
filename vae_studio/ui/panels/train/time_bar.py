"""``TimeBar``: which moment of the run is shown, its film, and the way on from there."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from vae_studio.ui import theme
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button


class TimeBar(QWidget):
    """Hidden while the run has no moments."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        machine = self._machine = store.time_machine
        self._store = store
        self.play = tool_button("mdi6.play-outline", "", "", machine.play_or_stop)
        self.where = QLabel()
        theme.tabular(self.where)
        self.where.setProperty("role", "muted")
        self.latest = tool_button(
            "mdi6.page-last",
            self.tr("Latest weights"),
            self.tr("Show the weights of now again, or of the end of the run"),
            machine.go_to_latest,
        )
        self.branch = tool_button(
            "mdi6.source-branch",
            self.tr("Go on from here"),
            self.tr("Train on from the weights of this moment, as a new run with a fresh Adam"),
            machine.branch,
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.play)
        row.addWidget(self.where, 1)
        row.addWidget(self.latest)
        row.addWidget(self.branch)
        machine.moments_changed.connect(self._render)
        machine.moment_changed.connect(self._render)
        machine.playing_changed.connect(self._render)
        store.plan.changed.connect(self._render)
        self._render()

    @Slot()
    def _render(self, *_: object) -> None:
        machine = self._machine
        self.setVisible(bool(machine.moments))
        icon = "mdi6.pause" if machine.playing else "mdi6.play-outline"
        text = self.tr("Stop the film") if machine.playing else self.tr("Play the run as a film")
        theme.set_icon(self.play, icon)
        self.play.setToolTip(text)
        self.play.setAccessibleName(text)
        back = machine.moment is not None
        self.latest.setEnabled(back)
        self.branch.setEnabled(back and not self._store.plan.problems)
        if machine.moment is None:
            n = len(machine.moments)
            text = self.tr("{n} moments: drag the line in the plots to go back", "", n)
            self.where.setText(text.format(n=n))
        else:
            text = self.tr("shown: the weights after step {step}")
            self.where.setText(text.format(step=f"{machine.moment:,}"))
