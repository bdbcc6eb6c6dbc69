"""``Strip``: pictures of one model in rows, as one picture that can be copied and saved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui.widgets.image_view import ImageView

COLUMNS = 10
_GAP = 1  # px of the pictures, between two of them
_LARGEST = 3  # px of the screen for each of theirs
_NARROWEST = 144  # px of a strip


class Strip(ImageView):
    """Ten pictures in a row, as wide as there is room."""

    def __init__(
        self, name: str, images: NDArray[np.float32], parent: QWidget | None = None
    ) -> None:
        """images: [N, C, H, W] in [0, 1]."""
        super().__init__(name, side=1, parent=parent)
        from vae_studio.core.pictures import tile  # which brings Pillow

        sheet = tile(images, min(COLUMNS, len(images)), _GAP)
        self._height, self._width = sheet.shape[1:]
        self.set_image(sheet)
        narrowest = min(self._width, _NARROWEST)
        self.setMinimumSize(narrowest, self.heightForWidth(narrowest))
        self.setMaximumSize(self._width * _LARGEST, self._height * _LARGEST)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        return QSize(self._width, self._height)

    def heightForWidth(self, width: int) -> int:
        return max(1, round(min(width, self._width * _LARGEST) * self._height / self._width))
