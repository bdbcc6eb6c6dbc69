"""The table of runs: sort, filter, tags, notes, delete and undo, with real keys."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QDir, QPoint, Qt
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, settle, shipped
from vae_studio.app import Studio
from vae_studio.core.annotations import NOTES, Annotations, read_annotations, write_annotations
from vae_studio.core.runs import bundled_runs, read_run
from vae_studio.ui.panels.runs.columns import COLUMNS, PLACE
from vae_studio.ui.panels.runs.panel import RunsPanel

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def add_run(home: Path, folder_name: str, /, source: str = "vae-2", **changes: Any) -> Path:
    """A run of the user's own: one that ships, named as its folder. changes: of config.json; a
    mapping changes what stands in one there."""
    folder = home / "runs" / folder_name
    shutil.copytree(shipped(source), folder)
    values = json.loads((folder / "config.json").read_text("utf-8"))
    for key, value in {"name": folder_name, **changes}.items():
        values[key] = {**values[key], **value} if isinstance(value, dict) else value
    (folder / "config.json").write_text(json.dumps(values), "utf-8")
    return folder


def open_panel(studio: Studio, qtbot: QtBot) -> RunsPanel:
    """The panel in front, its list read."""
    panel = studio.window.panel(RunsPanel)
    studio.window.workspaces.show_workspace("compare")
    studio.window.docks["runs"].raise_()
    qtbot.waitUntil(lambda: panel.on_screen and bool(panel.model.rows), timeout=TIMEOUT)
    return panel


def cells(panel: RunsPanel, column: str) -> list[str]:
    """What a column says, from top to bottom."""
    proxy = panel.proxy
    return [proxy.index(row, PLACE[column]).data() for row in range(proxy.rowCount())]


def pick(panel: RunsPanel, *names: str) -> None:
    """Select these rows with the mouse, the first alone, the others with Ctrl held."""
    for number, name in enumerate(names):
        index = panel.proxy.index(cells(panel, "name").index(name), PLACE["name"])
        panel.table.scrollTo(index)
        place = panel.table.visualRect(index).center()
        keys = CTRL if number else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, keys, place)
    assert sorted(row.info.name for row in panel.selected_rows()) == sorted(names)
    panel.table.setFocus()


def sort_by(panel: RunsPanel, column: str) -> list[str]:
    """Click on a column's header; returns the names then."""
    header = panel.table.horizontalHeader()
    panel.table.scrollTo(panel.proxy.index(0, PLACE[column]))
    x = header.sectionViewportPosition(PLACE[column]) + 20
    hand.click(header.viewport(), QPoint(x, header.height() // 2))
    return cells(panel, "name")


def type_into_cell(panel: RunsPanel, text: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    """Write over what stands in the cell that is being edited."""
    editor = panel.table.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, end)
    QApplication.processEvents()  # Qt takes it over after the key


def test_it_reads_nothing_until_it_is_seen(studio: Studio) -> None:
    panel = studio.window.panel(RunsPanel)
    assert not panel.on_screen


def test_it_lists_what_ships_and_says_where_own_runs_will_be(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    assert set(cells(panel, "name")) == {info.name for info in bundled_runs()}
    assert panel.hint.isVisible()
    assert "train one" in panel.hint.text()


def test_figures_carry_their_unit(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    row = dict(zip(cells(panel, "name"), cells(panel, "reconstruction"), strict=True))
    assert row["vae-32"].endswith("nats")
    assert row["vae-mse"].endswith("sq. error")
    elbo = dict(zip(cells(panel, "name"), cells(panel, "elbo"), strict=True))
    assert elbo["vae-mse"].startswith("MSE + KL")
    info = next(info for info in bundled_runs() if info.name == "vae-mse")
    assert info.evaluation is not None
    pixel = dict(zip(cells(panel, "name"), cells(panel, "pixel"), strict=True))["vae-mse"]
    assert float(pixel) == pytest.approx(info.evaluation.squared_error / 784, abs=1e-4)


def test_elbo_is_sorted_within_a_likelihood_and_gaps_come_last(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    add_run(home, "new", evaluation=None)
    panel = open_panel(start(), qtbot)
    infos = {info.name: info for info in bundled_runs()}

    def elbo(name: str) -> float:
        evaluation = infos[name].evaluation
        assert evaluation is not None
        return evaluation.negative_elbo

    plain = sorted(set(infos) - {"vae-mse"}, key=elbo)
    assert sort_by(panel, "elbo") == [*plain, "vae-mse", "new"]
    assert elbo("vae-mse") < elbo(plain[0])  # so it would have been first
    assert sort_by(panel, "elbo") == [*reversed(plain), "vae-mse", "new"]


def test_numbers_are_sorted_as_numbers(home: Path, start: Start, qtbot: QtBot) -> None:
    for name, seconds in (("a", 100.0), ("b", 20.0), ("c", 3.0)):
        add_run(home, name, seconds=seconds)
    panel = open_panel(start(), qtbot)
    assert sort_by(panel, "seconds")[:3] == ["c", "b", "a"]


def test_what_differs_is_said(home: Path, start: Start, qtbot: QtBot) -> None:
    add_run(
        home,
        "mine",
        spec={"latent_dropout": 0.2},
        config={"beta": 4.0, "beta_warmup": 5, "epochs": 60, "dataset": "<b>x</b>"},
        journal=[[3, "beta", 2.0]],
    )
    panel = open_panel(start(), qtbot)
    said = cells(panel, "differs")[cells(panel, "name").index("mine")].split(" · ")
    assert said == [
        "data <b>x</b>",
        "β 4",
        "warm-up 5",
        "dropout on z 0.2",
        "1 × changed while it ran",
    ]
    index = panel.proxy.index(cells(panel, "name").index("mine"), PLACE["differs"])
    assert "<b>" not in index.data(Qt.ItemDataRole.ToolTipRole)


def test_the_filter_hides_what_does_not_match(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine", config={"beta": 4.0})
    write_annotations(folder, Annotations(("good",), "it blurs"))
    panel = open_panel(start(), qtbot)
    everything = cells(panel, "name")
    box = panel.filter_box
    box.setFocus()
    qtbot.waitUntil(lambda: bool(panel.model.rows and "good" in cells(panel, "tags")))
    for text in ("beta=4", "tag:good", "blurs", "MINE"):
        box.clear()
        QTest.keyClicks(box, text)
        assert cells(panel, "name") == ["mine"], text
    box.clear()
    QTest.keyClicks(box, "latent_dim>32")
    assert cells(panel, "name") == ["vae-64"]
    QTest.keyClicks(box, "000")
    assert cells(panel, "name") == []
    assert "No run matches" in panel.hint.text()
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert cells(panel, "name") == everything
    assert not panel.hint.isVisible()


def test_a_bad_part_of_the_filter_is_marked_and_hides_nothing(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    everything = cells(panel, "name")
    box = panel.filter_box
    box.setFocus()
    usual = box.toolTip()
    QTest.keyClicks(box, "betta=4 ")
    assert cells(panel, "name") == everything
    assert box.property("invalid") is True
    assert "betta=4" in box.toolTip()
    QTest.keyClicks(box, "vae-64")
    assert cells(panel, "name") == ["vae-64"]
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert box.property("invalid") is False
    assert box.toolTip() == usual


def test_tags_are_typed_into_the_table(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine")
    studio = start()
    panel = open_panel(studio, qtbot)
    pick(panel, "mine")
    hand.key(panel.table, Qt.Key.Key_F2, SHIFT)
    type_into_cell(panel, "good, r m ,good")
    assert cells(panel, "tags")[cells(panel, "name").index("mine")] == "good, r m"
    qtbot.waitUntil(lambda: (folder / NOTES).exists(), timeout=TIMEOUT)
    assert read_annotations(folder).tags == ("good", "r m")
    hand.key(panel.table, Qt.Key.Key_F2, SHIFT)
    editor = panel.table.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    editor.setText("half typed")
    panel.store.library.notes.set_notes(folder, "comes meanwhile")
    assert editor.text() == "half typed"
    type_into_cell(panel, "other", Qt.Key.Key_Escape)
    assert panel.store.library.notes.of(folder).tags == ("good", "r m")


def test_notes_are_kept_when_the_focus_leaves(home: Path, start: Start, qtbot: QtBot) -> None:
    one, other = add_run(home, "one"), add_run(home, "other")
    panel = open_panel(start(), qtbot)
    pick(panel, "one")
    panel.notes.setFocus()
    QTest.keyClicks(panel.notes, "blurred, as beta was")
    hand.click(panel.filter_box)
    panel.store.library.shelf.finish_writing()
    assert read_annotations(one).notes == "blurred, as beta was"
    pick(panel, "other")
    assert panel.notes.toPlainText() == ""
    pick(panel, "one")
    assert panel.notes.toPlainText() == "blurred, as beta was"
    assert not (other / NOTES).exists()


def test_notes_are_kept_after_a_pause(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine")
    panel = open_panel(start(), qtbot)
    pick(panel, "mine")
    panel.notes.setFocus()
    QTest.keyClicks(panel.notes, "a line")
    assert not (folder / NOTES).exists()
    qtbot.waitUntil(lambda: (folder / NOTES).exists(), timeout=TIMEOUT)
    assert read_annotations(folder).notes == "a line"


def test_notes_are_kept_when_the_window_closes_at_once(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    folder = add_run(home, "mine")
    studio = start()
    panel = open_panel(studio, qtbot)
    pick(panel, "mine")
    panel.notes.setFocus()
    QTest.keyClicks(panel.notes, "at the last moment")
    studio.window.close()
    assert read_annotations(folder).notes == "at the last moment"


def test_what_was_noted_is_kept_without_the_panel_too(home: Path, start: Start) -> None:
    folder = add_run(home, "mine")
    studio = start()
    studio.window.docks["runs"].close()
    studio.store.library.notes.set_tags(folder, ("late",))
    studio.window.close()
    assert read_annotations(folder).tags == ("late",)


def test_what_cannot_be_written_is_said_and_tried_again(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    folder = add_run(home, "mine")
    studio = start()
    panel = open_panel(studio, qtbot)
    pick(panel, "mine")
    panel.notes.setFocus()
    (folder / NOTES).mkdir()
    (folder / "notes.damaged.json").mkdir()
    (folder / "notes.damaged.json" / "full").write_text("")
    QTest.keyClicks(panel.notes, "kept")
    with qtbot.waitSignal(studio.store.library.failed, timeout=TIMEOUT):
        studio.store.library.notes.flush()
    assert "Cannot write" in studio.window.toast.text
    assert panel.notes.toPlainText() == "kept"
    (folder / NOTES).rmdir()
    studio.window.close()
    assert read_annotations(folder).notes == "kept"


def test_damaged_notes_are_explained_and_put_aside(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine")
    (folder / NOTES).write_text('{"format": 1, "tags": 3, "notes": ""}')
    panel = open_panel(start(), qtbot)
    notes = panel.store.library.notes
    qtbot.waitUntil(lambda: notes.error(folder) is not None, timeout=TIMEOUT)
    pick(panel, "mine")
    assert "cannot be read" in panel.notes.placeholderText()
    panel.notes.setFocus()
    QTest.keyClicks(panel.notes, "anew")
    notes.settle()
    assert read_annotations(folder).notes == "anew"
    assert (folder / "notes.damaged.json").exists()


def test_models_that_ship_take_no_notes_and_stay(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    pick(panel, "vae-64")
    assert not panel.notes.isEnabled()
    assert "ships with the app" in panel.notes.toolTip()
    for name in ("rename", "tags", "delete", "resume"):
        assert not panel.buttons[name].isEnabled()
        assert "ships with the app" in panel.buttons[name].toolTip()
    for key, modifier in (
        (Qt.Key.Key_F2, Qt.KeyboardModifier.NoModifier),
        (Qt.Key.Key_F2, SHIFT),
        (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier),
    ):
        hand.key(panel.table, key, modifier)
        assert panel.table.viewport().findChild(QLineEdit) is None
    assert "vae-64" in cells(panel, "name")


def test_enter_opens_and_so_does_a_double_click(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    for name in ("vae-64", "vae-16"):
        pick(panel, name)
        if name == "vae-64":
            hand.key(panel.table, Qt.Key.Key_Return)
        else:
            index = panel.proxy.index(cells(panel, "name").index(name), PLACE["name"])
            hand.double_click(panel.table.viewport(), panel.table.visualRect(index).center())
        model = str(shipped(name))
        qtbot.waitUntil(lambda model=model: studio.store.state.model == model, timeout=TIMEOUT)
        settle(qtbot, studio)


def test_f2_gives_another_name(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine")
    panel = open_panel(start(), qtbot)
    pick(panel, "mine")
    hand.key(panel.table, Qt.Key.Key_F2)
    type_into_cell(panel, "  better   name")
    assert read_run(folder).name == "better name"
    assert "better name" in cells(panel, "name")
    assert [row.info.name for row in panel.selected_rows()] == ["better name"]


def test_several_are_deleted_and_come_back_at_once(home: Path, start: Start, qtbot: QtBot) -> None:
    folders = [add_run(home, name) for name in ("a", "b", "c")]
    studio = start()
    panel = open_panel(studio, qtbot)
    pick(panel, "a", "c")
    panel.store.library.notes.set_notes(folders[0], "not yet on disk")
    panel.table.setFocus()
    hand.key(panel.table, Qt.Key.Key_Delete)
    assert {"a", "b", "c"} & set(cells(panel, "name")) == {"b"}
    assert not folders[0].exists()
    assert studio.window.toast.text == "2 runs were deleted."
    studio.window.toast.press_action()
    assert {"a", "b", "c"} <= set(cells(panel, "name"))
    assert all(folder.is_dir() for folder in folders)
    assert read_annotations(folders[0]).notes == "not yet on disk"


def test_what_cannot_be_deleted_with_others_is_named(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    gone, stays = read_run(add_run(home, "gone")), read_run(add_run(home, "stays"))
    studio = start()
    panel = open_panel(studio, qtbot)
    studio.store.library.remove([stays, gone], in_training=stays.path)
    assert "gone was deleted." in studio.window.toast.text
    assert "stays is training" in studio.window.toast.text
    assert "stays" in cells(panel, "name")
    studio.window.toast.press_action()
    assert {"gone", "stays"} <= set(cells(panel, "name"))


def test_two_or_more_are_compared(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    pick(panel, "vae-64")
    assert not panel.buttons["compare"].isEnabled()
    assert "two runs or more" in panel.buttons["compare"].toolTip()
    sort_by(panel, "name")
    pick(panel, "vae-64", "cvae")
    with qtbot.waitSignal(panel.compare_requested) as asked:
        hand.click(panel.buttons["compare"])
    assert asked.args == [(shipped("cvae"), shipped("vae-64"))]  # as the table has them


def test_a_configuration_goes_into_the_form_and_the_selection_stays(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = open_panel(studio, qtbot)
    pick(panel, "vae-64")
    with qtbot.waitSignal(panel.configuration_requested) as asked:
        hand.click(panel.buttons["configuration"])
    assert asked.args[0].spec.latent_dim == 64
    studio.window.workspaces.show_workspace("compare")
    studio.store.library.changed.emit()
    assert [row.info.name for row in panel.selected_rows()] == ["vae-64"]


def test_show_in_folder_asks_the_system(
    home: Path, start: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add_run(home, "mine")
    asked = []
    monkeypatch.setattr(QDesktopServices, "openUrl", asked.append)
    panel = open_panel(start(), qtbot)
    pick(panel, "mine")
    hand.click(panel.buttons["folder"])
    assert [QDir.toNativeSeparators(url.toLocalFile()) for url in asked] == [str(folder)]


def test_only_an_unfinished_run_is_resumed(home: Path, start: Start, qtbot: QtBot) -> None:
    add_run(home, "done")
    add_run(home, "cut", status="stopped", weights="float32", epoch=3)
    panel = open_panel(start(), qtbot)
    pick(panel, "done")
    assert not panel.buttons["resume"].isEnabled()
    pick(panel, "cut")
    assert panel.buttons["resume"].isEnabled()


def thumbnail_of(panel: RunsPanel, name: str) -> QImage:
    index = panel.proxy.index(cells(panel, "name").index(name), PLACE["picture"])
    panel.table.scrollTo(index)
    QApplication.processEvents()
    return panel.table.viewport().grab(panel.table.visualRect(index)).toImage()


def inked(image: QImage) -> int:
    """Bright pixels."""
    points = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return sum(image.pixelColor(x, y).lightness() > 200 for x, y in points)


def test_thumbnails_come_for_rows_on_screen_only(home: Path, start: Start, qtbot: QtBot) -> None:
    for number in range(40):
        add_run(home, f"run {number:02}")
    shutil.rmtree(home / "runs" / "run 00" / "samples")
    panel = open_panel(start(), qtbot)
    sort_by(panel, "name")
    panel.table.scrollToTop()
    qtbot.waitUntil(lambda: inked(thumbnail_of(panel, "run 01")) > 50, timeout=TIMEOUT)
    assert inked(thumbnail_of(panel, "run 00")) < 50
    panel.table.scrollToTop()
    assert len(panel.thumbnails._found) < 35
    qtbot.waitUntil(lambda: inked(thumbnail_of(panel, "run 39")) > 50, timeout=TIMEOUT)


def test_what_runs_cost_is_shown(home: Path, start: Start, qtbot: QtBot) -> None:
    folders = [add_run(home, name) for name in ("a", "b")]
    panel = open_panel(start(), qtbot)
    qtbot.waitUntil(lambda: panel.summary.text().startswith("2 runs, "), timeout=TIMEOUT)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    total = sum(path.stat().st_size for path in files)
    assert f"{total / 1e6:.1f}" in panel.summary.text().replace(",", ".")


def test_columns_are_hidden_from_a_menu(studio: Studio, qtbot: QtBot) -> None:
    panel = open_panel(studio, qtbot)
    menu = panel.table.columns_menu
    menu.aboutToShow.emit()
    (action,) = [action for action in menu.actions() if action.text() == "Status"]
    assert action.isChecked()
    action.trigger()
    assert panel.table.isColumnHidden(PLACE["status"])
    assert "Name" not in {action.text() for action in menu.actions()}  # a row needs one


@pytest.mark.parametrize("width", [700, 1900])
def test_the_width_is_used_and_nothing_is_narrower_than_planned(
    studio: Studio, qtbot: QtBot, width: int
) -> None:
    panel = open_panel(studio, qtbot)
    panel.table.resize(width, 300)
    total = sum(panel.table.columnWidth(place) for place in range(len(COLUMNS)))
    for place, column in enumerate(COLUMNS):
        assert panel.table.columnWidth(place) >= column.width
    if width == 1900:
        assert abs(total - panel.table.viewport().width()) < 40
    else:
        assert total == sum(column.width for column in COLUMNS)


def test_a_run_that_appears_keeps_the_selection(home: Path, start: Start, qtbot: QtBot) -> None:
    add_run(home, "b")
    studio = start()
    panel = open_panel(studio, qtbot)
    pick(panel, "b")
    add_run(home, "a", created="2099-01-01T00:00:00+00:00")
    add_run(home, "c", created="2000-01-01T00:00:00+00:00")
    studio.store.library.changed.emit()
    assert {"a", "b", "c"} <= set(cells(panel, "name"))
    assert [row.info.name for row in panel.selected_rows()] == ["b"]


def test_a_hidden_list_is_read_once_it_is_seen(home: Path, start: Start, qtbot: QtBot) -> None:
    studio = start()
    panel = open_panel(studio, qtbot)
    studio.window.workspaces.show_workspace("studio")
    qtbot.waitUntil(lambda: not panel.on_screen)
    add_run(home, "late")
    studio.store.library.changed.emit()
    assert "late" not in cells(panel, "name")
    studio.window.workspaces.show_workspace("compare")
    studio.window.docks["runs"].raise_()
    qtbot.waitUntil(lambda: "late" in cells(panel, "name"), timeout=TIMEOUT)


def test_strange_runs_are_shown_and_harm_nothing(home: Path, start: Start, qtbot: QtBot) -> None:
    add_run(
        home,
        "odd",
        name="<b>odd</b>",
        variant="<i>" * 1000,
        created="not a day \u202e" * 100,
        seconds=1e300,
    )
    folder = add_run(home, "noted")
    (folder / NOTES).write_text(
        json.dumps({"format": 1, "tags": ["<b>tag</b>"], "notes": "<b>\u202e</b>"})
    )
    panel = open_panel(start(), qtbot)
    qtbot.waitUntil(lambda: "<b>tag</b>" in cells(panel, "tags"), timeout=TIMEOUT)
    for column in COLUMNS:
        sort_by(panel, column.name)
        for row in range(panel.proxy.rowCount()):
            index = panel.proxy.index(row, PLACE[column.name])
            assert "\u202e" not in str(index.data())
            tip = index.data(Qt.ItemDataRole.ToolTipRole)
            assert "<b>" not in tip
            assert "<i>" not in tip
    panel.grab()


def test_columns_are_found_as_they_were_left(start: Start, qtbot: QtBot) -> None:
    first = start()
    table = open_panel(first, qtbot).table
    variant, created = PLACE["variant"], PLACE["created"]
    table.show_column(variant, False)
    table.show_column(created, True)
    header = table.horizontalHeader()
    header.resizeSection(created, 223)
    header.moveSection(header.visualIndex(created), 1)
    table.sortByColumn(PLACE["name"], Qt.SortOrder.AscendingOrder)
    first.window.close()
    panel = open_panel(start(), qtbot)
    second = panel.table
    assert second.isColumnHidden(variant)
    assert not second.isColumnHidden(created)
    assert second.columnWidth(created) == 223
    assert second.horizontalHeader().visualIndex(created) == 1
    assert second.horizontalHeader().sortIndicatorSection() == PLACE["name"]
    assert cells(panel, "name") == sorted(cells(panel, "name"))
    assert not second.isColumnHidden(PLACE["name"])


@pytest.mark.parametrize("text", ["", "x", "99::AAAA", "{n}::AAAA", "{n}:no,name:!!!", "{n}"])
def test_damaged_columns_count_as_none(studio: Studio, qtbot: QtBot, text: str) -> None:
    table = open_panel(studio, qtbot).table
    before = [table.isColumnHidden(place) for place in range(len(COLUMNS))]
    table.restore_columns(text.replace("{n}", str(len(COLUMNS))))
    assert [table.isColumnHidden(place) for place in range(len(COLUMNS))] == before
