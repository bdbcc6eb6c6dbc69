"""``Store``: one state, one history, answers that fit. The real threads, no window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.waits import TIMEOUT, shipped
from vae_studio.session.requests import LabelsRequest
from vae_studio.session.state import SessionState
from vae_studio.session.strokes import Stroke
from vae_studio.ui.store import Store

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


def test_a_code_for_a_drawing_that_was_cleared_is_dropped(store: Store, qtbot: QtBot) -> None:
    opened(store, qtbot)
    z = store.state.latent.z
    seen: list[object] = []
    store.encoded.connect(seen.append)
    store.set_strokes(LINE)
    store.set_strokes(())
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
