"""``MapCanvas``: points of the data, the current point, and a hand that goes there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QBrush,
    QColor,
    QFontMetrics,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from vae_studio.core.maps import Holes
from vae_studio.ui import theme
from vae_studio.ui.panels.map import badges
from vae_studio.ui.panels.map.dots import Dots, Points
from vae_studio.ui.panels.map.raster import View
from vae_studio.ui.widgets.picture_actions import add_picture_actions, sheet_of

_GRAB = 12.0  # px around the crosshair that take hold of it
_POINT = 8.0  # px around the mouse in which a dot is pointed at
_STEP = 0.1  # units of the map that an arrow key moves the crosshair
_ZOOM = 1.2  # of one notch of the wheel, or one key
_MARGIN = 1.08  # of the map around what is on it, when all of it is shown
_NEAREST, _FARTHEST = 20_000.0, 2.0  # px for a unit of the map
_LATTICE_OPACITY = 0.6
_ROUTE_CORNERS = 400  # that a path is drawn with, about


class MapCanvas(QWidget):
    """Signals: ``chosen(group, index)``: a dot was clicked; ``wanted(x, y)``: another place was,
    or the crosshair is dragged there, between ``grabbed()`` and ``released()``; ``pointed(group,
    index)``: the mouse is over a dot, (-1, -1) for none; ``view_changed()``; ``boxed(marks)``: a
    box was drawn, ``box``: mark what is in it, or no longer."""

    chosen = Signal(int, int)
    wanted = Signal(float, float)
    grabbed = Signal()
    released = Signal()
    pointed = Signal(int, int)
    view_changed = Signal()
    boxed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.groups: tuple[Points, ...] = ()
        self.view = View(0.0, 0.0, 40.0, 1, 1)
        self.here: NDArray[np.float32] | None = None
        self.placeholder = ""
        self._ellipse: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
        self._hidden: frozenset[int] = frozenset()
        self._holes: Holes | None = None
        self._lattice: tuple[QImage, tuple[float, float, float, float]] | None = None
        self._picture: QImage | None = None
        self._names: tuple[str, ...] = ()
        self._middles: list[badges.Middle] = []
        self._badges: list[badges.Badge] | None = None  # where they are drawn
        self._pointed: tuple[int, int] | None = None
        self._press: QPoint | None = None
        self._hold: str | None = None  # "crosshair", "map" or "box"
        self.marks = False  # whether every drag draws a box, not only one with Shift
        self._corners: tuple[QPointF, QPointF] | None = None  # of the box
        self._marked: NDArray[np.int64] = np.empty(0, np.int64)
        self._route: NDArray[np.float32] | None = None
        self._route_line: QPolygonF | None = None  # where it is drawn, px
        self._kept: Sequence[tuple[NDArray[np.float32], str]] = ()
        self._fitted = True  # until a hand moved the map
        self.setAccessibleName(self.tr("Map of the latent space"))
        self.setToolTip("")
        self.setMinimumSize(160, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        fit = QAction(self.tr("Show all of the map (Home)"), self)
        fit.triggered.connect(self.fit)
        self.addAction(fit)
        add_picture_actions(self, lambda: sheet_of([self.grab().toImage()]))  # the screen's pixels

    def sizeHint(self) -> QSize:
        return QSize(420, 360)

    # What is shown -------------------------------------------------------------------------

    def set_points(self, groups: tuple[Points, ...], names: tuple[str, ...] = ()) -> None:
        """Show these, the last on top. names: of their classes; () for none, and one colour."""
        self.groups, self._names = groups, names
        self._middles = []
        for group in groups:
            if not group.crowd and names:
                self._middles = badges.middles(group.places, group.labels, len(names))
        self._point_at(None)
        self._draw_anew()
        if self._fitted:
            self.fit()
        self.update()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Leave out the points of these classes; those that are no classes here do not count."""
        hidden = frozenset(label for label in hidden if label < len(self._names))
        if hidden != self._hidden:
            self._hidden = hidden
            self._point_at(None)
            self._draw_anew()
            self.update()

    @property
    def hidden(self) -> frozenset[int]:
        """The classes that are left out."""
        return self._hidden

    def _draw_anew(self) -> None:
        self._picture = self._badges = None

    @property
    def badges(self) -> list[badges.Badge]:
        """The names of classes that are drawn."""
        if self._badges is None:
            font = self.font()
            font.setBold(True)
            self._badges = badges.placed(
                self._middles, self._names, self._hidden, self.view, QFontMetrics(font)
            )
        return self._badges

    def set_here(self, place: NDArray[np.float32] | None) -> None:
        """Where the current point is."""
        self.here = place
        self.update()

    def set_ellipse(
        self, middle: NDArray[np.float32] | None, covariance: NDArray[np.float32] | None
    ) -> None:
        """A normal distribution on the map, drawn at one standard deviation; None for none."""
        self._ellipse = None
        if middle is not None and covariance is not None:
            self._ellipse = (middle, covariance)
        self.update()

    @property
    def ellipse(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Middle and covariance of the one that is drawn."""
        return self._ellipse

    def set_marked(self, indices: frozenset[int]) -> None:
        """Frame the dots of these test images."""
        marked = np.array(sorted(indices), np.int64)
        if not np.array_equal(marked, self._marked):
            self._marked, self._picture = marked, None
            self.update()

    def set_route(
        self,
        route: NDArray[np.float32] | None,
        kept: Sequence[tuple[NDArray[np.float32], str]] = (),
    ) -> None:
        """Draw a path [N, 2], or none, and kept points with their names."""
        self._route, self._kept, self._route_line = route, kept, None
        self.update()

    @property
    def route(self) -> NDArray[np.float32] | None:
        """The path that is drawn."""
        return self._route

    @property
    def kept(self) -> Sequence[tuple[NDArray[np.float32], str]]:
        """Places and names of the points that are drawn."""
        return self._kept

    @property
    def box(self) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
        """Lower left and upper right of the box that is drawn, on the map."""
        if self._corners is None:
            return None
        one, other = (self.view.to_map(corner.x(), corner.y()) for corner in self._corners)
        return np.minimum(one, other), np.maximum(one, other)

    def set_holes(self, holes: Holes | None) -> None:
        """Hatch these cells."""
        self._holes = holes
        self.update()

    def set_lattice(
        self, picture: QImage | None, area: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    ) -> None:
        """Lay a picture below the points; area: left, bottom, right, top on the map."""
        if (picture is None) != (self._lattice is None):
            self._picture = None  # dots are smaller above a picture
        self._lattice = None if picture is None else (picture, area)
        self.update()

    @property
    def lattice(self) -> QImage | None:
        """What lies below the points."""
        return self._lattice[0] if self._lattice else None

    def fit(self) -> None:
        """Show all points."""
        self._fitted = True
        places = [group.places for group in self.groups if len(group.places)]
        if not places:
            return
        low = np.min([np.quantile(each, 0.001, axis=0) for each in places], axis=0)
        high = np.max([np.quantile(each, 0.999, axis=0) for each in places], axis=0)
        middle, size = (low + high) / 2, np.maximum(high - low, 1e-3) * _MARGIN
        scale = min(self.width() / float(size[0]), self.height() / float(size[1]))
        self._look(
            View(float(middle[0]), float(middle[1]), scale, self.width(), self.height()), True
        )

    def _look(self, view: View, fitted: bool = False) -> None:
        view = replace(view, scale=min(max(view.scale, _FARTHEST), _NEAREST))
        self._fitted = fitted
        if view != self.view:
            self.view = view
            self._route_line = None
            self._draw_anew()
            self.update()
            self.view_changed.emit()

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Nearer or farther; ``at``, in px, stays where it is."""
        at = at or QPointF(self.width() / 2, self.height() / 2)
        before = self.view.to_map(at.x(), at.y())
        scale = min(max(self.view.scale * factor, _FARTHEST), _NEAREST)
        closer = replace(self.view, scale=scale)
        after = closer.to_map(at.x(), at.y())
        x, y = (before - after).tolist()
        self._look(replace(closer, x=closer.x + x, y=closer.y + y))

    # Painting ------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fitted = self._fitted
        self._look(replace(self.view, width=self.width(), height=self.height()), fitted)
        if fitted:
            self.fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._picture = None

    def _draw_points(self) -> QImage:
        dots = Dots(self.groups, bool(self._names), self._hidden, self._marked)
        return dots.picture(self.view, self.devicePixelRatioF(), self._lattice is not None)

    def paintEvent(self, event: QPaintEvent) -> None:
        c, painter = theme.colors(), QPainter(self)
        painter.fillRect(self.rect(), QColor(c.base))
        if not self.groups:
            painter.setPen(QColor(c.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(24, 8, -24, -8), flags, self.placeholder)
            return
        if self._lattice is not None:
            painter.setOpacity(_LATTICE_OPACITY)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._rect(self._lattice[1]), self._lattice[0])
            painter.setOpacity(1.0)
        if self._holes is not None:
            self._paint_holes(painter, self._holes)
        if self._picture is None:
            self._picture = self._draw_points()
        painter.drawImage(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_names(painter)
        self._paint_route(painter)
        if self._corners is not None:
            painter.setPen(QPen(QColor(c.accent), 1.0, Qt.PenStyle.DashLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(*self._corners).normalized())
        if self._pointed is not None:
            self._paint_ring(painter, *self._pointed)
        if self._ellipse is not None:
            self._paint_ellipse(painter, *self._ellipse)
        if self.here is not None:
            self._paint_here(painter)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _pixel(self, place: NDArray[np.float32]) -> QPointF:
        x, y = self.view.to_pixels(place).tolist()
        return QPointF(x, y)

    def _rect(self, area: tuple[float, float, float, float]) -> QRectF:
        left, bottom, right, top = area
        one = self._pixel(np.array([left, top], np.float32))
        return QRectF(one, self._pixel(np.array([right, bottom], np.float32)))

    def _paint_holes(self, painter: QPainter, holes: Holes) -> None:
        """Hatched, cell rows joined into runs."""
        brush = QBrush(QColor(theme.colors().danger), Qt.BrushStyle.BDiagPattern)
        steps = (holes.high - holes.low) / np.array(holes.cells.shape[::-1])
        for row, cells in enumerate(holes.cells):
            edges = np.flatnonzero(np.diff(np.concatenate(([0], cells.view(np.int8), [0]))))
            bottom = float(holes.low[1] + row * steps[1])
            for first, last in edges.reshape(-1, 2).tolist():
                left, right = (float(holes.low[0] + end * steps[0]) for end in (first, last))
                painter.fillRect(self._rect((left, bottom, right, bottom + float(steps[1]))), brush)

    def _paint_names(self, painter: QPainter) -> None:
        """The class in the middle of its points."""
        font = self.font()
        font.setBold(True)
        painter.setFont(font)
        badges.paint(painter, self.badges)

    def _paint_route(self, painter: QPainter) -> None:
        """The path, and the kept points as flags: a letter in a square, where classes are round."""
        c = theme.colors()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._route is not None:
            if self._route_line is None:
                every = -(-len(self._route) // _ROUTE_CORNERS)
                corners = np.concatenate([self._route[:-1:every], self._route[-1:]])
                pixels = self.view.to_pixels(corners).tolist()
                self._route_line = QPolygonF([QPointF(x, y) for x, y in pixels])
            for color, width in ((c.base, 4.5), (c.accent, 2.0)):
                painter.setPen(QPen(QColor(color), width))
                painter.drawPolyline(self._route_line)
        for place, name in self._kept:
            at = self._pixel(place)
            text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, 90)
            width = max(18, painter.fontMetrics().horizontalAdvance(text) + 8)
            flag = QRectF(at.x() - width / 2, at.y() - 9, width, 18)
            painter.setPen(QPen(QColor(c.on_accent), 1.0))
            painter.setBrush(QColor(c.accent))
            painter.drawRoundedRect(flag, 3, 3)
            painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_ring(self, painter: QPainter, group: int, index: int) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.colors().text), 1.5))
        painter.drawEllipse(self._pixel(self.groups[group].places[index]), 6.0, 6.0)

    def _paint_ellipse(
        self, painter: QPainter, middle: NDArray[np.float32], covariance: NDArray[np.float32]
    ) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(theme.colors().reconstruction), 2.0))
        painter.drawPolygon(
            QPolygonF([self._pixel(point) for point in one_sigma(middle, covariance)])
        )

    def _paint_here(self, painter: QPainter) -> None:
        assert self.here is not None
        at, c = self._pixel(self.here), theme.colors()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((c.base, 6.0), (c.text, 2.5)):
            painter.setPen(QPen(QColor(color), width))
            painter.drawEllipse(at, 9.0, 9.0)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                painter.drawLine(at + QPointF(5 * dx, 5 * dy), at + QPointF(15 * dx, 15 * dy))

    # The hand ------------------------------------------------------------------------------

    def dot_at(self, point: QPointF) -> tuple[int, int] | None:
        """Group and index of the dot that is pointed at, the uppermost group first."""
        best, found = _POINT, None
        place = self.view.to_map(point.x(), point.y())
        for number in range(len(self.groups) - 1, -1, -1):
            group = self.groups[number]
            distances = np.square(group.places - place).sum(1)
            if self._hidden:
                distances[np.isin(group.labels, list(self._hidden))] = np.inf
            index = int(distances.argmin()) if len(distances) else -1
            if index >= 0:
                away = math.sqrt(float(distances[index])) * self.view.scale
                if away < best:
                    best, found = away, (number, index)
        return found

    def _point_at(self, dot: tuple[int, int] | None) -> None:
        if dot != self._pointed:
            self._pointed = dot
            self.update()
            self.pointed.emit(*(dot or (-1, -1)))

    def _near_here(self, point: QPointF) -> bool:
        if self.here is None:
            return False
        away = self._pixel(self.here) - point
        return math.hypot(away.x(), away.y()) <= _GRAB

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or not self.groups:
            return
        self._press = event.position().toPoint()
        if self.marks or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._hold = "box"
            self._point_at(None)
        elif self._near_here(event.position()):
            self._hold = "crosshair"
            self._point_at(None)
            self.grabbed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._hold == "crosshair":
            self.wanted.emit(*self.view.to_map(at.x(), at.y()).tolist())
        elif self._hold == "box" and self._press is not None:
            self._corners = (QPointF(self._press), at)
            self.update()
        elif self._press is not None:
            away = at.toPoint() - self._press
            if self._hold == "map" or away.manhattanLength() >= QApplication.startDragDistance():
                self._hold = "map"
                self._point_at(None)
                self._press = at.toPoint()
                view = self.view
                x, y = view.x - away.x() / view.scale, view.y + away.y() / view.scale
                self._look(replace(view, x=x, y=y))
        elif self.groups:
            over = self._near_here(at)
            self.setCursor(Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.CrossCursor)
            self._point_at(None if over else self.dot_at(at))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is not Qt.MouseButton.LeftButton or self._press is None:
            return
        hold, self._hold, self._press = self._hold, None, None
        at = event.position()
        if hold == "crosshair":
            self.released.emit()
        elif hold == "box":
            if self._corners is None:  # a click: a box around the mouse
                reach = QPointF(_POINT / 2, _POINT / 2)
                self._corners = (at - reach, at + reach)
            self.boxed.emit(not event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._corners = None
            self.update()
        elif hold is None:
            dot = self.dot_at(at)
            if dot is not None:
                self.chosen.emit(*dot)
            else:
                self.wanted.emit(*self.view.to_map(at.x(), at.y()).tolist())

    def hideEvent(self, event: QHideEvent) -> None:
        """The map is gone under the hand: no release would reach it any more."""
        super().hideEvent(event)
        hold, self._hold, self._press, self._corners = self._hold, None, None, None
        if hold == "crosshair":
            self.released.emit()

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)
        super().leaveEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.groups:
            self.zoom(_ZOOM ** (event.angleDelta().y() / 120.0), event.position())
            event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-_STEP, 0.0),
            Qt.Key.Key_Right: (_STEP, 0.0),
            Qt.Key.Key_Up: (0.0, _STEP),
            Qt.Key.Key_Down: (0.0, -_STEP),
        }
        key = Qt.Key(event.key())
        if key in steps and self.here is not None:
            x, y = self.here.tolist()
            self.wanted.emit(x + steps[key][0], y + steps[key][1])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1.0 / _ZOOM)
        elif key == Qt.Key.Key_Home:
            self.fit()
        else:
            super().keyPressEvent(event)


def one_sigma(
    middle: NDArray[np.float32], covariance: NDArray[np.float32], corners: int = 72
) -> NDArray[np.float32]:
    """The ellipse at one standard deviation of a normal distribution: points [corners, 2]. 39.3 %
    of the distribution lies in it, 1 − exp(−½)."""
    angles = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    values, vectors = np.linalg.eigh(np.asarray(covariance, np.float64))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    points: NDArray[np.float32] = (middle + circle @ root.T).astype(np.float32)
    return points
