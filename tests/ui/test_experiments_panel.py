"""The experiments on the screen: one click, progress, stop and resume, one's own, those tried."""

from __future__ import annotations

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from tests.ui import hand
from tests.ui.waits import TIMEOUT
from vae_studio.app import Studio
from vae_studio.core.experiments import EXPERIMENTS, experiment, free_experiment
from vae_studio.core.spec import ModelSpec
from vae_studio.session.plan import FIELDS
from vae_studio.ui.panels.comparison.panel import ComparisonPanel
from vae_studio.ui.panels.experiments.panel import ExperimentsPanel
from vae_studio.ui.widgets.toast import Toast

pytestmark = pytest.mark.usefixtures("small_mnist")
FIXED = {"image_shape", "dataset", "device"}


@pytest.fixture
def panel(studio: Studio) -> ExperimentsPanel:
    studio.window.workspaces.show_workspace("compare")
    found = studio.window.panel(ExperimentsPanel)
    found.settings.set_value("epochs", 1)
    found.settings.set_value("train_size", 256)
    QApplication.processEvents()
    return found


def wait_for_end(panel: ExperimentsPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: panel.store.experiments.can_start, timeout=8 * TIMEOUT)
    QApplication.processEvents()


def reach(panel: ExperimentsPanel, widget: QWidget) -> None:
    """Scroll there, once the column is laid out; what was said must not lie over it."""
    panel.window().findChild(Toast).hide()
    QApplication.processEvents()
    panel.scroll.ensureWidgetVisible(widget)
    QApplication.processEvents()


def type_values(panel: ExperimentsPanel, field: str, text: str) -> None:
    panel.free.field.setCurrentIndex(panel.free.field.findData(field))
    panel.free.values.selectAll()
    QTest.keyClicks(panel.free.values, text)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_begins_at_one_click(panel: ExperimentsPanel, qtbot: QtBot, name: str) -> None:
    reach(panel, panel.cards[name])
    hand.click(panel.cards[name].run_button)
    (trial,) = panel.store.experiments.trials
    assert trial.experiment == experiment(name, panel.settings.plan.config)
    assert trial.experiment.arms[0].config.epochs == 1
    assert trial.experiment.arms[0].config.beta_warmup == 0  # or one epoch would show no KL
    (row,) = panel.rows
    assert row.stop_button.isVisible()
    assert not any(card.run_button.isEnabled() for card in panel.cards.values())
    assert "comes first" in panel.cards[name].run_button.toolTip()
    panel.store.experiments.stop()
    wait_for_end(panel, qtbot)


def test_from_the_click_to_the_answer(
    panel: ExperimentsPanel, studio: Studio, qtbot: QtBot
) -> None:
    hand.click(panel.cards["leaky-relu"].run_button)
    (row,) = panel.rows
    seen = []
    panel.store.experiments.progressed.connect(lambda: seen.append(row.bars[0].value()))
    comparing = panel.store.comparing
    qtbot.waitUntil(lambda: comparing.comparison is not None, timeout=8 * TIMEOUT)
    shown = studio.window.panel(ComparisonPanel)
    assert shown.title.text() == EXPERIMENTS["leaky-relu"].title
    assert shown.question.text() == EXPERIMENTS["leaky-relu"].question
    assert comparing.comparison is not None
    assert [run.label for run in comparing.comparison.runs] == ["ReLU", "Leaky ReLU"]
    assert max(seen) == 1000
    assert row.summary.text().startswith("2 of 2 trained · ")
    assert not row.resume_button.isVisible()
    assert "is done" in studio.window.toast.text


