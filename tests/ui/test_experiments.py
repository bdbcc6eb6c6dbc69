"""Experiments in the window: arms in turn, stopped and gone on with, on another day too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, settle
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair
from vae_studio.core.experiments import Experiment, experiment, free_experiment
from vae_studio.core.runs import read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.session.trials import read_trials, trials_folder
from vae_studio.ui.experiments import Experiments

pytestmark = pytest.mark.usefixtures("small_mnist")
SPEC = tiny(ModelSpec())


def betas(epochs: int = 1, values: tuple[float, ...] = (0.5, 4)) -> Experiment:
    return free_experiment("beta", values, SPEC, quick(epochs=epochs))


def wait_for_end(qtbot: QtBot, experiments: Experiments) -> None:
    def over() -> bool:
        return experiments.current is None and experiments.can_start

    qtbot.waitUntil(over, timeout=4 * TIMEOUT)


def states(experiments: Experiments) -> list[str]:
    return [arm.status for arm in experiments.arms(experiments.trials[0])]


def test_the_arms_are_trained_in_turn_behind_what_is_shown(studio: Studio, qtbot: QtBot) -> None:
    settle(qtbot, studio)
    experiments, shown = studio.store.experiments, studio.store.state.model
    names: list[str] = []
    studio.store.training.started.connect(lambda request: names.append(request.name))
    with qtbot.waitSignal(experiments.finished, timeout=4 * TIMEOUT) as told:
        experiments.start(betas())
        assert states(experiments) == ["training", "waiting"]
        assert not experiments.can_start
        experiments.start(betas())  # the slot is taken
        assert len(experiments.trials) == 1
    assert told.args == [experiments.trials[0]]
    assert names == ["β: β = 0.5", "β: β = 4"]
    assert states(experiments) == ["finished", "finished"]
    assert [arm.done for arm in experiments.arms(experiments.trials[0])] == [1.0, 1.0]
    folders = experiments.trials[0].folders
    assert [read_run(folder).config.beta for folder in folders] == [0.5, 4.0]
    assert studio.store.state.model == shown
    assert not studio.store.following


def test_one_that_is_stopped_goes_on_where_it_was(studio: Studio, qtbot: QtBot) -> None:
    experiments, training = studio.store.experiments, studio.store.training
    experiments.start(betas(epochs=40))
    qtbot.waitUntil(lambda: training.view.epoch >= 2, timeout=4 * TIMEOUT)
    experiments.stop()
    wait_for_end(qtbot, experiments)
    assert states(experiments) == ["stopped", "waiting"]
    first = experiments.trials[0].folders[0]
    before = read_run(first).step
    assert before > 0
    resumed: list[bool] = []
    training.started.connect(lambda request: resumed.append(request.resume))
    experiments.go_on(experiments.trials[0])
    qtbot.waitUntil(lambda: training.view.step > before, timeout=4 * TIMEOUT)
    experiments.stop()
    wait_for_end(qtbot, experiments)
    assert resumed == [True]
    assert read_run(first).step > before


def test_what_was_tried_is_there_on_another_day(start: Start, qtbot: QtBot) -> None:
    first = start()
    experiments = first.store.experiments
    with qtbot.waitSignal(experiments.finished, timeout=4 * TIMEOUT):
        experiments.start(betas())
    one = experiments.trials
    first.window.close()
    second = start().store.experiments
    qtbot.waitUntil(lambda: second.trials == one)
    assert states(second) == ["finished", "finished"]
    restore = second.forget(one[0])
    assert second.trials == ()
    second._library.shelf.finish_writing()
    assert read_trials() == ()
    restore()
    second._library.shelf.finish_writing()
    assert second.trials == read_trials() == one
    assert all(folder.exists() for folder in one[0].folders)


def test_closing_the_window_stops_it_and_begins_nothing(start: Start, qtbot: QtBot) -> None:
    first = start()
    first.store.experiments.start(betas(epochs=40))
    qtbot.waitUntil(lambda: first.store.training.view.step > 3, timeout=4 * TIMEOUT)
    first.window.close()
    (trial,) = read_trials()
    assert [folder.exists() for folder in trial.folders] == [True, False]
    assert read_run(trial.folders[0]).status == "stopped"


def test_another_run_instead_of_an_arm_ends_the_experiment(studio: Studio, qtbot: QtBot) -> None:
    experiments, training = studio.store.experiments, studio.store.training
    experiments.start(betas(epochs=40))
    qtbot.waitUntil(lambda: training.view.step > 3, timeout=4 * TIMEOUT)
    request = training.view.request
    assert request is not None
    studio.store.launcher.again(request, beta=2.0)
    qtbot.waitUntil(lambda: training.view.beta == 2.0, timeout=4 * TIMEOUT)
    qtbot.waitUntil(lambda: experiments.current is None)
    assert states(experiments) == ["stopped", "waiting"]
    training.stop()
    wait_for_end(qtbot, experiments)


def test_an_arm_whose_loss_is_no_number_is_a_result_and_the_next_begins(
    studio: Studio, qtbot: QtBot
) -> None:
    experiments = studio.store.experiments
    spec = replace(SPEC, hidden=(512, 512, 512, 512))
    wild = free_experiment("learning_rate", [100.0, 1e-3], spec, quick(epochs=1, train_size=1000))
    with qtbot.waitSignal(experiments.finished, timeout=8 * TIMEOUT):
        experiments.start(wild)
    assert states(experiments) == ["failed", "finished"]


def test_a_deleted_arm_is_trained_again(studio: Studio, qtbot: QtBot) -> None:
    experiments, library = studio.store.experiments, studio.store.library
    with qtbot.waitSignal(experiments.finished, timeout=4 * TIMEOUT):
        experiments.start(betas())
    trial = experiments.trials[0]
    infos = [info for info in library.runs() if info.path == trial.folders[1]]
    library.remove(infos, None)
    assert states(experiments) == ["finished", "waiting"]
    with qtbot.waitSignal(experiments.finished, timeout=4 * TIMEOUT):
        experiments.go_on(trial)
    assert states(experiments) == ["finished", "finished"]


def test_a_run_that_is_saved_elsewhere_stays_the_arm_it_is(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    experiments = studio.store.experiments
    experiments.start(betas(epochs=40))
    qtbot.waitUntil(lambda: studio.store.training.view.step > 3, timeout=4 * TIMEOUT)
    studio.store.training.saved.emit(tmp_path / "elsewhere")
    assert experiments.trials[0].folders[0] == tmp_path / "elsewhere"
    studio.store.library.shelf.finish_writing()
    assert read_trials() == experiments.trials
    experiments.stop()
    wait_for_end(qtbot, experiments)


def test_a_record_that_cannot_be_written_is_said_and_the_training_goes_on(
    studio: Studio, qtbot: QtBot, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    trials_folder().write_text("in the way")
    experiments = studio.store.experiments
    with qtbot.waitSignals([experiments.finished, studio.store.failed], timeout=4 * TIMEOUT):
        experiments.start(betas())
    assert states(experiments) == ["finished", "finished"]


def test_the_tutorials_experiments_name_their_runs(
    studio: Studio, qtbot: QtBot, small: DatasetPair
) -> None:
    experiments = studio.store.experiments
    with qtbot.waitSignal(experiments.finished, timeout=8 * TIMEOUT):
        experiments.start(experiment("cvae", quick(epochs=1, train_size=200)))
    infos = [read_run(folder) for folder in experiments.trials[0].folders]
    assert [info.name for info in infos] == [
        "Labels, or not: Without labels",
        "Labels, or not: With labels",
    ]
    assert [info.variant for info in infos] == ["vae-32", "cvae"]
