"""Training from the window: real steps on MNIST, a few at a time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.errors import StudioError
from vae_studio.core.events import Event, StepDone
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.plan import preset
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.workers.train_thread import TrainRequest


def type_number(box: QLineEdit, text: str) -> None:
    hand.click(box)
    box.selectAll()
    QTest.keyClicks(box, text)
    QTest.keyClick(box, Qt.Key.Key_Return)


def train(
    studio: Studio, qtbot: QtBot, epochs: int, batch: int = 4096, variant: str = "vae-2"
) -> Path:
    """Fill in the form, press Train, wait for the first steps. Returns the run's folder."""
    panel = studio.window.panel(TrainPanel)
    panel.store.plan.choose(variant)
    type_number(panel.form.fields["epochs"], str(epochs))
    type_number(panel.form.fields["batch_size"], str(batch))
    hand.click(panel.controls.train)
    request = studio.store.training.view.request
    assert request is not None
    assert request.config.epochs == epochs
    assert request.config.batch_size == batch
    wait_for_step(studio, qtbot, 2)
    return request.folder


def wait_for_step(studio: Studio, qtbot: QtBot, step: int) -> None:
    training = studio.store.training
    qtbot.waitUntil(
        lambda: training.view.step >= step or training.view.request is None, timeout=TIMEOUT
    )


def wait_for_end(studio: Studio, qtbot: QtBot) -> None:
    qtbot.waitUntil(
        lambda: studio.store.training.view.status is TrainStatus.IDLE, timeout=2 * TIMEOUT
    )


def test_a_run_from_train_to_done(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(TrainPanel)
    folder = train(studio, qtbot, epochs=2)
    wait_for_end(studio, qtbot)
    assert panel.film.count == 2
    values = panel.plots.values()
    assert len(values["train"]) == 3
    epoch, total, reconstruction, kl = values["test"]
    assert epoch == 2
    info = read_run(folder)
    assert info.status == "finished"
    assert info.evaluation is not None
    assert reconstruction == pytest.approx(info.evaluation.terms.reconstruction)
    assert kl == pytest.approx(info.evaluation.terms.kl)
    assert 100 < total < 600
    assert len(read_metrics(folder)) == 2
    assert studio.window.toast.text.startswith("Training is done")
    assert studio.store.state.model == str(folder)
    models = studio.window.panel(ModelsPanel).list
    assert models.currentItem().text() == info.name
    settle(qtbot, studio)


def test_pause_holds_and_resume_goes_on(studio: Studio, qtbot: QtBot) -> None:
    panel, training = studio.window.panel(TrainPanel), studio.store.training
    train(studio, qtbot, epochs=50, batch=1024)
    hand.click(panel.controls.pause)
    assert training.view.status is TrainStatus.PAUSED
    assert panel.controls.pause.text() == "Resume"
    arrived: list[Event] = []
    training.events_arrived.connect(arrived.extend)
    ticks(training, qtbot, 20)  # what was under way arrives
    arrived.clear()
    held = training.view.step
    ticks(training, qtbot, 20)
    assert arrived == []
    assert training.view.step == held
    hand.click(panel.controls.pause)
    wait_for_step(studio, qtbot, held + 3)
    steps = [event.step for event in arrived if isinstance(event, StepDone)]
    assert steps[:3] == [held + 1, held + 2, held + 3]
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)


def ticks(training: object, qtbot: QtBot, count: int) -> None:
    """Let the window look into its mailbox so many times."""
    assert hasattr(training, "findChild")
    timer = training.findChild(QTimer)
    for _ in range(count):
        qtbot.waitSignal(timer.timeout).wait()


