"""Going back along a training: the line in the plots, the film, the way on from a moment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.cli import main
from vae_studio.core.moments import list_moments
from vae_studio.core.origin import derived_seed
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.variants import VARIANTS
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainStatus

SPEC = tiny(VARIANTS["vae-32"])


@pytest.fixture
def trained(studio: Studio, qtbot: QtBot, small_mnist: None) -> Studio:
    """The app after a run of three epochs, of 4 steps each, that was followed."""
    train(studio, qtbot, epochs=3)
    return studio


def train(studio: Studio, qtbot: QtBot, epochs: int, **changes: Any) -> Path:
    config = quick(epochs=epochs, beta_warmup=1, **changes)
    studio.store.launcher.start(SPEC, config, "vae-32")
    request = studio.store.training.view.request
    assert request is not None
    wait_for_end(studio, qtbot)
    settle(qtbot, studio)
    return request.folder


def wait_for_end(studio: Studio, qtbot: QtBot) -> None:
    view = studio.store.training
    qtbot.waitUntil(lambda: view.view.status is TrainStatus.IDLE, timeout=2 * TIMEOUT)


def go_to(studio: Studio, qtbot: QtBot, step: int) -> None:
    studio.store.time_machine.go_to(step)
    qtbot.waitUntil(lambda: studio.store.time_machine.moment == step, timeout=TIMEOUT)
    settle(qtbot, studio)


def test_the_arrow_keys_go_back_along_the_run(trained: Studio, qtbot: QtBot) -> None:
    store, panel = trained.store, trained.window.panel(TrainPanel)
    machine, state = store.time_machine, store.state
    assert machine.moments == tuple(range(13))
    assert panel.time_bar.isVisible()
    latest = store.snapshot
    assert latest is not None
    panel.plots.area.setFocus()
    QTest.keyClick(panel.plots.area, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: machine.moment == 0, timeout=TIMEOUT)
    QTest.keyClick(panel.plots.area, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: machine.moment == 1, timeout=TIMEOUT)
    settle(qtbot, trained)
    assert store.snapshot is not None
    assert (store.snapshot.run, store.snapshot.step) == (latest.run, 1)
    assert store.state is state  # another moment is no undo step
    assert store.last_decoded is not None
    assert store.last_decoded.request.snapshot is store.snapshot
    assert "step 1" in panel.time_bar.where.text()
    hand.click(panel.time_bar.latest)
    assert machine.moment is None
    assert store.snapshot is latest
    settle(qtbot, trained)


def test_the_drawing_is_encoded_anew_at_each_moment(trained: Studio, qtbot: QtBot) -> None:
    store = trained.store
    store.set_strokes((Stroke(tuple(hand.THREE), 0.08),))
    settle(qtbot, trained)
    codes = []
    for step in (0, 6, 12):
        go_to(trained, qtbot, step)
        assert store.last_encoded is not None
        assert store.last_encoded.request.snapshot.step == step
        codes.append(store.state.latent.z)
    assert len(set(codes)) == 3


def test_the_film_plays_from_the_first_moment_to_the_last(trained: Studio, qtbot: QtBot) -> None:
    machine, bar = trained.store.time_machine, trained.window.panel(TrainPanel).time_bar
    seen: list[int | None] = []
    machine.moment_changed.connect(lambda: seen.append(machine.moment))
    hand.click(bar.play)
    assert machine.playing
    qtbot.waitUntil(lambda: not machine.playing, timeout=TIMEOUT)
    assert seen == list(range(13))
    settle(qtbot, trained)


def test_a_stopped_film_stays_where_it_is(trained: Studio, qtbot: QtBot) -> None:
    machine, bar = trained.store.time_machine, trained.window.panel(TrainPanel).time_bar
    hand.click(bar.play)
    qtbot.waitUntil(lambda: (machine.moment or 0) >= 3, timeout=TIMEOUT)
    hand.click(bar.play)
    assert not machine.playing
    settle(qtbot, trained)
    assert machine.moment in (3, 4)


def test_a_branch_goes_on_from_the_moment_that_is_shown(trained: Studio, qtbot: QtBot) -> None:
    store, bar = trained.store, trained.window.panel(TrainPanel).time_bar
    parent = Path(store.state.model)
    go_to(trained, qtbot, 8)
    store.plan.set_value("epochs", 2)
    store.plan.set_value("device", "cpu")
    hand.click(bar.branch)
    request = store.training.view.request
    assert request is not None
    assert request.config.seed == derived_seed(0, 8)
    wait_for_end(trained, qtbot)
    info = read_run(request.folder)
    assert info.origin is not None
    assert (info.origin.folder, info.origin.step, info.origin.epoch) == (parent.name, 8, 2)
    assert info.origin.seed == 0
    rows, before = read_metrics(request.folder), read_metrics(parent)
    assert rows[0]["train_reconstruction"] < before[0]["train_reconstruction"]  # it had learnt
    settle(qtbot, trained)


def test_a_branch_at_an_epoch_takes_the_weights_that_were_kept(
    trained: Studio, qtbot: QtBot
) -> None:
    store = trained.store
    parent = Path(store.state.model)
    store.launcher.branch_at_epoch(parent, 2, hidden_dropout=0.2, epochs=1)
    request = store.training.view.request
    assert request is not None
    wait_for_end(trained, qtbot)
    info = read_run(request.folder)
    assert info.origin is not None
    assert (info.origin.epoch, info.origin.step) == (2, 8)
    assert (info.spec.hidden_dropout, info.config.epochs) == (0.2, 1)
    (parent / "history" / "step-000000008.safetensors").unlink()
    with qtbot.waitSignal(store.failed) as failed:
        store.launcher.branch_at_epoch(parent, 2)
    assert failed.args[0].code == "train.no_moment"
    settle(qtbot, trained)


def test_a_run_that_is_opened_shows_how_it_was_trained(trained: Studio, qtbot: QtBot) -> None:
    store, panel = trained.store, trained.window.panel(TrainPanel)
    own = Path(store.state.model)
    show_model(qtbot, trained, shipped("vae-2"))
    qtbot.waitUntil(lambda: store.time_machine.folder == shipped("vae-2"), timeout=TIMEOUT)
    row = read_metrics(shipped("vae-2"))[-1]
    assert panel.plots.values()["test"][0] == row["epoch"] == 50
    assert panel.plots.values()["test"][3] == row["test_kl"]
    assert store.time_machine.moments == ()
    assert not panel.time_bar.isVisible()
    show_model(qtbot, trained, own)
    qtbot.waitUntil(lambda: store.time_machine.folder == own, timeout=TIMEOUT)
    assert panel.plots.values()["test"][0] == 3
    assert store.time_machine.moments == list_moments(own)
    assert panel.film.count == 3


def test_a_moment_that_is_gone_says_so(trained: Studio, qtbot: QtBot) -> None:
    own = Path(trained.store.state.model)
    (own / "history" / "step-000000005.safetensors").unlink()
    with qtbot.waitSignal(trained.store.failed) as failed:
        trained.store.time_machine.go_to(5)
    assert failed.args[0].code == "checkpoint.no_moment"


def test_looking_back_does_not_stop_what_trains(
    studio: Studio, qtbot: QtBot, small_mnist: None
) -> None:
    store = studio.store
    store.launcher.start(SPEC, quick(epochs=5000), "vae-32")
    qtbot.waitUntil(lambda: len(store.time_machine.moments) > 3, timeout=2 * TIMEOUT)
    go_to(studio, qtbot, 0)
    assert not store.following
    step = store.training.view.step
    qtbot.waitUntil(lambda: store.training.view.step > step + 20, timeout=TIMEOUT)
    assert store.snapshot is not None
    assert store.snapshot.step == 0
    hand.click(studio.window.panel(TrainPanel).time_bar.latest)
    assert store.following
    qtbot.waitUntil(lambda: store.snapshot is not None and store.snapshot.step > step)
    store.training.stop()
    wait_for_end(studio, qtbot)
    settle(qtbot, studio)


def test_what_was_changed_and_branched_in_the_window_is_repeated_by_the_command_line(
    studio: Studio, qtbot: QtBot, small_mnist: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """β from 1 to 4 in mid-run, then a branch of it, changed again."""
    store, panel = studio.store, studio.window.panel(TrainPanel)
    plan = store.plan
    plan.choose("vae-2")
    for name, value in {
        "epochs": 6,
        "batch_size": 128,
        "device": "cpu",
        "hidden": (48, 24),
    }.items():
        plan.set_value(name, value)
    hand.click(panel.controls.epoch)
    parent = held_after(studio, qtbot, epoch=1)
    beta = panel.form.fields["beta"]
    hand.click(beta)
    beta.selectAll()
    QTest.keyClicks(beta, "4")
    QTest.keyClick(beta, Qt.Key.Key_Return)
    hand.click(panel.controls.step)
    qtbot.waitUntil(lambda: store.training.view.step == 5, timeout=TIMEOUT)
    hand.click(panel.controls.pause)  # which says Resume
    wait_for_end(studio, qtbot)
    assert read_run(parent).journal == ((5, "beta", 4.0),)
    assert plan.plan.config.beta == 1.0  # the form is for the next run again
    settle(qtbot, studio)

    go_to(studio, qtbot, 12)
    hand.click(panel.controls.branch)
    branch = store.training.view.request
    assert branch is not None
    wait_for_end(studio, qtbot)
    for run, epochs in ((parent, 6), (branch.folder, 6)):
        assert main(["repeat", str(run)]) == 0
        out = capsys.readouterr().out
        assert out.count("the same numbers") == epochs
        assert "bit for bit" in out
    settle(qtbot, studio)


def held_after(studio: Studio, qtbot: QtBot, epoch: int) -> Path:
    training = studio.store.training
    request = training.view.request
    assert request is not None
    qtbot.waitUntil(lambda: training.view.status is TrainStatus.PAUSED, timeout=2 * TIMEOUT)
    qtbot.waitUntil(lambda: len(read_metrics(request.folder)) == epoch, timeout=2 * TIMEOUT)
    return request.folder


@pytest.mark.parametrize("mean_bias", [False, True])
def test_the_same_start_begins_with_the_same_weights(
    mean_bias: bool, studio: Studio, qtbot: QtBot, small_mnist: None
) -> None:
    """Whatever the forms say by then of seed and bias."""
    train(studio, qtbot, epochs=1, mean_bias=mean_bias)
    store, panel = studio.store, studio.window.panel(TrainPanel)
    parent = Path(store.state.model)
    store.plan.set_value("mean_bias", not mean_bias)
    store.plan.set_value("epochs", 1)
    store.plan.set_value("seed", 77)
    store.plan.set_value("beta", 3.0)
    store.plan.set_value("device", "cpu")
    hand.click(panel.controls.restart)
    request = store.training.view.request
    assert request is not None
    wait_for_end(studio, qtbot)
    assert (request.spec, request.config.seed, request.config.beta) == (SPEC, 0, 3.0)
    first = [path / "history" / "step-000000000.safetensors" for path in (parent, request.folder)]
    assert first[0].read_bytes() == first[1].read_bytes()
    settle(qtbot, studio)


def test_how_much_is_kept_of_a_run_is_chosen_in_the_menu_and_remembered(
    start: Start, qtbot: QtBot, small_mnist: None
) -> None:
    def choose(studio: Studio, text: str) -> None:
        (action,) = (a for a in studio.window.findChildren(QAction) if a.text() == text)
        action.trigger()

    first = start()
    settle(qtbot, first)
    assert len(list_moments(train(first, qtbot, epochs=1))) == 5
    choose(first, "None")
    folder = train(first, qtbot, epochs=1)
    assert list_moments(folder) == ()
    assert not (folder / "history").exists()
    first.window.close()
    second = start()
    assert second.store.training.moment_bytes == 0
    choose(second, "Up to 40 MB")
    assert second.store.training.moment_bytes == 40_000_000
