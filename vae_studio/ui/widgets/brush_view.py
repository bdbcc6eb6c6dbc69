"""``BrushView``: a picture that can be brushed, with ink or with an eraser."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent

from vae_studio.session.strokes import Colour, Point, Stroke, Strokes, extended
from vae_studio.ui import theme
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.lost_release import release_kept
from vae_studio.ui.widgets.stroke_painting import draw_stroke

_CLOSE = 0.004  # of the picture; a hand that moves less stays
_FAINT = 0.35  # opacity of what was brushed
_PALE = 0.6  # and of what was brushed in a colour of its own


class Brush(Enum):
    """What the hand does to a picture."""

    NONE = "none"
    INK = "ink"
    ERASER = "eraser"


class BrushView(ImageView):
    """Coordinates run from 0 to 1 over the picture. colour: of what is brushed, None for ink.

    Signals: ``pressed()`` and ``released()`` around a stroke; ``brushed(strokes)``: the hand wants
    these; ``given_back()``: it wants none of the stroke at hand.
    """

    pressed = Signal()
    released = Signal()
    brushed = Signal(object)
    given_back = Signal()

    def __init__(self, name: str, side: int = 64) -> None:
        super().__init__(name, side)
        self.brush = Brush.NONE
        self.colour: Colour | None = None
        self.brush_width = 0.1  # of the picture
        self._strokes: Strokes = ()
        self._last: Point | None = None
        self.setMouseTracking(True)  # to see that the button is up, where no release came

    @property
    def busy(self) -> bool:
        """Whether a hand is brushing."""
        return self._last is not None

    def set_brush(self, brush: Brush) -> None:
        """Take another brush into the hand, or none."""
        self.brush = brush
        has = brush is not Brush.NONE
        self.setCursor(Qt.CursorShape.CrossCursor if has else Qt.CursorShape.ArrowCursor)

    def show_strokes(self, strokes: Strokes) -> None:
        """Show over the picture what was brushed."""
        if strokes is not self._strokes:
            self._strokes = strokes
            self.update()

    def event(self, event: QEvent) -> bool:
        return release_kept(self, event) or super().event(event)

    def let_go(self) -> None:
        """The hand is gone, wherever."""
        self._last = None
        self.released.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self.brush is Brush.NONE:
            super().mousePressEvent(event)
        elif self.image is not None:
            self._last = self._point(event.position())
            self.pressed.emit()
            stroke = Stroke((self._last,), self.brush_width, colour=self.colour)
            if self.brush is Brush.ERASER:
                stroke = Stroke((self._last,), self.brush_width, erases=True)
            self.brushed.emit((*self._strokes, stroke))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            return
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self.let_go()  # the release went elsewhere
            return
        if not self._strokes:
            return
        point = self._point(event.position())
        if abs(point[0] - self._last[0]) + abs(point[1] - self._last[1]) >= _CLOSE:
            self._last = point
            self.brushed.emit(extended(self._strokes, point))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._last is None:
            super().mouseReleaseEvent(event)
        elif event.button() is Qt.MouseButton.LeftButton:
            self.let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives back the stroke at hand."""
        if event.key() == Qt.Key.Key_Escape and self.busy:
            self._last = None
            self.given_back.emit()
        else:
            super().keyPressEvent(event)

    def _point(self, position: QPointF) -> Point:
        place = QRectF(self._target())
        x = (position.x() - place.left()) / place.width()
        y = (position.y() - place.top()) / place.height()
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._strokes or self.image is None:
            return
        painter, place = QPainter(self), QRectF(self._target())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(place)
        painter.translate(place.topLeft())
        for stroke in self._strokes:
            color = QColor(theme.DARK.kl if stroke.erases else theme.DARK.reconstruction)
            painter.setOpacity(_FAINT)
            if stroke.colour is not None:
                color = QColor(*stroke.colour)
                painter.setOpacity(_PALE)
            last = len(stroke.points) - 1
            draw_stroke(painter, place.width(), stroke, 0, last, color)
