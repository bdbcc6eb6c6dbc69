"""Traversals: rows of the most active dimensions, a plane of two; a click goes there."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.ui.panels.traversals import COLUMNS, MOST_ROWS, PLANE, SIDE, TraversalsPanel


@pytest.fixture
def panel(studio: Studio, qtbot: QtBot) -> TraversalsPanel:
    """In front, its pictures there."""
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    studio.window.docks["traversals"].raise_()
    panel = studio.window.panel(TraversalsPanel)
    shown(studio, panel, qtbot)
    return panel


def shown(studio: Studio, panel: TraversalsPanel, qtbot: QtBot) -> None:
    """Wait until the pictures are around the present point."""

    def done() -> bool:
        result = panel._shown
        if result is None or result.request.snapshot is not studio.store.snapshot:
            return False
        plane = panel.kind.currentIndex() == PLANE
        fits = (result.images.shape[:2] == (SIDE, SIDE)) == plane
        return fits and result.request.latent == studio.store.state.latent

    qtbot.waitUntil(done, timeout=TIMEOUT)


def test_a_row_for_each_of_the_most_active_dimensions(
    studio: Studio, panel: TraversalsPanel
) -> None:
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.latent is not None
    order = studio.store.snapshot.latent.order
    result = panel._shown
    assert result is not None
    assert len(panel.grid.pictures) == MOST_ROWS
    assert len(panel.grid.pictures[0]) == COLUMNS
    for row, dimension in enumerate(order[:MOST_ROWS]):
        changed = np.ptp(result.request.points[row], axis=0) > 0
        assert np.flatnonzero(changed).tolist() == [dimension]
        assert result.request.points[row, COLUMNS // 2] == pytest.approx(
            studio.store.state.latent.z, abs=1e-6
        )
    decoded = studio.store.last_decoded
    assert decoded is not None
    assert np.allclose(result.images[0, COLUMNS // 2], decoded.image, atol=1e-4)


def test_a_click_goes_there_and_the_rows_follow(
    studio: Studio, panel: TraversalsPanel, qtbot: QtBot
) -> None:
    before, result = studio.store.state, panel._shown
    assert result is not None
    wanted = result.request.points[2, 9]
    hand.click(panel.grid, panel.grid.place(2, 9).center())
    settle(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(wanted, abs=1e-6)
    shown(studio, panel, qtbot)
    studio.store.undo()
    assert studio.store.state == before


def test_keys_walk_over_the_pictures_and_enter_takes_one(
    studio: Studio, panel: TraversalsPanel
) -> None:
    result = panel._shown
    assert result is not None
    panel.grid.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Up):
        hand.key(panel.grid, key)
    wanted = result.request.points[MOST_ROWS // 2 - 1, COLUMNS // 2 + 1]
    assert panel.caption.text().startswith("z")
    hand.key(panel.grid, Qt.Key.Key_Return)
    assert studio.store.state.latent.z == pytest.approx(wanted, abs=1e-6)


def test_a_plane_of_any_two_dimensions(
    studio: Studio, panel: TraversalsPanel, qtbot: QtBot
) -> None:
    panel.kind.setCurrentIndex(PLANE)
    shown(studio, panel, qtbot)
    assert panel.across.isVisible()
    panel.up.setCurrentIndex(5)
    across, up = panel.across.currentData(), panel.up.currentData()

    def of_these() -> bool:
        assert panel._shown is not None
        points = panel._shown.request.points.reshape(-1, 32)
        return bool(np.flatnonzero(np.ptp(points, axis=0) > 0).tolist() == sorted((across, up)))

    qtbot.waitUntil(of_these, timeout=TIMEOUT)
    assert len(panel.grid.pictures) == len(panel.grid.pictures[0]) == SIDE


@pytest.mark.parametrize("name", ["vae-2", "vae-64", "cvae"])
def test_models_of_other_sizes_have_their_own_rows(
    name: str, studio: Studio, panel: TraversalsPanel, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped(name))
    shown(studio, panel, qtbot)
    assert studio.store.snapshot is not None
    size = studio.store.snapshot.spec.latent_dim
    assert len(panel.grid.pictures) == min(MOST_ROWS, size)
    assert panel.across.count() == size
