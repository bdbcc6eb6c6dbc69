"""``MaskView``: a picture, hatched where it is unseen; the hand hides a part, or brushes paper."""

from __future__ import annotations

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)

from vae_studio.session.drawing import Rect, Seen
from vae_studio.session.strokes import Point, Stroke, Strokes, extended
from vae_studio.ui import theme
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.lost_release import release_kept
from vae_studio.ui.widgets.ring_cursor import ring_cursor

BRUSH_WIDTH = 0.12  # of the picture
_CLOSE = 0.004  # of the picture; a hand that moves less stays
_DIM = 170  # of 255: opacity of what lies over the unseen
_VEIL = {False: (theme.DARK.line, theme.HINT), True: (theme.LIGHT.line, theme.LIGHT.faint)}
_HATCH = 7  # px between two lines


class MaskTool(Enum):
    """What the hand does to the mask."""

    HIDE = "hide"
    EMPTY = "empty"


class MaskView(ImageView):
    """Coordinates run from 0 to 1 over the picture. The arrows move the part that is hidden by a
    pixel, with Shift its lower right corner.

    Signals: ``pressed()`` and ``released()`` around a gesture; ``hidden(rect)`` and
    ``brushed(strokes)``: the hand wants this part hidden, these strokes empty; ``given_back()``:
    it wants none of the gesture at hand.
    """

    pressed = Signal()
    released = Signal()
    hidden = Signal(object)
    brushed = Signal(object)
    given_back = Signal()

    def __init__(self, name: str, side: int = 200) -> None:
        super().__init__(name, side)
        self.tool = MaskTool.HIDE
        self.seen = Seen()
        self.known: NDArray[np.bool_] | None = None
        self._seen_part: QImage | None = None  # the picture, clear where it is unseen
        self._hatch = QPixmap()  # over all that is unseen, once it was painted
        self._light = False
        self._start: Point | None = None
        self._last: Point | None = None
        self.setMinimumSize(112, 112)
        self.setMouseTracking(True)  # to see that the button is up, where no release came
        self.set_tool(MaskTool.HIDE)

    @property
    def busy(self) -> bool:
        """Whether a hand is at it."""
        return self._last is not None

    def set_tool(self, tool: MaskTool) -> None:
        """Take another tool into the hand."""
        self.tool = tool
        self._update_cursor()

    def show_seen(self, seen: Seen) -> None:
        """What the state says; the hatching comes with ``show_mask``."""
        self.seen = seen
        self.update()

    def set_paper(self, light: bool) -> None:
        """White paper wants another hatching than black."""
        if light != self._light:
            self._light, self._hatch = light, QPixmap()
            self.update()

    def show_mask(self, mask: NDArray[np.bool_] | None) -> None:
        """Hatch what is unseen of the picture: bool [H, W], True for seen."""
        self.known, self._seen_part = mask, None
        self.update()

    # The hand -------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        return release_kept(self, event) or super().event(event)

    def let_go(self) -> None:
        """The hand is gone, wherever."""
        self._start = self._last = None
        self.released.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self.image is None:
            super().mousePressEvent(event)
            return
        self._start = self._last = self._point(event.position())
        self.pressed.emit()
        if self.tool is MaskTool.EMPTY:
            self._brush((*self.seen.empty, Stroke((self._last,), BRUSH_WIDTH)))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is None or self._start is None or self.image is None:
            return
        if not event.buttons() & Qt.MouseButton.LeftButton:
            self.let_go()  # the release went elsewhere
            return
        point = self._point(event.position())
        if abs(point[0] - self._last[0]) + abs(point[1] - self._last[1]) < _CLOSE:
            return
        self._last = point
        if self.tool is MaskTool.HIDE:
            rect = self._between(self._start, point)
            if rect is not None and rect != self.seen.hidden:
                self.hidden.emit(rect)
        elif self.seen.empty:  # undo may have taken it
            self._brush(extended(self.seen.empty, point))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.busy:
            self.let_go()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc gives back the gesture at hand; the arrows move what is hidden."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape and self.busy:
            self._start = self._last = None
            self.given_back.emit()
        elif self.image is None or self.busy:
            super().keyPressEvent(event)
        elif key in steps and self.seen.hidden is not None:
            only_corner = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._nudge(self.seen.hidden, *steps[key], only_corner)
        else:
            super().keyPressEvent(event)

    def _nudge(self, rect: Rect, right: int, down: int, only_corner: bool) -> None:
        width, height = self._pixels()
        x0, y0, x1, y1 = (
            round(rect[0] * width),
            round(rect[1] * height),
            round(rect[2] * width),
            round(rect[3] * height),
        )
        if only_corner:
            x1, y1 = min(max(x1 + right, x0 + 1), width), min(max(y1 + down, y0 + 1), height)
        else:
            right, down = (
                min(max(right, -x0), width - x1),
                min(max(down, -y0), height - y1),
            )
            x0, y0, x1, y1 = x0 + right, y0 + down, x1 + right, y1 + down
        moved = (x0 / width, y0 / height, x1 / width, y1 / height)
        if moved != rect:
            self.hidden.emit(moved)

    def _brush(self, strokes: Strokes) -> None:
        self.brushed.emit(strokes)

    def _between(self, start: Point, end: Point) -> Rect | None:
        """Whole pixels from corner to corner; None where there are none."""
        width, height = self._pixels()
        left, right = sorted((round(start[0] * width), round(end[0] * width)))
        top, bottom = sorted((round(start[1] * height), round(end[1] * height)))
        if left == right or top == bottom:
            return None
        return left / width, top / height, right / width, bottom / height

    def _pixels(self) -> tuple[int, int]:
        assert self.image is not None
        return self.image.width(), self.image.height()

    def _point(self, position: QPointF) -> Point:
        place = QRectF(self._target())
        x = (position.x() - place.left()) / place.width()
        y = (position.y() - place.top()) / place.height()
        return min(1.0, max(0.0, x)), min(1.0, max(0.0, y))

    # Paint ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.image is None or self.known is None:
            return
        painter, place = QPainter(self), self._target()
        if self.known.shape == self._pixels()[::-1] and not self.known.all():
            self._paint_unseen(painter, place, self.known)
        if self.seen.hidden is not None:
            left, top, right, bottom = self.seen.hidden
            frame = QRectF(
                place.left() + left * place.width(),
                place.top() + top * place.height(),
                (right - left) * place.width(),
                (bottom - top) * place.height(),
            )
            painter.setPen(QPen(QColor(theme.DARK.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame.adjusted(1, 1, -1, -1))

    def _paint_unseen(self, painter: QPainter, place: QRect, known: NDArray[np.bool_]) -> None:
        """Hatch all of it, then paint over that what is seen."""
        if self._hatch.size() != place.size() * self.devicePixelRatioF():
            self._hatch = self._hatched(place.size())
        if self._seen_part is None:
            self._seen_part = self._cut_out(known)
        painter.drawPixmap(place.topLeft(), self._hatch)
        painter.drawImage(place, self._seen_part)

    def _hatched(self, size: QSize) -> QPixmap:
        ratio = self.devicePixelRatioF()
        hatch = QPixmap(size * ratio)
        hatch.setDevicePixelRatio(ratio)
        ground, line = _VEIL[self._light]
        veil = QColor(ground)
        veil.setAlpha(_DIM)
        hatch.fill(veil)
        painter = QPainter(hatch)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lines = QColor(line)
        lines.setAlpha(150)
        painter.setPen(QPen(lines, 1))
        for x in range(-size.height(), size.width(), _HATCH):
            painter.drawLine(x, size.height(), x + size.height(), 0)
        painter.end()
        return hatch

    def _cut_out(self, known: NDArray[np.bool_]) -> QImage:
        assert self.image is not None
        height, width = known.shape
        levels = np.ascontiguousarray(np.where(known, 255, 0).astype(np.uint8))
        alpha = QImage(levels.data, width, height, width, QImage.Format.Format_Grayscale8)
        cut = self.image.convertToFormat(QImage.Format.Format_ARGB32)
        cut.setAlphaChannel(alpha)
        return cut

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._update_cursor()

    def _update_cursor(self) -> None:
        if self.tool is MaskTool.HIDE:
            self.setCursor(Qt.CursorShape.CrossCursor)
            return
        side = BRUSH_WIDTH * min(self.width(), self.height())
        self.setCursor(ring_cursor(side, self.devicePixelRatioF()))
