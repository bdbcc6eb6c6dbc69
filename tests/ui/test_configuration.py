"""The configuration panel: every field, what was changed, what is wrong, and the way back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import shipped, show_model
from vae_studio.app import Studio
from vae_studio.session.plan import FIELDS, preset
from vae_studio.ui.panels.configuration import ConfigurationPanel
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainStatus
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.field_edit import stepped


@pytest.fixture
def panel(studio: Studio) -> ConfigurationPanel:
    studio.window.workspaces.show_workspace("train")
    return studio.window.panel(ConfigurationPanel)


def enter(panel: ConfigurationPanel, name: str, text: str) -> QLineEdit:
    edit = panel.rows[name].edit
    assert isinstance(edit, QLineEdit)
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, text)
    return edit


def test_there_is_a_row_for_every_field_that_can_be_chosen(panel: ConfigurationPanel) -> None:
    assert set(panel.rows) == set(FIELDS) - {"image_shape"}
    for name, row in panel.rows.items():
        assert row.edit.toolTip(), name
        assert row.edit.accessibleName(), name
        assert not row.reset.isVisible()
    assert not panel.reset_all.isEnabled()


def test_nothing_is_cut_at_the_side(panel: ConfigurationPanel) -> None:
    scroll = panel.findChild(ColumnScroll)
    assert scroll is not None
    assert scroll.widget().width() <= scroll.viewport().width()


def test_what_was_changed_is_seen_and_taken_back(panel: ConfigurationPanel) -> None:
    plan = panel.store.plan
    enter(panel, "beta", "4")
    enter(panel, "hidden", "400, 200")
    hand.click(panel.rows["batch_norm"].edit)
    assert (plan.plan.config.beta, plan.plan.spec.hidden) == (4.0, (400, 200))
    assert plan.plan.spec.batch_norm
    assert plan.changed_fields == ("hidden", "batch_norm", "beta")
    assert "3" in panel.reset_all.text()
    hand.click(panel.rows["beta"].reset)
    assert plan.plan.config.beta == 1.0
    assert not panel.rows["beta"].reset.isVisible()
    hand.click(panel.reset_all)
    assert plan.plan == preset("vae-32")
    assert not panel.reset_all.isEnabled()


def test_a_bad_value_is_marked_where_it_stands(panel: ConfigurationPanel, studio: Studio) -> None:
    row, controls = panel.rows["learning_rate"], studio.window.panel(TrainPanel).controls
    edit = enter(panel, "learning_rate", "-3")
    assert edit.property("invalid")
    assert row.problem.isVisible()
    assert row.problem.text() == "Learning rate is -3.0. Enter a value from 1e-07 to 100.0."
    assert panel.store.plan.plan.config.learning_rate == 4e-3  # the last that could be
    for button in (controls.train, controls.step, controls.epoch, controls.restart):
        assert not button.isEnabled()
    assert controls.train.toolTip() == tooltip(row.problem.text())
    hand.click(panel.rows["epochs"].edit)
    assert edit.text() == "-3"  # nothing that was typed is lost
    enter(panel, "learning_rate", "0.001")
    assert not row.problem.isVisible()
    assert controls.train.isEnabled()


def test_fields_that_do_not_go_together_say_so(panel: ConfigurationPanel) -> None:
    hand.click(panel.rows["batch_norm"].edit)
    enter(panel, "batch_size", "1")
    assert panel.rows["batch_size"].problem.isVisible()
    hand.click(panel.rows["batch_norm"].edit)
    assert not panel.rows["batch_size"].problem.isVisible()


def test_both_forms_show_one_plan(panel: ConfigurationPanel, studio: Studio) -> None:
    form = studio.window.panel(TrainPanel).form
    enter(panel, "beta", "2")
    assert form.fields["beta"].text() == "2"
    edit = form.fields["epochs"]
    edit.setFocus()
    edit.selectAll()
    QTest.keyClicks(edit, "12")
    assert panel.rows["epochs"].edit.text() == "12"
    assert panel.rows["beta_warmup"].edit.text() == "3"
    panel.store.plan.choose("cvae")
    assert (form.variant.currentText(), panel.preset.currentText()) == ("cvae", "cvae")
    assert panel.store.plan.plan.config.beta == 2.0


def test_the_help_names_the_formula_of_the_field_that_has_the_focus(
    panel: ConfigurationPanel,
) -> None:
    panel.rows["beta"].edit.setFocus()
    assert "reconstruction + β · KL" in panel.help.text()


def test_arrow_keys_step(panel: ConfigurationPanel) -> None:
    edit = panel.rows["learning_rate"].edit
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Down)
    assert panel.store.plan.plan.config.learning_rate == 2e-3
    QTest.keyClick(panel.rows["epochs"].edit, Qt.Key.Key_Up)
    assert panel.store.plan.plan.config.epochs == 8


@pytest.mark.parametrize(
    ("value", "step", "up", "down"),
    [(1.0, 0.25, 1.25, 0.75), (1.1, 0.25, 1.25, 1.0), (0.002, "log", 0.005, 0.001), (7, 16, 16, 0)],
)
def test_steps_end_on_round_values(value: float, step: float | str, up: float, down: float) -> None:
    assert stepped(value, step, 1) == pytest.approx(up)
    assert stepped(value, step, -1) == pytest.approx(down)


def test_the_settings_of_a_model_are_taken_over(
    panel: ConfigurationPanel, studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-mse"))
    hand.click(panel.from_model)
    plan = panel.store.plan.plan
    assert plan.variant == "vae-mse"
    assert plan.config.epochs == 50
    assert panel.store.plan.changed_fields == (
        "epochs",
        "learning_rate",
        "rate_warmup",
        "beta_warmup",
        "mean_bias",
    )


def test_a_run_shows_its_own_settings_and_the_form_keeps_its(
    panel: ConfigurationPanel, studio: Studio, qtbot: QtBot, small_mnist: None
) -> None:
    store, form = studio.store, studio.window.panel(TrainPanel).form
    store.plan.choose("vae-2")
    enter(panel, "epochs", "5000")
    hand.click(studio.window.panel(TrainPanel).controls.train)
    qtbot.waitUntil(lambda: store.training.view.step > 2)
    enter(panel, "beta", "9")  # for the run after this one
    assert form.fields["beta"].text() == "1"
    form.fields["beta"].setFocus()
    form.fields["beta"].selectAll()
    QTest.keyClicks(form.fields["beta"], "3")
    QTest.keyClick(form.fields["beta"], Qt.Key.Key_Return)
    assert store.training.view.beta == 3.0
    assert store.plan.plan.config.beta == 9.0
    store.training.stop()
    qtbot.waitUntil(lambda: store.training.view.status is TrainStatus.IDLE, timeout=20_000)
    assert form.fields["beta"].text() == "9"
