"""The commands ``compare`` and ``experiment``: runs side by side, as a page."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_studio.cli.train import train_one
from vae_studio.core.errors import SpecError
from vae_studio.core.experiments import EXPERIMENTS, Arm, Experiment, experiment
from vae_studio.core.runs import find_run
from vae_studio.core.spec import TrainConfig, parse_assignment
from vae_studio.session.folders import new_run_folder, runs_folder

if TYPE_CHECKING:
    from vae_studio.core.data import DatasetPair
    from vae_studio.core.recorder import RunRecorder

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    MakeRecorder = Callable[[DatasetPair], RunRecorder]


def add_compare(commands: Commands, run_help: str) -> None:
    """Add both to the parser."""
    compare = commands.add_parser("compare", help="put runs side by side, as a page")
    compare.add_argument("runs", nargs="+", metavar="RUN", help=f"two or more, each {run_help}")
    compare.add_argument("--output", type=Path, required=True, metavar="HTML")
    compare.add_argument("--title", default="", help="of the page")
    compare.set_defaults(function=compare_command)

    names = ", ".join(EXPERIMENTS)
    trial = commands.add_parser(
        "experiment", help="train models that differ in one thing, and put them side by side"
    )
    trial.add_argument("name", metavar="NAME", help=f"one of: {names}")
    trial.add_argument("--list", action=_List, nargs=0, help="say what each of them asks, and end")
    trial.add_argument("--epochs", type=int, metavar="N", help="passes over the training set")
    trial.add_argument("--seed", type=int, metavar="N", help="of weights, noise and order")
    trial.add_argument("--output", type=Path, required=True, metavar="HTML")
    trial.add_argument(
        "--set",
        action="append",
        nargs="+",
        default=[],
        metavar="FIELD=VALUE",
        help="any field of the training, the same for all models: "
        f"{', '.join(item.name for item in fields(TrainConfig))}",
    )
    trial.set_defaults(function=experiment_command)


class _List(argparse.Action):
    """Like ``--help``: says something and ends, whatever else is given or missing."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for name, row in EXPERIMENTS.items():
            print(f"{name:16} {row.title}\n{'':16} {row.question}")
        parser.exit()


def compare_command(options: argparse.Namespace) -> int:
    """Compare runs that there are."""
    from vae_studio.core.report import check_place

    paths = [find_run(text, [runs_folder()]) for text in options.runs]
    check_place(options.output)
    _write_page(options.output, paths, title=options.title)
    return 0


def experiment_command(options: argparse.Namespace) -> int:
    """Train the arms one after the other, then compare them. 130 where a training was stopped."""
    from vae_studio.core.report import check_place
    from vae_studio.core.trainer import check_trainable

    trial = experiment(options.name, _config(options))
    check_place(options.output)
    for arm in trial.arms:  # a fault of the last is told before the first trains
        check_trainable(arm.spec, arm.config)
    paths: list[Path] = []
    for arm in trial.arms:
        folder = new_run_folder(arm.variant)
        print(f"{arm.label}: {folder}", flush=True)
        recorder = _recorder_of(arm, trial, folder, options.command_line)
        if not train_one(arm.spec, arm.config, recorder):
            return _stopped([*paths, folder], options.output)
        paths.append(folder)
    labels = [arm.label for arm in trial.arms]
    _write_page(options.output, paths, labels, trial.title, trial.question)
    return 0


def _config(options: argparse.Namespace) -> TrainConfig:
    changes = dict(parse_assignment(text) for part in options.set for text in part)
    for field in ("epochs", "seed"):
        if getattr(options, field) is not None:
            changes[field] = getattr(options, field)
    known = [item.name for item in fields(TrainConfig)]
    for field in changes:
        if field not in known:  # what the models are is what the experiment is about
            raise SpecError("experiment.model", field=field, known=", ".join(known))
    return replace(TrainConfig(), **changes)


def _recorder_of(arm: Arm, trial: Experiment, folder: Path, command: str) -> MakeRecorder:
    def make(data: DatasetPair) -> RunRecorder:
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.core.trainer import new_state

        state = new_state(arm.spec, arm.config, images=data.train.images)
        name = f"{trial.title}: {arm.label}"
        return RunRecorder(folder, state, name=name, variant=arm.variant, command=command)

    return make


def _stopped(paths: Sequence[Path], output: Path) -> int:
    """Say what is kept, and how to go on without what is done already."""
    print(f"Stopped; what was trained is kept: {shlex.join(map(str, paths))}", file=sys.stderr)
    words = ["vae-studio", "compare", *map(str, paths), "--output", str(output)]
    if len(paths) > 1:
        print(f"Compare it as it is with: {shlex.join(words)}", file=sys.stderr)
    return 130


def _write_page(
    output: Path,
    paths: Sequence[Path],
    labels: Sequence[str] = (),
    title: str = "",
    question: str = "",
) -> None:
    from vae_studio.core.comparison import compare
    from vae_studio.core.report import html, save_report

    found = compare(paths, labels, title, question)
    assert found is not None  # nothing asked it to stop
    save_report(output, html(found))
    print(output)
