"""Drawings are kept, named, saved and opened again, with the real window, mouse and files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QAction, QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import DatasetError, StudioError
from vae_studio.session.drawing import ImageRef, Input, Pixels, Steps
from vae_studio.session.drawing_text import parse_drawing, write_drawing
from vae_studio.session.kept import MOST_DRAWINGS, KeptDrawing
from vae_studio.session.place import write_place
from vae_studio.session.strokes import MOST_INK, Stroke
from vae_studio.ui import drawing_files
from vae_studio.ui.drawing_files import PNG_SIDE, DrawingFiles
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.drawings.panel import DrawingsPanel
from vae_studio.ui.panels.drawings.shelf import SIDE, name_place, picture_place
from vae_studio.workers import drawing_jobs

THREE = Input((Stroke(hand.THREE, 0.08),))
SEVEN = Input((Stroke(((0.25, 0.22), (0.74, 0.2), (0.5, 0.6), (0.42, 0.86)), 0.06),), 7)
CROSSED = Input(
    (Stroke(((0.0, 0.5), (1.0, 0.5)), 0.1, erases=True),), image=ImageRef("mnist", "test", 4)
)


@dataclass
class Desk:
    """The panel in a window of its own, wired to the files as the app does."""

    studio: Studio
    panel: DrawingsPanel
    files: DrawingFiles

    def cell(self, row: int) -> QPoint:
        """The middle of a thumbnail."""
        return picture_place(self._rect(row)).center()

    def name(self, row: int) -> QPoint:
        """The middle of a name."""
        return name_place(self._rect(row)).center()

    def _rect(self, row: int):  # type: ignore[no-untyped-def]
        shelf = self.panel.shelf
        return shelf.visualRect(shelf.model().index(row, 0))

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.studio.store.keeper.drawings]


@pytest.fixture
def desk(studio: Studio, qtbot: QtBot) -> Iterator[Desk]:
    files = DrawingFiles(studio.window)
    panel = DrawingsPanel(studio.store)
    panel.open_wanted.connect(files.open)
    panel.save_wanted.connect(files.save)
    panel.save_kept.connect(files.save_kept)
    panel.resize(420, 340)
    qtbot.addWidget(panel)
    with qtbot.waitExposed(panel):
        panel.show()
    yield Desk(studio, panel, files)
    files.shutdown()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Until this is set, no drawing is read."""
    goes_on, parse = Event(), drawing_jobs.parse_drawing

    def later(content: bytes) -> tuple[str, Input]:
        assert goes_on.wait(TIMEOUT / 1000)
        return parse(content)

    monkeypatch.setattr(drawing_jobs, "parse_drawing", later)
    yield goes_on
    goes_on.set()


def keep(desk: Desk, qtbot: QtBot, *inputs: Input) -> None:
    """Press *Keep* for each."""
    for given in inputs:
        desk.studio.store.set_input(given)
        hand.click(desk.panel.keep)
    encoded(qtbot, desk.studio)
    QApplication.processEvents()


def dialog_of(desk: Desk) -> QFileDialog:
    dialog = desk.studio.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    return dialog


def choose(desk: Desk, path: Path) -> None:
    """Type a name into the dialog that is open."""
    dialog = dialog_of(desk)
    name = dialog.findChild(QLineEdit)
    assert isinstance(name, QLineEdit)
    name.setText(str(path))
    dialog.accept()


def saved(desk: Desk, qtbot: QtBot, path: Path) -> Path:
    """Name a file in the dialog that is open."""
    with qtbot.waitSignal(desk.studio.store.exporter.saved, timeout=TIMEOUT):
        choose(desk, path)
    qtbot.waitUntil(lambda: not desk.studio.window.findChildren(QFileDialog), timeout=TIMEOUT)
    return path


def opened(desk: Desk, qtbot: QtBot, path: Path, given: Input) -> None:
    """Choose a file in *Open…*, and wait for its drawing."""
    hand.click(desk.panel.open)
    choose(desk, path)
    qtbot.waitUntil(lambda: desk.studio.store.state.input == given, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)


def thumbnail(desk: Desk, row: int) -> QImage:
    """As it is on the screen, without its frame."""
    return desk.panel.shelf.viewport().grab(picture_place(desk._rect(row))).toImage()


