"""An input and its reconstruction, compared in four ways: by clicks, keys and a real mouse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import shipped
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.explore import decode, encode
from vae_studio.core.pictures import to_bytes
from vae_studio.core.pixel_loss import pixel_loss
from vae_studio.ui.widgets.compare_drawing import pixel_box
from vae_studio.ui.widgets.compare_pictures import LESS, MODES, MORE, Mode
from vae_studio.ui.widgets.compare_view import CompareView
from vae_studio.ui.widgets.qimages import to_array, to_qimage

Images = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def digit(mnist: DatasetPair) -> Images:
    """A test image, what vae-32 makes of it, and the loss."""
    model = load_snapshot(shipped("vae-32")).build()
    x = mnist.test.batch(torch.tensor([8]))[0][0].numpy()
    x_hat = decode(model, encode(model, x).mu)
    return x, x_hat, pixel_loss(x, x_hat, "bernoulli")


@pytest.fixture
def view(qtbot: QtBot, digit: Images) -> CompareView:
    """On the screen, with that digit."""
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(460, 360)
    view.set_images(*digit, "nats")
    with qtbot.waitExposed(view):
        view.show()
    return view


def middle(view: CompareView, row: int, column: int, picture: int = 0) -> QPoint:
    """Of a pixel, in coordinates of the canvas."""
    place, shape = view.canvas.places()[picture], view.canvas.pictures.shape
    assert shape is not None
    return pixel_box(place, shape, row, column).center().toPoint()


def seen(view: CompareView, point: QPoint) -> QColor:
    """What is painted there."""
    ratio = view.devicePixelRatioF()
    return view.canvas.grab().toImage().pixelColor((QPointF(point) * ratio).toPoint())


def painted(view: CompareView) -> NDArray[np.float32]:
    """The first picture as it is on the screen, a value from the middle of each pixel: [H, W]."""
    shot, shape = view.canvas.grab().toImage(), view.canvas.pictures.shape
    assert shape is not None
    levels = [
        [shot.pixelColor(middle(view, row, column)).redF() for column in range(shape[1])]
        for row in range(shape[0])
    ]
    return np.array(levels, np.float32)


def test_a_click_chooses_how_they_are_compared(view: CompareView) -> None:
    heard: list[str] = []
    view.mode_changed.connect(heard.append)
    assert view.mode == "side"
    looks = [view.canvas.grab().toImage()]
    for mode in MODES[1:]:
        hand.click(view.buttons[mode])
        assert view.mode == mode
        assert [m for m, button in view.buttons.items() if button.isChecked()] == [mode]
        looks.append(view.canvas.grab().toImage())
    assert heard == ["difference", "wipe", "loss"]
    assert all(one != other for n, one in enumerate(looks) for other in looks[:n])
    hand.click(view.buttons["loss"])  # again
    assert (view.mode, len(heard)) == ("loss", 3)
    view.mode = "wipe"
    assert view.buttons["wipe"].isChecked()
    assert heard[-1] == "wipe"
    with pytest.raises(ValueError, match="no mode 'blink'"):
        view.mode = "blink"  # type: ignore[assignment]


def test_buttons_say_what_they_do(view: CompareView) -> None:
    for button in view.buttons.values():
        assert button.accessibleName()
        assert button.toolTip()


def test_side_by_side_shows_both_in_one_size_and_whole_pixels(
    view: CompareView, digit: Images
) -> None:
    x, x_hat, _ = digit
    assert view.input_image == to_qimage(x)
    assert view.reconstruction_image == to_qimage(x_hat)
    for width in (440, 449, 460):
        view.resize(width, 360)
        left, right = view.canvas.places()
        assert left.size() == right.size()
        assert left.right() < right.left()
        assert left.width() % 28 == 0
        assert left.width() >= 196
    np.testing.assert_allclose(painted(view), x[0], atol=0.003)


def test_the_difference_has_a_colour_for_ink_added_and_one_for_ink_left_out(
    view: CompareView,
) -> None:
    x, x_hat = np.zeros((2, 1, 28, 28), np.float32)
    x[0, 5, 5] = x_hat[0, 20, 20] = 1.0
    x[0, 9, 9] = 0.5
    view.set_images(x, x_hat)
    hand.click(view.buttons["difference"])
    off = QPoint(-4, -4)  # beside the sign
    assert seen(view, middle(view, 20, 20) + off).name() == MORE
    assert seen(view, middle(view, 5, 5) + off).name() == LESS
    half = seen(view, middle(view, 9, 9) + off)
    assert half.redF() == pytest.approx(QColor(LESS).redF() / 2, abs=0.01)
    assert seen(view, middle(view, 0, 0)) == QColor("black")
    plus, minus = middle(view, 20, 20), middle(view, 5, 5)
    assert seen(view, plus).lightness() < 90  # a sign is in the middle of both,
    assert seen(view, minus).lightness() < 90
    assert seen(view, plus + QPoint(0, 2)).lightness() < 90  # and only + goes up and down
    assert seen(view, minus + QPoint(0, 2)).name() == LESS


def test_the_divider_follows_the_mouse(view: CompareView, digit: Images) -> None:
    x, x_hat, _ = digit
    hand.click(view.buttons["wipe"])
    place = view.canvas.places()[0]
    for column in (21, 7):
        end = QPoint(round(place.left() + place.width() * column / 28), middle(view, 3, 0).y())
        hand.drag(view.canvas, [middle(view, 14, 14), QPoint(end.x(), 200), end])
        assert view.canvas.share == pytest.approx(column / 28, abs=0.002)
        hand.move(view.canvas, QPoint(1, 1))
        shot = painted(view)
        np.testing.assert_allclose(shot[:, : column - 1], x[0, :, : column - 1], atol=0.003)
        away = slice(column + 1, None)
        np.testing.assert_allclose(shot[:8, away], x_hat[0, :8, away], atol=0.003)
    hand.move(view.canvas, middle(view, 3, 20))  # with no button down
    assert view.canvas.share == pytest.approx(7 / 28, abs=0.002)
    hand.drag(view.canvas, [middle(view, 14, 14), QPoint(0, 200)])  # over the edge
    assert view.canvas.share == 0.0


def test_keys_move_the_divider_while_it_has_the_focus(view: CompareView) -> None:
    hand.click(view.buttons["wipe"])
    view.canvas.setFocus()
    for key, share in (
        (Qt.Key.Key_Home, 0.0),
        (Qt.Key.Key_Left, 0.0),
        (Qt.Key.Key_Right, 1 / 28),
        (Qt.Key.Key_Right, 2 / 28),
        (Qt.Key.Key_End, 1.0),
        (Qt.Key.Key_Right, 1.0),
        (Qt.Key.Key_Left, 27 / 28),
    ):
        hand.key(view.canvas, key)
        assert view.canvas.share == pytest.approx(share)
    hand.click(view.buttons["side"])
    view.canvas.setFocus()
    hand.key(view.canvas, Qt.Key.Key_Home)
    assert view.canvas.share == pytest.approx(27 / 28)


def test_the_loss_is_heat_and_its_largest_a_number(view: CompareView, digit: Images) -> None:
    _, x_hat, loss = digit
    hand.click(view.buttons["loss"])
    largest = f"a pixel's largest loss: {loss.max():.2f} nats"
    assert view.caption.text() == f"{largest} · of all: {loss.sum():.1f} nats"
    row, column = divmod(int(loss.argmax()), 28)
    assert seen(view, middle(view, row, column)).name() == MORE
    calm = np.where(x_hat[0] > 0.9, loss, np.inf)
    row, column = divmod(int(calm.argmin()), 28)
    ink = seen(view, middle(view, row, column))
    assert ink.redF() == pytest.approx(0.3 * x_hat[0, row, column], abs=0.02)  # dimmed
    view.set_images(*digit[:2])
    assert view.caption.text() == "The loss is not known."
    assert view.sheet() is not None


@pytest.mark.parametrize("mode", MODES)
def test_the_pixel_under_the_mouse_is_read(view: CompareView, digit: Images, mode: Mode) -> None:
    x, x_hat, loss = digit
    view.mode = mode
    waiting = view.caption.text()
    row, column = divmod(int(loss.argmax()), 28)
    picture = 1 if mode == "side" else 0
    hand.move(view.canvas, middle(view, row, column, picture))
    assert view.caption.text() == (
        f"row {row}, column {column} · input {x[0, row, column]:.2f} · "
        f"reconstruction {x_hat[0, row, column]:.2f} · loss {loss[row, column]:.3f} nats"
    )
    view.set_images(x, x, 0 * loss, "squared error")  # the hand lies still
    assert "loss 0.000 squared error" in view.caption.text()
    view.set_images(*digit, "nats")
    view.mode = "loss"
    view.mode = mode
    assert f"row {row}, column {column}" in view.caption.text()
    hand.move(view.canvas, QPoint(1, 1))
    assert view.caption.text() == waiting
    hand.move(view.canvas, middle(view, row, column))
    assert view.caption.text() != waiting
    hand.move(view.buttons["side"], QPoint(3, 3))
    assert view.caption.text() == waiting


def test_the_line_takes_a_shorter_form_where_there_is_no_room(view: CompareView) -> None:
    hand.move(view.canvas, middle(view, 14, 14))
    view.resize(180, 120)
    hand.move(view.canvas, middle(view, 14, 14))
    line = view.caption
    assert "reconstruction" in line.text()
    assert "→" in line.shown()
    assert line.fontMetrics().horizontalAdvance(line.shown()) <= line.width()


def test_without_images_it_says_what_will_be_here(qtbot: QtBot, digit: Images) -> None:
    view = CompareView()
    qtbot.addWidget(view)
    view.placeholder = "Draw a digit."
    view.resize(460, 360)
    with qtbot.waitExposed(view):
        view.show()
    for mode in MODES:
        view.mode = mode
        told = view.canvas.grab().toImage()
        view.placeholder = ""
        assert view.canvas.grab().toImage() != told
        view.placeholder = "Draw a digit."
        assert view.canvas.grab().toImage() == told
        assert view.sheet() is None
        assert view.caption.text() == ""
        hand.drag(view.canvas, [QPoint(100, 100), QPoint(150, 100)])
        view.picture_actions.copy()
    assert view.input_image is None
    assert view.reconstruction_image is None
    view.set_images(digit[0], None)  # the model is not there yet
    assert view.sheet() is None  # of the loss
    view.mode = "side"
    np.testing.assert_allclose(painted(view), digit[0][0], atol=0.003)
    hand.move(view.canvas, middle(view, 3, 4))
    assert view.caption.text() == "row 3, column 4 · input 0.00"
    view.set_images(None, None)
    assert view.canvas.at is None


@pytest.mark.parametrize("mode", MODES)
def test_what_is_shown_is_copied_pixel_for_pixel(
    view: CompareView, digit: Images, mode: Mode
) -> None:
    x, x_hat, _ = digit
    view.mode = mode
    view.canvas.setFocus()
    hand.key(view.canvas, Qt.Key.Key_C, CTRL)
    sheet = view.sheet()
    assert sheet is not None
    copied = QGuiApplication.clipboard().image()
    if mode == "side":
        assert copied.width() > 1.9 * copied.height()
        expected = np.stack([x, x_hat])
    elif mode == "wipe":
        expected = np.concatenate([x[..., :14], x_hat[..., 14:]], -1)[np.newaxis]
    else:
        assert sheet.images.shape == (1, 3, 28, 28)
        expected = to_array([copied.scaled(28, 28)])
    np.testing.assert_array_equal(to_bytes(sheet.images), to_bytes(expected))


def test_a_colour_image_works_in_every_mode(view: CompareView) -> None:
    x, x_hat = np.random.default_rng(1).random((2, 3, 20, 32), np.float32)
    view.set_images(x, x_hat, pixel_loss(x, x_hat, "mse"), "squared error")
    for mode in MODES:
        view.mode = mode
        place = view.canvas.places()[0]
        assert place.width() * 20 == place.height() * 32
        hand.move(view.canvas, middle(view, 19, 31))
        red, green, blue = x[:, 19, 31]
        assert f"row 19, column 31 · input {red:.2f}/{green:.2f}/{blue:.2f}" in view.caption.text()
        assert view.sheet() is not None


def test_shapes_that_differ_are_refused(view: CompareView, digit: Images) -> None:
    x, x_hat, loss = digit
    for wrong in ((x[:, 1:], x_hat, loss), (x, x_hat, loss[1:]), (x.repeat(3, 0), x_hat, None)):
        with pytest.raises(ValueError, match="different shapes"):
            view.set_images(*wrong)
    assert view.input_image == to_qimage(x)


@pytest.mark.parametrize("size", [(180, 120), (600, 400), (180, 400), (600, 120)])
def test_pictures_stay_inside_at_every_size(view: CompareView, size: tuple[int, int]) -> None:
    view.resize(*size)
    assert (view.width(), view.height()) == size
    for mode in MODES:
        view.mode = mode
        for place in view.canvas.places():
            assert view.canvas.rect().contains(place.toAlignedRect())
            assert place.width() >= 40
            view.grab()


def test_setting_images_makes_only_what_is_painted(view: CompareView, digit: Images) -> None:
    hand.click(view.buttons["difference"])
    view.set_images(*digit, "nats")
    made = vars(view.canvas.pictures)
    assert not {"input", "reconstruction", "change", "heated"} & made.keys()
    view.canvas.grab()
    assert "colored" in made
    assert not {"input", "reconstruction", "heated"} & made.keys()
