"""``Canvas``: vector strokes by mouse, pen or finger. It holds no drawing: the store does."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEventPoint,
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

from vae_studio.session.drawing import DIGITS, Sheet
from vae_studio.session.strokes import Colour, Point, Strokes, has_room, length
from vae_studio.ui import theme
from vae_studio.ui.panels.draw.frames import HANDLE, paint_frame, paint_guide
from vae_studio.ui.panels.draw.raster import StrokeRaster
from vae_studio.ui.panels.draw.tools import Tool, begun, continued
from vae_studio.ui.panels.draw.transform import Grip, Pinch, grip_at, wheel_scaled
from vae_studio.ui.widgets import picture_actions as pictures
from vae_studio.ui.widgets.lost_release import release_kept
from vae_studio.ui.widgets.ring_cursor import ring_cursor

_CLOSE = 0.002  # of the canvas; points nearer than this to the last one are not kept
_SAVED_SIDE = 280  # px of a drawing that is copied or saved; strokes have no pixels of their own
_PAUSE = 300  # ms without the wheel, after which it is turned anew


class Canvas(QWidget):
    """A square to draw on; coordinates run from 0 to 1. colour: of the pen, None for the paper's
    own ink.

    Signals: ``pressed()`` and ``released()`` around a stroke; ``edited(strokes)``: the hand
    wants these strokes; ``given_back()``: it wants nothing of the stroke at hand. ``turned(strokes,
    turn)``: the wheel wants these; turn: the same object until it rests. ``filled()``: there is no
    room for what the hand wants.
    """

    pressed = Signal()
    released = Signal()
    edited = Signal(object)
    given_back = Signal()
    turned = Signal(object, object)
    filled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tool = Tool.PEN
        self.colour: Colour | None = None
        self._sheet = DIGITS
        self._invites = self._box = self._why = ""
        self._width = 0.08
        self._strokes: Strokes = ()
        self._before: Strokes = ()  # the gesture at hand
        self._image: QImage | None = None
        self._last: Point | None = None
        self._held = Tool.PEN  # the tool of the gesture at hand
        self._on_picture = False  # whether there is one, be it here or still on its way
        self._ink = 0.0  # length of all strokes, while the tool adds to it
        self._grip: Grip | None = None
        self._pinch: Pinch | None = None
        self._turn = object()
        self._turning = QTimer(self, singleShot=True, interval=_PAUSE)
        self._guide = False
        self._raster = StrokeRaster()
        self.setAccessibleName(self.tr("Drawing canvas"))
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.picture_actions = pictures.add_picture_actions(self, self.sheet)
        self.set_words(
            self.tr("Draw a digit here"),
            self.tr("Draw a digit; the model reconstructs it as you draw"),
            self.tr("a whole digit’s box"),
        )
        self._update_cursor()

    def sheet(self) -> pictures.Sheet | None:
        """The drawing and what is below it as a picture; None for an empty canvas."""
        if not self._strokes:
            return None if self._image is None else pictures.sheet_of([self._image])
        picture = QImage(_SAVED_SIDE, _SAVED_SIDE, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        square = QRectF(picture.rect())
        StrokeRaster().paint(painter, square, self._strokes, self._image, 1.0, self._sheet)
        painter.end()
        return pictures.sheet_of([picture])

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

    @property
    def turning(self) -> bool:
        """Whether the wheel is turned."""
        return self._turning.isActive()

    def set_pen_width(self, width: float) -> None:
        """0.02 to 0.2 of the canvas."""
        self._width = max(0.02, min(0.2, width))
        self._update_cursor()

    def set_tool(self, tool: Tool) -> None:
        """Take another tool into the hand."""
        self.tool = tool
        self._turning.stop()
        self._update_cursor()
        self.update()

    def set_sheet(self, sheet: Sheet) -> None:
        """Draw on other paper."""
        if sheet != self._sheet:
            self._sheet = sheet
            self.update()

    def set_words(self, invites: str, tip: str, box: str) -> None:
        """What an empty canvas says; its tooltip; what MNIST's box is called."""
        self._invites, self._box = invites, box
        self.setToolTip(tip)
        self.update()

    def refuse(self, why: str) -> None:
        """Say why the picture that is drawn on is not shown; "" for nothing."""
        if why != self._why:
            self._why = why
            self.update()

    def set_guide(self, guide: bool) -> None:
        """Show where MNIST's box is, for a drawing that stays where it is drawn."""
        if guide != self._guide:
            self._guide = guide
            self.update()

    def render_strokes(self, strokes: Strokes, on_picture: bool = False) -> None:
        """Show a drawing. on_picture: whether it is on one, which ``show_image`` brings."""
        self._on_picture = on_picture
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
            self.setMouseTracking(True)  # to see that the button is up, where no release came

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move(event.position())
        elif self._pinch is None:
            self.let_go()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self.let_go()

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
            self.let_go()
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QTouchEvent):
            self._touch(event)
            return True
        return release_kept(self, event) or super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        """One finger draws; two move and scale what is there."""
        pressed, released = QEventPoint.State.Pressed, QEventPoint.State.Released
        places = [p.position() for p in event.points() if p.state() is not released]
        others = any(p.state() in (pressed, released) for p in event.points())
        if event.type() is QEvent.Type.TouchCancel:
            self._give_back()
        elif event.type() is QEvent.Type.TouchEnd:
            self.let_go()
        elif len(places) > 1:
            one, other = (self._place(place) for place in places[:2])
            if self._pinch is None:
                self._give_back()  # what the first finger drew before the second one came
                self._before = self._strokes
                self.pressed.emit()
            if self._pinch is None or others:  # from here on it is these two that move
                self._pinch = Pinch(self._strokes, one, other)
            self._edit(self._pinch.strokes(one, other))
        elif self._pinch is None and places:
            if event.type() is QEvent.Type.TouchBegin:
                self._down(places[0], self.tool)
            else:
                self._move(places[0])
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With the moving tool, the wheel scales. A touchpad turns it in many small steps."""
        if self.tool is not Tool.MOVE or self.busy or not self._strokes:
            event.ignore()
            return
        phase = event.phase()
        if phase is Qt.ScrollPhase.ScrollBegin or not self.turning:
            self._turn = object()
        if phase is Qt.ScrollPhase.ScrollEnd:
            self._turning.stop()
        else:
            self._turning.start()
        strokes = wheel_scaled(self._strokes, event.angleDelta().y() / 120)
        if strokes != self._strokes:
            self.turned.emit(strokes, self._turn)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives back what the hand is about to change."""
        if event.key() == Qt.Key.Key_Escape and self.busy:
            self._give_back()
        else:
            super().keyPressEvent(event)

    def _down(self, position: QPointF, tool: Tool) -> None:
        self.let_go()
        self._turning.stop()
        if tool.adds(self._on_picture):
            self._ink = length(self._strokes)
            if not has_room(self._strokes, self._ink):
                self.filled.emit()
                return
        self._last, self._held, self._before = self._point(position), tool, self._strokes
        self.pressed.emit()
        if tool is Tool.MOVE:
            reach = 2 * HANDLE / self._square().width()
            self._grip = grip_at(self._strokes, self._last, reach)
        else:
            width, colour = self._width, self.colour
            self._edit(begun(tool, self._strokes, self._last, width, self._on_picture, colour))

    def _move(self, position: QPointF) -> None:
        if self._last is None:
            return
        point = self._place(position) if self._grip else self._point(position)
        if abs(point[0] - self._last[0]) + abs(point[1] - self._last[1]) < _CLOSE:
            return
        if self._grip is not None:
            self._edit(self._grip.strokes(point))
        elif self._held is not Tool.MOVE:
            self._edit(
                continued(
                    self._held, self._strokes, self._last, point, self._width, self._on_picture
                )
            )
        step, self._last = math.dist(self._last, point), point
        if self._held.adds(self._on_picture):
            self._ink += step
            if not has_room(self._strokes, self._ink):
                self.let_go()
                self.filled.emit()

    def let_go(self) -> None:
        """The hand is gone, wherever."""
        self.setMouseTracking(False)
        if self.busy:
            self._last = self._grip = self._pinch = None
            self.released.emit()

    def _give_back(self) -> None:
        if self.busy:
            self.given_back.emit()
            self._edit(self._before)
            self.let_go()

    def _edit(self, strokes: Strokes) -> None:
        if strokes != self._strokes:
            self.edited.emit(strokes)

    # Geometry and paint ---------------------------------------------------------------------

    def _square(self) -> QRectF:
        """In whole pixels, or a bright edge would be smeared."""
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) // 2, (self.height() - side) // 2, side, side)

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
        ratio = self.devicePixelRatioF()
        self._raster.paint(painter, square, self._strokes, self._image, ratio, self._sheet)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(c.line), 1))
        painter.drawRect(square.adjusted(0.5, 0.5, -0.5, -0.5))
        if self._guide:
            paint_guide(painter, square, self._box)
        if self.tool is Tool.MOVE:
            paint_frame(painter, square, self._strokes)
        text, flags = "", Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        if self._on_picture and self._image is None and self._why:
            text = self._why
        elif self._image is not None and not self._strokes:
            text = self.tr("Draw over it, or clear to begin anew")
            flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
        elif self._image is None and not self._strokes:
            text = self._invites
        if text:
            painter.setPen(QColor(theme.HINT))
            painter.drawText(square.adjusted(8, 8, -8, -8), flags, text)

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
