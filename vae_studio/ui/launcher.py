"""``Launcher``: every way to begin a training: the plan, a run, the weights that are shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Signal

from vae_studio.core.errors import StudioError
from vae_studio.core.moments import list_moments
from vae_studio.core.origin import derived_seed
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.session.folders import free_folder, new_run_folder, new_run_name
from vae_studio.workers.train_thread import Branch, TrainRequest

if TYPE_CHECKING:
    from vae_studio.core.runs import RunInfo
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.core.spec import ModelSpec, TrainConfig
    from vae_studio.ui.library import Library
    from vae_studio.ui.plan import TrainingPlan
    from vae_studio.ui.training import Training


class Launcher(QObject):
    """Signals: ``failed(StudioError)``; ``replaced(name)``: the run of that name ends, and is kept,
    for another one that begins."""

    failed = Signal(object)
    replaced = Signal(str)

    def __init__(
        self,
        training: Training,
        library: Library,
        plan: TrainingPlan,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._training, self._library, self._plan = training, library, plan

    def start(self, spec: ModelSpec, config: TrainConfig, variant: str) -> None:
        """Train a new model into a new run folder of the user's."""
        self._training.start(self._request(spec, config, variant))

    def train_plan(self, held: Literal["", "step", "epoch"] = "") -> None:
        """Train what the forms say. held: wait after the first step, or epoch."""
        if not self._plan.problems:
            plan = self._plan.plan
            self._training.start(self._request(plan.spec, plan.config, plan.variant, held=held))

    def start_or_pause(self) -> None:
        """Train what the forms say, or hold, or go on."""
        if self._training.view.can_start:
            self.train_plan()
        else:
            self._training.pause_resume_or_save()

    def train_a_little(self, much: Literal["step", "epoch"]) -> None:
        """One step or one epoch of the run that is held, or of a new one; then wait."""
        if self._training.view.can_start:
            self.train_plan(held=much)
        elif much == "step":
            self._training.step_once()
        else:
            self._training.epoch_once()

    def resume(self, info: RunInfo) -> None:
        """Go on with a run where it was saved; says so where something trains already."""
        if not self._training.view.can_start:
            self.failed.emit(StudioError("train.busy", name=info.name))
            return
        self._training.start(
            TrainRequest(info.spec, info.config, info.variant, info.name, info.path, resume=True)
        )

    def restart(self, snapshot: Snapshot, **changes: Any) -> None:
        """Train again from the initial weights of a run; the rest is as the forms say. With
        ``mean_bias`` the last bias is that of the images that are learned now.

        changes: of any fields, but for those that shape the weights.
        """
        begun = {name: getattr(snapshot.config, name) for name in ("seed", "init", "mean_bias")}
        spec, config = _changed(snapshot.spec, replace(self._plan.plan.config, **begun), changes)
        request = self._request(spec, config, self._variant(snapshot), again=Path(snapshot.run))
        self._start_instead(request)

    def again(self, request: TrainRequest, **changes: Any) -> None:
        """Train as that run was, from the same initial weights, but for these fields; forms that
        say of one what the run did follow."""
        spec, config = _changed(request.spec, request.config, changes)
        was, said = _fields(request.spec, request.config), self._plan.plan
        for field, value in changes.items():
            if _fields(said.spec, said.config)[field] == was[field]:
                self._plan.set_value(field, value)
        self._start_instead(self._request(spec, config, request.variant, again=request.folder))

    def branch(self, snapshot: Snapshot, **changes: Any) -> None:
        """Train on from these weights as a new run: a fresh Adam, a derived seed, and the rest as
        the forms say. changes: of fields of the training."""
        seed = derived_seed(snapshot.config.seed, snapshot.step)
        config = replace(self._plan.plan.config, seed=seed)
        spec, config = _changed(snapshot.spec, config, changes)
        branch = Branch(Path(snapshot.run), snapshot.step, snapshot)
        self._start_instead(self._request(spec, config, self._variant(snapshot), branch=branch))

    def branch_at_epoch(self, folder: Path, epoch: int, **changes: Any) -> None:
        """Train on as that run did, from the end of an epoch, but for these fields. Says so where
        the weights of that epoch were not kept."""
        try:
            info = read_run(folder)
            steps = [int(row["step"]) for row in read_metrics(folder) if row["epoch"] == epoch]
        except StudioError as error:
            self.failed.emit(error)
            return
        if not steps or steps[0] not in list_moments(folder):
            self.failed.emit(StudioError("train.no_moment", epoch=epoch, name=info.name))
            return
        seed = derived_seed(info.config.seed, steps[0])
        spec, config = _changed(info.spec, replace(info.config, seed=seed), changes)
        branch = Branch(folder, steps[0])
        self._start_instead(self._request(spec, config, info.variant or "vae", branch=branch))

    def save_in(self, place: Path | str) -> None:
        """Write a run that is held into a folder of its own in ``place``, and go on there."""
        request = self._training.view.request
        if request is not None:
            self._training.save_in(free_folder(Path(place) / request.folder.name))

    def _request(
        self, spec: ModelSpec, config: TrainConfig, variant: str, **more: Any
    ) -> TrainRequest:
        taken = {run.name for run in self._library.runs()}
        name, folder = new_run_name(variant, taken), new_run_folder(variant)
        return TrainRequest(spec, config, variant, name, folder, **more)

    def _start_instead(self, request: TrainRequest) -> None:
        before = self._training.view.request
        if before is not None and self._training.view.can_stop:
            self.replaced.emit(before.name)
        self._training.start_instead(request)

    def _variant(self, snapshot: Snapshot) -> str:
        for info in self._library.runs():
            if info.path == Path(snapshot.run):
                return info.variant or "vae"
        return "vae"


def _fields(spec: ModelSpec, config: TrainConfig) -> dict[str, Any]:
    return {**vars(spec), **vars(config)}


def _changed(
    spec: ModelSpec, config: TrainConfig, changes: dict[str, Any]
) -> tuple[ModelSpec, TrainConfig]:
    of_spec = {name: value for name, value in changes.items() if hasattr(spec, name)}
    of_config = {name: value for name, value in changes.items() if hasattr(config, name)}
    return replace(spec, **of_spec), replace(config, **of_config)
