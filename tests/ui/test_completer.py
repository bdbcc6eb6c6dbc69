"""When a completion runs, what becomes of late answers, and which answer is marked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Event

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.datasets.table import DATASETS, MNIST, Half, Halves
from vae_studio.session.drawing import ImageRef, Seen
from vae_studio.session.drawing_jobs import CompletionRequest
from vae_studio.session.strokes import Stroke, extended
from vae_studio.ui.completer import Completer
from vae_studio.workers import drawing_jobs

HALF = (Stroke(hand.THREE[:8], 0.08),)
LOWER = Seen(hidden=(0.0, 0.5, 1.0, 1.0))


@pytest.fixture
def completer(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Completer]:
    """On, and looked at."""
    completer = Completer(studio.store)
    monkeypatch.setattr(studio.store, "completer", completer, raising=False)
    completer.look(True)
    completer.set_on(True)
    yield completer
    completer.shutdown()


@pytest.fixture
def asked(completer: Completer, monkeypatch: pytest.MonkeyPatch) -> list[CompletionRequest]:
    """All that is asked, in order."""
    requests: list[CompletionRequest] = []
    ask = completer._thread.ask

    def noted(request: CompletionRequest) -> None:
        requests.append(request)
        ask(request)

    monkeypatch.setattr(completer._thread, "ask", noted)
    return requests


@pytest.fixture
def other_size(monkeypatch: pytest.MonkeyPatch) -> ImageRef:
    """An image of a data set whose images have 14 × 14 pixels."""
    part = Half(np.zeros((1, 1, 14, 14), np.uint8), np.zeros(1, np.int64))
    row = replace(MNIST, name="small", image_shape=(1, 14, 14), load=lambda *_: Halves(part, part))
    monkeypatch.setitem(DATASETS, "small", row)
    return ImageRef("small", "test", 0)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A completion waits until this is set, or until it is to stop."""
    event, bank_of = Event(), drawing_jobs._bank_of

    def waits(snapshot, should_stop, progress):  # type: ignore[no-untyped-def]
        while not event.wait(0.01):
            if should_stop():
                return None
            progress(0.5)
        return bank_of(snapshot, should_stop, progress)

    monkeypatch.setattr(drawing_jobs, "_bank_of", waits)
    yield event
    event.set()


def completed(studio: Studio, completer: Completer, qtbot: QtBot) -> None:
    """Wait for the last answers to what is there now."""

    def done() -> bool:
        result, store = completer.result, studio.store
        return (
            completer.seconds is not None
            and result is not None
            and result.request.input == store.state.input
            and result.request.seen == store.state.seen
            and result.request.snapshot is store.snapshot
        )

    qtbot.waitUntil(done, timeout=TIMEOUT)


def test_a_pen_that_never_rests_sees_answers(
    studio: Studio, completer: Completer, asked: list[CompletionRequest], qtbot: QtBot
) -> None:
    store, seen, times = studio.store, set(), []
    store.set_image(ImageRef("mnist", "test", 61), 8)
    completed(studio, completer, qtbot)  # the look at the training images is over
    store.clear_input()
    asked.clear()
    completer.changed.connect(lambda: seen.add(id(completer.result)))
    strokes = (Stroke((hand.THREE[0],), 0.08),)
    store.begin_gesture()
    store.set_strokes(strokes)
    began, step = time.monotonic(), 0
    while len(times) < 4 and time.monotonic() - began < TIMEOUT / 1000:
        step += 1
        strokes = extended(strokes, (0.3 + 0.0001 * (step % 4000), 0.2 + 0.02 * (step % 20)))
        store.set_strokes(strokes)  # the hand moves faster than anything is answered
        qtbot.wait(10)
        times += [time.monotonic()] * (len(asked) - len(times))
    assert len(asked) == 4
    assert len(seen) > 3
    assert np.diff(times).min() > 0.08  # no question for each move
    store.end_gesture()
    completed(studio, completer, qtbot)


def test_the_first_answers_come_before_the_next_question(
    studio: Studio, completer: Completer, held: Event, asked: list[CompletionRequest], qtbot: QtBot
) -> None:
    store, shown = studio.store, []
    completer.changed.connect(lambda: shown.append(completer.result))
    store.set_strokes(HALF)
    qtbot.waitUntil(lambda: completer.share is not None, timeout=TIMEOUT)
    store.set_strokes((Stroke(hand.THREE[:9], 0.08),))
    qtbot.wait(300)
    assert len(asked) == 1  # else a slow model would never answer
    held.set()
    completed(studio, completer, qtbot)
    answered = {result.request for result in shown if result is not None}
    assert answered == set(asked)
    assert len(asked) == 2


