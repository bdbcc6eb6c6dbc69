"""For work that forks: a process of its own, with one thread and no window."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

from tests.soak.outcome import Outcome

_ROOT = Path(__file__).parents[2]

Work = Callable[[int, int, Path], Outcome]  # count, seed, folder


def run_alone(module: str, count: int, seed: int, folder: Path) -> Outcome:
    """What ``module``, started as a program that calls ``main``, makes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", module, str(count), str(seed), str(folder)],
        cwd=_ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        return Outcome("broke off", (f"seed {seed}: its process ended with {done.returncode}",))
    values = json.loads(done.stdout.splitlines()[-1])
    return Outcome(values["summary"], tuple(values["failures"]))


def main(work: Work) -> None:
    """The other side of ``run_alone``."""
    torch.set_num_threads(1)
    count, seed, folder = sys.argv[1:]
    outcome = work(int(count), int(seed), Path(folder))
    sys.stdout.write(json.dumps(asdict(outcome)) + "\n")
