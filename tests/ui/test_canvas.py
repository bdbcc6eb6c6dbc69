"""``Canvas``: pen, eraser and tablet."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QInputDevice, QPointingDevice, QPointingDeviceUniqueId, QTabletEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio.session.strokes import Strokes
from vae_studio.ui.panels.draw.canvas import Canvas, Tool


class Sheet:
    """A canvas alone, and what its hand drew."""

    def __init__(self, qtbot: QtBot) -> None:
        self.desk = desk = QWidget()
        self.canvas = Canvas(desk)
        self.strokes: Strokes = ()
        self.borders: list[str] = []
        self.canvas.edited.connect(self.take)
        self.canvas.pressed.connect(lambda: self.borders.append("pressed"))
        self.canvas.released.connect(lambda: self.borders.append("released"))
        qtbot.addWidget(desk)
        desk.resize(700, 500)
        self.canvas.setGeometry(40, 40, 300, 300)
        with qtbot.waitExposed(desk):
            desk.show()

    def take(self, strokes: Strokes) -> None:
        self.strokes = strokes
        self.canvas.render_strokes(strokes)

    def drag(self, *points: tuple[float, float]) -> None:
        hand.drag(self.canvas, hand.on_canvas(self.canvas, points))


@pytest.fixture
def sheet(qtbot: QtBot) -> Sheet:
    return Sheet(qtbot)


def test_a_stroke_is_kept_as_points_on_a_unit_square(sheet: Sheet) -> None:
    sheet.drag((0.2, 0.3), (0.5, 0.5), (0.8, 0.6))
    assert sheet.borders == ["pressed", "released"]
    (stroke,) = sheet.strokes
    assert stroke.width == sheet.canvas.pen_width
    expected = [(0.2, 0.3), (0.5, 0.5), (0.8, 0.6)]
    for found, wanted in zip(stroke.points, expected, strict=True):
        assert found == pytest.approx(wanted, abs=0.005)


def test_a_wide_canvas_draws_on_its_square(sheet: Sheet) -> None:
    sheet.canvas.resize(500, 300)
    sheet.drag((0.2, 0.3), (0.8, 0.6))
    assert sheet.strokes[0].points[-1] == pytest.approx((0.8, 0.6), abs=0.005)


def test_a_click_is_a_dot(sheet: Sheet) -> None:
    hand.click(sheet.canvas)
    assert [len(stroke.points) for stroke in sheet.strokes] == [1]
    assert sheet.canvas.grab().toImage().pixelColor(150, 150).red() > 200


def test_a_stroke_ends_at_the_edge(sheet: Sheet) -> None:
    sheet.drag((0.5, 0.5), (1.1, 1.2))
    assert sheet.strokes[0].points[-1] == (1.0, 1.0)


def test_the_eraser_splits_a_stroke(sheet: Sheet) -> None:
    sheet.drag(*((x / 20, 0.5) for x in range(2, 19)))
    sheet.canvas.set_tool(Tool.ERASER)
    sheet.drag((0.5, 0.3), (0.5, 0.5), (0.5, 0.7))
    left, right = sheet.strokes
    assert max(x for x, _ in left.points) < 0.45
    assert min(x for x, _ in right.points) > 0.55


def test_the_eraser_takes_a_whole_short_stroke(sheet: Sheet) -> None:
    hand.click(sheet.canvas)
    sheet.canvas.set_tool(Tool.ERASER)
    hand.click(sheet.canvas)
    assert sheet.strokes == ()


def test_the_pen_size_is_that_of_the_stroke(sheet: Sheet) -> None:
    sheet.canvas.set_pen_width(0.15)
    sheet.drag((0.2, 0.2), (0.4, 0.4))
    sheet.canvas.set_pen_width(9.0)
    assert sheet.canvas.pen_width == 0.2
    assert sheet.strokes[0].width == 0.15


def pen(kind: QEvent.Type, canvas: Canvas, x: float, y: float, down: bool) -> None:
    """One event of a tablet's pen."""
    device = QPointingDevice(
        "pen",
        1,
        QInputDevice.DeviceType.Stylus,
        QPointingDevice.PointerType.Pen,
        QInputDevice.Capability.Position | QInputDevice.Capability.Pressure,
        1,
        1,
        "",
        QPointingDeviceUniqueId(),
    )
    place = QPointF(x * canvas.width(), y * canvas.height())
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    event = QTabletEvent(
        kind, device, place, canvas.mapToGlobal(place), 0.4, 0, 0, 0, 0, 0, hand.NO_KEYS,
        left if kind is not QEvent.Type.TabletMove else none, left if down else none,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)
    assert event.isAccepted()


def test_a_tablets_pen_draws(sheet: Sheet) -> None:
    pen(QEvent.Type.TabletMove, sheet.canvas, 0.1, 0.1, down=False)  # it hovers
    assert sheet.strokes == ()
    pen(QEvent.Type.TabletPress, sheet.canvas, 0.2, 0.2, down=True)
    pen(QEvent.Type.TabletMove, sheet.canvas, 0.5, 0.5, down=True)
    pen(QEvent.Type.TabletRelease, sheet.canvas, 0.5, 0.5, down=False)
    pen(QEvent.Type.TabletMove, sheet.canvas, 0.9, 0.9, down=False)
    (stroke,) = sheet.strokes
    assert stroke.points[0] == pytest.approx((0.2, 0.2), abs=0.01)
    assert stroke.points[-1] == pytest.approx((0.5, 0.5), abs=0.01)
    assert stroke.width == sheet.canvas.pen_width
