"""Live plots of total, reconstruction and KL: training solid, test dashed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QWidget

from vae_studio.core.events import EpochDone, StepDone
from vae_studio.core.measures import Terms
from vae_studio.ui import theme

if TYPE_CHECKING:
    from vae_studio.core.events import Event

_SMOOTHING = 40  # steps in the moving mean of the training curve
_POINTS = 300  # of a curve: about one for each pixel of its width
_REDRAW_MS = 200  # drawing takes time from the training, and nobody reads faster


class LossPlots(QWidget):
    """Three plots over epochs. Losses of batches are shown as a moving mean, which is legible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots = [
            _LossPlot(self.tr("Total"), "total"),
            _LossPlot(self.tr("Reconstruction"), "reconstruction"),
            _LossPlot(self.tr("KL"), "kl"),
        ]
        curves = QWidget()
        row = QHBoxLayout(curves)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for plot in self._plots:
            row.addWidget(plot, 1)
        empty = QLabel(
            self.tr("Press Train: the losses appear here, live. Solid: training, dashed: test.")
        )
        empty.setProperty("role", "empty")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(empty)
        self._pages.addWidget(curves)
        self._redraw = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        self.clear(1)

    def clear(self, steps_per_epoch: int) -> None:
        """Begin a new run."""
        self._steps_per_epoch = max(1, steps_per_epoch)
        self._count = 0
        self._sums = np.zeros((4096, 3))  # row n: total, reconstruction, KL of the first n steps
        self._last_step: tuple[float, ...] = ()
        self._epochs: list[tuple[float, float, float, float]] = []
        self._pages.setCurrentIndex(0)
        for plot in self._plots:
            plot.show_curves(np.empty(0), np.empty(0), np.empty(0), np.empty(0))

    def set_unit(self, unit: str) -> None:
        """Of reconstruction and total."""
        self._plots[0].set_unit(unit)
        self._plots[1].set_unit(unit)
        self._plots[2].set_unit(self.tr("nats"))

    def set_steps_per_epoch(self, steps: int) -> None:
        """How many steps one epoch has, once it is known."""
        self._steps_per_epoch = max(1, steps)

    def resume(self, rows: Sequence[Mapping[str, float]]) -> None:
        """What is known of a run that goes on. rows: of ``metrics.csv``; of the training that is
        the mean of each epoch."""
        for row in rows:
            terms = Terms(row["train_reconstruction"], row["train_kl"])
            losses = (terms.total(row["beta"]), terms.reconstruction, terms.kl)
            self._fill(int(row["step"]), losses)
            test = Terms(row["test_reconstruction"], row["test_kl"])
            total = test.total(row["beta"])
            self._epochs.append((row["epoch"], total, test.reconstruction, test.kl))
        if self._count and not self._redraw.isActive():
            self._redraw.start()

    def add(self, events: Sequence[Event]) -> None:
        """New losses; they are drawn a few times a second, however many there are."""
        for event in events:
            if isinstance(event, StepDone):
                terms = event.batch
                losses = (terms.total(event.beta), terms.reconstruction, terms.kl)
                self._fill(event.step, losses)
            elif isinstance(event, EpochDone):
                terms = event.test.terms
                total = terms.total(event.beta)
                self._epochs.append((event.epoch, total, terms.reconstruction, terms.kl))
        if self._count and not self._redraw.isActive():
            self._redraw.start()

    def _fill(self, step: int, losses: tuple[float, float, float]) -> None:
        """Give these losses to all steps up to ``step`` that have none: one, but for a run that
        was taken up again."""
        while step >= len(self._sums):
            self._sums = np.concatenate([self._sums, np.zeros_like(self._sums)])
        new = np.arange(1, step - self._count + 1)[:, None]
        self._sums[self._count + 1 : step + 1] = self._sums[self._count] + new * losses
        self._count = max(step, self._count)
        self._last_step = losses

    def values(self) -> dict[str, tuple[float, ...]]:
        """The last point of each curve: losses of the last step; epoch and losses of the test."""
        return {"train": self._last_step, "test": self._epochs[-1] if self._epochs else ()}

    def _draw(self) -> None:
        if not self._count:
            return
        self._pages.setCurrentIndex(1)
        ends = np.unique(np.linspace(1, self._count, _POINTS).astype(int))
        starts = np.maximum(0, ends - _SMOOTHING)
        smooth = (self._sums[ends] - self._sums[starts]) / (ends - starts)[:, None]
        x = ends / self._steps_per_epoch
        epochs = np.asarray(self._epochs, dtype=np.float64).reshape(-1, 4)
        for column, plot in enumerate(self._plots):
            plot.show_curves(x, smooth[:, column], epochs[:, 0], epochs[:, column + 1])


class _LossPlot(pg.PlotWidget):
    """One quantity, training and test."""

    def __init__(self, title: str, color: str) -> None:
        super().__init__()
        self._title, self._color, self._unit = title, color, ""
        self.setAccessibleName(title)
        self.setToolTip(self.tr("Over epochs. Solid: training (moving mean), dashed: test set"))
        self.setMinimumSize(120, 110)
        item = self.getPlotItem()
        item.hideButtons()
        item.setMenuEnabled(False)
        item.showGrid(y=True, alpha=0.15)
        item.setClipToView(True)
        self.setMouseEnabled(x=False, y=False)
        self._train = item.plot([], [], name="train")
        self._test = item.plot([], [], name="test", symbol="o", symbolSize=5)
        self._restyle()

    def set_unit(self, unit: str) -> None:
        """Shown behind the title."""
        self._unit = unit
        self._restyle()

    def show_curves(
        self, x: np.ndarray, y: np.ndarray, test_x: np.ndarray, test_y: np.ndarray
    ) -> None:
        """Training losses over epochs, test losses over epochs. The first twentieth of the run is
        left out of the range: its losses would squeeze the rest flat."""
        self._train.setData(x, y)
        self._test.setData(test_x, test_y)
        settled = y[x > 0.05 * x[-1]] if len(x) else y
        seen = np.concatenate([settled, test_y])
        if len(seen):
            low, high = float(seen.min()), float(seen.max())
            margin = max(0.05 * (high - low), 0.5)
            self.setYRange(low - margin, high + margin, padding=0)
            self.setXRange(0.0, max(1.0, float(x[-1]) if len(x) else 1.0), padding=0.02)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_test"):
            self._restyle()

    def _restyle(self) -> None:
        c = theme.colors()
        color = getattr(c, self._color)
        self.setBackground(c.panel)
        self._train.setPen(pg.mkPen(color, width=1.5))
        self._test.setPen(pg.mkPen(color, width=1.5, style=Qt.PenStyle.DashLine))
        self._test.setSymbolBrush(pg.mkBrush(color))
        self._test.setSymbolPen(None)
        title = f"{self._title} ({self._unit})" if self._unit else self._title
        self.setTitle(title, color=c.muted, size="9pt")
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(c.line))
            axis.setTextPen(pg.mkPen(c.muted))
