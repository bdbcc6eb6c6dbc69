"""How fast is one epoch, against the loop that most tutorials write?

The tutorial's loop: ``DataLoader``, ``ToTensor``, probabilities and ``binary_cross_entropy``,
Adam, ``.item()`` each step. The same network (784-512-256-32), batch and images; each epoch with
its pass over the test set, without start-up. Both run in turn, each in a process of its own, so
that a noisy machine slows both and neither warms the other up; the ratio is what counts.

    python -m benchmarks.training_speed [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import lzma
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_studio.core.resources import bundled_path
from vae_studio.core.runs import read_metrics
from vae_studio.core.vision import import_torchvision

BATCH = 128


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


def tutorial_loaders(folder: Path) -> tuple[object, object]:
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


def tutorial_epoch(train_loader: object, test_loader: object) -> tuple[float, float]:
    """Seconds of one epoch with the test pass, and the test loss for each image."""
    torch.manual_seed(0)
    model = TutorialVAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    started = time.perf_counter()
    model.train()
    total = 0.0
    for x, _ in train_loader:  # type: ignore[attr-defined]
        optimizer.zero_grad()
        loss = tutorial_loss(*_with_input(model, x))
        loss.backward()
        total += loss.item()
        optimizer.step()
    model.eval()
    test = 0.0
    with torch.no_grad():
        for x, _ in test_loader:  # type: ignore[attr-defined]
            test += tutorial_loss(*_with_input(model, x)).item()
    return time.perf_counter() - started, test / 10_000


def _with_input(model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x_hat, mu, logvar = model(x)
    return x_hat, x, mu, logvar


def studio_epoch() -> tuple[float, float]:
    """The same of ``vae-studio train --variant vae-32 --epochs 1``: what its metrics.csv says."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        settings = ["learning_rate=1e-3", "schedule=constant", f"batch_size={BATCH}"]
        command = ["train", "--variant", "vae-32", "--epochs", "1", "--set", *settings]
        _python("-m", "vae_studio", *command, "--output", str(run))
        (row,) = read_metrics(run)
    return row["seconds"], row["test_reconstruction"] + row["test_kl"]


def _python(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def main() -> None:
    """Run both loops in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="epochs of each loop (default 3)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tutorial-once", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tutorial_once:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(tutorial_epoch(*tutorial_loaders(Path(folder)))))
        return
    tutorial, studio = [], []
    for _ in range(options.rounds):
        once = _python("-m", "benchmarks.training_speed", "--tutorial-once")
        tutorial.append(tuple(json.loads(once)))
        studio.append(studio_epoch())
    ratio = statistics.median(t[0] / s[0] for t, s in zip(tutorial, studio, strict=True))
    figures = {
        "threads": torch.get_num_threads(),
        "tutorial_seconds": [round(seconds, 2) for seconds, _ in tutorial],
        "studio_seconds": [round(seconds, 2) for seconds, _ in studio],
        "tutorial_test": round(tutorial[0][1], 2),
        "studio_test": round(studio[0][1], 2),
        "ratio": round(ratio, 2),
    }
    if options.json:
        print(json.dumps(figures))
        return
    print(f"one epoch of 784-512-256-32 on MNIST, batch {BATCH}, {figures['threads']} threads")
    print(f"  tutorial's loop  {figures['tutorial_seconds']} s, test {figures['tutorial_test']}")
    print(f"  VAE Studio       {figures['studio_seconds']} s, test {figures['studio_test']}")
    print(f"  ratio            {ratio:.2f} (median of {options.rounds})")


if __name__ == "__main__":
    main()
