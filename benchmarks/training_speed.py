"""How fast is training, against the loop that most tutorials write, and against the hardware?

- *tutorial*: ``DataLoader``, ``ToTensor``, probabilities and ``binary_cross_entropy``, Adam,
  ``.item()`` each step;
- *studio*: ``vae_studio.core.trainer.train``, as the command line and the window run it;
- *headless* and *window*: three epochs of it with all that comes between them, alone and in the
  open window with its plots live, its pictures following, and its run and moments written;
- *products*: the matrix products of a step and nothing else, through the faster one of torch's two
  libraries: no loop over this network can be faster;
- *by hand*: a step without autograd or modules (``benchmarks.by_hand``), which says how much of
  that limit torch lets anybody reach here; *without Adam*: the same, its weights never changed.

The same network (784-512-256-32), batch, rate and images. Each runs in a process of its own, in
turn, so that a noisy machine slows all and none warms another up; the ratios are what counts. The
first steps, in which libraries are loaded, are left out. Three seeds say whether what is learned is
the same: the test loss after the epoch.

    python -m benchmarks.training_speed [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python
from vae_studio.core.data import load_dataset
from vae_studio.core.events import EpochDone, StepDone
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.vision import import_torchvision

BATCH, RATE, STEPS = 128, 1e-3, 469  # steps of one epoch
_COLD = 60  # steps that are not timed
_LOOPS = ("tutorial", "studio", "products", "by hand", "without Adam", "headless", "window")
_TRAINED = ("tutorial", "studio", "headless", "window")
_LONGER = 3  # epochs


class TutorialVAE(nn.Module):
    """The network as tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 512), nn.Linear(512, 256)
        self.fc_mu, self.fc_logvar = nn.Linear(256, 32), nn.Linear(256, 32)
        self.fc3, self.fc4, self.fc5 = nn.Linear(32, 256), nn.Linear(256, 512), nn.Linear(512, 784)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = F.relu(self.fc2(F.relu(self.fc1(x.view(-1, 784)))))
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        h = F.relu(self.fc4(F.relu(self.fc3(z))))
        return torch.sigmoid(self.fc5(h)), mu, logvar


