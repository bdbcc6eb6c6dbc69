"""Training as a generator of events: ``for event in train(state, data, control)``.

Between two yields lie whole optimiser steps, so whoever drives the generator may look at the
state, copy it or save it without a lock. ``TrainState`` holds all that training changes.

On a GPU nothing in a step waits for its result. What the steps lost is read for a bundle of them at
once, and their events come one after the other when all of them are done; a loss that is not finite
keeps Adam from touching the weights until it is read.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.adam import Adam
from vae_studio.core.control import Change, TrainControl
from vae_studio.core.data import Dataset, DatasetPair, placed
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import SpecError
from vae_studio.core.evaluate import evaluate, unit_health
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.layers import begin_at_mean, initialise
from vae_studio.core.learner import Learner
from vae_studio.core.measures import Terms
from vae_studio.core.model import VAE, parameter_count
from vae_studio.core.schedules import beta_share, rate_share
from vae_studio.core.spec import ModelSpec, TrainConfig

FIXED_SAMPLES = 16  # points of the prior that are decoded after every epoch

# On a GPU, so many steps are read together at most: fewer at first, when much happens and moments
# are kept, and no more than it computes in this time, so that a pause is heard.
_MOST_UNREAD, _UNREAD_SECONDS = 25, 0.1

# Each use of randomness has a stream of its own, so that no one of them shifts another.
_INIT, _NOISE, _ORDER, _FIXED = range(4)


@dataclass
class TrainState:
    """All that training changes; saving it and going on is exact.

    epoch, step: complete epochs and steps. order: the epoch's permutation of the training set,
    int64 [N], of which the first ``position`` images are used; empty between epochs.
    sums: reconstruction and KL of the epoch so far, times images. beta, learning_rate: before
    warm-up and schedule. journal: changes made while training.
    """

    spec: ModelSpec
    config: TrainConfig
    model: VAE
    optimizer: Adam
    noise: torch.Generator
    shuffle: torch.Generator
    beta: float
    learning_rate: float
    epoch: int = 0
    step: int = 0
    position: int = 0
    order: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    sums: tuple[float, float] = (0.0, 0.0)
    epoch_seconds: float = 0.0
    journal: list[Change] = field(default_factory=list)


def new_state(
    spec: ModelSpec,
    config: TrainConfig,
    weights: Mapping[str, Tensor] | None = None,
    images: Tensor | None = None,
) -> TrainState:
    """Fresh weights and a fresh optimiser; the same spec, configuration and seed give the same.

    weights: begin with a copy of these, a ``state_dict`` of ``VAE(spec)``. images: of the training
    set, uint8 [N, C, H, W], which ``mean_bias`` needs where no weights are given. Raises what
    ``check_trainable`` does.
    """
    check_trainable(spec, config)
    device = pick_device(config.device)
    model = VAE(spec)
    initialise(model, config.init, _generator(config.seed, _INIT))
    if weights is not None:
        model.load_state_dict(dict(weights), strict=True)
    elif config.mean_bias:
        if images is None:
            raise ValueError("mean_bias needs the training images")
        begin_at_mean(model, images[: images_used(len(images), config)])
    model.to(device)
    optimizer = Adam(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
    )
    return TrainState(
        spec=spec,
        config=config,
        model=model,
        optimizer=optimizer,
        noise=_generator(config.seed, _NOISE, device),
        shuffle=_generator(config.seed, _ORDER),
        beta=config.beta,
        learning_rate=config.learning_rate,
    )


def check_trainable(spec: ModelSpec, config: TrainConfig) -> None:
    """``SpecError`` where the model is too large, fits neither batch size nor data set, or there is
    no such device."""
    if spec.batch_norm and config.batch_size < 2:
        raise SpecError(
            "spec.range", field="batch_size", value=config.batch_size, low=2, high=10_000
        )
    if config.dataset in DATASETS:
        check_fit(spec, DATASETS[config.dataset])
    parameter_count(spec)  # which refuses a model that is too large
    pick_device(config.device)


def check_fit(spec: ModelSpec, data: DatasetInfo) -> None:
    """Whether a model can be given these images and labels; ``SpecError`` where it cannot."""
    if spec.image_shape != data.image_shape:
        raise SpecError(
            "spec.choice", field="image_shape", value=spec.image_shape, choices=data.image_shape
        )
    classes = len(data.class_names)
    if spec.num_classes not in (0, classes):
        raise SpecError(
            "spec.choice", field="num_classes", value=spec.num_classes, choices=f"0, {classes}"
        )


def pick_device(wish: str) -> torch.device:
    """``auto`` takes a GPU where there is one; ``SpecError`` for ``cuda`` where there is none."""
    if wish == "cuda" and not torch.cuda.is_available():
        raise SpecError("spec.choice", field="device", value=wish, choices="auto, cpu")
    if wish == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(wish)


def _generator(seed: int, stream: int, device: torch.device | None = None) -> torch.Generator:
    state = np.random.SeedSequence((seed, stream)).generate_state(1, np.uint64)[0]
    return torch.Generator(device or torch.device("cpu")).manual_seed(int(state >> np.uint64(1)))


def images_used(images: int, config: TrainConfig) -> int:
    """How many of a training set's images are trained on."""
    return min(images, config.train_size) if config.train_size else images


