"""``OverlayCurves``: the thin curves of other runs in one plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from vae_studio.ui.panels.train.plots.curves import Curve, Overlay

FAINT_TRAIN = 0.45  # opacity of the training of another run


class OverlayCurves:
    """Two items for each run, made when the number of runs changes."""

    def __init__(self, plot: pg.PlotItem, width: float) -> None:
        """width: of the lines, in px."""
        self._plot, self._width = plot, width
        self._items: list[tuple[pg.PlotCurveItem, pg.PlotCurveItem]] = []

    def draw(
        self, overlays: Sequence[Overlay], set_curve: Callable[[pg.PlotCurveItem, Curve], None]
    ) -> None:
        """Show these and no others."""
        if len(overlays) != len(self._items):
            self._make(len(overlays))
        for overlay, (train, test) in zip(overlays, self._items, strict=True):
            faint = QColor(overlay.color)
            faint.setAlphaF(FAINT_TRAIN)
            train.setPen(pg.mkPen(faint, width=self._width))
            test.setPen(pg.mkPen(overlay.color, width=self._width, style=Qt.PenStyle.DashLine))
            set_curve(train, overlay.train)
            set_curve(test, overlay.test)

    def _make(self, count: int) -> None:
        for item in (item for pair in self._items for item in pair):
            self._plot.removeItem(item)
        self._items = [(self._new(), self._new()) for _ in range(count)]

    def _new(self) -> pg.PlotCurveItem:
        item = pg.PlotCurveItem(connect="finite", antialias=True)
        item.setZValue(-2)
        self._plot.addItem(item)
        return item
