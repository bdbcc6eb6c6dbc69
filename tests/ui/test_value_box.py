"""What is typed into a latent value, and what then holds."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui.waits import settle
from vae_studio.app import Studio
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.sliders.row import LatentSlider


def first_row(studio: Studio) -> LatentSlider:
    return studio.window.panel(SlidersPanel).rows[0]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("1.25", 1.25), ("1,5", 1.5), ("99", 10.0), ("-99", -10.0), ("−2", -2.0)],
)
def test_what_is_typed_holds_or_is_brought_into_range(
    studio: Studio, qtbot: QtBot, typed: str, expected: float
) -> None:
    row = first_row(studio)
    row.value.setFocus()
    row.value.selectAll()
    row.value.lineEdit().insert(typed)  # QTest has no key for “−”
    QTest.keyClick(row.value, Qt.Key.Key_Return)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(expected)


@pytest.mark.parametrize("typed", ["abc", "", "--"])
def test_no_number_leaves_the_value(studio: Studio, qtbot: QtBot, typed: str) -> None:
    row = first_row(studio)
    before = studio.store.state.latent.z[row.dimension]
    row.value.setFocus()
    row.value.selectAll()
    QTest.keyClicks(row.value, typed or "\b")
    QTest.keyClick(row.value, Qt.Key.Key_Return)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(before, abs=0.005)
    assert row.value.value() == pytest.approx(before, abs=0.005)


def test_undo_reaches_the_window_after_a_value_was_typed(studio: Studio, qtbot: QtBot) -> None:
    row = first_row(studio)
    before = studio.store.state
    row.value.setFocus()
    row.value.selectAll()
    QTest.keyClicks(row.value, "2.5")
    QTest.keyClick(row.value, Qt.Key.Key_Return)
    assert studio.store.state != before
    QTest.keyClick(row.value, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, studio)
    assert studio.store.state == before


@pytest.mark.parametrize(
    ("key", "change"),
    [
        (Qt.Key.Key_Right, 0.1),
        (Qt.Key.Key_Left, -0.1),
        (Qt.Key.Key_PageUp, 0.5),
        (Qt.Key.Key_PageDown, -0.5),
    ],
)
def test_keys_move_a_slider(studio: Studio, key: Qt.Key, change: float) -> None:
    row = first_row(studio)
    studio.store.set_dimension(row.dimension, 0.0)
    QTest.keyClick(row.slider, key)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(change)


def test_home_and_end_go_to_the_ends_of_a_slider(studio: Studio) -> None:
    row = first_row(studio)
    QTest.keyClick(row.slider, Qt.Key.Key_Home)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(row.slider.minimum())
    QTest.keyClick(row.slider, Qt.Key.Key_End)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(row.slider.maximum())
