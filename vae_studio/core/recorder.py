"""``RunRecorder`` writes a training as a run folder, as it goes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from vae_studio.core.checkpoint import save_weights, training_tensors
from vae_studio.core.durable import write_bytes, write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, Event, TrainingDone, TrainingFailed
from vae_studio.core.measures import Evaluation
from vae_studio.core.pictures import grid, png
from vae_studio.core.runs import RunInfo, WeightsType, config_values
from vae_studio.core.trainer import TrainState

METRICS = (
    "epoch",
    "step",
    "train_reconstruction",
    "train_kl",
    "test_reconstruction",
    "test_kl",
    "beta",
    "learning_rate",
    "active_units",
    "seconds",
)


class RunRecorder:
    """Feed it every event of a training; after each epoch and at the end the folder is whole.

    weights: type on disk. ``float16`` halves the size and leaves out the training state: for
    models that are handed on, not for runs that go on.
    """

    def __init__(
        self,
        folder: Path,
        state: TrainState,
        name: str,
        variant: str = "",
        command: str = "",
        weights: WeightsType = "float32",
    ) -> None:
        self._state = state
        self._rows: list[dict[str, float]] = []
        self.last_evaluation: Evaluation | None = None
        self.info = RunInfo(
            path=folder,
            name=name,
            variant=variant,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command,
            spec=state.spec,
            config=state.config,
            weights=weights,
            status="running",
            epoch=0,
            step=0,
            seconds=0.0,
            evaluated_epoch=0,
            evaluation=None,
        )
        self._saved_step = -1
        try:
            if folder.exists() and any(folder.iterdir()):
                raise CheckpointError("checkpoint.exists", path=str(folder))
            (folder / "samples").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CheckpointError(
                "checkpoint.write", path=str(folder), reason=error.strerror or str(error)
            ) from error
        self._save()

    def record(self, event: Event) -> None:
        """Take note of one event; writes at the end of an epoch and of the run."""
        if isinstance(event, EpochDone):
            self.last_evaluation = event.test
            self.info = replace(
                self.info,
                evaluated_epoch=event.epoch,
                evaluation=event.test,
                seconds=self.info.seconds + event.seconds,
            )
            self._add_row(event)
            picture = png(grid(event.samples, columns=4))
            self._write(self.info.path / "samples" / f"epoch-{event.epoch:04d}.png", picture)
            self._save()
        elif isinstance(event, TrainingDone):
            self.info = replace(self.info, status=event.reason)
            self._save()
        elif isinstance(event, TrainingFailed):
            self.info = replace(self.info, status="failed")
            self._save()

    def _add_row(self, event: EpochDone) -> None:
        values = (
            event.epoch,
            event.step,
            event.train.reconstruction,
            event.train.kl,
            event.test.terms.reconstruction,
            event.test.terms.kl,
            event.beta,
            event.learning_rate,
            event.test.active_units,
            round(event.seconds, 3),
        )
        self._rows.append(dict(zip(METRICS, values, strict=True)))
        text = io.StringIO()
        writer = csv.DictWriter(text, METRICS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        self._write(self.info.path / "metrics.csv", text.getvalue().encode())

    def _save(self) -> None:
        state = self._state
        self.info = replace(
            self.info,
            epoch=state.epoch,
            step=state.step,
            journal=tuple((change.step, change.field, change.value) for change in state.journal),
        )
        try:
            if state.step != self._saved_step:
                self._save_weights()
                self._saved_step = state.step
            write_json(self.info.path / "config.json", config_values(self.info))
        except OSError as error:
            raise self._cannot_write(error) from error

    def _save_weights(self) -> None:
        """A run that goes on keeps the generation before, and what it needs to go on."""
        state, path, kind = self._state, self.info.path, self.info.weights
        if kind == "float32":
            training, keep_previous = training_tensors(state), True
        else:
            training, keep_previous = None, False
        save_weights(
            path,
            state.model.state_dict(),
            kind,
            training,
            keep_previous,
            epoch=state.epoch,
            step=state.step,
        )

    def _write(self, path: Path, content: bytes) -> None:
        try:
            write_bytes(path, content)
        except OSError as error:
            raise self._cannot_write(error) from error

    def _cannot_write(self, error: OSError) -> CheckpointError:
        reason = error.strerror or str(error)
        return CheckpointError("checkpoint.write", path=str(self.info.path), reason=reason)
