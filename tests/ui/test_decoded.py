"""The decoded picture: Random, Mean, caption."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.explore import decode
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.widgets.qimages import to_qimage


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
