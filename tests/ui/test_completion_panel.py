"""The panel that completes what is drawn: mask, answers, and a hand on both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.test_completer import LOWER, completed, held, other_size  # noqa: F401 - fixtures
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.session.drawing import ImageRef, Rect, Seen
from vae_studio.session.requests import Image
from vae_studio.ui.completer import Completer
from vae_studio.ui.panels.completion.mask_tools import BOTTOM, LEFT, RIGHT, TOP
from vae_studio.ui.panels.completion.mask_view import MaskTool, MaskView
from vae_studio.ui.panels.completion.panel import CompletionPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.workers.inputs import image_of


@pytest.fixture
def completer(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Completer]:
    completer = Completer(studio.store)
    monkeypatch.setattr(studio.store, "completer", completer, raising=False)
    yield completer
    completer.shutdown()


@pytest.fixture
def panel(studio: Studio, completer: Completer, qtbot: QtBot) -> CompletionPanel:
    """As large as in its workspace, off."""
    panel = CompletionPanel(studio.store)
    qtbot.addWidget(panel)
    panel.resize(420, 340)
    with qtbot.waitExposed(panel):
        panel.show()
    assert panel.empty.isVisible()
    return panel


def draw_half(studio: Studio, qtbot: QtBot) -> None:
    """The upper half of a 3, with the mouse."""
    canvas = studio.window.panel(DrawPanel).canvas
    hand.drag(canvas, hand.on_canvas(canvas, hand.THREE[:8]))
    encoded(qtbot, studio)


def complete(studio: Studio, panel: CompletionPanel, qtbot: QtBot) -> None:
    """Press the button, wait for the answers."""
    hand.click(panel.complete)
    assert panel.completer.on
    completed(studio, panel.completer, qtbot)


def on_view(panel: CompletionPanel, *places: tuple[float, float]) -> list[QPoint]:
    """Shares of the picture -> points of the view."""
    target = panel.view._target()
    return [
        QPoint(round(target.left() + x * target.width()), round(target.top() + y * target.height()))
        for x, y in places
    ]


def images(panel: CompletionPanel) -> Image:
    result = panel.completer.result
    assert result is not None
    return result.images


def test_half_a_digit_goes_on_in_several_ways(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    draw_half(studio, qtbot)
    assert panel.complete.isVisible()
    assert panel.word.isVisible()
    assert panel.completer.result is None
    complete(studio, panel, qtbot)
    result, found = panel.completer.result, images(panel)
    assert result is not None
    assert len(panel.answers.answers) == len(found) >= 3
    assert panel.answers.isVisible()
    assert (np.diff(result.cost) >= 0).all()
    assert result.share.sum() == pytest.approx(1.0, abs=1e-4)
    pictures = {bytes(answer.picture.constBits()) for answer in panel.answers.answers}
    assert len(pictures) == len(found)
    assert found[0][result.mask[None]].mean() == pytest.approx(
        result.image[result.mask[None]].mean(), abs=0.12
    )
    assert found[0, 0, 14:].sum() > 15.0  # where nothing was drawn
    assert panel.caption.text().startswith(f"vae-32, epoch 50 · {len(found)} answers, ")


def test_a_click_takes_an_answer_and_undo_comes_back(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    draw_half(studio, qtbot)
    complete(studio, panel, qtbot)
    before, result = studio.store.state, panel.completer.result
    assert result is not None
    hand.click(panel.answers, panel.answers.place(2).center())
    settle(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(result.z[2], abs=1e-6)
    assert panel.answers.marked == 2
    assert f"costs {result.cost[2]:.1f} nats" in panel.caption.text()
    assert studio.store.last_decoded is not None
    assert np.abs(studio.store.last_decoded.image - result.images[2]).max() < 1e-3
    studio.store.undo()
    assert studio.store.state == before
    assert panel.answers.marked is None
    assert panel.completer.result is result  # nothing to complete has changed


def test_what_is_hidden_is_made_up_from_the_rest(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    hand.click(panel.complete)
    away = []
    for index, label in ((61, 8), (0, 7), (3, 0), (17, 7)):
        ref = ImageRef("mnist", "test", index)
        studio.store.set_image(ref, label)
        hand.click(panel.tools.halves[BOTTOM])
        assert studio.store.state.seen == LOWER
        completed(studio, panel.completer, qtbot)
        qtbot.waitUntil(lambda: panel.view.known is not None, timeout=TIMEOUT)
        away.append(np.abs(images(panel)[0, 0, 14:] - image_of(ref)[0, 14:]).mean())
    assert np.mean(away) < 0.1
    qtbot.waitUntil(lambda: not panel.view.known[14:].any(), timeout=TIMEOUT)
    assert panel.view.known[:14].all()


def test_where_it_is_brushed_empty_there_is_less_ink(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    draw_half(studio, qtbot)
    complete(studio, panel, qtbot)
    result = panel.completer.result
    assert result is not None
    before = result.images
    ink = np.where(result.mask, 0.0, before[:, 0].mean(axis=0))
    row, column = np.unravel_index(ink.argmax(), ink.shape)
    spot = ((column + 0.5) / 28, (row + 0.5) / 28)
    hand.click(panel.tools.empty_tool)
    states = studio.store.state
    end = (spot[0], min(spot[1] + 0.1, 0.99))
    hand.drag(panel.view, on_view(panel, spot, end))
    (stroke,) = studio.store.state.seen.empty
    assert stroke.points[0] == pytest.approx(spot, abs=0.02)
    completed(studio, panel.completer, qtbot)
    qtbot.waitUntil(lambda: panel.view.known[row, column], timeout=TIMEOUT)
    assert images(panel)[0, 0, row, column] < 0.5 * before[:, 0, row, column].max()
    assert images(panel)[:, 0, row, column].mean() < 0.6 * before[:, 0, row, column].mean()
    assert panel.tools.forget.isEnabled()
    hand.click(panel.tools.forget)
    assert studio.store.state.seen == Seen()
    studio.store.undo()
    studio.store.undo()  # the stroke was one step
    assert studio.store.state == states


def test_a_rectangle_is_dragged_nudged_and_given_back(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    qtbot.waitUntil(lambda: panel.view.known is not None, timeout=TIMEOUT)
    before = studio.store.state
    hand.drag(panel.view, on_view(panel, (0.25, 0.5), (0.5, 0.7), (0.75, 0.85)))
    whole = (7 / 28, 14 / 28, 21 / 28, 24 / 28)
    assert studio.store.state.seen.hidden == pytest.approx(whole)
    expected = np.ones((28, 28), bool)
    expected[14:24, 7:21] = False
    qtbot.waitUntil(lambda: (panel.view.known == expected).all(), timeout=TIMEOUT)
    hand.key(panel.view, Qt.Key.Key_Down)
    hand.key(panel.view, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    moved = (7 / 28, 15 / 28, 20 / 28, 25 / 28)
    assert studio.store.state.seen.hidden == pytest.approx(moved)
    studio.store.undo()
    studio.store.undo()
    assert studio.store.state.seen.hidden == pytest.approx(whole)
    hand.press(panel.view, on_view(panel, (0.1, 0.1))[0])
    hand.move(panel.view, on_view(panel, (0.4, 0.4))[0])
    assert studio.store.state.seen.hidden != pytest.approx(whole)
    hand.key(panel.view, Qt.Key.Key_Escape)
    assert studio.store.state.seen.hidden == pytest.approx(whole)
    hand.release(panel.view)
    studio.store.undo()
    assert studio.store.state == before


def test_a_dialog_ends_what_the_hand_does_to_the_mask(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    store = studio.store
    store.set_image(ImageRef("mnist", "test", 61), 8)
    qtbot.waitUntil(lambda: panel.view.known is not None, timeout=TIMEOUT)
    before = store.state
    path = on_view(panel, (0.25, 0.5), (0.5, 0.75), (0.9, 0.9))
    hand.press(panel.view, path[0])
    hand.move(panel.view, path[1])
    assert store.in_gesture
    dialog = QDialog(panel)
    dialog.setModal(True)
    dialog.open()
    assert not store.in_gesture
    dialog.close()
    hidden = store.state.seen.hidden
    assert hidden == pytest.approx((7 / 28, 14 / 28, 14 / 28, 21 / 28))
    hand.move(panel.view, path[2])
    hand.release(panel.view, path[2])
    assert store.state.seen.hidden == hidden
    store.undo()
    assert store.state == before


@pytest.mark.parametrize("rect", [None, LEFT])
def test_a_mask_without_a_picture_has_nothing_to_move(qtbot: QtBot, rect: Rect | None) -> None:
    view = MaskView("a mask")
    qtbot.addWidget(view)
    view.show_seen(Seen(hidden=rect))
    said: list[object] = []
    for signal in (view.pressed, view.released, view.given_back, view.hidden, view.brushed):
        signal.connect(lambda *what: said.append(what))
    with qtbot.waitExposed(view):
        view.show()
    for tool in MaskTool:
        view.set_tool(tool)
        for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
            hand.key(view, key)
            hand.key(view, key, Qt.KeyboardModifier.ShiftModifier)
        for key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_C):
            hand.key(view, key)
        hand.drag(view, [QPoint(20, 20), QPoint(60, 60)])
    assert said == []
    assert view.seen == Seen(hidden=rect)


def test_buttons_hide_a_half_and_nothing(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    draw_half(studio, qtbot)
    hand.click(panel.tools.empty_tool)
    for rect in (TOP, BOTTOM, LEFT, RIGHT):
        hand.click(panel.tools.halves[rect])
        assert studio.store.state.seen.hidden == rect
        checked = [each for each, button in panel.tools.halves.items() if button.isChecked()]
        assert checked == [rect]
        assert not panel.tools.empty_tool.isEnabled()  # which is for a drawing in the making
        assert panel.tools.hide_tool.isChecked()
    hand.click(panel.tools.nothing)
    assert studio.store.state.seen == Seen()
    assert not any(button.isChecked() for button in panel.tools.halves.values())
    assert panel.tools.empty_tool.isEnabled()


def test_a_conditional_model_answers_under_each_label(
    cvae: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    cvae.store.set_image(ImageRef("mnist", "test", 61), 8)
    cvae.store.set_seen(LOWER)
    complete(cvae, panel, qtbot)
    answers, result = panel.answers.answers, panel.completer.result
    assert result is not None
    assert sorted(answer.name for answer in answers) == list("0123456789")
    assert answers[0].name == "8"
    nine = next(index for index, answer in enumerate(answers) if answer.name == "9")
    assert "a 9" in answers[nine].tip
    hand.click(panel.answers, panel.answers.place(nine).center())
    settle(qtbot, cvae)
    assert cvae.store.state.latent.label == tuple(float(kind == 9) for kind in range(10))
    assert cvae.store.state.latent.z == pytest.approx(result.z[nine], abs=1e-6)
    assert panel.answers.marked == nine


def test_the_keys_complete_and_take(studio: Studio, panel: CompletionPanel, qtbot: QtBot) -> None:
    draw_half(studio, qtbot)
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow, timeout=TIMEOUT)
    panel.view.setFocus()
    hand.key(panel.view, Qt.Key.Key_C)
    assert panel.completer.on
    completed(studio, panel.completer, qtbot)
    result = panel.completer.result
    assert result is not None
    panel.answers.setFocus(Qt.FocusReason.TabFocusReason)
    assert panel.answers.at == 0
    hand.key(panel.answers, Qt.Key.Key_Right)
    assert panel.answers.accessibleDescription().startswith("Answer 2:")
    hand.key(panel.answers, Qt.Key.Key_Return)
    assert studio.store.state.latent.z == pytest.approx(result.z[1], abs=1e-6)
    hand.key(panel.answers, Qt.Key.Key_C)
    assert not panel.completer.on


@pytest.mark.usefixtures("held")
def test_stop_ends_a_search_that_takes_long(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    draw_half(studio, qtbot)
    hand.click(panel.complete)
    qtbot.waitUntil(panel.stop.isVisible, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: panel.progress.value() == 50, timeout=TIMEOUT)
    assert panel.progress.height() <= 4
    with qtbot.waitSignal(panel.completer._thread.cancelled, timeout=TIMEOUT):
        hand.click(panel.stop)
    assert not panel.stop.isVisible()
    assert not panel.progress.isVisible()
    assert panel.completer.result is None


def test_a_hidden_panel_asks_nothing(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes: list[str] = []
    ask = studio.store.ask
    monkeypatch.setattr(
        studio.store, "ask", lambda lane, request: (lanes.append(lane), ask(lane, request))
    )
    hand.click(panel.complete)
    panel.hide()
    draw_half(studio, qtbot)
    qtbot.wait(300)
    assert "seen" not in lanes
    assert not panel.completer.running
    assert panel.completer.result is None
    panel.come_forward(False)  # a tab behind another one, which Qt calls visible
    panel.show()
    qtbot.wait(300)
    assert "seen" not in lanes
    assert panel.completer.result is None
    panel.come_forward(True)
    completed(studio, panel.completer, qtbot)
    assert "seen" in lanes
    panel.come_forward(False)
    lanes.clear()
    studio.store.set_seen(LOWER)
    qtbot.wait(300)
    assert "seen" not in lanes
    assert panel.completer.result is None
    panel.come_forward(True)
    completed(studio, panel.completer, qtbot)


def test_another_model_or_no_input_leaves_no_old_answers(
    studio: Studio, panel: CompletionPanel, qtbot: QtBot
) -> None:
    studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    studio.store.set_seen(LOWER)
    complete(studio, panel, qtbot)
    hand.click(panel.complete)  # off: they stay until something changes
    assert panel.answers.isVisible()
    show_model(qtbot, studio, shipped("vae-2"))
    assert not panel.answers.isVisible()
    assert panel.caption.text() == ""
    hand.click(panel.complete)
    completed(studio, panel.completer, qtbot)
    assert panel.caption.text().startswith("vae-2, epoch 50")
    studio.store.clear_input()
    assert panel.empty.isVisible()
    assert panel.completer.result is None


def test_a_picture_of_another_size_is_said_in_the_panel(
    studio: Studio,
    panel: CompletionPanel,
    qtbot: QtBot,
    other_size: ImageRef,  # noqa: F811
) -> None:
    hand.click(panel.complete)
    studio.store.set_image(other_size, None)
    studio.store.set_seen(LOWER)
    qtbot.waitUntil(lambda: "This model takes images of" in panel.word.text(), timeout=TIMEOUT)
    assert panel.word.isVisible()
    assert not panel.answers.isVisible()


def test_the_answers_can_be_copied(studio: Studio, panel: CompletionPanel, qtbot: QtBot) -> None:
    draw_half(studio, qtbot)
    assert panel.answers.sheet() is None
    complete(studio, panel, qtbot)
    sheet = panel.answers.sheet()
    assert sheet is not None
    assert np.abs(sheet.images - images(panel)).max() < 0.01
    QGuiApplication.clipboard().clear()
    panel.answers.picture_actions.copy()
    assert not QGuiApplication.clipboard().image().isNull()
