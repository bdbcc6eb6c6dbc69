"""How well is a half-drawn digit completed, and how soon?

Of test digits of MNIST the lower half is hidden, rows 14 on. The half that is left is encoded as it
stands, zeros below; or completed from eight starts, one digit at a time and on one thread, as in
the app, the search for the starts included. ``hidden``: what the best answer loses of the hidden
half, as Bernoulli cross-entropy in nats. ``right``: how many completed digits, drawn half and
decoded half together, a small classifier reads as what they were: of the best answers, and of
digits with a right one among the first eight (of ``cvae``: among those of its ten labels).
``whole``: the encoder is shown the digit whole, so that more could hardly be asked for. ``read
from the half alone``: a classifier of the same kind that was trained on nothing but such halves.
What it cannot tell, the half does not say, and no completion can know.

Both classifiers are trained here, for half a minute each, and the codes to start from are those of
the first 10,000 training images: nobody has seen the test digits.

    python -m benchmarks.completion [--count 2000] [--steps 22] [--json]
"""

from __future__ import annotations

import argparse
import inspect
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from vae_studio.core.adam import Adam
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.completion import code_bank, complete
from vae_studio.core.data import Dataset, DatasetPair, load_dataset
from vae_studio.core.explore import decode, encode
from vae_studio.core.model import VAE
from vae_studio.core.resources import bundled_path

_STARTS, _BANK, _FIRST_HIDDEN_ROW = 8, 10_000, 14
_TARGETS = {"hidden_nats": "≤ 82", "mean_ms": "≤ 30", "right": "≥ 92", "right_of_eight": "≥ 95"}
_EPOCHS, _BATCH, _RATE = 3, 128, 2e-3  # of the judge

Images = NDArray[np.float32]


@dataclass(frozen=True)
class Tried:
    """One digit. images: [A, 1, 28, 28], the best first; ms: until they were there."""

    images: Images
    ms: float


