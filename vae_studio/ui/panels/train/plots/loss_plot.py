"""``LossPlot``: one quantity over epochs: training, test, other runs, and what is marked."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QMouseEvent,
    QPainter,
    QWheelEvent,
)

from vae_studio.ui import theme
from vae_studio.ui.panels.train.plots.axis import Axis
from vae_studio.ui.panels.train.plots.curves import Curve, Drawn, settled, settles
from vae_studio.ui.panels.train.plots.marks import mixed, paint_grid, paint_marks
from vae_studio.ui.panels.train.plots.overlay_curves import OverlayCurves
from vae_studio.ui.panels.train.plots.series import bounds
from vae_studio.ui.panels.train.plots.table import Floats

FAINT = 0.22  # how much of its colour the curve of the raw losses has
_ROOM_FOR_RAW = 150  # px of width, below which the raw losses would only be noise
MOST_SYMBOLS = 80  # tests that get a point each; more would melt into a thick line
_MOST_POINTS = 300  # of a curve; a smooth one looks the same with more
_FAR = 50.0  # heights of the view; a line is not drawn further out than that
_MARK_GAP = 26  # px; changes nearer than that share one label
_Y_LIMIT = 1e15
_PAGE_WIDTH = 1.5  # px; of the curves of other runs, where there are no others


class LossPlot(pg.PlotWidget):
    """One quantity. It zooms and pans by mouse; whoever owns it decides about automatic ranges.

    Signals: ``hovered(epoch)``, ``unhovered()``: the mouse; ``ranged()``: the user zoomed or
    panned; ``reset_wanted()``: a double click; ``menu_wanted(place)``, on the screen;
    ``line_dragged(epoch)`` and ``line_released()``: the line of the moment.
    """

    hovered = Signal(float)
    unhovered = Signal()
    ranged = Signal()
    reset_wanted = Signal()
    menu_wanted = Signal(QPoint)
    line_dragged = Signal(float)
    line_released = Signal()

    def __init__(self, title: str, color: str, in_page: bool = False) -> None:
        """in_page: the wheel scrolls the page, and zooms with Ctrl held."""
        self._in_page = in_page
        self._drawn = Drawn()
        # What each curve was last given: most of them stay as they were.
        self._given = WeakKeyDictionary[pg.GraphicsObject, tuple[Floats, Floats]]()
        self._cross: float | None = None
        self._ticks_key: object = None
        self._ticks: tuple[list[tuple[float, str]], list[tuple[float, str]]] = ([], [])
        axes = {"left": Axis("left"), "bottom": Axis("bottom")}
        super().__init__(axisItems=axes, enableMenu=False)  # that takes a while to make
        self.title, self._color, self._unit, self._log = title, color, "", False
        self.setAccessibleName(title)
        self.setMinimumSize(120, 90)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the three have one focus
        self.setCacheMode(pg.GraphicsView.CacheModeFlag.CacheNone)
        item = self.getPlotItem()
        item.hideButtons()
        item.disableAutoRange()
        item.getViewBox().setLimits(
            minXRange=1e-4, maxXRange=1e8, minYRange=1e-6, maxYRange=_Y_LIMIT
        )
        self._overlays = OverlayCurves(item, _PAGE_WIDTH if in_page else 1.0)
        self._raw = pg.PlotCurveItem(connect="finite", segmentedLineMode="on")
        self._raw.setZValue(-3)
        item.addItem(self._raw)
        smooth = {"connect": "finite", "antialias": True}
        # Segments save a third of the time of smooth lines.
        self._train = pg.PlotCurveItem(name="train", segmentedLineMode="on", **smooth)
        item.addItem(self._train)
        self._test = item.plot([], [], name="test", symbol="o", symbolSize=5, **smooth)
        self._line = pg.InfiniteLine(angle=90, movable=True)
        self._line.addMarker("v", position=1.0, size=9)
        self._line.setZValue(10)
        self._line.hide()
        item.addItem(self._line)
        self._line.sigDragged.connect(lambda line: self.line_dragged.emit(line.value()))
        self._line.sigPositionChangeFinished.connect(lambda _: self.line_released.emit())
        item.getViewBox().sigRangeChangedManually.connect(lambda _: self.ranged.emit())
        self.scene().sigMouseClicked.connect(self._click)
        self._restyle()

    def set_unit(self, unit: str) -> None:
        """Shown behind the title."""
        self._unit = unit
        self._restyle()

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} ({self._unit})" if self._unit else self.title

    @property
    def points(self) -> int:
        """How many points of a curve can be told apart."""
        return int(np.clip(self._view.width() * 0.6, 100, _MOST_POINTS))

    @property
    def has_room(self) -> bool:
        """Whether the raw losses would be legible."""
        return bool(self._view.width() >= _ROOM_FOR_RAW)

    @property
    def _view(self) -> pg.ViewBox:
        return self.getPlotItem().getViewBox()

    # Curves --------------------------------------------------------------------------------

    def set_log(self, log: bool) -> None:
        """A logarithmic y; what is 0 or below has no place there and is left out."""
        self._log = log
        self.getAxis("left").setLogMode(y=log)

    def draw(self, drawn: Drawn, fit: tuple[float, float] | None) -> None:
        """Show these. fit: the epochs to fit the view to; None leaves it where it is."""
        self._drawn = drawn
        if fit is not None:
            self._fit(fit)
        self._set(self._raw, drawn.raw)
        self._set(self._train, drawn.train)
        self._test.opts["symbol"] = "o" if len(drawn.test.x) <= MOST_SYMBOLS else None
        self._set(self._test, drawn.test)
        self._overlays.draw(drawn.overlays, self._set)
        # Left to the next frame, a new range would move the curves in it, and ask for another.
        self.scene().prepareForPaint()
        if drawn.changes:
            self.viewport().update()

    def _fit(self, epochs: tuple[float, float]) -> None:
        """The first twentieth is left out of the range: it would squeeze the rest flat. A range
        that still fits stays: that is calm, and axes cost more than curves."""
        drawn = self._drawn
        curves = [settled(drawn.train), drawn.test.y]
        curves += [settled(overlay.test) for overlay in drawn.overlays]
        low, high = bounds([self._scaled(y) for y in curves]) or (0.0, 1.0)
        margin = max(0.05 * (high - low), 0.02 if self._log else 0.5)
        x, y = self._view.viewRange()
        if not settles(x, epochs, slack=0.04):
            end = epochs[1] + 0.03 * (epochs[1] - epochs[0])
            self._view.setRange(xRange=(epochs[0], end), padding=0.01, disableAutoRange=False)
        if not settles(y, (low, high), slack=0.2):
            low, high = max(low - margin, -_Y_LIMIT / 4), min(high + margin, _Y_LIMIT / 4)
            self._view.setRange(yRange=(low, high), padding=0, disableAutoRange=False)

    def _scaled(self, y: Floats) -> Floats:
        """As it stands on the axis."""
        return np.log10(np.where(y > 0, y, np.nan)) if self._log else y

    def _set(self, item: pg.PlotCurveItem | pg.PlotDataItem, curve: Curve) -> None:
        """Qt must not draw lines to 1e12 where the view is at 100."""
        low, high = self._view.viewRange()[1]
        far = _FAR * (high - low)
        y = np.clip(self._scaled(curve.y), low - far, high + far)
        given = self._given.get(item)
        if given is None or not (_same(given[0], curve.x) and _same(given[1], y)):
            self._given[item] = x, y = curve.x.copy(), y
            item.setData(x, y)

    # The place of the mouse, changes, the moment ---------------------------------------------

    @property
    def x_range(self) -> tuple[float, float]:
        """The epochs in view."""
        low, high = self._view.viewRange()[0]
        return float(low), float(high)

    def set_x_range(self, low: float, high: float) -> None:
        """Show these epochs, because another plot does."""
        self._view.setRange(xRange=(low, high), padding=0, disableAutoRange=False)

    def set_cross(self, epoch: float | None) -> None:
        """The thin line at the place that is read; None takes it away."""
        for place in {self._cross, epoch} - {None}:
            x = round(self._pixel(place))
            self.viewport().update(x - 2, 0, 5, self.viewport().height())
        self._cross = epoch

    def set_line(self, epoch: float | None, chosen: bool) -> None:
        """The line of the moment; fainter while none is chosen. None takes it away."""
        self._line.setVisible(epoch is not None)
        if epoch is not None:
            self._line.setValue(epoch)
            c = theme.colors()
            color = c.accent if chosen else c.faint
            self._line.setPen(pg.mkPen(color, width=1))
            self._line.setHoverPen(pg.mkPen(c.accent, width=2))

    @property
    def line(self) -> float | None:
        """Where the line of the moment stands."""
        return float(self._line.value()) if self._line.isVisible() else None

    @property
    def drawn(self) -> Drawn:
        """What it shows."""
        return self._drawn

    def view(self) -> tuple[QRectF, tuple[float, float], tuple[float, float]]:
        """The rectangle of the curves in pixels of the widget; the ranges of x and y, as the axes
        have them."""
        x, y = self._view.viewRange()
        return self._view.sceneBoundingRect(), (x[0], x[1]), (y[0], y[1])

    def scaled(self, curve: Curve) -> Curve:
        """The curve in the coordinates of the axes."""
        return Curve(curve.x, self._scaled(curve.y))

    def _pixel(self, epoch: float) -> float:
        rect, (low, high), _ = self.view()
        return float(rect.left() + (epoch - low) / (high - low) * rect.width())

    def marks(self) -> list[tuple[float, str]]:
        """Changes in view: pixels and texts. Of some that are close together the last one."""
        rect = self.view()[0]
        places = [(self._pixel(epoch), text) for epoch, text in self._drawn.changes]
        kept: list[tuple[float, str]] = []
        for x, text in places:
            if rect.left() <= x <= rect.right():
                if kept and x - kept[-1][0] < _MARK_GAP:
                    kept.pop()
                kept.append((x, text))
        return kept

    def ticks(self) -> tuple[list[tuple[float, str]], list[tuple[float, str]]]:
        """Those of x and of y, as pixels and texts."""
        rect, (x_low, x_high), (y_low, y_high) = self.view()
        key = (rect.getRect(), x_low, x_high, y_low, y_high, self._log)
        if key != self._ticks_key:
            x = self.getAxis("bottom").labels(x_low, x_high, rect.width())
            y = self.getAxis("left").labels(y_low, y_high, rect.height())
            x_scale, y_scale = rect.width() / (x_high - x_low), rect.height() / (y_high - y_low)
            self._ticks_key = key
            self._ticks = (
                [(rect.left() + (value - x_low) * x_scale, text) for value, text in x],
                [(rect.bottom() - (value - y_low) * y_scale, text) for value, text in y],
            )
        return self._ticks

    def drawBackground(self, painter: QPainter, rect: QRectF | QPointF) -> None:
        """With lines at the ticks of y: pyqtgraph's own grid takes most of the time of a frame."""
        super().drawBackground(painter, rect)
        if self.getPlotItem() is not None:
            paint_grid(painter, self.view()[0], [y for y, _ in self.ticks()[1]])

    def drawForeground(self, painter: QPainter, rect: QRectF | QPointF) -> None:
        """Lines over the curves. They are no items of the scene: those would cost more."""
        if self._cross is not None or self._drawn.changes:
            cross = None if self._cross is None else self._pixel(self._cross)
            paint_marks(painter, self.view()[0], self.marks(), cross, self.font())

    # Events ----------------------------------------------------------------------------------

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        rect, (low, high), _ = self.view()
        place = event.position()
        if rect.contains(place):
            self.hovered.emit(low + (place.x() - rect.left()) / rect.width() * (high - low))
        else:
            self.unhovered.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._in_page and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        else:
            super().wheelEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.unhovered.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if event.button() is Qt.MouseButton.LeftButton:
            self.reset_wanted.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key. A click of the mouse comes later: a drag with that button zooms."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            self.menu_wanted.emit(event.globalPos())

    def _click(self, event: object) -> None:
        if getattr(event, "button", lambda: None)() is Qt.MouseButton.RightButton:
            place = event.screenPos()  # type: ignore[attr-defined]
            self.menu_wanted.emit(QPoint(round(place.x()), round(place.y())))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_line"):
            self._restyle()

    @property
    def color(self) -> str:
        """Of its own curves."""
        return str(getattr(theme.colors(), self._color))

    def _restyle(self) -> None:
        c, color = theme.colors(), self.color
        self.setBackground(c.panel)
        self._train.setPen(pg.mkPen(color, width=1.5))
        self._test.setPen(pg.mkPen(color, width=1.5, style=Qt.PenStyle.DashLine))
        self._test.setSymbolBrush(pg.mkBrush(color))
        self._test.setSymbolPen(None)
        faint = mixed(color, c.panel, FAINT)  # translucent lines cost three times as much
        self._raw.setPen(pg.mkPen(faint, width=1))
        self.setTitle(self.heading, color=c.muted, size="9pt")
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(c.line))
            axis.setTextPen(pg.mkPen(c.muted))


def _same(one: Floats, other: Floats) -> bool:
    return np.array_equal(one, other, equal_nan=True)
