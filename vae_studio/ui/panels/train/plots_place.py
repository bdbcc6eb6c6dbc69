"""``PlotsPlace``: where the plots stand, which are made once there is something to draw.

Plots take longer to load and to make than all else in the window, and the first picture needs none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedWidget, QWidget

if TYPE_CHECKING:
    from vae_studio.ui.panels.train.plots import LossPlots


class PlotsPlace(QStackedWidget):
    """Signal: ``made(plots)``, once."""

    made = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plots: LossPlots | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.addWidget(empty_plots())

    @property
    def has_plots(self) -> bool:
        """Whether there was something to draw."""
        return self._plots is not None

    @property
    def plots(self) -> LossPlots:
        """The plots, made now if they were not."""
        if self._plots is None:
            from vae_studio.ui.panels.train.plots import LossPlots  # which brings pyqtgraph

            self._plots = LossPlots()
            self.addWidget(self._plots)
            self.setCurrentWidget(self._plots)
            self.made.emit(self._plots)
        return self._plots


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
