"""Paths: points are kept, named, ordered; the way over them is walked, dragged along and saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.paths import linear
from vae_studio.session.drawing import ImageRef
from vae_studio.session.jobs import PathResult
from vae_studio.session.state import Way
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.paths.panel import PathsPanel
from vae_studio.ui.widgets.scale_dialog import ScaleDialog


@pytest.fixture
def panel(studio: Studio) -> PathsPanel:
    """In view, nothing kept yet."""
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    return studio.window.panel(PathsPanel)


def keep(studio: Studio, qtbot: QtBot, *images: int) -> None:
    """Keep the codes of these test images, with the key."""
    for image in images:
        studio.store.set_image(ImageRef("mnist", "test", image), None)
        encoded(qtbot, studio)
        hand.key(studio.window, Qt.Key.Key_K)


def found(studio: Studio, qtbot: QtBot, way: Way = "straight") -> PathResult:
    """Wait for the path over the points as they are."""
    store = studio.store

    def fits() -> bool:
        result = store.path_walk.found
        if result is None or result.request.snapshot is not store.snapshot:
            return False
        wanted = np.array([point.z for point in store.keeper.points], np.float32)
        same = np.array_equal(result.request.points, wanted)
        return same and result.request.path == store.state.path

    qtbot.waitUntil(fits, timeout=TIMEOUT)
    result = store.path_walk.found
    assert result is not None
    assert result.request.path.way == way
    return result


def names(studio: Studio) -> str:
    return "".join(point.name for point in studio.store.keeper.points)


def test_it_says_how_to_get_a_path_before_there_is_one(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    assert "Keep two points" in panel.strip.placeholder
    assert not panel.play.isEnabled()
    assert not panel.save.isEnabled()
    hand.key(studio.window, Qt.Key.Key_K)
    assert "keep another point" in panel.strip.placeholder
    assert panel.strip.count == 0


def test_points_are_kept_with_letters_and_pictures(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    assert names(studio) == "AB"
    qtbot.waitUntil(lambda: panel.points.model().index(1, 0).data(1) is not None, timeout=TIMEOUT)
    result = found(studio, qtbot)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    assert np.allclose(result.z, linear(result.request.points, 12))
    before = studio.store.state
    studio.store.undo()
    assert names(studio) == "A"
    qtbot.waitUntil(lambda: panel.strip.count == 0, timeout=TIMEOUT)
    studio.store.redo()
    assert studio.store.state == before


def test_a_click_on_a_point_goes_there(studio: Studio, panel: PathsPanel, qtbot: QtBot) -> None:
    keep(studio, qtbot, 3, 17)
    first = studio.store.keeper.points[0]
    area = panel.points.visualRect(panel.points.model().index(0, 0))
    hand.click(panel.points.viewport(), area.center())
    assert studio.store.state.latent.z == first.z
    settle(qtbot, studio)


def test_points_are_renamed_moved_and_removed_by_keys(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17, 25)
    panel.points.setFocus()
    panel.points.setCurrentIndex(panel.points.model().index(0, 0))
    hand.key(panel.points, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert names(studio) == "BAC"
    assert panel.points.current is not None
    assert panel.points.current.name == "A"
    hand.key(panel.points, Qt.Key.Key_F2)
    editor = panel.points.viewport().findChild(QLineEdit)
    assert editor is not None
    editor.setText("slant\nseven")
    hand.key(panel.points, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "slant" in names(studio), timeout=TIMEOUT)
    assert [point.name for point in studio.store.keeper.points] == ["B", "slant seven", "C"]
    hand.key(panel.points, Qt.Key.Key_Delete)
    assert names(studio) == "BC"
    studio.store.undo()
    assert [point.name for point in studio.store.keeper.points] == ["B", "slant seven", "C"]


def test_a_point_that_is_dragged_stands_elsewhere_on_the_path(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17, 25)
    model = panel.points.model()
    data: QMimeData = model.mimeData([model.index(2, 0)])
    assert model.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, model.index(-1, 0)) is False
    assert names(studio) == "CAB"
    stranger = QMimeData()
    stranger.setData(model.mimeTypes()[0], b"77")
    assert not model.dropMimeData(stranger, Qt.DropAction.MoveAction, 0, 0, model.index(-1, 0))
    assert names(studio) == "CAB"


def test_the_strip_is_dragged_and_the_point_follows_in_one_undo_step(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    result = found(studio, qtbot)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    before = studio.store.state
    places = [QPoint(round(panel.strip.place(index)), 20) for index in (2, 5, 9)]
    hand.drag(panel.strip, places)
    assert studio.store.state.latent.z == pytest.approx(result.z[9], abs=1e-6)
    assert studio.store.path_walk.at == 9
    assert "step 9 of 12" in panel.caption.text()
    studio.store.undo()
    assert studio.store.state == before


def test_keys_walk_along_the_strip(studio: Studio, panel: PathsPanel, qtbot: QtBot) -> None:
    keep(studio, qtbot, 3, 17)
    result = found(studio, qtbot)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    panel.strip.setFocus()
    hand.key(panel.strip, Qt.Key.Key_Home)
    hand.key(panel.strip, Qt.Key.Key_Right)
    hand.key(panel.strip, Qt.Key.Key_Right)
    assert studio.store.state.latent.z == pytest.approx(result.z[2], abs=1e-6)
    hand.key(panel.strip, Qt.Key.Key_End)
    hand.key(panel.strip, Qt.Key.Key_Left)
    assert studio.store.path_walk.at == 11


def test_a_walk_ends_at_the_last_point_and_is_one_undo_step(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    studio.store.path_walk.choose(replace(studio.store.state.path, steps=6))
    found(studio, qtbot)
    studio.store.randomise()
    settle(qtbot, studio)
    before, walked = studio.store.state, list[int]()
    studio.store.path_walk.went.connect(walked.append)
    hand.click(panel.play)
    assert studio.store.path_walk.playing
    qtbot.waitUntil(lambda: not studio.store.path_walk.playing, timeout=TIMEOUT)
    assert walked == list(range(7))
    assert studio.store.state.latent.z == pytest.approx(studio.store.keeper.points[-1].z, abs=1e-6)
    studio.store.undo()
    assert studio.store.state == before


def test_a_loop_goes_round_until_it_is_stopped(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    studio.store.path_walk.choose(replace(studio.store.state.path, steps=2))
    hand.click(panel.loop)
    result = found(studio, qtbot)
    assert result.request.path.closed
    assert np.allclose(result.z[0], result.z[-1])
    walked: list[int] = []
    studio.store.path_walk.went.connect(walked.append)
    hand.click(panel.play)
    qtbot.waitUntil(lambda: len(walked) >= 10, timeout=TIMEOUT)
    assert walked[1:9] == [1, 2, 3, 4] * 2 if walked[0] == 0 else walked
    hand.click(panel.play)
    assert not studio.store.path_walk.playing


@pytest.mark.parametrize("who", ["slider", "undo", "model"])
def test_whoever_goes_elsewhere_ends_the_walk(
    who: str, studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    found(studio, qtbot)
    studio.store.randomise()
    studio.store.path_walk.play_or_stop()
    assert studio.store.path_walk.playing
    if who == "slider":
        studio.store.set_dimension(0, 2.5)
    elif who == "undo":
        studio.store.undo()
    else:
        show_model(qtbot, studio, shipped("vae-2"))
    assert not studio.store.path_walk.playing
    state = studio.store.state
    qtbot.wait(200)  # two frames, in which nothing may move
    assert studio.store.state == state


def test_a_geodesic_is_shorter_in_the_pictures_and_can_be_given_up(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    straight = found(studio, qtbot)
    panel.way.setCurrentIndex(2)
    panel.way.activated.emit(2)
    assert panel.progress.isVisible()
    result = found(studio, qtbot, "geodesic")
    assert not panel.progress.isVisible()
    assert result.length < 0.99 * straight.length
    assert result.straight == pytest.approx(straight.length, rel=1e-5)
    studio.store.randomise()
    qtbot.waitUntil(lambda: "straight" in panel.caption.text(), timeout=TIMEOUT)
    studio.store.path_walk.choose(replace(studio.store.state.path, steps=60))
    assert panel.cancel.isVisible()
    hand.click(panel.cancel)
    assert studio.store.state.path.way == "straight"
    found(studio, qtbot, "straight")


def test_the_support_of_each_step_is_shown(studio: Studio, panel: PathsPanel, qtbot: QtBot) -> None:
    keep(studio, qtbot, 3, 17)
    far = [6.0] * 32
    studio.store.set_z(far)
    hand.key(studio.window, Qt.Key.Key_K)
    found(studio, qtbot)
    qtbot.waitUntil(lambda: studio.store.path_walk.support is not None, timeout=TIMEOUT)
    support = studio.store.path_walk.support
    assert support is not None
    assert support.ranks[0] > 0.5
    assert support.ranks[-1] == 0.0
    studio.store.path_walk.go_to(24)
    assert "more support than 0 % of the data" in panel.caption.text()


def test_the_map_shows_the_points_and_the_path(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    result = found(studio, qtbot)
    canvas = studio.window.panel(MapPanel).canvas
    qtbot.waitUntil(lambda: canvas.route is not None, timeout=TIMEOUT)
    shown = studio.store.atlas.map
    assert shown is not None
    assert np.allclose(canvas.route, shown.map.place(result.z))
    assert [name for _, name in canvas.kept] == ["A", "B"]
    studio.store.undo()
    qtbot.waitUntil(lambda: canvas.route is None, timeout=TIMEOUT)
    assert [name for _, name in canvas.kept] == ["A"]


def test_a_conditional_model_mixes_the_labels_on_the_way(cvae: Studio, qtbot: QtBot) -> None:
    cvae.window.resize(1280, 800)
    cvae.window.workspaces.show_workspace("explore")
    cvae.window.docks["paths"].raise_()
    store = cvae.store
    store.set_label(3)
    store.keeper.keep_here()
    store.set_label(8)
    store.keeper.keep_here()
    result = found(cvae, qtbot)
    assert result.labels is not None
    assert result.labels[6][[3, 8]] == pytest.approx([0.5, 0.5])
    store.path_walk.go_to(3)
    assert store.state.latent.label is not None
    assert store.state.latent.label[8] == pytest.approx(0.25)
    settle(qtbot, cvae)


def test_points_belong_to_their_model_and_come_back_with_it(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    show_model(qtbot, studio, shipped("vae-2"))
    assert panel.points.points == ()
    assert panel.strip.count == 0
    assert "2 points of other models are kept" in panel.caption.text()
    undo_into(qtbot, studio, str(shipped("vae-32")))
    assert len(panel.points.points) == 2
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)


def test_a_path_is_saved_as_film_and_as_strip(
    studio: Studio, panel: PathsPanel, qtbot: QtBot, tmp_path: Path
) -> None:
    keep(studio, qtbot, 3, 17)
    found(studio, qtbot)
    scale = {"a.gif": 10, "a.png": 4}
    for action, name, widget in (
        (panel.save_film_action, "a.gif", panel.strip),
        (panel.save_strip_action, "a.png", panel.strip),
    ):
        action.trigger()
        size = widget.findChild(ScaleDialog)
        assert isinstance(size, ScaleDialog)
        size.scale.setValue(scale[name])
        size.accept()
        files = widget.findChild(QFileDialog)
        assert isinstance(files, QFileDialog)
        typed = files.findChild(QLineEdit)
        assert isinstance(typed, QLineEdit)
        typed.setText(str(tmp_path / name))
        with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
            files.accept()
    with Image.open(tmp_path / "a.gif") as film:
        assert (film.size, film.n_frames) == ((280, 280), 13)
    with Image.open(tmp_path / "a.png") as strip:
        assert strip.size == ((13 * 28 + 12 * 2) * 4, 28 * 4)


def test_a_name_that_changes_changes_below_the_strip(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    found(studio, qtbot)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    studio.store.keeper.rename(studio.store.keeper.points[0], "start")
    assert panel.strip._names == [(0, "start"), (12, "B")]


def test_a_walk_from_the_end_of_a_closed_path_is_undone_too(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    store = studio.store
    store.path_walk.choose(replace(store.state.path, steps=2, closed=True))
    result = found(studio, qtbot)
    store.path_walk.go_to(len(result.z) - 1)
    before = store.state
    store.path_walk.play_or_stop()
    qtbot.waitUntil(lambda: store.path_walk.at in (2, 3), timeout=TIMEOUT)
    store.path_walk.stop()
    store.undo()
    assert store.state == before


def test_between_equal_points_there_is_nothing_to_walk(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3)
    hand.key(studio.window, Qt.Key.Key_K)
    found(studio, qtbot)
    studio.store.keeper.go_to(studio.store.keeper.points[0])
    studio.store.path_walk.play_or_stop()
    assert not studio.store.path_walk.playing


def test_a_label_that_is_picked_during_a_walk_ends_it(cvae: Studio, qtbot: QtBot) -> None:
    store = cvae.store
    cvae.window.resize(1280, 800)
    cvae.window.workspaces.show_workspace("explore")
    store.set_label(3)
    store.keeper.keep_here()
    store.randomise()
    store.keeper.keep_here()
    found(cvae, qtbot)
    store.path_walk.play_or_stop()
    qtbot.waitUntil(lambda: store.path_walk.at > 0, timeout=TIMEOUT)
    store.set_label(7)
    assert not store.path_walk.playing
    assert store.path_walk.at == -1
    qtbot.wait(200)  # two frames, in which nothing may move
    assert store.state.latent.label is not None
    assert store.state.latent.label[7] == 1.0


def test_support_of_another_path_is_not_taken(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    found(studio, qtbot)
    walk = studio.store.path_walk
    qtbot.waitUntil(lambda: walk.support is not None, timeout=TIMEOUT)
    late = walk.support
    assert late is not None
    studio.store.path_walk.choose(replace(studio.store.state.path, steps=3))
    found(studio, qtbot)
    walk.support = None
    walk._take_support(late)
    assert walk.support is None


def test_a_path_that_was_asked_for_in_another_model_is_given_up(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    store, walk = studio.store, studio.store.path_walk
    result = found(studio, qtbot)
    walk._drop()
    asked = walk._asked = result.request  # as if its answer were on the way
    show_model(qtbot, studio, shipped("vae-2"))
    assert walk._asked is not asked
    walk._take(result)
    assert walk.found is None
    assert store.keeper.points == ()


def test_a_strip_that_goes_under_the_hand_ends_the_gesture(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    keep(studio, qtbot, 3, 17)
    found(studio, qtbot)
    qtbot.waitUntil(lambda: panel.strip.count == 13, timeout=TIMEOUT)
    before = studio.store.state
    hand.press(panel.strip, QPoint(round(panel.strip.place(4)), 20))
    studio.window.docks["paths"].hide()
    assert studio.store._gesture is None
    studio.store.undo()
    assert studio.store.state == before


def test_the_longest_paths_are_painted_in_a_moment(
    studio: Studio, panel: PathsPanel, qtbot: QtBot
) -> None:
    """6,001 steps: what is painted of them is made once, and thinned."""
    qtbot.waitUntil(lambda: studio.store.atlas.map is not None, timeout=TIMEOUT)
    images = np.random.default_rng(0).random((6001, 1, 28, 28), np.float32)
    panel.strip.set_path(images, [(60 * place, f"p{place}") for place in range(101)])
    panel.strip.set_ranks(np.linspace(0.0, 1.0, 6001).astype(np.float32))
    panel.strip.repaint()
    drawn = panel.strip._drawn
    assert drawn is not None
    panel.strip.set_at(3000)
    panel.strip.repaint()
    assert panel.strip._drawn is drawn  # a step of the walk moves a line
    canvas = studio.window.panel(MapPanel).canvas
    canvas.set_route(np.random.default_rng(1).standard_normal((6001, 2)).astype(np.float32))
    canvas.repaint()
    line = canvas._route_line
    assert line is not None
    assert 300 <= line.size() <= 402
    canvas.set_here(canvas.here)
    canvas.repaint()
    assert canvas._route_line is line