def steps_per_epoch(images: int, spec: ModelSpec, config: TrainConfig) -> int:
    """Batches in one pass over what is used of ``images``, the size of the training set. A last
    batch of one image is left out where batch norm needs two."""
    full, rest = divmod(images_used(images, config), config.batch_size)
    return full + (rest > (1 if spec.batch_norm else 0))


def beta_at(state: TrainState, step: int, steps: int) -> float:
    """β of a step. step: counted from 1; steps: of one epoch."""
    return state.beta * beta_share(state.config, step, steps)


def learning_rate_at(state: TrainState, step: int, steps: int) -> float:
    """Rate of a step. step: counted from 1; steps: of one epoch."""
    return state.learning_rate * rate_share(state.config, step, steps)


def train(
    state: TrainState, data: DatasetPair, control: TrainControl, read_every: int | None = None
) -> Iterator[Event]:
    """Train until all epochs are done or ``control`` says stop; the last event says which.

    read_every: the losses of so many steps are read together; None for what suits the device.
    Raises nothing for what training itself can meet: a loss that is not finite, or too little
    memory, ends the run with ``TrainingFailed``.
    """
    device = next(state.model.parameters()).device
    used = data.train.first(images_used(len(data.train), state.config))
    try:
        data = DatasetPair(placed(used, device), placed(data.test, device))
        while state.epoch < state.config.epochs:
            yield from _train_epoch(state, data.train, control, read_every)
            done = None if control.stopped else _finish_epoch(state, data.test, control)
            if done is None:
                _make_changes(state, control)  # they hold once the run goes on
                yield TrainingDone("stopped", state.epoch, state.step)
                return
            control.note_epoch()
            yield done
        yield TrainingDone("finished", state.epoch, state.step)
    except FloatingPointError:
        yield TrainingFailed("train.not_finite", state.epoch + 1, state.step + 1)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        yield TrainingFailed(
            "train.memory", state.epoch + 1, state.step + 1, size=wanted_memory(error, state.spec)
        )


def is_out_of_memory(error: Exception) -> bool:
    """On the CPU, torch has no error type of its own for this."""
    return isinstance(
        error, (torch.cuda.OutOfMemoryError, MemoryError)
    ) or "DefaultCPUAllocator" in str(error)


def wanted_memory(error: Exception, spec: ModelSpec) -> str:
    """How much an allocation that failed had asked for, as ``1.2 GB``; where it does not say, what
    weights, gradients and Adam's moments take."""
    found = re.search(r"allocate ([\d.]+) ?(bytes|[KMGT]iB)", str(error))
    if found:
        factor = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[found[2]]
        size = float(found[1]) * factor
    else:
        size = 16.0 * parameter_count(spec)
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


class _Step(NamedTuple):
    """set_to: β and rate before warm-up and schedule."""

    losses: Tensor
    images: int
    beta: float
    rate: float
    set_to: tuple[float, float]


