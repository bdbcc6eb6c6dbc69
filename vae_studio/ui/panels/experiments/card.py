"""``ExperimentCard``: one question of the tutorial, and the button that tries it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.core.experiments import ExperimentRow
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.report_words import of_experiment
from vae_studio.ui.widgets.buttons import push_button


class ExperimentCard(QFrame):
    """Title, question, *Run*."""

    def __init__(
        self, row: ExperimentRow, run: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        title = QLabel(of_experiment(row.title))
        title.setProperty("role", "number")
        question = QLabel(of_experiment(row.question))
        question.setProperty("role", "muted")
        question.setWordWrap(True)
        arms = " · ".join(f"{of_experiment(label)} ({variant})" for label, variant in row.arms)
        self.setToolTip(arms)
        self.run_button = push_button("mdi6.flask-outline", self.tr("Run"), "", run)
        name = self.tr("Run the experiment “{title}”").replace("{title}", title.text())
        self.run_button.setAccessibleName(name)
        self._tip = self.tr("Train these models one after the other: {arms}").replace(
            "{arms}", arms
        )
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(title)
        texts.addWidget(question)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 6)
        layout.addLayout(texts, 1)
        layout.addWidget(self.run_button, 0, Qt.AlignmentFlag.AlignVCenter)

    def enable(self, reason: str) -> None:
        """reason: why it cannot be tried now; "" where it can."""
        self.run_button.setEnabled(not reason)
        self.run_button.setToolTip(tooltip(reason or self._tip))
