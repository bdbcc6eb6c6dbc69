"""What each latent dimension carries: its KL as a bar, the largest first, live while it trains."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from vae_studio.core.errors import StudioError
from vae_studio.core.measures import LatentStats
from vae_studio.session.requests import LatentRequest, LatentResult, Result
from vae_studio.ui import theme
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.picture_actions import add_picture_actions, sheet_of

_LEFT, _TOP, _FOOT = 30, 8, 18  # px: figures of the axis, room above, names below
_GAP = 0.2  # of a bar's place
_NAME_ROOM = 22  # px that a name wants
_TICK_ROOM = 36  # px between two lines


class DimensionsPanel(Panel):
    """measured: on how many test images what is shown was; 0 for all of them. Signal:
    ``dimension_wanted(index)``: its bar was pressed."""

    dimension_wanted = Signal(int)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.measured = 0
        self._asked: LatentRequest | None = None
        self._problem: StudioError | None = None  # why there are no figures
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        theme.tabular(self.summary)
        self.bars = KLBars()
        self.bars.chosen.connect(self.dimension_wanted)
        self.bars.pointed.connect(self._summarise)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(2)
        layout.addWidget(self.summary)
        layout.addWidget(self.bars, 1)
        store.snapshot_changed.connect(self.refresh)
        store.answered.connect(self._take)
        store.failed.connect(self._take_failure)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        if self.on_screen:
            snapshot = self.store.snapshot
            if snapshot is not None and self.store.time_machine.shows(snapshot):
                self._asked = LatentRequest(snapshot)  # nobody measured a moment
                self.store.ask("latent", self._asked)
                return
            self.measured, self._asked, self._problem = 0, None, None
            self.bars.show_stats(snapshot.latent if snapshot is not None else None)
            self._summarise()

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, LatentResult) and result.request.snapshot is self.store.snapshot:
            self.measured, self._asked, self._problem = result.images, None, None
            self.bars.show_stats(result.stats)
            self._summarise()

    @Slot(object)
    def _take_failure(self, error: StudioError) -> None:
        """A moment whose test images are not here is shown without figures."""
        if self._asked is not None and error.code.startswith("data."):
            self._asked, self._problem = None, error
            self.bars.show_stats(None)
            self._summarise()

    @Slot()
    def _summarise(self, *_: object) -> None:
        """One dimension, where the mouse or the keys point at one; else all of them."""
        stats, pointed = self.bars.stats, self.bars.pointed_at
        if self._problem is not None:
            self.summary.setText(error_sentence(self._problem))
        elif stats is None:
            self.summary.setText(self.tr("Not measured yet: that comes with the first epoch."))
        elif pointed is None:
            text = self.tr("{active} of {size} dimensions active · KL {kl:.1f} nats")
            size, active = len(stats.kl), sum(stats.active)
            if self.measured:
                text += " · " + self.tr("on {n} test images").format(n=self.measured)
            self.summary.setText(text.format(active=active, size=size, kl=sum(stats.kl)))
        else:
            text = self.tr("z{index} · KL {kl:.3f} nats · mean {mean:.2f} ± {std:.2f}")
            if not stats.active[pointed]:
                text += " · " + self.tr("the encoder does not use it")
            self.summary.setText(
                text.format(
                    index=pointed,
                    kl=stats.kl[pointed],
                    mean=stats.mean[pointed],
                    std=stats.std[pointed],
                )
            )


class KLBars(QWidget):
    """A bar for each dimension; grey are those that are not active.

    Signals: ``chosen(index)``, by a click or Enter; ``pointed()``: the mouse or the arrow keys are
    at another one.
    """

    chosen = Signal(int)
    pointed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stats: LatentStats | None = None
        self._order: tuple[int, ...] = ()
        self._place: int | None = None  # in that order, of the bar that is pointed at
        self.setAccessibleName(self.tr("KL of each latent dimension"))
        self.setToolTip(
            self.tr(
                "KL(q(z|x) ‖ N(0, 1)) of each dimension, a mean over the test set. A click, or "
                "Enter, goes to its slider."
            )
        )
        self.setMinimumSize(120, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        add_picture_actions(self, lambda: sheet_of([self.grab().toImage()]))  # the screen's pixels
        table = QAction(self.tr("Copy as table"), self)
        table.triggered.connect(lambda: QGuiApplication.clipboard().setText(self.table()))
        self.addAction(table)

    def sizeHint(self) -> QSize:
        return QSize(240, 140)

    @property
    def pointed_at(self) -> int | None:
        """The dimension that the mouse or the keys are at."""
        if self._place is None or self._place >= len(self._order):
            return None
        return self._order[self._place]

    def show_stats(self, stats: LatentStats | None) -> None:
        """Show these; None: nothing is known."""
        if stats != self.stats:
            self.stats = stats
            self._order = stats.order if stats else ()
            self.update()

    def table(self) -> str:
        """Every dimension with its figures, for a spreadsheet."""
        lines = ["dimension\tkl\tmean\tstd\tactive"]
        stats = self.stats
        if stats is not None:
            for index in self._order:
                figures = (stats.kl[index], stats.mean[index], stats.std[index])
                texts = "\t".join(f"{value:.6g}" for value in figures)
                lines.append(f"{index}\t{texts}\t{int(stats.active[index])}")
        return "\n".join(lines)

    def bar(self, place: int) -> QRectF:
        """Where the bar of that place in the order stands."""
        assert self.stats is not None
        area, high = self._area(), self._high()
        width = area.width() / len(self._order)
        height = area.height() * max(0.0, self.stats.kl[self._order[place]]) / high
        left = area.left() + (place + _GAP / 2) * width
        return QRectF(left, area.bottom() - height, width * (1 - _GAP), height)

    def _area(self) -> QRectF:
        return QRectF(
            _LEFT,
            _TOP,
            max(1, self.width() - _LEFT - 2),
            max(1, self.height() - _TOP - _FOOT),
        )

    def _high(self) -> float:
        """Of the axis; a model that has collapsed has bars all the same."""
        assert self.stats is not None
        return max(0.01, max(self.stats.kl))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.stats is None:
            return
        c, painter, area = theme.colors(), QPainter(self), self._area()
        font = self.font()
        font.setPixelSize(11)
        painter.setFont(font)
        for value in _ticks(self._high(), area.height()):
            y = area.bottom() - area.height() * value / self._high()
            painter.setPen(QColor(c.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(c.muted))
            place = QRectF(0, y - 8, _LEFT - 4, 16)
            painter.drawText(
                place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}"
            )
        step = max(1, math.ceil(_NAME_ROOM * len(self._order) / area.width()))
        for place, index in enumerate(self._order):
            bar = self.bar(place)
            color = QColor(c.kl if self.stats.active[index] else c.faint)
            if place == self._place:
                color = QColor(c.accent)
            painter.fillRect(bar.adjusted(0, -1, 0, 0), color)  # also of 0 something is seen
            if place % step == 0:
                painter.setPen(QColor(c.muted))
                middle = bar.center().x()
                name = QRectF(middle - 20, area.bottom() + 2, 40, _FOOT - 2)
                painter.drawText(name, Qt.AlignmentFlag.AlignHCenter, f"z{index}")
        if self.hasFocus():
            painter.setPen(QColor(c.accent))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    # The hand ------------------------------------------------------------------------------

    def _point(self, place: int | None) -> None:
        if place != self._place:
            self._place = place
            self.update()
            self.pointed.emit()

    def _place_at(self, x: float) -> int | None:
        area = self._area()
        if not self._order or not area.left() <= x < area.right():
            return None
        return int((x - area.left()) / area.width() * len(self._order))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._place_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        self._point(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._point(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self._point(self._place_at(event.position().x()))
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._order) - 1
        here = -1 if self._place is None else self._place
        places = {
            Qt.Key.Key_Left: max(0, here - 1),
            Qt.Key.Key_Right: min(last, here + 1),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        key = Qt.Key(event.key())
        if key in places and last >= 0:
            self._point(places[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        if self.pointed_at is not None:
            self.chosen.emit(self.pointed_at)


def _ticks(high: float, pixels: float) -> list[float]:
    """0 and round steps up to ``high``, as many as can be read."""
    least = high * _TICK_ROOM / pixels
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)
    return [round(step * count, 9) for count in range(int(high / step + 1e-9) + 1)]
