"""The loss plots: fed with events, read and moved by a real mouse and keys, saved to real files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter, QWheelEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, shipped
from vae_studio.app import make_application
from vae_studio.core.errors import StudioError
from vae_studio.core.events import EpochDone, Event, StepDone
from vae_studio.core.measures import Evaluation, LatentStats, Terms, UnitHealth
from vae_studio.core.runs import read_metrics
from vae_studio.ui import theme
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.train.plots import LossPlots
from vae_studio.ui.panels.train.plots.loss_plot import LossPlot
from vae_studio.ui.panels.train.plots.picture import cut
from vae_studio.ui.panels.train.plots.series import Series, bounds, past
from vae_studio.ui.panels.train.plots.table import write_csv

STEPS = 100  # in an epoch


def step(number: int, reconstruction: float = 80.0, kl: float = 20.0) -> StepDone:
    epoch = 1 + (number - 1) // STEPS
    return StepDone(epoch, number, Terms(reconstruction, kl), 1.0, 0.001)


def epoch(number: int, reconstruction: float = 82.0, kl: float = 21.0) -> EpochDone:
    terms = Terms(reconstruction, kl)
    stats = LatentStats((1.0,), (0.0,), (1.0,), (-1.0,), (1.0,))
    test = Evaluation(terms, reconstruction, 30.0, 1, stats)
    samples = np.zeros((1, 1, 28, 28), np.float32)
    return EpochDone(
        number, number * STEPS, terms, test, 1.0, 0.001, 1.0, samples, UnitHealth(2, 0, 1.0)
    )


def run(epochs: int) -> list[Event]:
    """Losses that fall, and are jagged."""
    found: list[Event] = []
    for number in range(1, epochs * STEPS + 1):
        found.append(step(number, 80 + 40 * 0.99**number + 2 * (-1) ** number))
        if number % STEPS == 0:
            found.append(epoch(number // STEPS))
    return found


def rows(reconstruction: float, epochs: int = 5) -> list[dict[str, float]]:
    return [
        {
            "epoch": n, "step": n * STEPS, "train_reconstruction": reconstruction + 1,
            "train_kl": 20.0, "test_reconstruction": reconstruction, "test_kl": 20.0,
            "beta": 1.0, "learning_rate": 0.001,
        }
        for n in range(1, epochs + 1)
    ]  # fmt: skip


@pytest.fixture
def plots(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[LossPlots]:
    """On the screen, in the dark, with five epochs; each move of the mouse counts."""
    monkeypatch.setitem(pg.CONFIG_OPTIONS, "mouseRateLimit", -1)
    theme.apply(make_application(), "dark")
    widget = LossPlots()
    widget.resize(1000, 320)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.clear(STEPS)
    widget.set_unit("nats")
    widget.add(run(5))
    shown(qtbot, widget)
    yield widget
    widget.close()
    widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def shown(qtbot: QtBot, plots: LossPlots) -> None:
    """Wait until nothing is to be drawn any more."""
    qtbot.waitUntil(
        lambda: not plots._redraw.isActive() and not plots._hand.isActive(), timeout=TIMEOUT
    )


def ys(plots: LossPlots, name: str, plot: int = 0) -> list[float]:
    """What a curve is drawn at, in the coordinates of its axis."""
    (curve,) = [c for c in plots._plots[plot].getPlotItem().listDataItems() if c.name() == name]
    values = curve.getData()[1]
    return [] if values is None else [float(value) for value in values]


def at(plot: LossPlot, epoch: float, height: float = 0.5) -> QPoint:
    """The pixel of an epoch; height: share of the plot."""
    rect, (low, high), _ = plot.view()
    x = rect.left() + (epoch - low) / (high - low) * rect.width()
    return QPoint(round(x), round(rect.top() + height * rect.height()))


def hover(qtbot: QtBot, plots: LossPlots, plot: LossPlot, epoch: float) -> str:
    """Move the mouse there; what the plots say then."""
    with qtbot.waitSignal(plots.area.read, timeout=TIMEOUT):
        hand.move(plot.viewport(), at(plot, epoch, 0.4))
        hand.move(plot.viewport(), at(plot, epoch))
    return plots.bar.text.text()


def wheel(plot: LossPlot, notches: int) -> None:
    """Over the middle of a plot."""
    place = QPointF(plot.viewport().rect().center())
    far = QPointF(plot.viewport().mapToGlobal(place.toPoint()))
    turn = QPoint(0, 120 * notches)
    keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(place, far, QPoint(), turn, Qt.MouseButton.NoButton, keys, phase, False)
    QApplication.sendEvent(plot.viewport(), event)


def ranges(plots: LossPlots) -> list[tuple[float, ...]]:
    return [tuple(np.ravel(plot.view()[1:])) for plot in plots._plots]


# Curves ------------------------------------------------------------------------------------------


def test_events_become_curves(plots: LossPlots) -> None:
    assert plots.values()["test"] == (5, 103.0, 82.0, 21.0)
    assert plots.values()["train"] == pytest.approx((102.26, 82.26, 20.0), abs=0.1)
    assert ys(plots, "test") == [103.0] * 5
    assert ys(plots, "test", plot=2) == [21.0] * 5
    smooth = ys(plots, "train", plot=1)
    assert len(smooth) > 100
    assert smooth[-1] == pytest.approx(80.3, abs=0.1)


def test_the_mean_spans_the_steps_that_are_chosen(plots: LossPlots, qtbot: QtBot) -> None:
    def roughness() -> float:
        return float(np.abs(np.diff(ys(plots, "train")[-100:])).max())

    calm = roughness()
    box = plots.bar.smoothing
    hand.click(box)
    box.selectAll()
    QTest.keyClicks(box, "1")
    QTest.keyClick(box, Qt.Key.Key_Return)
    shown(qtbot, plots)
    assert roughness() > 10 * calm
    assert not len(plots._plots[0].drawn.raw.x)  # it would be the same curve


def test_a_logarithmic_scale_leaves_zeros_out(plots: LossPlots, qtbot: QtBot) -> None:
    plots.clear(STEPS)
    plots.add([step(n, 100.0, 0.0 if n <= 50 else 10.0) for n in range(1, 301)])
    plots.bar.smoothing.setValue(1)
    shown(qtbot, plots)
    hand.click(plots.bar.log)
    shown(qtbot, plots)
    drawn = np.array(ys(plots, "train", plot=2))
    early = plots._plots[2].drawn.train.x <= 0.5
    assert early.any()
    assert (np.isnan(drawn) == early).all()
    assert drawn[-1] == pytest.approx(1.0)
    assert ys(plots, "train", plot=1)[-1] == pytest.approx(2.0)
    assert "10" in [text for _, text in plots._plots[2].ticks()[1]]
    plots.grab()
    hand.click(plots.bar.log)
    shown(qtbot, plots)
    assert ys(plots, "train", plot=2)[0] == 0.0


def test_an_entry_of_the_legend_hides_its_curve(plots: LossPlots, qtbot: QtBot) -> None:
    button = plots.bar.legend.button("test")
    hand.click(button)
    shown(qtbot, plots)
    assert ys(plots, "test") == []
    assert ys(plots, "train")
    button.setFocus()
    hand.key(plots, Qt.Key.Key_Space)
    shown(qtbot, plots)
    assert len(ys(plots, "test")) == 5
    plots.activateWindow()
    plots.bar.smoothing.setFocus()
    for _ in range(12):
        if plots.bar.legend.button("train").hasFocus():
            break
        hand.key(plots, Qt.Key.Key_Tab)
    assert plots.bar.legend.button("train").hasFocus()


def test_other_runs_lie_behind_and_are_named(plots: LossPlots, qtbot: QtBot) -> None:
    plots.set_overlays([("low & <b>", "", rows(70.0)), ("high", "#ff0000", rows(90.0))])
    shown(qtbot, plots)
    first, second = plots._plots[1].drawn.overlays
    assert list(first.test.y) == [70.0] * 5
    assert list(first.train.y) == [71.0] * 5
    assert second.color == "#ff0000"
    assert first.color in theme.colors().runs
    text = hover(qtbot, plots, plots._plots[1], 2.0)
    assert "low & <b> 70.0" in text
    assert "high 90.0" in text
    low, high = plots._plots[1].view()[2]
    assert low < 70 < 90 < high
    hand.click(plots.bar.legend.button("run 0 high"))
    shown(qtbot, plots)
    assert not len(plots._plots[1].drawn.overlays[1].test.y)
    assert "high" not in hover(qtbot, plots, plots._plots[1], 3.0)
    plots.set_overlays([("high", "#ff0000", rows(90.0))])
    shown(qtbot, plots)
    assert not len(plots._plots[1].drawn.overlays[0].test.y)  # it stays hidden
    plots.set_overlays([])
    shown(qtbot, plots)
    assert plots._plots[1].drawn.overlays == ()


def test_rows_of_strangers_are_sifted(plots: LossPlots, qtbot: QtBot) -> None:
    good, nan, far, short = rows(70.0, 4)
    nan["test_kl"], far["epoch"] = float("nan"), 1e300
    del short["step"]
    assert list(past([short, far, nan, good]).epochs) == [1.0]
    huge = [{**row, "test_reconstruction": 1e308, "train_kl": -1e308} for row in rows(1.0)]
    plots.set_overlays([("huge", "", huge), ("none", "", [])])
    shown(qtbot, plots)
    plots.grab()
    low, high = plots._plots[0].view()[2]
    assert 50 < low < high < 200


def test_losses_that_went_astray_do_not_flatten_the_others(plots: LossPlots, qtbot: QtBot) -> None:
    values = (1e9, float("inf"), float("nan"), 1e300)
    plots.add([step(501 + n, value) for n, value in enumerate(values)])
    plots.add([step(n) for n in range(505, 701)])
    shown(qtbot, plots)
    plots.grab()
    low, high = plots._plots[0].view()[2]
    assert 80 < low < high < 200
    assert ys(plots, "train")[-1] == pytest.approx(100.0, abs=0.01)


def test_bounds_keep_all_of_an_ordinary_curve() -> None:
    curve = 80 + 60 * np.exp(-np.arange(300) / 60)
    assert bounds([curve, np.array([81.0])]) == (float(curve.min()), float(curve.max()))
    assert bounds([np.array([np.nan])]) is None
    assert bounds([np.r_[curve, [1e9] * 20]]) == (float(curve.min()), float(curve.max()))


# Reading -----------------------------------------------------------------------------------------


def test_the_mouse_reads_the_values_at_its_place(plots: LossPlots, qtbot: QtBot) -> None:
    text = hover(qtbot, plots, plots._plots[2], 3.4)
    place, training, test = text.split(" · ")
    epoch_text, step_text = place.split(", step ")
    assert epoch_text == "epoch 3.4"
    assert int(step_text) == pytest.approx(340, abs=3)
    assert (training, test) == ("training 20.0", "test 21.0")
    crosses = [plot._cross for plot in plots._plots]
    assert crosses[0] == crosses[1] == crosses[2] == pytest.approx(3.4, abs=0.03)
    plots.add([step(n) for n in range(501, 1700)])
    shown(qtbot, plots)
    assert "step 1,5" in hover(qtbot, plots, plots._plots[0], 15.5)
    with qtbot.waitSignal(plots.area.read_ended, timeout=TIMEOUT):
        hand.move(plots.bar.text, QPoint(2, 2))
    assert plots.bar.text.text() == ""
    assert plots._plots[0]._cross is None


def test_the_cross_is_painted_in_all_plots(plots: LossPlots, qtbot: QtBot) -> None:
    before = [plot.grab().toImage() for plot in plots._plots]
    hover(qtbot, plots, plots._plots[0], 2.5)
    for plot, old in zip(plots._plots, before, strict=True):
        column, row = at(plot, 2.5, 0.97).toTuple()
        new = plot.grab().toImage()
        changed = [
            x for x in range(column - 3, column + 4) if new.pixel(x, row) != old.pixel(x, row)
        ]
        assert changed


def test_hidden_plots_draw_nothing(plots: LossPlots, qtbot: QtBot) -> None:
    plots.hide()
    plots.add([step(n) for n in range(501, 801)])
    shown(qtbot, plots)
    before = ys(plots, "train")
    assert plots.values()["train"] == (100.0, 80.0, 20.0)
    plots.show()
    qtbot.waitUntil(lambda: ys(plots, "train") != before, timeout=TIMEOUT)
    assert plots._plots[0].drawn.train.x[-1] == 8.0


class Frames(QObject):
    """Counts the frames of a plot."""

    def __init__(self, plot: LossPlot) -> None:
        super().__init__()
        self.count = 0
        plot.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() is QEvent.Type.Paint
        return False


def test_what_is_new_costs_one_frame_even_where_the_range_moves(
    plots: LossPlots, qtbot: QtBot
) -> None:
    before = ranges(plots)
    frames = [Frames(plot) for plot in plots._plots]
    plots.add(run(8)[505:])
    shown(qtbot, plots)
    qtbot.wait(50)
    assert all(one[1] > other[1] for one, other in zip(ranges(plots), before, strict=True))
    assert [each.count for each in frames] == [1, 1, 1]


def test_a_curve_that_stays_is_not_given_anew(
    plots: LossPlots, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    set_data = pg.PlotCurveItem.setData

    def noted(item: pg.PlotCurveItem, *arguments: Any, **options: Any) -> None:
        given.append(item.name())
        set_data(item, *arguments, **options)

    monkeypatch.setattr(pg.PlotCurveItem, "setData", noted)
    tests = ys(plots, "test")
    plots.add([step(n) for n in range(501, 551)])
    shown(qtbot, plots)
    assert given.count("train") == 3
    assert "test" not in given
    assert ys(plots, "test") == tests
    plots.add([epoch(6, reconstruction=90.0)])
    shown(qtbot, plots)
    assert len(ys(plots, "test")) == len(tests) + 1


@pytest.mark.parametrize(("age", "pause"), [(0, 250), (10_000, 600), (3_600_000, 1000)])
def test_the_longer_a_run_takes_the_less_often_it_is_drawn(
    plots: LossPlots, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, age: int, pause: int
) -> None:
    shown(qtbot, plots)
    plots.clear(STEPS)
    monkeypatch.setattr(plots, "_began", SimpleNamespace(elapsed=lambda: age))
    plots.add([step(1)])
    assert plots._redraw.isActive()
    assert plots._redraw.interval() == pause


# Zoom --------------------------------------------------------------------------------------------


def test_a_zoom_stays_while_losses_arrive(plots: LossPlots, qtbot: QtBot) -> None:
    whole = ranges(plots)
    wheel(plots._plots[1], 6)
    shown(qtbot, plots)
    zoomed = ranges(plots)
    assert zoomed[1][1] - zoomed[1][0] < 0.7 * (whole[1][1] - whole[1][0])
    assert zoomed[0][:2] == zoomed[1][:2] == zoomed[2][:2]
    count = len(plots._plots[0].drawn.train.x)
    plots.add(run(10)[505:])
    shown(qtbot, plots)
    assert ranges(plots) == zoomed
    assert len(plots._plots[0].drawn.train.x) == count  # of what is in view
    hand.click(plots.bar.show_all)
    shown(qtbot, plots)
    assert plots._plots[0].x_range[1] > 10
    assert not plots.bar.show_all.isEnabled()


def test_a_drag_pans_and_a_double_click_shows_all(plots: LossPlots, qtbot: QtBot) -> None:
    plot, whole = plots._plots[0], ranges(plots)
    points = [at(plot, epoch, 0.9) for epoch in (1.0, 1.5, 2.0, 3.0)]
    hand.move(plot.viewport(), points[0])
    hand.drag(plot.viewport(), points)
    shown(qtbot, plots)
    moved = ranges(plots)
    assert moved[0][0] == pytest.approx(whole[0][0] - 2, abs=0.6)
    assert moved[2][:2] == moved[0][:2]
    hand.double_click(plot.viewport())
    shown(qtbot, plots)
    assert ranges(plots)[0][0] == pytest.approx(whole[0][0], abs=0.1)


# The moment, and changes -------------------------------------------------------------------------


def test_the_line_of_the_moment_is_dragged_from_one_to_the_next(
    plots: LossPlots, qtbot: QtBot
) -> None:
    assert plots._plots[0].line is None
    plots.set_moments([100, 200, 300, 400])
    assert plots._plots[0].line == 4.0  # none is chosen: the last
    plots.set_moment(205)
    assert [plot.line for plot in plots._plots] == [2.0] * 3
    dragged: list[int] = []
    released: list[int] = []
    plots.moment_dragged.connect(dragged.append)
    plots.moment_released.connect(released.append)
    plot = plots._plots[1]
    plot.grab()
    path = [at(plot, epoch) for epoch in (2.0, 2.1, 2.3, 2.7, 3.1, 3.3, 3.6, 3.8)]
    hand.move(plot.viewport(), path[0])
    hand.press(plot.viewport(), path[0])
    for point in path[1:]:
        hand.move(plot.viewport(), point)
    assert released == []
    assert [p.line for p in plots._plots] == [4.0] * 3
    hand.release(plot.viewport(), path[-1])
    assert dragged == [300, 400]
    assert released == [400]
    plots.set_moments(())
    assert plots._plots[0].line is None


def test_arrow_keys_step_from_moment_to_moment(plots: LossPlots, qtbot: QtBot) -> None:
    plots.set_moments([100, 200, 300, 400])
    dragged: list[int] = []
    released: list[int] = []
    plots.moment_dragged.connect(dragged.append)
    plots.moment_released.connect(released.append)
    hand.click(plots._plots[2].viewport(), at(plots._plots[2], 1.5))
    assert plots.area.hasFocus()
    keys = Qt.Key
    for key in (keys.Key_Right, keys.Key_Left, keys.Key_Left, keys.Key_Home, keys.Key_Left):
        hand.key(plots, key)
    assert dragged == [300, 200, 100]
    assert released == [300, 200, 100]
    hand.key(plots, keys.Key_End)
    assert dragged[-1] == 400
    assert plots._plots[0].line == 4.0


def test_changes_are_marked(plots: LossPlots, qtbot: QtBot) -> None:
    changes = [(400, "learning_rate", 0.0005), (150, "beta", 2.0)]
    plots.set_changes(changes)
    shown(qtbot, plots)
    assert [text for _, text in plots._plots[0].marks()] == ["β 2", "rate 0.0005"]
    assert plots._plots[0].marks()[0][0] == pytest.approx(at(plots._plots[0], 1.5).x(), abs=1)
    plots.set_changes([*changes, *((151 + n % 3, "beta", 2.0 + n) for n in range(100))])
    shown(qtbot, plots)
    assert len(plots._plots[0].marks()) == 2  # a slider that was dragged is one
    plots.clear(STEPS)
    plots.add([step(1)])
    shown(qtbot, plots)
    assert plots._plots[0].marks() == []


# Files -------------------------------------------------------------------------------------------


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def save(qtbot: QtBot, plots: LossPlots, path: Path, kind: str) -> None:
    """Through the menu and the dialog."""
    (action,) = [a for a in plots.exporter.menu.actions() if kind in a.text().replace("&", "")]
    action.trigger()
    (dialog,) = plots.findChildren(QFileDialog)
    dialog.selectFile(str(path.with_suffix("")))
    with qtbot.waitSignal(plots.saved, timeout=TIMEOUT) as saved:
        dialog.accept()
    assert saved.args == [path]
    assert path.name in plots.bar.text.text()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_table_holds_each_step_and_each_test(
    plots: LossPlots, qtbot: QtBot, tmp_path: Path
) -> None:
    save(qtbot, plots, tmp_path / "all.csv", "CSV")
    table = read_csv(tmp_path / "all.csv")
    train = [row for row in table if row["curve"] == "train"]
    test = [row for row in table if row["curve"] == "test"]
    assert len(table) == len(train) + len(test) == 505
    steps = [event for event in run(5) if isinstance(event, StepDone)]
    for row, event in zip(train, steps, strict=True):
        assert int(row["step"]) == event.step
        assert float(row["reconstruction"]) == pytest.approx(event.batch.reconstruction, rel=1e-8)
        assert float(row["total"]) == pytest.approx(event.batch.total(), rel=1e-8)
        assert float(row["epoch"]) == pytest.approx(event.step / STEPS, rel=1e-8)
    assert [float(row["kl"]) for row in test] == [21.0] * 5
    assert {row["learning_rate"] for row in table} == {"0.001"}


def test_of_a_run_that_goes_on_the_table_tells_means_from_batches() -> None:
    series = Series(STEPS)
    series.add_mean(100, Terms(80.0, 20.0), 0.5, 0.01)
    series.add_step(101, Terms(70.0, 20.0), 1.0, 0.01)
    lines = write_csv(series.table()).decode().splitlines()
    assert lines[1:] == [
        "train_epoch,1,100,90,80,20,0.5,0.01",
        "train,1.01,101,90,70,20,1,0.01",
    ]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_saved_svg_shows_the_curves(
    plots: LossPlots, qtbot: QtBot, tmp_path: Path, scheme: theme.Theme
) -> None:
    theme.apply(make_application(), scheme)
    plots.set_overlays([("one & \x00 <two>", "", rows(90.0))])
    plots.set_moments([200])
    shown(qtbot, plots)
    path = tmp_path / "losses.svg"
    save(qtbot, plots, path, "SVG")
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    image = QImage(renderer.defaultSize(), QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter, QRectF(image.rect()))
    painter.end()
    c = theme.colors()
    colours = image_colours(image)
    assert image.pixelColor(1, 1) == QColor(c.panel)
    for wanted in (c.kl, c.reconstruction, c.text, c.runs[0], c.accent):
        assert near(wanted, colours), wanted
    assert b"one &amp;  &lt;two&gt;" in path.read_bytes()
    save(qtbot, plots, tmp_path / "losses.png", "PNG")
    saved = QImage(str(tmp_path / "losses.png"))
    assert saved.width() == 2 * plots.area.width()
    assert near(c.kl, image_colours(saved))


def image_colours(image: QImage) -> set[tuple[int, int, int]]:
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    flat = np.unique(pixels[:, : image.width(), :3].reshape(-1, 3), axis=0)
    return {(int(r), int(g), int(b)) for b, g, r in flat}


def near(wanted: str, colours: set[tuple[int, int, int]]) -> bool:
    rgb = QColor(wanted).getRgb()[:3]
    return any(sum(abs(a - b) for a, b in zip(rgb, one, strict=True)) < 40 for one in colours)


def test_in_a_picture_no_line_leaves_its_plot(plots: LossPlots, qtbot: QtBot) -> None:
    wheel(plots._plots[0], 4)
    shown(qtbot, plots)
    picture, count = plots._shot(), 0
    for pane in picture.panes:
        left, top, right, bottom = pane.rect
        points = [point for line in pane.lines for piece in cut(line, pane.rect) for point in piece]
        count += len(points)
        assert all(left - 0.01 <= x <= right + 0.01 for x, _ in points)
        assert all(top - 0.01 <= y <= bottom + 0.01 for _, y in points)
    assert count > 50
    assert any((line.x < picture.panes[0].rect[0]).any() for line in picture.panes[0].lines)


def test_ctrl_c_copies_the_picture(plots: LossPlots, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().clear()
    plots.area.setFocus()
    with qtbot.waitSignal(plots.exporter.copied, timeout=TIMEOUT):
        hand.key(plots, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    image = QGuiApplication.clipboard().image()
    assert image.width() == 2 * plots.area.width()
    assert near(theme.colors().kl, image_colours(image))
    QGuiApplication.clipboard().clear()


def test_a_file_that_cannot_be_written_has_a_sentence(
    plots: LossPlots, qtbot: QtBot, tmp_path: Path
) -> None:
    for path in (tmp_path / "nowhere" / "x.csv", tmp_path / "a\0b.csv"):
        with qtbot.waitSignal(plots.failed, timeout=TIMEOUT) as failed:
            plots.exporter.save(path, "csv")
        (error,) = failed.args
        assert isinstance(error, StudioError)
        assert error_sentence(error).startswith(f"Cannot write {tmp_path}")
        assert "choose another place" in error_sentence(error)


def test_the_menu_opens_with_the_right_button(plots: LossPlots, qtbot: QtBot) -> None:
    viewport = plots._plots[0].viewport()
    QTest.mouseClick(viewport, Qt.MouseButton.RightButton, pos=viewport.rect().center())
    assert plots.exporter.menu.isVisible()
    plots.exporter.menu.close()


def test_the_shipped_run_is_drawn_in_both_themes(plots: LossPlots, qtbot: QtBot) -> None:
    plots.clear(469)
    plots.resume(read_metrics(shipped("vae-32")))
    shown(qtbot, plots)
    assert len(ys(plots, "test")) == 50
    pictures = []
    for scheme in ("dark", "light"):
        theme.apply(make_application(), scheme)
        pictures.append(plots.grab().toImage())
        corner = pictures[-1].pixelColor(plots.area.pos() + QPoint(4, 4))
        assert corner == QColor(theme.colors().panel)
    assert pictures[0] != pictures[1]
