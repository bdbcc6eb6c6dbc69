"""``vae-studio repeat``: train a run again from its record and say whether the numbers agree."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from vae_studio.core.runs import find_run, read_run
from vae_studio.session.folders import runs_folder

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add_repeat(commands: Commands, run_help: str) -> None:
    """The command and its options."""
    parser = commands.add_parser(
        "repeat", help="train a run again from its record, and compare the numbers"
    )
    parser.add_argument("run", metavar="RUN", help=run_help)
    parser.set_defaults(function=repeat_run)


def repeat_run(options: argparse.Namespace) -> int:
    """0 where all figures and weights are the same, 1 where any differs."""
    from vae_studio.core.data import load_dataset
    from vae_studio.core.memory import keep_freed_memory
    from vae_studio.core.repeat import EpochRepeated, repeat

    info = read_run(find_run(options.run, [runs_folder()]))
    keep_freed_memory()
    all_same = True
    for part in repeat(info, load_dataset(info.config.dataset, record=info.data)):
        if isinstance(part, EpochRepeated):
            all_same = all_same and not part.different
            print(f"epoch {part.epoch:>3}  {_differences(part.different)}", flush=True)
        elif part.same is None:
            print(
                f"weights after step {part.step}: the largest difference is {part.largest:.2g} "
                f"(they were saved as {info.weights})"
            )
        else:
            all_same = all_same and part.same
            verdict = (
                "the same, bit for bit" if part.same else f"differ by up to {part.largest:.2g}"
            )
            print(f"weights after step {part.step}: {verdict}")
    return 0 if all_same else 1


def _differences(different: dict[str, tuple[float, float]] | None) -> str:
    if different is None:
        return "not in the record"
    if not different:
        return "the same numbers"
    parts = (f"{name} {then:.6g}, now {now:.6g}" for name, (then, now) in different.items())
    return "differs: " + "; ".join(parts)
