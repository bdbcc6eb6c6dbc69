"""Arrays as pictures of Qt, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter


def to_qimage(image: NDArray[np.float32]) -> QImage:
    """[C, H, W] in [0, 1] -> a picture with its own memory."""
    return to_qimages(image[np.newaxis])[0]


def to_qimages(images: NDArray[np.float32]) -> list[QImage]:
    """[N, C, H, W] in [0, 1] -> pictures, each with its own memory. NaN, which wild weights can
    make, is black."""
    levels = np.fmax(images, np.float32(0.0))  # of NaN, too
    np.minimum(levels, np.float32(1.0), out=levels)
    levels *= np.float32(255.0)
    levels += np.float32(0.5)
    values = levels.astype(np.uint8)
    channels, height, width = values.shape[1:]
    if channels not in (1, 3):
        raise ValueError(f"a picture has 1 or 3 channels, not {channels}")
    if channels == 1:
        data = np.ascontiguousarray(values[:, 0])
        form = QImage.Format.Format_Grayscale8
    else:
        data = np.ascontiguousarray(values.transpose(0, 2, 3, 1))
        form = QImage.Format.Format_RGB888
    return [QImage(each.data, width, height, width * channels, form).copy() for each in data]


def shrunk(images: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Images [..., H, W], averaged over squares of pixels so that the shorter side still has
    ``side`` of them, or the same where it has fewer than twice as many. A grid of large pictures
    costs no more than one of digits then."""
    height, width = images.shape[-2:]
    every = min(height, width) // max(side, 1)
    if every < 2:
        return images
    inside = images[..., : height // every * every, : width // every * every]
    rows = inside[..., ::every, :].copy()
    for row in range(1, every):
        rows += inside[..., row::every, :]
    found = rows[..., ::every].copy()
    for column in range(1, every):
        found += rows[..., column::every]
    found *= np.float32(1.0 / every**2)
    return found


def to_size(picture: QImage, size: QSize) -> QImage:
    """As large as that: averaged where it shrinks, with pixels as they are where it grows."""
    if size == picture.size():
        return picture
    shrinks = size.width() < picture.width() or size.height() < picture.height()
    mode = Qt.TransformationMode
    return picture.scaled(
        size,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        mode.SmoothTransformation if shrinks else mode.FastTransformation,
    )


def draw_picture(painter: QPainter, target: QRect, picture: QImage) -> None:
    """Draw it as ``to_size`` would make it, in the pixels of the screen."""
    size = target.size() * painter.device().devicePixelRatioF()
    if size.width() < picture.width() or size.height() < picture.height():
        picture = to_size(picture, size)
    painter.drawImage(target, picture)


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


def to_array(pictures: Sequence[QImage]) -> NDArray[np.float32]:
    """Pictures of one size, one at least -> [N, C, H, W] in [0, 1]: C = 1 where all are grey, else
    3. ``to_qimages`` makes the same pixels of it."""
    grey = all(picture.format() is QImage.Format.Format_Grayscale8 for picture in pictures)
    form = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    levels = [_levels(picture.convertToFormat(form), 1 if grey else 3) for picture in pictures]
    return np.stack(levels).astype(np.float32) / 255.0


def _levels(picture: QImage, channels: int) -> NDArray[np.uint8]:
    width, height = picture.width(), picture.height()
    lines = np.frombuffer(picture.constBits(), np.uint8).reshape(height, picture.bytesPerLine())
    pixels = lines[:, : width * channels].reshape(height, width, channels)
    return pixels.transpose(2, 0, 1).copy()  # the picture goes
