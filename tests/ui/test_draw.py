"""Drawing: the model follows the hand, and the drawing can be edited through its code."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.explore import encode
from vae_studio.session.drawing import ImageRef, Input, Pixels
from vae_studio.session.drawing_text import write_drawing
from vae_studio.session.strokes import MOST_STROKE_POINTS, Stroke
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.widgets.qimages import to_array, to_qimage
from vae_studio.workers.inputs import prepared_input


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
        seen.append(panel.compare.reconstruction_image)
    assert seen[0] is not None
    assert seen[-1] != seen[0]
    hand.release(panel.canvas, path[-1])


def test_the_sliders_jump_to_the_code(studio: Studio, qtbot: QtBot) -> None:
    draw(studio, qtbot)
    state = studio.store.state
    assert state.input is not None
    model = load_snapshot(shipped("vae-32")).build()
    mu = encode(model, prepared_input(state.input).image).mu
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
    hand.click(panel.toolbar.clear)
    assert studio.store.state.input is None
    assert panel.compare.input_image is None
    assert panel.compare.reconstruction_image is None
    assert not panel.toolbar.clear.isEnabled()
    hand.click(panel.toolbar.undo)
    encoded(qtbot, studio)
    assert studio.store.state == drawn
    assert panel.compare.reconstruction_image is not None
    hand.click(panel.toolbar.undo)
    assert studio.store.state == start
    assert not panel.toolbar.undo.isEnabled()
    hand.click(panel.toolbar.redo)
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
    hand.click(panel.toolbar.eraser)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.5, 0.3), (0.5, 0.7)]))
    assert studio.store.state.input is not None
    assert len(studio.store.state.input.strokes) == 2
    studio.store.undo()
    assert studio.store.state.input is not None
    assert len(studio.store.state.input.strokes) == 1
    encoded(qtbot, studio)


def turn(
    panel: DrawPanel, notches: float, phase: Qt.ScrollPhase = Qt.ScrollPhase.NoScrollPhase
) -> None:
    """The wheel, over the canvas."""
    canvas, window = panel.canvas, panel.window()
    place = QPointF(canvas.mapTo(window, canvas.rect().center()))
    delta = QPoint(1, round(120 * notches))  # an event without any is a warning
    QTest.wheelEvent(window.windowHandle(), place, delta, phase=phase)
    QApplication.processEvents()


def rest(panel: DrawPanel, qtbot: QtBot) -> None:
    """Until the next turn of the wheel is another one."""
    qtbot.waitUntil(lambda: not panel.canvas.turning)


def test_what_a_touchpad_scales_is_one_step_until_it_rests(studio: Studio, qtbot: QtBot) -> None:
    panel, store = draw(studio, qtbot), studio.store
    hand.click(panel.toolbar.mover)
    states = [store.state]
    for _ in range(2):
        for _ in range(8):
            turn(panel, -0.1)
            assert not store.in_gesture
        encoded(qtbot, studio)
        states.append(store.state)
        rest(panel, qtbot)
    for expected in states[-2::-1]:
        store.undo()
        encoded(qtbot, studio)
        assert store.state == expected
    store.redo()
    encoded(qtbot, studio)
    assert store.state == states[1]


def test_the_phases_of_a_touchpad_tell_one_step_from_the_next(studio: Studio, qtbot: QtBot) -> None:
    """Where it goes on by itself, once the fingers are gone, that belongs to what they did."""
    panel, store, phases = draw(studio, qtbot), studio.store, Qt.ScrollPhase
    hand.click(panel.toolbar.mover)
    states = [store.state]
    for _ in range(2):
        turn(panel, 0, phases.ScrollBegin)
        for _ in range(4):
            turn(panel, -0.1, phases.ScrollUpdate)
        for _ in range(3):
            turn(panel, -0.1, phases.ScrollMomentum)
        assert panel.canvas.turning
        turn(panel, 0, phases.ScrollEnd)
        assert not panel.canvas.turning
        encoded(qtbot, studio)
        states.append(store.state)
    turn(panel, -0.1)  # another device, at once
    encoded(qtbot, studio)
    for expected in states[::-1]:
        store.undo()
        encoded(qtbot, studio)
        assert store.state == expected


def test_whatever_is_done_between_ends_the_turn_of_the_wheel(studio: Studio, qtbot: QtBot) -> None:
    panel, store = draw(studio, qtbot), studio.store
    hand.click(panel.toolbar.mover)
    states = [store.state]

    def done() -> None:
        encoded(qtbot, studio)
        states.append(store.state)

    turn(panel, -0.5)
    done()
    hand.key(studio.window, Qt.Key.Key_R)
    settle(qtbot, studio)
    states.append(store.state)
    turn(panel, -0.5)
    done()
    slider = studio.window.panel(SlidersPanel).rows[0].slider
    hand.drag(slider, [hand.on_slider(slider, share) for share in (0.4, 0.9)])
    settle(qtbot, studio)
    states.append(store.state)
    turn(panel, -0.5)
    done()
    hand.click(panel.canvas)  # which changes nothing
    turn(panel, -0.5)
    done()
    for expected in states[-2::-1]:
        store.undo()
        encoded(qtbot, studio)
        assert store.state == expected
    turn(panel, -0.5)
    turn(panel, -0.5)
    encoded(qtbot, studio)
    store.undo()  # in the midst of it
    encoded(qtbot, studio)
    assert store.state == states[0]
    turn(panel, -0.5)
    assert not store.can_redo
    encoded(qtbot, studio)
    store.undo()
    encoded(qtbot, studio)
    assert store.state == states[0]


def test_a_pen_that_runs_out_of_room_stops_and_it_is_told(studio: Studio, qtbot: QtBot) -> None:
    panel, store = studio.window.panel(DrawPanel), studio.store
    spiral = np.linspace(0.0, 40.0, MOST_STROKE_POINTS - 4)
    points = np.stack([0.5 + spiral / 160 * np.sin(spiral), 0.5 + spiral / 160 * np.cos(spiral)], 1)
    store.set_strokes((Stroke(tuple(map(tuple, points.tolist())), 0.02),))
    before = store.state.input
    hand.press(panel.canvas, hand.on_canvas(panel.canvas, hand.THREE)[0])
    for point in hand.on_canvas(panel.canvas, hand.THREE[1:]):
        hand.move(panel.canvas, point)
    assert not panel.canvas.busy
    assert not store.in_gesture
    assert studio.window.toast.text.startswith("This drawing is full: one has room for 20,000 ")
    full = store.state.input
    assert full is not None
    assert [len(stroke.points) for stroke in full.strokes] == [MOST_STROKE_POINTS - 4, 4]
    write_drawing("it can be saved", full)
    hand.release(panel.canvas)
    store.undo()
    assert store.state.input == before
    store.redo()
    studio.window.toast.hide()
    hand.click(panel.canvas)
    assert store.state.input == full
    assert studio.window.toast.isVisible()
    encoded(qtbot, studio)


def test_a_dot_is_seen_also_without_mnists_pen(studio: Studio, qtbot: QtBot) -> None:
    """As large as one by a hand that trembles."""
    panel, store = studio.window.panel(DrawPanel), studio.store
    hand.click(panel.way.pen)
    inks = []
    for points in (((0.4, 0.3),), ((0.4, 0.3), (0.404, 0.3))):
        store.set_strokes((Stroke(points, 0.08),))
        encoded(qtbot, studio)
        code = store.last_encoded
        assert code is not None
        assert code.request.input.strokes[0].points == points
        inks.append(code.image.sum())
        qtbot.waitUntil(lambda: all(stage.sheet() is not None for stage in panel.way.stages))
        for stage in panel.way.stages:
            sheet = stage.sheet()
            assert sheet is not None
            assert sheet.images.max() > 0.9
            assert sheet.images.mean() < 0.5
        store.clear_input()
        assert panel.way.drawn.sheet() is None
    assert inks[0] == pytest.approx(inks[1], rel=0.1)
    hand.click(panel.way.fit)
    hand.click(panel.way.centre)
    store.set_strokes((Stroke(((0.4, 0.3),), 0.08),))
    encoded(qtbot, studio)
    code = store.last_encoded
    assert code is not None
    row, column = np.unravel_index(code.image[0].argmax(), (28, 28))
    assert code.image.max() > 0.9
    assert (column, row) == pytest.approx((0.4 * 28 - 0.5, 0.3 * 28 - 0.5), abs=1)


def test_the_picture_below_stays_when_strokes_on_it_go(studio: Studio, qtbot: QtBot) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    level = np.uint8(200)
    own = Pixels((1, 28, 28), np.full((28, 28), level).tobytes())
    for given in (Input(image=ImageRef("mnist", "test", 0)), Input(pixels=own)):
        store.set_input(given)
        encoded(qtbot, studio)
        plain, picture = panel.canvas.grab().toImage(), panel.canvas.image
        assert picture is not None
        across = hand.on_canvas(panel.canvas, [(0.2, 0.1), (0.8, 0.1)])
        through = hand.on_canvas(panel.canvas, [(0.5, 0.05), (0.5, 0.15)])
        for tool in (panel.toolbar.pen, panel.toolbar.eraser):
            hand.click(tool)
            hand.drag(panel.canvas, across)
            encoded(qtbot, studio)
            drawn = store.state.input
            assert drawn is not None
            assert len(drawn.strokes) == 1
            store.undo()
            assert store.state.input == given
            encoded(qtbot, studio)
            assert panel.canvas.image is picture
            store.redo()
            encoded(qtbot, studio)
            assert panel.canvas.image is picture
            hand.click(panel.toolbar.stroke_eraser)
            hand.drag(panel.canvas, through)
            assert store.state.input == given
            encoded(qtbot, studio)
            assert panel.canvas.image is picture
            shown = to_array([plain, panel.canvas.grab().toImage()])
            middle = np.s_[:, :, 40:-40, 40:-40]  # without the text at its foot
            assert np.array_equal(shown[0][middle[1:]], shown[1][middle[1:]])
        store.clear_input()
        store.undo()
        encoded(qtbot, studio)
        assert panel.canvas.image is not None
        assert store.state.input == given


def test_the_eraser_rubs_out_a_picture_that_is_still_on_its_way(
    studio: Studio, qtbot: QtBot
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    drawn = (Stroke(hand.THREE, 0.08),)
    store.set_input(Input(drawn, image=ImageRef("mnist", "test", 0)))
    assert panel.canvas.image is None
    hand.click(panel.toolbar.eraser)
    path = hand.on_canvas(panel.canvas, [(0.3, 0.5), (0.5, 0.5), (0.7, 0.5)])
    hand.press(panel.canvas, path[0])
    hand.move(panel.canvas, path[1])
    qtbot.waitUntil(lambda: panel.canvas.image is not None, timeout=TIMEOUT)
    hand.move(panel.canvas, path[2])
    hand.release(panel.canvas, path[2])
    found = store.state.input
    assert found is not None
    assert found.strokes[:1] == drawn
    assert [stroke.erases for stroke in found.strokes] == [False, True]
    assert len(found.strokes[1].points) == 3


def test_keys_choose_tool_and_size(studio: Studio) -> None:
    panel = studio.window.panel(DrawPanel)
    size = panel.toolbar.size_slider.value()
    hand.key(studio.window, Qt.Key.Key_BracketRight)
    hand.key(studio.window, Qt.Key.Key_BracketRight)
    hand.key(studio.window, Qt.Key.Key_BracketLeft)
    assert panel.toolbar.size_slider.value() == size + 1
    assert panel.canvas.pen_width == pytest.approx((size + 1) / 100)
    hand.key(studio.window, Qt.Key.Key_E)
    assert panel.toolbar.eraser.isChecked()
    assert not panel.toolbar.pen.isChecked()
    hand.key(studio.window, Qt.Key.Key_B)
    assert panel.toolbar.pen.isChecked()


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
    assert panel.compare.input_image is None
    studio.store.undo()
    encoded(qtbot, studio)
    assert panel.compare.input_image is not None
    assert panel.compare.reconstruction_image is not None
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


def test_the_way_to_mnist_is_shown_and_its_steps_can_be_left_out(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = studio.window.panel(DrawPanel)
    corner = [(0.05 + 0.3 * x, 0.05 + 0.3 * y) for x, y in hand.THREE]
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, corner))
    encoded(qtbot, studio)
    way, store = panel.way, studio.store
    qtbot.waitUntil(lambda: way.fitted.placement.scale > 60)
    assert way.drawn.placement.scale == 28
    fitted, before = way.fitted.placement, store.state
    assert way.centred.placement.scale == fitted.scale
    assert way.pixels.image == panel.compare.input_image
    with_all = store.last_encoded
    assert with_all is not None
    hand.click(way.fit)
    encoded(qtbot, studio)
    qtbot.waitUntil(lambda: way.fitted.placement.scale == 28)
    without = store.last_encoded
    assert without is not None
    assert without.image.sum() < 0.7 * with_all.image.sum()
    assert without.terms.total() > 0
    hand.click(way.centre)
    encoded(qtbot, studio)
    assert store.last_encoded is not None
    assert store.last_encoded.image[0, :14, :14].sum() > 0.9 * store.last_encoded.image.sum()
    for _ in range(2):
        store.undo()
        encoded(qtbot, studio)
    assert store.state == before
    assert way.fit.isChecked()
    hand.click(way.pen)
    encoded(qtbot, studio)
    assert store.last_encoded.image.sum() > 1.1 * with_all.image.sum()  # the pen was thick
    hand.click(panel.toolbar.clear)
    assert not way.pen.isChecked()  # the next drawing goes the same way
    assert way.pixels.image is None


def test_it_says_how_unlike_mnist_a_drawing_is_and_why(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    qtbot.waitUntil(lambda: panel.likeness.isVisible(), timeout=30_000)
    assert panel.likeness.text().startswith("Like MNIST: above ")
    hand.click(panel.way.fit)
    hand.click(panel.way.centre)
    studio.store.set_strokes((Stroke(((0.06, 0.1), (0.06, 0.8)), 0.08),))
    encoded(qtbot, studio)
    assert "off centre" in panel.likeness.text()
    assert panel.likeness.text().startswith("Unlike MNIST: ")
    assert panel.likeness.property("role") == "problem"
    hand.click(panel.way.fit)
    hand.click(panel.way.centre)
    hand.click(panel.way.pen)
    studio.store.set_strokes((Stroke(hand.THREE, 0.4),))
    encoded(qtbot, studio)
    assert "too thick" in panel.likeness.text()
    show_model(qtbot, studio, shipped("vae-2"))
    encoded(qtbot, studio)
    qtbot.waitUntil(lambda: panel.likeness.isVisible(), timeout=30_000)
    hand.click(panel.toolbar.clear)
    assert not panel.likeness.isVisible()


def test_a_test_image_is_drawn_over(studio: Studio, qtbot: QtBot) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    store.set_image(ImageRef("mnist", "test", 0), 7)
    encoded(qtbot, studio)
    plain = store.last_encoded
    assert plain is not None
    assert not panel.way.fit.isEnabled()
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.2, 0.1), (0.5, 0.1), (0.8, 0.1)]))
    encoded(qtbot, studio)
    over = store.last_encoded
    assert over is not None
    assert store.state.input is not None
    assert store.state.input.image == ImageRef("mnist", "test", 0)
    assert over.image[0, 2, 8:20].min() > 0.9
    assert np.array_equal(over.image[0, 8:], plain.image[0, 8:])
    assert panel.canvas.image is not None
    hand.click(panel.toolbar.eraser)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.3, 0.5), (0.7, 0.5)]))
    encoded(qtbot, studio)
    assert store.last_encoded is not None
    assert store.last_encoded.image.sum() < over.image.sum()
    for _ in range(2):
        store.undo()
    encoded(qtbot, studio)
    assert np.array_equal(store.last_encoded.image, plain.image)
    hand.click(panel.toolbar.clear)
    assert store.state.input is None
    assert panel.canvas.image is None


def test_the_modes_of_the_comparison_show_the_present_drawing(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    result = studio.store.last_encoded
    assert result is not None
    for mode in ("difference", "wipe", "loss", "side"):
        hand.click(panel.compare.buttons[mode])
        assert panel.compare.mode == mode
        sheet = panel.compare.sheet()
        assert sheet is not None
    assert panel.compare.input_image == to_qimage(result.image)
    assert panel.compare.reconstruction_image == to_qimage(result.x_hat)


def test_a_wide_panel_has_the_way_beside_the_comparison(studio: Studio, qtbot: QtBot) -> None:
    panel = draw(studio, qtbot)
    assert panel.way.y() < panel.compare.y()
    studio.window.workspaces.show_workspace("draw")
    qtbot.waitUntil(lambda: panel.way.y() >= panel.compare.y())
    assert panel.compare.x() > panel.way.x()
    assert panel.canvas.height() >= 250
