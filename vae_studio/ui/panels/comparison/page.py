"""``ComparisonPage``: a comparison as one column: figures, curves, digits, and how to read them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.core.compared import ComparedRun, Comparison
from vae_studio.core.report_parts import figure_text
from vae_studio.ui import theme
from vae_studio.ui.panels.comparison.name import RunName, run_colour
from vae_studio.ui.panels.comparison.strip import Strip
from vae_studio.ui.panels.comparison.table import FiguresTable
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.panels.train.plots import LossPlots
from vae_studio.ui.report_words import say
from vae_studio.ui.widgets.wide_scroll import WideScroll

_PLOT_HEIGHT = 210  # px


class ComparisonPage(QWidget):
    """Signals: ``run_wanted(Path)``: its name was pressed; ``failed(StudioError)``."""

    run_wanted = Signal(object)
    failed = Signal(object)

    def __init__(self, comparison: Comparison, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, theme.GRID, theme.GRID)
        self._column.setSpacing(theme.GRID)
        self.names: list[RunName] = []
        self.plots: list[tuple[LossPlots, list[int]]] = []
        self.strips: list[Strip] = []
        self._add_figures()
        self._add_curves()
        self._add_pictures()
        self._add_advice()
        self._column.addStretch(1)

    def _add_figures(self) -> None:
        self._head("figures")
        self.table = FiguresTable(self._comparison, self._new_names())
        self._column.addWidget(WideScroll(self.table))
        count = figure_text(self._comparison.test_images, 0)
        self._text(say("figures.text", count=count))
        self._notes("runs", "figures")

    def _add_curves(self) -> None:
        """Losses in different units have plots of their own."""
        self._head("curves")
        runs = self._comparison.runs
        for kind in sorted({run.spec.likelihood for run in runs}):
            chosen = [
                number
                for number, run in enumerate(runs)
                if run.spec.likelihood == kind and run.curve
            ]
            if chosen:
                plots = LossPlots(own=False)
                plots.setFixedHeight(_PLOT_HEIGHT)
                plots.set_unit(say(f"unit.{kind}"))
                plots.failed.connect(self.failed)
                self.plots.append((plots, chosen))
                self._column.addWidget(plots)
        self._colour_curves()
        if not self.plots:
            self._text(say("curves.none"))
        elif len(self.plots) > 1:
            self._text(say("curves.apart"))
        self._notes("curves")

    def _colour_curves(self) -> None:
        for plots, chosen in self.plots:
            runs = [(number, self._comparison.runs[number]) for number in chosen]
            plots.set_overlays([(run.label, run_colour(n), _rows(run)) for n, run in runs])

    def _add_pictures(self) -> None:
        comparison = self._comparison
        self._head("reconstructions")
        text = say("reconstructions.text", count=len(comparison.originals))
        if comparison.classes_need_saying:
            text += " " + say("reconstructions.classes", names=comparison.class_list)
        self._text(text)
        grid = self._grid()
        original = say("original")
        grid.addWidget(QLabel(original), 0, 0)
        classes = f": {comparison.class_list}" if comparison.class_list else ""
        self._add_strip(grid, 0, Strip(f"{original}{classes}", comparison.originals))
        for line, (run, name) in enumerate(self._named(), start=1):
            grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignLeft)
            self._add_strip(grid, line, Strip(f"{run.label}{classes}", run.reconstructions))
        self._notes("reconstructions")
        self._head("samples")
        self._text(say("samples.text"))
        grid = self._grid()
        for line, (run, name) in enumerate(self._named()):
            grid.addWidget(name, line, 0, Qt.AlignmentFlag.AlignLeft)
            self._add_strip(grid, line, Strip(f"{run.label}: {say('samples')}", run.samples))
        self._notes("samples")

    def _add_advice(self) -> None:
        for name in ("eye", "chance"):
            self._head(name)
            self._text(say(f"{name}.text"))

    def _named(self) -> list[tuple[ComparedRun, RunName]]:
        return list(zip(self._comparison.runs, self._new_names(), strict=True))

    def _new_names(self) -> list[RunName]:
        made = []
        for number, run in enumerate(self._comparison.runs):
            name = RunName(number, run.label)
            name.clicked.connect(lambda _=False, path=run.path: self.run_wanted.emit(path))
            made.append(name)
        self.names += made
        return made

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self._column.addLayout(grid)
        return grid

    def _add_strip(self, grid: QGridLayout, line: int, strip: Strip) -> None:
        strip.setToolTip(tooltip(strip.accessibleName()))
        self.strips.append(strip)
        grid.addWidget(strip, line, 1)

    def _head(self, key: str) -> None:
        label = QLabel(say(key))
        label.setProperty("role", "number")
        label.setContentsMargins(0, theme.GRID, 0, 0)
        self._column.addWidget(label)

    def _text(self, text: str) -> None:
        label = QLabel(text)
        label.setProperty("role", "muted")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self._column.addWidget(label)

    def _notes(self, *about: str) -> None:
        for note in self._comparison.notes:
            if note.about in about:
                self._text(say(f"note.{note.code}", **note.params))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "plots"):
            self._colour_curves()


def _rows(run: ComparedRun) -> list[Mapping[str, float]]:
    """The curve as ``metrics.csv`` has it, without β: all runs are measured without it."""
    return [
        {
            "epoch": point.epoch,
            "step": point.epoch,
            "beta": 1.0,
            "train_reconstruction": point.train.reconstruction,
            "train_kl": point.train.kl,
            "test_reconstruction": point.test.reconstruction,
            "test_kl": point.test.kl,
        }
        for point in run.curve
    ]
