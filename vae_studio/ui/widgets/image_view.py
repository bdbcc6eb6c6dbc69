"""``ImageView``: one image, large and without smoothing, averaged where there is less room than it
has pixels; it can be copied and saved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.edges import draw_edge
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of
from vae_studio.ui.widgets.qimages import draw_picture, to_qimage

_BEHIND_HEAT = 0.3  # opacity of a picture that something lies over


class ImageView(QWidget):
    """Shows an image [C, H, W] as large as fits; a line of text where there is none.

    Signals: ``clicked()``. Ctrl+C copies while it has the focus.
    """

    clicked = Signal()

    def __init__(self, name: str, side: int = 64, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._heat: QImage | None = None
        self._side = side
        self._selected = False
        self.placeholder = ""
        self.setAccessibleName(name)
        self.setMinimumSize(side, side)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def keep_square(self) -> None:
        """Be as high as wide, where the layout has room."""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        return width

    def set_image(self, image: NDArray[np.float32] | None) -> None:
        """Show an image [C, H, W] in [0, 1], or none."""
        self.set_picture(None if image is None else to_qimage(image))

    def set_picture(self, picture: QImage | None) -> None:
        """Show one of ``to_qimages``, or none."""
        self._image = picture
        self.update()

    def set_heat(self, heat: QImage | None) -> None:
        """Lay one of ``to_heat`` over the picture, which steps back; or none."""
        if heat is not self._heat:
            self._heat = heat
            self.update()

    @property
    def heat(self) -> QImage | None:
        """What lies over the picture."""
        return self._heat

    @property
    def image(self) -> QImage | None:
        """What is shown, in the image's own pixels."""
        return self._image

    def set_selected(self, selected: bool) -> None:
        """Draw a frame in the accent colour, or none."""
        if selected != self._selected:
            self._selected = selected
            self.update()

    def sheet(self) -> Sheet | None:
        """What is shown, in the image's own pixels, with what lies over it."""
        if self._image is None or self._heat is None:
            return sheet_of([] if self._image is None else [self._image])
        whole = QImage(self._image.size(), QImage.Format.Format_RGB32)
        painter = QPainter(whole)
        self._draw(painter, whole.rect())
        painter.end()
        return sheet_of([whole])

    def _target(self) -> QRect:
        assert self._image is not None
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        whole = size.width() // self._image.width()
        if whole >= 2:  # whole pixels look even
            size = self._image.size() * whole
        left = (self.width() - size.width()) // 2
        return QRect(left, (self.height() - size.height()) // 2, size.width(), size.height())

    def _draw(self, painter: QPainter, target: QRect) -> None:
        assert self._image is not None
        if self._heat is not None:
            painter.fillRect(target, QColor(theme.PAPER))
            painter.setOpacity(_BEHIND_HEAT)
        draw_picture(painter, target, self._image)
        painter.setOpacity(1.0)
        if self._heat is not None:
            draw_picture(painter, target, self._heat)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = theme.colors()
        if self._image is not None:
            target = self._target()
            self._draw(painter, target)
            draw_edge(painter, QRectF(target), self._image)
            if self._selected or self.hasFocus():
                painter.setPen(QColor(c.accent))
                for grow in (0, 1) if self._selected else (0,):
                    painter.drawRect(target.adjusted(grow, grow, -1 - grow, -1 - grow))
            return
        side = min(self.width(), self.height())
        frame = QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)
        painter.fillRect(frame, QColor(c.base))
        painter.setPen(QColor(c.line))
        painter.drawRect(frame.adjusted(0, 0, -1, -1))
        painter.setPen(QColor(c.faint))
        painter.drawText(
            frame.adjusted(8, 8, -8, -8),
            Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
            self.placeholder,
        )

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.clicked.emit()

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)