def test_stop_keeps_the_model(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(TrainPanel)
    folder = train(studio, qtbot, epochs=50, batch=1024)
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)
    info = read_run(folder)
    assert info.status == "stopped"
    assert load_snapshot(folder).step == info.step >= 2
    models = studio.window.panel(ModelsPanel).list
    listed = [models.item(row).text() for row in range(models.count())]
    assert info.name in listed
    assert studio.window.toast.text.startswith("Training stopped")
    show_model(qtbot, studio, shipped("vae-32"))
    row = listed.index(info.name)
    models.scrollToItem(models.item(row))
    hand.click(models.viewport(), models.visualItemRect(models.item(row)).center())
    qtbot.waitUntil(lambda: studio.store.state.model == str(folder), timeout=TIMEOUT)
    settle(qtbot, studio)


def test_panels_follow_the_model_that_trains_until_another_is_opened(
    studio: Studio, qtbot: QtBot
) -> None:
    caption = studio.window.panel(DecodedPanel).caption
    follow = studio.window.status.follow
    folder = train(studio, qtbot, epochs=50, batch=512)
    name = read_run(folder).name
    qtbot.waitUntil(lambda: caption.text().startswith(f"{name}, "), timeout=TIMEOUT)
    assert follow.isVisible()
    assert follow.isChecked()
    seen = caption.text()
    qtbot.waitUntil(lambda: caption.text() != seen, timeout=TIMEOUT)
    assert caption.text().startswith(f"{name}, ")
    show_model(qtbot, studio, shipped("vae-32"))
    assert not follow.isChecked()
    live = studio.store.training.view.step
    wait_for_step(studio, qtbot, live + 40)
    assert caption.text() == "vae-32, epoch 50"
    hand.click(follow)
    qtbot.waitUntil(lambda: caption.text().startswith(f"{name}, "), timeout=TIMEOUT)
    assert follow.isChecked()
    hand.click(studio.window.panel(TrainPanel).controls.stop)
    wait_for_end(studio, qtbot)
    assert not follow.isVisible()


def test_a_training_is_one_undo_step_and_following_it_none(studio: Studio, qtbot: QtBot) -> None:
    start = studio.store.state
    hand.key(studio.window, Qt.Key.Key_R)
    train(studio, qtbot, epochs=50, batch=512)
    hand.click(studio.window.panel(TrainPanel).controls.stop)
    wait_for_end(studio, qtbot)
    assert studio.store.state.model != start.model
    undo_into(qtbot, studio, start.model)
    assert studio.store.state.latent != start.latent  # the point of R
    studio.store.undo()
    settle(qtbot, studio)
    assert studio.store.state == start
    assert not studio.store.can_undo
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.name == "vae-32"


def test_closing_the_window_saves_what_trains(studio: Studio, qtbot: QtBot) -> None:
    folder = train(studio, qtbot, epochs=50, batch=512)
    began = time.monotonic()
    assert studio.window.close()
    took = time.monotonic() - began
    info = read_run(folder)
    assert info.status == "stopped"
    snapshot = load_snapshot(folder)
    assert snapshot.step == info.step >= 2
    snapshot.build()
    assert not studio.window.isVisible()
    assert took < 5  # on an idle machine a fraction of a second


def test_a_run_that_trains_cannot_be_deleted(studio: Studio, qtbot: QtBot) -> None:
    folder = train(studio, qtbot, epochs=50, batch=1024)
    panel = studio.window.panel(ModelsPanel)
    qtbot.waitUntil(lambda: panel.list.currentItem().text() == read_run(folder).name)
    hand.click(panel.remove_button)
    assert "is training" in studio.window.toast.text
    assert folder.is_dir()


def test_a_training_that_cannot_write_says_so_once_and_waits(
    studio: Studio, qtbot: QtBot, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / "runs").write_text("not a folder", "utf-8")
    panel, training = studio.window.panel(TrainPanel), studio.store.training
    held: list[StudioError] = []
    failed: list[StudioError] = []
    training.unsaved.connect(held.append)
    studio.store.failed.connect(failed.append)
    hand.click(panel.controls.train)
    qtbot.waitUntil(lambda: bool(held), timeout=TIMEOUT)
    ticks(training, qtbot, 5)
    assert [error.code for error in held] == ["checkpoint.write"]
    assert training.view.status is TrainStatus.UNSAVED
    assert studio.window.toast.isVisible()
    assert "choose another folder" in studio.window.toast.text
    assert studio.store.state.model == str(shipped("vae-32"))
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)
    assert [error.code for error in failed] == ["train.given_up"]
    assert panel.controls.train.isEnabled()
    assert studio.store.state.model == str(shipped("vae-32"))


