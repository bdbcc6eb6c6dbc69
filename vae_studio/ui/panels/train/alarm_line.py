"""``AlarmLine``: the doctor's first finding in a line, with its likeliest remedy."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from vae_studio.core.findings import Remedy
from vae_studio.ui import doctor_words, theme
from vae_studio.ui.store import Store


class AlarmLine(QWidget):
    """Hidden while nothing is wrong. Signal: ``explain()``, when its title is pressed."""

    explain = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._doctor = store.doctor
        self._remedy: Remedy | None = None
        self.title = QToolButton()
        self.title.setProperty("role", "alarm")
        self.title.setAccessibleName(self.tr("Alarm"))
        self.title.setToolTip(self.tr("Show what the doctor saw, and what helps"))
        self.title.clicked.connect(self.explain)
        self.remedy = QPushButton(self.tr("Help"))
        self.remedy.setToolTip(self.tr("What is most likely to help"))
        self.remedy.clicked.connect(self._apply)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.title)
        row.addStretch(1)
        row.addWidget(self.remedy)
        self._doctor.changed.connect(self._render)
        self._render()

    @Slot()
    def _apply(self) -> None:
        if self._remedy is not None:
            self._doctor.apply(self._remedy)

    @Slot()
    def _render(self) -> None:
        findings = self._doctor.findings
        self.setVisible(bool(findings))
        if not findings:
            return
        first = findings[0]
        text = doctor_words.title(first)
        if len(findings) > 1:
            text = self.tr("{title}, and {n} more").format(title=text, n=len(findings) - 1)
        self.title.setText(text)
        self.title.setAccessibleName(text)
        self._remedy = self._doctor.likeliest(first)
        self.remedy.setVisible(self._remedy is not None)
        if self._remedy is not None:
            self.remedy.setText(doctor_words.button(self._remedy))
            self.remedy.setToolTip(doctor_words.tooltip(self._remedy))
            theme.set_icon(self.remedy, doctor_words.icon(self._remedy))
