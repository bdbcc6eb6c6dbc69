"""``Canvas``: vector strokes by mouse, pen or finger. It holds no drawing: the store does."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QCursor,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QTabletEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.session.strokes import Point, Stroke, Strokes, curve_parts, erased, extended
from vae_studio.ui import theme
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of

_CLOSE = 0.002  # of the canvas; points nearer than this to the last one are not kept
_SAVED_SIDE = 280  # px of a drawing that is copied or saved; strokes have no pixels of their own


class Tool(Enum):
    """What the pen does."""

    PEN = "pen"
    ERASER = "eraser"


class Canvas(QWidget):
    """A square to draw on; coordinates run from 0 to 1.

    Signals: ``pressed()`` and ``released()`` around a stroke; ``edited(strokes)``: the hand
    wants these strokes.
    """

    pressed = Signal()
    released = Signal()
    edited = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tool = Tool.PEN
        self._width = 0.08
        self._strokes: Strokes = ()
        self._image: QImage | None = None
        self._last: Point | None = None
        self.setAccessibleName(self.tr("Drawing canvas"))
        self.setToolTip(self.tr("Draw a digit; the model reconstructs it as you draw"))
        self.setMinimumSize(160, 160)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.picture_actions = add_picture_actions(self, self.sheet)
        self._update_cursor()

    def sheet(self) -> Sheet | None:
        """The drawing, or the image that is the input, as a picture; None for an empty canvas."""
        if not self._strokes:
            return None if self._image is None else sheet_of([self._image])
        picture = QImage(_SAVED_SIDE, _SAVED_SIDE, QImage.Format.Format_RGB32)
        picture.fill(QColor(theme.PAPER))
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_strokes(painter, QRectF(picture.rect()))
        painter.end()
        return sheet_of([picture])

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def heightForWidth(self, width: int) -> int:
        return width

    @property
    def pen_width(self) -> float:
        """Of pen and eraser, as a share of the canvas."""
        return self._width

    def set_pen_width(self, width: float) -> None:
        """0.02 to 0.2 of the canvas."""
        self._width = max(0.02, min(0.2, width))
        self._update_cursor()

    def set_tool(self, tool: Tool) -> None:
        """Pen or eraser."""
        self.tool = tool
        self._update_cursor()

    def render_strokes(self, strokes: Strokes) -> None:
        """Show a drawing."""
        if strokes is not self._strokes:
            self._strokes = strokes
            self.update()

    def show_image(self, image: QImage | None) -> None:
        """Show the image that is the input in place of a drawing, or none."""
        if image is not self._image:
            self._image = image
            self.update()

    # Pen ------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._down(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._up()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A tablet's pen draws as a mouse does; its other end erases; pressure is not used."""
        kind = event.type()
        if kind is QTabletEvent.Type.TabletPress:
            self._down(event.position())
        elif kind is QTabletEvent.Type.TabletMove and self._last is not None:
            self._move(event.position())
        elif kind is QTabletEvent.Type.TabletRelease:
            self._up()
        event.accept()

    def _down(self, position: QPointF) -> None:
        self._last = self._point(position)
        self.pressed.emit()
        if self.tool is Tool.PEN:
            self._edit((*self._strokes, Stroke((self._last,), self._width)))
        else:
            self._edit(erased(self._strokes, self._last, self._last, self._width / 2))

    def _move(self, position: QPointF) -> None:
        if self._last is None:
            return
        point = self._point(position)
        if abs(point[0] - self._last[0]) + abs(point[1] - self._last[1]) < _CLOSE:
            return
        if self.tool is Tool.PEN:
            if self._strokes:  # undo in mid-stroke may have taken it
                self._edit(extended(self._strokes, point))
        else:
            self._edit(erased(self._strokes, self._last, point, self._width / 2))
        self._last = point

    def _up(self) -> None:
        if self._last is not None:
            self._last = None
            self.released.emit()

    def _edit(self, strokes: Strokes) -> None:
        if strokes != self._strokes:
            self.edited.emit(strokes)

    # Geometry and paint ---------------------------------------------------------------------

    def _square(self) -> QRectF:
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _point(self, position: QPointF) -> Point:
        square = self._square()
        x = (position.x() - square.left()) / square.width()
        y = (position.y() - square.top()) / square.height()
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c = theme.colors()
        square = self._square()
        painter.setPen(QPen(QColor(c.line), 1))
        painter.setBrush(QColor(theme.PAPER))
        painter.drawRoundedRect(square.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        if not self._strokes and self._image is not None:
            painter.drawImage(square.adjusted(4, 4, -4, -4), self._image)
            painter.setPen(QColor(theme.HINT))
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            text = self.tr("An image is the input. Draw to begin anew")
            painter.drawText(square.adjusted(8, 8, -8, -10), flags, text)
        elif not self._strokes:
            painter.setPen(QColor(theme.HINT))
            painter.drawText(square, Qt.AlignmentFlag.AlignCenter, self.tr("Draw a digit here"))
        self._draw_strokes(painter, square)

    def _draw_strokes(self, painter: QPainter, square: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setClipRect(square)
        for stroke in self._strokes:
            pen = QPen(QColor(theme.INK), stroke.width * square.width())
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPath(_path(stroke, square))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_cursor()

    def _update_cursor(self) -> None:
        """A ring as wide as pen or eraser, dark and light, so that it shows on any ground."""
        side = max(5, round(self._width * self._square().width()))
        pixmap = QPixmap(side + 4, side + 4)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = QRectF(2, 2, side, side)
        painter.setPen(QPen(QColor(0, 0, 0, 160), 3))
        painter.drawEllipse(ring)
        style = Qt.PenStyle.DashLine if self.tool is Tool.ERASER else Qt.PenStyle.SolidLine
        painter.setPen(QPen(QColor(255, 255, 255), 1, style))
        painter.drawEllipse(ring)
        painter.end()
        self.setCursor(QCursor(pixmap))


def _path(stroke: Stroke, square: QRectF) -> QPainterPath:

    def place(point: Point) -> QPointF:
        x, y = point
        return QPointF(square.left() + x * square.width(), square.top() + y * square.height())

    path = QPainterPath(place(stroke.points[0]))
    for control, end in curve_parts(stroke.points):
        path.quadTo(place(control), place(end))
    if len(stroke.points) == 1:
        path.lineTo(place(stroke.points[0]) + QPointF(0.01, 0))
    else:
        path.lineTo(place(stroke.points[-1]))
    return path
