"""Comparisons of the window: made off its thread, given up for another, saved as a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, shipped
from vae_studio.app import Studio
from vae_studio.core.report_words import WORDS

PAIR = (shipped("vae-32"), shipped("vae-mse"))


def test_runs_are_put_side_by_side(studio: Studio, qtbot: QtBot) -> None:
    comparing = studio.store.comparing
    comparing.show_runs(PAIR, ("BCE", "MSE"), "Losses", "Which?")
    assert comparing.busy
    qtbot.waitUntil(lambda: not comparing.busy, timeout=4 * TIMEOUT)
    found = comparing.comparison
    assert found is not None
    assert (found.title, found.question) == ("Losses", "Which?")
    assert [run.label for run in found.runs] == ["BCE", "MSE"]
    assert [run.path for run in found.runs] == list(PAIR)


def test_the_last_question_is_the_one_that_is_answered(studio: Studio, qtbot: QtBot) -> None:
    comparing = studio.store.comparing
    told: list[str] = []
    comparing.changed.connect(
        lambda: told.append(comparing.comparison.title if comparing.comparison else "")
    )
    for number in range(5):
        comparing.show_runs(PAIR, title=str(number))
    qtbot.waitUntil(lambda: not comparing.busy, timeout=4 * TIMEOUT)
    assert comparing.comparison is not None
    assert comparing.comparison.title == "4"
    assert set(told) == {"", "4"}


def test_one_that_is_given_up_leaves_what_is_shown(studio: Studio, qtbot: QtBot) -> None:
    comparing = studio.store.comparing
    comparing.show_runs(PAIR, title="first")
    qtbot.waitUntil(lambda: not comparing.busy, timeout=4 * TIMEOUT)
    comparing.show_runs(PAIR, title="second")
    comparing.cancel()
    assert not comparing.busy
    qtbot.wait(300)
    assert comparing.comparison is not None
    assert comparing.comparison.title == "first"
    comparing.clear()
    assert comparing.comparison is None


def test_one_that_is_asked_for_before_torch_is_loaded_waits(start: Start, qtbot: QtBot) -> None:
    studio = start()
    studio.store.comparing.show_runs(PAIR)
    qtbot.waitUntil(lambda: not studio.store.comparing.busy, timeout=4 * TIMEOUT)
    assert studio.store.comparing.comparison is not None


def test_closing_while_it_compares_leaves_no_thread(start: Start, qtbot: QtBot) -> None:
    studio = start()
    qtbot.waitUntil(lambda: studio.store.snapshot is not None, timeout=4 * TIMEOUT)
    studio.store.comparing.show_runs(PAIR)
    studio.window.close()


@pytest.mark.parametrize("paths", [PAIR[:1], (PAIR[0], PAIR[0]), (PAIR[0], Path("nowhere"))])
def test_what_cannot_be_compared_is_said(
    studio: Studio, qtbot: QtBot, paths: tuple[Path, ...]
) -> None:
    comparing = studio.store.comparing
    with qtbot.waitSignal(studio.store.failed, timeout=4 * TIMEOUT):
        comparing.show_runs(paths)
    qtbot.waitUntil(lambda: not comparing.busy)
    assert comparing.comparison is None


def test_it_is_saved_in_the_words_of_the_window(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    comparing, place = studio.store.comparing, tmp_path / "page.html"
    comparing.save(place, WORDS)  # there is nothing yet
    comparing.show_runs(PAIR, title="Losses")
    qtbot.waitUntil(lambda: not comparing.busy, timeout=4 * TIMEOUT)
    assert not place.exists()
    with qtbot.waitSignal(comparing.saved, timeout=4 * TIMEOUT) as told:
        comparing.save(place, {**WORDS, "figures": "Zahlen"})
    assert told.args == [place]
    assert "<h2>Zahlen</h2>" in place.read_text("utf-8")
    with qtbot.waitSignal(studio.store.failed, timeout=4 * TIMEOUT) as refused:
        comparing.save(tmp_path, WORDS)
    assert refused.args[0].code == "checkpoint.write"
