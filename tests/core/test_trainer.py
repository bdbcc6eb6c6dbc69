"""Training: it learns, repeats, obeys, and each setting has its effect."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.helpers import part, quick, same, tiny, trained, weights
from vae_studio.core import learner, trainer
from vae_studio.core.control import Change, TrainControl
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.errors import SpecError
from vae_studio.core.evaluate import evaluate
from vae_studio.core.events import EpochDone, Event, StepDone, TrainingDone, TrainingFailed
from vae_studio.core.losses import LossTerms
from vae_studio.core.measures import Terms
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import (
    TrainState,
    fixed_samples,
    new_state,
    pick_device,
    steps_per_epoch,
    train,
)
from vae_studio.core.variants import VARIANTS

PLAIN = tiny(VARIANTS["vae-32"])
# Every source of randomness and every kind of state at least once.
KINDS = {
    **{name: tiny(spec) for name, spec in VARIANTS.items()},
    "dropout": tiny(VARIANTS["vae-32"], hidden_dropout=0.2, latent_dropout=0.2),
    "cvae-batchnorm": tiny(VARIANTS["cvae"], batch_norm=True),
}


def steps(events: list[Any]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def norm(state: TrainState) -> float:
    return math.sqrt(sum(float(p.detach().square().sum()) for p in state.model.parameters()))


def gradients(state: TrainState) -> Tensor:
    """Those of the last step, which lie with the weights where they are clipped."""
    return torch.cat([p.grad.flatten() for p in state.model.parameters() if p.grad is not None])


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_overfits_one_batch(spec: ModelSpec, mnist: DatasetPair) -> None:
    batch = part(mnist, 16, 16)
    hidden = (16, 32) if spec.architecture == "conv" else (128, 64)
    spec = replace(spec, hidden_dropout=0.0, latent_dropout=0.0, hidden=hidden)
    config = quick(epochs=250, batch_size=16, learning_rate=5e-3, beta=0.01)
    _, events = trained(spec, config, batch)
    losses = [event.batch.reconstruction for event in steps(events)]
    if spec.likelihood == "gaussian":  # nats are the logarithm of the squared error
        assert losses[-1] < losses[0] + 0.5 * math.log(0.05) * spec.pixels
        return
    assert losses[-1] < 0.5 * losses[0]
    assert losses[-1] < (100 if spec.likelihood == "bernoulli" else 20)


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_the_seed_decides_every_bit(spec: ModelSpec, small: DatasetPair) -> None:
    runs = [trained(spec, quick(seed=seed), small) for seed in (1, 1, 2)]
    states = [weights(state) for state, _ in runs]
    assert same(states[0], states[1])
    assert steps(runs[0][1]) == steps(runs[1][1])
    assert not same(states[0], states[2])
    assert steps(runs[0][1]) != steps(runs[2][1])


@pytest.mark.parametrize("stream", ["_INIT", "_NOISE", "_ORDER"])
def test_each_use_of_randomness_has_its_own_stream(
    stream: str, small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> dict[str, Any]:
        state = new_state(PLAIN, quick())
        first = weights(state)
        next(train(state, small, TrainControl()))
        return {"_INIT": first, "_NOISE": state.noise.get_state(), "_ORDER": state.order}

    before = outcome()
    monkeypatch.setattr(trainer, stream, 77)
    after = outcome()
    changed = {
        name
        for name, value in before.items()
        if not (
            same(value, after[name]) if isinstance(value, dict) else torch.equal(value, after[name])
        )
    }
    assert changed == {stream}


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_leaves_the_global_generators_alone(spec: ModelSpec, small: DatasetPair) -> None:
    def run(disturb: bool) -> dict[str, Tensor]:
        state = new_state(spec, quick())
        for _ in train(state, small, TrainControl()):
            if disturb:
                torch.rand(3)
        return weights(state)

    before = torch.get_rng_state()
    calm = run(disturb=False)
    assert torch.equal(torch.get_rng_state(), before)
    assert same(calm, run(disturb=True))
    torch.set_rng_state(before)


def test_measuring_in_between_does_not_disturb(small: DatasetPair) -> None:
    spec = KINDS["cvae-batchnorm"]

    def run(look: Callable[[TrainState], Any]) -> dict[str, Tensor]:
        state = new_state(spec, quick())
        for _ in train(state, small, TrainControl()):
            look(state)
        return weights(state)

    calm = run(lambda state: None)
    assert same(calm, run(lambda state: evaluate(state.model, small.test, seed=8)))
    assert same(calm, run(fixed_samples))


def test_events_come_in_order(small: DatasetPair) -> None:
    _, events = trained(PLAIN, quick(epochs=2), small)
    kinds = [type(event) for event in events]
    epoch = [StepDone] * 4 + [EpochDone]
    assert kinds == [*epoch, *epoch, TrainingDone]
    assert [event.step for event in steps(events)] == list(range(1, 9))
    assert [event.epoch for event in steps(events)] == [1] * 4 + [2] * 4
    assert events[-1] == TrainingDone("finished", 2, 8)


@pytest.mark.parametrize("name", ["vae-32", "vae-batchnorm", "cvae"])
def test_the_end_of_an_epoch_tells_all(name: str, small: DatasetPair) -> None:
    spec = KINDS[name]
    state, events = trained(spec, quick(batch_size=100, beta=2.0), small)  # 512 = 5 * 100 + 12
    done = next(event for event in events if isinstance(event, EpochDone))
    sizes = [100] * 5 + [12]
    batches = [event.batch for event in steps(events)]
    mean = sum(n * terms.reconstruction for n, terms in zip(sizes, batches, strict=True)) / 512
    assert done.train.reconstruction == pytest.approx(mean)
    assert done.test == evaluate(state.model, small.test)
    assert done.samples.shape == (16, 1, 28, 28)
    assert (done.epoch, done.step, done.beta) == (1, 6, 2.0)
    assert done.samples.tolist() == fixed_samples(state).tolist()
    assert 0 < done.seconds < 60


def test_every_image_is_used_once_an_epoch_in_a_new_order(small: DatasetPair) -> None:
    state = new_state(PLAIN, quick(epochs=2))
    orders = []
    for event in train(state, small, TrainControl()):
        if isinstance(event, StepDone) and state.position == 128:
            orders.append(state.order.clone())
    assert [order.sort().values.tolist() for order in orders] == [list(range(512))] * 2
    assert orders[0].tolist() != orders[1].tolist()


@pytest.mark.parametrize(
    ("images", "batch", "norms", "expected"),
    [(512, 128, False, 4), (513, 128, False, 5), (513, 128, True, 4), (514, 128, True, 5)],
)
def test_a_last_image_alone_is_left_out_for_batch_norm(
    images: int, batch: int, norms: bool, expected: int, mnist: DatasetPair
) -> None:
    spec = replace(PLAIN, batch_norm=norms)
    config = quick(batch_size=batch)
    assert steps_per_epoch(images, spec, config) == expected
    _, events = trained(spec, config, part(mnist, images, 10))
    assert len(steps(events)) == expected


def test_weight_decay_shrinks_the_weights(small: DatasetPair) -> None:
    norms = [
        norm(trained(PLAIN, quick(epochs=4, weight_decay=decay), small)[0]) for decay in (0.0, 1.0)
    ]
    assert norms[1] < 0.95 * norms[0]


@pytest.mark.parametrize("clip", [0.5, 3.0])
def test_clipping_bounds_the_gradient(clip: float, small: DatasetPair) -> None:
    free, bound = (new_state(PLAIN, quick(grad_clip=value)) for value in (1e6, clip))
    for state in (free, bound):
        next(train(state, small, TrainControl()))
    assert gradients(free).norm() > 2 * clip
    assert gradients(bound).norm().item() == pytest.approx(clip, rel=1e-3)
    direction = torch.nn.functional.cosine_similarity(gradients(free), gradients(bound), dim=0)
    assert direction.item() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("method", ["default", "xavier", "kaiming"])
def test_starts_from_the_initialisation_that_is_asked_for(method: Any) -> None:
    largest = new_state(PLAIN, quick(init=method)).model.encoder.get_parameter("fc1.weight")
    expected = {
        "default": 784**-0.5,
        "xavier": (6 / (784 + 48)) ** 0.5,
        "kaiming": (6 / 784) ** 0.5,
    }
    assert largest.detach().abs().max().item() == pytest.approx(expected[method], rel=0.01)


@pytest.mark.parametrize("field", ["hidden_dropout", "latent_dropout"])
def test_dropout_makes_training_harder(field: str, small: DatasetPair) -> None:
    config = quick(epochs=60, learning_rate=5e-3, beta=0.0)  # without KL, z tells most
    losses = [
        steps(trained(tiny(PLAIN, **{field: share}), config, small)[1])[-1].batch.reconstruction
        for share in (0.0, 0.6)
    ]
    assert losses[1] > losses[0] + 5


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_with_the_bias_of_the_mean_image_a_run_begins_lower(
    spec: ModelSpec, small: DatasetPair
) -> None:
    """As low as any picture that is the same for all images, but for what weights add to it."""
    config = quick(mean_bias=True)
    images = small.train.images
    plain, begun = new_state(spec, quick()), new_state(spec, config, images=images)
    changed = [
        name
        for name, value in weights(plain).items()
        if not same({"": value}, {"": weights(begun)[name]})
    ]
    assert changed == [f"decoder.{begun.model.decoder.last}.bias"]
    bias = weights(begun)[changed[0]]
    mean = images.double().mean(0) / 255.0
    wanted = mean.flatten() if bias.numel() == mean.numel() else mean.mean((1, 2))
    known = wanted > 0.01
    assert torch.sigmoid(bias.double())[known] == pytest.approx(wanted[known], rel=1e-5)
    assert torch.isfinite(bias).all()
    first = [next(train(state, small, TrainControl())) for state in (plain, begun)]
    assert first[1].batch.reconstruction < 0.95 * first[0].batch.reconstruction  # type: ignore[union-attr]


def test_the_mean_is_of_the_images_that_are_used(small: DatasetPair) -> None:
    images = small.train.images
    config = quick(mean_bias=True, train_size=100)
    one, other = (new_state(PLAIN, config, images=part) for part in (images, images[:100]))
    assert same(weights(one), weights(other))
    assert not same(weights(one), weights(new_state(PLAIN, config, images=images[100:])))


def test_a_mean_without_images_is_no_guess() -> None:
    with pytest.raises(ValueError, match="training images"):
        new_state(PLAIN, quick(mean_bias=True))


def test_weights_that_are_given_stay_as_they_are(small: DatasetPair) -> None:
    given = weights(new_state(PLAIN, quick(seed=3)))
    state = new_state(PLAIN, quick(mean_bias=True), given, small.train.images)
    assert same(weights(state), given)


def test_beta_warmup_grows_in_a_line_then_stays(small: DatasetPair) -> None:
    _, events = trained(PLAIN, quick(epochs=3, beta=4.0, beta_warmup=2), small)
    expected = [4.0 * min(1.0, number / 8) for number in range(1, 13)]
    assert [event.beta for event in steps(events)] == pytest.approx(expected)


def test_beta_presses_the_kl_down(small: DatasetPair) -> None:
    kls = [
        steps(trained(PLAIN, quick(epochs=6, learning_rate=5e-3, beta=beta), small)[1])[-1].batch.kl
        for beta in (0.0, 20.0)
    ]
    assert kls[1] < 0.2 * kls[0]


def test_warmup_acts_on_the_weights(small: DatasetPair) -> None:
    states = [trained(PLAIN, quick(beta=4.0, beta_warmup=warmup), small)[0] for warmup in (0, 5)]
    assert not same(*(weights(state) for state in states))


def test_the_cosine_falls_from_the_rate_to_zero(small: DatasetPair) -> None:
    config = quick(epochs=2, schedule="cosine", learning_rate=0.01)
    _, events = trained(PLAIN, config, small)
    expected = [0.005 * (1 + math.cos(math.pi * number / 8)) for number in range(8)]
    assert [event.learning_rate for event in steps(events)] == pytest.approx(expected)


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_the_rate_is_warmed_up_in_a_line(schedule: Any, small: DatasetPair) -> None:
    config = quick(epochs=3, schedule=schedule, rate_warmup=1, learning_rate=0.01)
    _, events = trained(PLAIN, config, small)
    falling = [0.005 * (1 + math.cos(math.pi * number / 8)) for number in range(8)]
    expected = [0.0025, 0.005, 0.0075, 0.01] + (falling if schedule == "cosine" else [0.01] * 8)
    assert [event.learning_rate for event in steps(events)] == pytest.approx(expected)


def test_a_warm_up_of_the_rate_ends_after_half_of_the_run(small: DatasetPair) -> None:
    _, events = trained(PLAIN, quick(epochs=2, rate_warmup=9, schedule="cosine"), small)
    rates = [event.learning_rate for event in steps(events)]
    assert rates.index(max(rates)) == 3


def test_the_rate_is_the_one_that_adam_uses(small: DatasetPair) -> None:
    state = new_state(PLAIN, quick(epochs=2, schedule="cosine", learning_rate=0.01))
    before = weights(state)
    for event in train(state, small, TrainControl()):
        if isinstance(event, StepDone):
            if event.step == 1:  # a first step of Adam moves each weight by about the rate
                moved = (
                    state.model.state_dict()["decoder.fc5.bias"] - before["decoder.fc5.bias"]
                ).abs()
                assert moved.median().item() == pytest.approx(0.01, rel=0.01)
            assert {group["lr"] for group in state.optimizer.param_groups} == {event.learning_rate}


def test_a_stop_takes_effect_before_the_next_step(small: DatasetPair) -> None:
    state, control = new_state(PLAIN, quick(epochs=5)), TrainControl()
    seen = []
    for event in train(state, small, control):
        seen.append(event)
        if isinstance(event, StepDone) and event.step == 6:
            control.stop()
    assert seen[-1] == TrainingDone("stopped", 1, 6)
    assert len(steps(seen)) == 6
    assert (state.epoch, state.step, state.position) == (1, 6, 256)


def test_a_stop_is_heard_while_measuring(
    small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = TrainControl()

    def stopping(model: Any, data: Dataset, should_stop: Callable[[], bool]) -> Any:
        control.stop()
        return evaluate(model, data, should_stop=should_stop)

    monkeypatch.setattr(trainer, "evaluate", stopping)
    state = new_state(PLAIN, quick())
    assert list(train(state, small, control))[-1] == TrainingDone("stopped", 0, 4)
    monkeypatch.undo()
    rest = list(train(state, small, TrainControl()))  # only the measuring is left to do
    assert [type(event) for event in rest] == [EpochDone, TrainingDone]


class Driver:
    """Runs a training on a thread, and lets a test wait for the steps it has made."""

    def __init__(self, state: TrainState, data: DatasetPair) -> None:
        self.control = TrainControl()
        self.read_every: int | None = None
        self.events: list[Any] = []
        self._more = threading.Condition()
        self._state, self._data = state, data
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for event in train(self._state, self._data, self.control, self.read_every):
            with self._more:
                self.events.append(event)
                self._more.notify_all()

    def wait_for_steps(self, count: int) -> None:
        with self._more:
            assert self._more.wait_for(lambda: len(steps(self.events)) >= count, timeout=20)

    def wait_for(self, kind: type[Event]) -> None:
        with self._more:
            assert self._more.wait_for(
                lambda: any(isinstance(event, kind) for event in self.events), timeout=20
            )

    def join(self) -> None:
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


@pytest.fixture
def driver(small: DatasetPair) -> Iterator[Driver]:
    driver = Driver(new_state(PLAIN, quick(epochs=2)), small)
    yield driver
    driver.control.stop()
    driver.thread.join(timeout=20)


def test_pause_step_and_resume_from_another_thread(driver: Driver, small: DatasetPair) -> None:
    driver.control.pause()
    driver.thread.start()
    for count in (1, 2, 3):
        driver.control.step_once()
        driver.wait_for_steps(count)
        assert len(steps(driver.events)) == count  # one step through, and no more
    assert driver.control.paused
    assert driver.thread.is_alive()
    driver.control.resume()
    driver.join()
    _, events = trained(PLAIN, quick(epochs=2), small)
    assert steps(driver.events) == steps(events)  # a pause changes no bit
    assert driver.events[-1] == TrainingDone("finished", 2, 8)


def test_steps_left_over_do_not_outlive_a_pause(small: DatasetPair) -> None:
    control = TrainControl()
    control.pause()
    control.step_once()
    control.step_once()
    assert control.may_go_on()
    control.resume()
    control.pause()
    control.stop()
    assert not control.may_go_on()


def test_one_epoch_goes_to_its_end_and_holds_again(driver: Driver, small: DatasetPair) -> None:
    driver.control.pause()
    driver.thread.start()
    driver.control.epoch_once()
    driver.wait_for(EpochDone)
    driver.control.step_once()
    driver.wait_for_steps(5)
    assert [type(event) for event in driver.events] == [*[StepDone] * 4, EpochDone, StepDone]
    driver.control.epoch_once()
    driver.join()
    assert [type(event) for event in driver.events[-2:]] == [EpochDone, TrainingDone]


def test_a_change_after_the_last_step_holds_when_the_run_goes_on(
    tmp_path: Path, small: DatasetPair
) -> None:
    state, control = new_state(PLAIN, quick(epochs=2)), TrainControl()
    with RunRecorder(tmp_path / "run", state, "a run") as recorder:
        for event in train(state, small, control):
            recorder.record(event)
            if isinstance(event, EpochDone):
                control.set("beta", 3.0)
                control.stop()
    with RunRecorder.resume(tmp_path / "run", small.train) as recorder:
        assert recorder.state.beta == 3.0
        assert recorder.state.journal == [Change(5, "beta", 3.0)]


def test_a_stop_ends_a_pause(driver: Driver) -> None:
    driver.control.pause()
    driver.control.step_once()
    driver.thread.start()
    driver.wait_for_steps(1)
    driver.control.stop()
    driver.join()
    assert driver.events[-1] == TrainingDone("stopped", 0, 1)


def test_changes_hold_from_the_next_step_and_are_journalled(small: DatasetPair) -> None:
    state, control = new_state(PLAIN, quick(epochs=2)), TrainControl()
    events = []
    for event in train(state, small, control):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 3:
            control.set("beta", 7.0)
            control.set("learning_rate", 0.5)
    assert [event.beta for event in steps(events)] == [1.0] * 3 + [7.0] * 5
    assert [event.learning_rate for event in steps(events)] == [2e-3] * 3 + [0.5] * 5
    assert state.journal == [Change(4, "beta", 7.0), Change(4, "learning_rate", 0.5)]


def test_a_run_can_be_repeated_from_its_journal(small: DatasetPair) -> None:
    def run(changes: list[Change]) -> TrainState:
        state, control = new_state(PLAIN, quick(epochs=2)), TrainControl()
        for _ in train(state, small, control):
            for change in changes:
                if change.step == state.step + 1:
                    control.set(change.field, change.value)
        return state

    changed = run([Change(3, "beta", 9.0), Change(6, "learning_rate", 0.1)])
    again = run(changed.journal)
    assert same(weights(changed), weights(again))
    assert not same(weights(changed), weights(run([])))


@pytest.mark.parametrize(
    ("field", "value"), [("beta", math.nan), ("beta", -1.0), ("learning_rate", 200.0)]
)
def test_a_change_out_of_range_is_refused_at_once(field: Any, value: float) -> None:
    control = TrainControl()
    with pytest.raises(SpecError) as caught:
        control.set(field, value)
    assert caught.value.params["field"] == field
    assert control.take_changes(1) == []


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_a_loss_that_is_no_number_ends_the_run_with_finite_weights(
    spec: ModelSpec, small: DatasetPair
) -> None:
    state = new_state(spec, quick(epochs=20))
    events = train(state, small, TrainControl())
    next(events)
    state.learning_rate = 1e30  # no control lets this through
    *_, last = events
    assert isinstance(last, TrainingFailed)
    assert last.code == "train.not_finite"
    assert last.step == state.step + 1
    for name, value in state.model.state_dict().items():
        assert torch.isfinite(value).all(), name


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("every", [3, 1000])
def test_losses_that_are_read_together_change_nothing(
    every: int, spec: ModelSpec, small: DatasetPair
) -> None:
    """As on a GPU, where nobody waits for the end of a step."""
    config = quick(epochs=2, grad_clip=5.0)
    one, events = trained(spec, config, small)
    other = new_state(spec, config)
    bundled = list(train(other, small, TrainControl(), read_every=every))
    assert steps(bundled) == steps(events)
    assert [type(event) for event in bundled] == [type(event) for event in events]
    assert same(weights(one), weights(other))
    assert (one.sums, one.step, one.position) == (other.sums, other.step, other.position)


def test_the_first_event_of_a_bundle_finds_all_of_it_in_the_state(small: DatasetPair) -> None:
    """Or a run that is saved there would lose what the others lost."""
    state, seen, events = new_state(PLAIN, quick()), {}, list[StepDone]()
    for event in train(state, small, TrainControl(), read_every=3):
        if isinstance(event, StepDone):
            events.append(event)
            seen[event.step] = (state.step, state.position, state.sums[0])
    lost = [128 * event.batch.reconstruction for event in events]
    assert seen[1] == seen[3] == (3, 384, pytest.approx(sum(lost[:3])))
    assert seen[4] == (4, 512, pytest.approx(sum(lost)))


def test_before_a_pause_all_steps_are_told(driver: Driver) -> None:
    driver.read_every = 1000
    driver.control.pause()
    driver.control.step_once()
    driver.control.step_once()
    driver.thread.start()
    driver.wait_for_steps(2)
    assert driver.thread.is_alive()
    driver.control.step_once()
    driver.wait_for_steps(3)


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("bad", [1, 2, 3])
def test_of_a_bundle_the_steps_before_the_bad_one_hold(
    bad: int, spec: ModelSpec, small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And neither it nor those after it change a weight, a buffer, or Adam's moments."""
    config = quick(epochs=2)
    expected = new_state(spec, config)
    for event in train(expected, small, TrainControl()):
        if isinstance(event, StepDone) and event.step == bad - 1:
            break
        if bad == 1:
            expected = new_state(spec, config)
            break
    calls, terms = 0, learner.loss_terms

    def losing(*arguments: Any) -> LossTerms:
        nonlocal calls
        calls += 1
        found = terms(*arguments)
        return found._replace(kl=found.kl * math.nan) if calls == bad else found

    monkeypatch.setattr(learner, "loss_terms", losing)
    state = new_state(spec, config)
    events = list(train(state, small, TrainControl(), read_every=4))
    assert events[-1] == TrainingFailed("train.not_finite", 1, bad)
    assert [event.step for event in steps(events)] == list(range(1, bad))
    assert (state.step, state.position) == (bad - 1, 128 * (bad - 1))
    assert same(weights(state), weights(expected))
    assert same(moments(state), moments(expected))


