"""How a session was left: there and back, and what is damaged is left out."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vae_studio.core.resources import bundled_path
from vae_studio.session.drawing import Input, Seen
from vae_studio.session.kept import Kept, KeptPoint, KeptVector, Marked
from vae_studio.session.last_session import parse_last_session, restored, write_last_session
from vae_studio.session.state import LatentState, PathView, SessionState
from vae_studio.session.strokes import MOST_INK, MOST_STROKE_POINTS, Stroke

SHIPPED = str(bundled_path("checkpoints") / "vae-2")
OWN = "/somewhere/runs/mine"
OTHER = "/somewhere/runs/other"
POINTS = (
    KeptPoint("A", SHIPPED, (0.5, 1.0)),
    KeptPoint("a 7", OWN, (1.0, 2.0, 3.0)),
    KeptPoint("B", SHIPPED, (-0.5, 1e-9)),
)
STATE = SessionState(
    model=SHIPPED,
    latent=LatentState((0.25, -1.5), None, frozenset({1})),
    input=Input((Stroke(((0.25, 0.5), (0.5, 0.75)), 0.1),)),
    moved=True,
    kept=Kept(POINTS, (KeptVector("slant", OTHER, (1.0,)),), Marked("mnist", frozenset({3, 9}))),
    path=PathView("geodesic", 7, True),
    random_from="aggregate",
)


def again(state: SessionState, now: SessionState) -> SessionState:
    return restored(now, parse_last_session(write_last_session(state).encode()))


def by_model(state: SessionState) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for each in (*state.kept.points, *state.kept.vectors):
        names.setdefault(each.model, []).append(each.name)
    return names


def test_a_session_goes_on_where_it_was_left() -> None:
    now = SessionState(model=SHIPPED, latent=LatentState((0.0, 0.0)))
    found = again(STATE, now)
    assert found.latent == STATE.latent
    assert (found.input, found.moved) == (STATE.input, True)
    assert (found.path, found.random_from) == (STATE.path, "aggregate")
    assert found.kept.marked == STATE.kept.marked
    assert not parse_last_session(write_last_session(STATE).encode()).left_out
    assert by_model(found) == {SHIPPED: ["A", "B"], OWN: ["a 7"], OTHER: ["slant"]}
    kept = {point.name: point for point in found.kept.points}
    assert all(kept[point.name] == point for point in POINTS)


def test_a_model_that_ships_is_found_where_the_app_is_now() -> None:
    values = json.loads(write_last_session(STATE))
    assert values["folder"] == "vae-2"
    assert parse_last_session(json.dumps(values).encode()).folder == SHIPPED


def test_in_another_model_the_point_stays_and_what_was_kept_comes_back() -> None:
    now = SessionState(model=OWN, latent=LatentState((1.0, 1.0, 1.0)))
    found = again(STATE, now)
    assert (found.model, found.latent, found.input) == (OWN, now.latent, None)
    assert by_model(found) == {SHIPPED: ["A", "B"], OWN: ["a 7"], OTHER: ["slant"]}


def test_what_cannot_be_written_is_left_out_and_the_rest_is_kept() -> None:
    far = SessionState(SHIPPED, LatentState((1e9, 0.0)), kept=STATE.kept)
    found = again(far, SessionState(model=SHIPPED, latent=LatentState((0.0, 0.0))))
    assert found.latent.z == (0.0, 0.0)
    assert by_model(found) == {SHIPPED: ["A", "B"], OWN: ["a 7"], OTHER: ["slant"]}


@pytest.mark.parametrize(
    "points",
    [
        ((0.5, 0.5),) * (MOST_STROKE_POINTS + 1),
        tuple((float(number % 2), 0.5) for number in range(int(MOST_INK) + 2)),
    ],
    ids=["points", "ink"],
)
def test_a_drawing_that_is_too_long_is_left_out_and_the_rest_is_kept(
    points: tuple[tuple[float, float], ...],
) -> None:
    now = SessionState(model=SHIPPED, latent=LatentState((0.0, 0.0)))
    long = (Stroke(points, 0.1),)
    state = replace(STATE, input=Input(long), seen=Seen(hidden=(0.0, 0.0, 0.5, 1.0)))
    last = parse_last_session(write_last_session(state).encode())
    assert last.left_out
    found = restored(now, last)
    assert (found.input, found.latent, found.path) == (None, STATE.latent, STATE.path)
    assert by_model(found) == {SHIPPED: ["A", "B"], OWN: ["a 7"], OTHER: ["slant"]}
    assert found.kept.marked == STATE.kept.marked
    last = parse_last_session(write_last_session(replace(STATE, seen=Seen(long))).encode())
    assert not last.left_out
    found = restored(now, last)
    assert (found.input, found.seen) == (STATE.input, Seen())


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"format": 2}', b'{"format": 1, "format": 1}', b"\xff", b"null"],
)
def test_what_is_no_session_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_last_session(content)


def test_a_damaged_place_is_left_out() -> None:
    values = json.loads(write_last_session(STATE))
    values["place"] = values["place"][:-40]
    values["others"].append({"folder": 3, "place": None})
    values["others"].append("nothing")
    values["others"].append({"folder": "/runs/β", "place": values["others"][0]["place"]})
    last = parse_last_session(json.dumps(values).encode())
    assert last.place is None
    assert [folder for folder, _ in last.others] == [OWN, OTHER]


def test_what_another_model_in_the_same_folder_left_is_kept_apart() -> None:
    """A run that took the folder has another size; nothing of either is lost."""
    old = KeptPoint("old", SHIPPED, (1.0, 2.0, 3.0))
    state = replace(STATE, kept=replace(STATE.kept, points=(*POINTS, old)))
    now = SessionState(model=SHIPPED, latent=LatentState((0.0, 0.0)))
    found = again(state, now)
    assert found.latent == STATE.latent
    assert set(found.kept.points) == {*POINTS, old}


def test_a_folder_whose_name_is_no_text_is_kept() -> None:
    folder = "/runs/β\udcff\udcfe"
    state = SessionState(model=folder, latent=LatentState((0.5, 1.0)))
    last = parse_last_session(write_last_session(state).encode())
    assert (last.folder, last.place is not None) == (folder, True)
