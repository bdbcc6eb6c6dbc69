"""Drawing: the model follows the hand, and the drawing can be edited through its code."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.explore import encode
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.workers.answers import drawing_image


def draw(studio: Studio, qtbot: QtBot) -> DrawPanel:
    """Draw a 3 and wait for its code."""
    panel = studio.window.panel(DrawPanel)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, hand.THREE))
    encoded(qtbot, studio)
    return panel


def test_the_reconstruction_follows_the_stroke(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(DrawPanel)
    path = hand.on_canvas(panel.canvas, hand.THREE)
    hand.press(panel.canvas, path[0])
    seen = []
    for point in path[1:]:
        hand.move(panel.canvas, point)
        encoded(qtbot, studio)  # the button is still down
        seen.append(panel.reconstruction.image)
    assert seen[0] is not None
    assert seen[-1] != seen[0]
    hand.release(panel.canvas, path[-1])


def test_the_sliders_jump_to_the_code(studio: Studio, qtbot: QtBot) -> None:
    draw(studio, qtbot)
    state = studio.store.state
    assert state.input is not None
    model = load_snapshot(shipped("vae-32")).build()
    mu = encode(model, drawing_image(state.input.strokes)).mu
    assert state.latent.z == pytest.approx(mu, abs=1e-5)
    assert not state.moved
    for row in studio.window.panel(SlidersPanel).rows:
        assert row.value.value() == pytest.approx(mu[row.dimension], abs=0.006)


def test_a_drawn_digit_is_recognised_by_the_model(studio: Studio, qtbot: QtBot) -> None:
    draw(studio, qtbot)
    result = studio.store.last_encoded
    assert result is not None
    assert np.abs(result.image - result.x_hat).mean() < 0.06


def test_the_figures_are_those_of_the_drawing(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    assert studio.store.last_encoded is not None
    terms = studio.store.last_encoded.terms
    expected = f"reconstruction {terms.reconstruction:.1f} nats + KL {terms.kl:.1f} nats"
    assert panel.figures.text() == expected
    assert 40 < terms.reconstruction < 200
    assert 5 < terms.kl < 60
    assert panel.caption.text() == "vae-32, epoch 50"
    show_model(qtbot, studio, shipped("vae-2"))
    encoded(qtbot, studio)
    assert panel.figures.text() != expected
    assert panel.caption.text() == "vae-2, epoch 50"


def test_a_stroke_is_one_undo_step_and_clearing_another(studio: Studio, qtbot: QtBot) -> None:
    start = studio.store.state
    panel = draw(studio, qtbot)
    drawn = studio.store.state
    hand.click(panel.clear)
    assert studio.store.state.input is None
    assert panel.input.image is None
    assert panel.reconstruction.image is None
    assert not panel.clear.isEnabled()
    hand.click(panel.undo)
    encoded(qtbot, studio)
    assert studio.store.state == drawn
    assert panel.reconstruction.image is not None
    hand.click(panel.undo)
    assert studio.store.state == start
    assert not panel.undo.isEnabled()
    hand.click(panel.redo)
    encoded(qtbot, studio)
    assert studio.store.state == drawn


def test_a_slider_edits_the_drawn_digit_and_not_the_drawing(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    drawn, drawing = studio.store.state, panel.canvas.grab().toImage()
    picture = studio.window.panel(DecodedPanel).picture
    before = picture.image
    row = studio.window.panel(SlidersPanel).rows[0]
    hand.drag(row.slider, [hand.on_slider(row.slider, 0.5), hand.on_slider(row.slider, 0.95)])
    settle(qtbot, studio)
    state = studio.store.state
    assert state.moved
    assert state.input == drawn.input
    changed = [i for i in range(32) if state.latent.z[i] != drawn.latent.z[i]]
    assert changed == [row.dimension]
    assert picture.image != before
    assert panel.canvas.grab().toImage() == drawing
    studio.store.undo()
    assert studio.store.state == drawn


def test_the_eraser_splits_what_was_drawn(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(DrawPanel)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.1, 0.5), (0.5, 0.5), (0.9, 0.5)]))
    hand.click(panel.eraser)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.5, 0.3), (0.5, 0.7)]))
    assert studio.store.state.input is not None
    assert len(studio.store.state.input.strokes) == 2
    studio.store.undo()
    assert studio.store.state.input is not None
    assert len(studio.store.state.input.strokes) == 1
    encoded(qtbot, studio)


def test_keys_choose_tool_and_size(studio: Studio) -> None:
    panel = studio.window.panel(DrawPanel)
    size = panel.pen_size.value()
    hand.key(studio.window, Qt.Key.Key_BracketRight)
    hand.key(studio.window, Qt.Key.Key_BracketRight)
    hand.key(studio.window, Qt.Key.Key_BracketLeft)
    assert panel.pen_size.value() == size + 1
    assert panel.canvas.pen_width == pytest.approx((size + 1) / 100)
    hand.key(studio.window, Qt.Key.Key_E)
    assert panel.eraser.isChecked()
    assert not panel.pen.isChecked()
    hand.key(studio.window, Qt.Key.Key_B)
    assert panel.pen.isChecked()


def test_opening_another_model_encodes_the_drawing_there(studio: Studio, qtbot: QtBot) -> None:
    draw(studio, qtbot)
    drawn = studio.store.state
    show_model(qtbot, studio, shipped("vae-2"))
    encoded(qtbot, studio)
    assert studio.store.state.input == drawn.input
    assert len(studio.store.state.latent.z) == 2
    undo_into(qtbot, studio, drawn.model)
    encoded(qtbot, studio)
    assert studio.store.state == drawn


def test_a_moved_point_stays_while_the_panel_shows_the_other_model(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = draw(studio, qtbot)
    studio.store.set_dimension(0, 2.0)
    settle(qtbot, studio)
    show_model(qtbot, studio, shipped("vae-16"))
    encoded(qtbot, studio)
    assert studio.store.state.moved
    assert panel.caption.text().startswith("vae-16")


def test_undo_of_a_clear_brings_input_and_reconstruction_back(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    studio.store.set_dimension(0, 2.0)  # the point is the user's own by then
    settle(qtbot, studio)
    panel.clear_canvas()
    assert panel.input.image is None
    studio.store.undo()
    encoded(qtbot, studio)
    assert panel.input.image is not None
    assert panel.reconstruction.image is not None
    assert studio.store.state.latent.z[0] == 2.0


def test_undo_waits_until_the_hand_lets_go(studio: Studio, qtbot: QtBot) -> None:
    draw(studio, qtbot)
    state = studio.store.state
    studio.store.begin_gesture()
    studio.store.undo()
    assert studio.store.state == state
    studio.store.end_gesture()


def test_a_conditional_model_guesses_the_class(cvae: Studio, qtbot: QtBot) -> None:
    panel = draw(cvae, qtbot)
    assert panel.label.isVisible()
    assert panel.label.currentText() == "Auto: 3"
    assert cvae.store.state.latent.label == tuple(float(i == 3) for i in range(10))


def choose(panel: DrawPanel, index: int) -> None:
    """Pick an entry of the class list with the keyboard."""
    panel.label.setFocus()
    QTest.keyClick(panel.label, Qt.Key.Key_Home)
    for _ in range(index):
        QTest.keyClick(panel.label, Qt.Key.Key_Down)


def test_saying_the_class_encodes_again(cvae: Studio, qtbot: QtBot) -> None:
    panel = draw(cvae, qtbot)
    guessed = cvae.store.state
    choose(panel, 6)
    encoded(qtbot, cvae)
    state = cvae.store.state
    assert state.input is not None
    assert guessed.input is not None
    assert state.input.label == 5
    assert state.input.strokes == guessed.input.strokes
    assert state.latent.label == tuple(float(i == 5) for i in range(10))
    assert state.latent.z != guessed.latent.z
    choose(panel, 0)
    encoded(qtbot, cvae)
    assert cvae.store.state.latent == guessed.latent


def test_another_label_writes_another_digit_in_the_same_hand(cvae: Studio, qtbot: QtBot) -> None:
    panel = draw(cvae, qtbot)
    drawn = cvae.store.state
    assert cvae.store.last_decoded is not None
    picture = cvae.store.last_decoded.image
    cvae.window.setFocus()
    hand.key(cvae.window, Qt.Key.Key_8)
    settle(qtbot, cvae)
    assert cvae.store.state.latent.z == drawn.latent.z
    assert cvae.store.state.input == drawn.input
    assert np.abs(cvae.store.last_decoded.image - picture).mean() > 0.02
    assert panel.label.currentText() == "Auto: 3"
