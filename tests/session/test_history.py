"""Undo and redo."""

from __future__ import annotations

import pytest

from vae_studio.session.history import History


def test_undo_and_redo_walk_the_same_values() -> None:
    history: History[str] = History()
    present = "a"
    for after in "bcd":
        history.push(present)
        present = after
    seen = []
    while history.can_undo:
        present = history.undo(present)
        seen.append(present)
    while history.can_redo:
        present = history.redo(present)
        seen.append(present)
    assert "".join(seen) == "cbabcd"


def test_a_new_step_takes_the_place_of_the_future() -> None:
    history: History[int] = History()
    history.push(1)
    assert history.undo(2) == 1
    history.push(1)
    assert not history.can_redo
    assert history.undo(3) == 1


def test_the_oldest_are_forgotten() -> None:
    history: History[int] = History(limit=3)
    for value in range(10):
        history.push(value)
    assert [history.undo(-1) for _ in range(3)] == [9, 8, 7]
    assert not history.can_undo


@pytest.mark.parametrize("way", ["undo", "redo"])
def test_there_is_nothing_before_the_first_and_after_the_last(way: str) -> None:
    history: History[int] = History()
    with pytest.raises(IndexError):
        getattr(history, way)(1)
    assert not history.can_undo
    assert not history.can_redo
