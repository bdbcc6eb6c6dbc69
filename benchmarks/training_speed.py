"""How fast is training, against the loop that most tutorials write, and against the hardware?

- *tutorial*: ``DataLoader``, ``ToTensor``, probabilities and ``binary_cross_entropy``, Adam,
  ``.item()`` each step;
- *plain*: what a good loop of twenty lines does: images in memory, logits, torch's fused Adam;
- *studio*: ``vae_studio.core.trainer.train``, as the command line and the window run it;
- *autograd*: the same, its gradients found by autograd instead of ``core/derived.py``;
- *products*: the matrix products of a step and nothing else, through the faster one of torch's two
  libraries; *products, memory kept*: the same with the setting of ``core/memory.py``, so that no
  result is written to memory that the system has yet to hand out;
- *headless* and *window*: training with all that comes between epochs, its run and moments written:
  as the command line does, and in the open window, plots live and pictures following.

The same network (784-512-256-32), batch, rate and images. Each has a process of its own, and they
take turns of some steps (some seconds for the last two), so that a noisy machine slows all alike.
The first steps, in which libraries are loaded, are left out. Whole epochs over three seeds say
whether what is learned is the same.

    python -m benchmarks.training_speed [--rounds 24] [--slices 8] [--seeds 3] [--json]
"""

from __future__ import annotations

import argparse
import lzma
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python
from benchmarks.turns import ratio, serve, taking_turns
from vae_studio.core.data import load_dataset
from vae_studio.core.events import EpochDone, Event, StepDone
from vae_studio.core.memory import keep_freed_memory
from vae_studio.core.resources import bundled_path
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.vision import import_torchvision

if TYPE_CHECKING:
    from vae_studio.core.trainer import TrainState

BATCH, RATE, STEPS = 128, 1e-3, 469  # steps of one epoch
_COLD, _TURN, _SLICE = 40, 15, 4.0  # steps that are not timed; steps, and seconds, of a turn
_SETTLE = 0.7  # s in which a window whose training is held comes to rest
_LEARNING = ("tutorial", "studio")


class TutorialVAE(nn.Module):
    """The network as tutorials write it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(784, 512), nn.Linear(512, 256)
        self.fc_mu, self.fc_logvar = nn.Linear(256, 32), nn.Linear(256, 32)
        self.fc3, self.fc4, self.fc5 = nn.Linear(32, 256), nn.Linear(256, 512), nn.Linear(512, 784)

    def logits(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of each pixel, mu, logvar."""
        h = F.relu(self.fc2(F.relu(self.fc1(x.view(-1, 784)))))
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        h = F.relu(self.fc4(F.relu(self.fc3(z))))
        return self.fc5(h), mu, logvar

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, mu, logvar = self.logits(x)
        return torch.sigmoid(logits), mu, logvar


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


def config(seed: int, epochs: int = 1) -> TrainConfig:
    """What the tutorial's loop does, in our words."""
    return TrainConfig(
        epochs=epochs, batch_size=BATCH, learning_rate=RATE, schedule="constant", seed=seed
    )


def _tutorial_steps() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        for what, _ in tutorial_epochs(tutorial_loaders(Path(folder)), 0):
            if what == "step":
                yield


def _plain_steps() -> Iterator[None]:
    images = load_dataset("mnist").train.images.flatten(1)
    model = TutorialVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    while True:
        for indices in torch.randperm(len(images)).split(BATCH):
            x = images[indices] / 255.0
            logits, mu, logvar = model.logits(x)
            reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            kl = -0.5 * (1 + logvar - mu.square() - logvar.exp()).sum()
            optimizer.zero_grad()
            ((reconstruction + kl) / len(x)).backward()
            optimizer.step()
            yield


def _studio_steps() -> Iterator[None]:
    from vae_studio.core.trainer import new_state

    return _trained(new_state(ModelSpec(), config(0, 1000)))


def _trained(state: TrainState, record: Callable[[Event], None] | None = None) -> Iterator[None]:
    """record: is told of each event."""
    from vae_studio.core.control import TrainControl
    from vae_studio.core.trainer import train

    keep_freed_memory()
    for event in train(state, load_dataset("mnist"), TrainControl()):
        if record is not None:
            record(event)
        if isinstance(event, StepDone):
            yield


