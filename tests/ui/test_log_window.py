"""The log window, the crash report, and what the window says of a fault that nobody caught."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QAction,
    QColor,
    QDesktopServices,
    QFontDatabase,
    QFontInfo,
    QGuiApplication,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio import logs
from vae_studio.app import Studio
from vae_studio.session.folders import log_folder
from vae_studio.ui.log_window import LogWindow
from vae_studio.ui.theme import DARK, LIGHT

CRASH = "Fatal Python error: Segmentation fault\nin the_guilty_function\n"


@pytest.fixture
def installed(studio: Studio) -> Iterator[logs.Installed]:
    """The log, as ``app.run`` has it. Pytest's own hook for exceptions is away meanwhile."""
    with logs.install("a test") as installed:
        studio.lifecycle.listen(installed)
        yield installed


def write_log(lines: int) -> None:
    log_folder().mkdir(parents=True, exist_ok=True)
    text = "".join(f"line {number} {'and so on ' * 30}\n" for number in range(lines))
    logs.log_file().write_text(text, "utf-8")


def write_crash() -> Path:
    log_folder().mkdir(parents=True, exist_ok=True)
    path = log_folder() / "crash-20260102-030405.txt"
    path.write_text(CRASH)
    return path


def action(studio: Studio, text: str) -> QAction:
    (found,) = [a for a in studio.window.findChildren(QAction) if a.text() == text]
    return found


def open_log(studio: Studio, qtbot: QtBot) -> LogWindow:
    action(studio, "Show &log").trigger()
    (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, LogWindow)]
    qtbot.waitUntil(lambda: window.windowHandle().isExposed())
    return window


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


# The window ------------------------------------------------------------------------------------


def test_it_shows_the_end_of_the_log_and_blocks_nothing(studio: Studio, qtbot: QtBot) -> None:
    write_log(2000)
    window = open_log(studio, qtbot)
    shown = window.text.toPlainText()
    assert shown.endswith("line 1999 " + "and so on " * 30)
    assert 150_000 < len(shown) < 200_001
    assert shown.startswith("line ")
    up, across = window.text.verticalScrollBar(), window.text.horizontalScrollBar()
    qtbot.waitUntil(lambda: up.value() == up.maximum() > 0)
    assert across.value() == 0 < across.maximum()  # lines are not wrapped
    assert window.place.text() == str(logs.log_file())
    assert not window.isModal()
    assert QApplication.activeModalWidget() is None