class Judge(nn.Module):
    """Reads digits: two convolutions and two layers, trained on images moved by a pixel or so."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 16, 5, padding=2), nn.Conv2d(16, 32, 5, padding=2)
        self.fc1, self.fc2 = nn.Linear(32 * 7 * 7, 128), nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = F.max_pool2d(F.relu(self.conv1(x)), 2)
        h = F.max_pool2d(F.relu(self.conv2(h)), 2)
        h = F.dropout(F.relu(self.fc1(h.flatten(1))), 0.3, self.training)
        return self.fc2(h)

    @torch.no_grad()
    def read(self, images: Images) -> NDArray[np.int64]:
        """The digit that it takes each image for."""
        return self(torch.from_numpy(np.ascontiguousarray(images))).argmax(1).numpy()


def train_judge(data: Dataset, mask: Images | float = 1.0) -> Judge:
    """A classifier of ``data``, its images times ``mask``, the same each time."""
    torch.manual_seed(0)
    judge, shown = Judge(), torch.as_tensor(mask)
    optimiser = Adam(judge.parameters(), lr=_RATE)
    steps, step = _EPOCHS * (len(data) // _BATCH), 0
    for _ in range(_EPOCHS):
        for indices in torch.randperm(len(data)).split(_BATCH)[: len(data) // _BATCH]:
            x, labels = data.batch(indices)
            shift = torch.randint(-1, 2, (2,)).tolist()
            optimiser.param_groups[0]["lr"] = _RATE * (1 - step / steps)
            optimiser.zero_grad()
            F.cross_entropy(judge(x.roll(shift, (2, 3)) * shown), labels).backward()
            optimiser.step()
            step += 1
    return judge.eval()


def encoded(model: VAE, images: Images, mask: Images | float) -> list[Tried]:
    """Each image times ``mask``, to a code and back."""
    found = []
    for image in images:
        started = time.perf_counter()
        code = encode(model, image * np.float32(mask))
        decoded = decode(model, code.mu, code.label)
        found.append(Tried(decoded[None], 1000.0 * (time.perf_counter() - started)))
    return found


def completed(
    model: VAE, images: Images, seen: NDArray[np.bool_], data: Dataset, steps: int
) -> list[Tried]:
    """Each image, of what is seen of it."""
    bank = code_bank(model, data.first(_BANK))
    assert bank is not None
    complete(model, images[0], seen, bank)  # the first call loads more than it computes
    found = []
    for image in images:
        started = time.perf_counter()
        answers = complete(model, image, seen, bank, starts=_STARTS, steps=steps)
        took = 1000.0 * (time.perf_counter() - started)
        assert answers is not None
        found.append(Tried(answers.images, took))
    return found


def figures(
    tried: Sequence[Tried],
    images: Images,
    labels: NDArray[np.int64],
    seen: NDArray[np.bool_],
    judge: Judge,
    most: int = _STARTS,
) -> dict[str, float]:
    """A row of the table. most: so many answers count at most."""
    lost, best, among = [], [], []
    for one, image, label in zip(tried, images, labels, strict=True):
        x, x_hat = image[0][~seen], one.images[0, 0][~seen].clip(1e-6, 1 - 1e-6)
        lost.append(float(-(x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)).sum()))
        right = judge.read(np.where(seen, image, one.images[:most])) == label
        best.append(bool(right[0]))
        among.append(bool(right.any()))
    times = [one.ms for one in tried]
    return {
        "hidden_nats": statistics.fmean(lost),
        "median_ms": statistics.median(times),
        "mean_ms": statistics.fmean(times),
        "right": 100.0 * statistics.fmean(best),
        "right_of_eight": 100.0 * statistics.fmean(among),
        "answers": statistics.fmean(len(one.images[:most]) for one in tried),
    }


def measure(data: DatasetPair, count: int, steps: int) -> dict[str, dict[str, float]]:
    """All rows, by their names."""
    seen = np.zeros((28, 28), np.bool_)
    seen[:_FIRST_HIDDEN_ROW] = True
    half = seen.astype(np.float32)
    judge, judge_of_halves = train_judge(data.train), train_judge(data.train, half)
    torch.set_num_threads(1)  # as where the app explores
    test, labels = (part.numpy() for part in data.test.batch(torch.arange(len(data.test))))
    whole, alone = judge.read(test) == labels, judge_of_halves.read(test[:count] * half)
    x, labels = test[:count], labels[:count]
    rows: dict[str, dict[str, float]] = {
        "judge on whole test images": {"right": 100.0 * float(whole.mean())},
        "read from the half alone": {"right": 100.0 * float((alone == labels).mean())},
    }
    vae, cvae = (
        load_snapshot(bundled_path("checkpoints") / name).build() for name in ("vae-32", "cvae")
    )
    for name, tried, most in (
        ("vae-32, the whole digit encoded", encoded(vae, x, 1.0), 1),
        ("vae-32, the half encoded", encoded(vae, x, half), 1),
        ("vae-32, completed", completed(vae, x, seen, data.train, steps), _STARTS),
        ("cvae, completed", completed(cvae, x, seen, data.train, steps), 10),
    ):
        rows[name] = figures(tried, x, labels, seen, judge, most)
    return rows


def _table(rows: dict[str, dict[str, float]], count: int) -> str:
    names = ("hidden_nats", "median_ms", "mean_ms", "right", "right_of_eight", "answers")
    lines = [f"{f'{count:,} digits':34}" + "".join(f"{name:>16}" for name in names)]
    for title, row in rows.items():
        cells = (f"{row[name]:.1f}" if name in row else "" for name in names)
        lines.append(f"{title:34}" + "".join(f"{cell:>16}" for cell in cells))
    targets = "".join(f"{_TARGETS.get(name, ''):>16}" for name in names)
    return "\n".join([*lines, f"{'target of vae-32, completed':34}{targets}"])


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="of test digits (default 2000)")
    steps = inspect.signature(complete).parameters["steps"].default
    parser.add_argument("--steps", type=int, default=steps, help=f"of the search (default {steps})")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = measure(load_dataset("mnist"), options.count, options.steps)
    if options.json:
        print(json.dumps({"targets": _TARGETS, "rows": rows}, indent=1, ensure_ascii=False))
    else:
        print(_table(rows, options.count))


if __name__ == "__main__":
    main()
