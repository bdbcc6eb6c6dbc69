"""``TrainingDoctor``: watches what trains, says what goes wrong, and applies what helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.doctor import Doctor
from vae_studio.core.findings import Finding, Remedy

if TYPE_CHECKING:
    from vae_studio.core.control import ChangedField
    from vae_studio.core.events import Event
    from vae_studio.ui.launcher import Launcher
    from vae_studio.ui.training import Training
    from vae_studio.workers.train_thread import TrainRequest


class TrainingDoctor(QObject):
    """request: the training that was watched last, and is watched while it runs.

    Signals: ``found(Finding)``: for a finding that is new, or has become serious;
    ``changed()``: what holds now, or what can be done about it.
    """

    found = Signal(object)
    changed = Signal()

    def __init__(
        self, training: Training, launcher: Launcher, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._training, self._launcher = training, launcher
        self.request: TrainRequest | None = None
        self._doctor: Doctor | None = None
        self._rows: Sequence[Mapping[str, float]] = ()
        self._told: object = None
        training.started.connect(self._begin)
        training.resumed.connect(self._take_rows)
        training.events_arrived.connect(self._hear)
        training.saved.connect(self._move)
        training.changed.connect(self._tell)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What holds, the serious first."""
        found = self._doctor.findings if self._doctor is not None else ()
        return tuple(sorted(found, key=lambda finding: finding.severity != "serious"))

    @property
    def watches(self) -> bool:
        """Whether something trains, and has made a step."""
        return self._doctor is not None and self._training.view.request is not None

    def can_apply(self, remedy: Remedy) -> bool:
        """A value can be changed while it trains; a new run can begin unless one is held that
        cannot be written."""
        if remedy.kind == "change":
            return self._training.view.can_change
        return self.request is not None and not self._training.view.can_save

    def likeliest(self, finding: Finding) -> Remedy | None:
        """The first of its remedies that can be had now."""
        return next((each for each in finding.remedies if self.can_apply(each)), None)

    def apply(self, remedy: Remedy) -> None:
        """Do what a remedy says; nothing where it cannot be done by now."""
        if self.request is None or not self.can_apply(remedy):
            return
        changes = {**remedy.spec, **remedy.config}
        if remedy.kind == "change":
            for field, value in changes.items():
                self._training.change(cast("ChangedField", field), value)
        elif remedy.kind == "restart":
            self._launcher.again(self.request, **changes)
        else:
            assert remedy.epoch is not None
            self._launcher.branch_at_epoch(self.request.folder, remedy.epoch, **changes)

    @Slot(object)
    def _begin(self, request: TrainRequest) -> None:
        self.request, self._doctor, self._rows = request, None, ()
        self._tell()

    @Slot(object)
    def _take_rows(self, rows: Sequence[Mapping[str, float]]) -> None:
        self._rows = rows

    @Slot(object)
    def _move(self, folder: Path) -> None:
        if self.request is not None:
            self.request = replace(self.request, folder=folder)

    @Slot(object)
    def _hear(self, events: Sequence[Event]) -> None:
        if self.request is None:
            return
        spec, config = self.request.spec, self.request.config
        if self._doctor is None:
            steps = self._training.view.steps // config.epochs
            self._doctor = Doctor(spec, config, steps * config.batch_size, self._rows)
        news = {each.code: each for event in events for each in self._doctor.hear(event)}
        self._tell()
        for finding in news.values():
            self.found.emit(finding)

    @Slot(object)
    def _tell(self, *_: object) -> None:
        """What holds, as of each epoch: not with every step that gives a finding other figures."""
        view = self._training.view
        found = [(each.code, each.severity, each.epoch) for each in self.findings]
        told = (found, view.can_change, view.can_save, self.watches, self.request)
        if told != self._told:
            self._told = told
            self.changed.emit()
