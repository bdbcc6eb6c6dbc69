"""A panel is made when it is first seen; it then shows what it would show had it been there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.ui.docks import PanelDock
from vae_studio.ui.panels import PANELS, PanelRow
from vae_studio.ui.workspaces import WORKSPACES, panels_of
from vae_studio.workers.explore_thread import ExploreThread
from vae_studio.workers.job_thread import JobThread

_STILL_MS = 300


def is_idle(studio: Studio) -> bool:
    """Whether all that panels asked for has been computed."""
    explorer = studio.store.findChild(ExploreThread)
    assert explorer is not None
    return explorer.is_idle and all(job.is_idle for job in studio.store.findChildren(JobThread))


def look_at(qtbot: QtBot, studio: Studio, dock: PanelDock) -> QImage:
    """Its panel, once all that it asked for is there, and nothing moves any more."""
    before = QImage()
    while True:
        qtbot.wait(_STILL_MS)
        if (focused := QApplication.focusWidget()) is not None:
            focused.clearFocus()
        now = dock.panel.grab().toImage()
        if is_idle(studio) and now == before:
            return now
        before = now


def forget(dock: PanelDock) -> None:
    """As if nobody had seen its panel yet."""
    dock.hide()
    dock.panel.deleteLater()
    dock.made = None
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


LATE = [row for row in PANELS if row.name != "train"]


@pytest.mark.parametrize("row", LATE, ids=lambda row: row.name)
def test_a_panel_that_is_made_late_shows_the_same(
    row: PanelRow, studio: Studio, qtbot: QtBot
) -> None:
    store, dock = studio.store, studio.window.docks[row.name]
    _ = dock.panel  # now, before there is anything to show
    show_model(qtbot, studio, shipped("cvae"))
    store.take_some_image()
    qtbot.waitUntil(lambda: store.state.input is not None, timeout=TIMEOUT)
    encoded(qtbot, studio)
    store.keeper.keep_here()
    store.keeper.keep_drawing()
    store.set_label(4)
    settle(qtbot, studio)
    dock.show()
    dock.setFloating(True)
    dock.resize(640, 640)
    early = look_at(qtbot, studio, dock)
    assert dock.panel.on_screen
    forget(dock)
    dock.show()
    assert look_at(qtbot, studio, dock) == early


def test_the_panel_that_records_the_training_is_there_from_the_start(studio: Studio) -> None:
    studio.window.workspaces.show_workspace("compare")
    assert studio.window.docks["train"].made is not None


def test_a_start_makes_no_panel_that_nobody_sees(studio: Studio) -> None:
    made = {name for name, dock in studio.window.docks.items() if dock.made is not None}
    assert made == {"models", "sliders", "decoded", "samples", "train", "draw"}


def test_a_tab_that_is_looked_at_for_the_first_time_moves_no_other(
    studio: Studio, qtbot: QtBot
) -> None:
    window = studio.window
    for workspace in WORKSPACES:
        window.workspaces.show_workspace(workspace.name)
        qtbot.wait(50)
        shown = [window.docks[name] for name in panels_of(workspace.layout)]
        in_front = {dock: dock.geometry() for dock in shown if dock.made and dock.made.on_screen}
        for dock in shown:
            dock.raise_()
            qtbot.waitUntil(lambda: is_idle(studio), timeout=TIMEOUT)
            qtbot.wait(20)
            assert dock.panel.on_screen
        for dock in in_front:
            dock.raise_()
        qtbot.wait(20)
        assert {dock: dock.geometry() for dock in in_front} == in_front, workspace.name