# The shelf ----------------------------------------------------------------------------------------


def test_keep_puts_the_input_on_the_shelf_and_undo_takes_it_away(desk: Desk, qtbot: QtBot) -> None:
    store, panel = desk.studio.store, desk.panel
    assert panel.empty.isVisible()
    assert not panel.keep.isEnabled()
    assert not panel.save.isEnabled()
    keep(desk, qtbot, THREE, SEVEN)
    assert not panel.empty.isVisible()
    assert desk.names == ["Drawing 1", "Drawing 2"]
    assert [each.input for each in store.keeper.drawings] == [THREE, SEVEN]
    assert [panel.shelf.is_input(row) for row in (0, 1)] == [False, True]
    store.undo()
    assert desk.names == ["Drawing 1"]
    assert store.state.input == SEVEN
    store.redo()
    assert desk.names == ["Drawing 1", "Drawing 2"]
    encoded(qtbot, desk.studio)


def test_a_thumbnail_shows_the_strokes(desk: Desk, qtbot: QtBot) -> None:
    keep(desk, qtbot, THREE, SEVEN)
    for row, given in enumerate((THREE, SEVEN)):
        picture = thumbnail(desk, row)
        assert picture.width() == SIDE
        for x, y in given.strokes[0].points[2:-2]:
            assert picture.pixelColor(round(x * SIDE), round(y * SIDE)).lightness() > 200
        assert picture.pixelColor(4, SIDE - 6).lightness() < 20


def test_a_click_or_enter_opens_a_drawing(desk: Desk, qtbot: QtBot) -> None:
    store, shelf = desk.studio.store, desk.panel.shelf
    keep(desk, qtbot, THREE, SEVEN)
    hand.click(shelf.viewport(), desk.cell(0))
    assert store.state.input == THREE
    assert [shelf.is_input(row) for row in (0, 1)] == [True, False]
    shelf.setFocus()
    hand.key(desk.panel, Qt.Key.Key_Right)
    assert store.state.input == THREE
    hand.key(desk.panel, Qt.Key.Key_Return)
    assert store.state.input == SEVEN
    encoded(qtbot, desk.studio)
    store.undo()
    assert store.state.input == THREE
    encoded(qtbot, desk.studio)


def test_the_mark_goes_once_something_is_drawn(desk: Desk, qtbot: QtBot) -> None:
    store, shelf = desk.studio.store, desk.panel.shelf
    keep(desk, qtbot, THREE)
    store.set_input_label(5)
    assert shelf.is_input(0)  # the same drawing, read as something else
    store.set_strokes((*THREE.strokes, Stroke(((0.9, 0.9),), 0.05)))
    assert not shelf.is_input(0)
    store.clear_input()
    assert not shelf.is_input(0)
    settle(qtbot, desk.studio)


@pytest.mark.parametrize("by", ["F2", "double click"])
def test_a_name_is_edited_in_place(desk: Desk, qtbot: QtBot, by: str) -> None:
    store, shelf = desk.studio.store, desk.panel.shelf
    keep(desk, qtbot, THREE, SEVEN)
    if by == "F2":
        hand.click(shelf.viewport(), desk.cell(0))
        hand.key(desk.panel, Qt.Key.Key_F2)
    else:
        hand.click(shelf.viewport(), desk.name(0))
        hand.double_click(shelf.viewport(), desk.name(0))
        hand.release(shelf.viewport(), desk.name(0))
        assert store.state.input == SEVEN  # a name is no picture: nothing was opened
    editor = shelf.viewport().findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, "my 3")
    store.set_input_label(2)  # and what is told meanwhile leaves the name alone
    assert editor.text() == "my 3"
    QTest.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: desk.names == ["my 3", "Drawing 2"])
    store.undo()
    assert desk.names == ["Drawing 1", "Drawing 2"]
    encoded(qtbot, desk.studio)


