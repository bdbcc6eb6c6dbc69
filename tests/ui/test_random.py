"""Random points: from the prior, or from the codes of the data as a mixture."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.support import Support
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.samples import COUNT, SamplesPanel


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> DecodedPanel:
    """Of vae-2, whose mixture is fitted in a moment."""
    show_model(qtbot, studio, shipped("vae-2"))
    return studio.window.panel(DecodedPanel)


def choose(panel: DecodedPanel, source: int) -> None:
    panel.source.setCurrentIndex(source)
    panel.source.activated.emit(source)


def test_random_waits_for_the_mixture_and_then_draws_from_it(
    studio: Studio, panel: DecodedPanel, qtbot: QtBot
) -> None:
    store = studio.store
    choose(panel, 1)
    before = store.state
    hand.click(panel.random)
    assert store.state == before
    qtbot.waitUntil(lambda: "Fit" in panel.random.text(), timeout=TIMEOUT)
    qtbot.waitUntil(lambda: store.state.latent != before.latent, timeout=TIMEOUT)
    assert panel.random.text() == "Random"
    settle(qtbot, studio)
    store.undo()
    assert store.state == before
    survey = store.atlas.survey
    assert survey is not None
    support = Support(survey)
    drawn: dict[str, np.ndarray] = {}
    for name, source in (("data", 1), ("prior", 0)):
        choose(panel, source)
        points = []
        for _ in range(60):
            hand.key(studio.window, Qt.Key.Key_R)
            points.append(store.state.latent.z)
        ranks = support.rank(np.array(points, np.float32))
        assert ranks is not None
        drawn[name] = ranks
    assert np.median(drawn["data"]) > np.median(drawn["prior"]) + 0.02
    assert (drawn["data"] < 0.01).mean() < (drawn["prior"] < 0.01).mean() + 0.02


def test_a_locked_dimension_stays(studio: Studio, panel: DecodedPanel, qtbot: QtBot) -> None:
    store = studio.store
    choose(panel, 1)
    store.set_locked(1, True)
    value = store.state.latent.z[1]
    hand.click(panel.random)
    qtbot.waitUntil(lambda: store.aggregate.mixture is not None, timeout=TIMEOUT)
    first = store.state.latent.z[0]
    hand.click(panel.random)
    assert store.state.latent.z[0] != first
    assert store.state.latent.z[1] == value


def test_whoever_goes_elsewhere_meanwhile_is_not_thrown_away(
    studio: Studio, panel: DecodedPanel, qtbot: QtBot
) -> None:
    store = studio.store
    choose(panel, 1)
    hand.click(panel.random)
    store.set_z((0.5, -0.5))
    qtbot.waitUntil(lambda: store.aggregate.mixture is not None, timeout=TIMEOUT)
    qtbot.wait(50)
    assert store.state.latent.z == (0.5, -0.5)


def test_samples_are_drawn_from_what_is_chosen(
    studio: Studio, panel: DecodedPanel, qtbot: QtBot
) -> None:
    samples = studio.window.panel(SamplesPanel)
    studio.window.docks["samples"].raise_()
    qtbot.waitUntil(lambda: samples.shown is not None, timeout=TIMEOUT)
    prior = samples.shown
    assert prior is not None
    assert "prior" in samples.explain.text()
    choose(panel, 1)
    assert samples.source.currentIndex() == 1
    qtbot.waitUntil(lambda: samples.shown is not prior, timeout=TIMEOUT)
    data = samples.shown
    assert data is not None
    assert "20 Gaussians" in samples.explain.text()
    mixture = studio.store.aggregate.mixture
    assert mixture is not None
    assert np.array_equal(data.z, mixture.sample(COUNT, np.random.default_rng(0)))
    assert len(data.images) == COUNT
    hand.click(samples.pictures[5])
    assert studio.store.state.latent.z == pytest.approx(data.z[5], abs=1e-6)
    hand.click(samples.again)
    qtbot.waitUntil(lambda: samples.shown is not data, timeout=TIMEOUT)
    choose(panel, 0)
    qtbot.waitUntil(
        lambda: samples.shown is not None and samples.shown.z.shape == (COUNT, 2), timeout=TIMEOUT
    )


def test_another_model_has_another_mixture(
    studio: Studio, panel: DecodedPanel, qtbot: QtBot
) -> None:
    choose(panel, 1)
    hand.click(panel.random)
    qtbot.waitUntil(lambda: studio.store.aggregate.mixture is not None, timeout=TIMEOUT)
    show_model(qtbot, studio, shipped("vae-16"))
    assert studio.store.aggregate.mixture is None
    before = studio.store.state
    hand.click(panel.random)
    qtbot.waitUntil(lambda: studio.store.state.latent != before.latent, timeout=TIMEOUT)
    mixture = studio.store.aggregate.mixture
    assert mixture is not None
    assert mixture.size == 16


def test_going_elsewhere_or_back_to_the_prior_gives_a_fit_up(
    studio: Studio, panel: DecodedPanel, qtbot: QtBot
) -> None:
    store = studio.store
    studio.window.docks["samples"].hide()  # or they would want one, too
    choose(panel, 1)
    store.randomise()
    assert store.aggregate.share is not None
    show_model(qtbot, studio, shipped("vae-16"))
    assert store.aggregate.share is None
    assert panel.random.text() == "Random"
    store.randomise()
    choose(panel, 0)
    assert store.aggregate.share is None
    qtbot.wait(300)
    assert store.aggregate.mixture is None
    choose(panel, 1)
    before = store.state.latent
    store.randomise()
    qtbot.waitUntil(lambda: store.state.latent != before, timeout=TIMEOUT)
