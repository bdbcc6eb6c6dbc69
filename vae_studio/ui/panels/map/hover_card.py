"""``HoverCard``: an image of the data set and what the model makes of it, beside the mouse."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.image_view import ImageView

_SIDE = 72
_AWAY = 18  # px from the mouse


class HoverCard(QFrame):
    """Lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.image = ImageView(self.tr("Image of the data set"), side=_SIDE)
        self.decoded = ImageView(self.tr("Its reconstruction"), side=_SIDE)
        self.text = QLabel()
        self.text.setProperty("role", "muted")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        theme.tabular(self.text)
        grid = QGridLayout(self)
        grid.setContentsMargins(6, 6, 6, 4)
        grid.setSpacing(4)
        for column, picture in enumerate((self.image, self.decoded)):
            picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            grid.addWidget(picture, 0, column)
        grid.addWidget(self.text, 1, 0, 1, 2)
        self.hide()

    def show_at(self, point: QPoint) -> None:
        """Beside ``point``, within the parent."""
        self.adjustSize()
        parent = self.parentWidget()
        x, y = point.x() + _AWAY, point.y() + _AWAY
        if x + self.width() > parent.width():
            x = point.x() - _AWAY - self.width()
        if y + self.height() > parent.height():
            y = point.y() - _AWAY - self.height()
        self.move(max(0, x), max(0, y))
        self.show()
        self.raise_()
