"""What the doctor found in the training: a card for each finding, with remedies at one click."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from vae_studio.core.findings import Finding, Remedy
from vae_studio.ui import doctor_words
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.column_scroll import ColumnScroll


class DoctorPanel(Panel):
    """Cards of findings; while there are none, what is watched for."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.doctor = store.doctor
        self.cards: list[FindingCard] = []
        self.empty = QLabel()
        self.empty.setProperty("role", "empty")
        self.empty.setWordWrap(True)
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inside = QWidget()
        self._list = QVBoxLayout(inside)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(8)
        self._list.addWidget(self.empty)
        self._list.addStretch(1)
        layout = QVBoxLayout(self)
        layout.addWidget(ColumnScroll(inside))
        self.doctor.changed.connect(self._render)
        self._render()

    @Slot()
    def _render(self) -> None:
        findings = self.doctor.findings
        if [card.kind for card in self.cards] != [kind_of(each) for each in findings]:
            self._make_cards(findings)
        for card, finding in zip(self.cards, findings, strict=True):
            card.render_finding(finding)
        for card in self.cards:
            card.enable(self.doctor.can_apply)
        self.empty.setVisible(not findings)
        if self.doctor.watches:
            text = self.tr("Nothing is wrong with this training so far.")
        elif self.doctor.request is not None:
            text = self.tr("The last training gave no alarm.")
        else:
            text = self.tr(
                "The doctor watches what trains: collapse of the posterior, overfitting, a rate "
                "that is too high, dead units. What it finds stands here, with what helps."
            )
        self.empty.setText(text)

    def _make_cards(self, findings: Sequence[Finding]) -> None:
        for card in self.cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [FindingCard(finding, self.doctor.apply) for finding in findings]
        for place, card in enumerate(self.cards, start=1):  # 0: the text for none
            self._list.insertWidget(place, card)


def kind_of(finding: Finding) -> tuple[str, ...]:
    """What makes it another card: other figures do not, so that a click is not lost to them."""
    return (finding.code, finding.severity, *(remedy.code for remedy in finding.remedies))


class FindingCard(QFrame):
    """One finding: title, explanation, and a button for each remedy."""

    def __init__(
        self, finding: Finding, apply: Callable[[Remedy], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.kind = kind_of(finding)
        self.setObjectName("finding")
        self.setProperty("severity", finding.severity)
        title = QLabel(doctor_words.title(finding))
        title.setProperty("role", "finding")
        title.setWordWrap(True)
        self.where = QLabel()
        self.where.setProperty("role", "muted")
        self.explanation = QLabel()
        self.explanation.setWordWrap(True)
        self.explanation.setTextFormat(Qt.TextFormat.PlainText)
        self.explanation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAccessibleName(title.text())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(4)
        for label in (title, self.where, self.explanation):
            layout.addWidget(label)
        self.buttons: list[QPushButton] = []
        for place, remedy in enumerate(finding.remedies):
            button = push_button(
                doctor_words.icon(remedy),
                doctor_words.button(remedy),
                "",
                lambda place=place: apply(self.finding.remedies[place]),
                primary=place == 0,
            )
            self.buttons.append(button)
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.render_finding(finding)

    def render_finding(self, finding: Finding) -> None:
        """Show the figures of now; ``finding`` is of the same kind."""
        self.finding = finding
        self.where.setText(
            self.tr("Epoch {epoch}, step {step}").format(epoch=finding.epoch, step=finding.step)
        )
        self.explanation.setText(doctor_words.explanation(finding))
        self.setAccessibleDescription(self.explanation.text())
        for remedy, button in zip(finding.remedies, self.buttons, strict=True):
            button.setToolTip(doctor_words.tooltip(remedy))

    def enable(self, can_apply: Callable[[Remedy], bool]) -> None:
        """Only what can be done now can be pressed."""
        for remedy, button in zip(self.finding.remedies, self.buttons, strict=True):
            button.setEnabled(can_apply(remedy))
