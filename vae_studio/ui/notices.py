"""``Notices``: what the window says at its foot, and what can be done about it at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog

from vae_studio import logs
from vae_studio.core.errors import StudioError
from vae_studio.ui import doctor_words
from vae_studio.ui.library import Removal
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.report_words import of_experiment
from vae_studio.ui.training import TrainStatus
from vae_studio.ui.widgets.toast import Action

if TYPE_CHECKING:
    from vae_studio.core.datasets.table import DatasetInfo
    from vae_studio.core.findings import Finding
    from vae_studio.core.runs import RunInfo
    from vae_studio.session.trials import Trial
    from vae_studio.ui.main_window import MainWindow


class Notices(QObject):
    """Hears the store's facts; each becomes a toast of the window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store, self._toast = window, window.store, window.toast
        store = window.store
        store.failed.connect(self.show_error)
        store.library.failed.connect(self.show_error)
        store.library.removed.connect(self._offer_undo)
        store.training.ended.connect(self._say_end)
        store.training.unsaved.connect(self._ask_for_place)
        store.training.saved.connect(self._say_saved)
        store.noticed.connect(self._say_notice)
        store.launcher.replaced.connect(self._say_replaced)
        store.doctor.found.connect(self._say_finding)
        store.experiments.finished.connect(self._say_tried)
        store.comparing.saved.connect(self._say_page)
        store.exporter.saved.connect(self._say_file)
        store.data_sets.added.connect(self._say_added)
        store.data_sets.removed.connect(self._offer_back)

    @Slot(object)
    def _say_end(self, event: object) -> None:
        reason = getattr(event, "reason", "")
        if self._store.experiments.current is not None:
            if reason == "stopped":
                text = self.tr("The experiment is stopped. Resume, in its list, goes on with it.")
                self._toast.show_message(text)
        elif reason == "finished":
            self._toast.show_message(self.tr("Training is done. The model is kept in your list."))
        elif reason == "stopped" and not getattr(event, "step", 0):
            self._toast.show_message(self.tr("Training stopped before its first step."))
        elif reason == "stopped":
            self._toast.show_message(self.tr("Training stopped. The model is kept in your list."))

    @Slot(str)
    def _say_replaced(self, name: str) -> None:
        text = self.tr("“{name}” was stopped and kept. The new run begins.")
        self._toast.show_message(text.replace("{name}", name))

    @Slot(object)
    def _say_finding(self, finding: Finding) -> None:
        """An alarm. Where the training ended with it, the error that follows says so."""
        if finding.code != "not_finite":
            text = self.tr("The doctor: {title}.").format(title=doctor_words.title(finding))
            self._toast.offer(text, self._helps(finding))

    def _helps(self, finding: Finding) -> list[tuple[str, Action]]:
        """The likeliest remedy that can be had now, and the way to the others."""
        doctor = self._store.doctor
        remedy = doctor.likeliest(finding)
        explain = (self.tr("Explain"), self._window.show_doctor)
        if remedy is None:
            return [explain]
        return [(doctor_words.button(remedy), partial(doctor.apply, remedy)), explain]

    @Slot(object)
    def _say_notice(self, notice: StudioError) -> None:
        self._toast.show_message(error_sentence(notice))

    def offer_resume(self, interrupted: Sequence[RunInfo]) -> None:
        """After a program ended without a word: offer to go on with its newest run."""
        info = interrupted[0]
        text = self.tr("“{name}” was interrupted. It is kept up to epoch {epoch} of {epochs}.")
        if len(interrupted) > 1:
            text += " " + self.tr("{n} more in the list can be resumed, too.")
        filled = text.format(
            name=info.name,
            epoch=info.epoch,
            epochs=info.config.epochs,
            n=len(interrupted) - 1,
        )
        self._toast.ask(filled, [(self.tr("Resume"), lambda: self._store.launcher.resume(info))])

    @Slot(object)
    def _ask_for_place(self, error: StudioError) -> None:
        """A training cannot be written: it is held until there is room, or another folder."""
        self._toast.ask(
            error_sentence(error) + " " + self.tr("The training waits meanwhile."),
            [
                (self.tr("Save elsewhere…"), self.choose_place),
                (self.tr("Try again"), self._store.training.save_again),
            ],
            is_error=True,
        )

    @Slot()
    def choose_place(self) -> None:
        """Ask for a folder in which the run gets one of its own."""
        dialog = QFileDialog(self._window, self.tr("Save the training in"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._store.launcher.save_in)
        dialog.rejected.connect(self._store.training.tell_unsaved)
        dialog.open()

    @Slot(object)
    def _say_saved(self, folder: Path) -> None:
        goes_on = self._store.training.view.status is not TrainStatus.STOPPING
        text = self.tr("Saved in {folder}. The training goes on.")
        self._toast.show_message(
            (text if goes_on else self.tr("Saved in {folder}.")).format(folder=folder)
        )

    @Slot(object)
    def show_error(self, error: StudioError) -> None:
        """Say what went wrong and what to do next. What nobody foresaw has a whole report."""
        findings = self._store.doctor.findings
        if error.code == "train.not_finite" and findings:
            worst = next((each for each in findings if each.code == "not_finite"), findings[0])
            self._toast.offer(error_sentence(error), self._helps(worst), is_error=True)
            return
        unforeseen = error.code == "worker.unexpected"
        details = f"{error}\n\n{logs.report()}" if unforeseen else str(error)
        self._toast.show_error(error_sentence(error), logs.clean(details))

    def say_crashed(self, crash: Path) -> None:
        """Say that the last window ended in a crash; ``crash``: what was put aside of it."""
        self._toast.show_message(
            self.tr("VAE Studio ended unexpectedly last time."),
            self.tr("Show report"),
            lambda: self._window.log_window.show_report(crash),
        )

    @Slot(object)
    def _offer_undo(self, removal: Removal) -> None:
        text = self.tr("{name} was deleted.").format(name=removal.names[0])
        if len(removal.names) > 1:
            text = self.tr("{n} runs were deleted.").format(n=len(removal.names))
        if removal.error is not None:
            text += " " + error_sentence(removal.error)
        undo = partial(self._store.library.restore, removal.places)
        self._toast.show_message(text, self.tr("Undo"), undo)

    @Slot(object)
    def _say_added(self, info: DatasetInfo) -> None:
        """A data set was fetched or imported, and no other window says so."""
        if self._window.import_window.tells_of(info):
            return
        text = self.tr("{title} is here: {n} images.").replace("{title}", info.title)
        train = partial(self._window.train_on, info.name)
        self._toast.show_message(
            text.replace("{n}", f"{info.train + info.test:,}"), self.tr("Train on it"), train
        )

    @Slot(object, object)
    def _offer_back(self, info: DatasetInfo, away: Path) -> None:
        text = self.tr("{title} was removed.").replace("{title}", info.title)
        restore = partial(self._store.data_sets.restore, info, away)
        self._toast.show_message(text, self.tr("Undo"), restore)

    @Slot(object)
    def _say_tried(self, trial: Trial) -> None:
        """The arms of an experiment are trained: show them, and say so where nobody looks."""
        text = self.tr("The experiment “{title}” is done.")
        shown = text.replace("{title}", of_experiment(trial.experiment.title))
        self._toast.show_message(shown, self.tr("Show"), self._window.show_comparison)

    @Slot(object, object)
    def offer_trial(self, trial: Trial, restore: Action) -> None:
        """An experiment was taken off its list: offer to put it back."""
        text = self.tr("“{title}” is off the list; its runs are kept.")
        shown = text.replace("{title}", of_experiment(trial.experiment.title))
        self._toast.show_message(shown, self.tr("Undo"), restore)

    @Slot(object)
    def _say_page(self, path: Path) -> None:
        text = self.tr("Saved as {name}. Any browser shows it, without a network.")
        self._toast.show_message(text.replace("{name}", path.name))

    @Slot(object)
    def _say_file(self, path: Path) -> None:
        self._toast.show_message(self.tr("Saved as {name}.").replace("{name}", path.name))
