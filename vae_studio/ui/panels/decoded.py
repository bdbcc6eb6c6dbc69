"""What the current point looks like: the decoder's picture, large."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.session.requests import DecodeResult
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.image_view import ImageView


class DecodedPanel(Panel):
    """Picture, the snapshot that made it, and *random* and *mean*."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.picture = ImageView(self.tr("Decoded picture"), side=180)
        self.picture.placeholder = self.tr("Loading the model…")
        self.caption = QLabel()
        self.caption.setProperty("role", "muted")
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        theme.tabular(self.caption)
        self.random = push_button(
            "mdi6.dice-5-outline",
            self.tr("Random"),
            self.tr("Draw z from the prior N(0, 1); locked dimensions stay (R)"),
            store.randomise,
        )
        self.mean = push_button(
            "mdi6.image-filter-center-focus",
            self.tr("Mean"),
            self.tr("Put z to the prior's mean, 0; locked dimensions stay (M)"),
            store.go_to_mean,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.random)
        buttons.addWidget(self.mean)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.caption)
        layout.addLayout(buttons)
        store.decoded.connect(self._show)
        self._enable(False)

    def _enable(self, enabled: bool) -> None:
        self.random.setEnabled(enabled)
        self.mean.setEnabled(enabled)

    @Slot(object)
    def _show(self, result: DecodeResult) -> None:
        """Picture and caption come from the same result."""
        self._enable(True)
        self.picture.set_image(result.image)
        self.caption.setText(snapshot_caption(result.request.snapshot))
