"""z on the clipboard and as a file, from the menu."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from tests.helpers import Disk
from tests.ui.waits import TIMEOUT
from vae_studio.app import Studio
from vae_studio.ui.menus import leaves


def action(studio: Studio, name: str) -> QAction:
    """An action of the menu *Model*."""
    return dict(leaves(studio.window.menuBar()))[f"Model: {name}"]


def choose(studio: Studio, name: str, kind: str = "") -> None:
    """*Save z…*, with that name typed; kind: the filter that is chosen before."""
    action(studio, "Save z…").trigger()
    dialog = studio.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    if kind:
        box = dialog.findChild(QComboBox, "fileTypeCombo")
        assert isinstance(box, QComboBox)
        QTest.keyClicks(box, kind)  # the keys choose what begins so
        assert box.currentText().startswith(kind)
    line = dialog.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    if name:
        line.setText(name)
    dialog.accept()


def saved(studio: Studio, qtbot: QtBot, name: str, kind: str = "") -> Path:
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT) as heard:
        choose(studio, name, kind)
    (path,) = heard.args
    assert isinstance(path, Path)
    assert studio.window.toast.text == f"Saved as {path.name}."
    return path


def test_copy_puts_the_numbers_on_the_clipboard(studio: Studio) -> None:
    action(studio, "Copy z").trigger()
    copied = [float(part) for part in QGuiApplication.clipboard().text().split(",")]
    assert tuple(copied) == studio.store.state.latent.z
    assert studio.window.toast.text == "z is on the clipboard: 32 numbers."


def test_a_table_gives_the_point_back(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    path = saved(studio, qtbot, str(tmp_path / "point.csv"))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["dimension"] for row in rows] == [f"z{index}" for index in range(32)]
    assert tuple(float(row["value"]) for row in rows) == studio.store.state.latent.z


@pytest.mark.parametrize("name", ["point.json", "point.JSON"])
def test_the_suffix_decides(cvae: Studio, qtbot: QtBot, tmp_path: Path, name: str) -> None:
    cvae.store.set_label(3)
    path = saved(cvae, qtbot, str(tmp_path / name))
    read, latent = json.loads(path.read_bytes()), cvae.store.state.latent
    assert read == {"model": "cvae", "z": list(latent.z), "label": list(latent.label or ())}
    assert read["label"][3] == 1.0


def test_the_kind_that_is_chosen_gives_the_suffix(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    assert saved(studio, qtbot, str(tmp_path / "one")).name == "one.csv"
    path = saved(studio, qtbot, str(tmp_path / "two"), "JSON")
    assert path.name == "two.json"
    assert json.loads(path.read_bytes())["model"] == "vae-32"


def test_it_is_the_point_of_the_moment_when_it_was_asked_for(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    before = studio.store.state.latent.z
    action(studio, "Save z…").trigger()
    studio.store.go_to_mean()
    dialog = studio.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    line = dialog.findChild(QLineEdit)
    assert isinstance(line, QLineEdit)
    line.setText(str(tmp_path / "z.json"))
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        dialog.accept()
    assert tuple(json.loads((tmp_path / "z.json").read_bytes())["z"]) == before


def test_a_full_disk_is_told(studio: Studio, qtbot: QtBot, tmp_path: Path, disk: Disk) -> None:
    disk.full = True
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        choose(studio, str(tmp_path / "z.csv"))
    disk.full = False
    assert "Free some space" in studio.window.toast.text
    assert not (tmp_path / "z.csv").exists()