def test_its_text_is_monospaced_and_cannot_be_changed(studio: Studio, qtbot: QtBot) -> None:
    write_log(3)
    window = open_log(studio, qtbot)
    assert window.text.isReadOnly()
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    assert QFontInfo(window.text.font()).family() == QFontInfo(fixed).family()
    hand.key(window.text, Qt.Key.Key_X)
    assert window.text.toPlainText().startswith("line 0")
    hand.key(window.text, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    hand.key(window.text, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == window.text.toPlainText()


def test_an_empty_log_says_what_will_be_there(studio: Studio, qtbot: QtBot) -> None:
    window = open_log(studio, qtbot)
    assert window.text.toPlainText() == ""
    assert "empty" in window.text.placeholderText()
    assert "warnings" in window.text.placeholderText()


def test_it_is_read_when_opened_and_on_refresh(studio: Studio, qtbot: QtBot) -> None:
    write_log(1)
    window = open_log(studio, qtbot)
    write_log(2)
    assert "line 1" not in window.text.toPlainText()
    hand.click(window.refresh)
    assert "line 1" in window.text.toPlainText()
    hand.key(window, Qt.Key.Key_Escape)
    assert not window.isVisible()
    write_log(3)
    assert open_log(studio, qtbot) is window
    assert "line 2" in window.text.toPlainText()


def test_the_report_can_be_copied(studio: Studio, qtbot: QtBot) -> None:
    write_log(3)
    write_crash()
    window = open_log(studio, qtbot)
    hand.click(window.copy_report)
    assert clipboard() == logs.report()
    assert "line 2" in clipboard()
    assert "the_guilty_function" in clipboard()
    assert "on the clipboard" in window.said.text()
    hand.click(window.refresh)
    assert window.said.text() == ""


@pytest.mark.parametrize("opens", [True, False])
def test_its_folder_opens(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, opens: bool
) -> None:
    asked: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        asked.append(url)
        return opens

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    window = open_log(studio, qtbot)
    hand.click(window.open_folder)
    assert [Path(url.toLocalFile()) for url in asked] == [log_folder()]
    assert (str(log_folder()) in window.said.text()) is not opens


def test_every_control_has_a_name_and_says_what_it_does(studio: Studio, qtbot: QtBot) -> None:
    window = open_log(studio, qtbot)
    buttons = window.findChildren(QAbstractButton)
    assert [button.text() for button in buttons] == ["Copy report", "Open folder", "Refresh"]
    assert all(button.toolTip() for button in buttons)
    assert window.findChild(QPlainTextEdit).accessibleName() == "Log"  # type: ignore[attr-defined]
    window.resize(window.minimumSizeHint())
    assert window.width() <= 600


def test_it_follows_the_theme(studio: Studio, qtbot: QtBot) -> None:
    window = open_log(studio, qtbot)
    for name, scheme in (("&Light", LIGHT), ("&Dark", DARK)):
        action(studio, name).trigger()
        picture = window.grab().toImage()
        middle = window.text.geometry().center()
        assert picture.pixelColor(middle.x(), middle.y()) == QColor(scheme.base)
        assert picture.pixelColor(2, window.height() - 2) == QColor(scheme.window)


def test_it_goes_with_the_main_window(studio: Studio, qtbot: QtBot) -> None:
    window = open_log(studio, qtbot)
    studio.window.close()
    assert not window.isVisible()


def test_both_commands_are_in_the_palette(studio: Studio) -> None:
    palette = studio.window.show_palette()
    names = [palette.list.item(row).text() for row in range(palette.list.count())]
    assert {"Help: Show log", "Help: Copy crash report"} <= set(names)
    palette.search.setText("crash report")
    hand.key(palette, Qt.Key.Key_Return)
    assert clipboard() == logs.report()
    assert "clipboard" in studio.window.toast.text


# Faults that nobody caught ---------------------------------------------------------------------


def test_an_exception_in_a_slot_is_said_and_the_window_goes_on(
    studio: Studio, qtbot: QtBot, installed: logs.Installed
) -> None:
    def slot() -> None:
        raise ZeroDivisionError("on purpose")

    button = QAction("break", studio.window)
    button.triggered.connect(slot)
    button.trigger()
    toast = studio.window.toast
    qtbot.waitUntil(toast.isVisible)
    assert "ZeroDivisionError: on purpose" in toast.text
    toast.press_action()
    assert "Traceback" in clipboard()
    assert "in slot" in clipboard()
    assert "Nothing was sent anywhere" in clipboard()
    assert clipboard().startswith(toast.text)
    before = studio.store.state.latent.z
    action(studio, "&Random point").trigger()
    assert studio.store.state.latent.z != before


def test_an_exception_on_a_thread_is_said(
    studio: Studio, qtbot: QtBot, installed: logs.Installed
) -> None:
    thread = threading.Thread(target=lambda: {}["a key"])  # type: ignore[misc]
    thread.start()
    thread.join()
    qtbot.waitUntil(studio.window.toast.isVisible)
    assert "KeyError: 'a key'" in studio.window.toast.text


def test_ctrl_c_in_a_slot_is_the_end(
    studio: Studio, qtbot: QtBot, installed: logs.Installed
) -> None:
    def slot() -> None:
        raise KeyboardInterrupt

    button = QAction("break", studio.window)
    button.triggered.connect(slot)
    button.trigger()
    qtbot.waitUntil(lambda: not studio.window.isVisible())
    assert "KeyboardInterrupt" not in logs.tail()


# After a crash ---------------------------------------------------------------------------------


def test_a_crash_is_said_with_its_report(studio: Studio, qtbot: QtBot) -> None:
    write_log(3)
    crash = write_crash()
    studio.window.notices.say_crashed(crash)
    toast = studio.window.toast
    assert toast.text == "VAE Studio ended unexpectedly last time."
    toast.press_action()
    window = studio.window.log_window
    qtbot.waitUntil(lambda: window.windowHandle().isExposed())
    assert window.text.toPlainText() == logs.report(crash)
    assert "the_guilty_function" in window.text.toPlainText()
    assert window.text.verticalScrollBar().value() == 0
    assert window.place.text() == str(crash)
    hand.click(window.copy_report)
    assert clipboard() == logs.report(crash)
    assert open_log(studio, qtbot) is window
    assert window.text.toPlainText().startswith("line 0")


RUN = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from vae_studio import app

def build(*given, make=app.build):
    studio = make(*given)
    said = []
    def look():
        toast = studio.window.toast
        if toast.isVisible() and toast.text not in said:
            said.append(toast.text)
            print(toast.text, flush=True)
        if len(said) == int(sys.argv[1]) and studio.store.last_decoded is not None:
            studio.window.close()
        elif len(said) == 1 and studio.store.last_decoded is not None:
            raise ZeroDivisionError("on purpose")
    studio.timer = QTimer(studio.window, interval=50)
    studio.timer.timeout.connect(look)
    studio.timer.start()
    return studio

app.build = build
sys.exit(app.run())
"""


def run(messages: int) -> list[str]:
    """Run the app until it has said so much; in between, a slot raises an exception."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(messages)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_app_tells_of_a_crash_once_and_of_faults(home: Path) -> None:
    log_folder().mkdir(parents=True)
    logs.crash_file().write_text(CRASH)
    crashed, fault = run(messages=2)
    assert "ended unexpectedly" in crashed
    assert "ZeroDivisionError: on purpose" in fault
    assert "Traceback" in logs.tail()
    assert [path.read_text() for path in logs.crashes()] == [CRASH]
    assert run(messages=0) == []
