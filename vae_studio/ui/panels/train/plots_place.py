"""``PlotsPlace``: where the plots stand, which are made once there is something to draw.

Plots take longer to load and to make than all else in the window, and the first picture needs none.
They are loaded aside and made piece by piece, so that the window answers meanwhile; what they are
told until then waits for them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget

if TYPE_CHECKING:
    from vae_studio.ui.panels.train.plots import LossPlots
    from vae_studio.ui.panels.train.plots.loss_plot import LossPlot

_PAUSE_MS = 20  # between two pieces; what waited goes first


class PlotsPlace(QStackedWidget):
    """Signal: ``made(plots)``, once, when they have heard all that they were told."""

    made = Signal(object)
    _loaded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots: LossPlots | None = None
        self._pieces: list[LossPlot] = []
        self._untold: list[Callable[[LossPlots], None]] = []
        self._wanted = False
        self._loaded.connect(self._make_piece)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.addWidget(empty_plots())

    @property
    def has_plots(self) -> bool:
        """Whether there was something to draw."""
        return self._plots is not None

    @property
    def is_told(self) -> bool:
        """Whether there are plots, or something waits for them."""
        return self._plots is not None or bool(self._untold)

    @property
    def plots(self) -> LossPlots:
        """The plots, made now if they were not, with all that they were told."""
        if self._plots is None:
            from vae_studio.ui.panels.train.plots import LossPlots  # which brings pyqtgraph

            self._plots = LossPlots(pieces=self._pieces)
            self._pieces = []
            self.addWidget(self._plots)
            self.setCurrentWidget(self._plots)
            untold, self._untold = self._untold, []
            for say in untold:
                say(self._plots)
            self.made.emit(self._plots)
        return self._plots

    def tell(self, say: Callable[[LossPlots], None], after_ms: int | None = None) -> None:
        """Tell the plots something: now, or once they are made. after_ms: when that may begin;
        None: not for this."""
        if self._plots is not None:
            say(self._plots)
            return
        self._untold.append(say)
        if after_ms is not None:
            QTimer.singleShot(after_ms, self, self._prepare)

    @Slot()
    def _prepare(self) -> None:
        if self._plots is None and not self._wanted:
            self._wanted = True
            threading.Thread(target=self._load, name="plots", daemon=True).start()

    def _load(self) -> None:
        from vae_studio.ui.panels.train import plots  # noqa: F401

        with contextlib.suppress(RuntimeError):  # the window is gone
            self._loaded.emit()

    @Slot()
    def _make_piece(self) -> None:
        from vae_studio.ui.panels.train.plots.plots import next_piece

        if self._plots is not None:
            return
        piece = next_piece(len(self._pieces))
        if piece is None:
            _ = self.plots
            return
        self._pieces.append(piece)
        QTimer.singleShot(_PAUSE_MS, self, self._make_piece)


def empty_plots() -> QLabel:
    """What stands in the place of curves while there are none."""
    text = QCoreApplication.translate(
        "LossPlots",
        "Press Train: the losses appear here, live. Solid: training, dashed: test.",
    )
    label = QLabel(text)
    label.setProperty("role", "empty")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