def test_who_does_not_look_or_has_it_off_has_nothing_computed(
    studio: Studio, completer: Completer, asked: list[CompletionRequest], qtbot: QtBot
) -> None:
    completer.look(False)
    studio.store.set_strokes(HALF)
    encoded(qtbot, studio)
    qtbot.wait(300)
    assert not asked
    completer.set_on(False)
    completer.look(True)
    qtbot.wait(300)
    assert not asked
    completer.set_on(True)
    completed(studio, completer, qtbot)
    assert len(asked) == 1
    completer.look(False)
    completer.look(True)  # and nothing is there that was not answered
    qtbot.wait(300)
    assert len(asked) == 1


def test_off_or_hidden_gives_up_what_runs(
    studio: Studio, completer: Completer, held: Event, qtbot: QtBot
) -> None:
    studio.store.set_strokes(HALF)
    for give_up, again in (
        (lambda: completer.look(False), lambda: completer.look(True)),
        (lambda: completer.set_on(False), lambda: completer.set_on(True)),
    ):
        qtbot.waitUntil(lambda: completer.share == 0.5, timeout=TIMEOUT)
        with qtbot.waitSignal(completer._thread.cancelled, timeout=TIMEOUT):
            give_up()
        assert not completer.running
        assert completer.share is None
        again()
    held.set()
    completed(studio, completer, qtbot)


def test_a_late_answer_to_another_input_is_dropped(
    studio: Studio, completer: Completer, asked: list[CompletionRequest], qtbot: QtBot
) -> None:
    studio.store.set_strokes(HALF)
    completed(studio, completer, qtbot)
    late = completer.result
    assert late is not None
    shown = []
    completer.changed.connect(lambda: shown.append(completer.result))
    studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    assert completer.result is None
    completer._thread.improved.emit(late)
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=TIMEOUT)
    completer._thread.done.emit(late)
    completed(studio, completer, qtbot)
    inputs = {result.request.input for result in shown if result is not None}
    assert inputs == {studio.store.state.input}


def test_another_input_gives_up_what_runs(
    studio: Studio, completer: Completer, held: Event, qtbot: QtBot
) -> None:
    studio.store.set_strokes(HALF)
    qtbot.waitUntil(lambda: completer.share is not None, timeout=TIMEOUT)
    with qtbot.waitSignal(completer._thread.cancelled, timeout=TIMEOUT):
        studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    held.set()
    completed(studio, completer, qtbot)


def test_another_model_drops_the_answers(
    studio: Studio, completer: Completer, qtbot: QtBot
) -> None:
    studio.store.set_image(ImageRef("mnist", "test", 61), 8)
    studio.store.set_seen(LOWER)
    completed(studio, completer, qtbot)
    first, shown = completer.result, []
    completer.changed.connect(lambda: shown.append(completer.result))
    show_model(qtbot, studio, shipped("vae-2"))
    assert shown[0] is None or shown[0] is first
    assert None in shown
    completed(studio, completer, qtbot)
    assert completer.result is not None
    assert completer.result.z.shape[1] == 2
    assert completer.result.request.snapshot.name == "vae-2"


def test_a_training_that_is_followed_is_asked_every_other_second(
    studio: Studio, completer: Completer, asked: list[CompletionRequest], qtbot: QtBot
) -> None:
    store = studio.store
    store.set_strokes(HALF)
    completed(studio, completer, qtbot)
    store.following = True
    times = []
    completer.changed.connect(lambda: times.append((len(asked), time.monotonic())))
    began = time.monotonic()
    while len(asked) < 3 and time.monotonic() - began < TIMEOUT / 1000:
        assert store.snapshot is not None
        store.snapshot = replace(store.snapshot, step=store.snapshot.step + 1)
        store.snapshot_changed.emit(store.snapshot)
        assert completer.result is not None  # older answers stay until there are new ones
        qtbot.wait(100)
    at = dict(reversed(times))
    assert at[3] - at[2] > 1.9
    store.following = False
    completed(studio, completer, qtbot)


