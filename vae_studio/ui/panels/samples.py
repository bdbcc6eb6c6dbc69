"""Samples from the prior or the aggregate posterior; a click makes one the current point."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.session.requests import (
    PointsRequest,
    PointsResult,
    Result,
    SampleRequest,
    SampleResult,
)
from vae_studio.session.state import SessionState
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import to_qimages
from vae_studio.ui.widgets.source_box import SourceBox

_COLUMNS = 8
COUNT = 40


class SamplesPanel(Panel):
    """Forty draws, decoded; a conditional model draws its current label."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._seed = 0
        self._result: SampleResult | None = None
        self._asked: SampleRequest | PointsRequest | None = None
        self.explain = QLabel()
        self.explain.setProperty("role", "muted")
        self.explain.setTextFormat(Qt.TextFormat.PlainText)
        self.explain.setWordWrap(True)
        grid = QGridLayout()
        grid.setSpacing(3)
        self.pictures = []
        for index in range(COUNT):
            picture = ImageView(self.tr("Sample {n}").format(n=index + 1), side=28)
            picture.clicked.connect(lambda index=index: self._go(index))
            grid.addWidget(picture, *divmod(index, _COLUMNS))
            self.pictures.append(picture)
        self.again = push_button(
            "mdi6.refresh",
            self.tr("New samples"),
            self.tr("Draw another {count} points").format(count=COUNT),
            self._draw_others,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.again)
        self.source = SourceBox(store)
        buttons.addWidget(self.source)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(self.explain)
        layout.addLayout(grid, 1)
        layout.addLayout(buttons)
        store.snapshot_changed.connect(self.refresh)
        store.state_changed.connect(self._render)
        store.answered.connect(self._take)
        store.aggregate.changed.connect(self.refresh)
        store.aggregate.share_changed.connect(self._describe)
        store.atlas.surveyed.connect(self.refresh)
        self._describe()

    @property
    def shown(self) -> SampleResult | None:
        """The samples that are on the screen."""
        return self._result

    @Slot()
    def refresh(self) -> None:
        snapshot, label = self.store.snapshot, self.store.state.latent.label
        if not self.on_screen or snapshot is None:
            return
        if len(label or ()) != snapshot.spec.num_classes:
            return
        self._asked = None
        if self.store.state.random_from == "prior":
            self._asked = SampleRequest(snapshot, COUNT, self._seed, label)
            self.store.ask("samples", self._asked)
            return
        aggregate = self.store.aggregate
        aggregate.want()
        if aggregate.mixture is not None and aggregate.mixture.size == snapshot.spec.latent_dim:
            z = aggregate.sample(COUNT, self._seed)
            labels = None if label is None else np.tile(np.float32(label), (COUNT, 1))
            self._asked = PointsRequest(snapshot, z, labels)
            self.store.ask("samples", self._asked)
        self._describe()

    @Slot()
    def _describe(self) -> None:
        aggregate = self.store.aggregate
        if self.store.state.random_from == "prior":
            text = self.tr("z drawn from the prior N(0, 1). A click goes there.")
        elif aggregate.share is not None:
            text = self.tr("Fitting a mixture to the codes of the test images: {share:.0f} %")
            text = text.format(share=100 * aggregate.share)
        elif aggregate.mixture is not None:
            text = self.tr("z drawn from {n} Gaussians fitted to the codes of the data.")
            text = text.format(n=len(aggregate.mixture.weights))
        elif self.store.atlas.problem is not None:
            text = error_sentence(self.store.atlas.problem)
        else:
            text = ""
        self.explain.setText(text)

    def _draw_others(self) -> None:
        self._seed += 1
        self.refresh()

    def _go(self, index: int) -> None:
        if self._result is not None and self._result.request.snapshot is self.store.snapshot:
            self.store.set_z(self._result.z[index].tolist())

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.latent.label != old.latent.label or new.random_from != old.random_from:
            self._describe()
            self.refresh()

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if lane != "samples" or not isinstance(result, SampleResult | PointsResult):
            return
        if result.request is not self._asked:
            return  # others were asked for since
        if isinstance(result, PointsResult):
            asked, labels = result.request, result.request.labels
            label = None if labels is None else tuple(labels[0].tolist())
            request = SampleRequest(asked.snapshot, COUNT, self._seed, label)
            result = SampleResult(request, asked.z, result.images)
        if result.request.snapshot is self.store.snapshot:
            self._result = result
            for view, picture in zip(self.pictures, to_qimages(result.images), strict=True):
                view.set_picture(picture)
