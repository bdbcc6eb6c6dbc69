"""The plots as they are now, as a ``Picture``: plain values that another thread can draw."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from vae_studio.ui import theme
from vae_studio.ui.panels.train.plots.curves import Curve
from vae_studio.ui.panels.train.plots.legend import Entry
from vae_studio.ui.panels.train.plots.loss_plot import FAINT, MOST_SYMBOLS, LossPlot
from vae_studio.ui.panels.train.plots.overlay_curves import FAINT_TRAIN
from vae_studio.ui.panels.train.plots.picture import LEGEND_HEIGHT, Line, Name, Pane, Picture


def shot(area: QWidget, plots: Sequence[LossPlot], entries: Sequence[Entry]) -> Picture:
    """area: the widget that holds the plots. entries: of the curves that are shown."""
    c = theme.colors()
    return Picture(
        width=area.width(),
        height=area.height() + LEGEND_HEIGHT,
        panes=tuple(_pane(plot) for plot in plots),
        names=tuple(Name(entry.name, entry.color or c.text, entry.dashed) for entry in entries),
        font=area.font().family(),
        background=c.panel,
        text=c.text,
        muted=c.muted,
        grid=c.line,
        accent=c.accent,
    )


def _pane(plot: LossPlot) -> Pane:
    view, (x_low, x_high), (y_low, y_high) = plot.view()
    place = plot.geometry().topLeft()
    left, top = place.x() + view.left(), place.y() + view.top() + LEGEND_HEIGHT
    right, bottom = left + view.width(), top + view.height()
    x_scale, y_scale = view.width() / (x_high - x_low), view.height() / (y_high - y_low)

    def line(
        curve: Curve, color: str, width: float, opacity: float = 1.0, test: bool = False
    ) -> Line:
        scaled = plot.scaled(curve)
        x = left + (scaled.x - x_low) * x_scale
        y = bottom - (scaled.y - y_low) * y_scale
        dots = test and width > 1 and len(x) <= MOST_SYMBOLS
        return Line(x, y, color, width, opacity, "dash" if test else "", dots)

    drawn = plot.drawn
    lines = [line(drawn.raw, plot.color, 1.0, FAINT)]
    for overlay in drawn.overlays:
        lines.append(line(overlay.train, overlay.color, 1.0, FAINT_TRAIN))
        lines.append(line(overlay.test, overlay.color, 1.0, test=True))
    lines.append(line(drawn.train, plot.color, 1.5))
    lines.append(line(drawn.test, plot.color, 1.5, test=True))
    moment = plot.line
    x_ticks, y_ticks = plot.ticks()
    return Pane(
        title=plot.heading,
        rect=(left, top, right, bottom),
        x_ticks=tuple((place.x() + x, text) for x, text in x_ticks),
        y_ticks=tuple((place.y() + LEGEND_HEIGHT + y, text) for y, text in y_ticks),
        lines=tuple(found for found in lines if len(found.x)),
        marks=tuple((place.x() + x, text) for x, text in plot.marks()),
        moment=None if moment is None else left + (moment - x_low) * x_scale,
    )
