"""A training that saves all the time, killed at a random moment: its run opens and goes on.

Beside it, under the same kills, a naive writer: the same training, saved straight over the files
of the save before.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import random
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from tests.forks import fork, wait
from tests.helpers import part, quick, tiny
from tests.soak.alone import main, run_alone
from tests.soak.outcome import Counts, Outcome
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.events import EpochDone
from vae_studio.core.housekeeping import find_interrupted
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import training_bytes
from vae_studio.core.runs import read_metrics, read_run
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import TrainState, new_state, train
from vae_studio.core.variants import VARIANTS

COUNTS: Counts = {"test": 6, "soak": 60, "full": 200}

SPECS: dict[str, ModelSpec] = {
    "plain": tiny(VARIANTS["vae-32"]),
    "batchnorm": tiny(VARIANTS["vae-batchnorm"]),
    "dropout": tiny(VARIANTS["vae-32"], hidden_dropout=0.2, latent_dropout=0.2),
    "cvae": tiny(VARIANTS["cvae"]),
}
STEPS = 4  # of an epoch
CONFIG = quick(epochs=10_000, batch_size=16)
_LATEST = 0.6  # seconds after the first save
_PATIENCE = 60.0  # seconds for the first save
_SAVING, _SAVES = 0, 1  # places in the shared memory: inside a save; how many are done, up to 255


def run(count: int, seed: int, folder: Path) -> Outcome:
    """Kill ``count`` trainings, and as many of the naive writer."""
    return run_alone("tests.soak.kills", count, seed, folder)


def _work(count: int, seed: int, folder: Path) -> Outcome:
    data = part(load_dataset("mnist"), 16 * STEPS, 32)
    uncut = {name: Uncut(spec, CONFIG, data) for name, spec in SPECS.items()}
    failures: list[str] = []
    hits = naive_hits = naive_lost = naive_mixed = 0
    for number in range(count):
        name = list(SPECS)[number % len(SPECS)]
        delay = random.Random(f"{seed}-{number}").uniform(0.0, _LATEST)
        what = f"seed {seed}, kill {number}, {name}, after {1000 * delay:.0f} ms"
        home = folder / f"kill-{number}"
        home.mkdir()
        killed = _killed(lambda note: _train(home / "run", name, data, note), delay)  # noqa: B023
        if killed is None:
            failures.append(f"{what}: it ended before it could be killed")
            continue
        hits += killed
        try:
            _check(home, uncut[name], data)
        except Exception as error:
            failures.append(f"{what}: {type(error).__name__}: {error}")
        naive = home / "naive"
        naive.mkdir()
        hit = _killed(lambda note: _train_naively(naive, name, data, note), delay)  # noqa: B023
        naive_hits += bool(hit)
        verdict = _naive_verdict(naive)
        naive_lost += verdict == "does not load"
        naive_mixed += verdict == "mixed"
        shutil.rmtree(home)
    opened = count - len(failures)
    return Outcome(
        f"{opened} of {count} open and resume ({hits} killed inside a save); naive writer: "
        f"{count - naive_lost - naive_mixed} of {count} ({naive_hits} inside a save, "
        f"{naive_lost} do not load, {naive_mixed} mix two moments)",
        tuple(failures),
    )


Note = Callable[[Callable[[], None]], None]  # does it, and notes meanwhile that this is a save


def _killed(train_: Callable[[Note], None], delay: float) -> bool | None:
    """Whether the kill hit a save; None where there was nothing to kill any more."""
    memory = mmap.mmap(-1, 2)  # shared with the child

    def note(save: Callable[[], None]) -> None:
        memory[_SAVING] = 1
        save()
        memory[_SAVES] = min(255, memory[_SAVES] + 1)
        memory[_SAVING] = 0

    child = fork(lambda: train_(note))
    limit = time.monotonic() + _PATIENCE
    while not memory[_SAVES] and time.monotonic() < limit:
        time.sleep(0.001)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return bool(memory[_SAVING]) if wait(child) == -signal.SIGKILL else None


def _train(run_folder: Path, name: str, data: DatasetPair, note: Note) -> None:
    state = new_state(SPECS[name], CONFIG)
    with RunRecorder(run_folder, state, name) as recorder:
        note(recorder.save)
        for event in train(state, data, TrainControl()):
            if isinstance(event, EpochDone):
                note(lambda: recorder.record(event))  # noqa: B023
            else:
                recorder.record(event)


class Uncut:
    """The same training without a kill, as far as somebody asks."""

    def __init__(self, spec: ModelSpec, config: TrainConfig, data: DatasetPair) -> None:
        self._state = new_state(spec, config)
        self._events = train(self._state, data, TrainControl())
        self._digests = [digest(self._state)]
        self._rows: list[tuple[float, float]] = []

    def digest(self, epoch: int) -> str:
        """Of all that the training is after that epoch."""
        self._go_to(epoch)
        return self._digests[epoch]

    def losses(self, epochs: int) -> list[tuple[float, float]]:
        """On the training set and on the test set, after each epoch."""
        self._go_to(epochs)
        return self._rows[:epochs]

    def _go_to(self, epoch: int) -> None:
        while len(self._digests) <= epoch:
            event = next(self._events)
            if isinstance(event, EpochDone):
                self._digests.append(digest(self._state))
                self._rows.append((event.train.total(), event.test.negative_elbo))


def digest(state: TrainState) -> str:
    """Of weights, optimiser, generators and counters."""
    seconds, state.epoch_seconds = state.epoch_seconds, 0.0
    found = hashlib.sha256(training_bytes(state))
    state.epoch_seconds = seconds
    for key, value in sorted(state.model.state_dict().items()):
        found.update(key.encode() + value.numpy().tobytes())
    return found.hexdigest()


def _check(home: Path, uncut: Uncut, data: DatasetPair) -> None:
    folder = home / "run"
    snapshot = load_snapshot(folder)
    expect("the newest checkpoint is whole", snapshot.older, False)
    expect("it says that it runs", read_run(folder).status, "running")
    expect("it is found", [info.path for info in find_interrupted(home)], [folder])
    expect("it is found once", find_interrupted(home), [])
    with RunRecorder.resume(folder, data.train) as recorder:
        state, control = recorder.state, TrainControl()
        expect("the opened weights are those", _weights(state), _bytes(snapshot.weights))
        expect("it stands at the end of an epoch", state.step, STEPS * state.epoch)
        expect("it is as it was then", digest(state), uncut.digest(state.epoch))
        before = state.epoch
        for event in train(state, data, control):
            recorder.record(event)
            if isinstance(event, EpochDone):
                expect("the epoch is exact", digest(state), uncut.digest(before + 1))
                control.stop()
    expect("an epoch more", state.epoch, before + 1)
    info, after = read_run(folder), load_snapshot(folder)
    expect("its status", info.status, "stopped")
    expect("its epochs", (info.epoch, info.evaluated_epoch, after.epoch), (before + 1,) * 3)
    expect("the saved weights", _bytes(after.weights), _weights(state))
    expect("the saved weights are the newest", after.older, False)
    expect("they have their figures", after.evaluation, info.evaluation)
    rows = read_metrics(folder)
    places = [(row["epoch"], row["step"]) for row in rows]
    expect("the rows", places, [(n, STEPS * n) for n in range(1, before + 2)])
    losses = [
        (row["train_reconstruction"] + row["train_kl"], row["test_reconstruction"] + row["test_kl"])
        for row in rows
    ]
    expect("the figures", losses, uncut.losses(before + 1))
    pictures = sorted(path.name for path in (folder / "samples").iterdir())
    expect("the pictures", pictures, [f"epoch-{n:04d}.png" for n in range(1, before + 2)])
    generations = [path for path in (folder / "checkpoint").iterdir() if path.is_dir()]
    expect("two generations", len(generations), 2)
    expect("nothing is left lying about", leftovers(folder), [])


def expect(what: str, found: object, wanted: object) -> None:
    """Raises ``AssertionError`` that says what is not as it should be."""
    if found != wanted:
        raise AssertionError(f"{what}: {str(found)[:200]}, not {str(wanted)[:200]}")


def leftovers(folder: Path) -> list[str]:
    """The temporary files of writes that broke off."""
    names = (path.name for path in folder.rglob(".*"))
    return [name for name in names if re.fullmatch(r"\..+\.[0-9a-f]{8}", name)]


def _weights(state: TrainState) -> dict[str, bytes]:
    return _bytes(state.model.state_dict())


def _bytes(tensors: Mapping[str, Tensor]) -> dict[str, bytes]:
    return {key: value.numpy().tobytes() for key, value in tensors.items()}


def _train_naively(folder: Path, name: str, data: DatasetPair, note: Note) -> None:
    state = new_state(SPECS[name], CONFIG)
    note(lambda: _save_naively(folder, state))
    for event in train(state, data, TrainControl()):
        if isinstance(event, EpochDone):
            note(lambda: _save_naively(folder, state))


def _save_naively(folder: Path, state: TrainState) -> None:
    step = {"step": str(state.step)}
    save_file(state.model.state_dict(), folder / "model.safetensors", step)
    save_file(dict(_optimiser(state)), folder / "optimiser.safetensors", step)
    with (folder / "config.json").open("w") as file:
        json.dump({"step": state.step, "epoch": state.epoch}, file)


def _optimiser(state: TrainState) -> Iterator[tuple[str, Tensor]]:
    for index, parts in state.optimizer.state_dict()["state"].items():
        yield from ((f"{index}.{key}", value) for key, value in parts.items())
    yield "noise", state.noise.get_state()


def _naive_verdict(folder: Path) -> str:
    steps: set[Any] = set()
    try:
        for name in ("model", "optimiser"):
            with safe_open(folder / f"{name}.safetensors", "pt") as file:
                steps.add(int(file.metadata()["step"]))
                for key in file.keys():  # noqa: SIM118 - it is no dict
                    torch.isfinite(file.get_tensor(key)).all()
        steps.add(json.loads((folder / "config.json").read_text())["step"])
    except Exception:
        return "does not load"
    return "whole" if len(steps) == 1 else "mixed"


if __name__ == "__main__":
    main(_work)
