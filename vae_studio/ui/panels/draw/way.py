"""``WayView``: a drawing's way to MNIST in four small pictures; each step can be left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QWidget

from vae_studio.core.digit import BOX, CENTRE, SIZE, Placement
from vae_studio.session.drawing import Input, Steps
from vae_studio.session.requests import Way
from vae_studio.session.strokes import Stroke, Strokes, line
from vae_studio.ui import theme
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions, sheet_of

_PAUSE = 40  # ms between two looks at a drawing that goes on: the reconstruction comes first
_STEP = 0.012  # of the canvas, between points of a small picture
_AS_DRAWN = Placement(SIZE, -0.5, -0.5)
_SAVED_SIDE = 140  # px
_SMALLEST = 36  # px
_LARGEST = 84  # px, three for each of the input's
_MARGIN = (SIZE - BOX) / 2


class StagePicture(QWidget):
    """Strokes where one step of the way has put them. box: show MNIST's box; cross: show where its
    centre of mass is."""

    def __init__(self, name: str, box: bool = False, cross: bool = False) -> None:
        super().__init__()
        self._box, self._cross = box, cross
        self._strokes: Strokes = ()
        self._placement = _AS_DRAWN
        self._lines: dict[int, tuple[Stroke, QPolygonF]] = {}
        self.setAccessibleName(name)
        self.setMinimumSize(_SMALLEST, _SMALLEST)
        self.picture_actions = add_picture_actions(self, self.sheet)

    def sizeHint(self) -> QSize:
        return QSize(64, 64)

    @property
    def placement(self) -> Placement:
        """Where the strokes go."""
        return self._placement

    def set_strokes(self, strokes: Strokes, placement: Placement) -> None:
        """Show a drawing, or none; placement: from the canvas to pixels of the image."""
        if strokes is not self._strokes or placement != self._placement:
            self._strokes, self._placement = strokes, placement
            kept = {id(stroke) for stroke in strokes}
            self._lines = {key: value for key, value in self._lines.items() if key in kept}
            self.update()

    def sheet(self) -> Sheet | None:
        """What is shown, without box and cross."""
        if not self._strokes:
            return None
        picture = QImage(_SAVED_SIDE, _SAVED_SIDE, QImage.Format.Format_RGB32)
        picture.fill(QColor(theme.PAPER))
        painter = QPainter(picture)
        self._draw(painter, QRectF(picture.rect()))
        painter.end()
        return sheet_of([picture])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = min(self.width(), self.height())
        square = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter.fillRect(square, QColor(theme.PAPER))
        painter.setClipRect(square)
        self._draw(painter, square)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pixel = side / SIZE
        painter.setPen(QPen(QColor(theme.HINT), 1))
        if self._box:
            margin = _MARGIN * pixel
            painter.drawRect(square.adjusted(margin, margin, -margin, -margin))
        if self._cross:
            middle = square.topLeft() + QPointF(1, 1) * ((CENTRE + 0.5) * pixel)
            painter.drawLine(middle - QPointF(5, 0), middle + QPointF(5, 0))
            painter.drawLine(middle - QPointF(0, 5), middle + QPointF(0, 5))
        painter.setPen(QPen(QColor(theme.colors().line), 1))
        painter.drawRect(square.adjusted(0.5, 0.5, -0.5, -0.5))

    def _draw(self, painter: QPainter, square: QRectF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        pixel, place = square.width() / SIZE, self._placement
        painter.translate(
            square.left() + (place.x + 0.5) * pixel, square.top() + (place.y + 0.5) * pixel
        )
        painter.scale(place.scale * pixel, place.scale * pixel)
        for stroke in self._strokes:
            pen = QPen(QColor(theme.PAPER if stroke.erases else theme.INK), stroke.width)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(self._polyline(stroke))
        painter.restore()

    def _polyline(self, stroke: Stroke) -> QPolygonF:
        known = self._lines.get(id(stroke))
        if known is None or known[0] is not stroke:
            known = (stroke, QPolygonF(_coarse(stroke)))
            self._lines[id(stroke)] = known
        return known[1]


def _coarse(stroke: Stroke) -> list[QPointF]:
    """Points of the line, ``_STEP`` apart at least: all that a small picture shows."""
    points = line(stroke)
    way = np.concatenate([[0.0], np.hypot(*np.diff(points, axis=0).T).cumsum()])
    _, chosen = np.unique((way / _STEP).astype(np.int64), return_index=True)
    kept = np.unique([*chosen.tolist(), len(points) - 1])
    found = [QPointF(x, y) for x, y in points[kept].tolist()]
    return found if len(found) > 1 else [found[0], found[0] + QPointF(1e-4, 0.0)]


class WayView(QWidget):
    """Signal: ``steps_chosen(Steps)``."""

    steps_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._given: Input | None = None
        self._way: Way | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE)
        self._timer.timeout.connect(self._show_stages)
        self.drawn = StagePicture(self.tr("The drawing"))
        self.fitted = StagePicture(self.tr("The drawing, fitted"), box=True)
        self.centred = StagePicture(self.tr("The drawing, centred"), box=True, cross=True)
        self.pixels = ImageView(self.tr("The input, 28 × 28"), side=_SMALLEST)
        self.stages: Sequence[StagePicture] = (self.drawn, self.fitted, self.centred)
        drawn = QLabel(self.tr("Drawn"))
        drawn.setProperty("role", "muted")
        self.fit = self._box(
            self.tr("Fit"),
            self.tr(
                "Scale the ink into a box of 20 × 20 pixels, as MNIST does. Without it, size and "
                "place on the canvas count, and the model has seen no other sizes"
            ),
        )
        self.centre = self._box(
            self.tr("Centre"),
            self.tr(
                "Move the ink’s centre of mass to the middle, as MNIST does. Without it, the same "
                "drawing lights other pixels, which mean something else to the encoder"
            ),
        )
        self.pen = self._box(
            self.tr("Pen"),
            self.tr(
                "Draw the line as thick as MNIST’s pen, then as 28 × 28 grey levels. Without it, "
                "your own pen counts, and thick or thin ink costs loss"
            ),
        )
        self._columns = 4
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._cells: Sequence[tuple[QWidget, QWidget]] = (
            (drawn, self.drawn),
            (self.fit, self.fitted),
            (self.centre, self.centred),
            (self.pen, self.pixels),
        )
        self.set_columns(4)

    def set_columns(self, columns: int) -> None:
        """Stand in one row of 4, or in two of 2."""
        for index, (title, picture) in enumerate(self._cells):
            row, column = divmod(index, columns)
            self._grid.addWidget(title, 2 * row, column)
            self._grid.addWidget(picture, 2 * row + 1, column)
        for column in range(4):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._grid.setRowStretch(8, 1)  # below all of them: they stand together
        across = columns * _LARGEST + (columns - 1) * self._grid.horizontalSpacing()
        self._columns = columns
        self.setMaximumWidth(across)
        self.setMinimumWidth(across if columns < 4 else 0)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Squares, as large as fit; a layout that asks for heights squeezes what is beside them."""
        room = self.width() - (self._columns - 1) * self._grid.horizontalSpacing()
        side = max(_SMALLEST, min(_LARGEST, room // self._columns))
        for _, picture in self._cells:
            picture.setFixedHeight(side)
            picture.setMaximumWidth(side)  # and a narrower panel makes them smaller

    def _box(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setChecked(True)
        box.setToolTip(tip)
        box.clicked.connect(self._choose)
        return box

    @Slot()
    def _choose(self) -> None:
        self.steps_chosen.emit(
            Steps(self.fit.isChecked(), self.centre.isChecked(), self.pen.isChecked())
        )

    def render_steps(self, steps: Steps, has_picture: bool) -> None:
        """Show which steps are taken; has_picture: there is one, which is in MNIST's form."""
        for box, on in (
            (self.fit, steps.fitted), (self.centre, steps.centred), (self.pen, steps.pen)
        ):  # fmt: skip
            with QSignalBlocker(box):
                box.setChecked(on)
            box.setEnabled(not has_picture)

    def show_way(self, given: Input | None, way: Way | None, image: QImage | None) -> None:
        """Show how an input came to its image; None for nothing."""
        self._given, self._way = given, way
        self.pixels.set_picture(image)
        if given is None:
            self._timer.stop()
            self._show_stages()
        elif not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _show_stages(self) -> None:
        strokes = self._given.strokes if self._given else ()
        way = self._way or Way(_AS_DRAWN, _AS_DRAWN)
        for picture, placement in zip(
            self.stages, (_AS_DRAWN, way.fitted, way.centred), strict=True
        ):
            picture.set_strokes(strokes, placement)