def test_stop_keeps_what_there_is_until_something_changes(
    studio: Studio, completer: Completer, held: Event, qtbot: QtBot
) -> None:
    studio.store.set_strokes(HALF)
    qtbot.waitUntil(lambda: completer.share is not None, timeout=TIMEOUT)
    completer.stop()
    assert not completer.running
    assert completer.on
    held.set()
    qtbot.wait(300)
    assert completer.result is None
    studio.store.set_seen(Seen(empty=(Stroke(((0.2, 0.8),), 0.12),)))
    completed(studio, completer, qtbot)


def test_the_mark_goes_with_the_answer_and_the_point(
    studio: Studio, completer: Completer, qtbot: QtBot
) -> None:
    store = studio.store
    store.set_strokes(HALF)
    completed(studio, completer, qtbot)
    assert completer.taken is None
    assert completer.result is not None
    image = completer.result.images[1]
    completer.take(1)
    assert completer.taken == 1
    assert store.state.latent.z == pytest.approx(completer.result.z[1])
    store.undo()
    settle(qtbot, studio)
    assert completer.taken is None
    store.redo()
    assert completer.taken == 1
    store.set_seen(Seen(empty=(Stroke(((0.05, 0.05),), 0.04),)))  # where no answer has ink
    completed(studio, completer, qtbot)
    taken = completer.taken
    assert taken is not None
    assert np.abs(completer.result.images[taken] - image).mean() < 0.05
    store.randomise()
    assert completer.taken is None


def test_the_mark_stays_on_its_answer_while_answers_get_better(
    studio: Studio, completer: Completer, held: Event, qtbot: QtBot
) -> None:
    held.set()
    studio.store.set_strokes(HALF)
    completed(studio, completer, qtbot)
    first = completer.result
    assert first is not None
    completer.take(1)
    held.clear()
    studio.store.set_seen(LOWER)
    qtbot.waitUntil(lambda: completer.share is not None, timeout=TIMEOUT)
    assert completer.asked is not None
    ink, last = first.images[1], len(first.images) - 1
    for step in range(1, 6):  # it fades, and the others stand in another order
        images = first.images[::-1].copy()
        images[last - 1] = ink * (1.0 - 0.15 * step)
        better = replace(
            first, request=completer.asked, images=images, z=first.z[::-1] + 0.1, ended=False
        )
        completer._thread.improved.emit(better)
        assert completer.result is better
        assert completer.taken == last - 1
    gone = replace(better, images=np.ones_like(first.images))
    completer._thread.improved.emit(gone)
    assert completer.taken is None


def test_of_a_conditional_model_the_mark_stays_with_the_label(
    cvae: Studio, completer: Completer, held: Event, qtbot: QtBot
) -> None:
    held.set()
    cvae.store.set_strokes(HALF)
    completed(cvae, completer, qtbot)
    first = completer.result
    assert first is not None
    assert first.labels is not None
    completer.take(3)
    held.clear()
    cvae.store.set_seen(LOWER)
    qtbot.waitUntil(lambda: completer.share is not None, timeout=TIMEOUT)
    assert completer.asked is not None
    alike = np.broadcast_to(first.images[3], first.images.shape)
    better = replace(
        first,
        request=completer.asked,
        images=alike,
        z=first.z[::-1] + 0.1,
        labels=first.labels[::-1],
    )
    completer._thread.improved.emit(better)
    assert completer.taken == 6


def test_the_canvas_is_to_show_a_guide_for_a_drawing_in_the_making(
    studio: Studio, completer: Completer, qtbot: QtBot
) -> None:
    told: list[bool] = []
    completer.guide_changed.connect(told.append)
    assert completer.wants_guide
    studio.store.set_strokes(HALF)
    assert told == []
    studio.store.set_seen(LOWER)
    studio.store.set_seen(Seen())
    studio.store.set_image(ImageRef("mnist", "test", 0), 7)
    studio.store.clear_input()
    completer.look(False)
    assert told == [False, True, False, True, False]


def test_a_picture_of_another_size_is_a_problem_that_goes_with_it(
    studio: Studio, completer: Completer, qtbot: QtBot, other_size: ImageRef
) -> None:
    studio.store.set_image(other_size, None)
    studio.store.set_seen(LOWER)
    qtbot.waitUntil(lambda: completer.problem is not None, timeout=TIMEOUT)
    assert completer.problem is not None
    assert completer.problem.code == "spec.image_shape"
    assert not completer.running
    studio.store.set_image(ImageRef("mnist", "test", 0), 7)
    assert completer.problem is None
    completed(studio, completer, qtbot)
