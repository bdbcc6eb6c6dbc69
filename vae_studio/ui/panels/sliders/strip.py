"""``Strip``: what one latent dimension does, as a few small pictures in a row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.panels.sliders.density_slider import HEIGHT
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions
from vae_studio.ui.widgets.qimages import shrunk, to_qimages

PICTURES = 5
_GAP = 1


class Strip(QWidget):
    """Signal: ``chosen(index)``, of a picture that was clicked. The slider beside it is for the
    keyboard."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: NDArray[np.float32] | None = None
        self._drawn: list[QImage] | None = None  # as large as there is room, or little larger
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sheet(self) -> Sheet | None:
        """The pictures in their own pixels, in a row."""
        return None if self._images is None else Sheet(self._images, PICTURES)

    def sizeHint(self) -> QSize:
        return QSize(PICTURES * (HEIGHT + _GAP), HEIGHT)

    def set_images(self, images: NDArray[np.float32] | None) -> None:
        """Show these, ``PICTURES`` of them, [N, C, H, W] in [0, 1], or none. Cheap: pictures are
        made when they are painted."""
        self._images, self._drawn = images, None
        self.update()

    @property
    def pictures(self) -> list[QImage]:
        """What is shown, in the images' own pixels."""
        return [] if self._images is None else to_qimages(self._images)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._drawn is None:
            side = round(HEIGHT * self.devicePixelRatioF())
            images = self._images
            self._drawn = [] if images is None else to_qimages(shrunk(images, side))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for index in range(PICTURES):
            place = QRect(index * (HEIGHT + _GAP), 0, HEIGHT, HEIGHT)
            if index < len(self._drawn):
                painter.drawImage(place, self._drawn[index])
            else:
                painter.fillRect(place, QColor(theme.colors().base))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            index = int(event.position().x() / (HEIGHT + _GAP))
            if self._images is not None and index < len(self._images):
                self.chosen.emit(index)
