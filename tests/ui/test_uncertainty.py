"""How sure the encoder is: samples, spread, and the search for a better code."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle
from vae_studio.app import Studio
from vae_studio.session.drawing import ImageRef
from vae_studio.ui.panels.uncertainty import UncertaintyPanel


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> UncertaintyPanel:
    """In front, with a test image as the input."""
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    studio.window.docks["uncertainty"].raise_()
    panel = studio.window.panel(UncertaintyPanel)
    qtbot.waitUntil(lambda: panel.on_screen, timeout=TIMEOUT)
    assert panel.empty.isVisible()
    studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    encoded(qtbot, studio)
    qtbot.waitUntil(lambda: not panel.empty.isVisible(), timeout=TIMEOUT)
    return panel


def test_samples_and_spread_are_of_the_input_s_posterior(
    studio: Studio, panel: UncertaintyPanel, qtbot: QtBot
) -> None:
    shown = panel._shown
    code = studio.store.last_encoded
    assert shown is not None
    assert code is not None
    assert shown.request.code is code
    away = (shown.z - np.array(code.mu)) / np.exp(0.5 * np.array(code.logvar))
    assert np.abs(away).max() < 5.0
    assert np.abs(away).mean() == pytest.approx(0.8, abs=0.15)
    assert panel.spread.heat is not None
    pictures = {bytes(view.image.constBits()) for view in panel.samples if view.image}
    assert len(pictures) == 8  # each another


def test_a_click_goes_to_a_sample_and_undo_comes_back(
    studio: Studio, panel: UncertaintyPanel, qtbot: QtBot
) -> None:
    before = studio.store.state
    assert panel._shown is not None
    hand.click(panel.samples[3])
    settle(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(panel._shown.z[3], abs=1e-6)
    assert not panel.empty.isVisible()  # the input is still there
    studio.store.undo()
    assert studio.store.state == before


def test_a_better_code_is_found_shown_and_gone_to(
    studio: Studio, panel: UncertaintyPanel, qtbot: QtBot
) -> None:
    assert not panel.go.isVisible()
    hand.click(panel.search)
    assert panel.progress.isVisible()
    qtbot.waitUntil(panel.go.isVisible, timeout=TIMEOUT)
    found = studio.store.code_search.found
    assert found is not None
    assert found.before > found.after
    assert f"{found.before - found.after:.1f} nats are lost" in panel.gap.text()
    hand.click(panel.go)
    settle(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(found.mu)
    assert studio.store.can_undo


def test_the_search_is_given_up_by_hand_and_by_another_input(
    studio: Studio, panel: UncertaintyPanel, qtbot: QtBot
) -> None:
    hand.click(panel.search)
    hand.click(panel.cancel)
    assert panel.search.isVisible()
    assert studio.store.code_search.share is None
    hand.click(panel.search)
    studio.store.set_image(ImageRef("mnist", "test", 62), 9)
    encoded(qtbot, studio)
    assert studio.store.code_search.share is None
    qtbot.wait(200)
    assert studio.store.code_search.found is None


def test_without_an_input_it_says_how_to_get_one(
    studio: Studio, panel: UncertaintyPanel, qtbot: QtBot
) -> None:
    studio.store.undo()
    settle(qtbot, studio)
    assert panel.empty.isVisible()
    assert "click a test image" in panel.empty.text()