def test_on_a_gpu_few_steps_are_read_together_at_first_and_no_more_than_a_pause_can_wait_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state, clock = new_state(PLAIN, quick()), 0.0
    monkeypatch.setattr(trainer.time, "perf_counter", lambda: clock)
    unread = trainer._Unread(state, None)
    unread._device = torch.device("cuda")  # which only decides about this

    def bundle(seconds: float) -> int:
        nonlocal clock
        while not unread.is_due:
            unread.add(torch.zeros(3), 0, 1.0, 0.1)
        clock += seconds * len(unread._steps)
        unread._device = torch.device("cpu")
        found = len(list(unread.read()))
        unread._device = torch.device("cuda")
        return found

    state.step = 100
    assert [bundle(0.001) for _ in range(4)] == [1, 3, 3, 3]  # as moments are kept
    state.step = 5000
    assert [bundle(0.001), bundle(0.001), bundle(0.03), bundle(0.03)] == [25, 25, 25, 3]
    assert [bundle(2.0), bundle(2.0)] == [3, 1]


def moments(state: TrainState) -> dict[str, Tensor]:
    """Adam's, by number and name; without those that are zero, as before the first step."""
    return {
        f"{number}.{name}": value
        for number, each in state.optimizer.state_dict()["state"].items()
        for name, value in each.items()
        if value.count_nonzero()
    }


