"""One input, all models: figures that may be compared, which follow the pen."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.one_input import Measured, measure_input
from vae_studio.core.variants import VARIANTS
from vae_studio.session.drawing import ImageRef
from vae_studio.session.drawing_jobs import MeasureRequest
from vae_studio.ui.panels.all_models.columns import COLUMNS, FIGURES, PLACE
from vae_studio.ui.panels.all_models.panel import AllModelsPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.training import TrainStatus
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.workers.inputs import prepared_input

IMAGE = ImageRef("mnist", "test", 61)


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> Iterator[AllModelsPanel]:
    """On the screen, over the window; nothing is drawn."""
    panel = AllModelsPanel(studio.store)
    qtbot.addWidget(panel)
    panel.resize(420, 420)
    with qtbot.waitExposed(panel):
        panel.show()
    yield panel
    panel.hide()


def requests(panel: AllModelsPanel) -> list[MeasureRequest]:
    """All that is asked from now on."""
    asked: list[MeasureRequest] = []
    thread, ask = panel.store.measuring._thread, panel.store.measuring._thread.ask

    def note(job: MeasureRequest) -> None:
        asked.append(job)
        ask(job)

    thread.ask = note  # type: ignore[method-assign]
    return asked


def measured(panel: AllModelsPanel, qtbot: QtBot) -> None:
    """Wait for the figures of the present input."""
    measuring, store = panel.store.measuring, panel.store

    def done() -> bool:
        return bool(measuring.entries) and not measuring.running and not measuring._stale()

    qtbot.waitUntil(lambda: store.state.input is None or done(), timeout=TIMEOUT)


def take(studio: Studio, panel: AllModelsPanel, qtbot: QtBot) -> None:
    studio.store.set_image(IMAGE, None)
    measured(panel, qtbot)


def names(panel: AllModelsPanel) -> list[str]:
    return [entry.name for entry in panel.table.entries]


def cell(panel: AllModelsPanel, name: str, column: str) -> str:
    place = names(panel).index(name)
    return panel.table.index(place, PLACE[column]).data()


def row_point(panel: AllModelsPanel, name: str) -> QPoint:
    place = names(panel).index(name)
    panel.view.scrollTo(panel.table.index(place, 0))
    return panel.view.visualRect(panel.table.index(place, PLACE["kl"])).center()


def click_head(panel: AllModelsPanel, column: str) -> None:
    header = panel.view.horizontalHeader()
    place = PLACE[column]
    x = header.sectionViewportPosition(place) + header.sectionSize(place) // 2
    hand.click(header.viewport(), QPoint(x, header.height() // 2))


def alone(studio: Studio, path: Path) -> Measured:
    """What the core says of the present input."""
    given = studio.store.state.input
    assert given is not None
    return measure_input(load_snapshot(path).build(), prepared_input(given).image)


def change(run: Path, **values: str) -> None:
    """Of its ``config.json``."""
    file = run / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_the_figures_are_the_core_s(studio: Studio, panel: AllModelsPanel, qtbot: QtBot) -> None:
    assert panel.empty.isVisible()
    take(studio, panel, qtbot)
    assert not panel.empty.isVisible()
    assert names(panel) == [info.name for info in studio.store.library.runs() if info.bundled]
    for row, entry in enumerate(panel.table.entries):
        expected = alone(studio, entry.path)
        assert entry.measure is not None
        assert entry.measure.bernoulli == pytest.approx(expected.bernoulli, rel=1e-6)
        assert entry.measure.squared_error == pytest.approx(expected.squared_error, rel=1e-6)
        assert entry.measure.kl == pytest.approx(expected.kl, rel=1e-6)
        assert entry.measure.bound == pytest.approx(expected.bound, rel=1e-6)
        shown = [panel.table.index(row, place).data() for place in FIGURES]
        given = [float(text) for text in shown]
        close = [expected.bernoulli, expected.squared_error, expected.kl, expected.bound]
        assert given == pytest.approx(close, abs=0.051)
        assert panel.table._picture(entry) == to_qimage(expected.x_hat)
    about = panel.table.index(names(panel).index("cvae"), PLACE["name"])
    assert about.data(Qt.ItemDataRole.UserRole + 2) == "as 8 · epoch 50"


def test_a_label_that_is_told_is_used_and_said(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)
    by_itself = cell(panel, "cvae", "bound")
    plain = cell(panel, "vae-32", "bound")
    studio.store.set_input_label(3)
    measured(panel, qtbot)
    about = panel.table.index(names(panel).index("cvae"), PLACE["name"])
    assert about.data(Qt.ItemDataRole.UserRole + 2) == "told 3 · epoch 50"
    assert float(cell(panel, "cvae", "bound")) > float(by_itself)
    assert cell(panel, "vae-32", "bound") == plain


def test_the_heads_sort_and_the_least_is_bold(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)
    usual = names(panel)
    header = panel.view.horizontalHeader()
    for column in ("reconstruction", "squared_error", "kl", "bound"):
        click_head(panel, column)
        assert header.sortIndicatorSection() == PLACE[column]
        values = [float(cell(panel, name, column)) for name in names(panel)]
        assert values == sorted(values)
        fonts = [
            panel.table.index(row, PLACE[column]).data(Qt.ItemDataRole.FontRole).bold()
            for row in range(len(values))
        ]
        assert fonts == [True] + [False] * (len(values) - 1)
        click_head(panel, column)
        values = [float(cell(panel, name, column)) for name in names(panel)]
        assert values == sorted(values, reverse=True)
        click_head(panel, column)
        assert names(panel) == usual
    click_head(panel, "name")
    assert names(panel) == sorted(usual)
    for place, column in enumerate(COLUMNS):
        tip = panel.table.headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        assert len(tip) > 40, column.name
    assert "Burda" in tip


def test_a_label_that_was_given_is_no_merit(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    """A conditional model's bound is of p(x|y): log 10 is added before it is the least."""
    for index, is_best in ((61, True), (25, False)):
        studio.store.set_image(ImageRef("mnist", "test", index), None)
        measured(panel, qtbot)
        entries = {entry.name: entry for entry in panel.table.entries}
        bounds = {name: entry.measure.bound for name, entry in entries.items() if entry.measure}
        assert min(bounds, key=bounds.__getitem__) == "cvae"
        assert panel.table.is_best(entries["cvae"], PLACE["bound"]) == is_best
        best = [name for name in bounds if panel.table.is_best(entries[name], PLACE["bound"])]
        assert len(best) == 1
    tip = panel.table.index(names(panel).index("cvae"), PLACE["bound"])
    assert "log 10 = 2.3" in tip.data(Qt.ItemDataRole.ToolTipRole)


