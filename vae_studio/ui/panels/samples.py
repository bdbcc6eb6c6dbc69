"""Samples from the prior, as a grid; a click makes one the current point."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.session.requests import Result, SampleRequest, SampleResult
from vae_studio.session.state import SessionState
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.image_view import ImageView, to_qimages

_COLUMNS = 8
COUNT = 40


class SamplesPanel(Panel):
    """Forty draws from N(0, 1), decoded; a conditional model draws its current label."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._seed = 0
        self._result: SampleResult | None = None
        explain = QLabel(self.tr("z drawn from the prior N(0, 1). A click goes there."))
        explain.setProperty("role", "muted")
        explain.setWordWrap(True)
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
            self.tr("Draw another {count} points from the prior").format(count=COUNT),
            self._draw_others,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.again)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(explain)
        layout.addLayout(grid, 1)
        layout.addLayout(buttons)
        store.snapshot_changed.connect(self.refresh)
        store.state_changed.connect(self._render)
        store.answered.connect(self._take)

    @property
    def shown(self) -> SampleResult | None:
        """The samples that are on the screen."""
        return self._result

    @Slot()
    def refresh(self) -> None:
        snapshot, label = self.store.snapshot, self.store.state.latent.label
        if not self.on_screen or snapshot is None:
            return
        if len(label or ()) == snapshot.spec.num_classes:
            self.store.ask("samples", SampleRequest(snapshot, COUNT, self._seed, label))

    def _draw_others(self) -> None:
        self._seed += 1
        self.refresh()

    def _go(self, index: int) -> None:
        if self._result is not None and self._result.request.snapshot is self.store.snapshot:
            self.store.set_z(self._result.z[index].tolist())

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.latent.label != old.latent.label:
            self.refresh()

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, SampleResult) and result.request.snapshot is self.store.snapshot:
            self._result = result
            for view, picture in zip(self.pictures, to_qimages(result.images), strict=True):
                view.set_picture(picture)
