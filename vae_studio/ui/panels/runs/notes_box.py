"""``NotesBox``: what the user notes of the one selected run."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QFocusEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from vae_studio.core.annotations import MAX_NOTES
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.runs.columns import Row
from vae_studio.ui.panels.runs.texts import tooltip


class NotesBox(QPlainTextEdit):
    """Signals: ``noted(RunInfo, text)`` at each key; ``left()`` when the focus goes."""

    noted = Signal(object, str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row: Row | None = None
        self.setAccessibleName(self.tr("Notes"))
        self.setTabChangesFocus(True)
        self.setMinimumSize(120, 44)
        self.show_row(None)
        self.textChanged.connect(self._tell)

    def show_row(self, row: Row | None, selected: int = 0) -> None:
        """The notes of a run; where there is none to show, why. selected: how many runs are."""
        before, self._row = self._row, row
        text = row.annotations.notes if row else ""
        is_same = before is not None and row is not None and before.info.path == row.info.path
        if text != self.toPlainText() and not (is_same and self.hasFocus()):
            self.blockSignals(True)
            self.setPlainText(text)  # a new document: nothing of another run is undone here
            self.blockSignals(False)
        self.setEnabled(row is not None and row.is_own)
        self.setPlaceholderText(self._placeholder(row, selected))
        self.viewport().update()  # Qt paints another placeholder only once something else changes
        self.setToolTip(tooltip(self._tip(row)))

    def _placeholder(self, row: Row | None, selected: int) -> str:
        if row is None and selected > 1:
            text = self.tr("{n} runs are selected. Select one to note something.")
            return text.format(n=selected)
        if row is None:
            return self.tr("Select a run to note something.")
        if row.info.bundled:
            return self.tr("This model ships with the app: no notes.")
        if row.error is not None:
            return error_sentence(row.error)
        return self.tr("Notes on this run: what you tried, what you saw …")

    def _tip(self, row: Row | None) -> str:
        if row is not None and row.info.bundled:
            return self.tr("This model ships with the app and stays as it is: no tags, no notes.")
        return self.tr("Notes on the selected run, kept in its folder; saved as you type")

    @Slot()
    def _tell(self) -> None:
        if self._row is None:
            return
        text = self.toPlainText()
        if len(text) > MAX_NOTES:
            self.blockSignals(True)
            self.setPlainText(text[:MAX_NOTES])
            self.moveCursor(QTextCursor.MoveOperation.End)
            self.blockSignals(False)
        self.noted.emit(self._row.info, text[:MAX_NOTES])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()
