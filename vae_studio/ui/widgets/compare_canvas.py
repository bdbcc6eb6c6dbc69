"""The pictures of ``CompareView``, and the hand on them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vae_studio.ui import theme
from vae_studio.ui.widgets import compare_drawing as drawing
from vae_studio.ui.widgets.compare_pictures import Mode, Pictures
from vae_studio.ui.widgets.edges import draw_edge
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of

_GAP = 8  # px between two pictures, and between the divider and a word
_FRAME = 1  # px around a picture, for the focus


class CompareCanvas(QWidget):
    """Signals: ``pointed()``: the mouse is over another pixel, or none; ``divided()``: the divider
    was moved."""

    pointed = Signal()
    divided = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = Pictures(None, None, None)
        self.mode: Mode = "side"
        self.placeholder = ""
        self.at: tuple[int, int] | None = None  # row and column under the mouse
        self.share = 0.5  # of the picture's width, left of the divider
        self._mouse: QPointF | None = None
        self._drags = False
        self.setAccessibleName(self.tr("Input and reconstruction"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sizeHint(self) -> QSize:
        return QSize(360, 200)

    def set_pictures(self, pictures: Pictures) -> None:
        """Show others."""
        self.pictures = pictures
        self._look()
        self.update()

    def set_mode(self, mode: Mode) -> None:
        """Show them in another way."""
        self.mode, self._drags = mode, False
        self._look()
        self.update()

    def set_share(self, share: float) -> None:
        """Put the divider at a share of the picture's width, [0, 1]."""
        share = min(max(share, 0.0), 1.0)
        if share != self.share:
            self.share = share
            self.update()
            self.divided.emit()

    def sheet(self) -> Sheet | None:
        """What is shown, pixel for pixel."""
        shown = self.pictures.shown(self.mode, self.share)
        return sheet_of(shown, max(1, len(shown)))

    # Where things are ----------------------------------------------------------------------

    def _there(self) -> list[bool]:
        return self.pictures.there(self.mode)

    def _head(self) -> int:
        """Height of the line of words above the pictures, px."""
        return self.fontMetrics().height() + 2

    def places(self) -> list[QRectF]:
        """Where the pictures stand: of one size, and each of their pixels on whole pixels of the
        screen where it covers two or more."""
        count, ratio = 2 if self.mode == "side" else 1, self.devicePixelRatioF()
        rows, columns = self.pictures.shape or (1, 1)
        wide = (self.width() - (count - 1) * _GAP) / count - 2 * _FRAME
        high = self.height() - self._head() - 2 * _FRAME
        scale = max(min(wide / columns, high / rows) * ratio, 0.1)
        scale = (int(scale) if scale >= 2 else scale) / ratio
        width, height = columns * scale, rows * scale
        left = (self.width() - count * width - (count - 1) * _GAP) / 2
        top = self._head() + (self.height() - self._head() - height) / 2
        left, top = round(left * ratio) / ratio, round(top * ratio) / ratio
        return [QRectF(left + n * (width + _GAP), top, width, height) for n in range(count)]

    def divider(self) -> float:
        """Its x, px: on a whole pixel of the screen."""
        place, ratio = self.places()[0], self.devicePixelRatioF()
        return round((place.left() + self.share * place.width()) * ratio) / ratio

    def pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        """Row and column of the pixel of a picture that lies there."""
        rows, columns = self.pictures.shape or (0, 0)
        for place, there in zip(self.places(), self._there(), strict=True):
            if there and place.contains(point):
                row = int((point.y() - place.top()) / place.height() * rows)
                column = int((point.x() - place.left()) / place.width() * columns)
                return min(row, rows - 1), min(column, columns - 1)
        return None

    # Painting ------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        shape, there = self.pictures.shape, self._there()
        if shape is None or not any(there):
            drawing.draw_empty(painter, QRectF(self.rect()), self.placeholder)
            return
        places = self.places()
        for place, is_there in zip(places, there, strict=True):
            if not is_there:
                drawing.draw_empty(painter, place, self.placeholder)
        filled = [place for place, is_there in zip(places, there, strict=True) if is_there]
        if self.mode == "wipe":
            self._paint_wipe(painter, filled[0])
        else:
            shown = self.pictures.shown(self.mode, self.share)
            for place, picture in zip(filled, shown, strict=True):
                painter.setRenderHint(
                    QPainter.RenderHint.SmoothPixmapTransform, place.width() < picture.width()
                )
                painter.drawImage(place, picture)
                draw_edge(painter, place, picture)
        if self.mode == "difference":
            drawing.draw_signs(painter, filled[0], self.pictures.change)
        self._paint_words(painter, places)
        for place in filled:
            if self.at is not None:
                drawing.draw_pixel(painter, drawing.pixel_box(place, shape, *self.at))
            if self.hasFocus():
                painter.setPen(QColor(theme.colors().accent))
                painter.drawRect(place.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self.mode == "wipe":
            top = filled[0].top() - self._head() + 2
            drawing.draw_divider(painter, filled[0], self.divider(), top)

    def _paint_wipe(self, painter: QPainter, place: QRectF) -> None:
        left, right = self.pictures.input, self.pictures.reconstruction
        assert left is not None
        assert right is not None
        painter.drawImage(place, right)
        painter.save()
        painter.setClipRect(QRectF(0, 0, self.divider(), self.height()))
        painter.drawImage(place, left)
        painter.restore()

    def _paint_words(self, painter: QPainter, places: Sequence[QRectF]) -> None:
        """Above the pictures: what they are."""
        flags = Qt.AlignmentFlag
        top, height = places[0].top() - self._head(), self._head()
        line = QRectF(0, top, self.width(), height)
        painter.setPen(QColor(theme.colors().muted))
        word, longer = self.tr("Input"), (self.tr("Reconstruction"), self.tr("Output"))
        if self.mode == "side":
            for place, texts in zip(places, ((word,), longer), strict=True):
                half = _GAP / 2  # as far as the words of the other
                box = QRectF(place.left() - half, top, place.width() + 2 * half, height)
                self._write(painter, box, flags.AlignHCenter, *texts)
        elif self.mode == "wipe":
            at = self.divider()
            left = QRectF(0, top, max(0.0, at - _GAP), height)
            right = QRectF(at + _GAP, top, max(0.0, self.width() - at - _GAP), height)
            if self.share > 0.0:
                self._write(painter, left, flags.AlignRight, word)
            if self.share < 1.0:
                self._write(painter, right, flags.AlignLeft, *longer)
        elif self.mode == "difference":
            long = (self.tr("model adds ink"), self.tr("model leaves ink out"))
            drawing.draw_legend(painter, line, (long, (self.tr("added"), self.tr("left out"))))
        elif self.pictures.loss is None:
            self._write(painter, line, flags.AlignHCenter, *longer)
        else:
            long_name = self.tr("Loss of each pixel, over the reconstruction")
            self._write(painter, line, flags.AlignHCenter, long_name, self.tr("Loss of each pixel"))

    def _write(self, painter: QPainter, box: QRectF, side: Qt.AlignmentFlag, *texts: str) -> None:
        """The first of ``texts`` that fits."""
        text = drawing.fitting(texts, self.fontMetrics(), box.width())
        painter.drawText(box, side | Qt.AlignmentFlag.AlignTop, text)

    # The hand ------------------------------------------------------------------------------

    def _look(self) -> None:
        """Which pixel is under the mouse, which may lie still."""
        at = None if self._mouse is None else self.pixel_at(self._mouse)
        divides = self.mode == "wipe" and (self._drags or at is not None)
        self.setCursor(Qt.CursorShape.SplitHCursor if divides else Qt.CursorShape.ArrowCursor)
        if at != self.at:
            self.at = at
            self.update()
            self.pointed.emit()

    def _divide(self, point: QPointF) -> None:
        place = self.places()[0]
        self.set_share((point.x() - place.left()) / place.width())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Anywhere in the picture, or on the handle where that stands over its edge."""
        near = self.places()[0].adjusted(-drawing.GRIP, 0, drawing.GRIP, 0)
        if (
            event.button() is Qt.MouseButton.LeftButton
            and self.mode == "wipe"
            and all(self._there())
            and near.contains(event.position())
        ):
            self._drags = True
            self._divide(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._mouse = event.position()
        if self._drags:
            self._divide(self._mouse)
        self._look()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._drags = False
            self._look()

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self._look()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the divider by a pixel of the image; Home and End to the edges."""
        shape = self.pictures.shape
        step = 1.0 / shape[1] if shape else 0.0
        shares = {
            Qt.Key.Key_Left: self.share - step,
            Qt.Key.Key_Right: self.share + step,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: 1.0,
        }
        key = Qt.Key(event.key())
        if self.mode == "wipe" and all(self._there()) and key in shares:
            self.set_share(shares[key])
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._look()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()
