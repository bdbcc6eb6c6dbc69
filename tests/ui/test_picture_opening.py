"""Pictures that are opened, pasted or dropped: their digits become the input, one by one."""

from __future__ import annotations

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
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.draw.panel import DrawPanel


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
