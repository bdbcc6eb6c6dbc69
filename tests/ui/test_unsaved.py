"""A training whose run cannot be written waits in the window until it can; nothing is lost."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThread
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from tests.helpers import Disk, figures, quick, same, tiny, trained, weights
from tests.ui import hand
from tests.ui.conftest import end
from tests.ui.test_train import wait_for_end, wait_for_step
from tests.ui.waits import TIMEOUT, settle, shipped
from vae_studio.app import Studio, build, make_application
from vae_studio.core import recorder
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import StudioError
from vae_studio.core.lock import is_locked
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_run
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.training import TrainStatus

SPEC = tiny(VARIANTS["vae-32"])
CONFIG = quick(epochs=5)

pytestmark = pytest.mark.usefixtures("small_mnist")


def begin(studio: Studio, config: TrainConfig = CONFIG) -> Path:
    """Train; returns the run's folder."""
    studio.store.launcher.start(SPEC, config, "vae-32")
    request = studio.store.training.view.request
    assert request is not None
    return request.folder


class Filling(Disk):
    """A disk that is full from the moment on when the third epoch is to be saved."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self._write = recorder.write_bytes

    def write(self, path: Path, content: bytes) -> None:
        """What ``recorder.write_bytes`` is meanwhile."""
        if path.name == "epoch-0003.png" and not self.reached.is_set():
            self.full = True
            self.reached.set()
            assert self.go_on.wait(TIMEOUT / 1000)
        self._write(path, content)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Filling:
    disk = Filling()
    monkeypatch.setattr(os, "fsync", disk.fsync)
    monkeypatch.setattr(recorder, "write_bytes", disk.write)
    return disk


def hold(studio: Studio, qtbot: QtBot) -> Path:
    """Train until the disk is full at the end of the third epoch."""
    folder = begin(studio)
    is_held(studio, qtbot)
    return folder


def is_held(studio: Studio, qtbot: QtBot) -> None:
    training = studio.store.training
    qtbot.waitUntil(lambda: training.view.status is TrainStatus.UNSAVED, timeout=TIMEOUT)


def buttons(studio: Studio) -> dict[str, QToolButton]:
    """What the message lets one press, by its text."""
    found = studio.window.toast.findChildren(QToolButton)
    return {button.text(): button for button in found if button.isVisible() and button.text()}


def pressable(studio: Studio) -> set[str]:
    panel = studio.window.panel(TrainPanel)
    found = {
        name for name in ("train", "pause", "stop") if getattr(panel.controls, name).isEnabled()
    }
    return found | ({"elsewhere"} if studio.window.elsewhere_action.isEnabled() else set())


def listed(studio: Studio) -> dict[Path, bool]:
    """The user's runs in the list, and whether it says that they train."""
    models = studio.window.panel(ModelsPanel).list
    items = [models.item(row) for row in range(models.count())]
    runs = [(item.data(Qt.ItemDataRole.UserRole), item.toolTip()) for item in items]
    return {info.path: "in training" in tip for info, tip in runs if not info.bundled}


def is_undisturbed(run: Path, small: DatasetPair) -> bool:
    """Whether a finished run is, to the bit, one that was never held."""
    state, _ = trained(SPEC, CONFIG, small)
    epochs = [row["epoch"] for row in figures(run)]
    return epochs == list(range(1, 6)) and same(dict(load_snapshot(run).weights), weights(state))


def test_a_full_disk_holds_the_training_and_says_what_to_do(
    studio: Studio, qtbot: QtBot, disk: Filling, small: DatasetPair
) -> None:
    panel, training, toast = (
        studio.window.panel(TrainPanel),
        studio.store.training,
        studio.window.toast,
    )
    assert pressable(studio) == {"train"}
    folder = hold(studio, qtbot)
    qtbot.waitUntil(toast.isVisible, timeout=TIMEOUT)
    assert "No space left on device" in toast.text
    assert str(folder) in toast.text
    assert "waits" in toast.text
    assert list(buttons(studio)) == ["Save elsewhere…", "Try again"]
    assert pressable(studio) == {"pause", "stop", "elsewhere"}
    assert panel.controls.pause.text() == "Save again"
    assert "cannot be saved" in panel.controls.progress.text()
    assert "cannot be saved" in studio.window.status.progress.text()
    assert training.view.step == 12
    told: list[StudioError] = []
    training.unsaved.connect(told.append)
    hand.click(buttons(studio)["Try again"])  # still full
    qtbot.waitUntil(lambda: bool(told), timeout=TIMEOUT)
    assert training.view.status is TrainStatus.UNSAVED
    assert training.view.step == 12
    assert list(buttons(studio)) == ["Save elsewhere…", "Try again"]
    disk.full = False
    with qtbot.waitSignal(training.saved, timeout=TIMEOUT):
        hand.click(buttons(studio)["Try again"])
    assert pressable(studio) in ({"pause", "stop"}, {"train"})
    wait_for_end(studio, qtbot)
    assert read_run(folder).status == "finished"
    assert is_undisturbed(folder, small)
    assert panel.film.count == 5
    settle(qtbot, studio)


