"""Buttons with an icon, a tooltip and an accessible name, in one line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from vae_studio.ui import theme


def tool_button(
    icon: str,
    name: str,
    tip: str,
    on_click: Callable[[], object] | None = None,
    checkable: bool = False,
    parent: QWidget | None = None,
) -> QToolButton:
    """A small button that shows only its icon."""
    button = QToolButton(parent)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    button.setCheckable(checkable)
    theme.set_icon(button, icon)
    if on_click is not None:
        button.clicked.connect(lambda: on_click())
    return button


def push_button(
    icon: str,
    text: str,
    tip: str,
    on_click: Callable[[], object],
    primary: bool = False,
) -> QPushButton:
    """A button with icon and text; the ``primary`` one of a panel is in the accent colour."""
    button = QPushButton(text)
    button.setToolTip(tip)
    if primary:
        button.setProperty("role", "primary")
    theme.set_icon(button, icon)
    button.clicked.connect(lambda: on_click())
    return button
