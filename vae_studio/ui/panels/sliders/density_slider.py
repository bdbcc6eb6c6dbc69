"""``DensitySlider``: a slider that shows where the data are, and how sure the encoder is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets.double_slider import QDoubleSlider

HEIGHT = 24
_HALF_HANDLE = 6  # px; ``theme`` makes the handle
_RIDGE = 10  # px that the density rises above the groove
_WHISKER = 9  # px of the ends of a whisker, and below the groove its line


class DensitySlider(QDoubleSlider):
    """Horizontal. Behind the handle, the density of the aggregate posterior; below it a whisker,
    one standard deviation of the encoder's posterior to each side of its mean."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setMinimumHeight(HEIGHT)
        self._density: NDArray[np.float32] | None = None
        self._whisker: tuple[float, float] | None = None
        self._ridge = QPixmap()  # the density, painted; a hand moves all sliders at once
        self._ridge_of: tuple[object, ...] = ()

    @property
    def whisker(self) -> tuple[float, float] | None:
        """Mean and standard deviation, or None where there is no input."""
        return self._whisker

    @property
    def density(self) -> NDArray[np.float32] | None:
        """In cells of one width from the slider's least to its largest value, the peak 1."""
        return self._density

    def set_density(self, density: NDArray[np.float32] | None) -> None:
        """Show this one, or none."""
        self._density, self._ridge_of = density, ()
        self.update()

    def set_whisker(self, mean: float, deviation: float) -> None:
        """Show mean and standard deviation of a posterior."""
        if self._whisker != (mean, deviation):
            self._whisker = (mean, deviation)
            self.update()

    def clear_whisker(self) -> None:
        """There is no input."""
        if self._whisker is not None:
            self._whisker = None
            self.update()

    def place(self, value: float) -> float:
        """Where a value stands, in px from the left."""
        share = (value - self.minimum()) / (self.maximum() - self.minimum())
        return float(_HALF_HANDLE + share * (self.width() - 2 * _HALF_HANDLE))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._density is not None:
            painter.drawPixmap(0, 0, self._painted(self._density))
        if self._whisker is not None:
            self._paint_whisker(painter, *self._whisker)
        painter.end()
        super().paintEvent(event)

    def _painted(self, density: NDArray[np.float32]) -> QPixmap:
        """The density as it stands behind the handle; painted anew once something else holds."""
        color = QColor(theme.colors().kl)
        color.setAlpha(90 if self.property("dead") is not True else 40)
        ratio = self.devicePixelRatioF()
        now = (id(density), self.size(), color.rgba(), ratio)
        if now != self._ridge_of:
            self._ridge_of = now
            self._ridge = QPixmap(self.size() * ratio)
            self._ridge.setDevicePixelRatio(ratio)
            self._ridge.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._ridge)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_density(painter, density, color)
            painter.end()
        return self._ridge

    def _paint_density(
        self, painter: QPainter, density: NDArray[np.float32], color: QColor
    ) -> None:
        middle = self.height() / 2
        width = (self.width() - 2 * _HALF_HANDLE) / len(density)
        ridge = [QPointF(_HALF_HANDLE, middle)]
        for cell, value in enumerate(density.tolist()):
            ridge.append(QPointF(_HALF_HANDLE + (cell + 0.5) * width, middle - _RIDGE * value))
        ridge.append(QPointF(self.width() - _HALF_HANDLE, middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF(ridge))

    def _paint_whisker(self, painter: QPainter, mean: float, deviation: float) -> None:
        left, right = (
            min(max(self.place(mean + side * deviation), 0.0), float(self.width()))
            for side in (-1, 1)
        )
        y = self.height() / 2 + _WHISKER - 1
        painter.setPen(QColor(theme.colors().reconstruction))
        painter.drawLine(QPointF(left, y), QPointF(right, y))
        for x in (left, right):
            painter.drawLine(QPointF(x, y - 3), QPointF(x, y + 2))
