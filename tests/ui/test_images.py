"""The test images: in the order of their loss, of one class, or of nearness; a click takes one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing import ImageRef
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.images import BEST, IN_ORDER, NEAREST, WORST, ImagesPanel


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> ImagesPanel:
    """Of vae-32, in front."""
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    panel = studio.window.panel(ImagesPanel)
    qtbot.waitUntil(lambda: len(panel.images.indices) > 0, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: studio.store.atlas.is_current, timeout=TIMEOUT)
    return panel


def survey_of(studio: Studio) -> Survey:
    survey = studio.store.atlas.survey
    assert survey is not None
    return survey


def test_the_nearest_come_first_and_follow_the_point(
    studio: Studio, panel: ImagesPanel, qtbot: QtBot
) -> None:
    survey = survey_of(studio)
    assert panel.order.currentIndex() == NEAREST

    def nearest() -> list[int]:
        z = np.array(studio.store.state.latent.z, np.float32)
        away = [float(((mu - z) ** 2).sum()) for mu in survey.mu]
        return sorted(range(len(away)), key=lambda i: (away[i], i))[:120]

    qtbot.waitUntil(lambda: panel.images.indices == nearest(), timeout=TIMEOUT)
    before = panel.images.indices
    studio.store.randomise()
    settle(qtbot, studio)
    wanted = nearest()
    qtbot.waitUntil(lambda: panel.images.indices == wanted, timeout=TIMEOUT)
    assert wanted != before
    panel.label.setCurrentIndex(1 + 7)
    qtbot.waitUntil(
        lambda: set(survey.labels[panel.images.indices].tolist()) == {7}, timeout=TIMEOUT
    )


def test_best_and_worst_by_loss_and_all_in_order(studio: Studio, panel: ImagesPanel) -> None:
    survey = survey_of(studio)
    panel.order.setCurrentIndex(BEST)
    losses = survey.loss[panel.images.indices]
    assert len(losses) == 10_000
    assert (np.diff(losses) >= 0).all()
    first = panel.images.index(0).data()
    assert first == f"{survey.loss.min():.1f}"
    panel.order.setCurrentIndex(WORST)
    assert panel.images.index(0).data() == f"{survey.loss.max():.1f}"
    panel.order.setCurrentIndex(IN_ORDER)
    assert panel.images.indices == list(range(10_000))
    panel.label.setCurrentIndex(1 + 3)
    assert panel.images.indices == np.flatnonzero(survey.labels == 3).tolist()
    assert "1010 images" in panel.caption.text()


def test_a_click_makes_an_image_the_input_and_undo_takes_it_back(
    studio: Studio, panel: ImagesPanel, qtbot: QtBot
) -> None:
    before, survey = studio.store.state, survey_of(studio)
    panel.order.setCurrentIndex(WORST)
    image = panel.images.indices[0]
    area = panel.list.visualRect(panel.images.index(0))
    hand.click(panel.list.viewport(), area.center())
    encoded(qtbot, studio)
    state = studio.store.state
    assert state.input is not None
    assert state.input.image == ImageRef("mnist", "test", image)
    assert state.latent.z == pytest.approx(survey.mu[image], abs=1e-4)
    code = studio.store.last_encoded
    assert code is not None
    assert np.array_equal(code.image, survey.images[image].astype(np.float32) / 255.0)
    assert code.terms.reconstruction == pytest.approx(survey.reconstruction[image], rel=1e-4)
    studio.store.undo()
    assert studio.store.state == before


def test_enter_takes_the_one_the_keys_are_at(
    studio: Studio, panel: ImagesPanel, qtbot: QtBot
) -> None:
    panel.order.setCurrentIndex(IN_ORDER)
    panel.list.setFocus()
    panel.list.setCurrentIndex(panel.images.index(0))
    hand.key(panel.list, Qt.Key.Key_Right)
    hand.key(panel.list, Qt.Key.Key_Return)
    state = studio.store.state
    assert state.input is not None
    assert state.input.image == ImageRef("mnist", "test", 1)


def test_the_canvas_shows_the_image_and_is_drawn_over(studio: Studio, qtbot: QtBot) -> None:
    draw = studio.window.panel(DrawPanel)
    empty = draw.canvas.grab().toImage()
    studio.store.set_image(ImageRef("mnist", "test", 4), 4)
    encoded(qtbot, studio)
    shown = draw.canvas.grab().toImage()
    assert shown != empty
    hand.drag(draw.canvas, hand.on_canvas(draw.canvas, hand.THREE))
    encoded(qtbot, studio)
    assert studio.store.state.input is not None
    assert studio.store.state.input.image == ImageRef("mnist", "test", 4)
    assert len(studio.store.state.input.strokes) == 1
    studio.store.undo()
    encoded(qtbot, studio)
    assert draw.canvas.grab().toImage() == shown
    studio.store.undo()
    settle(qtbot, studio)
    assert draw.canvas.grab().toImage() == empty


def test_a_conditional_model_is_told_the_image_s_class(studio: Studio, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("cvae"))
    studio.store.set_image(ImageRef("mnist", "test", 0), 7)
    encoded(qtbot, studio)
    assert studio.store.state.latent.label == tuple(float(index == 7) for index in range(10))


def test_an_image_goes_along_into_another_model(studio: Studio, qtbot: QtBot) -> None:
    studio.store.set_image(ImageRef("mnist", "test", 9), 9)
    encoded(qtbot, studio)
    show_model(qtbot, studio, shipped("vae-2"))
    encoded(qtbot, studio)
    code = studio.store.last_encoded
    assert code is not None
    assert studio.store.state.latent.z == code.mu
    assert len(code.mu) == 2


def test_an_image_that_is_not_there_is_said(studio: Studio, qtbot: QtBot) -> None:
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as failed:
        studio.store.set_image(ImageRef("mnist", "test", 10_000), None)
    assert failed.args is not None
    assert failed.args[0].code == "data.no_image"
