"""``TrainControls``: the buttons of a training, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from vae_studio.ui import theme
from vae_studio.ui.captions import duration
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.store import Store
from vae_studio.ui.training import TrainingView, TrainStatus
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.field_edit import problem_sentence


class TrainControls(QWidget):
    """Train, pause, step, stop; begin again, branch off; progress."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._view = store, store.training.view
        training = store.training
        self.train = push_button(
            "mdi6.play", self.tr("Train"), "", self._store.launcher.train_plan, primary=True
        )
        self.pause = push_button(
            "mdi6.pause",
            self.tr("Pause"),
            self.tr("Hold the training between two steps (Space)"),
            training.pause_resume_or_save,
        )
        self.stop = push_button(
            "mdi6.stop",
            self.tr("Stop"),
            self.tr("End the training; the model is kept"),
            training.stop,
        )
        self.step = tool_button(
            "mdi6.step-forward",
            self.tr("One step"),
            self.tr("One step of Adam, on one batch; then wait"),
            lambda: self._store.launcher.train_a_little("step"),
        )
        self.epoch = tool_button(
            "mdi6.skip-forward",
            self.tr("One epoch"),
            self.tr("On to the end of the epoch, and measure; then wait"),
            lambda: self._store.launcher.train_a_little("epoch"),
        )
        self.restart = tool_button(
            "mdi6.restart",
            self.tr("Same start"),
            self.tr(
                "Train again from the initial weights of the model that is shown, with the other "
                "settings of the form: what differs is not the luck of the draw"
            ),
            self._restart,
        )
        self.branch = tool_button(
            "mdi6.source-branch",
            self.tr("Branch"),
            self.tr("Train on from the weights that are shown, as a new run with a fresh Adam"),
            self._branch,
        )
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Training progress"))
        theme.tabular(self.progress)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        for button in (self.train, self.pause, self.stop):
            row.addWidget(button)
        for button in (self.step, self.epoch, self.restart, self.branch):
            row.addWidget(button)
        row.addWidget(self.progress, 1)
        training.changed.connect(self.render_view)
        store.plan.changed.connect(self._render_plan)
        store.snapshot_changed.connect(self._render_plan)
        self.render_view(training.view)

    def _restart(self) -> None:
        if self._store.snapshot is not None:
            self._store.launcher.restart(self._store.snapshot)

    def _branch(self) -> None:
        if self._store.snapshot is not None:
            self._store.launcher.branch(self._store.snapshot)

    @Slot()
    def _render_plan(self, *_: object) -> None:
        """Whether there is something that can be trained."""
        view, problems = self._view, self._store.plan.problems
        self.train.setEnabled(view.can_start and not problems)
        tip = self.tr("Train a new model with these settings (Space)")
        for name, error in problems.items():
            tip = problem_sentence(name, error)
            break
        self.train.setToolTip(tooltip(tip))
        fits = not problems
        self.step.setEnabled(view.can_step and (view.can_pause or fits))
        self.epoch.setEnabled(view.can_step and (view.can_pause or fits))
        shown = self._store.snapshot is not None and fits and not view.can_save
        self.restart.setEnabled(shown)
        self.branch.setEnabled(shown)

    @Slot(object)
    def render_view(self, view: TrainingView) -> None:
        """Show where the training is."""
        self._view = view
        self._render_plan()
        self.pause.setEnabled(view.can_pause or view.can_save)
        self.stop.setEnabled(view.can_stop)
        text, icon = {
            TrainStatus.PAUSED: (self.tr("Resume"), "mdi6.play"),
            TrainStatus.UNSAVED: (self.tr("Save again"), "mdi6.content-save-outline"),
        }.get(view.status, (self.tr("Pause"), "mdi6.pause"))
        if self.pause.text() != text:
            self.pause.setText(text)
            theme.set_icon(self.pause, icon)
        if view.can_save:
            self.pause.setToolTip(self.tr("Try again to save; the training waits so long (Space)"))
            self.stop.setToolTip(self.tr("End the training as it was last saved"))
        else:
            self.pause.setToolTip(self.tr("Hold the training between two steps, or go on (Space)"))
            self.stop.setToolTip(self.tr("End the training; the model is kept"))
        self._render_progress(view)

    def _render_progress(self, view: TrainingView) -> None:
        bar = self.progress
        if view.can_save and not view.steps:
            bar.setRange(0, 1)
            bar.setValue(0)
            bar.setFormat(self.tr("held: it cannot be saved"))
            return
        if view.status is TrainStatus.STARTING or (view.request and not view.steps):
            bar.setRange(0, 0)  # busy
            return
        if view.status is TrainStatus.IDLE:
            if not bar.maximum():
                bar.setRange(0, 1)
                bar.reset()
            bar.setFormat("")
            return
        assert view.request is not None
        bar.setRange(0, view.steps)
        bar.setValue(view.step)
        epochs = view.request.config.epochs
        parts = [
            self.tr("epoch {epoch} of {epochs}").format(epoch=max(1, view.epoch), epochs=epochs)
        ]
        if view.status is TrainStatus.PAUSED:
            parts.append(self.tr("paused"))
        elif view.status is TrainStatus.UNSAVED:
            parts.append(self.tr("held: it cannot be saved"))
        elif view.status is TrainStatus.STOPPING:
            parts.append(self.tr("stopping…"))
        elif view.seconds_left is not None:
            parts.append(self.tr("{time} left").format(time=duration(view.seconds_left)))
        bar.setFormat(", ".join(parts))
