"""``Strip``: what one latent dimension does, as a few small pictures in a row."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.panels.sliders.density_slider import HEIGHT
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of

PICTURES = 5
_GAP = 1


class Strip(QWidget):
    """Signal: ``chosen(index)``, of a picture that was clicked. The slider beside it is for the
    keyboard."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: list[QImage] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sheet(self) -> Sheet | None:
        """The pictures in their own pixels, in a row."""
        return sheet_of(self.pictures, PICTURES)

    def sizeHint(self) -> QSize:
        return QSize(PICTURES * (HEIGHT + _GAP), HEIGHT)

    def set_pictures(self, pictures: list[QImage]) -> None:
        """Show these, ``PICTURES`` of them, or none."""
        self.pictures = pictures
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        for index in range(PICTURES):
            place = QRectF(index * (HEIGHT + _GAP), 0, HEIGHT, HEIGHT)
            if index < len(self.pictures):
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
                painter.drawImage(place, self.pictures[index])
            else:
                painter.fillRect(place, QColor(theme.colors().base))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            index = int(event.position().x() / (HEIGHT + _GAP))
            if index < len(self.pictures):
                self.chosen.emit(index)
