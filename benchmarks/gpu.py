"""How long is an epoch on a GPU?

The same code as everywhere: ``auto`` takes a GPU where there is one, the images lie on it, and no
step waits for its result. Where there is none, the figure is missing, and says so.

    python -m benchmarks.gpu [--epochs 3] [--json]
"""

from __future__ import annotations

import argparse
import statistics

import torch

from benchmarks.lines import Line, Report
from vae_studio.core.control import TrainControl
from vae_studio.core.data import load_dataset
from vae_studio.core.events import EpochDone
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import new_state, pick_device, train

_MOST = 1.0  # s


def seconds(epochs: int) -> float:
    """Of an epoch, test included; the first, in which the GPU wakes up, is left out."""
    state = new_state(ModelSpec(), TrainConfig(epochs=epochs + 1))
    events = train(state, load_dataset("mnist"), TrainControl())
    found = [event.seconds for event in events if isinstance(event, EpochDone)]
    return statistics.median(found[1:])


def report(epochs: int) -> Report:
    """The one line."""
    has_gpu = pick_device("auto").type == "cuda"
    note = torch.cuda.get_device_name() if has_gpu else "There is no GPU here: not measured."
    figure = seconds(epochs) if has_gpu else None
    return Report("GPU", (Line("an epoch of MNIST on a GPU", figure, _MOST, "s"),), (), (note,))


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report(options.epochs).show(options.json)


if __name__ == "__main__":
    main()
