"""The list of models: open, rename, delete, and what is no run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QListWidgetItem, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.conftest import Start, end
from tests.ui.waits import TIMEOUT, settle, shipped, show_model, undo_into
from vae_studio.app import Studio, build, make_application
from vae_studio.core.errors import StudioError
from vae_studio.core.runs import bundled_runs, read_run
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.models import ModelsPanel


def names(studio: Studio) -> list[str]:
    models = studio.window.panel(ModelsPanel).list
    return [models.item(row).text() for row in range(models.count())]


def item(studio: Studio, name: str) -> QListWidgetItem:
    (found,) = studio.window.panel(ModelsPanel).list.findItems(name, Qt.MatchFlag.MatchExactly)
    return found


def click(studio: Studio, name: str) -> None:
    models = studio.window.panel(ModelsPanel).list
    models.scrollToItem(item(studio, name))
    hand.click(models.viewport(), models.visualItemRect(item(studio, name)).center())


def test_it_lists_every_model_that_ships(studio: Studio) -> None:
    assert names(studio) == [info.name for info in bundled_runs()]
    assert {"vae-32", "cvae"} <= set(names(studio))
    tip = item(studio, "vae-32").toolTip()
    assert "32 dims, BCE" in tip
    assert "−ELBO" in tip


def test_the_users_own_runs_are_listed_once_the_window_is_there(
    own_run: Path, qtbot: QtBot
) -> None:
    """A thousand of them would keep the first picture waiting."""
    studio = build(make_application(), seed=7)
    models = studio.window.panel(ModelsPanel).list
    assert models.count() == len(bundled_runs())
    studio.window.show()
    studio.lifecycle.begin()
    qtbot.waitUntil(lambda: models.count() == len(bundled_runs()) + 1, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: studio.store.last_decoded is not None, timeout=TIMEOUT)
    end(studio)


def test_a_click_opens_a_model_as_one_undo_step(studio: Studio, qtbot: QtBot) -> None:
    start = studio.store.state
    click(studio, "vae-2")
    qtbot.waitUntil(lambda: studio.store.state.model == str(shipped("vae-2")), timeout=TIMEOUT)
    settle(qtbot, studio)
    assert len(studio.store.state.latent.z) == 2
    undo_into(qtbot, studio, start.model)
    assert studio.store.state == start
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.name == "vae-32"
    assert studio.window.panel(ModelsPanel).list.currentItem().text() == "vae-32"


def test_models_that_ship_stay(studio: Studio) -> None:
    panel = studio.window.panel(ModelsPanel)
    assert panel.list.currentItem().text() == "vae-32"
    assert not panel.rename_button.isEnabled()
    assert not panel.remove_button.isEnabled()
    panel.list.setFocus()
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_F2):
        hand.key(panel.list, key)
    assert "vae-32" in names(studio)
    assert not panel.findChildren(QInputDialog)


def rename(studio: Studio, qtbot: QtBot, old: str, new: str) -> None:
    panel = studio.window.panel(ModelsPanel)
    panel.list.setCurrentItem(item(studio, old))
    hand.click(panel.rename_button)
    dialog = panel.findChild(QInputDialog)
    assert isinstance(dialog, QInputDialog)
    qtbot.waitUntil(dialog.isVisible)
    assert dialog.textValue() == old
    dialog.setTextValue(new)
    QTest.keyClick(dialog, Qt.Key.Key_Return)


def add_run(home: Path, name: str) -> Path:
    """A run of the user's own: vae-2 under another name."""
    folder = home / "runs" / "own"
    shutil.copytree(shipped("vae-2"), folder)
    values = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps({**values, "name": name}), "utf-8")
    return folder


def test_a_run_gets_another_name(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "first")
    studio = start()
    rename(studio, qtbot, "first", "  my second   try ")
    assert names(studio)[-1] == "my second try"
    assert read_run(folder).name == "my second try"
    rename(studio, qtbot, "my second try", "   ")
    assert "needs a name" in studio.window.toast.text
    assert names(studio)[-1] == "my second try"


