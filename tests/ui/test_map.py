"""The map: dots of the test set, the crosshair, hover and click, what lies below; t-SNE."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from tests.helpers import part, take_as_mnist
from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair
from vae_studio.core.maps import NeighbourMap, PlaneMap
from vae_studio.session.drawing import ImageRef
from vae_studio.session.jobs import MapRequest, MapResult
from vae_studio.session.requests import OnMapRequest, OnMapResult
from vae_studio.ui import theme
from vae_studio.ui.panels.map.canvas import MapCanvas, one_sigma
from vae_studio.ui.panels.map.panel import MapPanel


def mapped(qtbot: QtBot, studio: Studio) -> MapPanel:
    """The panel, once the weights on show are on the map."""
    panel = studio.window.panel(MapPanel)
    atlas = studio.store.atlas

    def done() -> bool:
        shown = atlas.map
        return atlas.is_current and shown is not None and shown.request.survey is atlas.survey

    qtbot.waitUntil(done, timeout=TIMEOUT)
    return panel


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> MapPanel:
    """The map of vae-2, large."""
    studio.window.workspaces.show_workspace("explore")
    show_model(qtbot, studio, shipped("vae-2"))
    return mapped(qtbot, studio)


def dot(canvas: MapCanvas, index: int, group: int = -1) -> QPoint:
    x, y = canvas.view.to_pixels(canvas.groups[group].places[index]).tolist()
    return QPoint(round(x), round(y))


def lonely(canvas: MapCanvas) -> int:
    """A dot with no other near it, and away from the crosshair."""
    assert canvas.here is not None
    places = canvas.groups[-1].places
    inside = canvas.view.to_pixels(places)
    ok = (inside > 20).all(1) & (inside < [canvas.width() - 20, canvas.height() - 20]).all(1)
    best, found = 0.0, 0
    for index in np.flatnonzero(ok)[:400].tolist():
        away = np.sort(np.square(places - places[index]).sum(1))[1]
        if away > best and np.abs(places[index] - canvas.here).max() > 0.3:
            best, found = float(away), index
    return found


def test_every_test_image_is_a_dot_where_its_code_is(studio: Studio, panel: MapPanel) -> None:
    (points,) = panel.canvas.groups
    survey = studio.store.atlas.survey
    assert survey is not None
    assert len(points.places) == 10_000
    assert np.allclose(points.places, survey.mu, atol=1e-6)  # of two dimensions, these themselves
    assert panel.arrange.itemText(0) == "Dimensions"
    assert "z0 to the right, z1 up" in panel.caption.text()
    z = studio.store.state.latent.z
    assert panel.canvas.here == pytest.approx(z, abs=1e-5)


def test_more_dimensions_are_seen_along_their_components(studio: Studio, qtbot: QtBot) -> None:
    studio.window.workspaces.show_workspace("explore")
    panel = mapped(qtbot, studio)
    shown = studio.store.atlas.map
    assert shown is not None
    assert isinstance(shown.map, PlaneMap)
    assert "%" in panel.caption.text()
    here = panel.canvas.here
    assert here is not None
    studio.store.randomise()
    settle(qtbot, studio)
    z = np.array(studio.store.state.latent.z, np.float32)
    assert np.allclose(panel.canvas.here, shown.map.place(z))
    assert not np.allclose(panel.canvas.here, here)


def test_a_click_on_the_map_goes_there_and_undo_comes_back(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    canvas, before = panel.canvas, studio.store.state
    corner = QPoint(6, 6)
    assert canvas.dot_at(corner.toPointF()) is None
    hand.click(canvas, corner)
    settle(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(canvas.view.to_map(6, 6), abs=1e-4)
    assert canvas.here == pytest.approx(canvas.view.to_map(6, 6), abs=1e-4)
    studio.store.undo()
    assert studio.store.state == before


def test_the_crosshair_drags_and_the_picture_follows_as_one_step(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    canvas, before = panel.canvas, studio.store.state
    assert canvas.here is not None
    start = QPoint(*(round(value) for value in canvas.view.to_pixels(canvas.here).tolist()))
    middle = canvas.rect().center()
    hand.press(canvas, start)
    for step in range(1, 6):
        hand.move(canvas, start + (middle - start) * (step / 5))
    settle(qtbot, studio)
    assert studio.store.last_decoded is not None
    assert studio.store.last_decoded.request.latent.z == pytest.approx(
        canvas.view.to_map(middle.x(), middle.y()), abs=1e-3
    )
    hand.release(canvas, middle)
    studio.store.undo()
    assert studio.store.state == before


def test_pointing_at_a_dot_shows_the_image_and_its_reconstruction(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    index = lonely(panel.canvas)
    hand.move(panel.canvas, dot(panel.canvas, index))
    qtbot.waitUntil(panel.card.isVisible, timeout=TIMEOUT)
    survey = studio.store.atlas.survey
    assert survey is not None
    shown = panel.card.image.image
    assert shown is not None
    assert shown.pixelColor(14, 14).value() == survey.images[index, 0, 14, 14]
    assert f"test image {index}, class {survey.labels[index]}" in panel.card.text.text()
    assert f"{survey.kl[index]:.1f} nats" in panel.card.text.text()
    assert panel.card.decoded.image is not None
    hand.move(panel.canvas, QPoint(3, 3))
    assert not panel.card.isVisible()
    assert studio.store.state.input is None  # looking changes nothing


def test_a_click_on_a_dot_makes_it_the_input(studio: Studio, panel: MapPanel, qtbot: QtBot) -> None:
    before, index = studio.store.state, lonely(panel.canvas)
    survey = studio.store.atlas.survey
    assert survey is not None
    hand.click(panel.canvas, dot(panel.canvas, index))
    encoded(qtbot, studio)
    state = studio.store.state
    assert state.input is not None
    assert state.input.image == ImageRef("mnist", "test", index)
    assert state.latent.z == pytest.approx(survey.mu[index], abs=1e-4)
    assert panel.canvas.ellipse is not None
    assert panel.canvas.ellipse[1] == pytest.approx(np.diag(np.exp(survey.logvar[index])), rel=1e-3)
    studio.store.undo()
    assert studio.store.state == before
    assert panel.canvas.ellipse is None


def test_the_drawn_ellipse_is_at_one_standard_deviation() -> None:
    covariance = np.array([[2.0, 0.6], [0.6, 0.5]], np.float32)
    points = one_sigma(np.array([1.0, -1.0], np.float32), covariance)
    away = points - [1.0, -1.0]
    distances = np.einsum("ni,ij,nj->n", away, np.linalg.inv(covariance), away)
    assert np.allclose(distances, 1.0, atol=1e-4)


def test_classes_are_hidden_by_the_legend_and_undo_shows_them(
    studio: Studio, panel: MapPanel
) -> None:
    assert len(panel.classes) == 10
    index = lonely(panel.canvas)
    label = int(panel.canvas.groups[-1].labels[index])
    place = dot(panel.canvas, index).toPointF()
    assert panel.canvas.dot_at(place) == (0, index)
    before = panel.canvas.grab().toImage()
    hand.click(panel.classes[label])
    assert studio.store.state.view.hidden == {label}
    found = panel.canvas.dot_at(place)
    assert found is None or panel.canvas.groups[0].labels[found[1]] != label
    assert panel.canvas.grab().toImage() != before
    studio.store.undo()
    assert panel.classes[label].isChecked()
    assert panel.canvas.dot_at(place) == (0, index)


def test_dots_and_legend_change_colour_with_the_theme(studio: Studio, panel: MapPanel) -> None:
    def swatch() -> QColor:
        return panel.classes[0].icon().pixmap(10, 10).toImage().pixelColor(5, 5)

    for name in ("light", "dark"):
        studio.lifecycle.choose_theme(name)
        assert swatch() == QColor(theme.colors().classes[0])
        picture = panel.canvas.grab().toImage()
        assert picture.pixelColor(2, 2) == QColor(theme.colors().base)


def test_wheel_zooms_around_the_mouse_drag_pans_and_home_shows_all(panel: MapPanel) -> None:
    canvas = panel.canvas
    whole, middle = canvas.view, canvas.rect().center()
    under = whole.to_map(middle.x(), middle.y())
    hand.wheel(canvas, 3)
    assert canvas.view.scale == pytest.approx(whole.scale * 1.2**3, rel=1e-5)
    assert canvas.view.to_map(middle.x(), middle.y()) == pytest.approx(under, abs=0.02)
    near = canvas.view
    away = [QPoint(20, 20), QPoint(60, 20), QPoint(70, 50)]
    hand.drag(canvas, away)
    assert canvas.view.x == pytest.approx(near.x - 50 / near.scale, abs=1e-4)
    assert canvas.view.y == pytest.approx(near.y + 30 / near.scale, abs=1e-4)
    canvas.setFocus()
    hand.key(canvas, Qt.Key.Key_Home)
    assert canvas.view == whole


def test_arrows_move_the_point(studio: Studio, panel: MapPanel) -> None:
    panel.canvas.setFocus()
    z = studio.store.state.latent.z
    hand.key(panel.canvas, Qt.Key.Key_Right)
    hand.key(panel.canvas, Qt.Key.Key_Up)
    assert studio.store.state.latent.z == pytest.approx((z[0] + 0.1, z[1] + 0.1), abs=1e-4)


def test_a_lattice_lies_below(studio: Studio, panel: MapPanel, qtbot: QtBot) -> None:
    hand.click(panel.lattice)
    qtbot.waitUntil(lambda: panel.canvas.lattice is not None, timeout=TIMEOUT)
    picture = panel.canvas.lattice
    assert picture is not None
    assert picture.width() % 28 == picture.height() % 28 == 0
    assert picture.width() // 28 * (picture.height() // 28) <= 600
    hand.click(panel.lattice)
    qtbot.waitUntil(lambda: panel.canvas.lattice is None, timeout=TIMEOUT)


def test_gaps_of_the_data_are_marked(studio: Studio, panel: MapPanel) -> None:
    before = panel.canvas.grab().toImage()
    hand.click(panel.holes)
    shown = studio.store.atlas.map
    assert shown is not None
    assert shown.holes is not None
    assert shown.holes.cells.any()  # two dimensions of MNIST leave some
    assert panel.canvas.grab().toImage() != before


def test_training_images_join_and_leave(
    small_mnist: None, studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    hand.click(panel.crowd)
    qtbot.waitUntil(lambda: len(panel.canvas.groups) == 2, timeout=TIMEOUT)
    crowd, tests = panel.canvas.groups
    assert (len(crowd.places), len(tests.places)) == (512, 256)
    panel._choose(0, 5)
    encoded(qtbot, studio)
    assert studio.store.state.input is not None
    assert studio.store.state.input.image == ImageRef("mnist", "train", 5)
    assert studio.store.state.latent.z == pytest.approx(crowd.places[5], abs=1e-4)
    hand.click(panel.crowd)
    assert len(panel.canvas.groups) == 1


@pytest.fixture
def fewer(mnist: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mnist`` has so many images here that t-SNE takes some seconds."""
    some = part(mnist, 512, 2500)
    take_as_mnist(some, monkeypatch)