@pytest.mark.parametrize("way", ["button", "space"])
def test_the_middle_button_saves_again(
    way: str, studio: Studio, qtbot: QtBot, disk: Filling
) -> None:
    folder = hold(studio, qtbot)
    hand.click(next(b for b in studio.window.toast.findChildren(QToolButton) if not b.text()))
    disk.full = False
    with qtbot.waitSignal(studio.store.training.saved, timeout=TIMEOUT) as saved:
        if way == "button":
            hand.click(studio.window.panel(TrainPanel).controls.pause)
        else:
            studio.window.panel(TrainPanel).start_or_pause()
    assert saved.args == [folder]
    assert studio.window.panel(TrainPanel).controls.pause.text() == "Pause"
    assert "goes on" in studio.window.toast.text
    wait_for_end(studio, qtbot)
    assert read_run(folder).status == "finished"


def test_it_is_saved_elsewhere_and_goes_on_there(
    studio: Studio, qtbot: QtBot, disk: Filling, small: DatasetPair, tmp_path: Path
) -> None:
    first = hold(studio, qtbot)
    place = tmp_path / "stick"
    place.mkdir()
    disk.full = False
    assert listed(studio) == {first: True}
    seen: list[dict[Path, bool]] = []
    studio.store.training.saved.connect(lambda _: seen.append(listed(studio)))
    with qtbot.waitSignal(studio.store.training.saved, timeout=TIMEOUT) as saved:
        studio.store.launcher.save_in(place)
    other = saved.args[0]
    assert other.parent == place
    assert seen == [{first: False, other: True}]
    assert str(other) in studio.window.toast.text
    wait_for_end(studio, qtbot)
    assert read_run(other).status == "finished"
    assert is_undisturbed(other, small)
    assert studio.store.state.model == str(other)
    assert read_run(first).can_resume  # as far as it had come there
    assert not is_locked(first)
    settle(qtbot, studio)


