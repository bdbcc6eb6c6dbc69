"""A training that cannot be written is held and loses nothing; one that was saved goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.helpers import (
    Disk,
    content,
    figures,
    kept,
    quick,
    same,
    take_as_mnist,
    tiny,
    trained,
    weights,
)
from tests.workers.conftest import WAIT, Box, Start
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.events import EpochDone, TrainingDone
from vae_studio.core.housekeeping import find_interrupted
from vae_studio.core.lock import RunLock, is_locked
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_run
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS
from vae_studio.workers.train_thread import TrainThread

CONFIG = quick(epochs=3)


@pytest.fixture
def calm(start: Start, tmp_path: Path) -> Path:
    """The same run, which nothing disturbed."""
    thread, _ = start(config=CONFIG, folder=tmp_path / "calm")
    assert thread.wait(WAIT)
    return tmp_path / "calm"


def paused(thread: TrainThread) -> None:
    thread.control.pause()


def at_first(start: Start, qtbot: QtBot, disk: Disk) -> tuple[TrainThread, Box]:
    """Held before there is a run at all."""
    disk.full = True
    return start(config=CONFIG)


def at_an_epochs_end(start: Start, qtbot: QtBot, disk: Disk) -> tuple[TrainThread, Box]:
    thread, box = start(config=CONFIG, before=paused)
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 1, timeout=WAIT)
    disk.full = True
    thread.control.resume()
    return thread, box


def at_the_last_epochs_end(start: Start, qtbot: QtBot, disk: Disk) -> tuple[TrainThread, Box]:
    thread, box = start(config=CONFIG, before=paused)
    for step in range(1, 10):
        thread.control.step_once()
        qtbot.waitUntil(lambda step=step: box.steps == step, timeout=WAIT)  # type: ignore[misc]
    disk.full = True
    thread.control.resume()
    return thread, box


MOMENTS = [at_first, at_an_epochs_end, at_the_last_epochs_end]
Moment = Callable[[Start, QtBot, Disk], tuple[TrainThread, Box]]


def papers(run: Path) -> set[str]:
    """All files of a run but its checkpoints, whose numbers tell how often it was saved."""
    return {name for name in content(run) if not name.startswith("checkpoint/generation")}


def held(box: Box, qtbot: QtBot, times: int = 1) -> None:
    qtbot.waitUntil(lambda: box.held >= times, timeout=WAIT)
    assert {error.code for error in box.unsaved} == {"checkpoint.write"}
    assert box.error is None


def after_a_stop(start: Start, qtbot: QtBot, disk: Disk) -> tuple[TrainThread, Box]:
    """Held at step 6, with the first epoch on disk."""
    thread, box = start(config=CONFIG, before=paused)
    for step in range(1, 7):
        thread.control.step_once()
        qtbot.waitUntil(lambda step=step: box.steps == step, timeout=WAIT)  # type: ignore[misc]
    disk.full = True
    thread.control.stop()
    return thread, box


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_training_that_was_held_goes_on_as_if_nothing_had_been(
    moment: Moment, calm: Path, start: Start, qtbot: QtBot, disk: Disk
) -> None:
    thread, box = moment(start, qtbot, disk)
    held(box, qtbot)
    thread.save_again()
    held(box, qtbot, times=2)
    assert thread.isRunning()
    disk.full = False
    thread.save_again()
    assert thread.wait(WAIT)
    box.empty()
    assert box.saved == [thread.request.folder]
    assert box.error is None
    assert box.events[-1] == TrainingDone("finished", 3, 12)
    assert [event.epoch for event in box.events if isinstance(event, EpochDone)] == [1, 2, 3]
    assert same(kept(thread.request.folder), kept(calm))
    assert figures(thread.request.folder) == figures(calm)
    assert papers(thread.request.folder) == papers(calm)
    assert read_run(thread.request.folder).status == "finished"


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_goes_on_in_another_folder(
    moment: Moment, calm: Path, start: Start, qtbot: QtBot, disk: Disk, tmp_path: Path
) -> None:
    thread, box = moment(start, qtbot, disk)
    held(box, qtbot)
    first, other = thread.request.folder, tmp_path / "other" / "run"
    before = content(first)
    thread.save_in(other)  # on the same disk
    held(box, qtbot, times=2)
    assert not other.exists()
    disk.full = False
    thread.save_in(other)
    assert thread.wait(WAIT)
    box.empty()
    assert box.saved == [other]
    assert box.error is None
    assert same(kept(other), kept(calm))
    assert figures(other) == figures(calm)
    assert papers(other) == papers(calm)
    assert box.snapshots[-1].run == str(other)
    assert not is_locked(other)
    assert not is_locked(first)
    if before:  # what was saved there stays, and is not said to be in training
        assert {**content(first), "config.json": before["config.json"]} == before
        assert (read_run(first).status, read_run(first).can_resume) == ("interrupted", True)
    assert find_interrupted(tmp_path) == []


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_a_folder_that_cannot_be_made_holds_it_until_there_is_one(
    below: str, start: Start, qtbot: QtBot, tmp_path: Path, small: DatasetPair
) -> None:
    (tmp_path / "file").write_text("")
    thread, box = start(folder=tmp_path / below)
    held(box, qtbot)
    assert box.events == []
    assert box.snapshots == []
    (tmp_path / "file").unlink()
    thread.save_again()
    assert thread.wait(WAIT)
    box.empty()
    assert box.events[-1] == TrainingDone("finished", 1, 4)
    state, _ = trained(tiny(VARIANTS["vae-32"]), quick(), small)
    assert same(dict(load_snapshot(tmp_path / below).weights), weights(state))


def test_a_folder_with_something_in_it_is_no_place(
    start: Start, qtbot: QtBot, disk: Disk, tmp_path: Path
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    thread, box = at_an_epochs_end(start, qtbot, disk)
    held(box, qtbot)
    disk.full = False
    thread.save_in(tmp_path / "letters")
    qtbot.waitUntil(lambda: box.held == 2, timeout=WAIT)
    assert box.unsaved[-1].code == "checkpoint.exists"
    assert list(content(tmp_path / "letters")) == ["letter.txt"]
    thread.save_again()
    assert thread.wait(WAIT)
    assert read_run(thread.request.folder).status == "finished"


def test_what_was_pressed_too_often_does_not_count_for_the_next_time(
    start: Start, qtbot: QtBot, disk: Disk, tmp_path: Path
) -> None:
    thread, box = at_an_epochs_end(start, qtbot, disk)
    held(box, qtbot)
    thread.control.pause()
    disk.full = False
    thread.save_in(tmp_path / "other")
    for _ in range(3):
        thread.save_again()
    qtbot.waitUntil(lambda: box.held == 1 and bool(box.saved), timeout=WAIT)
    disk.full = True
    thread.control.resume()
    held(box, qtbot, times=2)
    thread.save_again()
    held(box, qtbot, times=3)
    disk.full = False
    thread.save_again()
    assert thread.wait(WAIT)
    assert disk.refused == 3  # and not once more for each press of before
    assert read_run(tmp_path / "other").status == "finished"


def test_a_stop_that_cannot_be_saved_is_held_too(start: Start, qtbot: QtBot, disk: Disk) -> None:
    thread, box = after_a_stop(start, qtbot, disk)
    held(box, qtbot)
    disk.full = False
    thread.save_again()
    assert thread.wait(WAIT)
    box.empty()
    assert box.events[-1] == TrainingDone("stopped", 1, 6)
    assert load_training(thread.request.folder).state.step == 6
    assert read_run(thread.request.folder).status == "stopped"


@pytest.mark.parametrize(
    ("moment", "step"),
    [(at_first, None), (at_an_epochs_end, 0), (at_the_last_epochs_end, 8), (after_a_stop, 4)],
)
def test_giving_up_ends_it_with_what_was_saved(
    moment: Moment, step: int | None, start: Start, qtbot: QtBot, disk: Disk
) -> None:
    thread, box = moment(start, qtbot, disk)
    held(box, qtbot)
    thread.give_up()
    assert thread.wait(WAIT)
    box.empty()
    folder = thread.request.folder
    assert box.error is not None
    assert box.error.code == "train.given_up"
    assert box.saved == []
    assert not is_locked(folder)
    disk.full = False
    if step is None:
        assert not (folder / "config.json").exists()
        return
    assert load_snapshot(folder).step == step
    assert read_run(folder).can_resume
    thread, box = start(config=CONFIG, resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is None
    assert box.events[-1] == TrainingDone("finished", 3, 12)


@pytest.mark.parametrize(
    ("moment", "step"),
    [(at_first, None), (at_an_epochs_end, 0), (at_the_last_epochs_end, 8), (after_a_stop, 4)],
)
def test_where_it_is_given_up_the_list_says_what_was_saved(
    moment: Moment, step: int | None, start: Start, qtbot: QtBot, disk: Disk
) -> None:
    thread, box = moment(start, qtbot, disk)
    held(box, qtbot)
    disk.full, disk.largest = False, 20_000  # enough for the status, too little for weights
    thread.give_up()
    assert thread.wait(WAIT)
    folder = thread.request.folder
    if step is None:
        assert not (folder / "config.json").exists()
        return
    info = read_run(folder)
    assert (info.status, info.step) == ("failed", step)
    assert info.can_resume


def test_giving_up_saves_what_can_be_saved(start: Start, qtbot: QtBot) -> None:
    thread, box = start(config=quick(epochs=10_000))
    qtbot.waitUntil(lambda: box.steps >= 2, timeout=WAIT)
    thread.give_up()
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is None
    assert load_training(thread.request.folder).state.step == box.steps
    assert read_run(thread.request.folder).status == "stopped"


# Going on with a run --------------------------------------------------------------------------


@pytest.fixture
def cut(start: Start, qtbot: QtBot) -> Path:
    """A run of three epochs, stopped within the second."""
    thread, box = start(config=CONFIG, before=paused)
    for step in range(1, 7):
        thread.control.step_once()
        qtbot.waitUntil(lambda step=step: box.steps == step, timeout=WAIT)  # type: ignore[misc]
    thread.control.stop()
    assert thread.wait(WAIT)
    return thread.request.folder


def test_a_run_goes_on_bit_by_bit(cut: Path, calm: Path, start: Start) -> None:
    thread, box = start(config=CONFIG, resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is None
    assert box.notice is None
    assert [row["epoch"] for row in box.rows] == [1]
    assert (box.snapshots[-1].step, box.steps) == (12, 6)
    assert same(kept(cut), kept(calm))
    assert figures(cut) == figures(calm)
    assert papers(cut) == papers(calm)
    assert read_run(cut).status == "finished"


def test_a_run_whose_newest_checkpoint_is_damaged_goes_on_from_the_one_before(
    cut: Path, calm: Path, start: Start
) -> None:
    newest = max(cut.glob("checkpoint/generation-*"))
    (newest / "training.safetensors").write_bytes(b"nothing")
    thread, box = start(config=CONFIG, resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is None
    assert box.notice is not None
    assert box.notice.code == "checkpoint.older"
    assert box.steps == 8
    assert same(kept(cut), kept(calm))
    assert figures(cut) == figures(calm)


def damage_all(run: Path) -> None:
    for path in run.glob("checkpoint/*/training.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])


def refused(start: Start, folder: Path) -> str:
    """The code with which a run is not taken up again, and nothing in it changes."""
    before = content(folder)
    thread, box = start(folder=folder, config=CONFIG, resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.events == []
    assert box.snapshots == []
    assert box.error is not None
    assert content(folder) == before
    return box.error.code


def test_a_run_that_another_writes_is_left_alone(cut: Path, start: Start) -> None:
    with RunLock(cut):
        assert refused(start, cut) == "runs.locked"
    assert not is_locked(cut)


def test_a_run_that_is_done_is_left_alone(calm: Path, start: Start) -> None:
    assert refused(start, calm) == "runs.finished"
    assert not is_locked(calm)


def test_a_run_without_training_state_is_left_alone(tmp_path: Path, start: Start) -> None:
    state = new_state(tiny(VARIANTS["vae-32"]), CONFIG)
    with RunRecorder(tmp_path / "half", state, "half", weights="float16") as recorder:
        recorder.save()
    assert refused(start, tmp_path / "half") == "checkpoint.no_training"
    assert not is_locked(tmp_path / "half")


def test_a_run_that_is_damaged_is_left_alone(cut: Path, start: Start) -> None:
    damage_all(cut)
    assert refused(start, cut) == "checkpoint.digest"
    assert not is_locked(cut)


def test_what_is_no_run_is_left_alone(tmp_path: Path, start: Start) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("dear")
    assert refused(start, tmp_path / "letters") == "checkpoint.not_a_run"
    assert list(content(tmp_path / "letters")) == ["letter.txt"]


def test_a_run_on_other_images_is_left_alone(
    cut: Path, start: Start, mnist: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_as_mnist(mnist, monkeypatch)
    assert refused(start, cut) == "checkpoint.training"
