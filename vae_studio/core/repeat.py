"""Training a run again from its record, to see whether the same numbers come out.

The record is what its folder holds: specification, configuration, the journal of what was changed
while it trained, and for a branch the weights that it began with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from vae_studio.core.checkpoint import load_initial, load_snapshot
from vae_studio.core.control import Change, TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.events import EpochDone, StepDone
from vae_studio.core.metrics import metrics_row
from vae_studio.core.runs import RunInfo, read_metrics
from vae_studio.core.trainer import TrainState, new_state, train

_OF_THE_CLOCK = ("seconds",)  # the only figure that may differ


@dataclass(frozen=True)
class EpochRepeated:
    """One epoch again. different: the figures that are not the same, by name: then, now; of a run
    whose figures of that epoch are lost, None."""

    epoch: int
    different: dict[str, tuple[float, float]] | None


@dataclass(frozen=True)
class WeightsRepeated:
    """The end of the run again. same: whether the weights are, bit for bit; None where they were
    saved in float16, or are of another step. largest: the largest difference of one weight."""

    step: int
    same: bool | None
    largest: float


def first_state(info: RunInfo, images: Tensor | None = None) -> TrainState:
    """How a run began: the state before its first step. images: that it was trained on."""
    weights = None if info.origin is None else load_initial(info)
    return new_state(info.spec, info.config, weights, images)


def repeat(
    info: RunInfo, data: DatasetPair, control: TrainControl | None = None
) -> Iterator[EpochRepeated | WeightsRepeated]:
    """Train ``info`` again as far as it came, and compare.

    control: to stop it; its own journal is not used. Raises ``CheckpointError`` where something of
    the record is missing or damaged.
    """
    state = first_state(info, data.train.images)
    rows = {int(row["epoch"]): row for row in read_metrics(info.path)}
    journal = [Change(step, field, value) for step, field, value in info.journal]  # type: ignore[arg-type]
    inner = TrainControl(journal)
    for event in train(state, data, inner, read_every=1):  # to stop after that very step
        if control is not None and control.stopped:
            return
        if isinstance(event, EpochDone):
            yield EpochRepeated(event.epoch, _differences(rows.get(event.epoch), event))
        measured = isinstance(event, EpochDone) or info.epoch <= state.epoch
        if isinstance(event, (StepDone, EpochDone)) and state.step >= info.step and measured:
            break
    yield _compare_weights(info, state)


def _differences(
    then: dict[str, float] | None, event: EpochDone
) -> dict[str, tuple[float, float]] | None:
    if then is None:
        return None
    return {
        name: (then[name], value)
        for name, value in metrics_row(event).items()
        if name not in _OF_THE_CLOCK and then.get(name) != value
    }


def _compare_weights(info: RunInfo, state: TrainState) -> WeightsRepeated:
    saved = load_snapshot(info.path)
    largest = max(
        float((saved.weights[key].double() - value.detach().cpu().double()).abs().max())
        for key, value in state.model.state_dict().items()
    )
    comparable = info.weights == "float32" and saved.step == state.step
    return WeightsRepeated(state.step, largest == 0.0 if comparable else None, largest)
