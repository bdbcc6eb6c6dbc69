"""Snapshots do not move while the training they came from goes on."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from tests.helpers import part, quick, tiny, trained, weights_equal
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.snapshot import ModelCache, Snapshot, capture
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_stays_as_it_was_while_training_goes_on(spec: ModelSpec, small: DatasetPair) -> None:
    state = new_state(tiny(spec), quick(epochs=2))
    events = train(state, small, TrainControl())
    next(events)
    snapshot = capture(state, "run", "name")
    before = {key: value.clone() for key, value in snapshot.weights.items()}
    for _ in events:
        pass
    assert all(torch.equal(value, before[key]) for key, value in snapshot.weights.items())
    later = capture(state, "run", "name")
    assert not weights_equal(snapshot, later)
    assert snapshot.id != later.id
    assert (snapshot.epoch, snapshot.step, later.epoch, later.step) == (0, 1, 2, 8)


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_builds_the_model_it_was_taken_from(spec: ModelSpec, small: DatasetPair) -> None:
    state, _ = trained(tiny(spec), quick(), small)
    snapshot = capture(state, "run", "name")
    model = snapshot.build()
    assert not model.training
    assert not any(value.requires_grad for value in model.state_dict(keep_vars=True).values())
    assert all(value.device.type == "cpu" for value in snapshot.weights.values())
    x, labels = small.test.batch(torch.arange(8))
    state.model.eval()
    for mine, theirs in zip(model(x, labels), state.model(x, labels), strict=True):
        assert torch.equal(mine, theirs)


def test_capturing_does_not_disturb_the_training(small: DatasetPair) -> None:
    def run(looking: bool) -> Snapshot:
        state = new_state(tiny(VARIANTS["vae-batchnorm"]), quick())
        for _ in train(state, small, TrainControl()):
            if looking:
                model = capture(state, "run", "name").build()
                model(torch.rand(2, 784, generator=torch.Generator().manual_seed(0)))
        return capture(state, "run", "name")

    assert weights_equal(run(looking=False), run(looking=True))


def test_is_frozen(plain_snapshot: Snapshot) -> None:
    with pytest.raises(FrozenInstanceError):
        plain_snapshot.step = 3  # type: ignore[misc]


def test_building_takes_no_copy_of_the_weights(plain_snapshot: Snapshot) -> None:
    model = plain_snapshot.build()
    for key, value in model.state_dict().items():
        assert value.data_ptr() == plain_snapshot.weights[key].data_ptr()


def test_weights_are_compared_bit_for_bit(plain_snapshot: Snapshot, mnist: DatasetPair) -> None:
    twin = replace(plain_snapshot, id="twin")
    assert weights_equal(plain_snapshot, twin)
    nudged = {key: value.clone() for key, value in plain_snapshot.weights.items()}
    nudged["decoder.fc5.bias"][0] += 1e-6
    assert not weights_equal(plain_snapshot, replace(plain_snapshot, weights=nudged))
    state, _ = trained(tiny(VARIANTS["vae-2"]), quick(), part(mnist, 128, 10))
    assert not weights_equal(plain_snapshot, capture(state, "other", "other"))


def test_the_cache_builds_once_and_forgets_the_least_used(plain_snapshot: Snapshot) -> None:
    cache = ModelCache(limit=2)
    a, b, c = (replace(plain_snapshot, id=name) for name in "abc")
    first = {snapshot.id: cache.model(snapshot) for snapshot in (a, b)}
    assert cache.model(a) is first["a"]  # now b is the least recently used
    cache.model(c)
    assert len(cache) == 2
    assert cache.model(a) is first["a"]
    assert cache.model(b) is not first["b"]


def test_another_run_in_the_same_place_is_not_taken_for_the_first(small: DatasetPair) -> None:
    """A run was deleted, and a new one has its folder and is as far: its models are others."""
    spec, cache = tiny(VARIANTS["vae-32"]), ModelCache()
    twins = [
        capture(trained(spec, quick(seed=seed), small)[0], "runs/same", "same") for seed in (1, 2)
    ]
    assert twins[0].step == twins[1].step
    z = torch.zeros(1, 6)
    one, other = (cache.model(snapshot).decode(z) for snapshot in twins)
    assert not torch.equal(one, other)
