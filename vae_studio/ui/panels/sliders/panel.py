"""A slider for every latent dimension, those that carry most first."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRect, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from vae_studio.core.measures import LatentStats
from vae_studio.core.surveyed import PRIOR_RANGE, Survey
from vae_studio.session.requests import EncodeResult, Result, TraverseRequest, TraverseResult
from vae_studio.session.state import SessionState
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.sliders.row import DEAD_KL, LatentSlider
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.qimages import to_qimages

_STRIPS_WIDTH = 400  # px; a narrower panel has no room for pictures beside the sliders
_REST = 80  # ms without a move, after which the pictures follow


class SlidersPanel(Panel):
    """Rows in the order of KL on the test set, where that was measured."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.rows: list[LatentSlider] = []
        self._order: tuple[int, ...] = ()
        self._described: tuple[str, LatentStats | None, Survey | None] | None = None
        self._held = False
        self._with_strips = False
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
        self._scroll.verticalScrollBar().valueChanged.connect(self._strips_timer.start)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_weights)
        store.encoded.connect(self._show_posterior)
        store.answered.connect(self._take)
        store.atlas.surveyed.connect(self._describe)

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
        if size == len(self.rows) and (self._held or described == self._described):
            return  # the order stays while a hand is on a slider
        self._described = described
        self._empty.hide()
        self._grow(size)
        self._order = stats.order if stats else tuple(range(size))
        for row, dimension in zip(self.rows, self._order, strict=True):
            kl = stats.kl[dimension] if stats else None
            if survey is not None:
                low, high = float(survey.low[dimension]), float(survey.high[dimension])
                row.describe(dimension, kl, low, high, survey.density[dimension])
            elif stats is not None:
                row.describe(dimension, kl, stats.low[dimension], stats.high[dimension], None)
            else:
                row.describe(dimension, kl, -PRIOR_RANGE, PRIOR_RANGE, None)
        if stats is not None:
            active = sum(kl >= DEAD_KL for kl in stats.kl)
            self.summary.setText(
                self.tr("{active} of {size} dimensions in use").format(active=active, size=size)
            )
        else:
            self.summary.setText(self.tr("{size} dimensions, not measured yet").format(size=size))
        self._render(self.store.state, None)
        self._draw_posterior()

    @Slot(int)
    def go_to(self, dimension: int) -> None:
        """Bring the slider of a dimension into view, with the focus on it."""
        for row in self.rows:
            if row.dimension == dimension:
                self._scroll.ensureWidgetVisible(row)
                row.slider.setFocus()

    def _grow(self, size: int) -> None:
        """Have exactly ``size`` rows."""
        while len(self.rows) > size:
            row = self.rows.pop()
            row.setParent(None)
            row.deleteLater()
        while len(self.rows) < size:
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
        if not self._held:
            self.store.point_at(dimension)
        elif dimension is None:
            self.store.point_at(None)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState | None) -> None:
        if len(new.latent.z) != len(self.rows):
            return  # the model of this state still loads
        if old is not None and new.latent == old.latent and new.input == old.input:
            return
        same = old is not None and len(old.latent.z) == len(self.rows)
        for row in self.rows:
            dimension = row.dimension
            value, locked = new.latent.z[dimension], dimension in new.latent.locked
            if same and old is not None:
                before = old.latent.z[dimension], dimension in old.latent.locked
                if before == (value, locked):
                    continue
            row.render(value, locked)
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
        code = self.store.last_encoded
        if code is None or code.request.snapshot is not self.store.snapshot:
            for row in self.rows:
                row.slider.clear_whisker()
            return
        deviations = np.exp(0.5 * np.asarray(code.logvar))
        for row in self.rows:
            dimension = row.dimension
            row.slider.set_whisker(code.mu[dimension], float(deviations[dimension]))

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
        snapshot, latent = self.store.snapshot, self.store.state.latent
        if not self.on_screen or not self._with_strips or snapshot is None:
            return
        rows = self._in_view()
        if rows and self.store.fits:
            values = np.stack([row.strip_values() for row in rows])
            dimensions = tuple(row.dimension for row in rows)
            self.store.ask("strips", TraverseRequest(snapshot, latent, dimensions, values))

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if lane != "strips" or not isinstance(result, TraverseResult):
            return
        if result.request.snapshot is not self.store.snapshot:
            return
        by_dimension = {row.dimension: row for row in self.rows}
        for dimension, images in zip(result.request.dimensions, result.images, strict=True):
            if dimension in by_dimension:
                by_dimension[dimension].strip.set_pictures(to_qimages(images))
