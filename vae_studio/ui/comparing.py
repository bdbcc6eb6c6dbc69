"""``Comparing``: the comparison that is shown, and the threads that make and save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.workers.compare_thread import CompareRequest, CompareThread, SaveRequest

if TYPE_CHECKING:
    from vae_studio.core.compared import Comparison


class Comparing(QObject):
    """comparison: the one that is shown. request: what is being compared, or was last.

    Signals: ``changed()``: of these, or of ``busy``; ``saved(Path)``; ``failed(StudioError)``.
    """

    changed = Signal()
    saved = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.comparison: Comparison | None = None
        self.request: CompareRequest | None = None
        self._comparer: CompareThread | None = None
        self._waiting: CompareThread | None = None  # for torch, or for the one before to end
        self._threads: set[CompareThread] = set()  # that run
        self._ready = False

    @property
    def busy(self) -> bool:
        """Whether something is being compared."""
        return self._comparer is not None or self._waiting is not None

    @Slot()
    def set_ready(self) -> None:
        """Torch is loaded (or never will be, and the thread says so). A thread that imports cannot
        be stopped, so none is started before."""
        self._ready = True
        self._go_on()

    def show_runs(
        self,
        paths: Sequence[Path],
        labels: Sequence[str] = (),
        title: str = "",
        question: str = "",
    ) -> None:
        """Put runs side by side; what is being compared is given up for them."""
        self.request = CompareRequest(tuple(paths), tuple(labels), title, question)
        self._stop()
        self._waiting = CompareThread(self.request, self)
        self._waiting.compared.connect(self._take)
        self._waiting.failed.connect(self.failed)
        self._go_on()
        self.changed.emit()

    @Slot()
    def cancel(self) -> None:
        """Give up what is being compared; what is shown stays."""
        if self.busy:
            self._stop()
            self.changed.emit()

    @Slot()
    def clear(self) -> None:
        """Show nothing."""
        self._stop()
        self.comparison = None
        self.changed.emit()

    def save(self, path: Path, words: Mapping[str, str]) -> None:
        """Write what is shown as a page; words: translations of ``report_words.WORDS``."""
        if self.comparison is not None:
            thread = CompareThread(SaveRequest(self.comparison, path, words), self)
            thread.saved.connect(self.saved)
            thread.failed.connect(self.failed)
            self._start(thread)

    def shutdown(self) -> None:
        """Give up what is being compared; a page that is being written is finished."""
        self._stop()
        for thread in tuple(self._threads):
            thread.wait()
            self._forget(thread)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.deleteLater()
            self._waiting = None
        if self._comparer is not None:
            self._comparer.stop()
            self._comparer = None

    def _go_on(self) -> None:
        if self._ready and self._waiting is not None:
            self._comparer, self._waiting = self._waiting, None
            self._start(self._comparer)

    def _start(self, thread: CompareThread) -> None:
        self._threads.add(thread)
        thread.finished.connect(self._ended)
        thread.start()

    @Slot()
    def _ended(self) -> None:
        thread = self.sender()
        assert isinstance(thread, CompareThread)
        self._forget(thread)

    def _forget(self, thread: CompareThread) -> None:
        if thread not in self._threads:
            return
        self._threads.discard(thread)
        thread.wait()
        if thread is self._comparer:
            self._comparer = None
            self.changed.emit()
        thread.deleteLater()

    @Slot(object)
    def _take(self, comparison: Comparison) -> None:
        if self.sender() is self._comparer:  # no other was asked for meanwhile
            self.comparison, self._comparer = comparison, None
            self.changed.emit()
