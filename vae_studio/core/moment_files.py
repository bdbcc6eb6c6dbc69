"""Moments of a training as files: ``history/step-000000123.safetensors``, in float16.

They are a luxury: a moment that cannot be written is missed, and the training goes on.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import torch
from torch import Tensor

from vae_studio.core.checkpoint import pack, parse_weights, unreadable
from vae_studio.core.errors import CheckpointError
from vae_studio.core.model import parameter_count
from vae_studio.core.moments import (
    FOLDER,
    LIMIT,
    MAX_BYTES,
    MomentSteps,
    list_moments,
    moment_path,
)
from vae_studio.core.reading import read_bounded
from vae_studio.core.runs import RunInfo, read_metrics
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.trainer import TrainState

log = logging.getLogger(__name__)

_LARGEST = torch.finfo(torch.float16).max
_OVERHEAD = 2**16  # bytes of a file that are no weights: header, counters


class MomentWriter:
    """Keeps moments of one run, in its folder: ``limit`` at most, of ``max_bytes`` together.

    Nothing is written before ``note`` finds a step that is due.
    """

    def __init__(
        self, run: Path, state: TrainState, limit: int = LIMIT, max_bytes: int = MAX_BYTES
    ) -> None:
        size = 2 * parameter_count(state.spec) + _OVERHEAD
        self._run, self._broken = run, False
        self._steps = MomentSteps(min(limit, max_bytes // size))
        self._lowest = float("inf")

    def take_up(self, step: int, epochs: Mapping[int, float]) -> None:
        """Go on with a run from ``step``: what came after it never was. epochs: the last step of
        each epoch, and its loss on the test set."""
        kept = []
        for each in list_moments(self._run):
            if each > step:
                self._remove(each)
            else:
                kept.append(each)
        self._steps = MomentSteps(self._steps.limit, kept, (s for s in kept if s in epochs))
        for ended, loss in epochs.items():
            self._note_best(ended, loss)
        for left in (self._run / FOLDER).glob("*.part"):
            with contextlib.suppress(OSError):
                left.unlink()

    def note(self, state: TrainState, loss: float | None = None, is_last: bool = False) -> None:
        """After a step; after an epoch, with its loss on the test set; and after the last step."""
        step, ends = state.step, loss is not None
        if self._steps.is_due(step, ends or is_last) and self._write(state):
            gone = self._steps.add(step, ends)
            if gone is not None:
                self._remove(gone)
        elif ends:
            self._steps.mark_epoch(step)
        if loss is not None:
            self._note_best(step, loss)

    def move(self, run: Path) -> None:
        """The run is in another folder from now on; its moments come along."""
        old, self._run = self._run, run
        try:
            if (old / FOLDER).is_dir():
                shutil.copytree(old / FOLDER, run / FOLDER, dirs_exist_ok=True)
        except OSError as error:
            self._give_up(error)

    def _note_best(self, step: int, loss: float) -> None:
        if loss < self._lowest:
            self._lowest, self._steps.best = loss, step

    def _write(self, state: TrainState) -> bool:
        """No sync: a moment that a crash of the system loses is one fewer."""
        path = moment_path(self._run, state.step)
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(exist_ok=True)  # and not the run's, whose disk may be gone
            with part.open("xb") as file:
                file.write(pack(_half(state.model.state_dict())))
            part.replace(path)
        except (OSError, MemoryError) as error:
            with contextlib.suppress(OSError):
                part.unlink()
            self._give_up(error)
            return False
        return True

    def _give_up(self, error: Exception) -> None:
        if not self._broken:
            log.warning("moments of the run are missed: %s", error)
        self._broken = True

    def _remove(self, step: int) -> None:
        with contextlib.suppress(OSError):
            moment_path(self._run, step).unlink()


def _half(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: value.detach().to("cpu").clamp(-_LARGEST, _LARGEST).half().contiguous()
        if value.is_floating_point()
        else value.detach().to("cpu").contiguous()
        for key, value in weights.items()
    }


def load_moment(info: RunInfo, step: int) -> Snapshot:
    """The weights of a run after ``step``, checked as those of a checkpoint are; in float32.

    Raises ``CheckpointError``.
    """
    path = moment_path(info.path, step)
    limit = 2 * parameter_count(info.spec) + 8 * len(info.spec.hidden) * 2 + _OVERHEAD
    try:
        if path.is_symlink() or not path.is_file():
            raise CheckpointError("checkpoint.no_moment", name=info.name, step=step)
        content = read_bounded(path, limit)
    except OSError as error:
        raise unreadable(info, error.strerror or str(error)) from error
    weights = parse_weights(content, replace(info, weights="float16"))
    return Snapshot(
        id=f"{info.path}@{step}-{crc32(content):08x}:moment",
        run=str(info.path),
        name=info.name,
        spec=info.spec,
        config=info.config,
        epoch=sum(row.get("step", float("inf")) <= step for row in _rows(info)),
        step=step,
        weights={
            key: value.float() if value.is_floating_point() else value
            for key, value in weights.items()
        },
        latent=info.evaluation.latent if info.evaluation else None,
        data=info.data,
    )


def _rows(info: RunInfo) -> list[dict[str, float]]:
    try:
        return read_metrics(info.path)
    except CheckpointError:
        return []
