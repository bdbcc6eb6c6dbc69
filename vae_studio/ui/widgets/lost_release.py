"""Gestures that end although something else takes their release."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QEvent


class Held(Protocol):
    """What a hand may hold. busy: it does."""

    @property
    def busy(self) -> bool: ...

    def let_go(self) -> None:
        """The hand is gone."""


def release_kept(widget: Held, event: QEvent) -> bool:
    """For ``QWidget.event``: True for an event that is to go no further.

    A dialog takes the release, and so does whatever hides the widget: the hand lets go. A context
    menu would take it, too, and does not open.
    """
    kind = event.type()
    if kind in (QEvent.Type.WindowBlocked, QEvent.Type.Hide) and widget.busy:
        widget.let_go()
    return kind is QEvent.Type.ContextMenu and widget.busy
