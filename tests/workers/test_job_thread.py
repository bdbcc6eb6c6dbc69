"""Long jobs: one at a time, the latest wins; progress, cancel, faults, and an end at any moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from tests.helpers import take_as_mnist
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import StudioError
from vae_studio.core.maps import NeighbourMap, PlaneMap
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.surveyed import Survey
from vae_studio.session.jobs import CrowdRequest, MapRequest, SurveyRequest
from vae_studio.workers import data_jobs, drawing_jobs, jobs
from vae_studio.workers.job_thread import JobThread

WAIT = 30_000  # ms
MODULES = jobs, data_jobs, drawing_jobs  # all are there before one is replaced


class Receiver(QObject):
    """Notes what arrives, and on which thread."""

    def __init__(self, thread: JobThread) -> None:
        super().__init__()
        self.done: list[Any] = []
        self.cancelled: list[Any] = []
        self.failures: list[tuple[Any, StudioError]] = []
        self.shares: list[float] = []
        self.threads: set[QThread] = set()
        thread.done.connect(self.on_done)
        thread.cancelled.connect(self.on_cancelled)
        thread.failed.connect(self.on_failed)
        thread.progressed.connect(self.on_progressed)

    @Slot(object)
    def on_done(self, result: Any) -> None:
        self.done.append(result)
        self.threads.add(QThread.currentThread())

    @Slot(object)
    def on_cancelled(self, job: Any) -> None:
        self.cancelled.append(job)

    @Slot(object, object)
    def on_failed(self, job: Any, error: StudioError) -> None:
        self.failures.append((job, error))

    @Slot(object, float)
    def on_progressed(self, job: Any, share: float) -> None:
        self.shares.append(share)


class Work:
    """Stands in for ``work``: goes on until it is told to stop or to end."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.end = threading.Event()

    def __call__(
        self, job: Any, should_stop: Callable[[], bool], progress: Callable[[float], None]
    ) -> Any:
        self.entered.release()
        progress(0.5)
        for _ in range(20_000):
            if should_stop():
                return None
            if self.end.wait(0.001):
                return f"{job} done"
        raise AssertionError("never told")


@pytest.fixture
def thread() -> Iterator[JobThread]:
    thread = JobThread("test")
    yield thread
    thread.stop()
    assert thread.wait(WAIT)


@pytest.fixture
def receiver(thread: JobThread) -> Receiver:
    return Receiver(thread)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(jobs, "work", work)
    return work


def test_a_job_runs_elsewhere_and_its_result_comes_here(
    thread: JobThread, receiver: Receiver, work: Work, qtbot: QtBot
) -> None:
    work.end.set()
    thread.ask("one")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: receiver.done == ["one done"], timeout=WAIT)
    assert receiver.threads == {QThread.currentThread()}
    assert receiver.shares == [0.5]


def test_a_new_job_takes_the_place_of_the_one_that_runs(
    thread: JobThread, receiver: Receiver, work: Work, qtbot: QtBot
) -> None:
    thread.ask("one")  # type: ignore[arg-type]
    assert work.entered.acquire(timeout=20)
    thread.ask("two")  # type: ignore[arg-type]
    assert work.entered.acquire(timeout=20)
    work.end.set()
    qtbot.waitUntil(lambda: receiver.done == ["two done"], timeout=WAIT)
    assert receiver.cancelled == ["one"]


def test_cancelling_and_going_on(
    thread: JobThread, receiver: Receiver, work: Work, qtbot: QtBot
) -> None:
    thread.ask("one")  # type: ignore[arg-type]
    assert work.entered.acquire(timeout=20)
    thread.cancel()
    qtbot.waitUntil(lambda: receiver.cancelled == ["one"], timeout=WAIT)
    work.end.set()
    thread.ask("two")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: receiver.done == ["two done"], timeout=WAIT)


def test_stopping_gives_up_what_runs(thread: JobThread, receiver: Receiver, work: Work) -> None:
    thread.ask("one")  # type: ignore[arg-type]
    assert work.entered.acquire(timeout=20)
    thread.stop()
    assert thread.wait(WAIT)
    assert receiver.done == []


def test_a_fault_is_told_and_the_thread_lives_on(
    thread: JobThread, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def fail(job: Any, *_: Any) -> Any:
        if job == "typed":
            raise StudioError("data.unknown", name="x", known="y")
        raise ZeroDivisionError("boom")

    monkeypatch.setattr(jobs, "work", fail)
    thread.ask("typed")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(receiver.failures) == 1, timeout=WAIT)
    thread.ask("other")  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: len(receiver.failures) == 2, timeout=WAIT)
    assert [error.code for _, error in receiver.failures] == ["data.unknown", "worker.unexpected"]
    assert thread.isRunning()


# The work itself ---------------------------------------------------------------------------


def never() -> bool:
    return False


def nothing(share: float) -> None:
    pass


@pytest.fixture
def surveyed(plain_snapshot: Snapshot, small_mnist: None) -> Survey:
    result = jobs.work(SurveyRequest(plain_snapshot), never, nothing)
    assert result is not None
    return result.survey  # type: ignore[union-attr]


def test_a_survey_is_kept(plain_snapshot: Snapshot, surveyed: Survey, small: DatasetPair) -> None:
    again = jobs.work(SurveyRequest(plain_snapshot), lambda: True, nothing)  # needs no work
    assert again is not None
    assert again.survey is surveyed  # type: ignore[union-attr]
    assert len(surveyed) == len(small.test)
    glance = jobs.work(SurveyRequest(plain_snapshot, 50), never, nothing)
    assert len(glance.survey) == 50  # type: ignore[union-attr]


def test_other_data_under_the_same_name_are_surveyed_anew(
    plain_snapshot: Snapshot, surveyed: Survey, mnist: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_as_mnist(DatasetPair(mnist.train, mnist.test.first(9)), monkeypatch)
    again = jobs.work(SurveyRequest(plain_snapshot), never, nothing)
    assert len(again.survey) == 9  # type: ignore[union-attr]


def test_maps_of_both_kinds(surveyed: Survey) -> None:
    plane = jobs.work(MapRequest(surveyed), never, nothing)
    assert isinstance(plane.map, PlaneMap)  # type: ignore[union-attr]
    assert plane.places.shape == (256, 2)  # type: ignore[union-attr]
    assert plane.holes is not None  # type: ignore[union-attr]
    other = jobs.work(MapRequest(surveyed, by_neighbours=True), never, nothing)
    assert isinstance(other.map, NeighbourMap)  # type: ignore[union-attr]
    assert jobs.work(MapRequest(surveyed, by_neighbours=True), lambda: True, nothing) is None


def test_the_training_images_on_a_map(
    plain_snapshot: Snapshot, surveyed: Survey, small: DatasetPair
) -> None:
    plane = jobs.work(MapRequest(surveyed), never, nothing).map  # type: ignore[union-attr]
    assert isinstance(plane, PlaneMap)
    shares: list[float] = []
    crowd = jobs.work(CrowdRequest(plain_snapshot, plane), never, shares.append)
    model = plain_snapshot.build()
    import torch

    mu = model.encode(*small.train.batch(torch.tensor([100])))[0]
    assert crowd.places.shape == (512, 2)  # type: ignore[union-attr]
    assert crowd.places[100] == pytest.approx(plane.place(mu.numpy())[0], abs=1e-4)  # type: ignore[union-attr]
    assert shares == [1.0]
    assert jobs.work(CrowdRequest(plain_snapshot, plane), lambda: True, nothing) is None
