"""The decoded picture: Random, Mean, copy, save, caption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.explore import decode
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.widgets.image_view import to_qimage


def test_random_draws_from_the_prior_and_mean_goes_to_zero(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(DecodedPanel)
    draws = []
    for _ in range(20):
        hand.click(panel.random)
        draws.append(studio.store.state.latent.z)
    values = np.array(draws)
    assert abs(values.mean()) < 0.2
    assert 0.85 < values.std() < 1.15
    hand.click(panel.mean)
    assert studio.store.state.latent.z == (0.0,) * 32
    for _ in range(21):
        studio.store.undo()
    assert not studio.store.can_undo


def test_keys_do_the_same(studio: Studio) -> None:
    before = studio.store.state.latent.z
    hand.key(studio.window, Qt.Key.Key_R)
    assert studio.store.state.latent.z != before
    hand.key(studio.window, Qt.Key.Key_M)
    assert set(studio.store.state.latent.z) == {0.0}


def test_the_picture_is_what_the_decoder_says(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(DecodedPanel)
    hand.click(panel.random)
    settle(qtbot, studio)
    model = load_snapshot(shipped("vae-32")).build()
    expected = decode(model, studio.store.state.latent.z)
    assert panel.picture.image == to_qimage(expected)


def test_caption_and_picture_come_from_one_model(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(DecodedPanel)
    show_model(qtbot, studio, shipped("vae-2"))
    assert panel.caption.text() == "vae-2, epoch 50"


def test_the_picture_can_be_copied_and_saved(studio: Studio, tmp_path: Path) -> None:
    view = studio.window.panel(DecodedPanel).picture
    hand.click(view)
    hand.key(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    copied = QGuiApplication.clipboard().image()
    assert copied.width() == copied.height() == 560
    assert view.save(tmp_path / "digit.png")
    saved = QImage(str(tmp_path / "digit.png"))
    assert saved.size() == copied.size()
    assert saved.scaled(28, 28).convertToFormat(QImage.Format.Format_Grayscale8) == view.image
