"""The command palette."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio.app import Studio
from vae_studio.ui.widgets.palette import CommandPalette


def opened(studio: Studio, qtbot: QtBot) -> CommandPalette:
    hand.key(studio.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = studio.window.findChild(CommandPalette)
    assert isinstance(palette, CommandPalette)
    qtbot.waitUntil(palette.isVisible)
    return palette


def entries(palette: CommandPalette) -> list[str]:
    return [palette.list.item(row).text() for row in range(palette.list.count())]


def test_it_lists_every_command_with_its_key(studio: Studio, qtbot: QtBot) -> None:
    texts = entries(opened(studio, qtbot))
    assert "Model: Random point    R" in texts
    assert "File: Quit    Ctrl+Q" in texts
    assert any("Reset layout" in text for text in texts)
    assert any("Dark" in text for text in texts)


def test_a_part_of_a_name_and_enter_run_it(studio: Studio, qtbot: QtBot) -> None:
    palette = opened(studio, qtbot)
    QTest.keyClicks(palette.search, "mean")
    assert entries(palette) == ["Model: Mean point    M"]
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert set(studio.store.state.latent.z) == {0.0}


def test_arrows_choose(studio: Studio, qtbot: QtBot) -> None:
    palette = opened(studio, qtbot)
    QTest.keyClicks(palette.search, "point")
    first = palette.list.currentRow()
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.list.currentRow() == first + 1
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert set(studio.store.state.latent.z) == {0.0}


def test_nothing_found_does_nothing(studio: Studio, qtbot: QtBot) -> None:
    state = studio.store.state
    palette = opened(studio, qtbot)
    QTest.keyClicks(palette.search, "no such command")
    assert entries(palette) == []
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert studio.store.state == state
    QTest.keyClick(palette.search, Qt.Key.Key_Escape)