def test_delete_removes_and_undo_brings_back(desk: Desk, qtbot: QtBot) -> None:
    store, shelf = desk.studio.store, desk.panel.shelf
    keep(desk, qtbot, THREE, SEVEN, CROSSED)
    hand.click(shelf.viewport(), desk.name(1))
    shelf.setFocus()
    hand.key(desk.panel, Qt.Key.Key_Delete)
    assert desk.names == ["Drawing 1", "Drawing 3"]
    assert shelf.current is store.keeper.drawings[1]  # the next one, for the next key
    store.undo()
    assert desk.names == ["Drawing 1", "Drawing 2", "Drawing 3"]
    assert store.keeper.drawings[1].input == SEVEN
    encoded(qtbot, desk.studio)


def test_keys_alone_do_all_of_it(desk: Desk, qtbot: QtBot) -> None:
    keep(desk, qtbot, THREE, SEVEN)
    desk.panel.shelf.setFocus()
    hand.key(desk.panel, Qt.Key.Key_Home)
    hand.key(desk.panel, Qt.Key.Key_Delete)
    assert desk.names == ["Drawing 2"]
    hand.key(desk.panel, Qt.Key.Key_Delete)
    assert desk.names == []
    assert desk.panel.empty.isVisible()


def menu_at(desk: Desk, row: int) -> dict[str, QAction]:
    """The context menu of a drawing."""
    shelf = desk.panel.shelf
    reason, place = QContextMenuEvent.Reason.Mouse, desk.cell(row)
    event = QContextMenuEvent(reason, place, shelf.viewport().mapToGlobal(place))
    QApplication.sendEvent(shelf.viewport(), event)
    menu = shelf.findChild(QMenu)
    assert isinstance(menu, QMenu)
    return {action.text(): action for action in menu.actions() if action.text()}


def test_the_context_menu_opens_and_removes(desk: Desk, qtbot: QtBot) -> None:
    keep(desk, qtbot, THREE, SEVEN)
    actions = menu_at(desk, 0)
    actions["Open (Enter)"].trigger()
    assert desk.studio.store.state.input == THREE
    actions["Remove (Delete)"].trigger()
    assert desk.names == ["Drawing 2"]
    encoded(qtbot, desk.studio)


def test_a_test_image_is_fetched_for_its_thumbnail(
    desk: Desk, qtbot: QtBot, mnist: DatasetPair
) -> None:
    other = DrawingsPanel(desk.studio.store)  # both ask, and neither takes the other's answer
    qtbot.addWidget(other)
    with qtbot.waitExposed(other):
        other.show()
    seventeen = Input(image=ImageRef("mnist", "test", 17))
    keep(desk, qtbot, CROSSED, seventeen)

    def shows(row: int, index: int) -> bool:
        wanted = mnist.test.images[index, 0].numpy().astype(int)
        picture = thumbnail(desk, row)
        rows = [14] if row == 0 else []
        return all(
            abs(picture.pixelColor(3 * x + 1, 3 * y + 1).red() - wanted[y, x]) < 3
            for y in (2, 8, 20, 24)
            for x in range(1, 22)  # not below the tick
        ) and all(picture.pixelColor(3 * x, 3 * y).red() < 3 for y in rows for x in range(1, 27))

    qtbot.waitUntil(lambda: shows(0, 4) and shows(1, 17), timeout=TIMEOUT)


def test_where_there_is_no_room_nothing_is_kept_and_it_is_said(desk: Desk, qtbot: QtBot) -> None:
    store = desk.studio.store
    said: list[StudioError] = []
    store.failed.connect(said.append)
    store.set_input(THREE)
    for _ in range(MOST_DRAWINGS):
        store.keeper.keep_drawing()
    assert len(desk.names) == MOST_DRAWINGS
    assert not said
    before = store.state.kept
    hand.click(desk.panel.keep)
    assert [error.code for error in said] == ["drawing.no_room"]
    assert store.state.kept is before
    assert "No more drawings" in desk.studio.window.toast.text
    encoded(qtbot, desk.studio)


def test_what_would_not_come_back_is_not_kept(desk: Desk, qtbot: QtBot) -> None:
    store = desk.studio.store
    said: list[StudioError] = []
    store.failed.connect(said.append)
    scribble = tuple((index % 2 * 1.0, index % 2 * 1.0) for index in range(int(MOST_INK)))
    store.set_input(Input((Stroke(scribble, 0.02),)))
    hand.click(desk.panel.keep)
    assert [error.code for error in said] == ["drawing.unwritable"]
    assert desk.names == []
    encoded(qtbot, desk.studio)


