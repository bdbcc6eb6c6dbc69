"""Transitions: each changes what it says and nothing else."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from vae_studio.session.drawing import Input
from vae_studio.session.state import (
    LatentState,
    SessionState,
    with_code,
    with_dimension,
    with_free_dimensions,
    with_input_label,
    with_label,
    with_lock,
    with_model,
    with_strokes,
    with_z,
)
from vae_studio.session.strokes import Stroke

LINE = (Stroke(((0.1, 0.1), (0.9, 0.9)), 0.08),)
STATE = SessionState(
    model="runs/one",
    latent=LatentState(z=(1.0, 2.0, 3.0), label=(0.0, 1.0), locked=frozenset({1})),
    input=Input(LINE, label=1),
)


def test_states_are_values() -> None:
    assert hash(STATE) == hash(replace(STATE))
    with pytest.raises(FrozenInstanceError):
        STATE.model = "x"  # type: ignore[misc]


def test_a_slider_moves_one_dimension() -> None:
    after = with_dimension(STATE, 2, -1)
    assert after == replace(STATE, latent=replace(STATE.latent, z=(1.0, 2.0, -1.0)), moved=True)


def test_z_is_moved_as_a_whole() -> None:
    after = with_z(STATE, [4, 5, 6])
    assert after.latent.z == (4.0, 5.0, 6.0)
    assert after.moved
    assert (after.latent.locked, after.latent.label, after.input) == (
        STATE.latent.locked,
        STATE.latent.label,
        STATE.input,
    )


def test_locked_dimensions_stay() -> None:
    assert with_free_dimensions(STATE, (7.0, 8.0, 9.0)).latent.z == (7.0, 2.0, 9.0)
    free = with_lock(STATE, 1, locked=False)
    assert with_free_dimensions(free, (7.0, 8.0, 9.0)).latent.z == (7.0, 8.0, 9.0)


def test_locks_can_be_set_twice_and_moves_nothing() -> None:
    after = with_lock(with_lock(STATE, 0, locked=True), 0, locked=True)
    assert after == replace(STATE, latent=replace(STATE.latent, locked=frozenset({0, 1})))
    assert with_lock(STATE, 2, locked=False) == STATE


def test_a_locked_dimension_can_be_moved_by_hand() -> None:
    assert with_dimension(STATE, 1, 5).latent.z == (1.0, 5.0, 3.0)


def test_a_label_keeps_z() -> None:
    after = with_label(STATE, (1.0, 0.0))
    assert after.latent == replace(STATE.latent, label=(1.0, 0.0))
    assert after.moved


def test_drawing_takes_z_back_from_the_hand() -> None:
    longer = (*LINE, *LINE)
    after = with_strokes(with_z(STATE, (0, 0, 0)), longer)
    assert after.input == Input(longer, label=1)  # what the user said of it stays
    assert not after.moved
    first = with_strokes(replace(STATE, input=None), LINE)
    assert first.input == Input(LINE, label=None)


def test_an_empty_canvas_leaves_z_to_the_hand() -> None:
    after = with_strokes(STATE, ())
    assert after.input is None
    assert after.moved
    assert after.latent == STATE.latent


def test_the_user_may_say_which_class_a_drawing_is() -> None:
    assert with_input_label(STATE, None).input == Input(LINE, None)
    assert not with_input_label(with_z(STATE, (0, 0, 0)), 3).moved
    empty = replace(STATE, input=None)
    assert with_input_label(empty, 3) == empty


def test_a_code_is_the_drawings_own() -> None:
    after = with_code(with_z(STATE, (0, 0, 0)), [9.0, 8.0, 7.0], (1.0, 0.0))
    assert after.latent == LatentState((9.0, 8.0, 7.0), (1.0, 0.0), frozenset({1}))
    assert not after.moved


def test_another_model_keeps_locks_where_they_can_hold() -> None:
    same = with_model(STATE, "runs/two", (0.0, 0.0, 0.0), None)
    assert same.latent == LatentState((0.0, 0.0, 0.0), None, frozenset({1}))
    assert (same.model, same.input) == ("runs/two", STATE.input)
    smaller = with_model(STATE, "runs/two", (0.0, 0.0), None)
    assert smaller.latent.locked == frozenset()
