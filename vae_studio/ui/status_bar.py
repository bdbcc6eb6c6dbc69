"""The status bar: what models run on, what trains, which weights are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from vae_studio.ui import theme
from vae_studio.ui.captions import duration, snapshot_caption
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.ui.widgets.buttons import tool_button

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


class StatusBar(QStatusBar):
    """Device, progress, snapshot, and *Follow* while something trains."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.device = QLabel(self.tr("Loading PyTorch…"))
        self.progress = QLabel()
        self.showing = QLabel()
        for label in (self.device, self.progress, self.showing):
            label.setContentsMargins(8, 0, 8, 0)
            label.setTextFormat(Qt.TextFormat.PlainText)
            theme.tabular(label)
        self.follow = tool_button(
            "mdi6.access-point",
            self.tr("Follow the training"),
            self.tr("Show the model that trains, as it learns; opening another one pins that"),
            lambda: store.follow(self.follow.isChecked()),
            checkable=True,
        )
        self.follow.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.follow.setText(self.tr("Follow"))
        self.follow.hide()
        self.addWidget(self.device)
        self.addWidget(self.progress, 1)
        self.addPermanentWidget(self.showing)
        self.addPermanentWidget(self.follow)
        self.setContentsMargins(0, 0, theme.GRID, 0)
        store.device_known.connect(self._show_device)
        store.snapshot_changed.connect(self._show_snapshot)
        store.following_changed.connect(self._show_following)
        store.training.changed.connect(self._show_training)

    @Slot(str, int)
    def _show_device(self, name: str, threads: int) -> None:
        text = self.tr("{device}, 1 thread") if threads == 1 else self.tr("{device}, {n} threads")
        self.device.setText(text.format(device=name, n=threads))

    @Slot(bool)
    def _show_following(self, following: bool) -> None:
        self.follow.setChecked(following)
        self.follow.setText(self.tr("Following") if following else self.tr("Follow"))

    @Slot(object)
    def _show_snapshot(self, snapshot: Snapshot) -> None:
        text = self.tr("showing: {snapshot}")
        self.showing.setText(text.format(snapshot=snapshot_caption(snapshot)))

    @Slot(object)
    def _show_training(self, view: TrainingView) -> None:
        self.follow.setVisible(view.request is not None)
        if view.status is TrainStatus.IDLE or view.request is None:
            self.progress.clear()
            return
        parts = [
            {
                TrainStatus.STARTING: self.tr("preparing {name}…"),
                TrainStatus.RUNNING: self.tr("training {name}"),
                TrainStatus.PAUSED: self.tr("{name} paused"),
                TrainStatus.UNSAVED: self.tr("{name} held: it cannot be saved"),
                TrainStatus.STOPPING: self.tr("stopping {name}…"),
            }[view.status].format(name=view.request.name)
        ]
        if view.steps:
            share = round(100 * view.step / view.steps)
            parts.append(self.tr("{share} %").format(share=share))
        if view.seconds_left is not None:
            parts.append(self.tr("{time} left").format(time=duration(view.seconds_left)))
        self.progress.setText(", ".join(parts))
