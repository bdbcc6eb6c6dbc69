"""``Experiments``: trials of the window: their arms are trained one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot

from vae_studio.core.events import TrainingDone, TrainingFailed
from vae_studio.session.trials import Trial, arm_name, new_trial
from vae_studio.workers.shelf_thread import Answer, TrialsRead, TrialsWanted, TrialUnwritten
from vae_studio.workers.train_thread import TrainRequest

if TYPE_CHECKING:
    from vae_studio.core.experiments import Experiment
    from vae_studio.core.runs import RunInfo
    from vae_studio.ui.library import Library
    from vae_studio.ui.training import Training, TrainingView

ArmStatus = Literal["waiting", "training", "stopped", "failed", "finished"]


@dataclass(frozen=True)
class ArmProgress:
    """How far an arm is. done: of its training, from 0 to 1."""

    label: str
    folder: Path
    status: ArmStatus
    done: float

    @property
    def has_run(self) -> bool:
        """Whether there is something to be compared."""
        return self.status in ("stopped", "failed", "finished")


class Experiments(QObject):
    """trials: the newest first. current: the one that trains.

    Signals: ``changed()``: trials, or what can be done. ``progressed()``: the one that trains is
    further. ``finished(Trial)``: its last arm is done. ``failed(StudioError)``.
    """

    changed = Signal()
    progressed = Signal()
    finished = Signal(object)
    failed = Signal(object)

    def __init__(self, training: Training, library: Library, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._training, self._library = training, library
        self.trials: tuple[Trial, ...] = ()
        self.current: Trial | None = None
        self._arm = 0  # of the current trial: the one that trains
        self._tried: set[Path] = set()  # in this go; none is tried twice
        self._end: object = None
        self._could_start = True
        library.shelf.answered.connect(self._take)
        library.changed.connect(self.changed)
        training.changed.connect(self._hear)
        training.saved.connect(self._move)
        training.ended.connect(self._remember_end)
        # Not before whoever stopped the arm in favour of another run has begun that one.
        training.ended.connect(self._arm_ended, Qt.ConnectionType.QueuedConnection)

    def read(self) -> None:
        """Ask for the trials of other days."""
        self._library.shelf.ask(TrialsWanted())

    def shutdown(self) -> None:
        """No arm begins any more; what is to be trained yet can be on another day."""
        self.current = None

    @property
    def can_start(self) -> bool:
        """Whether the one training slot is free."""
        return self.current is None and self._training.view.can_start

    def start(self, experiment: Experiment) -> None:
        """Try it: train its arms one after the other, each into a run of its own."""
        if self.can_start:
            trial = new_trial(experiment)
            self._library.shelf.keep(trial)
            self._add(trial)
            self.go_on(trial)

    def go_on(self, trial: Trial) -> None:
        """Train what is not trained of a trial yet; arms that are done stay as they are."""
        if self.can_start:
            self.current = trial
            self._tried.clear()
            self._next_arm()

    def stop(self) -> None:
        """Stop the trial that trains; the arm that trains is kept as it is."""
        if self.current is not None:
            self._training.stop()

    def forget(self, trial: Trial) -> Callable[[], None]:
        """Take a trial off the list; its runs stay. Returns what brings it back."""
        self.trials = tuple(other for other in self.trials if other.path != trial.path)
        self._library.shelf.forget(trial)
        self.changed.emit()

        def restore() -> None:
            self._library.shelf.keep(trial)
            self._add(trial)

        return restore

    def arms(self, trial: Trial) -> tuple[ArmProgress, ...]:
        """How far the arms are, by what their run folders say."""
        return tuple(
            self._progress(arm.label, arm.config.epochs, folder)
            for arm, folder in zip(trial.experiment.arms, trial.folders, strict=True)
        )

    def _add(self, *trials: Trial) -> None:
        known = {trial.path: trial for trial in (*trials, *self.trials)}
        self.trials = tuple(known[path] for path in sorted(known, reverse=True))
        self.changed.emit()

    def _progress(self, label: str, epochs: int, folder: Path) -> ArmProgress:
        view = self._training.view
        if view.request is not None and view.request.folder == folder:
            return ArmProgress(label, folder, "training", view.step / max(view.steps, 1))
        info = self._library.find(folder)
        if info is None:
            return ArmProgress(label, folder, "waiting", 0.0)
        if _is_done(info):
            return ArmProgress(label, folder, "finished", 1.0)
        status: ArmStatus = "failed" if info.status == "failed" else "stopped"
        return ArmProgress(label, folder, status, info.epoch / epochs)

    def _next_arm(self) -> None:
        trial = self.current
        assert trial is not None
        for number, folder in enumerate(trial.folders):
            info = self._library.find(folder)
            if folder not in self._tried and not (info is not None and _is_done(info)):
                self._arm = number
                self._tried.add(folder)
                self._training.start(self._request(trial, number, info))
                return
        self.current = None
        self.changed.emit()
        if sum(arm.has_run for arm in self.arms(trial)) > 1:
            self.finished.emit(trial)

    def _request(self, trial: Trial, number: int, info: RunInfo | None) -> TrainRequest:
        arm, folder = trial.experiment.arms[number], trial.folders[number]
        if info is not None:
            return TrainRequest(
                info.spec,
                info.config,
                info.variant,
                info.name,
                folder,
                resume=True,
                background=True,
            )
        name = arm_name(trial, number)
        return TrainRequest(arm.spec, arm.config, arm.variant, name, folder, background=True)

    @Slot(object)
    def _hear(self, view: TrainingView) -> None:
        """Of the training: some times a second."""
        if self.can_start != self._could_start:
            self._could_start = self.can_start
            self.changed.emit()
        elif self.current is not None:
            self.progressed.emit()

    @Slot(object)
    def _remember_end(self, end: object) -> None:
        self._end = end

    @Slot()
    def _arm_ended(self, *_: object) -> None:
        """Go on with the next arm, unless somebody stopped this one or it met a fault that the
        next would meet, too. A loss that is no number is a result like any other."""
        if self.current is None:
            return
        end = self._end
        done = isinstance(end, TrainingDone) and end.reason == "finished"
        wrecked = isinstance(end, TrainingFailed) and end.code == "train.not_finite"
        if (done or wrecked) and self._training.view.can_start:
            self._next_arm()
        else:
            self.current = None
            self.changed.emit()

    @Slot(object)
    def _move(self, folder: Path) -> None:
        """The run of an arm is written elsewhere from now on."""
        trial = self.current
        if trial is None or trial.folders[self._arm] == folder:
            return
        folders = (*trial.folders[: self._arm], folder, *trial.folders[self._arm + 1 :])
        moved = replace(trial, folders=folders)
        self._tried.add(folder)
        self.current = moved
        self.trials = tuple(moved if other is trial else other for other in self.trials)
        self._library.shelf.keep(moved)
        self.changed.emit()

    @Slot(object)
    def _take(self, answer: Answer) -> None:
        if isinstance(answer, TrialsRead):
            self._add(*answer.trials)
        elif isinstance(answer, TrialUnwritten):
            self.failed.emit(answer.error)


def _is_done(info: RunInfo) -> bool:
    return info.status == "finished" or info.epoch >= info.config.epochs
