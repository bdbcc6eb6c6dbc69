"""A slider for every latent dimension, those that carry most first."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
from PySide6.QtCore import QRect, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from vae_studio.core.measures import LatentStats
from vae_studio.core.surveyed import PRIOR_RANGE, Survey
from vae_studio.session.requests import EncodeResult, Result, TraverseRequest, TraverseResult
from vae_studio.session.state import SessionState
from vae_studio.ui.budget import pictures_at_once
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.sliders.row import DEAD_KL, LatentSlider
from vae_studio.ui.panels.sliders.strip import PICTURES
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.column_scroll import ColumnScroll

_STRIPS_WIDTH = 400  # px; a narrower panel has no room for pictures beside the sliders
_REST = 80  # ms without a move, after which the pictures follow
_AT_ONCE = 64  # rows that are there when a model opens; each takes a millisecond
_PORTION = 6  # of the others, between two events
_MOST_PICTURES = 500  # of small images, that are asked for at once


class SlidersPanel(Panel):
    """Rows in the order of KL on the test set, where that was measured. rows: those that are made;
    of models with many dimensions, the others follow in portions."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.rows: list[LatentSlider] = []
        self._order: tuple[int, ...] = ()  # the dimension of each row
        self._done = 0  # rows that stand for the dimension that they should
        self._whiskers = False
        self._described: tuple[str, LatentStats | None, Survey | None] | None = None
        self._held = False
        self._pointed: LatentSlider | None = None  # the row that the hand points at
        self._with_strips = False
        self._strips_asked: TraverseRequest | None = None
        self._without_strip: list[int] = []  # dimensions in view that are still to be asked for
        self._empty = QLabel(self.tr("The latent dimensions of the model appear here."))
        self._empty.setProperty("role", "empty")
        self._empty.setWordWrap(True)
        self._list = QWidget()
        self._list_layout = QVBoxLayout(self._list)
        self._list_layout.setContentsMargins(8, 4, 8, 4)
        self._list_layout.setSpacing(0)
        self._list_layout.addStretch(1)
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setContentsMargins(8, 4, 8, 0)
        self.summary.setToolTip(
            self.tr("Dimensions with KL of 0.01 nats or more on the test set; the rest are grey")
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 4)
        layout.setSpacing(0)
        layout.addWidget(self.summary)
        layout.addWidget(self._empty)
        self._scroll = ColumnScroll(self._list)
        layout.addWidget(self._scroll, 1)
        self._strips_timer = QTimer(self)
        self._strips_timer.setSingleShot(True)
        self._strips_timer.setInterval(_REST)
        self._strips_timer.timeout.connect(self._ask_strips)
        self._portions = QTimer(self)
        self._portions.timeout.connect(self._describe_more)
        self._scroll.verticalScrollBar().valueChanged.connect(self._strips_timer.start)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_weights)
        store.encoded.connect(self._show_posterior)
        store.answered.connect(self._take)
        store.atlas.surveyed.connect(self._describe)
        self._show_weights()
        self._render(store.state, None)

    def refresh(self) -> None:
        if self.on_screen:
            self.store.atlas.want()
            self._strips_timer.start()

    @Slot()
    def _show_weights(self) -> None:
        self._describe()
        self._draw_posterior()
        self.refresh()

    @Slot()
    def _describe(self) -> None:
        """Order, ranges and tooltips from the snapshot's figures, the last that there are."""
        if self.store.snapshot is None:
            return
        size, survey = self.store.snapshot.spec.latent_dim, self.store.atlas.survey
        stats = self.store.snapshot.latent
        if stats is None and survey is not None:
            stats = survey.stats
        described = (self.store.snapshot.run, stats, survey)
        if size == len(self._order) and (self._held or described == self._described):
            return  # the order stays while a hand is on a slider
        self._described = described
        self._empty.hide()
        if size != len(self._order):  # what is left would stand for dimensions that are no more
            self._shrink(min(size, _AT_ONCE))
        self._order = stats.order if stats else tuple(range(size))
        self._done = 0
        self._describe_rows(_AT_ONCE)
        if stats is not None:
            active = sum(kl >= DEAD_KL for kl in stats.kl)
            self.summary.setText(
                self.tr("{active} of {size} dimensions in use").format(active=active, size=size)
            )
        else:
            self.summary.setText(self.tr("{size} dimensions, not measured yet").format(size=size))
        self._render(self.store.state, None)
        self._draw_posterior()

    def _describe_rows(self, count: int) -> None:
        """Let ``count`` more rows stand for their dimensions; make them where they are missing."""
        assert self._described is not None
        _, stats, survey = self._described
        first, self._done = self._done, min(self._done + count, len(self._order))
        for place in range(first, self._done):
            if place == len(self.rows):
                self._add_row()
            row, dimension = self.rows[place], self._order[place]
            kl = stats.kl[dimension] if stats else None
            if survey is not None:
                low, high = float(survey.low[dimension]), float(survey.high[dimension])
                row.describe(dimension, kl, low, high, survey.density[dimension])
            elif stats is not None:
                row.describe(dimension, kl, stats.low[dimension], stats.high[dimension], None)
            else:
                row.describe(dimension, kl, -PRIOR_RANGE, PRIOR_RANGE, None)
        if self._pointed is not None and self._pointed in self.rows[first : self._done]:
            self.store.point_at(self._pointed.dimension)  # which may be another by now
        latent, code = self.store.state.latent, self._code
        if len(latent.z) == len(self._order):
            for row in self.rows[first : self._done]:
                row.render(latent.z[row.dimension], row.dimension in latent.locked)
                if code is not None:
                    _set_whisker(row, code)
        if self._done < len(self._order):
            self._portions.start()
        else:
            self._portions.stop()

    @property
    def is_complete(self) -> bool:
        """Whether every row is there, and stands for its dimension."""
        return self._done == len(self._order)

    @Slot()
    def _describe_more(self) -> None:
        if not self._held:  # or the row under the hand would stand for another dimension
            self._describe_rows(_PORTION)

    @Slot(int)
    def go_to(self, dimension: int) -> None:
        """Bring the slider of a dimension into view, with the focus on it."""
        if dimension in self._order:
            place = self._order.index(dimension)
            self._describe_rows(max(0, place + 1 - self._done))
            self._list_layout.activate()
            self._scroll.ensureWidgetVisible(self.rows[place])
            self.rows[place].slider.setFocus()

    def _shrink(self, size: int) -> None:
        """Have ``size`` rows at most."""
        while len(self.rows) > size:
            row = self.rows.pop()
            if row is self._pointed:
                self._point(None)
            row.setParent(None)
            row.deleteLater()

    def _add_row(self) -> None:
        row = LatentSlider()
        row.strip.setVisible(self._with_strips)
        row.moved.connect(self.store.set_dimension)
        row.grabbed.connect(self._grab)
        row.released.connect(self._release)
        row.locked.connect(self.store.set_locked)
        row.pointed.connect(self._point)
        self._list_layout.insertWidget(len(self.rows), row)
        self.rows.append(row)

    # The hand ------------------------------------------------------------------------------

    @Slot()
    def _grab(self) -> None:
        self._held = True
        self.store.begin_gesture()

    @Slot()
    def _release(self) -> None:
        self._held = False
        self.store.end_gesture()
        self._describe()  # what came meanwhile
        self.refresh()

    @Slot(object)
    def _point(self, dimension: int | None) -> None:
        if self._held and dimension is not None:
            return
        self._pointed = next((row for row in self.rows if row.dimension == dimension), None)
        self.store.point_at(dimension)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState | None) -> None:
        if len(new.latent.z) != len(self._order):
            return  # the model of this state still loads
        if old is not None and new.latent == old.latent and new.input == old.input:
            return
        z, locked = new.latent.z, new.latent.locked
        changed: Collection[int] = range(len(z))
        if old is not None and len(old.latent.z) == len(z):
            pairs = enumerate(zip(old.latent.z, z, strict=True))
            changed = {index for index, (before, value) in pairs if before != value}
            changed |= old.latent.locked ^ locked
        for row in self.rows:
            if row.dimension in changed:
                row.render(z[row.dimension], row.dimension in locked)
        if new.input is None:
            self._draw_posterior()
        if self.on_screen and not self._held:
            self._strips_timer.start()

    # What the encoder says -----------------------------------------------------------------

    @Slot(object)
    def _show_posterior(self, result: EncodeResult) -> None:
        self._draw_posterior()

    def _draw_posterior(self) -> None:
        """Whiskers of the input's posterior, while these are the weights that gave it."""
        code = self._code
        if code is not None:
            for row in self.rows:
                _set_whisker(row, code)
        elif self._whiskers:
            for row in self.rows:
                row.slider.clear_whisker()
        self._whiskers = code is not None

    @property
    def _code(self) -> EncodeResult | None:
        """Of the input, by the weights on show."""
        code = self.store.last_encoded
        fits = code is not None and code.request.snapshot is self.store.snapshot
        return code if fits and code is not None and len(code.mu) == len(self._order) else None

    # What each dimension does ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        with_strips = event.size().width() >= _STRIPS_WIDTH
        if with_strips != self._with_strips:
            self._with_strips = with_strips
            for row in self.rows:
                row.strip.setVisible(with_strips)
        self._strips_timer.start()

    def _in_view(self) -> list[LatentSlider]:
        window = QRect(0, self._scroll.verticalScrollBar().value(), 1, self._scroll.height())
        return [
            row
            for row in self.rows
            if row.geometry().bottom() >= window.top() and row.geometry().top() <= window.bottom()
        ]

    @Slot()
    def _ask_strips(self) -> None:
        """The pictures of the rows that are in view."""
        if not self.on_screen or not self._with_strips:
            return
        self._without_strip = [row.dimension for row in self._in_view()]
        self._ask_more_strips()

    def _ask_more_strips(self) -> None:
        """So many rows at once as a hand can wait for; all of them where pictures are small."""
        snapshot, latent = self.store.snapshot, self.store.state.latent
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        count = max(1, pictures_at_once(snapshot.spec, _MOST_PICTURES) // PICTURES)
        wanted, self._without_strip = self._without_strip[:count], self._without_strip[count:]
        rows = [row for row in self.rows if row.dimension in wanted]
        if rows:
            values = np.stack([row.strip_values() for row in rows])
            dimensions = tuple(row.dimension for row in rows)
            self._strips_asked = TraverseRequest(snapshot, latent, dimensions, values)
            self.store.ask("strips", self._strips_asked)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if lane != "strips" or not isinstance(result, TraverseResult):
            return
        if result.request.snapshot is not self.store.snapshot:
            return
        by_dimension = {row.dimension: row for row in self.rows}
        for dimension, images in zip(result.request.dimensions, result.images, strict=True):
            if dimension in by_dimension:
                by_dimension[dimension].strip.set_images(images)
        if result.request is self._strips_asked and self._without_strip:
            self._ask_more_strips()


def _set_whisker(row: LatentSlider, code: EncodeResult) -> None:
    deviation = math.exp(0.5 * code.logvar[row.dimension])
    row.slider.set_whisker(code.mu[row.dimension], deviation)
