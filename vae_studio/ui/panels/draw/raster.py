"""``StrokeRaster``: a drawing as pixels of the screen, made once; a pen that goes on adds to it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from vae_studio.session.drawing import DIGITS, Sheet
from vae_studio.session.strokes import Colour, Stroke, Strokes
from vae_studio.ui.widgets.stroke_painting import (
    box_of_pieces,
    clear_layer,
    cover,
    cover_with_pieces,
    draw_strokes,
    pieces_in,
)


class StrokeRaster:
    """Paper, picture and strokes. What a pen draws in a minute is painted piece by piece, so that
    the last piece costs no more than the first, and looks as if painted at once."""

    def __init__(self) -> None:
        self._below = QImage()  # the ground, and strokes that are whole
        self._layer = QImage()  # the one that goes on, but for its end, which may still change
        self._shown = QImage()  # all that
        self._ground: QImage | None = None
        self._sheet = DIGITS
        self._whole: Strokes = ()
        self._last: Stroke | None = None  # the one that goes on
        self._done = 0  # its pieces that are in the layer
        self._new = QRect()  # where its others are

    def paint(
        self,
        painter: QPainter,
        square: QRectF,
        strokes: Strokes,
        ground: QImage | None,
        ratio: float,
        sheet: Sheet = DIGITS,
    ) -> None:
        """Paint a drawing into ``square``. ratio: pixels of the screen to each of the widget.
        sheet: whose paper and colours it has."""
        side = max(1, round(square.width() * ratio))
        size = QSize(side, side)
        same = ground is self._ground and sheet == self._sheet
        if not (same and self._shown.size() == size and self._add(strokes)):
            self._begin(size, ground, sheet)
            self._add(strokes)
        painter.drawImage(square, self._shown)

    def _begin(self, size: QSize, ground: QImage | None, sheet: Sheet) -> None:
        self._sheet = sheet
        self._below = QImage(size, QImage.Format.Format_RGB32)
        self._below.fill(QColor(*sheet.ground))
        self._layer = clear_layer(size)
        self._ground, self._whole, self._last, self._done = ground, (), None, 0
        if ground is not None:
            painter = QPainter(self._below)
            painter.drawImage(QRectF(self._below.rect()), ground)
            painter.end()
        self._shown = self._below.copy()

    def _add(self, strokes: Strokes) -> bool:
        """Paint what is new, where nothing that is painted went; else False."""
        known = len(self._whole)
        if len(strokes) < known or any(
            one is not other for one, other in zip(self._whole, strokes, strict=False)
        ):
            return False
        if self._last is not None and not (
            len(strokes) > known and _goes_on(self._last, strokes[known], self._done)
        ):
            return False
        rest = strokes[known:]
        if len(rest) > 1:
            self._finish(rest[:-1])
        if rest and rest[-1] is not self._last:
            self._go_on(rest[-1])
        return True

    def _finish(self, strokes: Strokes) -> None:
        """These are whole now; the first may be the one that went on."""
        self._whole = (*self._whole, *strokes)
        if self._last is not None:
            self._go_on(strokes[0])
            self._below = self._shown.copy()
            self._layer.fill(Qt.GlobalColor.transparent)
            self._last, self._done, strokes = None, 0, strokes[1:]
        if strokes:
            draw_strokes(self._below, strokes, self._sheet)
            self._shown = self._below.copy()

    def _go_on(self, stroke: Stroke) -> None:
        """Paint what is new of a stroke. The end and the piece before change with the next point:
        they are painted over what is known, and forgotten again."""
        last, color = len(stroke.points) - 1, QColor(*self._sheet.colour(stroke))
        settled = max(last - 2, self._done)
        side = self._layer.width()
        new = box_of_pieces(side, stroke, self._done, last)
        if settled > self._done:
            cover_with_pieces(self._layer, stroke, self._done, settled, color)
        box = new if self._last is None else new.united(self._new)
        top = self._layer.copy(box)
        cover(top, top.rect(), pieces_in(box, side, stroke, settled, last, color))
        painter = QPainter(self._shown)
        painter.drawImage(box.topLeft(), self._below, box)
        painter.drawImage(box.topLeft(), top)
        painter.end()
        self._last, self._done, self._new = stroke, settled, new


def _goes_on(before: Stroke, after: Stroke, done: int) -> bool:
    """Whether the pieces that are painted of one are those of the other."""
    if after is before:
        return True
    if _pen(after) != _pen(before) or len(after.points) < done + 2:
        return False
    kept = done + 2 if done else 1  # points that shape those pieces
    return all(before.points[index] is after.points[index] for index in {0, kept // 2, kept - 1})


def _pen(stroke: Stroke) -> tuple[float, bool, Colour | None]:
    return stroke.width, stroke.erases, stroke.colour