def _autograd_steps() -> Iterator[None]:
    from vae_studio.core import learner

    learner.can_derive = lambda _: False
    return _studio_steps()


def _product_steps() -> Iterator[None]:
    from vae_studio.core.linear import _product

    sizes = ((784, 512), (512, 256), (256, 32), (256, 32), (32, 256), (256, 512), (512, 784))
    layers = [
        (torch.randn(BATCH, wide), torch.randn(narrow, wide), torch.randn(BATCH, narrow))
        for wide, narrow in sizes
    ]

    def mkl(x: Tensor, weight: Tensor) -> Tensor:
        return x @ weight.t()

    def step(product: Callable[[Tensor, Tensor], Tensor]) -> None:
        for number, (x, weight, grad) in enumerate(layers):
            product(x, weight)
            product(grad.t(), x.t())
            if number:
                product(grad, weight.t())

    def seconds(product: Callable[[Tensor, Tensor], Tensor]) -> float:
        took = []
        for _ in range(_COLD):
            began = time.perf_counter()
            step(product)
            took.append(time.perf_counter() - began)
        return statistics.median(took)

    best = min((mkl, _product), key=seconds)
    while True:
        step(best)
        yield


def _kept_product_steps() -> Iterator[None]:
    keep_freed_memory()
    return _product_steps()


_STEPS = {
    "tutorial": _tutorial_steps,
    "plain": _plain_steps,
    "autograd": _autograd_steps,
    "studio": _studio_steps,
    "products": _product_steps,
    "products, memory kept": _kept_product_steps,
}


def _serve_steps(loop: str) -> None:
    """Turns of so many steps: seconds for each of them."""
    steps = _STEPS[loop]()
    for _ in range(_COLD):
        next(steps)

    def some(count: float) -> float:
        began = time.perf_counter()
        for _ in range(int(count)):
            next(steps)
        return (time.perf_counter() - began) / count

    serve(some)


def _serve_headless() -> None:
    """Turns of so many seconds: steps for each of them."""
    from vae_studio.core.recorder import RunRecorder
    from vae_studio.core.trainer import new_state

    with (
        tempfile.TemporaryDirectory() as folder,
        RunRecorder(Path(folder) / "run", new_state(ModelSpec(), config(0, 1000)), "run") as run,
    ):
        steps = _trained(run.state, run.record)
        for _ in range(STEPS):
            next(steps)
        _serve_seconds(steps)


def _serve_seconds(steps: Iterator[None]) -> None:
    def some(seconds: float) -> float:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            next(steps)
            count += 1
        return count / (time.perf_counter() - began)

    serve(some)


def _serve_window() -> None:
    """The same, in the open window; between the turns the training is held."""
    from benchmarks.exploring import nudge, run_until, start
    from vae_studio.ui.training import TrainStatus

    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as home:
        os.environ["VAE_STUDIO_HOME"] = home
        studio = start()
        training = studio.store.training
        studio.store.launcher.start(ModelSpec(), config(0, 1000), "vae-32")
        run_until(lambda: training.view.step >= STEPS)

        def live(seconds: float) -> None:
            end = time.perf_counter() + seconds
            run_until(lambda: time.perf_counter() >= end or nudge(0.01))

        def hold() -> None:
            training.pause_or_resume()
            run_until(lambda: training.view.status is TrainStatus.PAUSED)
            live(_SETTLE)

        def some(seconds: float) -> float:
            before, began = training.view.step, time.perf_counter()
            training.pause_or_resume()
            live(seconds)
            took = time.perf_counter() - began
            hold()
            return (training.view.step - before) / took

        hold()
        serve(some)
        studio.window.close()


def _learned(loop: str, seed: int) -> float:
    """The test loss after an epoch, in nats."""
    if loop == "tutorial":
        with tempfile.TemporaryDirectory() as folder:
            epochs = tutorial_epochs(tutorial_loaders(Path(folder)), seed)
            return next(figure for what, figure in epochs if what == "test")
    from vae_studio.core.control import TrainControl
    from vae_studio.core.trainer import new_state, train

    events = train(new_state(ModelSpec(), config(seed)), load_dataset("mnist"), TrainControl())
    return next(event.test.negative_elbo for event in events if isinstance(event, EpochDone))


