"""``Canvas``: vector strokes by mouse, pen or finger. It holds no drawing: the store does."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QTouchEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.core.digit import BOX, SIZE
from vae_studio.session.strokes import Point, Strokes, bounds
from vae_studio.ui import theme
from vae_studio.ui.panels.draw.raster import StrokeRaster
from vae_studio.ui.panels.draw.tools import Tool, begun, continued
from vae_studio.ui.panels.draw.transform import Grip, Pinch, grip_at, wheel_scaled
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of
from vae_studio.ui.widgets.ring_cursor import ring_cursor

_CLOSE = 0.002  # of the canvas; points nearer than this to the last one are not kept
_SAVED_SIDE = 280  # px of a drawing that is copied or saved; strokes have no pixels of their own
_HANDLE = 8  # px, of the frame around what is moved
_BOX = ((SIZE - BOX) / 2 / SIZE, BOX / SIZE)  # MNIST's: where it begins, and its side


class Canvas(QWidget):
    """A square to draw on; coordinates run from 0 to 1.

    Signals: ``pressed()`` and ``released()`` around a stroke; ``edited(strokes)``: the hand
    wants these strokes; ``given_back()``: it wants nothing of the stroke at hand.
    """

    pressed = Signal()
    released = Signal()
    edited = Signal(object)
    given_back = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tool = Tool.PEN
        self._width = 0.08
        self._strokes: Strokes = ()
        self._before: Strokes = ()  # the gesture at hand
        self._image: QImage | None = None
        self._last: Point | None = None
        self._held = Tool.PEN  # the tool of the gesture at hand
        self._grip: Grip | None = None
        self._pinch: Pinch | None = None
        self._guide = False
        self._raster = StrokeRaster()
        self.setAccessibleName(self.tr("Drawing canvas"))
        self.setToolTip(self.tr("Draw a digit; the model reconstructs it as you draw"))
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.picture_actions = add_picture_actions(self, self.sheet)
        self._update_cursor()

    def sheet(self) -> Sheet | None:
        """The drawing and what is below it as a picture; None for an empty canvas."""
        if not self._strokes:
            return None if self._image is None else sheet_of([self._image])
        picture = QImage(_SAVED_SIDE, _SAVED_SIDE, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        StrokeRaster().paint(painter, QRectF(picture.rect()), self._strokes, self._image, ratio=1.0)
        painter.end()
        return sheet_of([picture])

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    @property
    def pen_width(self) -> float:
        """Of pen and eraser, as a share of the canvas."""
        return self._width

    @property
    def busy(self) -> bool:
        """Whether a hand is drawing."""
        return self._last is not None or self._pinch is not None

    def set_pen_width(self, width: float) -> None:
        """0.02 to 0.2 of the canvas."""
        self._width = max(0.02, min(0.2, width))
        self._update_cursor()

    def set_tool(self, tool: Tool) -> None:
        """Take another tool into the hand."""
        self.tool = tool
        self._update_cursor()
        self.update()

    def set_guide(self, guide: bool) -> None:
        """Show where MNIST's box is, for a drawing that stays where it is drawn."""
        if guide != self._guide:
            self._guide = guide
            self.update()

    def render_strokes(self, strokes: Strokes) -> None:
        """Show a drawing."""
        if strokes is not self._strokes:
            self._strokes = strokes
            self.update()

    @property
    def image(self) -> QImage | None:
        """The picture that is drawn on."""
        return self._image

    def show_image(self, image: QImage | None) -> None:
        """Show the picture that is drawn on, or none."""
        if image is not self._image:
            self._image = image
            self.update()

    # The hand -------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._down(event.position(), self.tool)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(event.position())
        elif self._pinch is None:
            self._up()  # the release went elsewhere

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._up()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A tablet's pen draws as a mouse does; its other end erases; pressure is not used."""
        kind = event.type()
        turned = event.pointerType() is QPointingDevice.PointerType.Eraser
        other = event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton)
        if other:
            pass  # a button on the pen's barrel
        elif kind is QTabletEvent.Type.TabletPress:
            self._down(event.position(), Tool.ERASER if turned else self.tool)
        elif kind is QTabletEvent.Type.TabletMove and self._last is not None:
            self._move(event.position())
        elif kind is QTabletEvent.Type.TabletRelease:
            self._up()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            self._touch(event)
            return True
        if event.type() is QEvent.Type.ContextMenu and self.busy:
            return True  # it would take the release
        if event.type() in (QEvent.Type.WindowBlocked, QEvent.Type.Hide):
            self._up()  # and so would a dialog
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        """One finger draws; two move and scale what is there."""
        places = [point.position() for point in event.points()]
        if event.type() is QEvent.Type.TouchCancel:
            self._give_back()
        elif event.type() is QEvent.Type.TouchEnd:
            self._up()
        elif len(places) > 1:
            points = [self._place(place) for place in places[:2]]
            if self._pinch is None:
                self._give_back()  # what the first finger drew before the second one came
                self._pinch = Pinch(self._strokes, points[0], points[1])
                self.pressed.emit()
            self._edit(self._pinch.strokes(points[0], points[1]))
        elif self._pinch is None and places:
            if event.type() is QEvent.Type.TouchBegin:
                self._down(places[0], self.tool)
            else:
                self._move(places[0])
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With the moving tool, the wheel scales."""
        if self.tool is not Tool.MOVE or self.busy or not self._strokes:
            event.ignore()
            return
        self._edit(wheel_scaled(self._strokes, event.angleDelta().y() / 120))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives back what the hand is about to change."""
        if event.key() == Qt.Key.Key_Escape and self.busy:
            self._give_back()
        else:
            super().keyPressEvent(event)

    def _down(self, position: QPointF, tool: Tool) -> None:
        self._up()
        self._last, self._held, self._before = self._point(position), tool, self._strokes
        self.pressed.emit()
        if tool is Tool.MOVE:
            reach = 2 * _HANDLE / self._square().width()
            self._grip = grip_at(self._strokes, self._last, reach)
        else:
            picture = self._image is not None
            self._edit(begun(tool, self._strokes, self._last, self._width, picture))

    def _move(self, position: QPointF) -> None:
        if self._last is None:
            return
        point = self._place(position) if self._grip else self._point(position)
        if abs(point[0] - self._last[0]) + abs(point[1] - self._last[1]) < _CLOSE:
            return
        if self._grip is not None:
            self._edit(self._grip.strokes(point))
        elif self._held is not Tool.MOVE:
            picture = self._image is not None
            self._edit(
                continued(self._held, self._strokes, self._last, point, self._width, picture)
            )
        self._last = point

    def _up(self) -> None:
        if self.busy:
            self._last = self._grip = self._pinch = None
            self.released.emit()

    def _give_back(self) -> None:
        if self.busy:
            self.given_back.emit()
            self._edit(self._before if self._pinch is None else self._pinch.before)
            self._up()

    def _edit(self, strokes: Strokes) -> None:
        if strokes != self._strokes:
            self.edited.emit(strokes)

    # Geometry and paint ---------------------------------------------------------------------

    def _square(self) -> QRectF:
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)

    def _place(self, position: QPointF) -> Point:
        square = self._square()
        x = (position.x() - square.left()) / square.width()
        y = (position.y() - square.top()) / square.height()
        return x, y

    def _point(self, position: QPointF) -> Point:
        x, y = self._place(position)
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        c, square = theme.colors(), self._square()
        painter.setClipRect(square)
        self._raster.paint(painter, square, self._strokes, self._image, self.devicePixelRatioF())
        painter.setClipping(False)
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawRect(square.adjusted(0.5, 0.5, -0.5, -0.5))
        if self._guide:
            self._paint_guide(painter, square)
        if self.tool is Tool.MOVE:
            self._paint_frame(painter, square)
        text, flags = "", Qt.AlignmentFlag.AlignCenter
        if self._image is not None and not self._strokes:
            text = self.tr("Draw over it, or clear to begin anew")
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
        elif self._image is None and not self._strokes:
            text = self.tr("Draw a digit here")
        if text:
            painter.setPen(QColor(theme.HINT))
            painter.drawText(square.adjusted(8, 8, -8, -8), flags, text)

    def _paint_guide(self, painter: QPainter, square: QRectF) -> None:
        side = square.width()
        box = QRectF(
            square.left() + _BOX[0] * side, square.top() + _BOX[0] * side, *(2 * [_BOX[1] * side])
        )
        painter.setPen(QPen(QColor(theme.HINT), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)
        painter.drawText(
            box.adjusted(2, -20, 0, 0), Qt.AlignmentFlag.AlignTop, self.tr("a whole digit’s box")
        )

    def _paint_frame(self, painter: QPainter, square: QRectF) -> None:
        """What is moved, with its handles."""
        box = bounds(self._strokes)
        if box is None:
            return
        side, c = square.width(), theme.colors()
        left, top, right, bottom = (
            base + edge * side
            for base, edge in zip(2 * (square.left(), square.top()), box, strict=True)
        )
        painter.setPen(QPen(QColor(c.accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(left, top, right - left, bottom - top))
        painter.setBrush(QColor(c.accent))
        for x in (left, right):
            for y in (top, bottom):
                painter.drawRect(QRectF(x - _HANDLE / 2, y - _HANDLE / 2, _HANDLE, _HANDLE))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_cursor()

    def _update_cursor(self) -> None:
        if not self.tool.has_width:
            self.setCursor(Qt.CursorShape.SizeAllCursor)
            return
        self.setCursor(
            ring_cursor(
                self._width * self._square().width(),
                self.devicePixelRatioF(),
                dashed=self.tool is not Tool.PEN,
                cross=self.tool is Tool.STROKE_ERASER,
            )
        )