def test_stop_and_resume(panel: ExperimentsPanel, studio: Studio, qtbot: QtBot) -> None:
    experiments = panel.store.experiments
    experiments.start(free_experiment("beta", [0.5, 4], tiny(ModelSpec()), quick(epochs=30)))
    (row,) = panel.rows
    qtbot.waitUntil(lambda: panel.store.training.view.epoch >= 2, timeout=4 * TIMEOUT)
    hand.click(row.stop_button)
    wait_for_end(panel, qtbot)
    assert row.summary.text().startswith("0 of 2 trained")
    assert "stopped" in studio.window.toast.text
    assert row.resume_button.isVisible()
    assert not row.show_button.isEnabled()  # one model alone cannot be compared
    reach(panel, row)
    hand.click(row.resume_button)
    assert experiments.current is not None
    experiments.stop()
    wait_for_end(panel, qtbot)


def test_what_was_tried_is_shown_again_and_forgotten(
    panel: ExperimentsPanel, studio: Studio, qtbot: QtBot
) -> None:
    experiments = panel.store.experiments
    experiments.start(free_experiment("beta", [0.5, 4], tiny(ModelSpec()), quick(epochs=1)))
    qtbot.waitUntil(lambda: panel.store.comparing.comparison is not None, timeout=8 * TIMEOUT)
    panel.store.comparing.clear()
    (row,) = panel.rows
    reach(panel, row)
    hand.click(row.show_button)
    qtbot.waitUntil(lambda: panel.store.comparing.comparison is not None, timeout=8 * TIMEOUT)
    hand.click(row.forget_button)
    assert panel.rows == []
    assert "off the list" in studio.window.toast.text
    studio.window.toast.press_action()
    assert [each.trial for each in panel.rows] == [row.trial]


def test_ones_own_is_checked_as_it_is_typed(panel: ExperimentsPanel, qtbot: QtBot) -> None:
    free = panel.free
    offered = {free.field.itemData(place) for place in range(free.field.count())}
    assert offered == set(FIELDS) - FIXED
    for text, problem in (
        ("1", "2"),
        ("1, 1", "twice"),
        ("1, many", "number"),
        ("1, -2", "−2" if "−2" in free.problem.text() else "-2"),
        ("", "2"),
    ):
        type_values(panel, "beta", text)
        if not text:
            free.values.clear()
        assert problem in free.problem.text(), text
        assert not free.run_button.isEnabled()
    type_values(panel, "beta", "0,5; 4")
    assert [arm.config.beta for arm in free.experiment.arms] == [0.5, 4.0]
    type_values(panel, "hidden", "64, 32; 16")
    assert [arm.spec.hidden for arm in free.experiment.arms] == [(64, 32), (16,)]
    assert free.run_button.isEnabled()


def test_every_field_begins_with_values_that_can_be_tried(panel: ExperimentsPanel) -> None:
    for place in range(panel.free.field.count()):
        panel.free.field.setCurrentIndex(place)
        name = panel.free.field.currentData()
        assert len(panel.free.experiment.arms) >= 2, name
        assert panel.free.problem.text() == "", name


def test_ones_own_takes_the_rest_from_the_form(panel: ExperimentsPanel, qtbot: QtBot) -> None:
    panel.store.plan.set_value("latent_dim", 4)
    panel.store.plan.set_value("batch_size", 32)
    type_values(panel, "seed", "3, 4")
    QTest.keyClick(panel.free.values, "\r")
    (trial,) = panel.store.experiments.trials
    arms = trial.experiment.arms
    assert [arm.config.seed for arm in arms] == [3, 4]
    assert {(arm.spec.latent_dim, arm.config.batch_size, arm.config.epochs) for arm in arms} == {
        (4, 32, 1)
    }
    panel.store.experiments.stop()
    wait_for_end(panel, qtbot)


def test_nothing_can_be_tried_while_a_field_is_wrong(panel: ExperimentsPanel) -> None:
    panel.settings.set_text("epochs", "many")
    assert not panel.cards["cvae"].run_button.isEnabled()
    assert "Correct" in panel.cards["cvae"].run_button.toolTip()
    panel.settings.set_text("epochs", "2")
    assert panel.cards["cvae"].run_button.isEnabled()
