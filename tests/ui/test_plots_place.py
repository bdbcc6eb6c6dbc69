"""The plots are made aside, piece by piece, and hear what was said before they were there."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from vae_studio.ui.panels.train.plots_place import PlotsPlace


@pytest.fixture
def place(qtbot: QtBot) -> PlotsPlace:
    place = PlotsPlace()
    qtbot.addWidget(place)
    return place


def test_what_is_said_early_is_heard_in_its_order(place: PlotsPlace, qtbot: QtBot) -> None:
    heard: list[object] = []
    place.made.connect(lambda _: heard.append("made"))
    place.tell(lambda plots: heard.append(("first", plots)))
    place.tell(lambda plots: heard.append(("second", plots)), after_ms=0)
    assert heard == []
    assert not place.has_plots
    qtbot.waitUntil(lambda: place.has_plots)
    assert heard == [("first", place.plots), ("second", place.plots), "made"]
    place.tell(lambda plots: heard.append("at once"))
    assert heard[-1] == "at once"
    assert place.currentWidget() is place.plots


def test_nothing_to_draw_makes_no_plots(place: PlotsPlace, qtbot: QtBot) -> None:
    place.tell(lambda plots: plots.clear(1))
    qtbot.wait(300)
    assert not place.has_plots


def test_whoever_asks_for_the_plots_has_them_and_only_once(place: PlotsPlace, qtbot: QtBot) -> None:
    made: list[object] = []
    place.made.connect(made.append)
    place.tell(lambda plots: plots.clear(7), after_ms=0)
    qtbot.waitUntil(lambda: bool(place._pieces))
    plots = place.plots  # in the middle of the making
    assert plots.area.steps_per_epoch == 7
    qtbot.wait(200)
    assert place.plots is plots
    assert made == [plots]
