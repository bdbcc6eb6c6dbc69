"""``Pen``: the colour in the hand, for canvas and brush, from one start to the next."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from vae_studio.session.drawing_text import hex_text, read_colour
from vae_studio.session.strokes import Colour


class Pen(QObject):
    """colour: of what is drawn next on a model with colours; None for the ink of its paper. own:
    the last colour that is none of the app's.

    Signal: ``changed()``.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.colour: Colour | None = None
        self.own: Colour | None = None

    def take(self, colour: Colour | None) -> None:
        """Draw in that colour from now on."""
        if colour != self.colour:
            self.colour = colour
            self.changed.emit()

    def mix(self, colour: Colour) -> None:
        """Draw in one that is none of the app's."""
        if (colour, colour) != (self.own, self.colour):
            self.own = self.colour = colour
            self.changed.emit()

    def text(self) -> str:
        """For the settings."""
        return "" if self.colour is None else hex_text(self.colour)

    def restore(self, text: str) -> None:
        """The inverse of ``text``; what is none is left alone."""
        try:
            self.take(read_colour(text) if text else None)
        except ValueError:
            return
