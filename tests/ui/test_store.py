"""``Store``: one state, one history, answers that fit. The real threads, no window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.ui.waits import TIMEOUT, shipped
from vae_studio.core.measures import Terms
from vae_studio.core.runs import read_run
from vae_studio.core.spec import TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.requests import (
    DecodeRequest,
    DecodeResult,
    EncodeRequest,
    EncodeResult,
    LabelsRequest,
    OpenRequest,
    Request,
)
from vae_studio.session.state import SessionState
from vae_studio.session.strokes import Stroke
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.workers.answers import answer
from vae_studio.workers.train_thread import TrainRequest

LINE = (Stroke(((0.5, 0.2), (0.5, 0.8)), 0.08),)


@pytest.fixture
def store(qtbot: QtBot) -> Iterator[Store]:
    store = Store(seed=3)
    store.start()
    yield store
    store.shutdown()


def opened(store: Store, qtbot: QtBot, name: str = "vae-32") -> Store:
    with qtbot.waitSignal(store.decoded, timeout=TIMEOUT):
        store.open_model(shipped(name))
    return store


def test_it_starts_empty_and_survives_every_wish(store: Store) -> None:
    empty = SessionState()
    assert store.state == empty
    store.undo()
    store.redo()
    store.randomise()
    store.go_to_mean()
    store.set_label(3)
    store.follow(True)
    store.training.stop()
    store.training.pause_or_resume()
    assert store.state == empty
    assert store.snapshot is None


def test_a_seed_gives_the_same_points(qtbot: QtBot) -> None:
    points = []
    for seed in (5, 5, 6):
        store = Store(seed=seed)
        store.start()
        opened(store, qtbot).randomise()
        points.append(store.state.latent.z)
        store.shutdown()
    assert points[0] == points[1] != points[2]


def test_history_holds_200_steps(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    for step in range(250):
        store.set_dimension(0, float(step))
    undone = 0
    while store.can_undo:
        store.undo()
        undone += 1
    assert undone == 200
    assert store.state.latent.z[0] == 49.0
    while store.can_redo:
        store.redo()
    assert store.state.latent.z[0] == 249.0


def test_a_new_change_ends_redo(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    store.set_dimension(0, 1.0)
    store.undo()
    assert store.can_redo
    store.set_dimension(1, 1.0)
    assert not store.can_redo


def test_the_same_value_again_is_no_change(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    store.set_dimension(0, 1.0)
    store.set_dimension(0, 1.0)
    store.undo()
    assert not store.can_undo


def test_a_gesture_is_one_step_and_undo_waits_for_its_end(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    before = store.state
    store.begin_gesture()
    store.set_dimension(0, 1.0)
    store.set_dimension(0, 2.0)
    store.undo()
    assert store.state.latent.z[0] == 2.0
    store.end_gesture()
    store.undo()
    assert store.state == before
    assert not store.can_undo


def test_an_undone_model_that_arrives_in_the_middle_of_a_drag_is_given_up(
    store: Store, qtbot: QtBot
) -> None:
    opened(store, qtbot, "vae-16")
    first = store.state
    opened(store, qtbot)
    second = store.state
    store.undo()  # vae-16 is on its way
    store.begin_gesture()
    with qtbot.waitSignal(store._explorer.answered, timeout=TIMEOUT):
        store.set_dimension(0, 1.0)
    assert store.state.model == second.model
    assert store.state.latent.z[0] == 1.0
    store.end_gesture()
    store.undo()
    assert store.state == second
    with qtbot.waitSignal(store.snapshot_changed, timeout=TIMEOUT):
        store.undo()
    assert store.state == first


def in_two_models(store: Store, qtbot: QtBot) -> list[SessionState]:
    """A point of vae-16, another, and one of vae-32, which is shown."""
    opened(store, qtbot, "vae-16")
    states = [store.state]
    with qtbot.waitSignal(store.decoded, timeout=TIMEOUT):
        store.set_dimension(0, 1.0)
    states.append(store.state)
    return [*states, opened(store, qtbot).state]


def test_undo_pressed_many_times_while_a_model_loads_goes_one_step(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = in_two_models(store, qtbot)
    asked = asked_of(store, monkeypatch)
    for _ in range(3):
        store.undo()
    results = [answer(request) for request in asked if isinstance(request, OpenRequest)]
    store._take_answer("open", results[0])
    assert store.state == second
    store.undo()
    assert store.state == first
    for late in results:
        store._take_answer("open", late)
    assert store.state == first  # a late answer to the first step is no redo of it


def test_a_change_gives_up_the_step_that_is_on_its_way_and_undo_asks_again(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, third = in_two_models(store, qtbot)
    asked = asked_of(store, monkeypatch)
    store.undo()
    store.set_dimension(0, 2.0)
    store.undo()
    (late,) = [request for request in asked if isinstance(request, OpenRequest)]
    store._take_answer("open", answer(late))
    assert store.state == third
    store.undo()
    store._take_answer("open", answer(asked[-1]))
    assert store.state == second


@pytest.mark.parametrize("how", ["a hand", "another model"])
def test_a_step_that_was_given_up_can_be_asked_for_again(
    how: str, store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, _ = in_two_models(store, qtbot)
    asked = asked_of(store, monkeypatch)
    store.undo()
    if how == "a hand":
        store.begin_gesture()
        store._take_answer("open", answer(asked[-1]))
        store.end_gesture()
    else:
        store.open_model(shipped("cvae"))  # takes the place of the question
    before = asked[-1]
    store.undo()
    assert asked[-1] is not before
    store._take_answer("open", answer(asked[-1]))
    assert store.state == second


def test_label_is_only_for_classes_the_model_has(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot, "cvae")
    label = store.state.latent.label
    store.set_label(12)
    assert store.state.latent.label == label


def test_a_code_does_not_move_what_the_user_moved(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    with qtbot.waitSignal(store.encoded, timeout=TIMEOUT):
        store.set_strokes(LINE)
        store.set_dimension(0, 2.5)  # before the code arrives
    assert store.state.moved
    assert store.state.latent.z[0] == 2.5
    assert store.last_encoded is not None


def test_a_code_for_a_drawing_that_was_cleared_is_dropped(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(store, qtbot)
    monkeypatch.setattr(store._explorer, "answer_now", lambda request: None)  # a large model
    z = store.state.latent.z
    seen: list[object] = []
    store.encoded.connect(seen.append)
    store.set_strokes(LINE)
    store.clear_input()
    with qtbot.waitSignal(store.decoded, timeout=TIMEOUT):
        store.set_dimension(0, 1.0)
    assert store.last_encoded is None
    assert store.state.latent.z[1:] == z[1:]
    assert seen == []


def test_the_last_of_many_models_is_shown(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    for name in ("vae-2", "cvae", "vae-batchnorm"):
        store.open_model(shipped(name))
    last = str(shipped("vae-batchnorm"))
    qtbot.waitUntil(lambda: store.state.model == last, timeout=TIMEOUT)
    assert store.snapshot is not None
    assert store.snapshot.name == "vae-batchnorm"
    assert len(store.state.latent.z) == store.snapshot.spec.latent_dim


def test_changes_while_a_model_loads_do_not_reach_the_wrong_one(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot, "vae-2")
    opened(store, qtbot, "vae-32")
    store.undo()  # vae-2 loads
    store.set_dimension(0, 1.5)  # and this counts: the undo is off
    store.ask("labels", LabelsRequest(store.snapshot, store.state.latent.z))
    with qtbot.waitSignal(store.answered, timeout=TIMEOUT):
        pass
    assert store.snapshot is not None
    assert store.snapshot.name == "vae-32"
    assert store.state.latent.z[0] == 1.5


def test_a_model_that_is_not_there_is_said_and_changes_nothing(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    state = store.state
    with qtbot.waitSignal(store.failed, timeout=TIMEOUT) as failed:
        store.open_model("/no/such/run")
    assert failed.args[0].code == "checkpoint.not_found"
    assert "vae-32" in failed.args[0].params["known"]
    assert store.state == state


def asked_of(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """From now on what the store asks is kept here, and never answered."""
    asked: list[Request] = []
    monkeypatch.setattr(store, "ask", lambda lane, request: asked.append(request))
    return asked


def test_a_late_picture_of_where_z_was_is_dropped(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(store, qtbot)
    asked = asked_of(store, monkeypatch)
    monkeypatch.setattr(store._explorer, "answer_now", lambda request: None)  # a large model
    store.set_strokes(LINE)
    store.set_locked(0, True)  # asks for the picture of z, which the drawing's code will move
    encode, decode = asked
    assert isinstance(encode, EncodeRequest)
    assert isinstance(decode, DecodeRequest)
    image, mu = np.ones((1, 28, 28), np.float32), (1.5,) * 32
    code = EncodeResult(encode, image, mu, (0.0,) * 32, None, image, Terms(1.0, 1.0))
    store._take_answer("encode", code)
    store._take_answer("decode", DecodeResult(decode, np.zeros_like(image)))
    assert store.state.latent.z == mu
    assert store.last_decoded is not None
    assert store.last_decoded.request.latent.z == mu
    assert store.last_decoded.image is image


def test_a_picture_on_the_way_still_comes_while_a_hand_moves_on(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(store, qtbot)
    asked = asked_of(store, monkeypatch)
    for value in (0.5, 0.7):
        store.set_dimension(0, value)
    first = asked[0]
    assert isinstance(first, DecodeRequest)
    image = np.zeros((1, 28, 28), np.float32)
    store._take_answer("decode", DecodeResult(first, image))
    assert store.last_decoded is not None
    assert store.last_decoded.image is image


def test_clearing_a_drawing_whose_code_is_on_the_way_asks_for_z(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(store, qtbot)
    asked = asked_of(store, monkeypatch)
    store.set_strokes(LINE)
    store.clear_input()
    last = asked[-1]
    assert isinstance(last, DecodeRequest)
    assert last.latent == store.state.latent


def test_undo_into_a_run_that_only_begins_to_go_on_opens_it(
    store: Store, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(store, qtbot, "vae-16")
    opened(store, qtbot)
    asked, state = asked_of(store, monkeypatch), store.state
    run = shipped("vae-16")
    request = TrainRequest(VARIANTS["vae-16"], TrainConfig(), "", "run", run, resume=True)
    store.training.view = TrainingView(TrainStatus.STARTING, request)
    store.undo()
    assert [type(request) for request in asked] == [OpenRequest]
    assert store.state is state  # it comes together with its weights
    store.training.view = TrainingView()


def test_a_run_that_is_saved_elsewhere_stays_the_same_model(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    assert store.snapshot is not None
    store.training.view = TrainingView(
        TrainStatus.RUNNING, TrainRequest(store.snapshot.spec, TrainConfig(), "", "run", Path("a"))
    )
    store.follow(True)
    store._take_live_snapshot(replace(store.snapshot, id="1", run="a"))
    store.set_strokes(LINE)
    store.set_dimension(0, 1.25)
    state, steps = store.state, len(store._history._past)
    store._take_live_snapshot(replace(store.snapshot, id="2", run="elsewhere/a"))
    assert store.state == replace(state, model="elsewhere/a")
    assert len(store._history._past) == steps
    store.training.view = TrainingView()


def test_resuming_while_something_trains_says_so(store: Store, qtbot: QtBot) -> None:
    store.training.view = TrainingView(TrainStatus.RUNNING)
    with qtbot.waitSignal(store.failed) as failed:
        store.launcher.resume(read_run(shipped("vae-32")))
    assert failed.args[0].code == "train.busy"
    store.training.view = TrainingView()


def test_a_short_drawing_is_encoded_in_the_step_that_draws_it(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    told: list[tuple[SessionState, SessionState]] = []
    store.state_changed.connect(lambda new, old: told.append((new, old)))
    before = store.state
    store.set_strokes(LINE)
    assert store.last_encoded is not None
    assert store.last_encoded.request.input == store.state.input
    assert store.state.latent.z == pytest.approx(store.last_encoded.mu)
    assert [old for _, old in told] == [before]  # one step, told once
    assert store.last_decoded is not None
    assert store.last_decoded.request.latent == store.state.latent
    store.undo()
    assert store.state == before


def test_what_a_hand_gives_back_was_never_there(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    before, could = store.state, store.can_undo
    store.begin_gesture()
    store.set_strokes(LINE)
    store.give_back_gesture()
    assert (store.state, store.can_undo) == (before, could)
    store.end_gesture()
    assert (store.state, store.can_undo) == (before, could)
