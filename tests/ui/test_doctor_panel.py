"""The doctor in the window: what it finds in real trainings, and what its buttons do."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from tests.ui import hand
from tests.ui.waits import TIMEOUT
from vae_studio.app import Studio
from vae_studio.core.findings import Finding, Remedy
from vae_studio.core.runs import read_run
from vae_studio.core.variants import VARIANTS
from vae_studio.ui import doctor_words
from vae_studio.ui.panels.doctor import DoctorPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainStatus

SPEC = replace(VARIANTS["vae-32"], hidden=(256, 128))
# The reconstruction as a mean over pixels: the KL is pressed to 0 within some steps.
MEAN = quick(epochs=30, batch_size=64, train_size=2000, reduction="mean")
WRECKED = quick(epochs=2, batch_size=64, train_size=2000, learning_rate=100.0)


def train(studio: Studio, qtbot: QtBot, code: str, **fields: object) -> list[Finding]:
    """Train until the doctor says ``code``; all that it said."""
    said: list[Finding] = []
    studio.store.doctor.found.connect(said.append)
    spec, config = fields.get("spec", SPEC), fields.get("config", MEAN)
    studio.store.launcher.start(spec, config, "vae-32")  # type: ignore[arg-type]
    found = studio.store.doctor
    qtbot.waitUntil(lambda: code in [each.code for each in found.findings], timeout=4 * TIMEOUT)
    return said


def wait_for_end(studio: Studio, qtbot: QtBot) -> None:
    view = studio.store.training
    qtbot.waitUntil(lambda: view.view.status is TrainStatus.IDLE, timeout=4 * TIMEOUT)


def button(studio: Studio, code: str) -> tuple[Remedy, QPushButton]:
    """The button of a remedy, in the panel, once that is laid out."""
    QApplication.processEvents()
    for card in studio.window.panel(DoctorPanel).cards:
        for remedy, widget in zip(card.finding.remedies, card.buttons, strict=True):
            if remedy.code == code:
                return remedy, widget
    raise AssertionError(code)


def test_before_any_training_it_says_what_it_watches_for(studio: Studio) -> None:
    studio.window.workspaces.show_workspace("train")
    panel = studio.window.panel(DoctorPanel)
    assert panel.empty.isVisible()
    assert "collapse" in panel.empty.text()
    assert not studio.window.panel(TrainPanel).alarm.isVisible()


def test_a_healthy_training_gives_no_alarm(studio: Studio, qtbot: QtBot, small_mnist: None) -> None:
    studio.window.workspaces.show_workspace("train")
    studio.store.launcher.start(tiny(VARIANTS["vae-32"]), quick(epochs=1), "vae-32")
    wait_for_end(studio, qtbot)
    panel = studio.window.panel(DoctorPanel)
    assert studio.store.doctor.findings == ()
    assert "no alarm" in panel.empty.text()


def test_a_restart_with_the_remedy_trains_the_same_weights_otherwise(
    studio: Studio, qtbot: QtBot
) -> None:
    window, training = studio.window, studio.store.training
    window.workspaces.show_workspace("train")
    studio.store.plan.set_value("reduction", "mean")  # as the training that follows
    said = train(studio, qtbot, "scale")
    before = training.view.request
    assert before is not None
    assert [each.code for each in said] == ["scale"]
    panel, alarm = window.panel(DoctorPanel), window.panel(TrainPanel).alarm
    assert [card.finding.code for card in panel.cards] == ["scale"]
    assert not panel.empty.isVisible()
    assert alarm.isVisible()
    assert alarm.title.text() == doctor_words.title(said[0])
    assert doctor_words.title(said[0]) in window.toast.text
    remedy, widget = button(studio, "sum_over_pixels")
    assert widget.toolTip() == doctor_words.tooltip(remedy)
    hand.click(widget)

    def restarted() -> bool:
        request = training.view.request
        return request is not None and request is not before

    qtbot.waitUntil(restarted, timeout=4 * TIMEOUT)
    after = training.view.request
    assert after is not None
    assert after.config == replace(before.config, reduction="sum")
    assert after.spec == before.spec
    assert after.again == before.folder
    assert studio.store.plan.plan.config.reduction == "sum"  # or Train would repeat the mistake
    assert studio.store.plan.plan.config.epochs != MEAN.epochs  # and the rest of the form stays
    assert panel.cards == []
    assert not alarm.isVisible()
    assert read_run(before.folder).status == "stopped"  # and kept
    training.stop()
    wait_for_end(studio, qtbot)


def test_a_change_helps_the_training_that_runs(studio: Studio, qtbot: QtBot) -> None:
    studio.window.workspaces.show_workspace("train")
    training = studio.store.training
    train(studio, qtbot, "scale")
    training.pause_or_resume()
    remedy, widget = button(studio, "lower_beta")
    hand.click(widget)
    assert training.view.beta == remedy.config["beta"] < MEAN.beta
    training.stop()
    wait_for_end(studio, qtbot)
    assert not button(studio, "lower_beta")[1].isEnabled()  # nothing is left to change
    assert button(studio, "sum_over_pixels")[1].isEnabled()


def test_a_loss_that_is_no_number_is_told_with_what_helps(studio: Studio, qtbot: QtBot) -> None:
    window = studio.window
    train(studio, qtbot, "not_finite", spec=replace(SPEC, hidden=(512,) * 4), config=WRECKED)
    wait_for_end(studio, qtbot)
    finding = next(each for each in studio.store.doctor.findings if each.code == "not_finite")
    request = studio.store.doctor.request
    assert request is not None
    assert "no longer a number" in window.toast.text
    window.toast.press_action()  # the likeliest remedy
    after = studio.store.training.view.request
    assert after is not None
    assert after.config == replace(request.config, **finding.remedies[0].config)
    studio.store.training.stop()
    wait_for_end(studio, qtbot)


def test_the_line_leads_to_the_explanation(studio: Studio, qtbot: QtBot) -> None:
    window = studio.window
    assert not window.docks["doctor"].isVisible()  # the workspace Studio has no room for it
    train(studio, qtbot, "scale")
    hand.click(window.panel(TrainPanel).alarm.title)
    assert window.workspaces.current.name == "train"
    assert window.panel(DoctorPanel).on_screen
    text = window.panel(DoctorPanel).cards[0].explanation.text()
    assert "mean over 784 pixels" in text
    studio.store.training.stop()
    wait_for_end(studio, qtbot)
