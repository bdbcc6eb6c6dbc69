"""Tens of thousands of points as a picture, in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from vae_studio.ui.theme import Marker

_MANY, _SOME = 20_000, 2_500  # points in view from which on they are drawn smaller


@dataclass(frozen=True)
class View:
    """What part of the map a picture shows. x, y: its middle, in units of the map; scale: px for
    each of them; width, height: px."""

    x: float
    y: float
    scale: float
    width: int
    height: int

    def to_pixels(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points of the map [..., 2] -> px from the upper left corner."""
        offset = np.array([self.x, self.y], np.float32)
        pixels = (places - offset) * np.array([self.scale, -self.scale], np.float32)
        moved: NDArray[np.float32] = pixels + np.array(
            [self.width / 2, self.height / 2], np.float32
        )
        return moved

    def to_map(self, x: float, y: float) -> NDArray[np.float32]:
        """px -> a point of the map [2]."""
        return np.array(
            [
                self.x + (x - self.width / 2) / self.scale,
                self.y - (y - self.height / 2) / self.scale,
            ],
            np.float32,
        )

    @property
    def area(self) -> tuple[float, float, float, float]:
        """Left, bottom, right, top, in units of the map."""
        across, up = self.width / 2 / self.scale, self.height / 2 / self.scale
        return self.x - across, self.y - up, self.x + across, self.y + up


def colour_table(colors: tuple[str, ...], alpha: int) -> NDArray[np.uint32]:
    """Colours as premultiplied 0xAARRGGBB."""

    def packed(name: str) -> int:
        color = QColor(name)
        parts = (color.red(), color.green(), color.blue())
        red, green, blue = (part * alpha // 255 for part in parts)
        return alpha << 24 | red << 16 | green << 8 | blue

    return np.array([packed(name) for name in colors], np.uint32)


def radius_for(count: int, ratio: float) -> int:
    """Of a dot in pixels of the device, ``ratio`` of which make one of the window's."""
    size = 1.0 if count > _MANY else 1.6 if count > _SOME else 3.0
    return max(1, round(size * ratio))


def _belongs(away: int, radius: int, marker: Marker) -> bool:
    """Whether a pixel, whose distance squared is ``away``, belongs to a marker."""
    inside = away <= radius * radius + radius * 0.5
    if marker == "square":
        return True
    if marker == "ring":
        return away > max(0.0, radius - 1.5) ** 2 and (inside or radius == 1)
    return inside


class Raster:
    """A picture that points are put on, the later over the earlier."""

    def __init__(self, view: View, ratio: float) -> None:
        self._view, self._ratio = view, ratio
        self._width, self._height = (
            max(1, round(side * ratio)) for side in (view.width, view.height)
        )
        self._border = max(1, round(8 * ratio))  # px around, so that dots may reach over the edge
        size = (self._height + 2 * self._border, self._width + 2 * self._border)
        self._pixels = np.zeros(size, np.uint32)

    def put(
        self,
        places: NDArray[np.float32],
        colors: NDArray[np.uint32],
        radius: int,
        marker: Marker = "disc",
    ) -> None:
        """Discs or other markers of one radius, px, at places [N, 2], a colour each: [N]."""
        border, (height, width) = self._border, self._pixels.shape
        pixels = (self._view.to_pixels(places) * self._ratio).astype(np.int32) + border
        x, y = pixels[:, 0], pixels[:, 1]
        inside = (x >= border - radius) & (x < width - border + radius)
        inside &= (y >= border - radius) & (y < height - border + radius)
        at, chosen, flat = (y[inside] * width + x[inside]), colors[inside], self._pixels.reshape(-1)
        for down in range(-radius, radius + 1):
            for right in range(-radius, radius + 1):
                if _belongs(down * down + right * right, radius, marker):
                    flat[at + (down * width + right)] = chosen

    def image(self) -> QImage:
        """What was drawn, with memory of its own."""
        border = self._border
        rows = np.ascontiguousarray(self._pixels[border:-border, border:-border])
        form = QImage.Format.Format_ARGB32_Premultiplied
        picture = QImage(rows.data, self._width, self._height, self._width * 4, form).copy()
        picture.setDevicePixelRatio(self._ratio)
        return picture
