"""``StrokeRaster``: a drawing as pixels of the screen, made once; a pen that goes on adds to it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from vae_studio.session.strokes import Stroke, Strokes
from vae_studio.ui import theme
from vae_studio.ui.widgets.stroke_painting import draw_stroke


class StrokeRaster:
    """Paper, picture and strokes. What a pen draws in a minute is painted piece by piece, so that
    the last piece costs no more than the first."""

    def __init__(self) -> None:
        self._image = QImage()
        self._ground: QImage | None = None
        self._whole: Strokes = ()  # strokes that are all in the image
        self._last: Stroke | None = None  # the one that goes on
        self._done = 0  # its pieces that are in the image

    def paint(
        self,
        painter: QPainter,
        square: QRectF,
        strokes: Strokes,
        ground: QImage | None,
        ratio: float,
    ) -> None:
        """Paint a drawing into ``square``. ratio: pixels of the screen to each of the widget."""
        side = max(1, round(square.width() * ratio))
        size = QSize(side, side)
        goes_on = self._image.size() == size and ground is self._ground
        if not (goes_on and self._add(strokes)):
            self._begin(size, ground)
            self._add(strokes)
        painter.drawImage(square, self._image)
        if self._last is not None:  # its end may still change
            painter.save()
            painter.translate(square.topLeft())
            draw_stroke(painter, square.width(), self._last, self._done, len(self._last.points) - 1)
            painter.restore()

    def _begin(self, size: QSize, ground: QImage | None) -> None:
        self._image = QImage(size, QImage.Format.Format_RGB32)
        self._image.fill(QColor(theme.PAPER))
        self._ground, self._whole, self._last, self._done = ground, (), None, 0
        if ground is not None:
            painter = QPainter(self._image)
            painter.drawImage(QRectF(self._image.rect()), ground)
            painter.end()

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
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for stroke in rest:
            ends = stroke is rest[-1]
            # The end and the piece before change with the next point.
            to = max(len(stroke.points) - 3, 0) if ends else max(len(stroke.points) - 1, 0)
            if to > self._done or not ends:
                draw_stroke(painter, self._image.width(), stroke, self._done, to)
            self._done = max(self._done, to) if ends else 0
        painter.end()
        self._whole = (*self._whole, *rest[:-1])
        self._last = rest[-1] if rest else None
        return True


def _goes_on(before: Stroke, after: Stroke, done: int) -> bool:
    """Whether the pieces that are painted of one are those of the other."""
    if after is before:
        return True
    if (after.width, after.erases) != (before.width, before.erases) or len(after.points) < done + 2:
        return False
    kept = done + 2 if done else 1  # points that shape those pieces
    return all(before.points[index] is after.points[index] for index in {0, kept // 2, kept - 1})
