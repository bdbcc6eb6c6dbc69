"""``Canvas``: pen, eraser and tablet."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QImage,
    QInputDevice,
    QPainter,
    QPointingDevice,
    QPointingDeviceUniqueId,
    QTabletEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui import hand
from vae_studio.session.drawing_text import read_strokes, strokes_values
from vae_studio.session.strokes import (
    MOST_INK,
    MOST_STROKE_POINTS,
    Stroke,
    Strokes,
    bounds,
    extended,
)
from vae_studio.ui.panels.draw.canvas import Canvas
from vae_studio.ui.panels.draw.raster import StrokeRaster
from vae_studio.ui.panels.draw.tools import Tool
from vae_studio.ui.widgets.qimages import to_array


class Sheet:
    """A canvas alone, and what its hand drew."""

    def __init__(self, qtbot: QtBot) -> None:
        self.desk = desk = QWidget()
        self.canvas = Canvas(desk)
        self.strokes: Strokes = ()
        self.borders: list[str] = []
        self.turns: list[object] = []
        self.filled = 0
        self.canvas.edited.connect(self.take)
        self.canvas.turned.connect(self.take_turn)
        self.canvas.filled.connect(self.count)
        self.canvas.pressed.connect(lambda: self.borders.append("pressed"))
        self.canvas.released.connect(lambda: self.borders.append("released"))
        qtbot.addWidget(desk)
        desk.resize(700, 500)
        self.canvas.setGeometry(40, 40, 300, 300)
        with qtbot.waitExposed(desk):
            desk.show()

    def take(self, strokes: Strokes) -> None:
        self.strokes = strokes
        self.canvas.render_strokes(strokes, self.canvas.image is not None)

    def take_turn(self, strokes: Strokes, turn: object) -> None:
        self.turns.append(turn)
        self.take(strokes)

    def count(self) -> None:
        self.filled += 1

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


def pen(
    kind: QEvent.Type,
    canvas: Canvas,
    x: float,
    y: float,
    down: bool,
    kind_of_end: QPointingDevice.PointerType = QPointingDevice.PointerType.Pen,
) -> None:
    """One event of a tablet's pen."""
    device = QPointingDevice(
        "pen",
        1,
        QInputDevice.DeviceType.Stylus,
        kind_of_end,
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


def test_the_other_end_of_a_tablets_pen_erases(sheet: Sheet) -> None:
    sheet.drag(*((x / 20, 0.5) for x in range(2, 19)))
    kind = QPointingDevice.PointerType.Eraser
    pen(QEvent.Type.TabletPress, sheet.canvas, 0.5, 0.3, down=True, kind_of_end=kind)
    pen(QEvent.Type.TabletMove, sheet.canvas, 0.5, 0.7, down=True, kind_of_end=kind)
    pen(QEvent.Type.TabletRelease, sheet.canvas, 0.5, 0.7, down=False, kind_of_end=kind)
    assert len(sheet.strokes) == 2
    assert sheet.canvas.tool is Tool.PEN


def test_the_stroke_eraser_takes_whole_strokes(sheet: Sheet) -> None:
    sheet.drag((0.1, 0.2), (0.9, 0.2))
    sheet.drag((0.1, 0.8), (0.9, 0.8))
    sheet.canvas.set_tool(Tool.STROKE_ERASER)
    sheet.drag((0.5, 0.5), (0.5, 0.75))
    (left,) = sheet.strokes
    assert left.points[0][1] == pytest.approx(0.2, abs=0.01)


def test_esc_gives_back_the_stroke_at_hand(sheet: Sheet) -> None:
    sheet.drag((0.1, 0.2), (0.9, 0.2))
    before = sheet.strokes
    path = hand.on_canvas(sheet.canvas, [(0.2, 0.6), (0.6, 0.6)])
    hand.press(sheet.canvas, path[0])
    hand.move(sheet.canvas, path[1])
    assert len(sheet.strokes) == 2
    sheet.canvas.setFocus()
    hand.key(sheet.canvas, Qt.Key.Key_Escape)
    assert sheet.strokes == before
    assert sheet.borders[-1] == "released"
    hand.move(sheet.canvas, path[0])
    hand.release(sheet.canvas, path[0])
    assert sheet.strokes == before


def test_on_a_picture_the_eraser_rubs_out_the_picture(sheet: Sheet) -> None:
    picture = QImage(28, 28, QImage.Format.Format_Grayscale8)
    picture.fill(255)
    sheet.canvas.show_image(picture)
    sheet.take(())
    sheet.canvas.set_tool(Tool.ERASER)
    sheet.drag((0.2, 0.5), (0.8, 0.5))
    (stroke,) = sheet.strokes
    assert stroke.erases
    shot = sheet.canvas.grab().toImage()
    assert shot.pixelColor(150, 150).red() < 30
    assert shot.pixelColor(150, 60).red() > 200
    sheet.canvas.set_tool(Tool.STROKE_ERASER)
    sheet.drag((0.5, 0.4), (0.5, 0.5))
    assert sheet.strokes == ()
    assert sheet.canvas.grab().toImage().pixelColor(150, 150).red() > 200


def test_the_mover_moves_and_its_corners_scale(sheet: Sheet) -> None:
    sheet.drag((0.3, 0.3), (0.5, 0.4), (0.6, 0.6))
    sheet.canvas.set_tool(Tool.MOVE)
    sheet.drag((0.4, 0.5), (0.5, 0.5), (0.6, 0.4))
    assert bounds(sheet.strokes) == pytest.approx((0.5, 0.2, 0.8, 0.5), abs=0.01)
    sheet.drag((0.8, 0.5), (0.9, 0.6), (0.95, 0.65))
    assert bounds(sheet.strokes) == pytest.approx((0.5, 0.2, 0.95, 0.65), abs=0.02)
    assert sheet.strokes[0].width == pytest.approx(0.08 * 1.5, abs=0.005)
    hand.wheel(sheet.canvas, -2)
    assert len(sheet.turns) == 1
    box = bounds(sheet.strokes)
    assert box is not None
    assert box[2] - box[0] == pytest.approx(0.45 / 1.1**2, abs=0.02)
    sheet.drag((0.7, 0.4), (1.4, 1.4))
    assert bounds(sheet.strokes) == pytest.approx((1 - box[2] + box[0], 1 - box[3] + box[1], 1, 1))


def test_without_strokes_the_mover_does_nothing(sheet: Sheet) -> None:
    sheet.canvas.set_tool(Tool.MOVE)
    sheet.drag((0.4, 0.5), (0.6, 0.4))
    hand.wheel(sheet.canvas, 3)
    assert sheet.strokes == ()


def touch(sheet: Sheet, *fingers: tuple[float, float], device: QPointingDevice, end: int) -> None:
    """All fingers at once, where they are now. end: 0 for the first time, 1 later, 2 they leave."""
    events = QTest.touchEvent(sheet.desk.windowHandle(), device, False)
    for number, (x, y) in enumerate(fingers):
        place = sheet.canvas.mapTo(
            sheet.desk, QPoint(round(x * sheet.canvas.width()), round(y * sheet.canvas.height()))
        )
        go = (events.press, events.move, events.release)[end]
        go(number, place, sheet.desk.windowHandle())
    events.commit()
    QApplication.processEvents()


@pytest.fixture(scope="module")
def screen() -> QPointingDevice:
    return QTest.createTouchDevice()


def test_a_finger_draws(sheet: Sheet, screen: QPointingDevice) -> None:
    touch(sheet, (0.2, 0.2), device=screen, end=0)
    touch(sheet, (0.5, 0.4), device=screen, end=1)
    touch(sheet, (0.8, 0.8), device=screen, end=1)
    touch(sheet, (0.8, 0.8), device=screen, end=2)
    (stroke,) = sheet.strokes
    assert len(stroke.points) == 3
    assert stroke.points[-1] == pytest.approx((0.8, 0.8), abs=0.01)
    assert sheet.borders == ["pressed", "released"]


def test_two_fingers_move_and_scale(sheet: Sheet, screen: QPointingDevice) -> None:
    sheet.drag((0.4, 0.4), (0.5, 0.5), (0.6, 0.6))
    before = sheet.strokes
    touch(sheet, (0.4, 0.5), (0.6, 0.5), device=screen, end=0)
    touch(sheet, (0.4, 0.6), (0.8, 0.6), device=screen, end=1)
    assert bounds(sheet.strokes) == pytest.approx((0.4, 0.4, 0.8, 0.8), abs=0.02)
    touch(sheet, (0.4, 0.6), (0.8, 0.6), device=screen, end=2)
    assert len(sheet.strokes) == len(before)
    assert sheet.strokes[0].width == pytest.approx(2 * before[0].width, rel=0.03)
    assert sheet.borders.count("pressed") == sheet.borders.count("released")


Finger = tuple[int, str, float, float]


def fingers(sheet: Sheet, device: QPointingDevice, *states: Finger) -> None:
    """One event of some fingers: which, ``press``, ``move`` or ``release``, and where."""
    window, canvas = sheet.desk.windowHandle(), sheet.canvas
    events = QTest.touchEvent(window, device, False)
    for number, what, x, y in states:
        place = QPoint(round(x * canvas.width()), round(y * canvas.height()))
        getattr(events, what)(number, canvas.mapTo(sheet.desk, place), window)
    events.commit()
    QApplication.processEvents()


def test_a_finger_that_is_put_down_elsewhere_moves_nothing(
    sheet: Sheet, screen: QPointingDevice
) -> None:
    sheet.drag((0.4, 0.4), (0.5, 0.5), (0.6, 0.6))
    before = sheet.strokes
    fingers(sheet, screen, (0, "press", 0.4, 0.5))
    fingers(sheet, screen, (0, "move", 0.4, 0.5), (1, "press", 0.6, 0.5))
    fingers(sheet, screen, (0, "move", 0.4, 0.6), (1, "move", 0.6, 0.6))
    assert bounds(sheet.strokes) == pytest.approx((0.4, 0.5, 0.6, 0.7), abs=0.02)
    held = sheet.strokes
    fingers(sheet, screen, (0, "move", 0.4, 0.6), (1, "release", 0.6, 0.6))
    fingers(sheet, screen, (0, "move", 0.3, 0.6))
    fingers(sheet, screen, (0, "move", 0.3, 0.6), (1, "press", 0.9, 0.2))
    assert sheet.strokes == held
    fingers(sheet, screen, (0, "move", 0.3, 0.5), (1, "move", 0.9, 0.1))
    assert bounds(sheet.strokes) == pytest.approx((0.4, 0.4, 0.6, 0.6), abs=0.02)
    fingers(sheet, screen, (0, "release", 0.3, 0.5), (1, "move", 0.9, 0.1))
    fingers(sheet, screen, (0, "press", 0.7, 0.1), (1, "move", 0.9, 0.1))
    assert bounds(sheet.strokes) == pytest.approx((0.4, 0.4, 0.6, 0.6), abs=0.02)
    assert sheet.borders[2:].count("pressed") == 2  # of the first finger, and of the two
    hand.key(sheet.canvas, Qt.Key.Key_Escape)
    assert sheet.strokes == before  # all that the fingers did
    fingers(sheet, screen, (0, "release", 0.7, 0.1), (1, "release", 0.9, 0.1))
    assert sheet.borders[-1] == "released"


def test_a_third_finger_moves_nothing(sheet: Sheet, screen: QPointingDevice) -> None:
    sheet.drag((0.4, 0.4), (0.5, 0.5), (0.6, 0.6))
    fingers(sheet, screen, (0, "press", 0.4, 0.5), (1, "press", 0.6, 0.5))
    fingers(sheet, screen, (0, "move", 0.4, 0.5), (1, "move", 0.6, 0.5), (2, "press", 0.9, 0.9))
    held = sheet.strokes
    fingers(sheet, screen, (0, "release", 0.4, 0.5), (1, "move", 0.6, 0.5), (2, "move", 0.9, 0.9))
    assert sheet.strokes == held
    fingers(sheet, screen, (1, "move", 0.6, 0.4), (2, "move", 0.9, 0.8))
    assert bounds(sheet.strokes) == pytest.approx((0.4, 0.3, 0.6, 0.5), abs=0.02)
    fingers(sheet, screen, (1, "release", 0.6, 0.4), (2, "release", 0.9, 0.8))
    assert not sheet.canvas.busy


def test_a_full_drawing_ends_the_stroke_and_says_so(sheet: Sheet) -> None:
    dots = tuple((0.5 + n * 1e-6, 0.5) for n in range(MOST_STROKE_POINTS - 3))
    zigzag = tuple((0.1 + n % 2 * 0.8, 0.5) for n in range(int(MOST_INK / 0.8) - 2))
    for count, points in enumerate((dots, zigzag)):
        full = (Stroke(points, 0.02),)
        sheet.take(full)
        sheet.borders.clear()
        path = [(0.1, 0.1), (0.9, 0.1), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9), (0.1, 0.5)]
        sheet.drag(*path)
        assert sheet.filled == 2 * count + 1
        assert sheet.borders == ["pressed", "released"]
        assert 1 <= len(sheet.strokes[-1].points) <= 3
        assert read_strokes(strokes_values(sheet.strokes)) == sheet.strokes
        drawn = sheet.strokes
        sheet.drag(*path)
        assert sheet.strokes == drawn
        assert sheet.filled == 2 * count + 2
        assert sheet.borders == ["pressed", "released"]
        sheet.canvas.set_tool(Tool.STROKE_ERASER)
        sheet.drag((0.5, 0.4), (0.5, 0.6))  # which there is always room for
        assert len(sheet.strokes) == 1
        sheet.canvas.set_tool(Tool.PEN)
        sheet.drag((0.2, 0.2), (0.3, 0.3))
        assert len(sheet.strokes) == 2


def piece_by_piece(
    strokes: Strokes, ground: QImage | None = None, side: int = 300
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pixels of strokes that grew by a point for each look, and of them all at once."""

    def look(raster: StrokeRaster, drawn: Strokes) -> QImage:
        picture = QImage(side, side, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        raster.paint(painter, QRectF(picture.rect()), drawn, ground, 1.0)
        painter.end()
        return picture

    raster, drawn, last = StrokeRaster(), (), QImage()
    for stroke in strokes:
        drawn = (*drawn, replace(stroke, points=stroke.points[:1]))
        last = look(raster, drawn)
        for point in stroke.points[1:]:
            drawn = extended(drawn, point)
            last = look(raster, drawn)
    grown, at_once = to_array([last, look(StrokeRaster(), drawn)])[:, 0]
    return grown, at_once


def test_what_is_added_piece_by_piece_looks_as_if_painted_at_once() -> None:
    """Also at its edges: each pixel there is in the reach of several pieces."""
    way = np.linspace(0.0, 1.0, 150).tolist()
    curve = tuple((0.2 + 0.6 * t, 0.5 + 0.25 * math.sin(6 * t)) for t in way)
    line = tuple((0.1 + 0.8 * t, 0.7 - 0.4 * t) for t in way)
    grey = QImage(28, 28, QImage.Format.Format_Grayscale8)
    grey.fill(128)
    for ground in (None, grey):
        strokes = (Stroke(curve, 0.08), Stroke(line, 0.05, ground is not None), Stroke(curve, 0.02))
        grown, at_once = piece_by_piece(strokes, ground)
        assert ((at_once > 0.05) & (at_once < 0.95) & (at_once != 128 / 255)).sum() > 800
        assert np.abs(grown - at_once).max() < 0.1
        assert np.abs(grown - at_once).mean() < 0.0002


def test_an_end_that_the_hand_takes_back_leaves_nothing() -> None:
    points = ((0.3, 0.5), (0.35, 0.5), (0.4, 0.5), (0.405, 0.5), (0.3, 0.45))
    grown, at_once = piece_by_piece((Stroke(points, 0.02),), side=1200)
    assert np.abs(grown - at_once).max() < 0.1


def test_a_scribble_that_grows_keeps_its_shape() -> None:
    """In turns tighter than the pen is wide, Qt's outline of the whole lacks some pixels."""
    random = np.random.default_rng(3)
    points = np.cumsum(random.normal(0, 0.03, (120, 2)), axis=0) * 0.5 + 0.5
    path = tuple((float(x), float(y)) for x, y in np.clip(points, 0.05, 0.95))
    grown, at_once = piece_by_piece((Stroke(path, 0.08),))
    assert np.abs(grown - at_once).mean() < 0.0003


def test_the_canvas_is_crisp_on_a_dense_screen(sheet: Sheet) -> None:
    sheet.drag((0.2, 0.3), (0.8, 0.6))
    side = 300
    for ratio in (1, 2):
        shot = QImage(side * ratio, side * ratio, QImage.Format.Format_RGB32)
        painter = QPainter(shot)
        painter.scale(ratio, ratio)
        raster = StrokeRaster()
        raster.paint(painter, QRectF(0, 0, side, side), sheet.strokes, None, ratio)
        painter.end()
        grey = to_array([shot])[0, 0]
        assert ((grey > 0.05) & (grey < 0.95)).sum() < 6 * 0.68 * side * ratio  # edges: one pixel


def test_a_gesture_ends_where_its_release_goes_elsewhere(sheet: Sheet) -> None:
    path = hand.on_canvas(sheet.canvas, [(0.2, 0.6), (0.6, 0.6), (0.8, 0.8)])
    hand.press(sheet.canvas, path[0])
    hand.move(sheet.canvas, path[1])
    QApplication.sendEvent(sheet.canvas, QEvent(QEvent.Type.WindowBlocked))  # a dialog opens
    assert sheet.borders == ["pressed", "released"]
    assert not sheet.canvas.busy
    drawn = sheet.strokes
    hand.move(sheet.canvas, path[2])
    assert sheet.strokes == drawn
    hand.release(sheet.canvas, path[2])
    assert sheet.borders == ["pressed", "released"]
