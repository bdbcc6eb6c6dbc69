"""Going on with a run from the window, also with one whose program was killed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from tests.helpers import content, figures, quick, same, tiny, trained, weights
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.test_models import item, rename
from tests.ui.test_train import wait_for_end, wait_for_step
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core import pictures
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import StudioError
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.variants import VARIANTS
from vae_studio.session.folders import runs_folder
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.train.film import Film
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.panels.train.plots import LossPlots

SPEC, CONFIG = tiny(VARIANTS["vae-32"]), quick(epochs=5)

# Three epochs of five and a step of the fourth; then it waits to be killed.
_TRAINS = """
import sys
from pathlib import Path
from tests.helpers import part
from tests.ui.test_resume import CONFIG, SPEC
from vae_studio.core.control import TrainControl
from vae_studio.core.data import load_dataset
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.trainer import new_state, train
small = part(load_dataset("mnist"), 512, 256)
recorder = RunRecorder(Path(sys.argv[1]), new_state(SPEC, CONFIG), "Cut short", "vae-32")
recorder.save()
for event in train(recorder.state, small, TrainControl()):
    recorder.record(event)
    if recorder.state.step == 13:
        print("trains", flush=True)
        sys.stdin.read()
"""

_HOLDS = """
import sys
from pathlib import Path
from vae_studio.core.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("holds", flush=True)
    sys.stdin.read()
"""


def child(program: str, run: Path) -> subprocess.Popen[str]:
    """Another process, once it has said that it is there."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", program, str(run)]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().split() in (["trains"], ["holds"])
    return process


