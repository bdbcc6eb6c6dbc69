"""The dots of the map as one picture: each in the colour of its class, with its marker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from vae_studio.ui import theme
from vae_studio.ui.panels.map.raster import Raster, View, colour_table, radius_for

_CROWD_ALPHA = 110  # of 255, of the training images
_COUNTED = 100_000  # points, up to which it is counted how many are in view


@dataclass(frozen=True, eq=False)
class Points:
    """places: float32 [N, 2]; labels: int64 [N]; crowd: whether these are training images."""

    places: NDArray[np.float32]
    labels: NDArray[np.int64]
    crowd: bool = False


@dataclass(frozen=True, eq=False)
class Dots:
    """groups: the last on top. classes: whether the images have any; else all are of one colour.
    hidden: classes that are left out. marked: test images in a frame, int64."""

    groups: tuple[Points, ...]
    classes: bool
    hidden: frozenset[int]
    marked: NDArray[np.int64]

    def picture(self, view: View, ratio: float, small: bool) -> QImage:
        """What is in view, ``ratio`` pixels for each of the window's. small: above a picture."""
        raster = Raster(view, ratio)
        total = sum(len(group.places) for group in self.groups)
        area = view.area
        for group in self.groups:
            table = self._colour_table(_CROWD_ALPHA if group.crowd else 255)
            places, labels = group.places, group.labels
            if self.hidden:
                shown = ~np.isin(labels, list(self.hidden))
                places, labels = places[shown], labels[shown]
            in_view = total
            if total <= _COUNTED:
                inside = (places > area[:2]) & (places < area[2:])
                in_view = int(inside.all(1).sum())
            radius = 1 if small else radius_for(in_view, ratio)
            _put(raster, places, labels, table, radius)
            if not group.crowd and len(self.marked):
                self._put_marked(raster, group, table, radius)
        return raster.image()

    def _colour_table(self, alpha: int) -> NDArray[np.uint32]:
        c = theme.colors()
        return colour_table(c.classes if self.classes else (c.dots,), alpha)

    def _put_marked(
        self, raster: Raster, group: Points, table: NDArray[np.uint32], radius: int
    ) -> None:
        marked = self.marked[self.marked < len(group.places)]
        marked = marked[~np.isin(group.labels[marked], list(self.hidden))]
        places, labels = group.places[marked], group.labels[marked]
        ring = colour_table((theme.colors().text,), 255)
        raster.put(places, np.repeat(ring, len(marked)), radius + 3)
        _put(raster, places, labels, table, radius + 1)


def _put(
    raster: Raster,
    places: NDArray[np.float32],
    labels: NDArray[np.int64],
    table: NDArray[np.uint32],
    radius: int,
) -> None:
    colors, tens = table[labels % len(table)], labels // 10 % len(theme.MARKERS)
    for number, marker in enumerate(theme.MARKERS):
        chosen = tens == number
        if chosen.any():
            raster.put(places[chosen], colors[chosen], radius, marker)
