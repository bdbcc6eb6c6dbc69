"""Directions: from mean to mean, added and subtracted, of what was marked, and kept."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.surveyed import Survey
from vae_studio.session.place import write_place
from vae_studio.session.requests import DirectionResult
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.images import IN_ORDER, ImagesPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.paths.panel import PathsPanel

SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> DirectionsPanel:
    """In front, with means to choose among."""
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    studio.window.docks["directions"].raise_()
    panel = studio.window.panel(DirectionsPanel)
    qtbot.waitUntil(lambda: panel.end.count() > 10, timeout=TIMEOUT)
    settle(qtbot, studio)
    return panel


def survey_of(studio: Studio) -> Survey:
    survey = studio.store.atlas.survey
    assert survey is not None
    return survey


def shown(studio: Studio, panel: DirectionsPanel, qtbot: QtBot) -> DirectionResult:
    """Wait for the pictures of what is chosen, around the present point."""

    def fits() -> bool:
        result = panel._shown
        return (
            result is not None
            and not panel._timer.isActive()
            and result.request is panel._asked
            and result.request.latent == studio.store.state.latent
        )

    qtbot.waitUntil(fits, timeout=TIMEOUT)
    assert panel._shown is not None
    return panel._shown


def choose(panel: DirectionsPanel, start: str, end: str) -> None:
    for box, text in ((panel.start, start), (panel.end, end)):
        place = box.findText(text)
        assert place >= 0, text
        box.setCurrentIndex(place)
        box.activated.emit(place)


def mean_of(survey: Survey, label: int) -> np.ndarray:
    return survey.mu[survey.labels == label].mean(0)


def test_a_direction_leads_from_class_mean_to_class_mean(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 9")
    result = shown(studio, panel, qtbot)
    survey = survey_of(studio)
    wanted = mean_of(survey, 9) - mean_of(survey, 4)
    assert result.way == pytest.approx(wanted, abs=1e-5)
    z = np.array(studio.store.state.latent.z, np.float32)
    hand.click(panel.add)
    assert studio.store.state.latent.z == pytest.approx(z + wanted, abs=1e-4)
    hand.click(panel.subtract)
    assert studio.store.state.latent.z == pytest.approx(z, abs=1e-4)
    hand.click(panel.more)
    assert studio.store.state.latent.z == pytest.approx(z + 0.25 * wanted, abs=1e-4)
    hand.click(panel.less)
    hand.click(panel.less)
    assert studio.store.state.latent.z == pytest.approx(z - 0.25 * wanted, abs=1e-4)
    assert len(panel.grid.pictures[0]) == 9


def test_the_slider_shows_and_moves_the_place_along_the_way(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 9")
    result = shown(studio, panel, qtbot)
    assert result.start is not None
    assert result.way is not None
    studio.store.set_z(result.start.tolist())
    shown(studio, panel, qtbot)
    assert panel.slider.value() == pytest.approx(0.0, abs=1e-3)
    before = studio.store.state
    hand.drag(panel.slider, [hand.on_slider(panel.slider, share) for share in (1 / 3, 0.5, 2 / 3)])
    assert panel.slider.value() == pytest.approx(1.0, abs=0.05)
    wanted = result.start + panel.slider.value() * result.way
    assert studio.store.state.latent.z == pytest.approx(wanted, abs=1e-3)
    assert panel.value.text() == f"{panel.slider.value():.2f}"
    studio.store.undo()
    assert studio.store.state == before
    assert panel.slider.value() == pytest.approx(0.0, abs=1e-3)


def test_a_picture_of_the_row_is_gone_to(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "all images", "class 1")
    result = shown(studio, panel, qtbot)
    assert result.z is not None
    hand.click(panel.grid, panel.grid.place(0, 6).center())
    assert studio.store.state.latent.z == pytest.approx(result.z[6], abs=1e-6)


def test_a_box_on_the_map_marks_images_and_their_mean_is_an_end(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    map_panel = studio.window.panel(MapPanel)
    qtbot.waitUntil(lambda: studio.store.atlas.map is not None, timeout=TIMEOUT)
    canvas, survey, before = map_panel.canvas, survey_of(studio), studio.store.state
    views = [canvas.view]

    def calm() -> bool:
        """Whether the docks have settled, and the map in them."""
        views.append(canvas.view)
        return len(views) > 5 and views[-1] == views[-5]

    qtbot.waitUntil(calm, timeout=TIMEOUT)
    shown_map = studio.store.atlas.map
    assert shown_map is not None
    corners = [QPoint(canvas.width() // 3, canvas.height() // 3)]
    corners.append(corners[0] + QPoint(60, 50))
    window = canvas.window().windowHandle()
    one, other = (canvas.mapTo(canvas.window(), corner) for corner in corners)
    QTest.mousePress(window, Qt.MouseButton.LeftButton, SHIFT, one)
    QTest.mouseMove(window, other)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, SHIFT, other)
    low = canvas.view.to_map(corners[0].x(), corners[1].y())
    high = canvas.view.to_map(corners[1].x(), corners[0].y())
    inside = ((shown_map.places >= low) & (shown_map.places <= high)).all(1)
    wanted = frozenset(np.flatnonzero(inside).tolist())
    assert len(wanted) > 20
    assert studio.store.keeper.marked == wanted
    assert panel.end.currentText() == f"{len(wanted)} marked"
    result = shown(studio, panel, qtbot)
    assert result.way is not None
    mean = survey.mu[sorted(wanted)].mean(0)
    assert result.way == pytest.approx(mean - survey.mu.mean(0), abs=1e-4)
    map_panel.mark.click()  # the button does without keys
    QTest.mousePress(window, Qt.MouseButton.LeftButton, ALT, one)
    QTest.mouseMove(window, other)
    QTest.mouseRelease(window, Qt.MouseButton.LeftButton, ALT, other)
    assert studio.store.keeper.marked == frozenset()
    studio.store.undo()
    assert studio.store.keeper.marked == wanted
    studio.store.undo()
    assert studio.store.state == before


def test_hidden_classes_are_not_marked(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    map_panel = studio.window.panel(MapPanel)
    qtbot.waitUntil(lambda: len(map_panel.classes) == 10, timeout=TIMEOUT)
    for label in range(1, 10):
        map_panel.classes[label].click()
    canvas = map_panel.canvas
    map_panel.mark.click()
    hand.drag(canvas, [QPoint(1, 1), QPoint(canvas.width() - 2, canvas.height() - 2)])
    marked = sorted(studio.store.keeper.marked)
    assert len(marked) > 500
    assert set(survey_of(studio).labels[marked].tolist()) == {0}


def test_images_are_picked_from_the_list(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    images = studio.window.panel(ImagesPanel)
    images.order.setCurrentIndex(IN_ORDER)
    point = studio.store.state.latent
    viewport, window = images.list.viewport(), images.window().windowHandle()
    for row in (0, 2):
        middle = images.list.visualRect(images.images.index(row)).center()
        place = viewport.mapTo(images.window(), middle)
        control = Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(window, Qt.MouseButton.LeftButton, control, place)
    assert studio.store.keeper.marked == {0, 2}
    assert studio.store.state.latent == point
    images.list.setFocus()
    hand.key(images.list, Qt.Key.Key_X)
    assert studio.store.keeper.marked == {0}
    plain, marked = (images.images.index(row).data(1).toImage() for row in (2, 0))
    assert marked.pixelColor(43, 0) != plain.pixelColor(43, 0)
    hand.click(panel.unmark)
    assert studio.store.keeper.marked == frozenset()


def test_a_direction_is_kept_named_and_used_again(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 9")
    result = shown(studio, panel, qtbot)
    assert result.way is not None
    hand.click(panel.keep)
    assert panel.kept.currentText() == "class 4 → class 9"
    assert not panel.start.isVisible()
    kept = shown(studio, panel, qtbot)
    assert kept.way == pytest.approx(result.way, abs=1e-6)
    hand.click(panel.rename)
    dialog = panel.findChild(QInputDialog)
    assert dialog is not None
    dialog.setTextValue("open top")
    dialog.accept()
    assert panel.kept.currentText() == "open top"
    z = np.array(studio.store.state.latent.z, np.float32)
    shown(studio, panel, qtbot)
    hand.click(panel.add)
    assert studio.store.state.latent.z == pytest.approx(z + result.way, abs=1e-4)
    hand.click(panel.remove)
    assert studio.store.keeper.vectors == ()
    assert panel.kept.currentText() == "New"
    studio.store.undo()
    assert [vector.name for vector in studio.store.keeper.vectors] == ["open top"]


def test_an_analogy_of_kept_points(studio: Studio, panel: DirectionsPanel, qtbot: QtBot) -> None:
    """A is to B as this is to …: what changes from A to B is added."""
    points = []
    for _ in range(2):
        studio.store.randomise()
        studio.store.keeper.keep_here()
        points.append(np.array(studio.store.state.latent.z))
    studio.store.randomise()
    settle(qtbot, studio)
    z = np.array(studio.store.state.latent.z)
    choose(panel, "point A", "point B")
    shown(studio, panel, qtbot)
    hand.click(panel.add)
    assert studio.store.state.latent.z == pytest.approx(z + points[1] - points[0], abs=1e-4)


def test_between_equal_ends_there_is_no_direction(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 4")
    qtbot.waitUntil(lambda: "Both ends are the same" in panel.caption.text(), timeout=TIMEOUT)
    assert not panel.add.isEnabled()
    assert not panel.keep.isEnabled()
    assert panel.grid.pictures == []
    choose(panel, "class 4", "class 5")
    shown(studio, panel, qtbot)
    assert panel.add.isEnabled()


def test_every_model_has_its_own_directions(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 9")
    shown(studio, panel, qtbot)
    hand.click(panel.keep)
    show_model(qtbot, studio, shipped("cvae"))
    qtbot.waitUntil(lambda: studio.store.atlas.is_current, timeout=TIMEOUT)
    assert panel.kept.count() == 1
    result = shown(studio, panel, qtbot)
    qtbot.waitUntil(lambda: panel.add.isEnabled(), timeout=TIMEOUT)
    result = shown(studio, panel, qtbot)
    survey = survey_of(studio)
    assert result.way == pytest.approx(mean_of(survey, 9) - mean_of(survey, 4), abs=1e-5)
    undo_into(qtbot, studio, str(shipped("vae-32")))
    assert panel.kept.count() == 2


def test_a_slider_that_is_disabled_under_the_hand_ends_the_gesture(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    choose(panel, "class 4", "class 9")
    shown(studio, panel, qtbot)
    before = studio.store.state
    hand.press(panel.slider, hand.on_slider(panel.slider, 0.9))
    assert studio.store._gesture is not None
    panel.slider.setEnabled(False)
    assert studio.store._gesture is None
    studio.store.undo()
    assert studio.store.state == before


def test_an_end_stays_chosen_when_its_point_is_renamed(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    studio.store.keeper.keep_here()
    choose(panel, "all images", "point A")
    studio.store.keeper.rename(studio.store.keeper.points[0], "home")
    assert panel.end.currentText() == "point home"


def test_what_came_back_with_a_place_can_be_removed(
    studio: Studio, panel: DirectionsPanel, qtbot: QtBot
) -> None:
    """Its points and directions equal those that were there, and are others."""
    store, keeper = studio.store, studio.store.keeper
    choose(panel, "class 4", "class 9")
    shown(studio, panel, qtbot)
    for _ in range(3):
        keeper.keep_here()
    hand.click(panel.keep)
    text = write_place(store.state, "vae-32")
    store.randomise()
    before = store.state
    store.open_place(text)
    qtbot.waitUntil(lambda: store.state != before, timeout=TIMEOUT)
    panel.kept.setCurrentIndex(1)
    panel._choose()
    hand.click(panel.remove)
    assert keeper.vectors == ()
    points = studio.window.panel(PathsPanel).points
    studio.window.docks["paths"].raise_()
    points.setCurrentIndex(points.model().index(0, 0))
    points.move_current(1)
    assert "".join(point.name for point in keeper.points) == "BAC"
    points.remove_current()
    assert "".join(point.name for point in keeper.points) == "BC"
