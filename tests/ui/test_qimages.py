"""Pictures of any size: averaged where they shrink, pixel for pixel where they grow."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.picture_grid import PictureGrid
from vae_studio.ui.widgets.qimages import draw_picture, shrunk, to_qimage, to_qimages, to_size


def chequered(side: int, channels: int = 3) -> np.ndarray:
    """Single pixels of black and white: a mean grey wherever they are averaged."""
    rows, columns = np.indices((side, side))
    return np.repeat(((rows + columns) % 2)[np.newaxis], channels, 0).astype(np.float32)


def levels(picture: QImage) -> set[int]:
    return {
        picture.pixelColor(x, y).lightness()
        for x in range(picture.width())
        for y in range(picture.height())
    }


def test_large_images_are_averaged_down_to_what_is_seen() -> None:
    images = np.random.default_rng(0).random((2, 3, 128, 128), np.float32)
    small = shrunk(images, 40)
    assert small.shape == (2, 3, 42, 42)
    assert small[1, 2, 5, 7] == pytest.approx(images[1, 2, 15:18, 21:24].mean(), abs=1e-6)
    assert shrunk(images, 65) is images
    assert shrunk(images, 64).shape[-1] == 64
    assert shrunk(images[:, :, :16], 40).shape == (2, 3, 16, 128)
    rows = np.stack([images, images])
    assert shrunk(rows, 64).shape == (2, 2, 3, 64, 64)
    assert np.array_equal(images, np.random.default_rng(0).random((2, 3, 128, 128), np.float32))


def test_what_is_no_number_is_black_and_what_is_too_bright_is_white() -> None:
    image = np.array([[[np.nan, np.inf, -np.inf, 2.0, 0.5]]], np.float32)
    picture = to_qimage(image)
    assert [picture.pixelColor(x, 0).value() for x in range(5)] == [0, 255, 0, 255, 128]
    assert to_qimage(np.full((1, 1, 1), 1.0, np.float64)).pixelColor(0, 0).value() == 255


def test_a_picture_keeps_its_pixels_where_it_grows_and_is_averaged_where_it_shrinks() -> None:
    picture = to_qimage(chequered(8))
    assert levels(to_size(picture, QSize(24, 24))) == {0, 255}
    assert to_size(picture, QSize(8, 8)) is picture
    shrinks = levels(to_size(to_qimage(chequered(64)), QSize(16, 16)))
    assert min(shrinks) > 90
    assert max(shrinks) < 165
    for side, mixed in ((16, True), (48, False)):
        canvas = QImage(64, 64, QImage.Format.Format_RGB32)
        canvas.fill(QColor("black"))
        painter = QPainter(canvas)
        draw_picture(painter, QRect(0, 0, side, side), to_qimage(chequered(32 if mixed else 24)))
        painter.end()
        found = levels(canvas.copy(1, 1, side - 2, side - 2))
        assert (min(found) > 90) == mixed


def test_a_view_with_less_room_than_pixels_shows_their_mean(qtbot: QtBot) -> None:
    view = ImageView("small", side=16)
    qtbot.addWidget(view)
    view.set_image(chequered(64))
    view.resize(16, 16)
    view.show()
    assert min(levels(view.grab().toImage().copy(2, 2, 12, 12))) > 90
    assert view.sheet() is not None
    assert view.image is not None
    assert view.image.width() == 64  # copied and saved as it is


def test_a_grid_of_large_pictures_holds_only_what_it_shows(qtbot: QtBot) -> None:
    grid = PictureGrid("rows")
    qtbot.addWidget(grid)
    images = np.tile(chequered(128), (10, 11, 1, 1, 1))
    grid.set_images(images, [f"z{row}" for row in range(10)])
    grid.resize(460, 300)
    grid.show()
    grid.grab()
    drawn = grid._pictures()
    assert {picture.width() for row in drawn for picture in row} == {grid.side}
    assert sum(picture.sizeInBytes() for row in drawn for picture in row) < 400_000
    sheet = grid.sheet()
    assert sheet is not None
    assert np.shares_memory(sheet.images, images)  # saved as they are, and not copied
    grid.resize(900, 1500)
    grid.grab()
    assert {picture.width() for row in grid._pictures() for picture in row} == {grid.side}
    grid.set_pictures([to_qimages(images[0])])
    assert grid.shape == (1, 11)
    grid.set_images(None)
    grid.grab()
    assert grid.sheet() is None
