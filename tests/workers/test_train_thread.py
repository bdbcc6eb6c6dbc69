"""A real, short training on a thread: steered from here, told by mail, kept on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from pytestqt.qtbot import QtBot

from tests.helpers import quick, same, tiny, trained, weights
from vae_studio.core import data, losses, trainer
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.resume import load_training
from vae_studio.core.data import DATASETS, DatasetPair
from vae_studio.core.errors import StudioError
from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.runs import read_run
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.workers import train_thread
from vae_studio.workers.train_thread import Mail, Mailbox, TrainRequest, TrainThread

WAIT = 30_000  # ms


@pytest.fixture(autouse=True)
def small_mnist(small: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mnist`` means its first 512 images here."""
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], load=lambda: small))


class Box:
    """All mail of a thread so far."""

    def __init__(self, thread: TrainThread) -> None:
        self._thread = thread
        self.events: list[Any] = []
        self.snapshots: list[Snapshot] = []
        self.steps_per_epoch = 0
        self.error: StudioError | None = None

    def empty(self) -> None:
        mail = self._thread.mailbox.take()
        self.events += mail.events
        self.snapshots += [mail.snapshot] if mail.snapshot else []
        self.steps_per_epoch = mail.steps_per_epoch
        self.error = self.error or mail.error

    @property
    def steps(self) -> int:
        self.empty()
        return sum(isinstance(event, StepDone) for event in self.events)


Start = Callable[..., tuple[TrainThread, Box]]


@pytest.fixture
def start(qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    threads: list[TrainThread] = []

    def started(
        spec: ModelSpec = VARIANTS["vae-32"],
        config: TrainConfig | None = None,
        folder: Path | None = None,
        before: Callable[[TrainThread], object] = lambda thread: None,
    ) -> tuple[TrainThread, Box]:
        folder = folder or tmp_path / "run"
        request = TrainRequest(tiny(spec), config or quick(), "row", "My run", folder)
        thread = TrainThread(request)
        threads.append(thread)
        before(thread)
        thread.start()
        return thread, Box(thread)

    yield started
    for thread in threads:
        thread.control.stop()
        assert thread.wait(WAIT)


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


@pytest.mark.parametrize("below", ["file", "file/run"])
def test_an_unwritable_folder_is_told_by_mail(below: str, start: Start, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    thread, box = start(folder=tmp_path / below)
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == "checkpoint.write"
    assert box.events == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [(ZeroDivisionError("bug"), "worker.unexpected"), (MemoryError(), "train.memory")],
)
def test_any_fault_is_told_by_mail(
    fault: Exception, code: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> Any:
        raise fault

    monkeypatch.setattr(data, "load_dataset", broken)
    thread, box = start()
    assert thread.wait(WAIT)
    box.empty()
    assert box.error is not None
    assert box.error.code == code


def test_a_failed_training_is_told_and_kept(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def spoilt(*arguments: Any) -> Any:
        calls.append(1)
        terms = losses.loss_terms(*arguments)
        return terms if len(calls) < 3 else terms._replace(kl=terms.kl * torch.nan)

    monkeypatch.setattr(trainer, "loss_terms", spoilt)
    thread, box = start(VARIANTS["vae-batchnorm"])
    assert thread.wait(WAIT)
    box.empty()
    assert box.events[-1] == TrainingFailed("train.not_finite", 1, 3)
    assert box.error is None
    assert load_snapshot(thread.request.folder).step == 2


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