def test_t_sne_shows_progress_and_can_be_given_up(
    fewer: None, studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    panel.arrange.activated.emit(1)
    assert panel.progress.isVisible()
    qtbot.waitUntil(lambda: panel.progress.value() > 0, timeout=TIMEOUT)
    hand.click(panel.cancel)
    assert not panel.progress.isVisible()
    assert panel.arrange.currentIndex() == 0
    assert studio.store.atlas.map is not None
    assert isinstance(studio.store.atlas.map.map, PlaneMap)


def test_a_t_sne_that_fails_leaves_the_plane_and_says_so(
    studio: Studio, panel: MapPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr("vae_studio.core.tsne.tsne", fail)
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        panel.arrange.activated.emit(1)
    qtbot.waitUntil(lambda: not panel.progress.isVisible(), timeout=TIMEOUT)
    assert panel.arrange.currentIndex() == 0


def test_t_sne_of_a_few_images(
    small_mnist: None, studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    panel.arrange.activated.emit(1)
    atlas = studio.store.atlas
    qtbot.waitUntil(
        lambda: atlas.map is not None and isinstance(atlas.map.map, NeighbourMap), timeout=TIMEOUT
    )
    assert not panel.progress.isVisible()
    assert not panel.lattice.isEnabled()
    shown = atlas.map
    assert shown is not None
    here = panel.canvas.here
    assert here is not None
    assert (here >= shown.places.min(0)).all()
    assert (here <= shown.places.max(0)).all()
    panel._go(*shown.places[9].tolist())
    assert studio.store.state.latent.z == pytest.approx(shown.request.survey.mu[9], abs=1e-2)
    panel.arrange.activated.emit(0)
    assert atlas.map is not None
    assert isinstance(atlas.map.map, PlaneMap)


def test_another_model_has_another_map(studio: Studio, panel: MapPanel, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("cvae"))
    assert studio.store.atlas.map is None  # nothing of vae-2 is left
    mapped(qtbot, studio)
    assert studio.store.atlas.survey is not None
    assert studio.store.atlas.survey.mu.shape[1] == 32


def test_a_model_without_labels_leaves_the_map_in_front(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("cvae"))
    assert panel.on_screen
    show_model(qtbot, studio, shipped("vae-16"))
    assert panel.on_screen


def test_a_hidden_map_asks_for_nothing(studio: Studio, qtbot: QtBot) -> None:
    studio.window.workspaces.show_workspace("compare")
    show_model(qtbot, studio, shipped("vae-2"))
    qtbot.wait(300)
    assert studio.store.atlas.survey is None


def test_data_that_are_not_there_are_said_on_the_map(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:

    studio.window.workspaces.show_workspace("compare")
    show_model(qtbot, studio, shipped("vae-2"))
    assert studio.store.snapshot is not None
    config = replace(studio.store.snapshot.config)
    object.__setattr__(config, "dataset", "letters")
    studio.store.snapshot = replace(studio.store.snapshot, config=config, id="other")
    studio.window.workspaces.show_workspace("explore")
    qtbot.waitUntil(lambda: studio.store.atlas.problem is not None, timeout=TIMEOUT)
    assert "letters" in studio.window.panel(MapPanel).canvas.placeholder


def test_it_says_how_far_the_look_at_the_images_is(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    shares: list[float | None] = []
    said: list[str] = []

    def note() -> None:
        shares.append(studio.store.atlas.looking)
        said.append(panel.canvas.placeholder)

    studio.store.atlas.looking_changed.connect(note)
    show_model(qtbot, studio, shipped("vae-64"))
    mapped(qtbot, studio)
    assert shares[-1] is None
    assert any(share is not None and share > 0.0 for share in shares)
    assert any("The model looks at the test images: " in text for text in said)
    studio.store.atlas.looking_changed.disconnect(note)


def test_t_sne_shows_kept_points_and_the_path(
    studio: Studio, panel: MapPanel, qtbot: QtBot
) -> None:
    """Of a map without axes: by the nearest images, off the GUI thread."""
    store, atlas = studio.store, studio.store.atlas
    survey = atlas.survey
    assert survey is not None
    for image in (3, 17):
        store.set_z(survey.mu[image].tolist())
        store.keeper.keep_here()
    places = np.random.default_rng(0).standard_normal((len(survey), 2)).astype(np.float32)
    request = MapRequest(survey, by_neighbours=True)
    atlas._by_neighbours = True
    atlas._take_map(MapResult(request, NeighbourMap(places, survey.mu), places, None))
    canvas = panel.canvas
    qtbot.waitUntil(lambda: canvas.route is not None, timeout=TIMEOUT)
    assert [name for _, name in canvas.kept] == ["A", "B"]
    for (place, _), image in zip(canvas.kept, (3, 17), strict=True):
        assert place == pytest.approx(places[image], abs=1e-2)
    qtbot.waitUntil(lambda: canvas.here is not None, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: canvas.here == pytest.approx(places[17], abs=1e-2), timeout=TIMEOUT)
    late = OnMapResult(panel._here_asked or OnMapRequest(atlas.map.map, places), places[:1])  # type: ignore[union-attr, arg-type]
    atlas.arrange(False)
    here = canvas.here
    panel._take("here", late)
    assert canvas.here is here  # a place on another map
