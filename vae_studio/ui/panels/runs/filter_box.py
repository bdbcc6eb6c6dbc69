"""``FilterBox``: the line above the table, and what it says of parts that mean nothing."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from vae_studio.session.run_filter import (
    MAX_LENGTH,
    BadPart,
    Fault,
    RunFilter,
    field_names,
    parse_filter,
)
from vae_studio.ui.panels.runs.texts import tooltip

_FAULTS: dict[Fault, str] = {
    "field": QT_TRANSLATE_NOOP("Runs", "“{part}” names no field. There are: {known}."),
    "number": QT_TRANSLATE_NOOP("Runs", "“{part}” needs a number, as in beta>=4."),
    "order": QT_TRANSLATE_NOOP("Runs", "“{part}” compares texts: use = or : instead."),
    "choice": QT_TRANSLATE_NOOP("Runs", "“{part}” never holds. It can be: {known}."),
    "value": QT_TRANSLATE_NOOP("Runs", "“{part}” lacks a value, as in beta=4."),
}


class FilterBox(QLineEdit):
    """Signal: ``filter_changed(RunFilter)``. What cannot be understood is marked, and leaves out
    nothing."""

    filter_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaxLength(MAX_LENGTH)
        self.setAccessibleName(self.tr("Filter the runs"))
        self.setPlaceholderText(self.tr("Filter: words, beta>=4, status:finished …"))
        self.filter = RunFilter()
        self._say(())
        self.textChanged.connect(self._parse)

    @Slot(str)
    def _parse(self, text: str) -> None:
        self.filter = parse_filter(text)
        self._say(self.filter.bad)
        self.filter_changed.emit(self.filter)

    def _say(self, bad: tuple[BadPart, ...]) -> None:
        lines = [
            QCoreApplication.translate("Runs", _FAULTS[part.fault]).format(
                part=part.text[:60], known=", ".join(part.known)
            )
            for part in bad[:4]
        ]
        self.setToolTip(tooltip("\n".join(lines) or self._help()))
        self.setAccessibleDescription(" ".join(lines))
        if bool(bad) != bool(self.property("invalid")):
            self.setProperty("invalid", bool(bad))
            self.style().unpolish(self)
            self.style().polish(self)

    def _help(self) -> str:
        text = self.tr(
            "Show runs in which all of this holds.\n"
            "A word stands in the name, the variant, a tag or the notes; quotes keep words "
            "together.\n"
            "A comparison: beta=4, latent_dim>16, seed!=0, batch_norm=true.\n"
            "A colon looks within a text: status:finished, tag:good, name:try.\n"
            "Fields: {known}. Esc clears."
        )
        return text.format(known=", ".join(field_names()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
