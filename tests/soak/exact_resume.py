"""A training that is cut at a random moment, saved, thrown away and taken up: no bit differs from
one that was never cut. And a part of its state that is not taken from disk is noticed."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from tests.helpers import part, quick, tiny
from tests.soak.alone import main, run_alone
from tests.soak.outcome import Counts, Outcome
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.control import ChangedField, TrainControl
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.errors import StudioError
from vae_studio.core.events import EpochDone, StepDone
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training, training_tensors
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

COUNTS: Counts = {"test": 2, "soak": 6, "full": 20}  # cuts for each kind of model

SPECS: dict[str, ModelSpec] = {
    "plain": tiny(VARIANTS["vae-32"]),
    "batchnorm": tiny(VARIANTS["vae-batchnorm"]),
    "dropout": tiny(VARIANTS["vae-32"], hidden_dropout=0.2, latent_dropout=0.2),
    "cvae": tiny(VARIANTS["cvae"]),
}
EPOCHS, STEPS = 3, 8
IMAGES = 16 * STEPS - 6  # the last batch is smaller
CONFIG = quick(
    epochs=EPOCHS,
    batch_size=16,
    beta=2.0,
    beta_warmup=2,
    schedule="cosine",
    grad_clip=40.0,
    weight_decay=1e-4,
)
CHANGES: tuple[tuple[int, ChangedField, float], ...] = (
    (6, "beta", 3.5),
    (13, "learning_rate", 1e-3),
)
_PART_CUT = 14  # in the second epoch, after both changes
_FRESH_EVERY = 8  # one in so many goes on in a process that has just been started
_TWICE_EVERY = 3


def run(count: int, seed: int, folder: Path) -> Outcome:
    """``count`` cuts of each kind of model, and each part of the state left out once."""
    return run_alone("tests.soak.exact_resume", count, seed, folder)


@dataclass(frozen=True)
class Cut:
    """Where to stop: after that step, while the model is measured after it, or after its epoch."""

    kind: Literal["step", "measuring", "epoch"]
    step: int

    def __str__(self) -> str:
        return f"{self.kind} {self.step}"


class Control(TrainControl):
    """Stops while a model is measured: the second time that somebody asks after the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.stop_measuring = False
        self._asked = 0

    @property
    def stopped(self) -> bool:
        if self.stop_measuring:
            self._asked += 1
            if self._asked > 1:
                self.stop()
        return super().stopped


def drive(recorder: RunRecorder, data: DatasetPair, cut: Cut | None = None) -> None:
    """Train to the end or to the cut, with the changes in mid-run; all is saved."""
    state, control = recorder.state, Control()

    def steer() -> None:
        for step, field, value in CHANGES:
            if state.step == step - 1:
                control.set(field, value)
        if cut and cut.kind == "step" and state.step == cut.step:
            control.stop()
        control.stop_measuring = bool(cut and cut.kind == "measuring" and state.step == cut.step)

    recorder.save()
    steer()
    for event in train(state, data, control):
        recorder.record(event)
        if isinstance(event, StepDone):
            steer()
        if isinstance(event, EpochDone) and cut and cut.kind == "epoch" and event.step == cut.step:
            control.stop()


def start(folder: Path, spec: ModelSpec, data: DatasetPair, cut: Cut | None = None) -> None:
    """A new run, to the end or to the cut."""
    with RunRecorder(folder, new_state(spec, CONFIG), "run") as recorder:
        drive(recorder, data, cut)


def go_on(folder: Path, data: DatasetPair, cut: Cut | None = None) -> None:
    """A run from disk, to the end or to the cut."""
    with RunRecorder.resume(folder, data.train) as recorder:
        drive(recorder, data, cut)


def whole(folder: Path) -> dict[str, Any]:
    """All that a run is at its end, but for how long it took: by name."""
    info, found, snapshot = read_run(folder), load_training(folder), load_snapshot(folder)
    state = found.state
    parts: dict[str, Any] = {
        f"weights {key}": value for key, value in state.model.state_dict().items()
    }
    parts |= {f"snapshot {key}": value for key, value in snapshot.weights.items()}
    tensors = training_tensors(state)
    tensors["values"] = tensors["values"][:4]  # the last is seconds
    parts |= tensors
    parts["journal"] = [(c.step, c.field, c.value) for c in state.journal]
    parts["older"] = (found.older, snapshot.older)
    for name in ("status", "epoch", "step", "evaluated_epoch", "evaluated_step", "evaluation"):
        parts[f"config {name}"] = getattr(info, name)
    parts["config journal"] = info.journal
    rows = read_metrics(folder)
    parts["metrics"] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    pictures = sorted((folder / "samples").iterdir())
    parts["pictures"] = [(path.name, path.read_bytes()) for path in pictures]
    return parts


