"""``CodeSearch``: is there a better code for the input than the encoder's?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.session.jobs import SearchRequest, SearchResult
from vae_studio.session.requests import EncodeResult
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.ui.store import Store


class CodeSearch(QObject):
    """found: of the code at hand, or None. share: how far a search is, None where none runs.

    Signal: ``changed()``.
    """

    changed = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.found: SearchResult | None = None
        self.share: float | None = None
        self._asked: SearchRequest | None = None
        self._thread = JobThread("search", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.progressed.connect(self._take_progress)
        store.encoded.connect(self._forget)
        store.state_changed.connect(self._forget_lost)

    def start(self) -> None:
        """Search from the code at hand; nothing where there is no input."""
        if self._store.last_encoded is not None:
            self._asked = SearchRequest(self._store.last_encoded)
            self.found, self.share = None, 0.0
            self._thread.ask(self._asked)
            self.changed.emit()

    def cancel(self) -> None:
        """Give it up."""
        self._thread.cancel()
        self._asked = self.share = None
        self.changed.emit()

    def go(self) -> None:
        """Make what was found the current point."""
        if self.found is not None and len(self.found.mu) == len(self._store.state.latent.z):
            self._store.set_z(self.found.mu)

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._thread.stop()
        self._thread.wait()

    @Slot(object)
    def _forget(self, code: EncodeResult) -> None:
        """What was found, or is searched, belongs to another code."""
        if self._asked is not None or self.found is not None:
            self.found = None
            self.cancel()

    @Slot(object, object)
    def _forget_lost(self, *_: object) -> None:
        if self._store.last_encoded is None and (self.found or self._asked):
            self.found = None
            self.cancel()

    @Slot(object)
    def _take(self, result: SearchResult) -> None:
        if result.request is self._asked:
            self._asked, self.share, self.found = None, None, result
            self.changed.emit()

    @Slot(object, object)
    def _take_failure(self, job: SearchRequest, error: StudioError) -> None:
        if job is self._asked:
            self._asked = self.share = None
            self.changed.emit()
            self._store.failed.emit(error)

    @Slot(object, float)
    def _take_progress(self, job: SearchRequest, share: float) -> None:
        if job is self._asked:
            self.share = share
            self.changed.emit()
