"""Gestures whose release something else takes: a dialog, a menu, whatever hides the widget."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio.ui.panels.completion.mask_view import MaskView
from vae_studio.ui.panels.draw.canvas import Canvas
from vae_studio.ui.widgets.brush_view import Brush, BrushView

Held = Canvas | BrushView | MaskView


def canvas() -> Canvas:
    return Canvas()


def brush_view() -> BrushView:
    view = BrushView("a picture")
    view.set_brush(Brush.INK)
    return view


def mask_view() -> MaskView:
    return MaskView("a picture")


class Desk:
    """One of them that a hand holds, and how often it said so."""

    def __init__(self, qtbot: QtBot, make: Callable[[], Held]) -> None:
        self.widget = QWidget()
        self.view = make()
        self.borders: list[str] = []
        self.view.pressed.connect(lambda: self.borders.append("pressed"))
        self.view.released.connect(lambda: self.borders.append("released"))
        if not isinstance(self.view, Canvas):
            picture = QImage(28, 28, QImage.Format.Format_Grayscale8)
            picture.fill(0)
            self.view.set_picture(picture)
        QHBoxLayout(self.widget).addWidget(self.view)
        qtbot.addWidget(self.widget)
        self.widget.resize(300, 300)
        with qtbot.waitExposed(self.widget):
            self.widget.show()
        hand.press(self.view)
        hand.move(self.view, self.view.rect().center() + QPoint(40, 40))
        assert self.borders == ["pressed"]
        assert self.view.busy


@pytest.fixture(params=[canvas, brush_view, mask_view])
def desk(request: pytest.FixtureRequest, qtbot: QtBot) -> Desk:
    return Desk(qtbot, request.param)


def test_a_dialog_ends_the_gesture(desk: Desk, qtbot: QtBot) -> None:
    dialog = QDialog(desk.widget)
    dialog.setModal(True)
    with qtbot.waitExposed(dialog):
        dialog.open()
    assert desk.borders == ["pressed", "released"]
    assert not desk.view.busy
    dialog.close()
    hand.release(desk.view)
    assert desk.borders == ["pressed", "released"]


def menus(desk: Desk, qtbot: QtBot) -> list[QWidget]:
    """Those that a click with the other button opens; they are closed."""
    seen: list[QWidget | None] = []

    def look() -> None:
        menu = QApplication.activePopupWidget()
        seen.append(menu)
        if menu is not None:
            menu.close()

    middle = desk.view.rect().center()
    reason, place = QContextMenuEvent.Reason.Mouse, desk.view.mapToGlobal(middle)
    QTimer.singleShot(0, look)  # a menu waits for its end
    QApplication.sendEvent(desk.view, QContextMenuEvent(reason, middle, place))
    qtbot.waitUntil(lambda: len(seen) == 1)
    return [menu for menu in seen if menu is not None]


def test_no_context_menu_opens_under_the_hand(desk: Desk, qtbot: QtBot) -> None:
    assert menus(desk, qtbot) == []
    assert desk.view.busy
    hand.release(desk.view)
    assert desk.borders == ["pressed", "released"]
    assert len(menus(desk, qtbot)) == 1


def test_what_hides_the_widget_ends_the_gesture(desk: Desk) -> None:
    desk.view.hide()
    assert desk.borders == ["pressed", "released"]
    assert not desk.view.busy
    hand.release(desk.widget)


def test_a_move_without_the_button_ends_the_gesture(desk: Desk) -> None:
    middle, none = QPointF(desk.view.rect().center()), Qt.MouseButton.NoButton
    place = desk.view.mapToGlobal(middle)
    kind = QEvent.Type.MouseMove
    QApplication.sendEvent(desk.view, QMouseEvent(kind, middle, place, none, none, hand.NO_KEYS))
    assert desk.borders == ["pressed", "released"]
    hand.release(desk.view)
    assert desk.borders == ["pressed", "released"]
