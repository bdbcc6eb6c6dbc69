"""``Axis``: ticks that stay readable on a logarithmic scale that spans less than a decade."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg

_NARROW = 15.0  # highest / lowest; below that, ticks of a linear scale say more than powers of ten
_LABEL_PX = 34  # room that a tick's text wants
_FULL = 5  # ticks; more of a finer kind are not wanted then

Levels = list[tuple[float | None, list[float]]]


class Axis(pg.AxisItem):
    """As pyqtgraph's. In log mode the values are powers of ten, and the texts the numbers."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> Levels:
        if not self.logMode:
            return super().tickValues(minVal, maxVal, size)
        if minVal > maxVal:
            minVal, maxVal = maxVal, minVal
        if not -300 < minVal < maxVal < 300:
            return []
        low, high = 10.0**minVal, 10.0**maxVal
        if high / low < _NARROW:
            self.logMode = False
            try:
                levels = super().tickValues(low, high, size)
            finally:
                self.logMode = True
            return [
                (spacing, [math.log10(value) for value in values if value > 0])
                for spacing, values in levels
            ]
        decades = np.arange(math.ceil(minVal), math.floor(maxVal) + 1)
        step = max(1, math.ceil(len(decades) * _LABEL_PX / max(size, 1.0)))
        major = [float(value) for value in decades[::step]]
        minor = [
            float(decade + math.log10(digit))
            for decade in range(math.floor(minVal), math.ceil(maxVal))
            for digit in (2, 5)
            if minVal <= decade + math.log10(digit) <= maxVal
        ]
        return [(1.0, major), (None, minor if step == 1 else [])]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        numbers = [10.0**value * scale for value in values]
        return [f"{n:.0f}" if 100 <= n < 10_000 else f"{n:.4g}" for n in numbers]

    def labels(self, low: float, high: float, pixels: float) -> list[tuple[float, str]]:
        """Places and texts of some ticks, for a picture of the plot."""
        found: list[tuple[float, str]] = []
        room = max(2.0, pixels / _LABEL_PX)
        for spacing, values in self.tickValues(low, high, pixels):
            if found and len(found) + len(values) > room:
                break
            found += zip(values, self.tickStrings(values, 1.0, spacing or 1.0), strict=True)
            if len(found) >= _FULL:
                break
        return sorted(found)
