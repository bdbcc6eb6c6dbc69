"""The app comes back as it was left: model, drawing, point, and all that was kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio, last_session_path
from vae_studio.session.state import PathView, SessionState, with_path
from vae_studio.session.strokes import MOST_INK, Stroke

STROKES = (Stroke(((0.5, 0.2), (0.5, 0.8)), 0.08),)


def left(studio: Studio, qtbot: QtBot) -> SessionState:
    """Something of everything, then the end."""
    store = studio.store
    store.set_strokes(STROKES)
    encoded(qtbot, studio)
    store.keeper.keep_here()
    show_model(qtbot, studio, shipped("vae-2"))
    store.keeper.keep_here()
    store.keeper.keep_vector("up", (0.0, 1.0))
    store.keeper.mark([3, 5])
    store.set_random_from("aggregate")
    store.change(with_path(store.state, PathView("arc", 5, True)))
    store.set_dimension(1, 0.75)
    store.set_locked(0, True)
    settle(qtbot, studio)
    state = store.state
    studio.window.close()
    return state


def went_on(studio: Studio, qtbot: QtBot) -> SessionState:
    qtbot.waitUntil(lambda: studio.store.went_on, timeout=TIMEOUT)
    settle(qtbot, studio)
    return studio.store.state


def test_the_next_start_goes_on(start: Start, qtbot: QtBot) -> None:
    state = left(start(), qtbot)
    second = start()
    assert went_on(second, qtbot) == state
    assert not second.store.can_undo
    show_model(qtbot, second, shipped("vae-32"))
    assert [point.name for point in second.store.keeper.points] == ["A"]
    second.window.close()
    third = start()  # it was left in another model
    found = went_on(third, qtbot)
    assert found.model == str(shipped("vae-32"))
    assert set(found.kept.points) == set(state.kept.points)
    assert found.kept.vectors == state.kept.vectors


def test_a_drawing_is_encoded_again_and_seen(start: Start, qtbot: QtBot) -> None:
    first = start()
    first.store.set_strokes(STROKES)
    encoded(qtbot, first)
    z = first.store.state.latent.z
    first.window.close()
    second = start()
    went_on(second, qtbot)
    encoded(qtbot, second)
    state = second.store.state
    assert state.input is not None
    assert state.input.strokes == STROKES
    assert not state.moved
    assert state.latent.z == pytest.approx(z, abs=1e-5)


def test_a_drawing_that_was_too_long_is_told_and_all_else_is_there(
    start: Start, qtbot: QtBot
) -> None:
    first = start()
    points = tuple((number % 2 * 1.0, 0.5) for number in range(int(MOST_INK) + 2))
    first.store.set_strokes((Stroke(points, 0.02),))
    encoded(qtbot, first)
    first.store.keeper.keep_here()
    z = first.store.state.latent.z
    first.window.close()
    second = start()
    state = went_on(second, qtbot)
    assert state.input is None
    assert state.latent.z == z
    assert [point.z for point in state.kept.points] == [z]
    assert "too long to be kept" in second.window.toast.text
    second.store.set_strokes(STROKES)
    encoded(qtbot, second)
    second.window.close()
    third = start()
    restored = went_on(third, qtbot).input
    assert restored is not None
    assert restored.strokes == STROKES
    assert not third.window.toast.isVisible()


def test_a_window_that_closes_before_it_has_read_loses_nothing(start: Start, qtbot: QtBot) -> None:
    state = left(start(), qtbot)
    before = last_session_path().read_bytes()
    second = start()
    second.store.went_on = False  # as if its answer had not come
    second.store.keeper.remove(second.store.state.kept.points[0])
    second.window.close()
    assert last_session_path().read_bytes() == before
    assert state.kept.points


def test_a_run_that_is_gone_leaves_what_was_kept_of_others(
    start: Start, qtbot: QtBot, own_run: Path
) -> None:
    first = start()
    first.store.keeper.keep_here()
    show_model(qtbot, first, own_run)
    first.store.keeper.keep_here()
    first.window.close()
    shutil.rmtree(own_run)
    second = start()
    state = went_on(second, qtbot)
    assert state.model == str(shipped("vae-32"))
    assert {point.model for point in state.kept.points} == {str(shipped("vae-32")), str(own_run)}
    assert len(second.store.keeper.points) == 1


def test_another_run_in_the_folder_has_points_of_its_own_size(
    start: Start, qtbot: QtBot, own_run: Path
) -> None:
    first = start()
    show_model(qtbot, first, own_run)
    first.store.keeper.keep_here()
    first.window.close()
    shutil.rmtree(own_run)
    shutil.copytree(shipped("vae-2"), own_run)
    second = start()
    went_on(second, qtbot)
    assert second.store.state.model == str(own_run)
    assert len(second.store.state.latent.z) == 2
    assert second.store.keeper.points == ()


def test_a_damaged_file_is_put_aside(start: Start, qtbot: QtBot, home: Path) -> None:
    state = left(start(), qtbot)
    content = last_session_path().read_bytes()
    last_session_path().write_bytes(content[:-30])
    second = start()
    found = went_on(second, qtbot)
    assert found.kept.points == ()
    assert (home / "session.damaged.json").read_bytes() == content[:-30]
    second.window.close()
    last_session_path().write_bytes(content)
    found = went_on(start(), qtbot)
    assert replace(found, model=state.model) == state


def test_a_last_model_that_is_damaged_leaves_what_was_kept(
    start: Start, qtbot: QtBot, own_run: Path
) -> None:
    first = start()
    show_model(qtbot, first, own_run)
    first.store.keeper.keep_here()
    first.window.close()
    for weights in own_run.rglob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:1000])
    second = start()
    state = went_on(second, qtbot)
    assert state.model == str(shipped("vae-32"))
    assert [point.model for point in state.kept.points] == [str(own_run)]
    second.window.close()
    third = start()
    assert went_on(third, qtbot).kept.points == state.kept.points
