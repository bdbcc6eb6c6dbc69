"""``RunRecorder`` writes a training as a run folder, as it goes, and takes one up again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from vae_studio.core.checkpoint import INITIAL, RUN, pack_initial, save_generation
from vae_studio.core.data import Dataset
from vae_studio.core.datasets.table import record_of
from vae_studio.core.durable import remove_leftovers, write_bytes, write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.lock import RunLock
from vae_studio.core.metrics import losses, metrics_bytes, metrics_row, rows_until
from vae_studio.core.moment_files import MomentWriter
from vae_studio.core.moments import LIMIT, MAX_BYTES
from vae_studio.core.origin import Origin
from vae_studio.core.pictures import grid, png
from vae_studio.core.resume import TRAINING, check_position, load_training, training_bytes
from vae_studio.core.runs import (
    RunInfo,
    Status,
    WeightsType,
    clean_name,
    config_values,
    read_run,
)
from vae_studio.core.trainer import TrainState

_SAVE_SECONDS = 60.0  # at least so often, where epochs take longer


class RunRecorder:
    """Feed it every event of a training; after each epoch and at the end the folder is whole.

    Nobody else can write to the run until ``close``, which leaving a ``with`` block calls. A write
    that fails raises ``CheckpointError`` and loses nothing: what was saved before is whole, what
    was not is still here, and ``save`` or ``move_to`` tries again.

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
        origin: Origin | None = None,
        moments: int = LIMIT,
        moment_bytes: int = MAX_BYTES,
    ) -> None:
        """Nothing is written before the first ``save`` or ``record``.

        origin: of a state that begins with the weights of another run; they are kept, too.
        moments, moment_bytes: how many are kept along the way at most, and how large together; 0
        for none. A run that is handed on has none.
        """
        initial = b"" if origin is None else pack_initial(state.model.state_dict())
        if origin is not None:
            origin = replace(origin, digest=hashlib.sha256(initial).hexdigest())
        info = RunInfo(
            path=folder,
            name=clean_name(name) or folder.name,
            variant=variant,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command.encode(errors="replace").decode(),  # a path may be no text
            spec=state.spec,
            config=state.config,
            weights=weights,
            status="running",
            epoch=0,
            step=0,
            seconds=0.0,
            evaluated_epoch=0,
            evaluated_step=0,
            evaluation=None,
            origin=origin,
            data=record_of(state.config.dataset),
        )
        self._begin(state, info, [])
        if initial:
            self._unwritten[INITIAL] = initial
        self._moments: MomentWriter | None = None
        if weights == "float32":
            self._moments = MomentWriter(folder, state, moments, moment_bytes)

    def _begin(self, state: TrainState, info: RunInfo, rows: Sequence[dict[str, float]]) -> None:
        self.state, self.info = state, info
        self.older = False
        self._rows = list(rows)
        self._unwritten: dict[str, bytes] = {}  # by name in the folder
        self._on_disk: RunInfo | None = None  # what config.json says
        self._lock: RunLock | None = None
        self._saved: _Moment | None = None  # of the weights on disk
        self._previous: int | None = None  # the good generation, where the newest is damaged
        self._saved_at = time.monotonic()

    @classmethod
    def resume(
        cls, folder: Path, images: Dataset | None = None, moment_bytes: int = MAX_BYTES
    ) -> Self:
        """Take up a run where it was saved: ``state`` is what to train on. Nothing is written yet.

        images: of the training set, to check that it is the one it was trained on. moment_bytes: as
        for a new one; moments that are there stay.
        ``older`` says that the newest checkpoint was damaged and this is the one before. Raises
        ``CheckpointError``: ``runs.locked`` where another program writes to it,
        ``runs.finished`` where there is nothing left to train.
        """
        recorder = cls.__new__(cls)
        if read_run(folder).bundled:  # only ever lock a run folder, and one that is the user's
            raise CheckpointError("runs.bundled", path=folder.name)
        lock = RunLock(folder)
        lock.acquire()
        try:
            found = load_training(folder)
            if images is not None:
                check_position(found.state, images, found.info)
            if found.state.epoch >= found.state.config.epochs:
                # Cut between its last weights and the word that it was done.
                values = config_values(replace(found.info, status="finished"))
                with contextlib.suppress(OSError):
                    write_json(folder / "config.json", values)
                raise CheckpointError("runs.finished", name=found.info.name)
            rows = rows_until(folder, found.state.epoch, found.state.step)
            recorder._begin(found.state, replace(found.info, status="running"), rows)
        except BaseException:
            lock.release()
            raise
        with contextlib.suppress(OSError):
            remove_leftovers(folder)
        recorder._on_disk = found.info
        recorder._lock = lock
        recorder.older = found.older
        if found.older:
            recorder._previous = found.generation
        else:
            recorder._saved = _moment(found.state)
        recorder._note_metrics()
        recorder._moments = MomentWriter(folder, found.state, max_bytes=moment_bytes)
        recorder._moments.take_up(found.state.step, losses(recorder._rows))
        return recorder

    @property
    def rows(self) -> tuple[dict[str, float], ...]:
        """``metrics.csv`` so far: a row for each epoch."""
        return tuple(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let others write to the run; nothing is saved here."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def record(self, event: Event) -> None:
        """Take note of one event; writes at the end of an epoch and of the run, and in long epochs
        once a minute."""
        if isinstance(event, StepDone):
            self._note_moment(event)
            if time.monotonic() - self._saved_at >= _SAVE_SECONDS:
                self.save()
            return
        if isinstance(event, EpochDone):
            self.info = replace(
                self.info,
                evaluated_epoch=event.epoch,
                evaluated_step=event.step,
                evaluation=event.test,
                seconds=self.info.seconds + event.seconds,
            )
            self._rows.append(metrics_row(event))
            self._note_metrics()
            picture = png(grid(event.samples, columns=4))
            self._unwritten[f"samples/epoch-{event.epoch:04d}.png"] = picture
        elif isinstance(event, TrainingDone):
            self.info = replace(self.info, status=event.reason)
        elif isinstance(event, TrainingFailed):
            self.info = replace(self.info, status="failed")
        self.save()
        self._note_moment(event)

    def _note_moment(self, event: Event) -> None:
        """Weights along the way; only once the folder is ours."""
        if self._moments is not None and self._lock is not None:
            loss = event.test.negative_elbo if isinstance(event, EpochDone) else None
            self._moments.note(self.state, loss, is_last=not isinstance(event, StepDone))

    def save(self) -> None:
        """Write what is not on disk yet. Call it between two steps only."""
        self._note_progress()
        try:
            self._make_folder()
            for name, content in list(self._unwritten.items()):
                write_bytes(self.info.path / name, content)
                del self._unwritten[name]
            now = _moment(self.state)
            if now != self._saved:
                self._save_weights()
                self._saved, self._previous = now, None
            self._write_info(self.info)
            if self._moments is not None and not self.state.step:
                self._moments.note(self.state)
        except OSError as error:
            raise _cannot_write(self.info.path, error) from error
        self._saved_at = time.monotonic()

    def _write_info(self, info: RunInfo) -> None:
        write_json(info.path / "config.json", config_values(info))
        self._on_disk = info

    def save_status(self, status: Status) -> None:
        """Note how the run ended, beside the last checkpoint: for faults that may have come in
        the middle of a step, after which the weights are worth nothing. All else stays as it was
        saved; nothing happens where the run never was."""
        if self._lock is None or self._on_disk is None:
            return
        try:
            self._write_info(replace(self._on_disk, status=status))
        except OSError as error:
            raise _cannot_write(self.info.path, error) from error

    def move_to(self, folder: Path) -> None:
        """Save the run in another folder, a new one, from now on: for when this one cannot be
        written any more. What is in the old one stays there. Where it fails, nothing has changed.
        """
        before = self.info, self._lock, self._saved, self._previous, dict(self._unwritten)
        old = self.info.path
        self.info, self._lock = replace(self.info, path=folder), None
        self._saved = self._previous = None
        self._note_metrics()
        if before[1] is not None:
            self._take_along(old)
        try:
            self.save()
        except BaseException:
            if self._lock is not None:  # so all that is in it is ours
                shutil.rmtree(folder, ignore_errors=True)
            self.close()
            self.info, self._lock, self._saved, self._previous, self._unwritten = before
            raise
        if self._moments is not None:
            self._moments.move(folder)
        if before[1] is not None:
            before[1].release()

    def _take_along(self, old: Path) -> None:
        """What is only on disk: pictures, and the first weights."""
        if self.info.origin is not None and INITIAL not in self._unwritten:
            with contextlib.suppress(OSError):
                self._unwritten[INITIAL] = (old / INITIAL).read_bytes()
        with contextlib.suppress(OSError):  # its disk may be broken, or gone
            for picture in sorted((old / "samples").glob("epoch-*.png")):
                with contextlib.suppress(OSError):
                    self._unwritten.setdefault(f"samples/{picture.name}", picture.read_bytes())

    def _make_folder(self) -> None:
        if self._lock is None:
            self._lock = _take(self.info.path)
        (self.info.path / "samples").mkdir(exist_ok=True)

    def _note_progress(self) -> None:
        state = self.state
        self.info = replace(
            self.info,
            epoch=state.epoch,
            step=state.step,
            journal=tuple((change.step, change.field, change.value) for change in state.journal),
        )

    def _note_metrics(self) -> None:
        self._unwritten["metrics.csv"] = metrics_bytes(self._rows)

    def _save_weights(self) -> None:
        """A run that goes on keeps the generation before, and what it needs to go on."""
        state, info = self.state, self.info
        going_on = info.weights == "float32"
        then = json.dumps(config_values(info), ensure_ascii=False, allow_nan=False).encode()
        save_generation(
            info.path,
            state.model.state_dict(),
            info.weights,
            {RUN: then, TRAINING: training_bytes(state)} if going_on else {},
            keep_previous=going_on,
            epoch=state.epoch,
            step=state.step,
            previous=self._previous,
        )


_Moment = tuple[int, int, int]


def _moment(state: TrainState) -> _Moment:
    """Differs where the state does: an epoch ends, and a value is changed, without a step."""
    return state.epoch, state.step, len(state.journal)


def _take(folder: Path) -> RunLock:
    """Make a new folder for a run and lock it; ``CheckpointError`` where something is in it."""

    def refuse_content() -> None:
        if folder.exists() and any(path.name != ".lock" for path in folder.iterdir()):
            raise CheckpointError("checkpoint.exists", path=str(folder))

    refuse_content()
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    lock = RunLock(folder)
    try:
        lock.acquire()
        refuse_content()  # another program may have been quicker
    except BaseException:
        lock.release()
        if is_new:
            with contextlib.suppress(OSError):
                folder.rmdir()  # which goes only while it is empty
        raise
    return lock


def _cannot_write(folder: Path, error: OSError) -> CheckpointError:
    reason = error.strerror or str(error)
    return CheckpointError("checkpoint.write", path=str(folder), reason=reason)
