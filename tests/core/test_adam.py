"""Adam is torch's to the bit, and brings none of its compiler."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from vae_studio.core.adam import Adam

SHAPES = ((48, 784), (48,), (6, 24), ())

# All that a training and a resumed one do, without a data set to load.
_TRAINS = """
import json, sys, tempfile
HEAVY = ("torch._dynamo", "sympy")
from pathlib import Path
import torch
from tests.helpers import quick, tiny
from vae_studio.core.control import TrainControl
from vae_studio.core.data import Dataset, DatasetPair
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.snapshot import capture
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS
images = torch.randint(256, (40, 1, 28, 28), dtype=torch.uint8)
data = DatasetPair(*[Dataset(images, torch.arange(40) % 10)] * 2)
config = quick(epochs=3, batch_size=20, weight_decay=0.01, grad_clip=1.0)
with tempfile.TemporaryDirectory() as folder:
    for name, spec in VARIANTS.items():
        run, control = Path(folder) / name, TrainControl()
        with RunRecorder(run, new_state(tiny(spec), config), name) as recorder:
            for event in train(recorder.state, data, control):
                recorder.record(event)
                control.stop()
        with RunRecorder.resume(run) as recorder:
            for event in train(recorder.state, data, TrainControl()):
                recorder.record(event)
        capture(recorder.state, "run", "run").build()
assert recorder.info.status == "finished"
print(json.dumps([name for name in sys.modules if name in HEAVY]))
"""


def parameters() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]


def steps(optimizer: torch.optim.Adam, weights: list[Tensor], first: int, last: int) -> None:
    """Steps with gradients that depend on weights and step; the last weight has one now and then,
    and the rate falls."""
    for step in range(first, last):
        generator = torch.Generator().manual_seed(step)
        for weight in weights:
            noise = torch.randn(weight.shape, generator=generator)
            weight.grad = 0.1 * weight.detach() + noise
        if step % 3:
            weights[-1].grad = None
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 / (1 + step)
        optimizer.step()


def both(decay: float) -> tuple[list[Tensor], Adam, list[Tensor], torch.optim.Adam]:
    mine, theirs = parameters(), parameters()
    return (
        mine,
        Adam(mine, lr=1e-2, weight_decay=decay, fused=True),
        theirs,
        torch.optim.Adam(theirs, lr=1e-2, weight_decay=decay, fused=True),
    )


def equal(mine: list[Tensor], theirs: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


def moments(optimizer: torch.optim.Adam) -> list[Tensor]:
    state = optimizer.state_dict()["state"]
    return [part for index in sorted(state) for _, part in sorted(state[index].items())]


@pytest.mark.parametrize("decay", [0.0, 0.03])
def test_many_steps_give_the_bits_of_torch(decay: float) -> None:
    mine, adam, theirs, reference = both(decay)
    steps(adam, mine, 0, 300)
    steps(reference, theirs, 0, 300)
    assert not equal(mine, parameters())
    assert equal(mine, theirs)
    assert equal(moments(adam), moments(reference))
    assert adam.state_dict()["param_groups"] == reference.state_dict()["param_groups"]


def test_what_decays_differs() -> None:
    plain, one, _, _ = both(0.0)
    decayed, other, _, _ = both(0.03)
    steps(one, plain, 0, 5)
    steps(other, decayed, 0, 5)
    assert not equal(plain, decayed)


@pytest.mark.parametrize("into", ["torch", "ours"])
def test_its_state_goes_on_in_either(into: str) -> None:
    mine, adam, theirs, reference = both(0.03)
    steps(adam, mine, 0, 20)
    steps(reference, theirs, 0, 20)
    source = adam if into == "torch" else reference
    saved = copy.deepcopy(source.state_dict())
    weights = [weight.detach().clone().requires_grad_() for weight in mine]
    made: torch.optim.Adam
    if into == "torch":
        made = torch.optim.Adam(weights, lr=1.0, fused=True)
    else:
        made = Adam(weights, lr=1.0, fused=True)
    made.load_state_dict(saved)
    steps(made, weights, 20, 40)
    steps(reference, theirs, 20, 40)
    assert equal(weights, theirs)
    assert equal(moments(made), moments(reference))


@pytest.mark.parametrize("decay", [0.0, 0.03])
def test_a_step_in_parts_is_a_step(decay: float) -> None:
    mine, adam, theirs, reference = both(decay)
    for step in range(40):
        gradients = [torch.full_like(weight, 1.0 / (1 + step)) + weight for weight in mine]
        for weight, gradient in zip(theirs, gradients, strict=True):
            weight.grad = gradient.detach().clone()
        failed = torch.tensor(float(step % 5 == 2))  # one that changes nothing, now and then
        with torch.no_grad():
            adam.begin_step(failed)
            for numbers in ((3,), (0, 1), (2,)):
                some = [mine[number] for number in numbers]
                adam.change(some, [gradients[number].detach() for number in numbers], failed)
        if not failed:
            reference.step()
        assert equal(mine, theirs)
    assert equal(moments(adam), moments(reference))


def test_a_step_leaves_no_graph_behind() -> None:
    mine, adam, _, _ = both(0.0)
    steps(adam, mine, 0, 2)
    assert torch.is_grad_enabled()
    assert all(weight.is_leaf and weight.requires_grad for weight in mine)
    assert not any(part.requires_grad for part in moments(adam))


def test_training_imports_no_compiler_and_no_symbolic_mathematics() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _TRAINS],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []
