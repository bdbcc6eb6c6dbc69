"""A hand on the window: mouse and wheel, sent through the window system so that hit tests count."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSlider, QApplication, QWidget

LEFT, NO_KEYS = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier

# A 3, as shares of the canvas.
THREE = (
    (0.30, 0.26), (0.38, 0.19), (0.50, 0.16), (0.62, 0.19), (0.67, 0.28), (0.63, 0.38),
    (0.53, 0.45), (0.45, 0.47), (0.56, 0.49), (0.67, 0.56), (0.71, 0.67), (0.66, 0.78),
    (0.54, 0.84), (0.41, 0.83), (0.30, 0.76),
)  # fmt: skip


def press(widget: QWidget, point: QPoint | None = None) -> None:
    """The left button goes down over ``widget``; point: in its coordinates, else its middle."""
    window, place = _place(widget, point)
    QTest.mousePress(window.windowHandle(), LEFT, NO_KEYS, place)


def move(widget: QWidget, point: QPoint) -> None:
    """The mouse goes to ``point``."""
    window, place = _place(widget, point)
    QTest.mouseMove(window.windowHandle(), place)
    QApplication.processEvents()


def release(widget: QWidget, point: QPoint | None = None) -> None:
    """The left button comes up."""
    window, place = _place(widget, point)
    QTest.mouseRelease(window.windowHandle(), LEFT, NO_KEYS, place)


def click(widget: QWidget, point: QPoint | None = None) -> None:
    """Down and up again."""
    press(widget, point)
    release(widget, point)


def double_click(widget: QWidget, point: QPoint | None = None) -> None:
    """Twice, quickly."""
    window, place = _place(widget, point)
    QTest.mouseDClick(window.windowHandle(), LEFT, NO_KEYS, place)


def drag(widget: QWidget, path: Sequence[QPoint]) -> None:
    """Down at the first point, along the others, up at the last."""
    press(widget, path[0])
    for point in path[1:]:
        move(widget, point)
    release(widget, path[-1])


def wheel(widget: QWidget, notches: int) -> None:
    """Turn the wheel over the middle of ``widget``; positive notches go up."""
    window, place = _place(widget, None)
    QTest.wheelEvent(window.windowHandle(), QPointF(place), QPoint(0, 120 * notches))
    QApplication.processEvents()


def key(widget: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press a key in the window of ``widget``; it goes where the focus is, shortcuts first."""
    QTest.keyClick(widget.window().windowHandle(), key, modifier)


def on_slider(slider: QAbstractSlider, share: float) -> QPoint:
    """The point of a horizontal slider's groove at a share of its range."""
    margin = 7  # half of the handle
    return QPoint(round(margin + share * (slider.width() - 2 * margin)), slider.rect().center().y())


def on_canvas(canvas: QWidget, points: Sequence[tuple[float, float]]) -> list[QPoint]:
    """Shares of the square that is drawn on -> points of the widget."""
    side = min(canvas.width(), canvas.height())
    left, top = (canvas.width() - side) / 2, (canvas.height() - side) / 2
    return [QPoint(round(left + x * side), round(top + y * side)) for x, y in points]


def _place(widget: QWidget, point: QPoint | None) -> tuple[QWidget, QPoint]:
    window = widget.window()
    return window, widget.mapTo(window, point if point is not None else widget.rect().center())
