"""Lines of text that say what a panel shows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from vae_studio.ui import theme


def muted_text(text: str = "") -> QLabel:
    """A quiet line that wraps: plain text, as a name in it may look like markup; figures of one
    width, so that nothing jumps while they change."""
    label = QLabel(text)
    label.setProperty("role", "muted")
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    theme.tabular(label)
    return label