def test_a_deleted_run_comes_back(home: Path, start: Start) -> None:
    folder = add_run(home, "mine")
    studio = start()
    panel = studio.window.panel(ModelsPanel)
    panel.list.setCurrentItem(item(studio, "mine"))
    hand.click(panel.remove_button)
    assert "mine" not in names(studio)
    assert not folder.exists()
    toast = studio.window.toast
    assert toast.isVisible()
    assert toast.text == "mine was deleted."
    toast.press_action()
    assert names(studio)[-1] == "mine"
    assert folder.is_dir()
    assert not toast.isVisible()


def test_delete_means_a_run_only_while_the_list_has_the_focus(home: Path, start: Start) -> None:
    folder = add_run(home, "mine")
    studio = start()
    panel = studio.window.panel(ModelsPanel)
    panel.list.setCurrentItem(item(studio, "mine"))
    panel.open_button.setFocus()
    hand.key(panel.open_button, Qt.Key.Key_Delete)
    assert folder.is_dir()
    panel.list.setFocus()
    hand.key(panel.list, Qt.Key.Key_Delete)
    assert not folder.exists()


def test_undo_into_a_run_that_is_gone_keeps_what_is_shown(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    folder = add_run(home, "mine")
    studio = start()
    show_model(qtbot, studio, folder)
    show_model(qtbot, studio, shipped("vae-32"))
    shown = studio.store.state
    studio.store.set_dimension(0, 1.0)
    shutil.rmtree(folder)
    studio.store.undo()
    assert studio.store.state == shown
    studio.store.undo()  # the next step leads into the lost run: it is passed over
    settle(qtbot, studio)
    assert studio.store.state.model == shown.model
    assert not studio.window.toast.isVisible()
    studio.store.redo()


def test_undo_into_a_run_that_is_damaged_says_so_and_forgets_it(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    folder = add_run(home, "mine")
    studio = start()
    show_model(qtbot, studio, folder)
    show_model(qtbot, studio, shipped("vae-32"))
    shown, snapshot = studio.store.state, studio.store.snapshot
    shutil.rmtree(folder / "checkpoint")
    with qtbot.waitSignal(studio.store.failed):
        studio.store.undo()
    assert studio.store.state == shown
    assert studio.store.snapshot is snapshot
    undo_into(qtbot, studio, str(shipped("vae-32")))
    hand.key(studio.window, Qt.Key.Key_M)
    settle(qtbot, studio)


HOSTILE = '<b>bold</b> <img src="x"> &amp; {name} %1 \u202e'


def test_a_name_is_never_markup(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, HOSTILE)
    studio = start()
    name = read_run(folder).name
    show_model(qtbot, studio, folder)
    studio.store.failed.emit(StudioError("runs.training", name=name))
    for label in studio.window.findChildren(QLabel):
        if "<b>" in label.text():
            plain = label.textFormat() is Qt.TextFormat.PlainText
            assert plain, f"{label.text()} in {label.parentWidget().objectName()}"
    for widget in studio.window.findChildren(QWidget):
        assert "<b>" not in widget.toolTip()
    assert "<b>" not in item(studio, name).toolTip()
    assert name in studio.window.status.showing.text()
    studio.window.grab()


def write_text(folder: Path) -> None:
    (folder / "config.json").write_text("{", "utf-8")


def cut_weights(folder: Path) -> None:
    for path in folder.glob("checkpoint/*/model.safetensors"):
        path.write_bytes(path.read_bytes()[:-100])


def no_checkpoint(folder: Path) -> None:
    shutil.rmtree(folder / "checkpoint")


def no_config(folder: Path) -> None:
    (folder / "config.json").unlink()


@pytest.mark.parametrize("damage", [write_text, cut_weights, no_checkpoint, no_config])
def test_what_is_no_run_changes_nothing(
    studio: Studio, qtbot: QtBot, own_run: Path, damage: object
) -> None:
    assert callable(damage)
    damage(own_run)
    state, snapshot = studio.store.state, studio.store.snapshot
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        studio.store.open_model(own_run)
    assert studio.window.toast.isVisible()
    assert str(own_run) in studio.window.toast.text
    assert studio.window.toast.text.count(".") >= 2  # what happened, and what to do
    assert studio.store.state == state
    assert studio.store.snapshot is snapshot
    assert not studio.store.can_undo


def drop(studio: Studio, path: Path) -> bool:
    """Drag a folder over the window and let it fall. Returns whether the window wanted it."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(40, 400), copy, data, left, hand.NO_KEYS)
    QApplication.sendEvent(studio.window, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(40, 400), copy, data, left, hand.NO_KEYS)
    QApplication.sendEvent(studio.window, event)
    return event.isAccepted()


def test_a_run_dropped_on_the_window_opens(studio: Studio, qtbot: QtBot, own_run: Path) -> None:
    assert drop(studio, own_run)
    qtbot.waitUntil(lambda: studio.store.state.model == str(own_run), timeout=TIMEOUT)
    settle(qtbot, studio)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("weights.pth", b"PK\3\4" + bytes(50), "pickle"),
        ("weights.txt", b"\x80\4\x95" + bytes(50), "pickle"),
        ("weights.safetensors", (2).to_bytes(8, "little") + b"{}", "weights alone"),
    ],
)
def test_what_is_no_run_is_dropped_and_explained(
    name: str, content: bytes, said: str, studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    snapshot = studio.store.snapshot
    with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
        assert drop(studio, path)
    assert said in studio.window.toast.text
    assert name in studio.window.toast.text
    assert studio.store.snapshot is snapshot


def test_a_pipe_that_is_dropped_keeps_nobody_waiting(
    studio: Studio, qtbot: QtBot, tmp_path: Path
) -> None:
    for path in (tmp_path / "pipe", tmp_path / "run" / "config.json"):
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
        with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT):
            assert drop(studio, path if path.name == "pipe" else path.parent)


def test_what_is_not_on_this_machine_is_not_wanted(studio: Studio) -> None:
    for url in ("https://example.org/run", "file://", "data:text/plain,x"):
        data = QMimeData()
        data.setUrls([QUrl(url)])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        enter = QDragEnterEvent(QPoint(40, 400), copy, data, left, hand.NO_KEYS)
        QApplication.sendEvent(studio.window, enter)
        assert not enter.isAccepted()


def test_a_rename_reaches_every_caption(home: Path, start: Start, qtbot: QtBot) -> None:
    folder = add_run(home, "mine")
    studio = start()
    show_model(qtbot, studio, folder)
    studio.store.library.rename(read_run(folder), "renamed", None)
    settle(qtbot, studio)
    assert studio.window.status.showing.text().startswith("showing: renamed")
    assert studio.window.panel(DecodedPanel).caption.text().startswith("renamed")


def test_a_run_that_crashed_is_not_said_to_be_in_training(home: Path, start: Start) -> None:
    folder = add_run(home, "mine")
    values = json.loads((folder / "config.json").read_text("utf-8"))
    values |= {"status": "running", "evaluation": None, "evaluated_epoch": 0}
    (folder / "config.json").write_text(json.dumps(values), "utf-8")
    studio = start()
    panel = studio.window.panel(ModelsPanel)
    tip = panel.list.item(panel.list.count() - 1).toolTip()
    assert "interrupted" in tip
    assert "in training" not in tip


def test_undo_goes_on_within_a_run_that_was_deleted_while_shown(
    home: Path, start: Start, qtbot: QtBot
) -> None:
    folder = add_run(home, "mine")
    studio = start()
    show_model(qtbot, studio, folder)
    before = studio.store.state
    studio.store.set_dimension(0, 1.0)
    studio.store.library.remove([read_run(folder)], None)
    studio.store.undo()
    settle(qtbot, studio)
    assert studio.store.state == before
