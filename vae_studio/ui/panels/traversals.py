"""Traversals: what each dimension does to the current point, or two of them together."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from vae_studio.core.spec import ModelSpec
from vae_studio.core.surveyed import PRIOR_RANGE
from vae_studio.core.traversals import Array, plane_through, rows_through
from vae_studio.session.requests import LatticeRequest, LatticeResult, Result
from vae_studio.session.state import SessionState
from vae_studio.ui.budget import pictures_at_once
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.picture_grid import PictureGrid
from vae_studio.ui.widgets.texts import muted_text

ROWS, PLANE = range(2)  # places in the box of kinds
MOST_ROWS = 10
COLUMNS = 11
SIDE = 13  # pictures of a plane, each way
_FEW = 7  # columns, and pictures of a plane each way, where pictures are large
_LEAST_ROWS = 4
_REST = 80  # ms without a move, after which the pictures follow
_LANE = "traverse"


class TraversalsPanel(Panel):
    """The current point is in the middle; a click goes elsewhere."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._shown: LatticeResult | None = None
        self._names: list[str] = []
        self.kind = QComboBox()
        self.kind.addItems([self.tr("A row for each dimension"), self.tr("A plane of two")])
        self.kind.setAccessibleName(self.tr("Kind of traversal"))
        self.kind.setToolTip(
            self.tr("Rows: the most active dimensions, one at a time. Plane: two, together")
        )
        self.across, self.up = QComboBox(), QComboBox()
        self.across.setAccessibleName(self.tr("Dimension across"))
        self.across.setToolTip(self.tr("The dimension that grows to the right"))
        self.up.setAccessibleName(self.tr("Dimension upward"))
        self.up.setToolTip(self.tr("The dimension that grows upward"))
        self.grid = PictureGrid(self.tr("Traversals"))
        self.caption = muted_text()
        top = QHBoxLayout()
        top.addWidget(self.kind)
        top.addWidget(self.across)
        top.addWidget(self.up)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.caption)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self._ask)
        self.kind.currentIndexChanged.connect(self._choose_kind)
        self.across.currentIndexChanged.connect(self._timer.start)
        self.up.currentIndexChanged.connect(self._timer.start)
        self.grid.chosen.connect(self._go)
        self.grid.pointed.connect(self._describe)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self.refresh)
        store.atlas.surveyed.connect(self.refresh)
        store.answered.connect(self._take)
        self._choose_kind()
        self._describe()

    def refresh(self) -> None:
        if self.on_screen:
            self.store.atlas.want()
            self._name_dimensions()
            self._timer.start()

    @Slot()
    def _choose_kind(self) -> None:
        plane = self.kind.currentIndex() == PLANE
        self.across.setVisible(plane)
        self.up.setVisible(plane)
        self._timer.start()

    def _order(self) -> tuple[int, ...]:
        """Dimensions, those that carry most first."""
        snapshot, survey = self.store.snapshot, self.store.atlas.survey
        assert snapshot is not None
        stats = snapshot.latent or (survey.stats if survey is not None else None)
        return stats.order if stats is not None else tuple(range(snapshot.spec.latent_dim))

    def _name_dimensions(self) -> None:
        """The boxes offer the model's dimensions; at first the two that carry most."""
        if self.store.snapshot is None:
            return
        order = self._order()
        names = [f"z{index}" for index in order]
        if names != self._names:
            self._names = names
            for place, box in enumerate((self.across, self.up)):
                with QSignalBlocker(box):
                    box.clear()
                    for index, name in zip(order, names, strict=True):
                        box.addItem(name, index)
                    box.setCurrentIndex(min(place, len(names) - 1))

    def _range(self, size: int) -> tuple[Array, Array]:
        survey = self.store.atlas.survey
        if survey is not None and len(survey.low) == size:
            return survey.low, survey.high
        ends = np.full(size, PRIOR_RANGE, np.float32)
        return -ends, ends

    @Slot()
    def _ask(self) -> None:
        snapshot, latent = self.store.snapshot, self.store.state.latent
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        low, high = self._range(snapshot.spec.latent_dim)
        across, up = self.across.currentData(), self.up.currentData()
        if self.kind.currentIndex() == ROWS or across is None or up is None or across == up:
            rows, columns = rows_and_columns(snapshot.spec)
            chosen = self._order()[:rows]
            if self.kind.currentIndex() == PLANE and across is not None:
                chosen = (across,)
            points = rows_through(latent.z, chosen, low, high, columns)
        else:
            side = SIDE if pictures_at_once(snapshot.spec, SIDE**2) == SIDE**2 else _FEW
            points = plane_through(latent.z, across, up, low, high, side)
        self.store.ask(_LANE, LatticeRequest(snapshot, latent, points))

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if lane != _LANE or not isinstance(result, LatticeResult):
            return
        if result.request.snapshot is not self.store.snapshot:
            return
        self._shown = result
        rows, columns = result.images.shape[:2]
        if self.kind.currentIndex() == ROWS:
            names = [f"z{index}" for index in self._order()[:rows]]
            self.grid.set_images(result.images, names, (-1, columns // 2))
        else:
            self.grid.set_images(result.images, (), (rows // 2, columns // 2))
        self._describe()

    @Slot(int, int)
    def _go(self, row: int, column: int) -> None:
        shown = self._shown
        if shown is not None and shown.request.snapshot is self.store.snapshot:
            self.store.set_z(shown.request.points[row, column].tolist())

    @Slot(int, int)
    def _describe(self, row: int = -1, column: int = -1) -> None:
        """The values of the picture that is pointed at; else what there is."""
        shown = self._shown
        if shown is None:
            self.caption.setText(
                self.tr("Pictures around the current point appear here once a model is open.")
            )
            return
        if row < 0 or row >= len(shown.images):
            text = self.tr("{model} · the current point is in the frame. Click goes there.")
            self.caption.setText(text.format(model=snapshot_caption(shown.request.snapshot)))
            return
        points = shown.request.points
        middle = points[len(points) // 2, points.shape[1] // 2]
        changed = np.flatnonzero(points[row, column] != middle)
        values = [f"z{index} = {points[row, column, index]:.2f}" for index in changed.tolist()[:2]]
        self.caption.setText(", ".join(values) or self.tr("the current point"))

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if self.on_screen and new.latent != old.latent:
            self._timer.start()


def rows_and_columns(spec: ModelSpec) -> tuple[int, int]:
    """Of large pictures there are fewer, so that none waits long for them."""
    most = MOST_ROWS * COLUMNS
    there = pictures_at_once(spec, most)
    if there == most:
        return MOST_ROWS, COLUMNS
    return min(MOST_ROWS, max(_LEAST_ROWS, there // _FEW)), _FEW