def killed(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def left_behind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a process that was killed while it trained left behind."""
    folder = tmp_path_factory.mktemp("killed") / "run"
    killed(child(_TRAINS, folder))
    return folder


@pytest.fixture
def cut(left_behind: Path, small_mnist: None, home: Path) -> Path:
    """The same among the user's runs."""
    shutil.copytree(left_behind, home / "runs" / "cut")
    return home / "runs" / "cut"


@pytest.fixture
def holder(cut: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that writes to that run."""
    process = child(_HOLDS, cut)
    yield process
    killed(process)


def edit(run: Path, **values: Any) -> None:
    config = json.loads((run / "config.json").read_text("utf-8"))
    (run / "config.json").write_text(json.dumps({**config, **values}), "utf-8")


def drawn(plots: LossPlots) -> list[float]:
    """The epochs whose test losses are drawn."""
    total = plots.findChildren(pg.PlotWidget)[0]
    (curve,) = [c for c in total.getPlotItem().listDataItems() if c.name() == "test"]
    epochs = curve.getData()[0]
    return [] if epochs is None else [float(epoch) for epoch in epochs]


def is_whole(run: Path, small: DatasetPair) -> bool:
    """Whether a run is, to the bit, one that nothing has cut."""
    state, _ = trained(SPEC, CONFIG, small)
    return same(dict(load_snapshot(run).weights), weights(state))


def test_a_run_that_was_killed_is_offered_and_goes_on_to_its_end(
    cut: Path, start: Start, qtbot: QtBot, small: DatasetPair
) -> None:
    assert read_run(cut).status == "running"
    before = figures(cut)
    studio = start()
    panel, toast = studio.window.panel(TrainPanel), studio.window.toast
    assert toast.isVisible()
    assert toast.text == "“Cut short” was interrupted. It is kept up to epoch 3 of 5."
    assert read_run(cut).status == "interrupted"
    with qtbot.waitSignal(studio.store.training.resumed, timeout=TIMEOUT):
        toast.press_action()
        assert not toast.isVisible()
        request = studio.store.training.view.request
        assert request is not None
        assert (request.folder, request.resume) == (cut, True)
        assert panel.form.fields["epochs"].text() == "5"
    assert panel.film.count >= 3
    wait_for_end(studio, qtbot)
    assert panel.film.count == 5
    rows = read_metrics(cut)
    assert figures(cut)[:3] == before
    epoch, total, reconstruction, kl = panel.plots.values()["test"]
    assert epoch == 5
    assert reconstruction == pytest.approx(rows[-1]["test_reconstruction"])
    assert kl == pytest.approx(rows[-1]["test_kl"])
    assert total == pytest.approx(reconstruction + kl)
    qtbot.waitUntil(lambda: drawn(panel.plots) == [1, 2, 3, 4, 5], timeout=TIMEOUT)
    assert read_run(cut).status == "finished"
    assert is_whole(cut, small)
    assert studio.store.state.model == str(cut)
    assert toast.text.startswith("Training is done")
    settle(qtbot, studio)


def test_the_plots_show_the_epochs_from_before(cut: Path, start: Start, qtbot: QtBot) -> None:
    studio = start()
    training, panel = studio.store.training, studio.window.panel(TrainPanel)
    seen: list[tuple[dict[str, tuple[float, ...]], int]] = []
    training.resumed.connect(lambda _: seen.append((panel.plots.values(), panel.film.count)))
    studio.window.toast.press_action()
    qtbot.waitUntil(lambda: bool(seen), timeout=TIMEOUT)
    ((values, films),) = seen  # before the first step of now
    row = read_metrics(cut)[2]
    losses = (row["train_reconstruction"], row["train_kl"])
    assert values["train"] == pytest.approx((sum(losses), *losses))
    losses = (row["test_reconstruction"], row["test_kl"])
    assert values["test"] == pytest.approx((3, sum(losses), *losses))
    assert films == 3
    qtbot.waitUntil(lambda: drawn(panel.plots)[:3] == [1, 2, 3], timeout=TIMEOUT)
    training.stop()
    wait_for_end(studio, qtbot)


def buttons(studio: Studio) -> list[QToolButton]:
    return [b for b in studio.window.toast.findChildren(QToolButton) if b.isVisible()]


def test_what_is_not_wanted_is_not_offered_again(cut: Path, start: Start) -> None:
    first = start()
    assert first.window.toast.isVisible()
    hand.click(next(b for b in buttons(first) if b.accessibleName() == "Dismiss"))
    assert first.store.training.view.request is None
    first.window.close()
    second = start()
    assert not second.window.toast.isVisible()
    assert "interrupted" in read_run(cut).status
    second.window.panel(ModelsPanel).list.setCurrentItem(item(second, "Cut short"))
    assert second.window.panel(ModelsPanel).resume_button.isEnabled()


def test_of_several_the_newest_is_offered(cut: Path, start: Start) -> None:
    shutil.copytree(cut, cut.with_name("older"))
    edit(cut.with_name("older"), name="Older", created="2020-01-01T00:00:00+00:00")
    studio = start()
    assert "“Cut short”" in studio.window.toast.text
    assert "1 more" in studio.window.toast.text


@pytest.mark.parametrize("status", ["stopped", "failed", "interrupted", "finished"])
def test_after_a_clean_end_nothing_is_offered(status: str, cut: Path, start: Start) -> None:
    edit(cut, status=status)
    before = content(cut)
    studio = start()
    assert not studio.window.toast.isVisible()
    assert content(cut) == before


def test_what_another_process_writes_is_left_alone(
    cut: Path, holder: subprocess.Popen[str], start: Start, qtbot: QtBot
) -> None:
    before = content(cut)
    studio = start()
    panel, toast = studio.window.panel(ModelsPanel), studio.window.toast
    assert not toast.isVisible()
    failed: list[StudioError] = []
    studio.store.failed.connect(failed.append)
    studio.store.library.failed.connect(failed.append)
    rename(studio, qtbot, "Cut short", "Mine now")
    panel.list.setCurrentItem(item(studio, "Cut short"))
    hand.click(panel.remove_button)
    hand.click(panel.resume_button)
    qtbot.waitUntil(lambda: len(failed) == 3, timeout=TIMEOUT)
    wait_for_end(studio, qtbot)
    assert {error.code for error in failed} == {"runs.locked"}
    assert "another window or command" in toast.text
    assert content(cut) == before
    killed(holder)
    panel.list.setCurrentItem(item(studio, "Cut short"))
    hand.click(panel.resume_button)
    wait_for_end(studio, qtbot)
    assert read_run(cut).status == "finished"


@pytest.mark.parametrize(
    ("values", "enabled"),
    [
        ({"status": "stopped"}, True),
        ({"status": "interrupted"}, True),
        ({"status": "failed"}, True),
        ({"status": "finished", "epoch": 5}, False),
        ({"status": "stopped", "epoch": 5}, False),
        ({"status": "stopped", "weights": "float16"}, False),
    ],
)
def test_what_has_something_left_can_be_resumed(
    values: dict[str, Any], enabled: bool, cut: Path, start: Start
) -> None:
    edit(cut, **values)
    studio = start()
    panel = studio.window.panel(ModelsPanel)
    assert panel.list.currentItem().text() == "vae-32"
    assert not panel.resume_button.isEnabled()
    panel.resume_current()
    panel.list.setCurrentItem(item(studio, "Cut short"))
    assert panel.resume_button.isEnabled() is enabled
    if not enabled:
        panel.resume_current()
    assert studio.store.training.view.request is None


def test_models_that_ship_are_not_resumed(studio: Studio) -> None:
    panel = studio.window.panel(ModelsPanel)
    for row in range(panel.list.count()):
        panel.list.setCurrentRow(row)
        assert not panel.resume_button.isEnabled()


def test_while_one_trains_no_other_is_resumed(cut: Path, start: Start, qtbot: QtBot) -> None:
    edit(cut, status="stopped")
    studio = start()
    panel, training = studio.window.panel(ModelsPanel), studio.store.training
    studio.store.launcher.start(SPEC, quick(epochs=10_000), "vae-32")
    wait_for_step(studio, qtbot, 2)
    request = training.view.request
    panel.list.setCurrentItem(item(studio, "Cut short"))
    assert not panel.resume_button.isEnabled()
    panel.resume_current()
    assert training.view.request == request
    training.stop()
    wait_for_end(studio, qtbot)
    panel.list.setCurrentItem(item(studio, "Cut short"))
    assert panel.resume_button.isEnabled()
    (resume,) = [
        a for a in studio.window.findChildren(QAction) if a.text().startswith("&Resume the tr")
    ]
    resume.trigger()
    assert training.view.request is not None
    assert training.view.request.folder == cut
    wait_for_end(studio, qtbot)
    assert read_run(cut).status == "finished"


def test_a_run_that_is_shown_goes_on_where_it_is(cut: Path, start: Start, qtbot: QtBot) -> None:
    edit(cut, status="stopped")
    studio = start()
    show_model(qtbot, studio, cut)
    state = studio.store.state
    hand.click(studio.window.panel(ModelsPanel).resume_button)
    wait_for_end(studio, qtbot)
    settle(qtbot, studio)
    assert studio.store.state.model == state.model == str(cut)
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.epoch == 5


def test_a_damaged_newest_checkpoint_is_told_and_the_one_before_goes_on(
    cut: Path, start: Start, qtbot: QtBot, small: DatasetPair
) -> None:
    edit(cut, status="stopped")
    newest = max(cut.glob("checkpoint/generation-*")) / "model.safetensors"
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")
    studio = start()
    noticed: list[StudioError] = []
    studio.store.noticed.connect(noticed.append)
    show_model(qtbot, studio, cut)
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.epoch == 2
    assert [notice.code for notice in noticed] == ["checkpoint.older"]
    assert "newest checkpoint of Cut short is damaged" in studio.window.toast.text
    hand.click(studio.window.panel(ModelsPanel).resume_button)
    wait_for_end(studio, qtbot)
    assert [notice.code for notice in noticed] == ["checkpoint.older"] * 2
    assert read_run(cut).status == "finished"
    assert is_whole(cut, small)


def test_a_run_of_which_nothing_is_whole_is_told_and_stays(
    cut: Path, start: Start, qtbot: QtBot
) -> None:
    edit(cut, status="stopped")
    for path in cut.glob("checkpoint/*/training.safetensors"):
        path.write_bytes(b"?")
    before = content(cut)
    studio = start()
    panel = studio.window.panel(ModelsPanel)
    panel.list.setCurrentItem(item(studio, "Cut short"))
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as failed:
        hand.click(panel.resume_button)
    wait_for_end(studio, qtbot)
    assert failed.args[0].code == "checkpoint.digest"
    assert content(cut) == before
    assert studio.window.panel(TrainPanel).controls.train.isEnabled()
    assert studio.store.state.model == str(shipped("vae-32"))
    assert runs_folder() == cut.parent


def test_a_run_that_nobody_writes_is_not_said_to_train_elsewhere(
    own_run: Path, studio: Studio
) -> None:
    values = json.loads((own_run / "config.json").read_bytes())
    (own_run / "config.json").write_text(json.dumps({**values, "status": "running"}))
    library = studio.store.library
    assert [info.status for info in library.runs() if info.path == own_run] == ["interrupted"]
    holder = child(_HOLDS, own_run)
    assert [info.status for info in library.runs() if info.path == own_run] == ["running"]
    killed(holder)
    assert [info.status for info in library.runs() if info.path == own_run] == ["interrupted"]


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
def test_samples_that_are_no_pictures_are_left_out_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    os.mkfifo(folder / "epoch-0001.png")
    (folder / "epoch-0002.png").write_bytes(b"no picture")
    pictures.grid(np.zeros((16, 1, 28, 28), np.float32), columns=4).save(folder / "epoch-0003.png")
    film = Film()
    qtbot.addWidget(film)
    film.resume(tmp_path, (1, 28, 28), [1, 2, 3, 4])
    assert film.count == 1