def test_a_place_is_chosen_in_a_dialog(
    studio: Studio, qtbot: QtBot, disk: Filling, tmp_path: Path
) -> None:
    hold(studio, qtbot)
    place = tmp_path / "stick"
    place.mkdir()
    hand.click(buttons(studio)["Save elsewhere…"])
    (dialog,) = studio.window.findChildren(QFileDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert not studio.window.toast.isVisible()
    dialog.reject()  # on second thoughts
    assert list(buttons(studio)) == ["Save elsewhere…", "Try again"]
    assert studio.store.training.view.status is TrainStatus.UNSAVED
    qtbot.waitUntil(lambda: not studio.window.findChildren(QFileDialog))
    disk.full = False
    studio.window.elsewhere_action.trigger()
    (dialog,) = studio.window.findChildren(QFileDialog)
    qtbot.waitUntil(dialog.isVisible)
    dialog.setDirectory(str(place.parent))
    dialog.selectFile(str(place))
    with qtbot.waitSignal(studio.store.training.saved, timeout=TIMEOUT) as saved:
        dialog.accept()
    assert saved.args[0].parent == place
    wait_for_end(studio, qtbot)
    assert read_run(saved.args[0]).status == "finished"


def test_a_place_that_cannot_be_written_asks_again(
    studio: Studio, qtbot: QtBot, disk: Filling, tmp_path: Path
) -> None:
    folder = hold(studio, qtbot)
    disk.full = False
    (tmp_path / "file").write_text("")
    with qtbot.waitSignal(studio.store.training.unsaved, timeout=TIMEOUT):
        studio.store.launcher.save_in(tmp_path / "file")
    assert str(tmp_path / "file") in studio.window.toast.text
    assert list(buttons(studio)) == ["Save elsewhere…", "Try again"]
    hand.click(buttons(studio)["Try again"])  # in its own folder
    wait_for_end(studio, qtbot)
    assert read_run(folder).status == "finished"


def test_a_stop_gives_up_what_cannot_be_saved(studio: Studio, qtbot: QtBot, disk: Filling) -> None:
    folder = hold(studio, qtbot)
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as failed:
        hand.click(studio.window.panel(TrainPanel).controls.stop)
    wait_for_end(studio, qtbot)
    assert failed.args[0].code == "train.given_up"
    assert "what was saved before is kept" in studio.window.toast.text
    assert pressable(studio) == {"train"}
    disk.full = False
    assert load_snapshot(folder).epoch == load_training(folder).state.epoch == 2
    assert not is_locked(folder)


def test_a_stop_that_cannot_be_saved_is_held_first(
    studio: Studio, qtbot: QtBot, disk: Filling
) -> None:
    folder = begin(studio, quick(epochs=10_000, batch_size=8))
    wait_for_step(studio, qtbot, 3)
    disk.full = True
    hand.click(studio.window.panel(TrainPanel).controls.stop)
    is_held(studio, qtbot)
    assert pressable(studio) == {"pause", "stop", "elsewhere"}
    step = studio.store.training.view.step
    disk.full = False
    hand.click(buttons(studio)["Try again"])
    wait_for_end(studio, qtbot)
    info = read_run(folder)
    assert (info.status, info.step) == ("stopped", step)


def test_closing_the_window_ends_it_with_what_was_saved(
    studio: Studio, qtbot: QtBot, disk: Filling
) -> None:
    folder = hold(studio, qtbot)
    began = time.monotonic()
    assert studio.window.close()
    assert time.monotonic() - began < 5  # on an idle machine a fraction of a second
    assert not studio.window.isVisible()
    disk.full = False
    assert load_snapshot(folder).epoch == load_training(folder).state.epoch == 2
    assert not is_locked(folder)
    assert read_run(folder).can_resume


def test_a_pause_outlasts_being_held(studio: Studio, qtbot: QtBot, disk: Filling) -> None:
    training = studio.store.training
    disk.go_on.clear()
    folder = begin(studio)
    qtbot.waitUntil(disk.reached.is_set, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: training.view.can_pause, timeout=TIMEOUT)
    training.pause_or_resume()
    disk.go_on.set()
    is_held(studio, qtbot)
    training.pause_or_resume()  # there is nothing to pause or resume now
    assert training.view.status is TrainStatus.UNSAVED
    disk.full = False
    with qtbot.waitSignal(training.saved, timeout=TIMEOUT):
        training.save_again()
    assert training.view.status is TrainStatus.PAUSED
    training.pause_or_resume()
    wait_for_end(studio, qtbot)
    assert read_run(folder).status == "finished"


# Before torch is loaded -----------------------------------------------------------------------


@pytest.fixture
def early(qtbot: QtBot, home: Path) -> Iterator[Studio]:
    """The window, and nothing behind it yet."""
    studio = build(make_application(), seed=7)
    with qtbot.waitExposed(studio.window):
        studio.window.show()
    yield studio
    end(studio)


def threads(studio: Studio) -> list[QThread]:
    found = studio.store.findChildren(QThread)
    return [thread for thread in found if thread.isRunning()]


@pytest.mark.parametrize("way", ["stop", "close"])
def test_what_is_pressed_before_torch_is_loaded_can_be_taken_back(
    way: str, early: Studio, qtbot: QtBot
) -> None:
    panel, training = early.window.panel(TrainPanel), early.store.training
    hand.click(panel.controls.train)
    assert training.view.status is TrainStatus.STARTING
    assert pressable(early) == {"stop"}
    assert threads(early) == []
    request = training.view.request
    assert request is not None
    if way == "stop":
        hand.click(panel.controls.stop)
        assert early.window.toast.text == "Training stopped before its first step."
    else:
        early.window.close()
    assert training.view.status is TrainStatus.IDLE
    assert threads(early) == []
    training.set_ready()
    assert threads(early) == []
    assert not request.folder.exists()
    assert pressable(early) == {"train"}


def test_what_is_pressed_before_torch_is_loaded_begins_then(early: Studio, qtbot: QtBot) -> None:
    early.store.launcher.start(SPEC, quick(), "vae-32")
    first = early.store.training.view.request
    assert first is not None
    early.store.launcher.start(SPEC, quick(epochs=2), "vae-32")  # one at a time
    assert early.store.training.view.request == first
    assert threads(early) == []
    early.lifecycle.begin()
    wait_for_end(early, qtbot)
    assert read_run(first.folder).status == "finished"
    assert early.store.state.model in (str(first.folder), str(shipped("vae-32")))


def test_a_training_after_one_that_was_taken_back_runs(early: Studio, qtbot: QtBot) -> None:
    early.store.launcher.start(SPEC, quick(), "vae-32")
    early.store.training.stop()
    early.store.launcher.start(SPEC, quick(), "vae-32")
    request = early.store.training.view.request
    assert request is not None
    early.lifecycle.begin()
    wait_for_end(early, qtbot)
    assert read_run(request.folder).status == "finished"
