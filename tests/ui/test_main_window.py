"""The window: panels, keys, size, names for every control, and what it remembers."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QRect, QSize, Qt
from PySide6.QtGui import QAction, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QMenuBar,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import shipped, show_model
from vae_studio.app import Studio, settings_path
from vae_studio.ui import theme
from vae_studio.ui.panels import PANELS, PanelRow
from vae_studio.ui.panels.configuration import ConfigurationPanel
from vae_studio.ui.panels.draw.canvas import Canvas
from vae_studio.ui.store import Store
from vae_studio.ui.theme import LIGHT
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.workspaces import WORKSPACES, Workspace, panels_of

CONTROLS = (
    QAbstractButton,
    QAbstractSpinBox,
    QAbstractSlider,
    QComboBox,
    QAbstractItemView,
    Canvas,
    ImageView,
)


def test_rows_of_panels_are_unique() -> None:
    assert len({row.name for row in PANELS}) == len(PANELS)
    assert len({row.panel for row in PANELS}) == len(PANELS)


@pytest.mark.parametrize("row", PANELS, ids=lambda row: row.name)
def test_a_panel_builds_alone(row: PanelRow, qtbot: QtBot) -> None:
    store = Store(seed=1)
    panel = row.panel(store)
    with qtbot.waitExposed(panel):
        panel.show()
    assert not panel.grab().isNull()
    panel.close()
    panel.deleteLater()  # now, and not in the middle of another test
    store.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def test_a_panel_closes_and_comes_back(studio: Studio) -> None:
    for name, dock in studio.window.docks.items():
        dock.close()
        assert not dock.isVisible(), name
        dock.toggleViewAction().trigger()
        assert dock.isVisible(), name


def inner(control: QWidget) -> bool:
    """A part of another control: a scroll bar, the field of a spin box, the list of a box."""
    if isinstance(control, QScrollBar):
        return True
    parent = control.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractSpinBox | QComboBox | QTabBar | QMenuBar):
            return True
        parent = parent.parentWidget()
    name = control.metaObject().className()
    return name.startswith("QDockWidget") or name in ("QToolBarExtension", "QMenuBarExtension")


def controls(studio: Studio) -> list[QWidget]:
    assert studio.window.panel(ConfigurationPanel).rows  # which are made when they are wanted
    found = [w for w in studio.window.findChildren(QWidget) if isinstance(w, CONTROLS)]
    toast = studio.window.toast  # its button has a text once it has something to say
    return [c for c in found if not inner(c) and not toast.isAncestorOf(c)]


@pytest.mark.parametrize("model", ["vae-32", "cvae"])
def test_every_control_has_a_name(studio: Studio, qtbot: QtBot, model: str) -> None:
    show_model(qtbot, studio, shipped(model))
    found = controls(studio)
    assert len(found) > 100
    for control in found:
        text = control.text() if isinstance(control, QAbstractButton) else ""
        where = [control.metaObject().className(), control.objectName(), control.toolTip()]
        assert control.accessibleName() or text, where


@pytest.mark.parametrize("model", ["vae-32", "cvae"])
def test_every_control_says_what_it_does(studio: Studio, qtbot: QtBot, model: str) -> None:
    show_model(qtbot, studio, shipped(model))
    silent = [
        (control.metaObject().className(), control.accessibleName())
        for control in controls(studio)
        if not control.toolTip() and not isinstance(control, ImageView | QAbstractItemView)
    ]
    assert silent == []


def test_no_key_means_two_things(studio: Studio) -> None:
    keys: Counter[str] = Counter()
    for action in studio.window.findChildren(QAction):
        if action.shortcutContext() is Qt.ShortcutContext.WindowShortcut:
            keys.update(key.toString() for key in action.shortcuts() if not key.isEmpty())
    for shortcut in studio.window.findChildren(QShortcut):
        if shortcut.context() is Qt.ShortcutContext.WindowShortcut:
            keys[shortcut.key().toString()] += 1
    assert {key: count for key, count in keys.items() if count > 1} == {}
    assert {"Ctrl+Q", "Ctrl+O", "Ctrl+Z", "Ctrl+K", "Space", "R", "M", "E", "B", "0", "9"} <= set(
        keys
    )


@pytest.mark.parametrize("model", ["vae-32", "cvae"])
@pytest.mark.parametrize("front", ["labels", "samples"])
def test_nothing_is_cut_at_1280_by_800(
    studio: Studio, qtbot: QtBot, model: str, front: str
) -> None:
    window = studio.window
    show_model(qtbot, studio, shipped(model))
    window.docks[front].raise_()
    least = window.minimumSizeHint()
    assert least.width() <= 1280
    assert least.height() <= 760
    window.resize(1280, 760)  # a title bar takes the rest
    qtbot.waitUntil(lambda: window.size() == QSize(1280, 760))
    qtbot.waitUntil(lambda: window.panel(PANELS[0].panel).isVisible())

    def settled() -> bool:  # heights that follow widths take a turn of the event loop
        return cut_in(window) == []

    with contextlib.suppress(qtbot.TimeoutError):
        qtbot.waitUntil(settled)
    assert cut_in(window) == []


def test_another_workspace_leaves_the_window_as_large_as_it_is(
    studio: Studio, qtbot: QtBot
) -> None:
    window, size = studio.window, QSize(1280, 760)
    window.resize(size)
    qtbot.waitUntil(lambda: window.size() == size)
    for workspace in [*WORKSPACES, *reversed(WORKSPACES), WORKSPACES[0]]:
        window.workspaces.show_workspace(workspace.name)
        qtbot.wait(30)
        assert window.size() == size, workspace.name


def cut_in(window: QWidget) -> list[tuple[str, str, QSize, QSize]]:
    """What is not seen whole, or is smaller than it can be."""
    cut = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, (*CONTROLS, QLabel, QLineEdit)):
            continue
        if in_scroll_area(widget) or inner(widget) or behind(widget):
            continue
        whole = QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())
        seen = widget.visibleRegion().boundingRect().size()
        hint = widget.minimumSizeHint()
        least = QSize(
            widget.minimumWidth() or hint.width(), widget.minimumHeight() or hint.height()
        )
        small = widget.width() < least.width() or widget.height() < least.height()
        if not window.rect().contains(whole) or seen != widget.size() or small:
            name = widget.accessibleName() or getattr(widget, "text", str)()
            cut.append((widget.metaObject().className(), name, widget.size(), least))
    return cut


def behind(widget: QWidget) -> bool:
    """Whether it lies in a panel behind another tab."""
    panel: QWidget | None = widget
    while panel is not None and not isinstance(panel, QDockWidget):
        panel = panel.parentWidget()
    return isinstance(panel, QDockWidget) and panel.visibleRegion().isEmpty()


def in_scroll_area(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = parent.parentWidget()
    return parent is not None


def test_layout_theme_and_model_come_back(start: Start, qtbot: QtBot) -> None:
    first = start()
    first.window.docks["train"].close()
    first.window.docks["draw"].setFloating(True)
    (light,) = [a for a in first.window.findChildren(QAction) if a.text() == "&Light"]
    light.trigger()
    show_model(qtbot, first, shipped("vae-2"))
    left = {name: dock.isHidden() for name, dock in first.window.docks.items()}
    first.window.close()
    assert json.loads(settings_path().read_text("utf-8"))["model"] == "vae-2"  # wherever it lies

    second = start()
    assert second.store.state.model == str(shipped("vae-2"))
    assert theme.colors() is LIGHT
    assert {name: dock.isHidden() for name, dock in second.window.docks.items()} == left
    assert second.window.docks["draw"].isFloating()
    (chosen,) = [a for a in second.window.findChildren(QAction) if a.text() == "&Light"]
    assert chosen.isChecked()
    second.window.reset_layout()
    assert not second.window.docks["draw"].isFloating()
    assert not second.window.docks["train"].isHidden()
    (dark,) = [a for a in second.window.findChildren(QAction) if a.text() == "&Dark"]
    dark.trigger()


def test_a_workspace_changes_what_is_near_and_nothing_else(studio: Studio, qtbot: QtBot) -> None:
    window, store = studio.window, studio.store
    state, snapshot = store.state, store.snapshot
    studio_layout = {name: dock.isVisible() for name, dock in window.docks.items()}
    for number, workspace in enumerate(WORKSPACES, start=1):
        QTest.keyClick(window, f"{number}", Qt.KeyboardModifier.ControlModifier)
        assert window.workspaces.current is workspace
        shown = {name for name, dock in window.docks.items() if not dock.isHidden()}
        assert shown == set(panels_of(workspace.layout))
        assert window.workspaces.tabs.currentIndex() == number - 1
    assert store.state is state
    assert store.snapshot is snapshot
    QTest.keyClick(window, "1", Qt.KeyboardModifier.ControlModifier)
    assert {name: dock.isVisible() for name, dock in window.docks.items()} == studio_layout


def test_each_workspace_is_found_as_it_was_left(start: Start, qtbot: QtBot) -> None:
    window = start().window
    window.docks["draw"].close()
    bar = window.workspaces.tabs
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(3).center())
    assert window.workspaces.current.name == "train"
    window.docks["samples"].close()
    window.workspaces.show_workspace("studio")
    assert window.docks["draw"].isHidden()
    assert not window.docks["samples"].isHidden()
    window.workspaces.show_workspace("train")
    window.close()

    second = start().window
    assert second.workspaces.current.name == "train"
    assert second.docks["samples"].isHidden()
    second.workspaces.show_workspace("studio")
    assert second.docks["draw"].isHidden()
    second.reset_layout()
    assert not second.docks["draw"].isHidden()


@pytest.mark.parametrize("workspace", WORKSPACES, ids=lambda workspace: workspace.name)
def test_every_workspace_fits_a_small_screen(studio: Studio, workspace: Workspace) -> None:
    studio.window.workspaces.show_workspace(workspace.name)
    studio.window.resize(1280, 760)
    size = studio.window.minimumSizeHint()
    assert size.width() <= 1280
    assert size.height() <= 760


def test_every_panel_has_a_place() -> None:
    placed = {name for workspace in WORKSPACES for name in panels_of(workspace.layout)}
    assert placed == {row.name for row in PANELS}
    assert len({workspace.name for workspace in WORKSPACES}) == len(WORKSPACES)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "\x00\xff",
        '{"theme": 3, "layouts": [], "workspace": 3, "model": null}',
        '{"theme": "pink", "workspace": "moon", "layouts": {"studio": "AAAA"}, '
        '"geometry": "%%%", "model": "/no/such/folder"}',
    ],
)
def test_damaged_settings_fall_back(start: Start, home: Path, text: str) -> None:
    home.mkdir(parents=True)
    settings_path().write_text(text, "latin-1")
    studio = start()
    assert studio.store.state.model == str(shipped("vae-32"))
    shown = {name for name, dock in studio.window.docks.items() if not dock.isHidden()}
    assert shown == set(panels_of(WORKSPACES[0].layout))


def test_a_last_model_that_is_gone_or_damaged_falls_back(
    start: Start, own_run: Path, qtbot: QtBot
) -> None:
    first = start()
    show_model(qtbot, first, own_run)
    first.window.close()
    assert json.loads(settings_path().read_text("utf-8"))["model"] == str(own_run)
    shutil.rmtree(own_run / "checkpoint")
    second = start()
    assert second.store.state.model == str(shipped("vae-32"))
    assert second.window.toast.isVisible()
    second.window.close()


def test_settings_that_cannot_be_written_do_not_keep_the_window_open(
    start: Start, home: Path
) -> None:
    studio = start()
    home.mkdir(exist_ok=True)
    settings_path().mkdir()
    assert studio.window.close()
    assert not studio.window.isVisible()


def test_about_names_data_and_licence(studio: Studio, qtbot: QtBot) -> None:
    (about,) = [a for a in studio.window.findChildren(QAction) if a.text().startswith("&About")]
    about.trigger()
    box = next(w for w in studio.window.children() if w.metaObject().className() == "QMessageBox")  # type: ignore[attr-defined]
    assert "MNIST" in box.text()  # type: ignore[attr-defined]
    hand.key(box, Qt.Key.Key_Escape)  # type: ignore[arg-type]