class _Unread:
    """Steps whose losses lie where they were computed, until ``read`` waits for them."""

    def __init__(self, state: TrainState, every: int | None) -> None:
        """every: so many are read together; None for what suits the device."""
        self._state, self._every = state, every
        self._device = next(state.model.parameters()).device
        self._at_once = 1  # as many as the device computes in ``_UNREAD_SECONDS``
        self._clear()

    def _clear(self) -> None:
        self.failed = torch.zeros((), device=self._device)  # 1 from the first that is not finite
        self._steps: list[_Step] = []
        self._since = time.perf_counter()

    @property
    def is_due(self) -> bool:
        """Whether enough have come together."""
        limit = self._every
        if limit is None:
            early = max(1, self._state.step // 32)
            limit = min(early, self._at_once) if self._device.type == "cuda" else 1
        return len(self._steps) >= limit

    def add(self, losses: Tensor, images: int, beta: float, rate: float) -> None:
        """A step is done. losses: reconstruction and KL, and whether it failed: [3]."""
        state = self._state
        state.step += 1
        state.position += images
        self._steps.append(_Step(losses, images, beta, rate, (state.beta, state.learning_rate)))

    def read(self) -> Iterator[StepDone]:
        """The events of all of them. Raises ``FloatingPointError`` after those before a step whose
        loss was not finite, and takes that one and all after it back: they changed no weight."""
        if not self._steps:
            return
        state, steps = self._state, self._steps
        started = time.perf_counter()
        rows = torch.stack([step.losses for step in steps]).tolist()
        done = time.perf_counter()
        state.epoch_seconds += done - started
        step_seconds = max(1e-6, (done - self._since) / len(steps))
        self._at_once = min(_MOST_UNREAD, max(1, int(_UNREAD_SECONDS / step_seconds)))
        self._clear()
        events = list[StepDone]()
        first = state.step - len(steps) + 1
        for number, (reconstruction, kl, failed) in enumerate(rows):
            step = steps[number]
            if failed:
                state.step = first + number - 1
                state.position -= sum(each.images for each in steps[number:])
                state.journal = [
                    change for change in state.journal if change.step <= first + number
                ]
                state.beta, state.learning_rate = step.set_to
                break
            state.sums = (
                state.sums[0] + reconstruction * step.images,
                state.sums[1] + kl * step.images,
            )
            terms = Terms(reconstruction, kl)
            events.append(StepDone(state.epoch + 1, first + number, terms, step.beta, step.rate))
        yield from events
        if len(events) < len(steps):
            raise FloatingPointError


def _train_epoch(
    state: TrainState, data: Dataset, control: TrainControl, read_every: int | None
) -> Iterator[StepDone]:
    """The epoch's steps that are still to do; ends early when ``control`` says stop."""
    steps = steps_per_epoch(len(data), state.spec, state.config)
    size = state.config.batch_size
    if not len(state.order):
        state.order = torch.randperm(len(data), generator=state.shuffle)
    order = state.order.to(data.images.device)
    state.model.train()
    unread = _Unread(state, read_every)
    learner = Learner(state.model, state.optimizer, state.config, state.noise)
    while state.position < min(steps * size, len(data)):
        goes_on = control.may_go_on(wait=False)
        if goes_on is None:
            yield from unread.read()  # before a pause, all that was done is told
            goes_on = control.may_go_on()
        if not goes_on:
            break
        started = time.perf_counter()
        _make_changes(state, control)
        step = state.step + 1
        beta, rate = beta_at(state, step, steps), learning_rate_at(state, step, steps)
        batch = order[state.position : state.position + size]
        try:
            x, labels = data.batch(batch, unread.failed.device)
            losses = learner.step(x, labels, beta, rate, unread.failed)
        except (RuntimeError, MemoryError):
            yield from unread.read()
            raise
        unread.add(losses, len(batch), beta, rate)
        state.epoch_seconds += time.perf_counter() - started
        if unread.is_due:
            yield from unread.read()
    yield from unread.read()


def _make_changes(state: TrainState, control: TrainControl) -> None:
    for name, value in control.take_changes(state.step + 1):
        if getattr(state, name) == value:
            continue  # as it was
        setattr(state, name, value)
        state.journal.append(Change(state.step + 1, name, value))


def _finish_epoch(state: TrainState, test: Dataset, control: TrainControl) -> EpochDone | None:
    """Measure the model and close the epoch; None when stopped meanwhile."""
    started = time.perf_counter()
    evaluation = evaluate(state.model, test, should_stop=lambda: control.stopped)
    if evaluation is None:
        return None
    if not math.isfinite(evaluation.negative_elbo):
        raise FloatingPointError
    samples = fixed_samples(state)
    steps = state.step // (state.epoch + 1)  # all epochs have the same number
    images = max(1, state.position)
    done = EpochDone(
        epoch=state.epoch + 1,
        step=state.step,
        train=Terms(state.sums[0] / images, state.sums[1] / images),
        test=evaluation,
        beta=beta_at(state, state.step, steps),
        learning_rate=learning_rate_at(state, state.step, steps),
        seconds=state.epoch_seconds + time.perf_counter() - started,
        samples=samples,
        units=unit_health(state.model, test),
    )
    state.epoch += 1
    state.position, state.sums, state.epoch_seconds = 0, (0.0, 0.0), 0.0
    state.order = torch.empty(0, dtype=torch.int64)
    return done


@torch.no_grad()
def fixed_samples(state: TrainState) -> NDArray[np.float32]:
    """Decode the run's fixed points of the prior: float32 [16, C, H, W] in [0, 1]."""
    device = next(state.model.parameters()).device
    generator = _generator(state.config.seed, _FIXED)
    z = torch.randn(FIXED_SAMPLES, state.spec.latent_dim, generator=generator).to(device)
    labels = None
    if state.spec.conditional:
        labels = (torch.arange(FIXED_SAMPLES) % state.spec.num_classes).to(device)
    was_training = state.model.training
    state.model.eval()
    images: NDArray[np.float32] = state.model.decode(z, labels).cpu().numpy()
    state.model.train(was_training)
    return images
