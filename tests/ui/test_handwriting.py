"""One drawing in every class: with a model that has classes on show, and with one that has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.explore import decode_labels, encode, one_hot
from vae_studio.session.drawing import ImageRef, Input
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.handwriting.panel import HandwritingPanel
from vae_studio.ui.widgets.scale_dialog import ScaleDialog
from vae_studio.workers.inputs import prepared_input

THREE = Input((Stroke(hand.THREE, 0.08),))
SEVEN = Input((Stroke(((0.25, 0.22), (0.74, 0.2), (0.5, 0.6), (0.42, 0.86)), 0.06),))


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> HandwritingPanel:
    """In a window of its own, with what the pictures look for around them."""
    made = HandwritingPanel(studio.store)
    made.exporter = studio.store.exporter  # type: ignore[attr-defined]
    made.resize(420, 340)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


def shown(panel: HandwritingPanel, qtbot: QtBot, given: Input) -> None:
    """Wait until the classes of that input are on the screen."""
    qtbot.waitUntil(
        lambda: panel._shown is not None and panel._shown.request.input == given, timeout=TIMEOUT
    )


def draw(studio: Studio, panel: HandwritingPanel, qtbot: QtBot, given: Input) -> None:
    studio.store.set_input(given)
    encoded(qtbot, studio)
    shown(panel, qtbot, given)


def pixels(picture: QImage | None) -> np.ndarray:
    assert picture is not None
    return np.array(picture.constBits()).reshape(28, 28).astype(int)


def marked(panel: HandwritingPanel) -> list[int]:
    return [index for index, tile in enumerate(panel.tiles.classes) if tile._selected]


def hot(digit: int) -> tuple[float, ...]:
    return tuple(float(index == digit) for index in range(10))


def test_before_there_is_an_input_it_says_what_will_be_there(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    assert panel.empty.isVisible()
    draw(studio, panel, qtbot, THREE)
    assert not panel.empty.isVisible()
    studio.store.clear_input()
    assert panel.empty.isVisible()
    settle(qtbot, studio)


def test_the_classes_are_those_of_the_model_that_ships(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, THREE)
    model = load_snapshot(shipped("cvae")).build()
    code = encode(model, prepared_input(THREE).image)
    wanted = decode_labels(model, code.mu)
    assert len(panel.tiles.classes) == 10
    for digit, tile in enumerate(panel.tiles.classes):
        assert np.abs(pixels(tile.image) - 255 * wanted[digit, 0]).max() <= 1
    seen = prepared_input(THREE).image[0]
    assert np.abs(pixels(panel.tiles.input.image) - 255 * seen).max() <= 1
    assert marked(panel) == [3]
    assert panel.caption.text() == "cvae, epoch 50 · reads it as a 3 · vae-32 has no labels"
    assert panel.label.currentText() == "Auto: 3"


def test_it_follows_the_pen(studio: Studio, panel: HandwritingPanel, qtbot: QtBot) -> None:
    draw(studio, panel, qtbot, SEVEN)
    studio.store.clear_input()
    settle(qtbot, studio)
    canvas = studio.window.panel(DrawPanel).canvas
    path, seen = hand.on_canvas(canvas, hand.THREE), []
    hand.press(canvas, path[0])
    for point in path[1:]:
        hand.move(canvas, point)
        given = studio.store.state.input
        assert given is not None
        shown(panel, qtbot, given)  # the button is still down
        seen.append(pixels(panel.tiles.classes[8].image))
    hand.release(canvas, path[-1])
    assert np.abs(seen[-1] - seen[0]).mean() > 4
    assert marked(panel) == [3]
    encoded(qtbot, studio)


def test_hidden_it_asks_nothing_and_catches_up(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, SEVEN)
    panel.hide()
    asked = panel._asked
    studio.store.set_input(THREE)
    encoded(qtbot, studio)
    assert panel._asked is asked
    panel.show()
    shown(panel, qtbot, THREE)


def test_a_click_goes_to_that_class_of_the_model_on_show(
    cvae: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(cvae, panel, qtbot, THREE)
    assert panel.caption.text() == "cvae, epoch 50 · reads it as a 3"
    before = cvae.store.state
    cvae.store.set_dimension(0, 2.0)
    moved = cvae.store.state
    hand.click(panel.tiles.classes[8])
    state = cvae.store.state
    assert state.latent.label == hot(8)
    assert state.latent.z == pytest.approx(before.latent.z, abs=1e-4)
    assert state.input == THREE
    settle(qtbot, cvae)
    assert cvae.store.last_decoded is not None
    picture = 255 * cvae.store.last_decoded.image[0]
    assert np.abs(picture - pixels(panel.tiles.classes[8].image)).max() <= 2
    cvae.store.undo()
    assert cvae.store.state == moved
    settle(qtbot, cvae)


def test_enter_does_what_a_click_does(cvae: Studio, panel: HandwritingPanel, qtbot: QtBot) -> None:
    draw(cvae, panel, qtbot, THREE)
    panel.tiles.classes[5].setFocus()
    QTest.keyClick(panel.tiles.classes[5], Qt.Key.Key_Return)
    assert cvae.store.state.latent.label == hot(5)
    settle(qtbot, cvae)


def test_a_click_opens_the_model_that_ships_at_that_point_in_one_step(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, THREE)
    before, asked = studio.store.state, panel._shown
    assert asked is not None
    assert "Open cvae at this hand’s z as a 6" in panel.tiles.classes[6].toolTip()
    hand.click(panel.tiles.classes[6])
    qtbot.waitUntil(lambda: studio.store.state.model == str(shipped("cvae")), timeout=TIMEOUT)
    settle(qtbot, studio)
    encoded(qtbot, studio)
    state = studio.store.state
    assert state.latent.z == asked.z
    assert state.latent.label == hot(6)
    assert state.input == THREE
    assert studio.store.last_decoded is not None
    picture = 255 * studio.store.last_decoded.image[0]
    assert np.abs(picture - pixels(panel.tiles.classes[6].image)).max() <= 2
    undo_into(qtbot, studio, before.model)
    encoded(qtbot, studio)
    assert studio.store.state == before


def test_who_draws_on_meanwhile_is_not_taken_there(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, THREE)
    hand.click(panel.tiles.classes[6])
    studio.store.set_input(SEVEN)
    qtbot.waitUntil(lambda: studio.store.state.model == str(shipped("cvae")), timeout=TIMEOUT)
    encoded(qtbot, studio)
    assert studio.store.state.input == SEVEN
    assert studio.store.state.latent.label == hot(7)


def test_another_model_on_show_writes_itself(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, THREE)
    show_model(qtbot, studio, shipped("cvae"))
    encoded(qtbot, studio)
    qtbot.waitUntil(
        lambda: panel._shown is not None and panel._shown.snapshot is studio.store.snapshot,
        timeout=TIMEOUT,
    )
    assert panel.caption.text() == "cvae, epoch 50 · reads it as a 3"
    show_model(qtbot, studio, shipped("vae-2"))
    qtbot.waitUntil(lambda: "vae-2 has no labels" in panel.caption.text(), timeout=TIMEOUT)
    encoded(qtbot, studio)


def test_saying_the_class_reads_it_so(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot
) -> None:
    draw(studio, panel, qtbot, THREE)
    read = pixels(panel.tiles.classes[8].image)
    panel.label.setFocus()
    QTest.keyClick(panel.label, Qt.Key.Key_Home)
    for _ in range(6):
        QTest.keyClick(panel.label, Qt.Key.Key_Down)
    given = studio.store.state.input
    assert given is not None
    assert given.label == 5
    shown(panel, qtbot, given)
    encoded(qtbot, studio)
    assert marked(panel) == [5]
    assert "told that it is a 5" in panel.caption.text()
    assert np.abs(pixels(panel.tiles.classes[8].image) - read).mean() > 1
    model = load_snapshot(shipped("cvae")).build()
    code = encode(model, prepared_input(THREE).image, one_hot(5, 10))
    wanted = decode_labels(model, code.mu)
    assert np.abs(pixels(panel.tiles.classes[8].image) - 255 * wanted[8, 0]).max() <= 1
    QTest.keyClick(panel.label, Qt.Key.Key_Home)
    assert studio.store.state.input == THREE
    shown(panel, qtbot, THREE)
    encoded(qtbot, studio)
    assert panel.label.currentText() == "Auto: 3"


def test_a_test_image_has_a_hand_too(studio: Studio, panel: HandwritingPanel, qtbot: QtBot) -> None:
    draw(studio, panel, qtbot, Input(label=7, image=ImageRef("mnist", "test", 17)))
    assert marked(panel) == [7]
    assert panel.label.currentIndex() == 8


@pytest.mark.parametrize(("width", "height"), [(420, 340), (300, 300), (700, 240), (260, 620)])
def test_no_two_pictures_overlap_at_any_size(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot, width: int, height: int
) -> None:
    draw(studio, panel, qtbot, THREE)
    panel.resize(width, height)
    tiles = [panel.tiles.input, *panel.tiles.classes]
    qtbot.waitUntil(lambda: panel.width() == width)
    assert len({tile.width() for tile in panel.tiles.classes}) == 1
    for index, tile in enumerate(tiles):
        assert tile.width() == tile.height() >= 36
        assert panel.tiles.rect().contains(tile.geometry())
        assert not any(tile.geometry().intersects(other.geometry()) for other in tiles[:index])


def save(panel: HandwritingPanel, qtbot: QtBot, path: Path) -> Path:
    """The scale that is proposed, and that file."""
    dialog = panel.findChild(ScaleDialog)
    assert isinstance(dialog, ScaleDialog)
    hand.click(dialog.save_button)
    files = panel.findChild(QFileDialog)
    assert isinstance(files, QFileDialog)
    name = files.findChild(QLineEdit)
    assert isinstance(name, QLineEdit)
    name.setText(str(path))
    with qtbot.waitSignal(panel.store.exporter.saved, timeout=TIMEOUT):
        files.accept()
    return path


def test_all_eleven_are_saved_side_by_side(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    draw(studio, panel, qtbot, THREE)
    hand.click(panel.save)
    with Image.open(save(panel, qtbot, tmp_path / "hand.png")) as picture:
        sheet = np.asarray(picture).astype(int)
    assert sheet.shape[1] % (11 * 30 - 2) == 0
    scale = sheet.shape[1] // (11 * 30 - 2)
    sheet = sheet[::scale, ::scale]
    tiles = [panel.tiles.input, *panel.tiles.classes]
    for index, tile in enumerate(tiles):
        part = sheet[:, 30 * index : 30 * index + 28]
        assert np.abs(part - pixels(tile.image)).max() <= 1


def test_the_film_shows_the_input_and_each_class(
    studio: Studio, panel: HandwritingPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    draw(studio, panel, qtbot, THREE)
    hand.click(panel.film)
    with Image.open(save(panel, qtbot, tmp_path / "hand.gif")) as film:
        assert film.n_frames == 11  # type: ignore[attr-defined]
        scale = film.width // 28
        for index, tile in enumerate([panel.tiles.input, *panel.tiles.classes]):
            film.seek(index)
            assert film.info["duration"] == 400
            frame = np.asarray(film.convert("L")).astype(int)[::scale, ::scale]
            assert np.abs(frame - pixels(tile.image)).max() <= 1
