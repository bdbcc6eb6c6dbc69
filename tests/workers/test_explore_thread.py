"""Lanes: the latest request of each is answered, in turns, whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.snapshot import Snapshot
from vae_studio.session.requests import DecodeRequest, OpenRequest, SampleRequest
from vae_studio.session.state import LatentState
from vae_studio.workers import answers
from vae_studio.workers.explore_thread import ExploreThread

WAIT = 20_000  # ms


class Receiver(QObject):
    """Notes what arrives, and on which thread."""

    def __init__(self, thread: ExploreThread) -> None:
        super().__init__()
        self.answers: list[tuple[str, Any]] = []
        self.failures: list[tuple[str, Any, StudioError]] = []
        self.threads: set[QThread] = set()
        thread.answered.connect(self.on_answered)
        thread.failed.connect(self.on_failed)

    @Slot(str, object)
    def on_answered(self, lane: str, result: Any) -> None:
        self.answers.append((lane, result))
        self.threads.add(QThread.currentThread())

    @Slot(str, object, object)
    def on_failed(self, lane: str, request: Any, error: StudioError) -> None:
        self.failures.append((lane, request, error))


class Gate:
    """Stands in for ``answer``: says what it was asked, and waits until it is let through."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Semaphore(0)
        self.asked: list[Any] = []

    def __call__(self, request: Any) -> Any:
        self.asked.append(request)
        self.entered.release()
        assert self.opened.acquire(timeout=20)
        return request


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(answers, "answer", gate)
    return gate


@pytest.fixture
def thread(qtbot: QtBot) -> Iterator[ExploreThread]:
    thread = ExploreThread()
    yield thread
    thread.stop()
    assert thread.wait(WAIT)


@pytest.fixture
def receiver(thread: ExploreThread) -> Receiver:
    return Receiver(thread)


def test_answers_arrive_on_the_thread_that_asked(
    thread: ExploreThread, receiver: Receiver, plain_snapshot: Snapshot, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(thread.ready, timeout=WAIT):
        thread.start()
    request = DecodeRequest(plain_snapshot, LatentState((0.0,) * 6))
    thread.ask("decode", request)
    qtbot.waitUntil(lambda: len(receiver.answers) == 1, timeout=WAIT)
    lane, result = receiver.answers[0]
    assert lane == "decode"
    assert result.request is request
    assert receiver.threads == {QThread.currentThread()}
    assert QThread.currentThread() is not thread


def test_the_latest_request_of_a_lane_wins_and_lanes_take_turns(
    thread: ExploreThread, receiver: Receiver, gate: Gate, qtbot: QtBot
) -> None:
    thread.start()
    thread.ask("a", "a1")  # type: ignore[arg-type]
    assert gate.entered.acquire(timeout=20)  # a1 is in hand, the rest waits
    for lane, request in (("a", "a2"), ("b", "b1"), ("a", "a3"), ("c", "c1"), ("b", "b2")):
        thread.ask(lane, request)  # type: ignore[arg-type]
    for _ in range(4):
        gate.opened.release()
    qtbot.waitUntil(lambda: len(receiver.answers) == 4, timeout=WAIT)
    assert receiver.answers == [("a", "a1"), ("a", "a3"), ("b", "b2"), ("c", "c1")]
    assert gate.asked == ["a1", "a3", "b2", "c1"]  # what was overtaken was never computed


def test_a_busy_lane_does_not_starve_the_others(
    thread: ExploreThread, receiver: Receiver, gate: Gate, qtbot: QtBot
) -> None:
    thread.start()
    thread.ask("busy", 0)  # type: ignore[arg-type]
    thread.ask("patient", "once")  # type: ignore[arg-type]
    for number in range(1, 5):
        assert gate.entered.acquire(timeout=20)
        thread.ask("busy", number)  # type: ignore[arg-type]
        gate.opened.release()
    gate.opened.release()
    gate.opened.release()
    qtbot.waitUntil(lambda: ("patient", "once") in receiver.answers, timeout=WAIT)
    assert "once" in gate.asked[:3]


def test_a_failing_request_is_told_and_the_thread_lives_on(
    thread: ExploreThread, receiver: Receiver, plain_snapshot: Snapshot, qtbot: QtBot
) -> None:
    thread.start()
    typed, untyped = OpenRequest("no such run"), SampleRequest(plain_snapshot, -3, 0, None)
    thread.ask("open", typed)
    thread.ask("sample", untyped)
    thread.ask("decode", DecodeRequest(plain_snapshot, LatentState((0.0,) * 6)))
    qtbot.waitUntil(lambda: len(receiver.answers) + len(receiver.failures) == 3, timeout=WAIT)
    assert [failure[:2] for failure in receiver.failures] == [("open", typed), ("sample", untyped)]
    errors = [failure[2] for failure in receiver.failures]
    assert isinstance(errors[0], CheckpointError)
    assert errors[1].code == "worker.unexpected"
    assert thread.isRunning()


def test_stopping_drops_what_waits(
    thread: ExploreThread, receiver: Receiver, gate: Gate, qtbot: QtBot
) -> None:
    thread.start()
    thread.ask("a", "a1")  # type: ignore[arg-type]
    assert gate.entered.acquire(timeout=20)
    thread.ask("a", "a2")  # type: ignore[arg-type]
    thread.ask("b", "b1")  # type: ignore[arg-type]
    thread.stop()
    gate.opened.release()
    assert thread.wait(WAIT)
    assert gate.asked == ["a1"]


def test_stopping_an_idle_thread_ends_it(thread: ExploreThread, qtbot: QtBot) -> None:
    with qtbot.waitSignal(thread.ready, timeout=WAIT):
        thread.start()
    thread.stop()
    assert thread.wait(1000)


def test_a_question_asked_before_the_start_is_answered(
    thread: ExploreThread, receiver: Receiver, gate: Gate, qtbot: QtBot
) -> None:
    gate.opened.release()
    thread.ask("a", "early")  # type: ignore[arg-type]
    thread.start()
    qtbot.waitUntil(lambda: receiver.answers == [("a", "early")], timeout=WAIT)
