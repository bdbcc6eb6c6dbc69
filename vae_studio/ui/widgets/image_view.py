"""``ImageView``: one image, large and without smoothing; it can be copied and saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QGuiApplication,
    QImage,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QFileDialog, QSizePolicy, QWidget

from vae_studio.ui import theme

_BEHIND_HEAT = 0.3  # opacity of a picture that something lies over
_SAVE_PIXELS = 560  # side of a saved picture, about


def to_qimage(image: NDArray[np.float32]) -> QImage:
    """[C, H, W] in [0, 1] -> a picture with its own memory."""
    return to_qimages(image[np.newaxis])[0]


def to_qimages(images: NDArray[np.float32]) -> list[QImage]:
    """[N, C, H, W] in [0, 1] -> pictures, each with its own memory. NaN, which wild weights can
    make, is black."""
    values = (np.nan_to_num(np.clip(images, 0.0, 1.0)) * 255.0 + 0.5).astype(np.uint8)
    channels, height, width = values.shape[1:]
    if channels == 1:
        data = np.ascontiguousarray(values[:, 0])
        form = QImage.Format.Format_Grayscale8
    else:
        data = np.ascontiguousarray(values.transpose(0, 2, 3, 1))
        form = QImage.Format.Format_RGB888
    return [QImage(each.data, width, height, width * channels, form).copy() for each in data]


def to_heat(values: NDArray[np.float32], color: QColor) -> QImage:
    """[H, W] -> a picture in one colour, opaque where the values are largest, clear where they
    are 0."""
    height, width = values.shape
    values = np.nan_to_num(values)
    shares = values / max(float(values.max()), 1e-12)
    pixels = np.empty((height, width, 4), np.uint8)  # blue, green, red, alpha
    pixels[..., :3] = color.blue(), color.green(), color.red()
    pixels[..., 3] = (np.clip(shares, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32).copy()


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
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        copy = QAction(self.tr("Copy picture"), self)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self.copy)
        save = QAction(self.tr("Save picture as PNG…"), self)
        save.triggered.connect(self._choose_file)
        self.addActions([copy, save])

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

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        if self._image is not None:
            QGuiApplication.clipboard().setImage(self._enlarged())

    def save(self, path: Path) -> bool:
        """Write a PNG; False when that failed or there is nothing to write."""
        return self._image is not None and self._enlarged().save(str(path), "PNG")

    def _choose_file(self) -> None:
        if self._image is None:
            return
        dialog = QFileDialog(self, self.tr("Save picture"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(self.tr("PNG pictures (*.png)"))
        dialog.setDefaultSuffix("png")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.save(Path(chosen)))
        dialog.open()

    def _enlarged(self) -> QImage:
        assert self._image is not None
        scale = max(1, _SAVE_PIXELS // max(self._image.width(), self._image.height()))
        return self._image.scaled(
            self._image.size() * scale,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.FastTransformation,
        )

    def _target(self) -> QRect:
        assert self._image is not None
        size = self._image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        whole = size.width() // self._image.width()
        if whole >= 2:  # whole pixels look even
            size = self._image.size() * whole
        left = (self.width() - size.width()) // 2
        return QRect(left, (self.height() - size.height()) // 2, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        c = theme.colors()
        if self._image is not None:
            target = self._target()
            if self._heat is not None:
                painter.fillRect(target, QColor(theme.PAPER))
                painter.setOpacity(_BEHIND_HEAT)
            painter.drawImage(target, self._image)
            painter.setOpacity(1.0)
            if self._heat is not None:
                painter.drawImage(target, self._heat)
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
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.clicked.emit()

    def keyPressEvent(self, event) -> None:  # type: ignore[no-untyped-def]
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)