def tutorial_loss(x_hat: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """Binary cross-entropy and KL, summed."""
    reconstruction = F.binary_cross_entropy(x_hat, x.view(-1, 784), reduction="sum")
    return reconstruction - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def tutorial_loaders(folder: Path) -> tuple[Any, Any]:
    """torchvision's MNIST over the bundled files, unpacked into ``folder``."""
    import_torchvision()
    from torchvision import datasets, transforms

    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for packed in (bundled_path("assets") / "mnist").glob("*.xz"):
        (raw / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
    loaders = []
    for is_train in (True, False):
        images = datasets.MNIST(folder, train=is_train, transform=transforms.ToTensor())
        loaders.append(torch.utils.data.DataLoader(images, batch_size=BATCH, shuffle=is_train))
    return loaders[0], loaders[1]


def tutorial_epochs(loaders: tuple[Any, Any], seed: int) -> Iterator[tuple[str, float]]:
    """The tutorial's loop, for ever: ("step", loss) after each step, ("test", loss) after each
    epoch, per image."""
    train_loader, test_loader = loaders
    torch.manual_seed(seed)
    model = TutorialVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    while True:
        model.train()
        for x, _ in train_loader:
            optimizer.zero_grad()
            x_hat, mu, logvar = model(x)
            loss = tutorial_loss(x_hat, x, mu, logvar)
            loss.backward()
            lost = loss.item()
            optimizer.step()
            yield "step", lost / len(x)
        model.eval()
        test = 0.0
        with torch.no_grad():
            for x, _ in test_loader:
                x_hat, mu, logvar = model(x)
                test += tutorial_loss(x_hat, x, mu, logvar).item()
        yield "test", test / len(test_loader.dataset)


def _tutorial(seed: int) -> tuple[float, float]:
    clock, test = Clock(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        for what, figure in tutorial_epochs(tutorial_loaders(Path(folder)), seed):
            if what == "test":
                test = figure
                break
            clock.step()
    return clock.rate, test


class Clock:
    """Steps for each second, but for the first ones."""

    def __init__(self) -> None:
        self._steps, self._began, self._last = 0, 0.0, 0.0

    def step(self) -> None:
        """One is done."""
        self._steps += 1
        self._last = time.perf_counter()
        if self._steps == _COLD:
            self._began = self._last

    @property
    def rate(self) -> float:
        """So far."""
        return (self._steps - _COLD) / (self._last - self._began)


def config(seed: int, epochs: int = 1) -> TrainConfig:
    """What the tutorial's loop does, in our words."""
    return TrainConfig(
        epochs=epochs, batch_size=BATCH, learning_rate=RATE, schedule="constant", seed=seed
    )


def _studio(seed: int, epochs: int = 1) -> tuple[float, float]:
    from vae_studio.core.control import TrainControl
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.trainer import new_state, train

    keep_freed_memory()
    clock, test = Clock(), 0.0
    state = new_state(ModelSpec(), config(seed, epochs))
    for event in train(state, load_dataset("mnist"), TrainControl()):
        if isinstance(event, StepDone):
            clock.step()
        elif isinstance(event, EpochDone):
            test = event.test.negative_elbo
    return clock.rate, test


def _headless(seed: int) -> tuple[float, float]:
    return _studio(seed, _LONGER)


def _window(seed: int) -> tuple[float, float]:
    from benchmarks.exploring import run_until, start

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    clock, tests = Clock(), []
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        studio = start()

        def take(events: Any) -> None:
            for event in events:
                if isinstance(event, StepDone):
                    clock.step()
                elif isinstance(event, EpochDone):
                    tests.append(event.test.negative_elbo)

        studio.store.training.events_arrived.connect(take)
        studio.store.launcher.start(ModelSpec(), config(seed, _LONGER), "vae-32")
        run_until(lambda: len(tests) == _LONGER)
        studio.window.close()
    return clock.rate, tests[-1]


def _by_hand(seed: int, adam: bool = True) -> tuple[float, float]:
    from benchmarks.by_hand import ByHand
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.model import VAE

    keep_freed_memory()
    torch.manual_seed(seed)
    loop, clock = ByHand(VAE(ModelSpec()), RATE, adam), Clock()
    data = load_dataset("mnist").train
    for batch in torch.randperm(len(data)).split(BATCH):
        loop.step(data.batch(batch)[0].flatten(1))
        clock.step()
    return clock.rate, 0.0


def _products(_seed: int) -> tuple[float, float]:
    from vae_studio.core.linear import _product

    sizes = ((784, 512), (512, 256), (256, 32), (256, 32), (32, 256), (256, 512), (512, 784))
    layers = [
        (torch.randn(BATCH, wide), torch.randn(narrow, wide), torch.randn(BATCH, narrow))
        for wide, narrow in sizes
    ]

    def mkl(x: Tensor, weight: Tensor) -> Tensor:
        return x @ weight.t()

    def rate(product: Callable[[Tensor, Tensor], Tensor]) -> float:
        clock = Clock()
        with torch.no_grad():
            for _ in range(STEPS):
                for number, (x, weight, grad) in enumerate(layers):
                    product(x, weight)
                    product(grad.t(), x.t())
                    if number:
                        product(grad, weight.t())
                clock.step()
        return clock.rate

    return max(rate(mkl), rate(_product)), 0.0


def once(loop: str, seed: int) -> tuple[float, float]:
    """Steps for each second, and the test loss after the epoch, in a process of its own."""
    said = python("-m", "benchmarks.training_speed", "--loop", loop, "--seed", str(seed))
    rate, test = json.loads(said.splitlines()[-1])
    return rate, test


def measure(rounds: int) -> Report:
    """All figures."""
    found: dict[str, list[tuple[float, float]]] = {loop: [] for loop in _LOOPS}
    for seed in range(rounds):
        for loop in _LOOPS:
            found[loop].append(once(loop, seed))
    rates = {loop: [rate for rate, _ in each] for loop, each in found.items()}

    def ratio(one: str, other: str) -> float:
        pairs = zip(rates[one], rates[other], strict=True)
        return statistics.median(a / b for a, b in pairs)

    tests = {loop: [test for _, test in found[loop]] for loop in _TRAINED}
    apart = abs(statistics.fmean(tests["studio"]) - statistics.fmean(tests["tutorial"]))
    return Report(
        "Training: 784-512-256-32 on MNIST, batch 128",
        (
            Line(
                "training throughput against the tutorial's loop",
                ratio("studio", "tutorial"),
                3.0,
                "×",
                at_least=True,
                aim=3.3,
            ),
            Line(
                "training throughput against the matrix products alone",
                100 * ratio("studio", "products"),
                75.0,
                "%",
                at_least=True,
                aim=85.0,
            ),
            Line(
                "training inside the open window against headless",
                100 * ratio("window", "headless"),
                90.0,
                "%",
                at_least=True,
            ),
        ),
        (
            Table(
                f"seconds for an epoch, {torch.get_num_threads()} threads",
                ("loop", "median", "least", "most", "test loss"),
                tuple(
                    (
                        loop,
                        STEPS / statistics.median(each),
                        STEPS / max(each),
                        STEPS / min(each),
                        round(statistics.fmean(tests[loop]), 2) if loop in tests else "",
                    )
                    for loop, each in rates.items()
                ),
            ),
        ),
        (
            f"A step by hand reaches {100 * ratio('by hand', 'products'):.0f} % of the products, "
            f"without Adam {100 * ratio('without Adam', 'products'):.0f} %; training reaches "
            f"{100 * ratio('studio', 'by hand'):.0f} % of the step by hand.",
            f"After an epoch the test losses of studio and tutorial are {apart:.2f} nats apart "
            f"(means of {rounds} seeds; single seeds of the tutorial's loop "
            f"{max(tests['tutorial']) - min(tests['tutorial']):.2f}).",
        ),
    )


def main() -> None:
    """Run all loops in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each loop (default 3)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--loop", choices=_LOOPS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loops: dict[str, Callable[[int], tuple[float, float]]] = {
            "tutorial": _tutorial,
            "studio": _studio,
            "products": _products,
            "by hand": _by_hand,
            "without Adam": lambda seed: _by_hand(seed, adam=False),
            "headless": _headless,
            "window": _window,
        }
        print(json.dumps(loops[options.loop](options.seed)))
        return
    measure(options.rounds).show(options.json)


if __name__ == "__main__":
    main()
