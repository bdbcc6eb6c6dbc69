"""``TrialRow``: an experiment that was begun: how far its models are, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLocale, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from vae_studio.session.trials import Trial, began
from vae_studio.ui.experiments import ArmProgress
from vae_studio.ui.report_words import of_experiment
from vae_studio.ui.widgets.buttons import push_button, tool_button


class TrialRow(QFrame):
    """Signals: ``show_wanted()``, ``resume_wanted()``, ``stop_wanted()``, ``forget_wanted()``."""

    show_wanted = Signal()
    resume_wanted = Signal()
    stop_wanted = Signal()
    forget_wanted = Signal()

    def __init__(self, trial: Trial, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trial = trial
        self.setObjectName("card")
        name = of_experiment(trial.experiment.title)
        self.setAccessibleName(name)
        title = QLabel(name)
        title.setProperty("role", "number")
        title.setTextFormat(Qt.TextFormat.PlainText)
        labels = QLabel(" · ".join(of_experiment(arm.label) for arm in trial.experiment.arms))
        labels.setProperty("role", "muted")
        labels.setTextFormat(Qt.TextFormat.PlainText)
        labels.setWordWrap(True)
        when = began(trial)
        self._when = QLocale().toString(when, QLocale.FormatType.ShortFormat) if when else ""
        self.summary = QLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setWordWrap(True)
        self.bars: list[QProgressBar] = []
        for arm in trial.experiment.arms:
            bar = QProgressBar()
            bar.setRange(0, 1000)
            label = of_experiment(arm.label)
            bar.setAccessibleName(label)
            bar.setFormat(label.replace("%", "%%") + "  %p %")
            self.bars.append(bar)
        self.show_button = push_button(
            "mdi6.compare",
            self.tr("Show"),
            self.tr("Put the models side by side"),
            self.show_wanted.emit,
        )
        self.resume_button = push_button(
            "mdi6.play",
            self.tr("Resume"),
            self.tr("Train what is not trained yet; models that are done stay as they are"),
            self.resume_wanted.emit,
        )
        self.stop_button = push_button(
            "mdi6.stop",
            self.tr("Stop"),
            self.tr("Stop the experiment; what was trained is kept, and it can be resumed"),
            self.stop_wanted.emit,
        )
        self.forget_button = tool_button(
            "mdi6.trash-can-outline",
            self.tr("Forget"),
            self.tr("Take the experiment off this list; its runs stay"),
            self.forget_wanted.emit,
        )
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for text in (title, labels, self.summary):
            texts.addWidget(text)
        head = QHBoxLayout()
        head.addLayout(texts, 1)
        for button in (
            self.show_button,
            self.resume_button,
            self.stop_button,
            self.forget_button,
        ):
            head.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(head)
        for bar in self.bars:
            layout.addWidget(bar)

    def render_progress(self, arms: Sequence[ArmProgress], current: bool, can_start: bool) -> None:
        """current: it is the one that trains. can_start: whether another could begin."""
        for bar, arm in zip(self.bars, arms, strict=True):
            bar.setVisible(current)
            bar.setValue(round(1000 * arm.done))
        done = sum(arm.status == "finished" for arm in arms)
        text = self.tr("{done} of {n} trained").format(done=done, n=len(arms))
        failed = [of_experiment(arm.label) for arm in arms if arm.status == "failed"]
        if failed:
            text += " · " + self.tr("failed: {names}").replace("{names}", ", ".join(failed))
        self.summary.setText(f"{text} · {self._when}" if self._when else text)
        self.show_button.setEnabled(sum(arm.has_run for arm in arms) > 1)
        self.resume_button.setVisible(not current and done < len(arms))
        self.resume_button.setEnabled(can_start)
        self.stop_button.setVisible(current)
        self.forget_button.setVisible(not current)
