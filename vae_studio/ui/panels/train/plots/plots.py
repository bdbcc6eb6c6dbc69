"""``LossPlots``: live plots of total, reconstruction and KL, to read, compare, copy and save."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEvent, QPoint, QTimer, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from vae_studio.core.events import EpochDone, StepDone
from vae_studio.core.measures import Terms
from vae_studio.ui.panels.train.plots.area import PlotArea
from vae_studio.ui.panels.train.plots.compose import View, compose
from vae_studio.ui.panels.train.plots.curves import Drawn
from vae_studio.ui.panels.train.plots.export import Exporter
from vae_studio.ui.panels.train.plots.loss_plot import LossPlot
from vae_studio.ui.panels.train.plots.others import OtherRun, other_runs
from vae_studio.ui.panels.train.plots.picture import Picture
from vae_studio.ui.panels.train.plots.reading import entries, read
from vae_studio.ui.panels.train.plots.series import Series
from vae_studio.ui.panels.train.plots.shot import shot
from vae_studio.ui.panels.train.plots.toolbar import PlotsBar
from vae_studio.ui.panels.train.plots_place import empty_plots

if TYPE_CHECKING:
    from vae_studio.core.events import Event

# Drawing takes time from the training. A curve that fills its plot moves the less the longer it has
# taken, so it is drawn when it grew by this share; milliseconds are the least and the most between.
_REDRAW_SHARE, _REDRAW_MS = 0.06, (250, 1000)
_HAND_MS = 30  # after what the hand did: zoom, a size, a curve that goes
_SAID_MS = 4000  # "copied" stands that long


def next_piece(made: int, in_page: bool = False) -> LossPlot | None:
    """One of the three plots, where so many are made; None where all are."""
    if made == 0:
        return LossPlot(QCoreApplication.translate("LossPlots", "Total"), "total", in_page)
    if made == 1:
        title = QCoreApplication.translate("LossPlots", "Reconstruction")
        return LossPlot(title, "reconstruction", in_page)
    if made == 2:
        return LossPlot(QCoreApplication.translate("LossPlots", "KL"), "kl", in_page)
    return None


class LossPlots(QWidget):
    """Three plots over epochs. Losses of batches are shown as a moving mean, which is legible.

    While nobody sees them they keep what arrives and draw nothing.

    Signals: ``moment_dragged(step)`` on each step that the line of the moment comes to, and
    ``moment_released(step)`` when it is let go; ``saved(path)``, ``failed(StudioError)``: a file.
    """

    moment_dragged = Signal(int)
    moment_released = Signal(int)
    saved = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        own: bool = True,
        parent: QWidget | None = None,
        pieces: Iterable[LossPlot] = (),
    ) -> None:
        """own: there may be a run of its own; without, it shows those that are compared, as a part
        of a page that scrolls. pieces: the first of ``next_piece`` that are made already."""
        super().__init__(parent)
        self._own = own
        self._plots = list(pieces)
        while (piece := next_piece(len(self._plots), in_page=not own)) is not None:
            self._plots.append(piece)
        self._series = Series()
        self._others: tuple[OtherRun, ...] = ()
        self._changes: list[tuple[int, str, float]] = []
        self._automatic = True  # whether the view follows the data
        self._stale = False  # something waits to be drawn until it can be seen
        self.area = PlotArea(self._plots)
        self.exporter = Exporter(self, self._shot, lambda: self._series.table())
        self.bar = PlotsBar(self.exporter.menu)
        self.bar.smoothing.setVisible(own)
        self._began = QElapsedTimer()  # this run, here
        self._redraw = QTimer(self, singleShot=True)
        self._hand = QTimer(self, singleShot=True, interval=_HAND_MS)
        self._said = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._redraw.timeout.connect(self._draw)
        self._hand.timeout.connect(self._draw)
        self._said.timeout.connect(self._read)
        self._connect()
        self._make_pages()
        self._name_curves()
        self.clear(1)

    def _make_pages(self) -> None:
        curves = QWidget()
        column = QVBoxLayout(curves)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.bar)
        column.addWidget(self.area, 1)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(empty_plots())
        self._pages.addWidget(curves)

    def _connect(self) -> None:
        area, bar, exporter = self.area, self.bar, self.exporter
        area.read.connect(lambda *_: self._read())
        area.read_ended.connect(self._read)
        area.ranged.connect(self._keep_range)
        area.resized.connect(self._draw_soon)
        area.reset_wanted.connect(self.show_all)
        area.copy_wanted.connect(exporter.copy)
        area.menu_wanted.connect(self._open_menu)
        area.moment_dragged.connect(self.moment_dragged)
        area.moment_released.connect(self.moment_released)
        bar.smoothing_changed.connect(lambda _: self._draw_soon())
        bar.log_changed.connect(self._set_log)
        bar.show_all_pressed.connect(self.show_all)
        bar.legend.toggled.connect(lambda *_: self._draw_soon())
        exporter.copied.connect(lambda: self._say(self.tr("The picture is on the clipboard.")))
        exporter.saved.connect(self._say_saved)
        exporter.saved.connect(self.saved)
        exporter.failed.connect(self.failed)

    # What arrives --------------------------------------------------------------------------

    def clear(self, steps_per_epoch: int) -> None:
        """Begin a new run. Runs that it is compared with stay."""
        self._series = Series(steps_per_epoch)
        self._began.start()
        self._changes.clear()
        self.set_steps_per_epoch(steps_per_epoch)
        self.area.set_moments(())
        self._automatic = True
        self.bar.show_all.setEnabled(False)
        self._pages.setCurrentIndex(1 if self._others else 0)
        for plot in self._plots:
            plot.draw(Drawn(), None)
        self._draw_soon()

    def set_unit(self, unit: str) -> None:
        """Of reconstruction and total."""
        for plot, shown in zip(self._plots, (unit, unit, self.tr("nats")), strict=True):
            plot.set_unit(shown)

    def set_steps_per_epoch(self, steps: int) -> None:
        """How many steps one epoch has, once it is known."""
        steps = max(1, steps)
        if steps != self._series.steps_per_epoch or steps != self.area.steps_per_epoch:
            self._series.steps_per_epoch = self.area.steps_per_epoch = steps
            self.area.place_line()
            self._draw_later()

    def resume(self, rows: Sequence[Mapping[str, float]]) -> None:
        """What is known of a run that goes on. rows: of ``metrics.csv``; of the training that is
        the mean of each epoch."""
        for row in rows:
            step, beta, rate = int(row["step"]), row["beta"], row.get("learning_rate", 0.0)
            train = Terms(row["train_reconstruction"], row["train_kl"])
            test = Terms(row["test_reconstruction"], row["test_kl"])
            self._series.add_mean(step, train, beta, rate)
            self._series.add_test(row["epoch"], step, test, beta, rate)
        self._draw_later()

    def add(self, events: Sequence[Event]) -> None:
        """New losses; they are drawn a few times a second, however many there are."""
        for event in events:
            beta_and_rate = (getattr(event, "beta", 1.0), getattr(event, "learning_rate", 0.0))
            if isinstance(event, StepDone):
                self._series.add_step(event.step, event.batch, *beta_and_rate)
            elif isinstance(event, EpochDone):
                self._series.add_test(event.epoch, event.step, event.test.terms, *beta_and_rate)
        self._draw_later()

    def set_changes(self, changes: Iterable[tuple[int, str, float]]) -> None:
        """All that was changed by hand: the first step it held for, ``beta`` or ``learning_rate``,
        its value."""
        self._changes = sorted(changes)
        self._draw_later()

    def set_overlays(self, runs: Sequence[tuple[str, str, Sequence[Mapping[str, float]]]]) -> None:
        """Runs to compare with: name, colour, rows of ``metrics.csv``. Without a colour ("") they
        get those of the theme, in turn."""
        self._others = other_runs(runs)
        self._name_curves()
        self._draw_soon()

    def set_moments(self, steps: Sequence[int]) -> None:
        """Steps that can be gone back to; with any, a line stands in the plots, to be dragged, or
        moved with the arrow keys. It stands at the last one until one is chosen."""
        self.area.set_moments(steps)

    def set_moment(self, step: int | None) -> None:
        """Put the line to the moment nearest to ``step``; None: none is chosen. Tells nobody."""
        self.area.set_moment(step)

    def values(self) -> dict[str, tuple[float, ...]]:
        """The last point of each curve: losses of the last step; epoch and losses of the test."""
        return {"train": self._series.last, "test": self._series.last_test}

    @Slot()
    def show_all(self) -> None:
        """The range of the data again, which then follows them."""
        self._automatic = True
        self.bar.show_all.setEnabled(False)
        self._draw()

    # Drawing -------------------------------------------------------------------------------

    def _draw_later(self) -> None:
        if (self._series.count or self._others) and not self._redraw.isActive():
            often, seldom = _REDRAW_MS
            pause = _REDRAW_SHARE * self._began.elapsed()
            self._redraw.start(round(min(max(pause, often), seldom)))

    @Slot()
    def _draw_soon(self) -> None:
        if (self._series.count or self._others) and not self._hand.isActive():
            self._hand.start()

    @Slot()
    def _draw(self) -> None:
        has_any = bool(self._series.count or self._others)
        self._pages.setCurrentIndex(1 if has_any else 0)
        self._stale = has_any and self.visibleRegion().isEmpty()
        if not has_any or self._stale:
            return
        fit = self._whole() if self._automatic else None
        low, high = fit or self.area.x_range
        first, per_epoch = self._plots[0], self._series.steps_per_epoch
        changes = ((step / per_epoch, self._label(*what)) for step, *what in self._changes)
        view = View(low, high, first.points, self.bar.smoothing.value(), first.has_room)
        shown = self.bar.legend.is_shown
        all_drawn = compose(self._series, self._others, tuple(changes), view, shown)
        for plot, drawn in zip(self._plots, all_drawn, strict=True):
            plot.draw(drawn, fit)
        if self.area.mouse is not None:
            self._read()

    def _whole(self) -> tuple[float, float]:
        """From 0 to the last epoch of all runs, and one epoch at least."""
        ends = [1.0, self._series.count / self._series.steps_per_epoch]
        shown = self.bar.legend.is_shown
        ends += [run.end for run in self._others if shown(run.key)]
        return 0.0, max(ends)

    def _label(self, field: str, value: float) -> str:
        if field == "beta":
            return f"β {value:g}"
        return self.tr("rate {value}").format(value=f"{value:g}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """It came into view: draw what waited."""
        super().paintEvent(event)
        if self._stale:
            self._stale = False
            self._draw_soon()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme has other colours for the other runs."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_pages"):
            self._name_curves()
            self._draw_soon()

    @Slot()
    def _keep_range(self) -> None:
        """What the user chose to see stays, whatever arrives."""
        self._automatic = False
        self.bar.show_all.setEnabled(True)
        self._draw_soon()

    @Slot(bool)
    def _set_log(self, log: bool) -> None:
        for plot in self._plots:
            plot.set_log(log)
        self.show_all()

    def _name_curves(self) -> None:
        self.bar.legend.set_entries(entries(self._others, self._own))

    # Reading, copying, saving --------------------------------------------------------------

    @Slot()
    def _read(self) -> None:
        """Say what stands at the place of the mouse."""
        if self.area.mouse is None:
            if not self._said.isActive():
                self.bar.set_text("")
            return
        self._said.stop()
        number, epoch = self.area.mouse
        window, shown = self.bar.smoothing.value(), self.bar.legend.is_shown
        self.bar.set_text(read(self._series, self._others, number, epoch, window, shown))

    def _say(self, text: str) -> None:
        self._said.start()
        self.bar.set_text(text)

    @Slot(object)
    def _say_saved(self, path: Path) -> None:
        self._say(self.tr("Saved as {name}.").replace("{name}", path.name))

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        self.exporter.menu.popup(place)

    def _shot(self) -> Picture:
        return shot(self.area, self._plots, self.bar.legend.shown)
