"""``ReadAs``: which class the encoder is told; hidden where the model has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from vae_studio.session.drawing import Input
from vae_studio.ui.classes import class_name
from vae_studio.ui.widgets.class_box import ClassBox

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


class ReadAs(QWidget):
    """Signal: ``chosen(label)``, None for what the model takes it for."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._given: Input | None = None
        name = QLabel(self.tr("Read as"))
        name.setProperty("role", "muted")
        self.box = ClassBox(8)
        self.box.setAccessibleName(self.tr("Class of the drawing"))
        self.box.setToolTip(
            self.tr(
                "Which class the encoder is told. Auto takes the one under which the drawing "
                "costs the model least"
            )
        )
        self.box.activated.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(name)
        row.addWidget(self.box, 1)
        self.hide()

    @Slot(int)
    def _choose(self, row: int) -> None:
        self.chosen.emit(None if row == 0 else row - 1)

    def show_model(self, snapshot: Snapshot) -> None:
        """Offer its classes."""
        self.setVisible(snapshot.spec.conditional)
        names = snapshot.class_names if snapshot.spec.conditional else ()
        if names and names != self._names:
            self._names = names
            entries = [(class_name(names, label), label) for label in range(len(names))]
            self.box.offer([(self.tr("Auto"), None), *entries], None)
            self.show_input(self._given)

    def show_input(self, given: Input | None) -> None:
        """Show what the user says that it is. A class that the model does not have is as good as
        none."""
        self._given = given
        row = 0 if given is None or given.label is None else given.label + 1
        with QSignalBlocker(self.box):
            self.box.setCurrentIndex(row if row < self.box.count() else 0)

    def show_guess(self, label: int | None) -> None:
        """What the model takes the input for, where nobody says what it is."""
        if self.box.count():
            text = self.tr("Auto")
            if label is not None:
                text = self.tr("Auto: {name}").replace("{name}", class_name(self._names, label))
            self.box.setItemText(0, text)
