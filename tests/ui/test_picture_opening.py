"""Pictures that are opened, pasted or dropped: their digits become the input, one by one."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import encoded
from vae_studio.app import Studio
from vae_studio.core.data import load_dataset
from vae_studio.core.errors import StudioError
from vae_studio.session.drawing import Input
from vae_studio.session.drawing_text import write_drawing
from vae_studio.session.kept import KeptDrawing
from vae_studio.session.strokes import Stroke
from vae_studio.ui import picture_opening
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.workers import drawing_jobs

DRAWN = Input((Stroke(hand.THREE, 0.08),))


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three digits of the test set, dark on light, in a row: 7, 2, 1."""
    data = load_dataset("mnist")
    assert data is not None
    sheet = np.full((300, 700), 235, np.uint8)
    for number in range(3):
        digit = Image.fromarray(data.test.images[number, 0].numpy()).resize((168, 168))
        ink = np.asarray(digit, np.float32) / 255
        part = sheet[70:238, 30 + 220 * number : 198 + 220 * number]
        part[:] = (part * (1 - 0.8 * ink)).astype(np.uint8)
    path = tmp_path_factory.mktemp("page") / "my digits.jpg"
    Image.fromarray(sheet).save(path, quality=88)
    return path


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until this is set, no picture is looked at."""
    goes_on, look = threading.Event(), drawing_jobs.digits_in

    def later(*arguments: object, **named: object) -> object:
        assert goes_on.wait(30)
        return look(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(drawing_jobs, "digits_in", later)
    yield goes_on
    goes_on.set()


def opened(studio: Studio, qtbot: QtBot, count: int) -> None:
    qtbot.waitUntil(
        lambda: not studio.store.pictures.looking and len(studio.store.pictures.found) == count,
        timeout=30_000,
    )
    encoded(qtbot, studio)


def test_the_digits_of_a_photo_are_offered_one_by_one(
    studio: Studio, qtbot: QtBot, page: Path
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    assert not panel.found.isVisible()
    store.pictures.open_file(page)
    assert panel.found.isVisible()
    assert "my digits.jpg" in panel.found.text.text()
    opened(studio, qtbot, 3)
    assert panel.found.text.text() == "3 digits in my digits.jpg. Click one."
    data = load_dataset("mnist")
    assert data is not None
    for number, view in enumerate(panel.found.views):
        hand.click(view)
        encoded(qtbot, studio)
        assert store.last_encoded is not None
        truth = data.test.images[number, 0].numpy() / 255
        seen = store.last_encoded.image[0]
        assert np.corrcoef(truth.ravel(), seen.ravel())[0, 1] > 0.8
    assert store.can_undo
    store.undo()
    encoded(qtbot, studio)
    store.set_strokes(())
    assert panel.found.isVisible()  # the digit is still the input
    store.clear_input()
    store.set_strokes((Stroke(hand.THREE, 0.08),))
    assert not panel.found.isVisible()


def test_a_picture_is_pasted(studio: Studio, qtbot: QtBot, page: Path) -> None:
    mime = QMimeData()
    mime.setImageData(QImage(str(page)))
    assert studio.store.pictures.take_from(mime, "the clipboard")
    opened(studio, qtbot, 3)
    assert studio.store.state.input is not None
    assert studio.store.state.input.pixels is not None


def test_a_file_that_is_pasted_counts_before_its_image(
    studio: Studio, qtbot: QtBot, page: Path
) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(page))])
    assert studio.store.pictures.take_from(mime, "the clipboard")
    opened(studio, qtbot, 3)
    assert studio.store.pictures.name == page.name
    text = QMimeData()
    text.setText("no picture")
    assert not studio.store.pictures.take_from(text, "the clipboard")


def test_paper_and_ink_the_other_way_round(studio: Studio, qtbot: QtBot, page: Path) -> None:
    panel = studio.window.panel(DrawPanel)
    studio.store.pictures.open_file(page)
    opened(studio, qtbot, 3)
    right = studio.store.state.input
    hand.click(panel.found.invert)
    qtbot.waitUntil(lambda: not studio.store.pictures.looking, timeout=30_000)
    assert studio.store.state.input != right
    hand.click(panel.found.invert)
    opened(studio, qtbot, 3)
    assert studio.store.state.input == right


def test_what_is_no_picture_is_told_and_the_input_stays(
    studio: Studio, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.store.set_strokes((Stroke(hand.THREE, 0.08),))
    encoded(qtbot, studio)
    before, told = studio.store.state, list[StudioError]()
    studio.store.failed.connect(told.append)
    text = tmp_path / "notes.png"
    text.write_text("no picture at all")
    blank = tmp_path / "blank.png"
    Image.new("L", (200, 200), 255).save(blank)
    for path, code in ((text, "image.format"), (blank, "image.no_digit")):
        studio.store.pictures.open_file(path)
        qtbot.waitUntil(lambda: bool(told), timeout=30_000)
        assert told.pop().code == code
        assert not studio.store.pictures.looking
    studio.store.pictures.take(QImage(), "the clipboard")
    assert told.pop().code == "image.no_picture"
    assert studio.store.state == before


def test_the_same_picture_again_stays_on_offer(studio: Studio, qtbot: QtBot, page: Path) -> None:
    for _ in range(2):
        studio.store.pictures.open_file(page)
        opened(studio, qtbot, 3)
    encoded(qtbot, studio)
    studio.store.set_dimension(0, 1.5)
    assert len(studio.store.pictures.found) == 3


def test_closing_the_strip_keeps_the_input(studio: Studio, qtbot: QtBot, page: Path) -> None:
    panel = studio.window.panel(DrawPanel)
    studio.store.pictures.open_file(page)
    opened(studio, qtbot, 3)
    given = studio.store.state.input
    hand.click(panel.found.close_button)
    assert not panel.found.isVisible()
    assert studio.store.state.input == given
    studio.store.pictures.open_file(page)
    hand.click(panel.found.close_button)
    assert not panel.found.isVisible()
    qtbot.wait(150)
    assert not panel.found.isVisible()


def opened_copy(studio: Studio, qtbot: QtBot, page: Path, folder: Path) -> Path:
    """A file with three digits, which are found, that may go."""
    path = folder / "digits.jpg"
    shutil.copy(page, path)
    studio.store.pictures.open_file(path)
    opened(studio, qtbot, 3)
    return path


def test_after_a_failed_invert_what_was_found_stays(
    studio: Studio, qtbot: QtBot, page: Path, tmp_path: Path
) -> None:
    store, panel, told = studio.store, studio.window.panel(DrawPanel), list[StudioError]()
    path = opened_copy(studio, qtbot, page, tmp_path)
    store.failed.connect(told.append)
    before, found = store.state, store.pictures.found
    path.unlink()
    hand.click(panel.found.invert)
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert [error.code for error in told] == ["image.unreadable"]
    assert studio.window.toast.isVisible()
    assert panel.found.isVisible()
    assert panel.found.text.text() == "3 digits in digits.jpg. Click one."
    assert (store.state, store.pictures.found) == (before, found)
    hand.click(panel.found.views[1])
    encoded(qtbot, studio)
    assert store.state.input != before.input
    shutil.copy(page, path)
    hand.click(panel.found.invert)  # and this is the other way round, not the one of before
    qtbot.waitUntil(lambda: not store.pictures.looking, timeout=30_000)
    assert store.pictures.inverted
    assert store.pictures.found is not found


def test_after_a_failed_invert_what_was_drawn_meanwhile_counts(
    studio: Studio, qtbot: QtBot, page: Path, tmp_path: Path
) -> None:
    store, panel, told = studio.store, studio.window.panel(DrawPanel), list[StudioError]()
    path = opened_copy(studio, qtbot, page, tmp_path)
    store.failed.connect(told.append)
    path.unlink()
    store.pictures.invert()
    store.set_input(DRAWN)
    qtbot.waitUntil(lambda: bool(told), timeout=30_000)
    assert store.state.input == DRAWN
    assert not panel.found.isVisible()
    encoded(qtbot, studio)


@pytest.mark.parametrize("what", ["a stroke", "half a stroke", "a kept drawing", "a file"])
def test_a_picture_that_is_late_gives_way_to_what_was_drawn_or_opened(
    studio: Studio, qtbot: QtBot, page: Path, tmp_path: Path, held: threading.Event, what: str
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    points = hand.on_canvas(panel.canvas, hand.THREE)
    store.pictures.open_file(page)
    if what == "a stroke":
        hand.drag(panel.canvas, points)
    elif what == "half a stroke":
        hand.press(panel.canvas, points[0])
        for point in points[1:]:
            hand.move(panel.canvas, point)
    elif what == "a kept drawing":
        store.keeper.open_drawing(KeptDrawing("3", DRAWN))
    else:
        (tmp_path / "3.json").write_text(write_drawing("3", DRAWN))
        studio.window.drawing_files.open_path(tmp_path / "3.json")
        qtbot.waitUntil(lambda: store.state.input is not None, timeout=30_000)
    held.set()
    qtbot.waitUntil(lambda: not store.pictures.looking, timeout=30_000)
    store.pictures.shutdown()  # and what it would still say is heard now
    qtbot.wait(50)
    if what == "half a stroke":
        hand.release(panel.canvas, points[-1])
    given = store.state.input
    assert given is not None
    assert len(given.strokes) == 1
    assert given.pixels is None
    assert not panel.found.isVisible()
    store.undo()
    assert store.state.input is None


def test_a_picture_on_the_clipboard_is_made_levels_of_in_another_thread(
    studio: Studio, qtbot: QtBot, page: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads, levels = list[threading.Thread](), picture_opening._levels

    def noted(picture: QImage) -> object:
        threads.append(threading.current_thread())
        return levels(picture)

    monkeypatch.setattr(picture_opening, "_levels", noted)
    studio.store.pictures.take(QImage(str(page)), "the clipboard")
    opened(studio, qtbot, 3)
    assert threads
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("pasted", [False, True])
def test_grey_with_transparency_is_opened_as_it_looks(
    studio: Studio, qtbot: QtBot, page: Path, tmp_path: Path, pasted: bool
) -> None:
    """Black all over: the digits are in the second channel alone."""
    with Image.open(page) as picture:
        ink = Image.eval(picture.convert("L"), lambda level: 255 - level)
    veiled = Image.new("LA", ink.size)
    veiled.putalpha(ink)
    path = tmp_path / "digits.png"
    veiled.save(path)
    if pasted:
        studio.store.pictures.take(QImage(str(path)), "the clipboard")
    else:
        studio.store.pictures.open_file(path)
    opened(studio, qtbot, 3)
    assert studio.store.state.input is not None
    assert studio.store.state.input.pixels is not None
    data = load_dataset("mnist")
    assert data is not None
    truth = data.test.images[0, 0].numpy() / 255
    seen = studio.store.state.input.pixels.image()[0]
    assert np.corrcoef(truth.ravel(), seen.ravel())[0, 1] > 0.8
