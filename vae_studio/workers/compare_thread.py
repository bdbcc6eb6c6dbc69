"""``CompareThread``: puts runs side by side, and writes the page of a comparison."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

from vae_studio.core.errors import StudioError

if TYPE_CHECKING:
    from vae_studio.core.compared import Comparison

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CompareRequest:
    """Which runs, and what they are called here: a label each, or none for their names."""

    paths: tuple[Path, ...]
    labels: tuple[str, ...] = ()
    title: str = ""
    question: str = ""


@dataclass(frozen=True, eq=False)
class SaveRequest:
    """A comparison to be written as a page. words: as ``report.html`` takes them."""

    comparison: Comparison
    path: Path
    words: Mapping[str, str]


class CompareThread(QThread):
    """One question from start to end; a new one is made for each.

    Signals: ``compared(Comparison)``; ``saved(Path)``; ``failed(StudioError)``. None of them where
    it was stopped.
    """

    compared = Signal(object)
    saved = Signal(object)
    failed = Signal(object)

    def __init__(
        self, request: CompareRequest | SaveRequest, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("compare")
        self.request = request
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Give up; a page is written all the same. From any thread."""
        self._stopped.set()

    def run(self) -> None:
        """The thread's body: every fault ends as a signal."""
        try:
            if isinstance(self.request, SaveRequest):
                self._save(self.request)
            else:
                self._compare(self.request)
        except StudioError as error:
            self.failed.emit(error)
        except ImportError as error:
            log.exception("torch does not load")
            self.failed.emit(StudioError("worker.no_torch", reason=str(error)))
        except BaseException as error:  # a panic of safetensors is no Exception
            log.exception("comparing failed")
            reason = f"{type(error).__name__}: {error}"
            self.failed.emit(StudioError("worker.unexpected", reason=reason))

    def _compare(self, request: CompareRequest) -> None:
        from vae_studio.core.comparison import compare

        found = compare(
            request.paths,
            request.labels,
            request.title,
            request.question,
            self._stopped.is_set,
        )
        if found is not None and not self._stopped.is_set():
            self.compared.emit(found)

    def _save(self, request: SaveRequest) -> None:
        from vae_studio.core.report import html, save_report

        save_report(request.path, html(request.comparison, request.words))
        self.saved.emit(request.path)
