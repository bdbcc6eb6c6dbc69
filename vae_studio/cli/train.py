"""``vae-studio train``: a new run, or one that goes on, with a bar and a line for each epoch."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_studio.core.errors import CheckpointError, SpecError, StudioError
from vae_studio.core.moments import MAX_BYTES
from vae_studio.core.runs import find_run, read_run
from vae_studio.core.spec import ModelSpec, TrainConfig, parse_assignment
from vae_studio.core.variants import VARIANTS, variant, variant_for
from vae_studio.process_signals import ending_signals
from vae_studio.session.folders import new_run_folder, runs_folder

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import DatasetPair
    from vae_studio.core.datasets.table import DatasetInfo
    from vae_studio.core.recorder import RunRecorder

    MakeRecorder = Callable[[DatasetPair], RunRecorder]


def add_train(commands: Commands) -> None:
    """The command and its options."""
    train = commands.add_parser("train", help="train a model and keep it as a run folder")
    train.add_argument(
        "--variant", metavar="NAME", help=f"one of: {', '.join(VARIANTS)} (default vae-32)"
    )
    train.add_argument(
        "--resume", metavar="RUN", help="go on with a run that was stopped or cut, as it was"
    )
    train.add_argument(
        "--dataset",
        metavar="NAME",
        help="which images to learn (default mnist); “vae-studio data list” names them",
    )
    train.add_argument("--epochs", type=int, metavar="N", help="passes over the training set")
    train.add_argument("--output", type=Path, metavar="RUN", help="a new folder for the run")
    train.add_argument("--seed", type=int, metavar="N", help="of weights, noise and order")
    train.add_argument("--name", help="what the run is called in lists (default: its folder)")
    names = [item.name for item in (*fields(ModelSpec), *fields(TrainConfig))]
    train.add_argument(
        "--set",
        action="append",
        nargs="+",
        default=[],
        metavar="FIELD=VALUE",
        help=f"any field of the model or the training: {', '.join(names)}",
    )
    train.add_argument(
        "--weights",
        choices=("float32", "float16"),
        help="type on disk (default float32); float16 is for handing on, not for going on",
    )
    train.add_argument(
        "--moments",
        type=int,
        default=MAX_BYTES // 1_000_000,
        metavar="MB",
        help="disk space for weights along the way, to go back to (default 160; 0 for none)",
    )
    train.set_defaults(function=train_run)


def train_run(options: argparse.Namespace) -> int:
    """Train, and keep the run."""
    if options.resume:
        train_one(*_resumed_run(options))
    else:
        train_one(*_new_run(options))
    return 0


def train_one(
    spec: ModelSpec,
    config: TrainConfig,
    make_recorder: MakeRecorder,
    record: DatasetInfo | None = None,
) -> bool:
    """Train one run to its end. False where it was told to stop before.

    record: what a run that goes on says of its images.
    """
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import load_dataset
    from vae_studio.core.memory import keep_freed_memory

    keep_freed_memory()
    control = TrainControl()
    ends = ending_signals()
    before = {number: signal.signal(number, lambda *_: control.stop()) for number in ends}
    try:
        data = load_dataset(config.dataset, record=record)
        with make_recorder(data) as recorder:
            _follow(recorder, data, control)
    except (MemoryError, RuntimeError) as error:
        from vae_studio.core.trainer import is_out_of_memory, wanted_memory

        if not is_out_of_memory(error):
            raise
        raise StudioError("train.memory", step=0, size=wanted_memory(error, spec)) from error
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return not control.stopped


def _new_run(options: argparse.Namespace) -> tuple[ModelSpec, TrainConfig, MakeRecorder]:
    """A new run, as the options say."""
    from vae_studio.core.data import find_dataset

    name = options.variant or "vae-32"
    variant(name)  # a wrong name is told before the images are looked for
    changes: dict[str, Any] = dict(parse_assignment(text) for part in options.set for text in part)
    if options.dataset is not None:
        changes["dataset"] = options.dataset
    config = TrainConfig(dataset=changes.get("dataset", "mnist"))
    spec = variant_for(name, find_dataset(config.dataset))
    for field in ("epochs", "seed"):
        if getattr(options, field) is not None:
            changes[field] = getattr(options, field)
    spec_fields = {item.name for item in fields(ModelSpec)}
    spec = replace(spec, **{k: v for k, v in changes.items() if k in spec_fields})
    config = replace(config, **{k: v for k, v in changes.items() if k not in spec_fields})
    folder = options.output or new_run_folder(name)

    def make(data: DatasetPair) -> RunRecorder:
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.core.trainer import new_state

        return RunRecorder(
            folder,
            new_state(spec, config, images=data.train.images),
            name=options.name or folder.name,
            variant=name,
            command=options.command_line,
            weights=options.weights or "float32",
            moment_bytes=max(0, options.moments) * 1_000_000,
        )

    return spec, config, make


def _resumed_run(
    options: argparse.Namespace,
) -> tuple[ModelSpec, TrainConfig, MakeRecorder, DatasetInfo | None]:
    """A run to go on with; it brings all that the other options could say."""
    given = ("variant", "dataset", "epochs", "output", "seed", "name", "weights")
    extra = [f"--{name}" for name in given if getattr(options, name) is not None]
    extra += ["--set"] if options.set else []
    if extra:
        raise SpecError("resume.options", options=", ".join(extra))
    folder = find_run(options.resume, [runs_folder()])
    info = read_run(folder)

    def make(data: DatasetPair) -> RunRecorder:
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.ui.messages import error_sentence

        recorder = RunRecorder.resume(folder, data.train)
        if recorder.older:
            notice = CheckpointError("checkpoint.older", name=info.name)
            print(f"vae-studio: {error_sentence(notice)}", file=sys.stderr)
        return recorder

    return info.spec, info.config, make, info.data


def _follow(recorder: RunRecorder, data: DatasetPair, control: TrainControl) -> None:
    """Train until the end, with a bar and a line for each epoch."""
    from tqdm import tqdm

    from vae_studio.core.doctor import Doctor
    from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
    from vae_studio.core.trainer import images_used, steps_per_epoch, train
    from vae_studio.ui.doctor_words import line

    state = recorder.state
    images = images_used(len(data.train), state.config)
    doctor = Doctor(state.spec, state.config, images, recorder.rows)
    total = state.config.epochs * steps_per_epoch(len(data.train), state.spec, state.config)
    recorder.save()
    # disable=None: no bar where standard error is no terminal
    with tqdm(
        total=total, initial=state.step, unit="step", mininterval=0.2, disable=None
    ) as progress:
        for event in train(state, data, control):
            try:
                recorder.record(event)
            except CheckpointError:
                progress.close()
                if recorder.info.weights != "float32":
                    raise
                command = shlex.join(["vae-studio", "train", "--resume", str(recorder.info.path)])
                print(f"Once it can be written, go on with: {command}", file=sys.stderr)
                raise
            if isinstance(event, StepDone):
                progress.update()
                if event.step % 50 == 0:
                    progress.set_postfix_str(
                        f"epoch {event.epoch}, loss {event.batch.total(event.beta):.1f}",
                        refresh=False,
                    )
            elif isinstance(event, EpochDone):
                progress.write(
                    f"epoch {event.epoch:>3}  train {event.train.total():7.2f}  "
                    f"test {event.test.negative_elbo:7.2f} = "
                    f"{event.test.terms.reconstruction:.2f} + KL {event.test.terms.kl:.2f}  "
                    f"{event.seconds:.1f} s",
                    file=sys.stdout,
                )
            elif isinstance(event, TrainingDone):
                progress.close()
                print(f"{event.reason} at epoch {event.epoch}: {recorder.info.path}")
            elif isinstance(event, TrainingFailed):
                progress.close()
                raise StudioError(event.code, step=event.step, size=event.size)
            for finding in doctor.hear(event):
                progress.write(line(finding), file=sys.stdout)
