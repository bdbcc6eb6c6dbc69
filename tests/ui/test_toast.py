"""``Toast``: messages that block nothing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio.app import Studio
from vae_studio.ui.widgets.toast import Toast


@pytest.fixture
def desk(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    widget.resize(800, 400)
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def toast(desk: QWidget, qtbot: QtBot) -> Toast:
    message = Toast(desk)
    with qtbot.waitExposed(desk):
        desk.show()
    assert not message.isVisible()
    return message


def buttons(toast: Toast) -> list[QToolButton]:
    return [button for button in toast.findChildren(QToolButton) if button.isVisible()]


def test_an_action_runs_once_and_ends_the_message(toast: Toast) -> None:
    done: list[str] = []
    toast.show_message("m was deleted.", "Undo", lambda: done.append("undone"))
    assert next(button.text() for button in buttons(toast)) == "Undo"
    hand.click(buttons(toast)[0])
    assert done == ["undone"]
    assert not toast.isVisible()


def test_a_message_can_be_dismissed(toast: Toast) -> None:
    toast.show_message("Training is done.")
    (close,) = buttons(toast)
    assert close.accessibleName() == "Dismiss"
    hand.click(close)
    assert not toast.isVisible()


def test_details_can_be_copied(toast: Toast) -> None:
    toast.show_error("It is damaged. Open another.", "checkpoint.digest (path='x')")
    hand.click(buttons(toast)[0])
    copied = QGuiApplication.clipboard().text()
    assert "It is damaged." in copied
    assert "checkpoint.digest (path='x')" in copied


def test_the_same_error_is_not_shown_twice_at_once(toast: Toast) -> None:
    toast.show_error("same", "")
    toast.hide()
    toast.show_error("same", "")
    assert not toast.isVisible()
    toast.show_error("another", "")
    assert toast.isVisible()


def test_it_goes_by_itself(toast: Toast, qtbot: QtBot) -> None:
    toast.findChildren(QTimer)[0].setInterval(50)
    toast.show_message("soon gone")
    qtbot.waitUntil(lambda: not toast.isVisible())


def test_it_stays_inside_a_window_that_shrinks(toast: Toast, desk: QWidget, qtbot: QtBot) -> None:
    toast.show_message("a message of some length " * 8)
    desk.resize(420, 300)
    qtbot.waitUntil(lambda: desk.rect().contains(toast.geometry()))


def test_a_panel_that_comes_forward_does_not_hide_it(studio: Studio, qtbot: QtBot) -> None:
    window = studio.window
    window.workspaces.show_workspace("train")
    QApplication.processEvents()
    window.toast.show_message("a long text " * 10)
    window.docks["dimensions"].raise_()
    QApplication.processEvents()
    place = window.toast.geometry()
    under = window.childAt(QPoint(place.right() - 5, place.center().y()))
    assert under is not None
    assert under is window.toast or window.toast.isAncestorOf(under)
