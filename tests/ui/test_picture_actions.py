"""Every picture of the window can be copied and saved, at any scale, pixel for pixel."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QLineEdit, QListView, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers import Disk
from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle
from vae_studio.app import Studio
from vae_studio.core.pictures import grid, to_bytes
from vae_studio.session.exports import MAX_SIDE
from vae_studio.session.strokes import Stroke
from vae_studio.ui import theme
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.dimensions import DimensionsPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.panels.traversals import TraversalsPanel
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, exporter_of, sheet_of
from vae_studio.ui.widgets.qimages import to_array, to_heat, to_qimages
from vae_studio.ui.widgets.scale_dialog import ScaleDialog

IMAGES = np.random.default_rng(5).random((6, 1, 4, 6), np.float32)
CTRL = Qt.KeyboardModifier.ControlModifier


def start_saving(widget: QWidget) -> ScaleDialog:
    """Choose *Save picture as PNG…* in its context menu."""
    (save,) = (action for action in widget.actions() if action.text().startswith("Save picture"))
    save.trigger()
    dialog = widget.findChild(ScaleDialog)
    assert isinstance(dialog, ScaleDialog)
    return dialog


def choose(qtbot: QtBot, widget: QWidget, dialog: ScaleDialog, path: Path) -> None:
    """Press *Save…*, and name a file."""
    hand.click(dialog.save_button)
    files = widget.findChild(QFileDialog)
    assert isinstance(files, QFileDialog)
    name = files.findChild(QLineEdit)
    assert isinstance(name, QLineEdit)
    name.setText(str(path))
    files.accept()
    qtbot.waitUntil(lambda: not widget.findChildren(QFileDialog), timeout=TIMEOUT)


def save(qtbot: QtBot, studio: Studio, widget: QWidget, path: Path, scale: int) -> Image.Image:
    """What a hand saved of a widget."""
    dialog = start_saving(widget)
    dialog.scale.setValue(scale)
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        choose(qtbot, widget, dialog, path)
    with Image.open(path) as picture:
        picture.load()
        return picture


def copied() -> np.ndarray:
    """The picture on the clipboard, [H, W]."""
    return to_bytes(to_array([QGuiApplication.clipboard().image()]))[0, 0]


@pytest.mark.parametrize("scale", [1, 7])
def test_a_saved_picture_has_the_models_pixels(
    studio: Studio, qtbot: QtBot, tmp_path: Path, scale: int
) -> None:
    result, view = studio.store.last_decoded, studio.window.panel(DecodedPanel).picture
    assert result is not None
    saved = save(qtbot, studio, view, tmp_path / "digit.png", scale)
    expected = to_bytes(result.image[0]).repeat(scale, 0).repeat(scale, 1)
    assert saved.mode == "L"
    np.testing.assert_array_equal(np.asarray(saved), expected)
    assert studio.window.toast.text == "Saved as digit.png."


def test_ctrl_c_copies_it_large(studio: Studio) -> None:
    result, view = studio.store.last_decoded, studio.window.panel(DecodedPanel).picture
    assert result is not None
    hand.click(view)
    hand.key(view, Qt.Key.Key_C, CTRL)
    expected = to_bytes(result.image[0]).repeat(20, 0).repeat(20, 1)
    np.testing.assert_array_equal(copied(), expected)


def test_the_dialog_says_how_large_the_file_will_be(studio: Studio, qtbot: QtBot) -> None:
    view = studio.window.panel(DecodedPanel).picture
    dialog = start_saving(view)
    assert dialog.isVisible()
    assert (dialog.scale.value(), dialog.size_text.text()) == (20, "560 × 560 px")
    hand.key(dialog, Qt.Key.Key_A, CTRL)
    hand.key(dialog, Qt.Key.Key_3)
    assert dialog.size_text.text() == "84 × 84 px"
    assert (dialog.scale.minimum(), dialog.scale.maximum()) == (1, 64)
    hand.key(dialog, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not view.findChildren(ScaleDialog), timeout=TIMEOUT)
    assert not view.findChildren(QFileDialog)


def test_what_was_shown_when_it_was_asked_for_is_saved(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    result, view = studio.store.last_decoded, studio.window.panel(DecodedPanel).picture
    assert result is not None
    dialog = start_saving(view)
    dialog.scale.setValue(1)
    studio.store.set_z([2.0] * 32)
    settle(qtbot, studio)
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        choose(qtbot, view, dialog, tmp_path / "before.png")
    with Image.open(tmp_path / "before.png") as saved:
        np.testing.assert_array_equal(np.asarray(saved), to_bytes(result.image[0]))


def test_a_name_without_a_suffix_gets_one(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    view = studio.window.panel(DecodedPanel).picture
    dialog = start_saving(view)
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT) as heard:
        choose(qtbot, view, dialog, tmp_path / "digit")
    assert heard.args == [tmp_path / "digit.png"]


def test_a_full_disk_is_told(studio: Studio, qtbot: QtBot, tmp_path: Path, disk: Disk) -> None:
    view, path = studio.window.panel(DecodedPanel).picture, tmp_path / "digit.png"
    disk.full = True
    dialog = start_saving(view)
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        choose(qtbot, view, dialog, path)
    disk.full = False
    assert "Free some space" in studio.window.toast.text
    assert not path.exists()


def test_closing_right_after_it_still_writes_it(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    view = studio.window.panel(DecodedPanel).picture
    choose(qtbot, view, start_saving(view), tmp_path / "digit.png")
    studio.window.close()
    with Image.open(tmp_path / "digit.png") as picture:
        picture.load()
        assert picture.size == (560, 560)


def test_a_dock_that_floats_saves_too(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    studio.window.docks["decoded"].setFloating(True)
    view = studio.window.panel(DecodedPanel).picture
    assert view.window() is not studio.window
    assert save(qtbot, studio, view, tmp_path / "digit.png", 1).size == (28, 28)


def test_a_widget_alone_has_nobody_to_write(qtbot: QtBot) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    with pytest.raises(LookupError):
        exporter_of(widget)


def test_nothing_is_saved_or_copied_where_nothing_is_shown(studio: Studio) -> None:
    view = ImageView("empty", parent=studio.window)
    QGuiApplication.clipboard().setText("as it was")
    view.picture_actions.copy()
    view.picture_actions.ask()
    assert QGuiApplication.clipboard().text() == "as it was"
    assert not view.findChildren(ScaleDialog)


def test_what_lies_over_a_picture_is_saved_with_it(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    view = ImageView("heat", parent=studio.window)
    values = np.zeros((4, 6), np.float32)
    values[1, 2] = 1.0
    view.set_image(np.ones((1, 4, 6), np.float32))
    view.set_heat(to_heat(values, QColor(200, 40, 10)))
    pixels = np.asarray(save(qtbot, studio, view, tmp_path / "heat.png", 1))
    assert pixels.shape == (4, 6, 3)
    assert pixels[1, 2].tolist() == [200, 40, 10]
    assert 0 < pixels[0, 0, 0] < 255  # it steps back


def test_a_grid_is_saved_row_by_row(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    grid_view = studio.window.panel(TraversalsPanel).grid
    pictures = to_qimages(IMAGES)
    grid_view.set_pictures([pictures[:3], pictures[3:]], names=("z1", "z2"))
    saved = save(qtbot, studio, grid_view, tmp_path / "grid.png", 2)
    expected = np.asarray(grid(IMAGES, 3)).repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(np.asarray(saved), expected)
    grid_view.picture_actions.copy()
    scale = 560 // 22
    assert copied().shape == (10 * scale, 22 * scale)


def test_a_list_of_pictures_can_be_given_it(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    view = QListView(studio.window)
    add_picture_actions(view, lambda: Sheet(IMAGES, 6))
    saved = save(qtbot, studio, view, tmp_path / "list.png", 1)
    np.testing.assert_array_equal(np.asarray(saved), np.asarray(grid(IMAGES, 6)))


def test_no_file_is_larger_than_programs_open(studio: Studio) -> None:
    view = QWidget(studio.window)
    add_picture_actions(view, lambda: Sheet(np.zeros((1, 1, 2, 3000), np.float32)))
    dialog = start_saving(view)
    assert dialog.scale.maximum() == 5
    dialog.scale.setValue(64)
    assert dialog.size_text.text() == "15000 × 10 px"
    assert MAX_SIDE < 6 * 3000


def test_a_drawing_is_saved_without_the_hint(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    canvas = studio.window.panel(DrawPanel).canvas
    studio.store.clear_input()
    assert canvas.sheet() is None
    studio.store.set_strokes((Stroke(((0.5, 0.1), (0.5, 0.9)), 0.1),))
    pixels = np.asarray(save(qtbot, studio, canvas, tmp_path / "drawing.png", 1))
    paper, ink = QColor(theme.PAPER), QColor(theme.INK)
    assert pixels[140, 140].tolist() == [ink.red(), ink.green(), ink.blue()]
    assert pixels[140, 20].tolist() == [paper.red(), paper.green(), paper.blue()]
    assert pixels[0, 0].tolist() == [paper.red(), paper.green(), paper.blue()]


def test_an_image_in_place_of_a_drawing_is_saved_in_its_own_pixels(studio: Studio) -> None:
    canvas = studio.window.panel(DrawPanel).canvas
    canvas.render_strokes(())
    canvas.show_image(to_qimages(IMAGES)[0])
    sheet = canvas.sheet()
    assert sheet is not None
    np.testing.assert_array_equal(to_bytes(sheet.images), to_bytes(IMAGES[:1]))


def test_the_film_of_a_training_is_saved_whole(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    film = studio.window.panel(TrainPanel).film
    film.clear()
    assert film.sheet() is None
    samples = np.random.default_rng(2).random((3, 16, 1, 28, 28), np.float32)
    for epoch, each in enumerate(samples, start=1):
        film.add(SimpleNamespace(epoch=epoch, samples=each))  # type: ignore[arg-type]
    saved = save(qtbot, studio, film, tmp_path / "film.png", 1)
    expected = grid(np.concatenate([samples[:, 0], samples[:, 1]]), 3)
    np.testing.assert_array_equal(np.asarray(saved), np.asarray(expected))


def test_rows_of_pictures_become_a_film_there_and_back(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    view = studio.window.panel(TraversalsPanel).grid
    pictures = to_qimages(IMAGES)
    view.set_pictures([pictures[:3], pictures[3:]])
    view.film_action.ask()
    dialog = view.findChild(ScaleDialog)
    assert isinstance(dialog, ScaleDialog)
    dialog.scale.setValue(2)
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        choose(qtbot, view, dialog, tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 4  # columns 0, 1, 2, 1
        for frame, column in enumerate((0, 1, 2, 1)):
            film.seek(frame)
            expected = np.asarray(grid(IMAGES[[column, 3 + column]], 2))
            shown = np.asarray(film.convert("L"))[::2, ::2]
            assert np.abs(shown.astype(int) - expected).max() <= 1


def test_an_empty_grid_is_no_film(studio: Studio) -> None:
    view = studio.window.panel(TraversalsPanel).grid
    view.set_pictures([])
    view.film_action.ask()
    assert view.findChild(ScaleDialog) is None


def test_the_pictures_beside_a_slider_are_saved(studio: Studio, qtbot: QtBot) -> None:
    strip = studio.window.panel(SlidersPanel).rows[0].strip
    strip.set_images(IMAGES[:5])
    sheet = strip.sheet()
    assert sheet is not None
    assert sheet.columns == 5
    np.testing.assert_array_equal(to_bytes(sheet.images), to_bytes(IMAGES[:5]))


def test_the_bars_of_the_dimensions_are_saved(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    bars = studio.window.panel(DimensionsPanel).bars
    saved = save(qtbot, studio, bars, tmp_path / "bars.png", 1)
    assert saved.size == (bars.width(), bars.height())


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_and_pictures_are_the_same(channels: int) -> None:
    levels = np.arange(256 * channels, dtype=np.int64).reshape(1, channels, 16, 16) % 256
    images = np.concatenate([levels, 255 - levels]).astype(np.float32) / 255
    np.testing.assert_array_equal(to_bytes(to_array(to_qimages(images))), to_bytes(images))
    narrow = images[..., :3]  # lines of pictures are padded
    np.testing.assert_array_equal(to_bytes(to_array(to_qimages(narrow))), to_bytes(narrow))


def test_grey_and_coloured_pictures_make_a_coloured_sheet() -> None:
    grey = QImage(2, 2, QImage.Format.Format_Grayscale8)
    grey.fill(100)
    red = QImage(2, 2, QImage.Format.Format_RGB32)
    red.fill(QColor(255, 0, 0))
    sheet = sheet_of([grey, red])
    assert sheet is not None
    assert sheet.images.shape == (2, 3, 2, 2)
    assert to_bytes(sheet.images)[:, :, 0, 0].tolist() == [[100, 100, 100], [255, 0, 0]]