def test_a_click_opens_and_so_do_the_keys(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)
    assert panel.table.entries[names(panel).index("vae-32")].snapshot is studio.store.snapshot
    hand.click(panel.view.viewport(), row_point(panel, "vae-2"))
    path = str(shipped("vae-2"))
    qtbot.waitUntil(lambda: studio.store.state.model == path, timeout=TIMEOUT)
    settle(qtbot, studio)
    measured(panel, qtbot)
    current = [entry.name for entry in panel.table.entries if entry.snapshot is not None]
    assert current == ["vae-2"]
    assert studio.store.state.input is not None
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert panel.view.current_path() == shipped("vae-16")
    assert studio.store.state.model == path  # looked at, not yet taken
    QTest.keyClick(panel.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: studio.store.state.model == str(shipped("vae-16")), timeout=TIMEOUT)
    settle(qtbot, studio)
    measured(panel, qtbot)


def test_it_follows_the_pen_while_the_button_is_down(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)  # all are read from disk
    studio.store.clear_input()
    assert panel.empty.isVisible()
    canvas = studio.window.panel(DrawPanel).canvas
    path = hand.on_canvas(canvas, hand.THREE)
    hand.press(canvas, path[0])
    seen = []
    for point in path[1:]:
        hand.move(canvas, point)
        if seen:  # the last figures stay until there are new ones
            assert all(entry.measure is not None for entry in panel.table.entries)
        qtbot.waitUntil(
            lambda: all(entry.measure is not None for entry in panel.table.entries),
            timeout=TIMEOUT,
        )
        measured(panel, qtbot)
        seen.append(tuple(cell(panel, name, "bound") for name in names(panel)))
    assert len(set(seen)) > len(seen) // 2
    assert all("" not in figures for figures in seen)
    hand.release(canvas, path[-1])
    measured(panel, qtbot)
    for entry in panel.table.entries:
        assert entry.measure is not None
        assert entry.measure.bound == pytest.approx(alone(studio, entry.path).bound, rel=1e-6)


