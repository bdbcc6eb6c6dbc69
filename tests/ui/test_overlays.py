"""Other runs in the plots: chosen among the runs, in one unit, gone with their run."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.test_runs_panel import add_run, open_panel, pick
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.runs import RunInfo, read_run
from vae_studio.ui.panels.train.panel import TrainPanel


def drawn(studio: Studio) -> list[str]:
    """The names of the other runs in the plots."""
    return [run.name for run in studio.window.panel(TrainPanel).plots._others]


def info(name: str) -> RunInfo:
    return read_run(shipped(name))


def test_selected_runs_are_drawn_and_taken_out_again(studio: Studio, qtbot: QtBot) -> None:
    settle(qtbot, studio)
    panel = open_panel(studio, qtbot)
    pick(panel, "vae-64", "vae-16")
    hand.click(panel.buttons["plots"])
    qtbot.waitUntil(lambda: len(drawn(studio)) == 2, timeout=TIMEOUT)
    assert set(drawn(studio)) == {"vae-64", "vae-16"}
    plots = studio.window.panel(TrainPanel).plots
    assert all(len(run.past.epochs) == 50 for run in plots._others)
    pick(panel, "vae-64")
    hand.click(panel.buttons["plots"])
    assert drawn(studio) == ["vae-16"]
    (action,) = (a for a in studio.window.findChildren(QAction) if "Only the run" in a.text())
    assert action.isEnabled()
    action.trigger()
    assert not action.isEnabled()
    assert drawn(studio) == []


def test_another_unit_does_not_belong_in_the_plots(studio: Studio, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("vae-32"))
    with qtbot.waitSignal(studio.store.failed) as told:
        studio.store.overlays.toggle([info("vae-mse")])
    assert told.args[0].code == "plots.unit"
    QApplication.processEvents()
    assert drawn(studio) == []


def test_they_step_back_while_a_run_of_another_unit_is_on_show(
    studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-32"))
    studio.store.overlays.toggle([info("vae-16")])
    qtbot.waitUntil(lambda: drawn(studio) == ["vae-16"], timeout=TIMEOUT)
    show_model(qtbot, studio, shipped("vae-mse"))
    qtbot.waitUntil(lambda: drawn(studio) == [], timeout=TIMEOUT)
    show_model(qtbot, studio, shipped("cvae"))
    qtbot.waitUntil(lambda: drawn(studio) == ["vae-16"], timeout=TIMEOUT)


@pytest.mark.parametrize("way", ["renamed", "deleted"])
def test_a_run_that_changes_its_name_or_goes(
    studio: Studio, qtbot: QtBot, home: object, way: str
) -> None:
    settle(qtbot, studio)
    path = add_run(home, "mine", name="mine")  # type: ignore[arg-type]
    library, mine = studio.store.library, read_run(path)
    studio.store.overlays.toggle([mine])
    qtbot.waitUntil(lambda: drawn(studio) == ["mine"], timeout=TIMEOUT)
    if way == "renamed":
        library.rename(mine, "yours", None)
        assert drawn(studio) == ["yours"]
    else:
        library.remove([mine], None)
        assert drawn(studio) == []
