"""How soon is a model as good as the tutorial's after its 20 epochs?

The tutorial's loop runs for 20 epochs; its test loss after the last one is the goal, and all its
seconds count. Then the app trains what *Train* trains when nobody has changed anything, and the
seconds count until its test loss is as low. Both in processes of their own, one after the other for
each seed, training and test alike; loading the images is left out.

    python -m benchmarks.time_to_quality [--seeds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.lines import Line, Report, Table
from benchmarks.processes import python
from benchmarks.training_speed import tutorial_epochs, tutorial_loaders
from vae_studio.core.data import load_dataset
from vae_studio.core.events import EpochDone
from vae_studio.session.plan import preset

_EPOCHS = 20  # of the tutorial
_LEAST, _AIM = 5.0, 8.0


def tutorial(seed: int) -> list[tuple[float, float]]:
    """For each epoch the seconds since the beginning, and the test loss."""
    found: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        loaders = tutorial_loaders(Path(folder))
        began = time.perf_counter()
        for what, figure in tutorial_epochs(loaders, seed):
            if what == "test":
                found.append((time.perf_counter() - began, figure))
            if len(found) == _EPOCHS:
                break
    return found


def studio(seed: int) -> list[tuple[float, float]]:
    """The same of the app's defaults."""
    from vae_studio.core.control import TrainControl
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.trainer import new_state, train

    keep_freed_memory()
    data = load_dataset("mnist")
    found: list[tuple[float, float]] = []
    began = time.perf_counter()
    plan = preset()
    config = replace(plan.config, seed=seed)
    state = new_state(plan.spec, config, images=data.train.images)
    for event in train(state, data, TrainControl()):
        if isinstance(event, EpochDone):
            found.append((time.perf_counter() - began, event.test.negative_elbo))
    return found


def _once(loop: str, seed: int) -> list[tuple[float, float]]:
    said = python("-m", "benchmarks.time_to_quality", "--loop", loop, "--seed", str(seed))
    found = json.loads(said.splitlines()[-1])
    return [(round(seconds, 2), round(loss, 3)) for seconds, loss in found]


def measure(seeds: int) -> Report:
    """All of it; a ratio of 0 where the goal was not reached."""
    rows, ratios, goals = [], [], []
    curves: dict[str, list[tuple[float, float]]] = {}
    for seed in range(seeds):
        theirs, ours = _once("tutorial", seed), _once("studio", seed)
        curves |= {f"tutorial {seed}": theirs, f"studio {seed}": ours}
        seconds, goal = theirs[-1]
        reached = next((at for at, loss in ours if loss <= goal), None)
        ratio = 0.0 if reached is None else seconds / reached
        rows.append((str(seed), goal, seconds, "never" if reached is None else reached, ratio))
        ratios.append(ratio)
        goals.append(goal)
    plan = preset()
    return Report(
        "Time to quality",
        (
            Line(
                f"sooner at the tutorial's {_EPOCHS}-epoch test loss "
                f"(about {statistics.median(goals):.1f} nats)",
                statistics.median(ratios),
                _LEAST,
                "×",
                at_least=True,
                aim=_AIM,
            ),
        ),
        (
            Table(
                f"until the test loss of the tutorial's {_EPOCHS} epochs, {seeds} seeds",
                ("seed", "goal, nats", "tutorial s", "studio s", "ratio"),
                tuple(rows),
            ),
        ),
        (
            "What Train does when nothing was changed: "
            + ", ".join(
                f"{name} {getattr(plan.config, name)}"
                for name in (
                    "epochs",
                    "learning_rate",
                    "schedule",
                    "rate_warmup",
                    "beta_warmup",
                    "mean_bias",
                )
            )
            + ".",
        ),
        curves,
    )


def main() -> None:
    """Run both for each seed and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--loop", choices=("tutorial", "studio"), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.loop:
        loop = tutorial if options.loop == "tutorial" else studio
        print(json.dumps(loop(options.seed)))
        return
    measure(options.seeds).show(options.json)


if __name__ == "__main__":
    main()
