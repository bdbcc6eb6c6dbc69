"""Samples from the prior."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle
from vae_studio.app import Studio
from vae_studio.session.requests import SampleResult
from vae_studio.ui.panels.samples import COUNT, SamplesPanel


def shown(studio: Studio, qtbot: QtBot) -> SamplesPanel:
    panel = studio.window.panel(SamplesPanel)
    qtbot.waitUntil(lambda: panel.on_screen)
    qtbot.waitUntil(lambda: all(p.image for p in panel.pictures), timeout=TIMEOUT)
    return panel


def test_a_click_goes_to_the_sample(studio: Studio, qtbot: QtBot) -> None:
    panel = shown(studio, qtbot)
    start = studio.store.state
    hand.click(panel.pictures[17])
    settle(qtbot, studio)
    assert studio.store.state.latent.z != start.latent.z
    assert studio.store.last_decoded is not None
    picture = panel.pictures[17].image
    assert picture is not None
    image = (studio.store.last_decoded.image[0] * 255.0 + 0.5).astype(int)
    assert all(
        abs(image[y, x] - picture.pixelColor(x, y).red()) <= 1 for x in range(28) for y in range(28)
    )
    studio.store.undo()
    assert studio.store.state == start


def test_others_are_drawn_on_request(studio: Studio, qtbot: QtBot) -> None:
    panel = shown(studio, qtbot)
    before = [picture.image for picture in panel.pictures]
    assert len(before) == COUNT
    state = studio.store.state
    hand.click(panel.again)
    qtbot.waitUntil(
        lambda: all(p.image != old for p, old in zip(panel.pictures, before, strict=True))
    )
    assert studio.store.state == state


def test_they_carry_the_label(cvae: Studio, qtbot: QtBot) -> None:
    cvae.window.docks["samples"].raise_()
    panel = shown(cvae, qtbot)
    before = [picture.image for picture in panel.pictures]
    hand.key(cvae.window, Qt.Key.Key_0)
    qtbot.waitUntil(lambda: panel.pictures[0].image != before[0])


def test_what_was_drawn_before_others_were_asked_for_is_not_shown(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = shown(studio, qtbot)
    late = panel.shown
    assert late is not None
    hand.click(panel.again)
    qtbot.waitUntil(lambda: panel.shown is not late, timeout=TIMEOUT)
    there = panel.shown
    studio.store.answered.emit("samples", late)
    assert panel.shown is there


def test_a_hidden_panel_asks_for_nothing(studio: Studio, qtbot: QtBot) -> None:
    shown(studio, qtbot)
    studio.window.docks["samples"].close()
    answers: list[str] = []
    studio.store.answered.connect(lambda lane, result: answers.append(lane))
    studio.store.snapshot_changed.emit(studio.store.snapshot)
    hand.key(studio.window, Qt.Key.Key_R)
    settle(qtbot, studio)
    assert answers == []
    with qtbot.waitSignal(studio.store.answered) as answered:
        studio.window.docks["samples"].show()
        studio.window.docks["samples"].raise_()
    assert isinstance(answered.args[1], SampleResult)


def test_a_panel_behind_another_tab_asks_for_nothing(cvae: Studio, qtbot: QtBot) -> None:
    cvae.window.docks["labels"].raise_()
    qtbot.waitUntil(lambda: not cvae.window.panel(SamplesPanel).on_screen)
    lanes: list[str] = []
    cvae.store.answered.connect(lambda lane, result: lanes.append(lane))
    hand.key(cvae.window, Qt.Key.Key_5)
    hand.key(cvae.window, Qt.Key.Key_M)
    qtbot.waitUntil(lambda: "labels" in lanes)
    settle(qtbot, cvae)
    assert "samples" not in lanes
    with qtbot.waitSignal(cvae.store.answered):
        cvae.window.docks["samples"].raise_()
    assert "samples" in lanes
