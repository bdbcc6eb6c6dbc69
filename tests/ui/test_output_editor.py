"""Ink brushed onto the decoded picture: z follows, and undo brings it back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.session.drawing import ImageRef
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.widgets.brush_view import BrushView

CLOSING = ((0.30, 0.25), (0.29, 0.30), (0.30, 0.36), (0.33, 0.42), (0.38, 0.46))  # 3 -> 8


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> DecodedPanel:
    """A 3 is decoded."""
    studio.store.set_strokes((Stroke(hand.THREE, 0.08),))
    encoded(qtbot, studio)
    settle(qtbot, studio)
    return studio.window.panel(DecodedPanel)


def places(view: BrushView, points: Sequence[tuple[float, float]]) -> list[QPoint]:
    target = view._target()
    return [
        QPoint(round(target.left() + x * target.width()), round(target.top() + y * target.height()))
        for x, y in points
    ]


def ink(panel: DecodedPanel, points: Sequence[tuple[float, float]]) -> float:
    """How bright the decoded picture is there."""
    result = panel.store.last_decoded
    assert result is not None
    image = result.image[0]
    return float(np.mean([image[int(y * 28), int(x * 28)] for x, y in points]))


def brush(panel: DecodedPanel, qtbot: QtBot) -> None:
    before = panel.store.state.latent.z
    hand.drag(panel.picture, places(panel.picture, CLOSING))
    qtbot.waitUntil(lambda: panel.store.state.latent.z != before)
    rest(panel, qtbot)


def rest(panel: DecodedPanel, qtbot: QtBot) -> None:
    """Until z has come as near as it will."""
    editor = panel.store.output_editor
    qtbot.waitUntil(lambda: editor._asked is None)
    qtbot.waitUntil(
        lambda: (
            panel.store.last_decoded is not None
            and panel.store.last_decoded.request.latent.z == panel.store.state.latent.z
        )
    )


def test_z_follows_the_ink(panel: DecodedPanel, qtbot: QtBot) -> None:
    before, result = ink(panel, CLOSING), panel.store.last_decoded
    assert result is not None
    hand.click(panel.ink)
    brush(panel, qtbot)
    assert ink(panel, CLOSING) > before + 0.4
    after = panel.store.last_decoded
    assert after is not None
    # The right side of the 3 was not brushed, and stays.
    assert np.abs(after.image[0, :, 17:] - result.image[0, :, 17:]).mean() < 0.06


def test_an_edit_is_one_undo_step(panel: DecodedPanel, qtbot: QtBot) -> None:
    store, start = panel.store, panel.store.state
    hand.click(panel.ink)
    brush(panel, qtbot)
    edited = store.state
    assert len(store.output_editor.strokes) == 1
    store.undo()
    assert store.state == start
    assert store.output_editor.strokes == ()
    store.redo()
    assert store.state == edited
    assert len(store.output_editor.strokes) == 1
    brush(panel, qtbot)
    assert len(store.output_editor.strokes) == 2
    store.undo()
    assert store.state == edited
    assert len(store.output_editor.strokes) == 1


def test_z_follows_while_the_button_is_down(panel: DecodedPanel, qtbot: QtBot) -> None:
    hand.click(panel.ink)
    path = places(panel.picture, CLOSING)
    hand.press(panel.picture, path[0])
    seen = {panel.store.state.latent.z}
    for point in path[1:]:
        hand.move(panel.picture, point)
        qtbot.waitUntil(lambda: panel.store.state.latent.z not in seen)
        seen.add(panel.store.state.latent.z)
    hand.release(panel.picture, path[-1])
    assert len(seen) == len(path)


def test_ink_is_rubbed_off(panel: DecodedPanel, qtbot: QtBot) -> None:
    lower = ((0.66, 0.62), (0.68, 0.70), (0.64, 0.77))
    before = ink(panel, lower)
    hand.click(panel.ink)
    hand.click(panel.eraser)
    assert not panel.ink.isChecked()
    z = panel.store.state.latent.z
    hand.drag(panel.picture, places(panel.picture, lower))
    qtbot.waitUntil(lambda: panel.store.state.latent.z != z)
    rest(panel, qtbot)
    assert before > 0.5
    assert ink(panel, lower) < before - 0.25


def test_strength_says_how_far(panel: DecodedPanel, qtbot: QtBot) -> None:
    store = panel.store
    assert not panel.strength.isVisible()
    start, place = store.state.latent.z, panel.picture.geometry()
    hand.click(panel.ink)
    assert panel.strength.isVisible()
    assert panel.picture.geometry() == place  # nothing jumps under the hand
    brush(panel, qtbot)
    full, edited = ink(panel, CLOSING), store.state
    panel.strength.setFocus()
    hand.key(panel.strength, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: store.state.latent.z == pytest.approx(start, abs=1e-6))
    assert store.output_editor.strength == 0.0
    hand.press(panel.strength, hand.on_slider(panel.strength, 0.3))
    qtbot.waitUntil(lambda: store.state.latent.z != pytest.approx(start, abs=1e-6))
    hand.release(panel.strength, hand.on_slider(panel.strength, 0.3))
    rest(panel, qtbot)
    assert ink(panel, CLOSING) < full
    for _ in range(2):
        store.undo()
    assert store.state == edited
    assert store.output_editor.strength == pytest.approx(0.7)


def test_whoever_moves_z_begins_anew(panel: DecodedPanel, qtbot: QtBot, studio: Studio) -> None:
    hand.click(panel.ink)
    brush(panel, qtbot)
    studio.store.set_dimension(3, 1.5)
    assert studio.store.output_editor.strokes == ()
    brush(panel, qtbot)
    assert len(studio.store.output_editor.strokes) == 1
    show_model(qtbot, studio, shipped("cvae"))
    assert studio.store.output_editor.strokes == ()
    label = studio.store.state.latent.label
    brush(panel, qtbot)
    assert studio.store.state.latent.label == label


def test_esc_gives_back_the_stroke(panel: DecodedPanel, qtbot: QtBot) -> None:
    start = panel.store.state
    hand.click(panel.ink)
    path = places(panel.picture, CLOSING)
    hand.press(panel.picture, path[0])
    for point in path[1:]:
        hand.move(panel.picture, point)
    qtbot.waitUntil(lambda: panel.store.state != start)
    panel.picture.setFocus()
    hand.key(panel.picture, Qt.Key.Key_Escape)
    hand.release(panel.picture, path[-1])
    assert panel.store.state == start
    assert panel.store.output_editor.strokes == ()
    qtbot.wait(80)
    assert panel.store.state == start


def test_without_a_brush_a_click_changes_nothing(panel: DecodedPanel, qtbot: QtBot) -> None:
    start = panel.store.state
    hand.drag(panel.picture, places(panel.picture, CLOSING))
    hand.click(panel.ink)
    hand.click(panel.ink)
    hand.drag(panel.picture, places(panel.picture, CLOSING))
    assert panel.store.state == start
    assert panel.store.output_editor.strokes == ()


def test_a_late_answer_does_not_take_z_from_another_input(
    panel: DecodedPanel, qtbot: QtBot, studio: Studio
) -> None:
    hand.click(panel.ink)
    for index in range(8):
        hand.drag(panel.picture, places(panel.picture, CLOSING))
        studio.store.set_image(ImageRef("mnist", "test", index), None)
        encoded(qtbot, studio)
        qtbot.wait(40)
        assert studio.store.last_encoded is not None
        assert studio.store.state.latent.z == studio.store.last_encoded.mu
        assert not studio.store.state.moved


def test_there_is_no_undo_under_a_brush(panel: DecodedPanel, qtbot: QtBot) -> None:
    hand.click(panel.ink)
    brush(panel, qtbot)
    edited = panel.store.state
    path = places(panel.picture, CLOSING)
    hand.press(panel.picture, path[0])
    hand.move(panel.picture, path[1])
    panel.store.undo()
    hand.move(panel.picture, path[2])
    hand.release(panel.picture, path[2])
    rest(panel, qtbot)
    assert len(panel.store.output_editor.strokes) == 2
    panel.store.undo()
    assert panel.store.state == edited