def test_a_pen_that_never_rests_starves_no_model(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    """Moves come far faster than answers; each model still gets figures on the way."""
    take(studio, panel, qtbot)
    studio.store.clear_input()
    asked = requests(panel)
    canvas = studio.window.panel(DrawPanel).canvas
    path = hand.on_canvas(canvas, hand.THREE)
    hand.press(canvas, path[0])
    figures: dict[str, set[str]] = {}
    moves = 0

    def moved_on() -> bool:
        nonlocal moves
        for _ in range(3):
            moves += 1
            hand.move(canvas, path[1 + moves % (len(path) - 1)])
        for name in names(panel):
            figures.setdefault(name, set()).add(cell(panel, name, "kl"))
        return all(len(found) > 3 for found in figures.values())

    qtbot.waitUntil(moved_on, timeout=TIMEOUT)
    assert len(asked) < moves
    assert all(len(request.models) == 9 for request in asked)
    hand.release(canvas, path[1])
    measured(panel, qtbot)


def test_it_asks_twenty_times_a_second_at_most(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    for info in panel.store.measuring.infos:
        panel.store.measuring.choose(info, False)
    take(studio, panel, qtbot)
    assert names(panel) == ["vae-32"]
    asked, begun = requests(panel), time.monotonic()
    for index in range(60):
        studio.store.set_image(ImageRef("mnist", "test", index), None)
        qtbot.wait(10)
    assert 2 <= len(asked) <= (time.monotonic() - begun) / 0.045 + 2
    measured(panel, qtbot)


def test_a_hidden_table_asks_nothing(studio: Studio, panel: AllModelsPanel, qtbot: QtBot) -> None:
    asked = requests(panel)
    panel.hide()
    studio.store.set_image(IMAGE, None)
    encoded(qtbot, studio)
    qtbot.wait(150)
    assert asked == []
    panel.show()
    measured(panel, qtbot)
    assert [len(request.models) for request in asked] == [9]
    panel.come_forward(False)  # another tab
    studio.store.set_image(ImageRef("mnist", "test", 62), None)
    encoded(qtbot, studio)
    qtbot.wait(150)
    assert len(asked) == 1
    panel.come_forward(True)
    measured(panel, qtbot)
    assert len(asked) == 2
    panel.refresh()
    qtbot.wait(150)
    assert len(asked) == 2  # nothing is new


def test_a_damaged_run_says_why_and_sorts_last(
    studio: Studio, own_run: Path, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    weights = next(own_run.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-50] ^= 1
    weights.write_bytes(content)
    change(own_run, name="mine <b>&")
    studio.store.library.changed.emit()
    take(studio, panel, qtbot)
    name = "mine <b>&"
    assert names(panel)[-1] == name
    assert "are damaged" in cell(panel, name, "reconstruction")
    assert [cell(panel, name, column) for column in ("squared_error", "kl", "bound")] == [""] * 3
    assert panel.view.columnSpan(9, FIGURES[0]) == len(FIGURES)
    click_head(panel, "bound")
    click_head(panel, "bound")  # the largest first
    assert names(panel)[-1] == name
    tip = panel.table.index(9, PLACE["name"]).data(Qt.ItemDataRole.ToolTipRole)
    assert "mine &lt;b&gt;&amp;" in tip
    assert str(own_run) in tip


def test_models_are_chosen_in_the_menu(
    studio: Studio, own_run: Path, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)
    change(own_run, name="mine")
    for n in range(6):  # seven of one's own, of which five are measured
        folder = own_run.parent / f"run-{n}"
        folder.mkdir()
        (folder / "config.json").write_text((own_run / "config.json").read_text())
        change(folder, name=f"run {n}", created=f"2030-01-0{n + 1}T00:00:00+00:00")
    panel.store.library.changed.emit()
    measured(panel, qtbot)
    own = [entry.name for entry in panel.table.entries if entry.info and not entry.info.bundled]
    assert len(own) == 5
    assert own == [f"run {n}" for n in (5, 4, 3, 2, 1)]
    assert "no complete checkpoint" in cell(panel, "run 5", "reconstruction")
    menu = panel.chooser.choice
    menu.popup(panel.mapToGlobal(QPoint(0, 0)))
    actions = {action.text(): action for action in menu.actions()}
    assert not actions["vae-32"].isEnabled()  # on show
    assert actions["vae-2"].isChecked()
    assert not actions["run 0"].isChecked()
    QTest.mouseClick(
        menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(actions["vae-2"]).center()
    )
    assert menu.isVisible()
    menu.setActiveAction(actions["run 0"])
    QTest.keyClick(menu, Qt.Key.Key_Space)
    assert menu.isVisible()
    menu.close()
    assert "vae-2" not in names(panel)
    assert "run 0" in names(panel)
    measured(panel, qtbot)
    menu.popup(panel.mapToGlobal(QPoint(0, 0)))
    menu.actions()[0].trigger()
    menu.close()
    assert "vae-2" in names(panel)
    assert "run 0" not in names(panel)
    measured(panel, qtbot)


def test_clearing_empties(studio: Studio, panel: AllModelsPanel, qtbot: QtBot) -> None:
    take(studio, panel, qtbot)
    studio.store.clear_input()
    assert panel.empty.isVisible()
    assert all(entry.measure is None for entry in panel.table.entries)
    qtbot.wait(150)
    assert all(entry.measure is None for entry in panel.table.entries)  # nothing comes late
    studio.store.undo()
    measured(panel, qtbot)
    assert not panel.empty.isVisible()
    assert cell(panel, "vae-2", "bound") != ""


def test_what_comes_after_clearing_is_dropped(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    asked = requests(panel)
    studio.store.set_image(IMAGE, None)
    qtbot.waitUntil(lambda: bool(asked), timeout=TIMEOUT)
    thread = panel.store.measuring._thread
    while thread._waiting is not None or thread._current is not None:
        time.sleep(0.01)  # the answers are there, but not taken yet
    studio.store.clear_input()
    qtbot.wait(150)
    assert all(entry.measure is None for entry in panel.table.entries)


def test_an_image_that_is_not_there_is_told(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    take(studio, panel, qtbot)
    asked = requests(panel)
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        studio.store.set_image(ImageRef("mnist", "test", 10_000_000), None)
    qtbot.waitUntil(lambda: panel.store.measuring.problem is not None, timeout=TIMEOUT)
    assert "10000000" in panel.caption.text().replace(",", "")
    assert cell(panel, "vae-2", "bound") == ""
    qtbot.wait(150)
    assert len(asked) == 1  # not again and again
    take(studio, panel, qtbot)
    assert panel.store.measuring.problem is None
    assert "squared error" in panel.caption.text()


def test_the_table_goes_to_the_clipboard_and_into_a_file(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    take(studio, panel, qtbot)
    click_head(panel, "bound")
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 10
    heads = lines[0].split("\t")
    first = dict(zip(heads, lines[1].split("\t"), strict=True))
    entry = panel.table.entries[0]
    assert first["model"] == entry.name
    assert entry.measure is not None
    assert float(first["KL (nats)"]) == pytest.approx(entry.measure.kl, abs=1e-4)
    target = tmp_path / "table.csv"
    panel.save_action.trigger()
    dialog = panel.findChild(QFileDialog)
    assert dialog is not None
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        dialog.fileSelected.emit(str(target))
    dialog.close()
    rows = list(csv.reader(io.StringIO(target.read_text())))
    assert rows == [line.split("\t") for line in lines]
    sheet = panel._sheet()
    assert sheet is not None
    assert sheet.images.shape == (9, 1, 28, 28)


def test_a_training_that_is_followed_is_measured_as_it_learns(
    studio: Studio, panel: AllModelsPanel, qtbot: QtBot, small_mnist: None
) -> None:
    take(studio, panel, qtbot)
    asked = requests(panel)
    config = quick(epochs=400, beta_warmup=1)
    studio.store.launcher.start(tiny(VARIANTS["vae-32"]), config, "vae-32")
    request = studio.store.training.view.request
    assert request is not None
    seen: dict[int, float] = {}

    def learned() -> bool:
        for entry in panel.table.entries:
            measure = entry.measure
            if entry.path == request.folder and measure is not None and measure.snapshot:
                seen[measure.snapshot.step] = measure.bernoulli
        return len(seen) > 3

    qtbot.waitUntil(learned, timeout=2 * TIMEOUT)
    current = [entry.path for entry in panel.table.entries if entry.snapshot is not None]
    assert current == [request.folder]
    assert seen[max(seen)] < seen[min(seen)]  # it learns
    live = [job for job in asked if request.folder not in job.models]
    assert sum(len(job.models) for job in live) < len(live) + 12  # the others rest
    studio.store.training.stop()
    qtbot.waitUntil(
        lambda: studio.store.training.view.status is TrainStatus.IDLE, timeout=2 * TIMEOUT
    )
    settle(qtbot, studio)
    measured(panel, qtbot)
    ended = next(entry for entry in panel.table.entries if entry.path == request.folder)
    assert ended.measure is not None
    assert ended.measure.snapshot is studio.store.snapshot


def test_long_names_and_little_room(
    studio: Studio, own_run: Path, panel: AllModelsPanel, qtbot: QtBot
) -> None:
    change(own_run, name="a run with a very long name " * 4)
    panel.store.library.changed.emit()
    take(studio, panel, qtbot)
    for width in (420, 300):
        panel.resize(width, 300)
        qtbot.waitUntil(lambda width=width: panel.width() == width, timeout=TIMEOUT)
        header = panel.view.horizontalHeader()
        assert header.length() <= panel.view.viewport().width()
        panel.grab()


def test_the_choice_is_remembered(studio: Studio, own_run: Path, qtbot: QtBot) -> None:
    measuring = studio.store.measuring
    measuring.look(True)
    infos = {info.name: info for info in measuring.infos}
    measuring.choose(infos["vae-2"], False)
    mine = next(info for info in measuring.infos if info.path == own_run)
    measuring.choose(mine, True)
    known = studio.window.settings("dark")
    assert known.measured == {"vae-2": False, str(own_run): True}
    measuring.choose_usual()
    assert measuring.is_chosen(infos["vae-2"])
    measuring.restore(known.measured)
    assert not measuring.is_chosen(infos["vae-2"])
    assert studio.window.settings("dark").measured == known.measured


def test_a_choice_of_a_run_that_is_gone_is_forgotten(studio: Studio) -> None:
    measuring = studio.store.measuring
    measuring.restore({"vae-2": False, "/gone": True})
    measuring.look(True)
    measuring.choose(next(info for info in measuring.infos if info.name == "cvae"), False)
    assert measuring.choice() == {"vae-2": False, "cvae": False}