def test_figures_that_are_no_numbers_end_the_run(
    small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(model: Any, data: Dataset, should_stop: Any) -> Any:
        result = evaluate(model, data)
        assert result is not None
        return replace(result, terms=replace(result.terms, kl=math.inf))

    monkeypatch.setattr(trainer, "evaluate", bad)
    _, events = trained(PLAIN, quick(), small)
    assert [type(event) for event in events] == [StepDone] * 4 + [TrainingFailed]


@pytest.mark.parametrize(("fault", "size"), [("torch", "144115188.1 GB"), ("python", "1.3 MB")])
def test_too_little_memory_ends_the_run(
    fault: str, size: str, small: DatasetPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hungry(*_: Any) -> Any:
        if fault == "python":
            raise MemoryError
        return torch.empty(2**55)

    monkeypatch.setattr(learner, "loss_terms", hungry)
    _, events = trained(PLAIN, quick(), small)
    assert events == [TrainingFailed("train.memory", 1, 1, size)]


def test_other_faults_are_raised(small: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(learner, "loss_terms", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        trained(PLAIN, quick(), small)


@pytest.mark.parametrize("stop_after", [2, 4, 5])
@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_going_on_from_disk_is_exact(
    spec: ModelSpec, stop_after: int, small: DatasetPair, tmp_path: Path
) -> None:
    config = quick(epochs=2, schedule="cosine", beta_warmup=1, weight_decay=1e-4, grad_clip=50.0)
    whole, all_events = trained(spec, config, small)
    state, control = new_state(spec, config), TrainControl()
    recorder = RunRecorder(tmp_path / "run", state, "run")
    for event in train(state, small, control):
        recorder.record(event)
        if isinstance(event, StepDone) and event.step == stop_after:
            control.stop()
    resumed = load_training(tmp_path / "run").state
    assert (resumed.step, resumed.position) == (state.step, state.position)
    later = list(train(resumed, small, TrainControl()))
    assert steps(later) == steps(all_events)[stop_after:]
    assert same(weights(resumed), weights(whole))
    last, expected = (
        [event for event in events if isinstance(event, EpochDone)][-1]
        for events in (later, all_events)
    )
    assert (last.train, last.test) == (expected.train, expected.test)


@pytest.mark.parametrize(
    ("spec", "config", "field"),
    [
        (replace(PLAIN, batch_norm=True), quick(batch_size=1), "batch_size"),
        (replace(PLAIN, image_shape=(3, 28, 28)), quick(), "image_shape"),
        (replace(PLAIN, num_classes=5), quick(), "num_classes"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused_at_once(
    spec: ModelSpec, config: TrainConfig, field: str
) -> None:
    with pytest.raises(SpecError) as caught:
        new_state(spec, config)
    assert caught.value.params["field"] == field


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(SpecError) as caught:
        pick_device("cuda")
    assert caught.value.params["field"] == "device"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto") == pick_device("cuda") == torch.device("cuda")


def test_a_part_of_the_training_set_is_its_first_images(small: DatasetPair) -> None:
    config = quick(epochs=2, train_size=200, batch_size=64)
    one, _ = trained(PLAIN, config, small)
    other, _ = trained(PLAIN, replace(config, train_size=0), part(small, 200, len(small.test)))
    assert one.step == 2 * steps_per_epoch(len(small.train), PLAIN, config) == 8
    assert same(weights(one), weights(other))


def test_a_mean_over_pixels_is_a_beta_as_many_times_larger(small: DatasetPair) -> None:
    """Adam does not see the scale of a loss, but for its ε."""

    def batches(**changes: Any) -> list[Terms]:
        return [
            event.batch for event in steps(trained(PLAIN, quick(epochs=3, **changes), small)[1])
        ]

    mean, large, plain = batches(reduction="mean"), batches(beta=784.0), batches()
    assert mean[0] == large[0] == plain[0]  # reported as sums in all
    assert mean[-1].reconstruction == pytest.approx(large[-1].reconstruction, rel=0.02)
    assert mean[-1].kl == pytest.approx(large[-1].kl, rel=0.2)
    assert mean[-1].kl < 0.1 * plain[-1].kl