def _command(*options: str) -> tuple[str, ...]:
    return ("-m", "benchmarks.training_speed", *options)


def measure(rounds: int, slices: int, seeds: int) -> Report:
    """All figures."""
    with taking_turns({loop: _command("--loop", loop) for loop in _STEPS}) as turns:
        took = turns.rounds(rounds, dict.fromkeys(_STEPS, _TURN))
    longer = ("headless", "window")
    with taking_turns({loop: _command("--loop", loop) for loop in longer}) as turns:
        rates = turns.rounds(slices, dict.fromkeys(longer, _SLICE))
    tests = {
        loop: [
            float(python(*_command("--learn", loop, "--seed", str(seed))).splitlines()[-1])
            for seed in range(seeds)
        ]
        for loop in _LEARNING
    }
    apart = abs(statistics.fmean(tests["studio"]) - statistics.fmean(tests["tutorial"]))

    kept = "products, memory kept"

    def faster(one: str, other: str) -> float:
        return ratio(took[other], took[one])

    took |= {loop: [1.0 / rate for rate in rates[loop]] for loop in longer}
    return Report(
        "Training: 784-512-256-32 on MNIST, batch 128",
        (
            Line(
                "training throughput against the tutorial's loop",
                faster("studio", "tutorial"),
                3.0,
                "×",
                at_least=True,
                aim=3.3,
            ),
            Line(
                "training throughput against the matrix products alone",
                100 * faster("studio", "products"),
                75.0,
                "%",
                at_least=True,
                aim=85.0,
            ),
            Line(
                "training inside the open window against headless",
                100 * ratio(rates["window"], rates["headless"]),
                90.0,
                "%",
                at_least=True,
            ),
        ),
        (
            Table(
                f"milliseconds for a step, {torch.get_num_threads()} threads",
                ("loop", "median", "least", "most", "seconds for an epoch"),
                tuple(
                    (
                        loop,
                        1000 * statistics.median(each),
                        1000 * min(each),
                        1000 * max(each),
                        STEPS * statistics.median(each),
                    )
                    for loop, each in took.items()
                ),
            ),
            Table(
                "test loss after one epoch, nats",
                ("loop", *(f"seed {seed}" for seed in range(seeds)), "mean"),
                tuple((loop, *each, statistics.fmean(each)) for loop, each in tests.items()),
            ),
        ),
        (
            f"The plain loop reaches {100 * faster('plain', 'products'):.0f} % of the products, "
            f"training through autograd {100 * faster('autograd', 'products'):.0f} %.",
            f"Where memory is kept, the products alone are {faster(kept, 'products'):.2f} times as "
            f"fast, and training reaches {100 * faster('studio', kept):.0f} % of them.",
            "The tutorial's loop takes "
            f"{faster('products', 'tutorial'):.2f} times as long as the products, or "
            f"{faster(kept, 'tutorial'):.2f} times where memory is kept: more than that no loop "
            "can win here.",
            f"Test losses of studio and tutorial are {apart:.2f} nats apart (means; single seeds "
            f"of the tutorial's loop {max(tests['tutorial']) - min(tests['tutorial']):.2f}).",
        ),
    )


def main() -> None:
    """Let all loops take turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=24, help="turns of each loop (default 24)")
    parser.add_argument("--slices", type=int, default=8, help="of the window's (default 8)")
    parser.add_argument("--seeds", type=int, default=3, help="whole epochs (default 3)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--loop", help=argparse.SUPPRESS)
    parser.add_argument("--learn", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.learn:
        print(_learned(options.learn, options.seed))
    elif options.loop == "headless":
        _serve_headless()
    elif options.loop == "window":
        _serve_window()
    elif options.loop:
        _serve_steps(options.loop)
    else:
        measure(options.rounds, options.slices, options.seeds).show(options.json)


if __name__ == "__main__":
    main()