def different(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """The names of what is not the same, bit for bit."""

    def differs(name: str) -> bool:
        if name not in one or name not in other:
            return True
        a, b = one[name], other[name]
        if isinstance(a, torch.Tensor):
            if (a.dtype, a.shape) != (b.dtype, b.shape):
                return True
            return bool(a.numpy().tobytes() != b.numpy().tobytes())
        return bool(a != b)

    return [name for name in sorted(one.keys() | other.keys()) if differs(name)]


def _data() -> DatasetPair:
    return part(load_dataset("mnist"), IMAGES, 48)


def _cuts(count: int, chance: random.Random) -> list[Cut]:
    """The ends of epochs, a measuring and the moment before the first step, and random ones."""
    last = EPOCHS * STEPS
    fixed = [
        Cut("step", STEPS),
        Cut("measuring", 2 * STEPS),
        Cut("step", 0),
        Cut("epoch", STEPS),
        Cut("measuring", last),
        Cut("step", CHANGES[0][0] - 1),
        Cut("epoch", 2 * STEPS),
        Cut("step", last),
    ]
    chosen = fixed[: count // 2]
    while len(chosen) < count:
        chosen.append(Cut("step", chance.randrange(1, last)))
    return chosen


def _work(count: int, seed: int, folder: Path) -> Outcome:
    data = _data()
    failures: list[str] = []
    cuts = twice = fresh = 0
    uncut: dict[str, dict[str, Any]] = {}
    for name, spec in SPECS.items():
        start(folder / name, spec, data)
        uncut[name] = whole(folder / name)
        for number, cut in enumerate(_cuts(count, random.Random(f"{seed}-{name}"))):
            cuts += 1
            second = None
            if number % _TWICE_EVERY == 1 and cut.step < EPOCHS * STEPS - 2:
                low = max(cut.step + 1, 1)
                second = Cut("step", random.Random(f"{seed}-{number}").randrange(low, 3 * STEPS))
            in_fresh = cuts % _FRESH_EVERY == 2
            twice, fresh = twice + bool(second), fresh + in_fresh
            place = folder / f"{name}-{number}"
            what = f"seed {seed}, {name}, cut at {cut}, then at {second}, new process: {in_fresh}"
            try:
                start(place, spec, data, cut)
                if second:
                    go_on(place, data, second)
                _in_new_process(place) if in_fresh else go_on(place, data)
                found = different(whole(place), uncut[name])
            except Exception as error:
                found = [f"{type(error).__name__}: {error}"]
            if found:
                failures.append(f"{what}: {', '.join(found)[:300]}")
            shutil.rmtree(place)
    noticed, missed = _parts_left_out(folder, uncut, data)
    failures += missed
    return Outcome(
        f"{cuts - len(failures) + len(missed)} of {cuts} cuts go on exactly ({twice} cut twice, "
        f"{fresh} in a new process); {noticed} of {noticed + len(missed)} parts left out noticed",
        tuple(failures),
    )


def _in_new_process(folder: Path) -> None:
    command = [sys.executable, "-m", "tests.soak.exact_resume", "--go-on", str(folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])


Leave = Callable[[TrainState, TrainState], object]  # in the loaded state, what a fresh one has


def _leave_adam(name: str) -> Leave:
    def leave(state: TrainState, fresh: TrainState) -> None:
        for parts in state.optimizer.state.values():
            parts[name].zero_()  # what Adam begins with

    return leave


def _leave_weights(state: TrainState, fresh: TrainState) -> None:
    with torch.no_grad():
        for parameter, other in zip(
            state.model.parameters(), fresh.model.parameters(), strict=True
        ):
            parameter.copy_(other)


def _leave_buffers(state: TrainState, fresh: TrainState) -> None:
    for buffer, other in zip(state.model.buffers(), fresh.model.buffers(), strict=True):
        buffer.copy_(other)


def _leave_field(name: str) -> Leave:
    return lambda state, fresh: setattr(state, name, getattr(fresh, name))


PARTS: dict[str, Leave] = {
    "weights": _leave_weights,
    "batch norm's buffers": _leave_buffers,
    "exp_avg": _leave_adam("exp_avg"),
    "exp_avg_sq": _leave_adam("exp_avg_sq"),
    "Adam's step": _leave_adam("step"),
    "noise": _leave_field("noise"),
    "shuffle": _leave_field("shuffle"),
    "order": _leave_field("order"),
    "position": _leave_field("position"),
    "epoch": _leave_field("epoch"),
    "step": _leave_field("step"),
    "sums": _leave_field("sums"),
    "beta": _leave_field("beta"),
    "learning_rate": _leave_field("learning_rate"),
    "journal": _leave_field("journal"),
}


def _parts_left_out(
    folder: Path, uncut: dict[str, dict[str, Any]], data: DatasetPair
) -> tuple[int, list[str]]:
    """How many were noticed, and those that were not. First, that with all of them nothing is."""
    cut, spec = folder / "cut", SPECS["batchnorm"]
    start(cut, spec, data, Cut("step", _PART_CUT))
    missed = []
    for name, leave in {"nothing": lambda state, fresh: None, **PARTS}.items():
        place = folder / "part"
        shutil.copytree(cut, place)
        try:
            with RunRecorder.resume(place, data.train) as recorder:
                leave(recorder.state, new_state(spec, CONFIG))
                drive(recorder, data)
            found = different(whole(place), uncut["batchnorm"])
        except (StudioError, ValueError, RuntimeError, IndexError, ZeroDivisionError) as error:
            found = [str(error)]
        if bool(found) != (name != "nothing"):
            missed.append(f"left out: {name}, different: {found}")
        shutil.rmtree(place)
    return len(PARTS) - len(missed), missed


if __name__ == "__main__":
    if sys.argv[1] == "--go-on":
        torch.set_num_threads(1)
        go_on(Path(sys.argv[2]), _data())
    else:
        main(_work)