def test_a_second_training_clears_the_first(studio: Studio, qtbot: QtBot) -> None:
    panel = studio.window.panel(TrainPanel)
    first = train(studio, qtbot, epochs=50, batch=512)
    wait_for_step(studio, qtbot, 30)
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)
    losses = panel.plots.values()["train"]
    second = train(studio, qtbot, epochs=50, batch=512, variant="cvae")
    assert second != first
    assert panel.plots.values()["train"][0] > losses[0]  # an untrained model's again
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)
    settle(qtbot, studio)
    assert len(studio.store.state.latent.label or ()) == 10


def test_space_trains_pauses_and_goes_on(studio: Studio, qtbot: QtBot) -> None:
    panel, training = studio.window.panel(TrainPanel), studio.store.training
    studio.window.setFocus()
    hand.key(studio.window, Qt.Key.Key_Space)
    wait_for_step(studio, qtbot, 1)
    assert training.view.status is TrainStatus.RUNNING
    studio.window.setFocus()
    hand.key(studio.window, Qt.Key.Key_Space)
    assert training.view.status is TrainStatus.PAUSED
    hand.click(panel.controls.stop)
    wait_for_end(studio, qtbot)


REQUEST = TrainRequest(VARIANTS["vae-2"], TrainConfig(), "vae-2", "vae-2", Path("run"))


@pytest.mark.parametrize(
    ("status", "enabled"),
    [
        (TrainStatus.IDLE, {"train"}),
        (TrainStatus.STARTING, {"stop"}),
        (TrainStatus.RUNNING, {"pause", "stop"}),
        (TrainStatus.PAUSED, {"pause", "stop"}),
        (TrainStatus.UNSAVED, {"pause", "stop"}),
        (TrainStatus.STOPPING, set()),
    ],
)
def test_what_can_be_pressed(studio: Studio, status: TrainStatus, enabled: set[str]) -> None:
    panel = studio.window.panel(TrainPanel)
    request = None if status is TrainStatus.IDLE else REQUEST
    studio.store.training.changed.emit(TrainingView(status, request, steps=10))
    names = ("train", "pause", "stop", "step", "epoch")
    found = {name for name in names if getattr(panel.controls, name).isEnabled()}
    little = {"step", "epoch"} if status in (TrainStatus.IDLE, TrainStatus.PAUSED) else set()
    assert found == enabled | little
    form = panel.form
    assert form.fields["epochs"].isEnabled() is form.variant.isEnabled()
    assert form.variant.isEnabled() is (status is TrainStatus.IDLE)
    live = status in (TrainStatus.IDLE, TrainStatus.RUNNING, TrainStatus.PAUSED)
    assert form.fields["beta"].isEnabled() is form.fields["learning_rate"].isEnabled() is live
    texts = {TrainStatus.PAUSED: "Resume", TrainStatus.UNSAVED: "Save again"}
    assert panel.controls.pause.text() == texts.get(status, "Pause")
    assert studio.window.elsewhere_action.isEnabled() is (status is TrainStatus.UNSAVED)


def test_every_status_is_tested() -> None:
    assert {status.value for status in TrainStatus} == {
        "idle", "starting", "running", "paused", "unsaved", "stopping",
    }  # fmt: skip


def test_the_form_knows_every_variant(studio: Studio) -> None:
    box = studio.window.panel(TrainPanel).form.variant
    for _ in range(box.count()):
        QTest.keyClick(box, Qt.Key.Key_Up)
    for name in VARIANTS:
        assert box.currentText() == name
        assert studio.store.plan.plan == preset(name)
        QTest.keyClick(box, Qt.Key.Key_Down)
