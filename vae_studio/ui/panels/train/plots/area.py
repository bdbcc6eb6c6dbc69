"""``PlotArea``: three plots side by side: one range of epochs, one cross, one line, one focus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from vae_studio.ui import theme
from vae_studio.ui.panels.train.plots.loss_plot import LossPlot
from vae_studio.ui.panels.train.plots.moments import Moments

_FRAME_MS = 16  # between two readings of the mouse
_COPY = QKeySequence.StandardKey.Copy


class PlotArea(QFrame):
    """Signals: ``read(plot, epoch)``, at most once a frame, and ``read_ended()``: the mouse;
    ``ranged()``: the user zoomed or panned; ``resized()``; ``reset_wanted()``,
    ``copy_wanted()``, ``menu_wanted(place)``; ``moment_dragged(step)``, ``moment_released(step)``.
    """

    read = Signal(int, float)
    read_ended = Signal()
    ranged = Signal()
    resized = Signal()
    reset_wanted = Signal()
    copy_wanted = Signal()
    menu_wanted = Signal(QPoint)
    moment_dragged = Signal(int)
    moment_released = Signal(int)

    _KEYS: ClassVar = {
        Qt.Key.Key_Left: -1,
        Qt.Key.Key_Right: 1,
        Qt.Key.Key_Home: -(10**9),
        Qt.Key.Key_End: 10**9,
    }

    def __init__(self, plots: Sequence[LossPlot], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("lossCurves")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plots = tuple(plots)
        self.steps_per_epoch = 1
        self.moments = Moments()
        self._moved = False  # by a key that is still down
        self._mouse: tuple[int, float] | None = None
        self._frame = QTimer(self, singleShot=True, interval=_FRAME_MS)
        self._frame.timeout.connect(self._read)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        for number, plot in enumerate(self.plots):
            row.addWidget(plot, 1)
            plot.hovered.connect(lambda epoch, number=number: self._hover((number, epoch)))
            plot.unhovered.connect(lambda: self._hover(None))
            plot.ranged.connect(lambda plot=plot: self._follow(plot))
            plot.reset_wanted.connect(self.reset_wanted)
            plot.menu_wanted.connect(self.menu_wanted)
            plot.line_dragged.connect(self._drag)
            plot.line_released.connect(self._release)

    # The mouse -----------------------------------------------------------------------------

    @property
    def x_range(self) -> tuple[float, float]:
        """The epochs in view."""
        return self.plots[0].x_range

    def _follow(self, ranged: LossPlot) -> None:
        for plot in self.plots:
            if plot is not ranged:
                plot.set_x_range(*ranged.x_range)
        self.ranged.emit()

    def _hover(self, mouse: tuple[int, float] | None) -> None:
        if mouse != self._mouse:
            self._mouse = mouse
            if not self._frame.isActive():
                self._frame.start()

    def _read(self) -> None:
        self.set_cross(self._mouse[1] if self._mouse else None)
        if self._mouse is None:
            self.read_ended.emit()
        else:
            self.read.emit(*self._mouse)

    def set_cross(self, epoch: float | None) -> None:
        """In all plots."""
        for plot in self.plots:
            plot.set_cross(epoch)

    @property
    def mouse(self) -> tuple[int, float] | None:
        """The plot and the epoch under the mouse."""
        return self._mouse

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.resized.emit()

    # The moment ----------------------------------------------------------------------------

    def set_moments(self, steps: Sequence[int]) -> None:
        """Steps that can be gone back to; none: no line."""
        self.moments.set_steps(steps)
        self.place_line()

    def set_moment(self, step: int | None) -> None:
        """Tells nobody."""
        self.moments.choose(step)
        self.place_line()

    def place_line(self) -> None:
        """Put the line where its moment is, in all plots."""
        step = self.moments.place
        for plot in self.plots:
            epoch = None if step is None else step / self.steps_per_epoch
            plot.set_line(epoch, self.moments.chosen is not None)

    def _choose(self, step: int | None) -> None:
        if step is not None and step != self.moments.place:
            self.moments.choose(step)
            self._moved = True
            self.moment_dragged.emit(step)
        self.place_line()

    def _drag(self, epoch: float) -> None:
        if self.moments.steps:
            self._choose(self.moments.nearest(epoch * self.steps_per_epoch))

    def _release(self) -> None:
        """Also where the hand came back to where it began: it was told of the way."""
        if self._moved and self.moments.place is not None:
            self._moved = False
            self.moment_released.emit(self.moments.place)

    # Keys ----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Its own keys come before the window's."""
        if event.type() is QEvent.Type.ShortcutOverride:
            assert isinstance(event, QKeyEvent)
            if event.matches(_COPY) or (event.key() in self._KEYS and self.moments.steps):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(_COPY):
            self.copy_wanted.emit()
        elif event.key() in self._KEYS and self.moments.steps:
            self._choose(self.moments.neighbour(self._KEYS[Qt.Key(event.key())]))
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() in self._KEYS and not event.isAutoRepeat():
            self._release()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._release()
