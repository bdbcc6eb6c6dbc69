"""``ScaleDialog``: how large is a picture to be saved?"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.exports import largest_scale
from vae_studio.ui import theme

_USUAL_SIDE = 560  # px, about; what is 28 pixels wide would be lost on a page


class ScaleDialog(QDialog):
    """Show it with ``open()``; the window goes on meanwhile. Signal: ``chosen(scale)``."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget, width: int, height: int, frames: int = 1) -> None:
        """width, height: of the picture, or of each of so many frames, in its own pixels."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Size of the picture"))
        self._size = width, height
        self.scale = QSpinBox()
        self.scale.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.scale.setRange(1, largest_scale(width, height, frames))
        self.scale.setSuffix(self.tr(" ×"))
        self.scale.setAccessibleName(self.tr("Scale"))
        self.scale.setToolTip(
            self.tr(
                "How many pixels of the file each pixel of the picture gets, across and down. "
                "At 1 the file has exactly the pixels of the model"
            )
        )
        self.size_text = QLabel()
        theme.tabular(self.size_text)
        form = QFormLayout()
        form.addRow(self.tr("Scale"), self.scale)
        form.addRow(self.tr("Size"), self.size_text)
        kinds = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(kinds.Cancel)
        self.save_button = self.buttons.addButton(
            self.tr("Save…"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.save_button.setToolTip(self.tr("Choose a file for it"))
        self.save_button.setDefault(True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.buttons)
        self.scale.valueChanged.connect(self._show_size)
        self.accepted.connect(self._tell)
        self.scale.setValue(usual_scale(width, height))
        self._show_size()
        self.scale.selectAll()

    @Slot()
    def _show_size(self) -> None:
        width, height = (side * self.scale.value() for side in self._size)
        text = self.tr("{width} × {height} px")
        self.size_text.setText(text.format(width=width, height=height))

    @Slot()
    def _tell(self) -> None:
        self.chosen.emit(self.scale.value())


def usual_scale(width: int, height: int) -> int:
    """The one that makes the longer side about 560 px; 1 for what is larger."""
    return max(1, _USUAL_SIDE // max(width, height, 1))
