"""``SourceBox``: what random points are drawn from, the prior or the codes of the data."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QComboBox, QWidget

from vae_studio.session.state import SessionState, Source
from vae_studio.ui.store import Store

_SOURCES: tuple[Source, ...] = ("prior", "aggregate")


class SourceBox(QComboBox):
    """Shows and changes ``SessionState.random_from``."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.addItems([self.tr("prior"), self.tr("data")])
        self.setAccessibleName(self.tr("What random points are drawn from"))
        self.setToolTip(
            self.tr(
                "Prior: N(0, 1). Data: the aggregate posterior, as a mixture of Gaussians fitted "
                "to the codes of the test images; it leaves out the gaps between them"
            )
        )
        self.activated.connect(lambda index: store.set_random_from(_SOURCES[index]))
        store.state_changed.connect(self._render)
        self._render(store.state)

    @Slot(object, object)
    def _render(self, new: SessionState, _old: SessionState | None = None) -> None:
        self.setCurrentIndex(_SOURCES.index(new.random_from))
