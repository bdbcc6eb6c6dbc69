"""A real, short training on a thread: steered from here, told by mail, kept on disk."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from pytestqt.qtbot import QtBot

from tests.helpers import content, quick, same, tiny, trained, weights
from tests.workers.conftest import WAIT, Start
from vae_studio.core import data, learner, losses, recorder, resume, trainer
from vae_studio.core import snapshot as snapshots
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.datasets.idx import ShouldStop
from vae_studio.core.datasets.table import DATASETS, MNIST, Halves
from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.lock import is_locked
from vae_studio.core.resume import load_training
from vae_studio.core.runs import read_run
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state
from vae_studio.core.variants import VARIANTS
from vae_studio.workers import train_thread
from vae_studio.workers.train_thread import Mail, Mailbox


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_a_run_from_start_to_end(spec: ModelSpec, start: Start, small: DatasetPair) -> None:
    thread, box = start(spec, quick(epochs=2))
    assert thread.wait(WAIT)
    box.empty()
    state, events = trained(tiny(spec), quick(epochs=2), small)
    assert [type(event) for event in box.events] == [type(event) for event in events]
    assert [event for event in box.events if isinstance(event, StepDone)] == [
        event for event in events if isinstance(event, StepDone)
    ]
    assert box.error is None
    assert box.steps_per_epoch == 4
    last = box.snapshots[-1]
    assert (last.epoch, last.step, last.name) == (2, 8, "My run")
    assert last.evaluation == events[-2].test  # type: ignore[union-attr]
    assert same(dict(last.weights), weights(state))  # a thread changes no bit
    loaded = load_snapshot(thread.request.folder)
    assert same(dict(loaded.weights), dict(last.weights))
    info = read_run(thread.request.folder)
    assert (info.status, info.variant, info.name) == ("finished", "row", "My run")


def test_stopping_keeps_the_model(start: Start, qtbot: QtBot) -> None:
    thread, box = start(config=quick(epochs=10_000))
    qtbot.waitUntil(lambda: box.steps >= 2, timeout=WAIT)
    thread.control.stop()
    assert thread.wait(WAIT)
    box.empty()
    done = box.events[-1]
    assert isinstance(done, TrainingDone)
    assert done.reason == "stopped"
    loaded = load_snapshot(thread.request.folder)
    assert loaded.step == done.step == box.snapshots[-1].step
    assert same(dict(loaded.weights), dict(box.snapshots[-1].weights))
    assert load_training(thread.request.folder).state.step == done.step
    assert read_run(thread.request.folder).status == "stopped"


def test_pausing_holds_and_a_stop_ends_the_pause(start: Start, qtbot: QtBot) -> None:
    thread, box = start(config=quick(epochs=10_000), before=lambda thread: thread.control.pause())
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 1, timeout=WAIT)
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 2, timeout=WAIT)
    assert thread.isRunning()
    assert box.steps == 2
    thread.control.resume()
    qtbot.waitUntil(lambda: box.steps > 6, timeout=WAIT)
    thread.control.pause()
    thread.control.stop()
    assert thread.wait(WAIT)


def test_a_stop_before_the_start_makes_no_folder(start: Start) -> None:
    thread, box = start(before=lambda thread: thread.control.stop())
    assert thread.wait(WAIT)
    box.empty()
    assert box.events == [TrainingDone("stopped", 0, 0)]
    assert not thread.request.folder.exists()


def test_changes_reach_the_run_and_its_record(start: Start, qtbot: QtBot) -> None:
    thread, box = start(before=lambda thread: thread.control.set("beta", 5.0))
    assert thread.wait(WAIT)
    box.empty()
    assert {event.beta for event in box.events if isinstance(event, StepDone)} == {5.0}
    assert read_run(thread.request.folder).journal == ((1, "beta", 5.0),)


def test_snapshots_come_at_each_epochs_end_with_its_figures(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        Mailbox, "put", lambda self, event=None, snapshot=None, **_: put.append((event, snapshot))
    )
    monkeypatch.setattr(train_thread, "_SNAPSHOT_EVERY", 1e9)
    thread, _ = start(config=quick(epochs=2))
    assert thread.wait(WAIT)
    with_snapshot = [(type(event), snapshot.step) for event, snapshot in put if snapshot]
    assert with_snapshot == [(type(None), 0), (EpochDone, 4), (EpochDone, 8)]
    for event, snapshot in put:
        if isinstance(event, EpochDone):
            assert snapshot.evaluation == event.test


def test_snapshots_come_between_when_they_are_due(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_thread, "_SNAPSHOT_EVERY", 0.0)
    put: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        Mailbox, "put", lambda self, event=None, snapshot=None, **_: put.append((event, snapshot))
    )
    thread, _ = start()
    assert thread.wait(WAIT)
    steps = [(event, snapshot) for event, snapshot in put if isinstance(event, StepDone)]
    assert [snapshot.step for _, snapshot in steps] == [1, 2, 3, 4]
    assert all(snapshot.evaluation is None for _, snapshot in steps)


class Fault:
    """Stands in for a function, and fails from its n-th call on."""

    def __init__(self, function: Callable[..., Any], error: BaseException, good: int = 0) -> None:
        self._function, self._error, self._good = function, error, good

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._good -= 1
        if self._good < 0:
            raise self._error
        return self._function(*arguments, **named)


class Panic(BaseException):
    """As safetensors raises it where it gets no memory; no ``Exception``."""


class Stage(NamedTuple):
    """Where a fault comes. good: calls before it. kept: epoch and step of the checkpoint that is
    whole, None where there is no run yet."""

    module: Any
    name: str
    good: int = 0
    kept: tuple[int, int] | None = None


STAGES = {
    "loading the data": Stage(data, "load_dataset"),
    "making the state": Stage(trainer, "new_state"),
    "before the first step": Stage(trainer, "steps_per_epoch", 0, (0, 0)),
    "in the first step": Stage(learner, "loss_terms", 0, (0, 0)),
    "in a step of the second epoch": Stage(learner, "loss_terms", 6, (1, 4)),
    "measuring the first epoch": Stage(trainer, "evaluate", 0, (0, 0)),
    "measuring the second epoch": Stage(trainer, "evaluate", 1, (1, 4)),
    "drawing an epoch's samples": Stage(recorder, "grid", 1, (1, 4)),
    "packing the training state": Stage(recorder, "training_bytes", 1, (0, 0)),
    "the first capture": Stage(snapshots, "capture", 0, (0, 0)),
    "a later capture": Stage(snapshots, "capture", 2, (2, 8)),
}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError("bug"), "worker.unexpected"),
        (MemoryError(), "train.memory"),
        (Panic("PyObject pointer is null"), "worker.unexpected"),
    ],
    ids=["bug", "memory", "panic"],
)
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_any_fault_is_told_and_what_was_saved_stays_whole(
    stage: Stage,
    error: BaseException,
    code: str,
    start: Start,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = getattr(stage.module, stage.name)
    monkeypatch.setattr(stage.module, stage.name, Fault(good, error, stage.good))
    monkeypatch.setattr(train_thread, "_SNAPSHOT_EVERY", 1e9)
    thread, box = start(config=quick(epochs=3))
    assert thread.wait(WAIT)
    box.empty()
    told = box.error or box.events[-1]
    assert told.code == code
    monkeypatch.undo()
    folder = tmp_path / "run"
    if stage.kept is None:
        assert not folder.exists()
        return
    assert not is_locked(folder)
    info, found = read_run(folder), load_training(folder)
    assert info.status == "failed"
    assert info.can_resume
    assert not found.older
    if code == "train.memory":  # where the step can be told from its failure, it is kept, too
        assert (found.state.epoch, found.state.step) >= stage.kept
    else:
        assert (found.state.epoch, found.state.step) == stage.kept
    assert load_snapshot(folder).step == found.state.step


def test_a_fault_while_a_run_is_taken_up_again_lets_go_of_it(
    start: Start, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, box = start(before=lambda thread: thread.control.pause())
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 1, timeout=WAIT)
    thread.control.stop()
    assert thread.wait(WAIT)
    before = content(tmp_path / "run")
    monkeypatch.setattr(resume, "new_state", Fault(new_state, ZeroDivisionError("bug")))
    thread, box = start(resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == "worker.unexpected"
    assert not is_locked(tmp_path / "run")
    assert content(tmp_path / "run") == before


def test_without_torch_it_says_so(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data", "trainer"):  # all that needs torch
        monkeypatch.setitem(sys.modules, f"vae_studio.core.{name}", None)
    thread, box = start()
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == "worker.no_torch"


def test_a_run_goes_on_with_the_images_it_began_with_and_no_others(
    start: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, box = start(before=lambda thread: thread.control.pause())
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 1, timeout=WAIT)
    thread.control.stop()
    assert thread.wait(WAIT)
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], digest="0" * 64))
    thread, box = start(resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == "data.other"
    monkeypatch.delitem(DATASETS, "mnist")
    thread, box = start(resume=True)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == "data.gone"


def test_what_comes_of_a_run_learns_its_images_and_no_others(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, box = start()
    assert thread.wait(WAIT)
    box.empty()
    last, run = box.snapshots[-1], thread.request.folder
    ways: tuple[dict[str, Any], ...] = (
        {"branch": train_thread.Branch(run, last.step, last)},
        {"branch": train_thread.Branch(run, last.step)},
        {"again": run},
    )
    known = DATASETS["mnist"]
    for number, way in enumerate(ways):
        monkeypatch.setitem(DATASETS, "mnist", replace(known, digest="0" * 64))
        thread, box = start(folder=tmp_path / f"refused-{number}", **way)
        assert thread.wait(WAIT)
        box.empty()
        assert box.error is not None
        assert box.error.code == "data.other"
    monkeypatch.setitem(DATASETS, "mnist", known)
    thread, box = start(folder=tmp_path / "branch", **ways[0])
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is None


def test_what_is_learnt_stays_what_it_was_when_the_set_is_removed(
    start: Start, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_thread, "_SNAPSHOT_EVERY", 0.0)
    thread, box = start(before=lambda thread: thread.control.pause())
    thread.control.step_once()
    qtbot.waitUntil(lambda: box.steps == 1, timeout=WAIT)
    learnt = box.snapshots[-1].data
    assert learnt is not None
    for now in (replace(DATASETS["mnist"], digest="0" * 64), None):
        if now:
            monkeypatch.setitem(DATASETS, "mnist", now)
        else:
            monkeypatch.delitem(DATASETS, "mnist")
        steps = box.steps
        thread.control.step_once()

        def is_there(step: int = steps + 1) -> bool:
            return box.steps == step == box.snapshots[-1].step

        qtbot.waitUntil(is_there, timeout=WAIT)
        assert box.snapshots[-1].data == learnt


def test_a_stop_while_the_data_loads_is_obeyed_at_once(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = []
    for _ in range(3):  # a busy machine may be slow once
        amid, asked = threading.Event(), itertools.count()

        def load(should_stop: ShouldStop, amid: Any = amid, asked: Any = asked) -> Halves:
            def stopped() -> bool:
                if next(asked) == 30:  # of a hundred times
                    amid.set()
                return should_stop()

            assert MNIST.load is not None
            return MNIST.load(stopped)

        monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], load=load))
        thread, box = start()
        assert amid.wait(WAIT / 1000)
        began = time.monotonic()
        thread.control.stop()
        assert thread.wait(WAIT)
        took.append(time.monotonic() - began)
        box.empty()
        assert box.events == [TrainingDone("stopped", 0, 0)]
        assert not (tmp_path / "run").exists()
    assert min(took) < 0.2


def test_a_failed_training_is_told_and_kept(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def spoilt(*arguments: Any) -> Any:
        calls.append(1)
        terms = losses.loss_terms(*arguments)
        return terms if len(calls) < 3 else terms._replace(kl=terms.kl * torch.nan)

    monkeypatch.setattr(learner, "loss_terms", spoilt)
    thread, box = start(VARIANTS["vae-batchnorm"])
    assert thread.wait(WAIT)
    box.empty()
    assert box.events[-1] == TrainingFailed("train.not_finite", 1, 3)
    assert box.error is None
    assert load_snapshot(thread.request.folder).step == 2


def test_snapshots_come_half_as_often_when_a_training_is_no_longer_young() -> None:
    assert [train_thread.calm(seconds) for seconds in (0.0, 15.0, 24.0, 30.0, 1e6)] == [
        1.0, 1.0, 1.6, 2.0, 2.0,
    ]  # fmt: skip


def test_of_snapshots_the_mailbox_keeps_the_latest(plain_snapshot: Snapshot) -> None:
    box = Mailbox()
    newer = replace(plain_snapshot, id="newer")
    events = [TrainingDone("stopped", 0, number) for number in range(3)]
    box.put(snapshot=plain_snapshot, steps_per_epoch=9)
    box.put(events[0])
    box.put(events[1], newer)
    mail = box.take()
    assert (mail.events, mail.snapshot, mail.steps_per_epoch) == (events[:2], newer, 9)
    assert mail.started
    box.put(events[2])
    assert box.take() == Mail(events=[events[2]], steps_per_epoch=9)
    assert box.take() == Mail(steps_per_epoch=9)
