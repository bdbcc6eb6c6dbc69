"""An input and its reconstruction made into pictures. For ``CompareView``."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from vae_studio.ui import theme
from vae_studio.ui.widgets.qimages import to_heat, to_qimage

Mode = Literal["side", "difference", "wipe", "loss"]
MODES: tuple[Mode, ...] = get_args(Mode)
Array = NDArray[np.float32]

# Pictures are on the paper, which is black in every scheme, so these are the dark scheme's: blue
# and orange of Okabe and Ito's colours, which colour-blind eyes tell apart.
MORE, LESS = theme.DARK.reconstruction, theme.DARK.kl  # ink that the model adds, and leaves out
_BEHIND_HEAT = 0.3  # opacity of a picture that something lies over


class Pictures:
    """What is compared, and pictures of it, each made when it is first asked for.

    x, x_hat: [C, H, W] in [0, 1], of one shape; loss: [H, W]; each may be missing.
    """

    def __init__(self, x: Array | None, x_hat: Array | None, loss: Array | None) -> None:
        self.x, self.x_hat, self.loss = x, x_hat, loss

    @property
    def shape(self) -> tuple[int, int] | None:
        """Rows and columns; None where there is no image."""
        image = self.x if self.x is not None else self.x_hat
        return None if image is None else (image.shape[1], image.shape[2])

    def there(self, mode: Mode) -> list[bool]:
        """Which of the pictures of a mode there are: of two side by side, else of one."""
        left, right = self.x is not None, self.x_hat is not None
        return [left, right] if mode == "side" else [left and right]

    def shown(self, mode: Mode, share: float) -> list[QImage]:
        """Those pictures, in the images' own pixels; share: of the input, wiping."""
        if mode == "difference":
            return [self.colored] if all(self.there(mode)) else []
        if mode == "loss":
            return [self.heated] if all(self.there(mode)) else []
        both = [picture for picture in (self.input, self.reconstruction) if picture is not None]
        if mode == "side":
            return both
        return [wiped(both[0], both[1], share)] if len(both) == 2 else []

    @cached_property
    def input(self) -> QImage | None:
        return None if self.x is None else to_qimage(self.x)

    @cached_property
    def reconstruction(self) -> QImage | None:
        return None if self.x_hat is None else to_qimage(self.x_hat)

    @cached_property
    def change(self) -> Array:
        """x̂ − x, the mean of the channels: [H, W] in [−1, 1], 0 where either is no number."""
        assert self.x is not None
        assert self.x_hat is not None
        change: Array = np.nan_to_num(np.clip(self.x_hat - self.x, -1.0, 1.0)).mean(0)
        return change

    @cached_property
    def colored(self) -> QImage:
        return to_change(self.change, QColor(MORE), QColor(LESS))

    @cached_property
    def heated(self) -> QImage:
        """The loss over the dimmed reconstruction; without a loss, the reconstruction."""
        assert self.reconstruction is not None
        if self.loss is None:
            return self.reconstruction
        heat = to_heat(self.loss, QColor(theme.DARK.reconstruction))
        return under_heat(self.reconstruction, heat)


def to_change(change: Array, more: QColor, less: QColor) -> QImage:
    """[H, W] in [−1, 1] -> a picture on the paper: ``more`` where it is above 0, ``less`` below,
    the whole colour at 1 and −1."""
    height, width = change.shape
    paper, above, below = (
        np.array([color.blue(), color.green(), color.red()], np.float32)
        for color in (QColor(theme.PAPER), more, less)
    )
    colors = np.where(change[..., np.newaxis] > 0.0, above, below)
    shares = np.abs(change)[..., np.newaxis]
    pixels = np.full((height, width, 4), 255, np.uint8)  # blue, green, red, nothing
    pixels[..., :3] = paper + (colors - paper) * shares + 0.5
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32).copy()


def wiped(left: QImage, right: QImage, share: float) -> QImage:
    """One picture of two of one size, in their own pixels; share: of ``left``, in [0, 1]."""
    both = right.copy()
    part = QRect(0, 0, round(share * left.width()), left.height())
    painter = QPainter(both)
    painter.drawImage(part, left, part)
    painter.end()
    return both


def under_heat(picture: QImage, heat: QImage) -> QImage:
    """The picture, dimmed, with one of ``to_heat`` over it."""
    whole = QImage(picture.size(), QImage.Format.Format_RGB32)
    whole.fill(QColor(theme.PAPER))
    painter = QPainter(whole)
    painter.setOpacity(_BEHIND_HEAT)
    painter.drawImage(0, 0, picture)
    painter.setOpacity(1.0)
    painter.drawImage(0, 0, heat)
    painter.end()
    return whole