# Files --------------------------------------------------------------------------------------------


def test_a_drawing_file_comes_back_whole(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    store = desk.studio.store
    keep(desk, qtbot, SEVEN)
    store.keeper.rename_drawing(store.keeper.drawings[0], "my 7")
    hand.click(desk.panel.save)
    assert dialog_of(desk).selectedFiles()[0].endswith("my 7.png")
    path = saved(desk, qtbot, tmp_path / "seven.json")
    assert parse_drawing(path.read_bytes()) == ("my 7", SEVEN)
    store.clear_input()
    opened(desk, qtbot, path, SEVEN)
    store.undo()
    assert store.state.input is None
    settle(qtbot, desk.studio)


def test_what_is_saved_is_the_input_at_the_time_of_asking(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(desk, qtbot, THREE)
    hand.click(desk.panel.save)
    desk.studio.store.set_input(SEVEN)
    path = saved(desk, qtbot, tmp_path / "a.json")
    assert parse_drawing(path.read_bytes())[1] == THREE
    encoded(qtbot, desk.studio)


def test_a_picture_file_shows_the_strokes(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    keep(desk, qtbot, THREE)
    hand.click(desk.panel.save)
    with Image.open(saved(desk, qtbot, tmp_path / "three.png")) as picture:
        assert picture.mode == "L"
        pixels = np.asarray(picture).astype(int)
    assert pixels.shape == (PNG_SIDE, PNG_SIDE)
    for x, y in hand.THREE:
        assert pixels[round(y * PNG_SIDE), round(x * PNG_SIDE)] == 255
    # The left edge of a round end: half a pen from the first point.
    x, y = (round(each * PNG_SIDE) for each in hand.THREE[-1])
    radius = round(0.04 * PNG_SIDE)
    assert pixels[y, x - radius + 2] > 200
    assert pixels[y, x - radius - 2] < 60
    assert not pixels[:40].any()


def test_a_picture_that_was_saved_is_found_again(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    store = desk.studio.store
    keep(desk, qtbot, THREE)
    assert store.last_encoded is not None
    drawn = store.last_encoded.image
    hand.click(desk.panel.save)
    path = saved(desk, qtbot, tmp_path / "three.png")
    hand.click(desk.panel.open)
    choose(desk, path)
    qtbot.waitUntil(
        lambda: store.state.input is not None and store.state.input.pixels is not None,
        timeout=TIMEOUT,
    )
    encoded(qtbot, desk.studio)
    assert np.abs(store.last_encoded.image - drawn).mean() < 0.05


def test_a_picture_keeps_its_own_pixels(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    levels = np.random.default_rng(1).integers(0, 256, (1, 28, 28), np.uint8)
    keep(desk, qtbot, Input(pixels=Pixels((1, 28, 28), levels.tobytes())))
    hand.click(desk.panel.save)
    with Image.open(saved(desk, qtbot, tmp_path / "noise.png")) as picture:
        assert picture.size == (PNG_SIDE, PNG_SIDE)
        assert (np.asarray(picture)[10::20, 10::20] == levels[0]).all()


def test_svg_of_what_was_drawn_on_a_test_image(
    desk: Desk, qtbot: QtBot, tmp_path: Path, mnist: DatasetPair
) -> None:
    keep(desk, qtbot, CROSSED, THREE)
    menu_at(desk, 0)["Save as SVG…"].trigger()
    path = saved(desk, qtbot, tmp_path / "crossed.svg")
    root = ElementTree.fromstring(path.read_text("utf-8"))
    name = "{http://www.w3.org/2000/svg}"
    (line,) = root.findall(f".//{name}path")
    assert (line.get("stroke"), line.get("stroke-width")) == ("#000", "100")
    fills = {rect.get("fill") for rect in root.findall(f"{name}g/{name}rect")}
    levels = set(mnist.test.images[4].unique().tolist()) - {0}
    assert fills == {f"#{3 * bytes([level]).hex()}" for level in levels}


def test_each_kept_drawing_saves_as_each_kind(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    keep(desk, qtbot, CROSSED, SEVEN)
    menu_at(desk, 0)["Save as PNG…"].trigger()
    with Image.open(saved(desk, qtbot, tmp_path / "a.png")) as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (PNG_SIDE, PNG_SIDE)
    assert pixels.max() > 200  # the 4
    assert not pixels[260:300].any()  # what was rubbed out
    menu_at(desk, 0)["Save as JSON…"].trigger()
    path = saved(desk, qtbot, tmp_path / "a.json")
    assert parse_drawing(path.read_bytes()) == ("Drawing 1", CROSSED)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_file_whose_image_cannot_be_read_is_told(
    desk: Desk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def missing(*_: object) -> DatasetPair:
        raise DatasetError("data.missing", path="elsewhere/images.xz")

    monkeypatch.setitem(DATASETS, "elsewhere", replace(DATASETS["mnist"], load=missing))
    drawing = KeptDrawing("4", replace(CROSSED, image=ImageRef("elsewhere", "test", 4)))
    path = tmp_path / f"4.{suffix}"
    for _ in range(2):  # also once that is known
        desk.files.save_kept(drawing, suffix)
        with qtbot.waitSignal(desk.studio.store.failed, timeout=TIMEOUT) as said:
            choose(desk, path)
        assert said.args is not None
        assert said.args[0].code == "export.image"
        assert f"4.{suffix} is not saved" in desk.studio.window.toast.text
        assert "elsewhere/images.xz is missing" in desk.studio.window.toast.text
        assert not path.exists()
        qtbot.waitUntil(lambda: not desk.studio.window.findChildren(QFileDialog), timeout=TIMEOUT)
    desk.files.save_kept(drawing, "json")  # which names the image alone
    path = saved(desk, qtbot, tmp_path / "4.json")
    assert parse_drawing(path.read_bytes())[1] == drawing.input


def test_a_library_that_does_not_load_is_not_the_file(
    desk: Desk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vae_studio.workers.inputs", None)
    drawing = KeptDrawing("4", replace(CROSSED, image=ImageRef("mnist", "test", 4)))
    desk.files.save_kept(drawing, "png")
    with qtbot.waitSignal(desk.studio.store.failed, timeout=TIMEOUT) as said:
        choose(desk, tmp_path / "4.png")
    assert said.args is not None
    assert said.args[0].code == "worker.no_torch"


def test_a_file_is_written_whole_when_the_window_closes_at_once(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    desk.files.save_kept(KeptDrawing("4", CROSSED), "svg")
    choose(desk, tmp_path / "4.svg")
    desk.studio.window.close()
    assert (tmp_path / "4.svg").read_text("utf-8").endswith("</svg>\n")


def test_what_takes_long_is_done_beside_the_window(
    desk: Desk, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, Thread] = {}

    def note(module: ModuleType, name: str) -> None:
        made = getattr(module, name)

        def noted(*arguments: object) -> object:
            threads[name] = current_thread()
            return made(*arguments)

        monkeypatch.setattr(module, name, noted)

    for name in ("painted", "drawing_svg", "write_drawing"):
        note(drawing_files, name)
    note(drawing_jobs, "parse_drawing")
    for suffix in ("png", "svg", "json"):
        desk.files.save_kept(KeptDrawing("3", THREE), suffix)
        saved(desk, qtbot, tmp_path / f"3.{suffix}")
    QGuiApplication.clipboard().setText(write_drawing("7", SEVEN))
    desk.files.paste()
    qtbot.waitUntil(lambda: desk.studio.store.state.input == SEVEN, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)
    assert len(threads) == 4
    assert main_thread() not in threads.values()


def test_an_unknown_suffix_gives_what_can_be_opened_again(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(desk, qtbot, THREE)
    desk.files.save()
    path = saved(desk, qtbot, tmp_path / "three.backup")
    desk.studio.store.clear_input()
    desk.files.open_path(path)
    qtbot.waitUntil(lambda: desk.studio.store.state.input == THREE, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{}", "drawing.not_a_drawing"),
        (b'{"kind": "vae-studio drawing", "format": 99}', "drawing.format"),
        (b'{"kind": "vae-studio drawing", "format": 1}', "drawing.damaged"),
        (None, "drawing.unreadable"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    desk: Desk, qtbot: QtBot, tmp_path: Path, content: bytes | None, code: str
) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    before = desk.studio.store.state
    with qtbot.waitSignal(desk.studio.store.failed, timeout=TIMEOUT) as said:
        desk.files.open_path(path)
    assert said.args is not None
    assert said.args[0].code == code
    assert desk.studio.store.state == before
    assert desk.studio.window.toast.isVisible()


def test_of_two_files_the_last_one_counts(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    store, read, inputs = desk.studio.store, Event(), []
    for name, given in (("a", THREE), ("b", SEVEN)):
        (tmp_path / f"{name}.json").write_text(write_drawing(name, given))
    store.state_changed.connect(lambda new, old: inputs.append(new.input))
    desk.files._thread.done.connect(read.set, Qt.ConnectionType.DirectConnection)
    desk.files.open_path(tmp_path / "a.json")
    assert read.wait(TIMEOUT / 1000)  # and the window has not heard of it yet
    desk.files.open_path(tmp_path / "b.json")
    qtbot.waitUntil(lambda: store.state.input == SEVEN, timeout=TIMEOUT)
    assert THREE not in inputs
    encoded(qtbot, desk.studio)


@pytest.mark.parametrize("what", ["a file", "a text", "a place"])
def test_what_is_drawn_while_a_file_is_read_counts(
    desk: Desk, qtbot: QtBot, tmp_path: Path, held: Event, what: str
) -> None:
    store, canvas = desk.studio.store, desk.studio.window.panel(DrawPanel).canvas
    path, answered = tmp_path / "x.json", Event()
    for signal in (desk.files._thread.done, desk.files._thread.failed):
        signal.connect(answered.set, Qt.ConnectionType.DirectConnection)
    if what == "a text":
        QGuiApplication.clipboard().setText(write_drawing("7", SEVEN))
        desk.files.paste()
    else:
        assert store.snapshot is not None
        place = write_place(replace(store.state, input=SEVEN), store.snapshot.name)
        path.write_text(place if what == "a place" else write_drawing("7", SEVEN))
        desk.files.open_path(path, or_place=True)
    points = hand.on_canvas(canvas, hand.THREE)
    hand.press(canvas, points[0])
    for point in points[1:]:
        hand.move(canvas, point)
    held.set()
    assert answered.wait(TIMEOUT / 1000)
    hand.release(canvas, points[-1])
    encoded(qtbot, desk.studio)
    qtbot.wait(100)  # where a place would have come
    given = store.state.input
    assert given is not None
    assert given.strokes != SEVEN.strokes
    store.undo()
    assert store.state.input is None


def test_a_picture_that_is_opened_while_a_drawing_is_read_counts(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    store, read = desk.studio.store, Event()
    desk.files._thread.done.connect(read.set, Qt.ConnectionType.DirectConnection)
    (tmp_path / "7.json").write_text(write_drawing("7", SEVEN))
    desk.files.open_path(tmp_path / "7.json")
    assert read.wait(TIMEOUT / 1000)  # and the window has not heard of it yet
    picture = np.zeros((28, 28), np.uint8)
    picture[6:22, 13:15] = 255
    Image.fromarray(picture).save(tmp_path / "1.png")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "1.png"))])
    assert store.pictures.take_from(mime, "what was dropped")
    qtbot.waitUntil(lambda: not store.pictures.looking, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)
    assert store.state.input is not None
    assert store.state.input.pixels is not None
    store.undo()
    assert store.state.input is None


def test_the_boxes_of_the_way_show_what_an_opened_drawing_says(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    store, way = desk.studio.store, desk.studio.window.panel(DrawPanel).way

    def boxes() -> list[bool]:
        return [box.isChecked() for box in (way.fit, way.centre, way.pen)]

    for name, given in (
        ("own", replace(THREE, steps=Steps(fitted=False, pen=False))),
        ("usual", THREE),
        ("off centre", replace(SEVEN, steps=Steps(centred=False))),
    ):
        path = tmp_path / f"{name}.json"
        path.write_text(write_drawing(name, given))
        opened(desk, qtbot, path, given)
        assert boxes() == [given.steps.fitted, given.steps.centred, given.steps.pen]
        assert store.state.steps == given.steps
    (tmp_path / "4.json").write_text(write_drawing("4", CROSSED))
    opened(desk, qtbot, tmp_path / "4.json", CROSSED)
    assert not way.centre.isEnabled()  # a picture is in MNIST's form
    assert boxes() == [True, False, True]
    for _ in range(3):
        store.undo()
        encoded(qtbot, desk.studio)
    assert boxes() == [False, True, False]
    assert way.centre.isEnabled()


def test_a_place_that_is_dropped_is_no_failed_drawing(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    store = desk.studio.store
    store.set_dimension(0, 2.5)
    assert store.snapshot is not None
    path = tmp_path / "place.json"
    path.write_text(write_place(store.state, store.snapshot.name))
    store.go_to_mean()
    desk.files.open_path(path, or_place=True)
    qtbot.waitUntil(lambda: store.state.latent.z[0] == 2.5, timeout=TIMEOUT)
    settle(qtbot, desk.studio)
    (tmp_path / "drawing.json").write_text(write_drawing("a", THREE))
    desk.files.open_path(tmp_path / "drawing.json", or_place=True)
    qtbot.waitUntil(lambda: store.state.input == THREE, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)


# The clipboard ------------------------------------------------------------------------------------


def test_a_drawing_goes_over_the_clipboard(desk: Desk, qtbot: QtBot) -> None:
    store = desk.studio.store
    keep(desk, qtbot, SEVEN)
    desk.files.copy()
    assert json.loads(QGuiApplication.clipboard().text())["name"] == "Drawing 1"
    store.set_input(THREE)
    desk.files.paste()
    qtbot.waitUntil(lambda: store.state.input == SEVEN, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)


def test_a_damaged_text_is_told(desk: Desk, qtbot: QtBot) -> None:
    text = write_drawing("x", THREE).replace('"width"', '"wide"')
    QGuiApplication.clipboard().setText(text)
    with qtbot.waitSignal(desk.studio.store.failed, timeout=TIMEOUT) as said:
        desk.files.paste()
    assert said.args is not None
    assert said.args[0].code == "drawing.damaged"
    assert desk.studio.store.state.input is None


def test_a_picture_on_the_clipboard_is_pasted(desk: Desk, qtbot: QtBot) -> None:
    store = desk.studio.store
    keep(desk, qtbot, THREE)
    picture = desk.panel.shelf.viewport().grab(picture_place(desk._rect(0)).adjusted(3, 18, -3, -3))
    store.clear_input()
    QGuiApplication.clipboard().setImage(picture.toImage())
    desk.files.paste()
    qtbot.waitUntil(lambda: store.state.input is not None, timeout=TIMEOUT)
    assert store.state.input is not None
    assert store.state.input.pixels is not None
    encoded(qtbot, desk.studio)


def test_a_file_on_the_clipboard_is_opened(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "seven.json"
    path.write_text(write_drawing("7", SEVEN))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    QGuiApplication.clipboard().setMimeData(mime)
    desk.files.paste()
    qtbot.waitUntil(lambda: desk.studio.store.state.input == SEVEN, timeout=TIMEOUT)
    encoded(qtbot, desk.studio)


@pytest.mark.parametrize("text", ["", "a 7", "{}", "vae-studio drawing" * 200_000])
def test_what_cannot_be_pasted_says_what_can(desk: Desk, text: str) -> None:
    before = desk.studio.store.state
    QGuiApplication.clipboard().setText(text)
    desk.files.paste()
    assert "nothing on the clipboard" in desk.studio.window.toast.text
    assert desk.studio.store.state == before


def test_without_an_input_there_is_nothing_to_copy_or_save(desk: Desk) -> None:
    QGuiApplication.clipboard().setText("mine")
    desk.files.copy()
    assert QGuiApplication.clipboard().text() == "mine"
    assert "Draw one first" in desk.studio.window.toast.text
    desk.files.save()
    assert not desk.studio.window.findChildren(QFileDialog)


def test_a_kept_drawing_belongs_to_no_model(desk: Desk, qtbot: QtBot) -> None:
    keep(desk, qtbot, THREE)
    (drawing,) = desk.studio.store.keeper.drawings
    assert drawing == KeptDrawing("Drawing 1", THREE)
    assert "model" not in write_drawing(drawing.name, drawing.input)
