"""The ``vae-studio`` command: the window, and everything a script needs without it."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_studio import __version__, logs
from vae_studio.core.errors import CheckpointError, ImageError, SpecError, StudioError
from vae_studio.core.runs import find_run, read_run
from vae_studio.core.spec import ModelSpec, TrainConfig, parse_assignment
from vae_studio.core.variants import VARIANTS, variant
from vae_studio.process_signals import ending_signals
from vae_studio.session.folders import new_run_folder, runs_folder

if TYPE_CHECKING:
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import DatasetPair
    from vae_studio.core.model import VAE
    from vae_studio.core.recorder import RunRecorder
    from vae_studio.core.snapshot import Snapshot

    MakeRecorder = Callable[[DatasetPair], RunRecorder]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, or 2 for an error that a person can mend."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console without “−” shows “?” instead
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    options.command_line = shlex.join(["vae-studio", *arguments])
    try:
        logged = options.function is _train  # the window sees to its own log; others need none
        with logs.install(options.command_line) if logged else contextlib.nullcontext():
            code: int = options.function(options)
        return code
    except StudioError as error:
        from vae_studio.ui.messages import error_sentence

        picture = f"{error.params['path']}: " if isinstance(error, ImageError) else ""
        print(f"vae-studio: {picture}{error_sentence(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has had enough
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vae-studio",
        description="Understand variational autoencoders by touching them. "
        "Without a command, the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.set_defaults(function=_window)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    run_help = "a run folder, or the name of a model that ships, such as vae-32"

    train = commands.add_parser("train", help="train a model and keep it as a run folder")
    train.add_argument(
        "--variant", metavar="NAME", help=f"one of: {', '.join(VARIANTS)} (default vae-32)"
    )
    train.add_argument(
        "--resume", metavar="RUN", help="go on with a run that was stopped or cut, as it was"
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
    train.set_defaults(function=_train)

    evaluate = commands.add_parser("evaluate", help="measure a model on its test set")
    evaluate.add_argument("run", metavar="RUN", help=run_help)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(function=_evaluate)

    sample = commands.add_parser("sample", help="draw from the prior and decode")
    sample.add_argument("run", metavar="RUN", help=run_help)
    sample.add_argument("--count", type=int, default=64, metavar="N", help="images (default 64)")
    sample.add_argument("--label", type=int, metavar="N", help="class, for a model with classes")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    sample.add_argument("--output", type=Path, required=True, metavar="PNG")
    sample.set_defaults(function=_sample)

    reconstruct = commands.add_parser("reconstruct", help="send a picture through a model")
    reconstruct.add_argument("run", metavar="RUN", help=run_help)
    reconstruct.add_argument("image", type=Path, help="any picture; fitted as MNIST's digits are")
    reconstruct.add_argument("--label", type=int, metavar="N", help="class, else it is guessed")
    reconstruct.add_argument("--output", type=Path, required=True, metavar="PNG")
    reconstruct.set_defaults(function=_reconstruct)

    tour = commands.add_parser(
        "tour", help="drive the real window through its four jobs, without a screen"
    )
    tour.add_argument("--output", type=Path, default=Path("tour"), metavar="DIR")
    tour.add_argument("--theme", choices=("dark", "light"), default="dark")
    tour.set_defaults(function=_tour)
    return parser


def _window(options: argparse.Namespace) -> int:
    from vae_studio.app import run

    return run()


def _tour(options: argparse.Namespace) -> int:
    from vae_studio.tour import run_tour

    for picture in run_tour(options.output, options.theme):
        print(picture)
    return 0


def _train(options: argparse.Namespace) -> int:
    from vae_studio.core.control import TrainControl
    from vae_studio.core.data import load_dataset
    from vae_studio.core.memory import keep_freed_memory

    start = _resumed_run if options.resume else _new_run
    spec, config, make_recorder = start(options)
    keep_freed_memory()
    control = TrainControl()
    ends = ending_signals()
    before = {number: signal.signal(number, lambda *_: control.stop()) for number in ends}
    try:
        data = load_dataset(config.dataset)
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
    return 0


def _new_run(options: argparse.Namespace) -> tuple[ModelSpec, TrainConfig, MakeRecorder]:
    """A new run, as the options say."""
    name = options.variant or "vae-32"
    spec, config = variant(name), TrainConfig()
    changes: dict[str, Any] = dict(parse_assignment(text) for part in options.set for text in part)
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
            new_state(spec, config),
            name=options.name or folder.name,
            variant=name,
            command=options.command_line,
            weights=options.weights or "float32",
        )

    return spec, config, make


def _resumed_run(options: argparse.Namespace) -> tuple[ModelSpec, TrainConfig, MakeRecorder]:
    """A run to go on with; it brings all that the other options could say."""
    given = ("variant", "epochs", "output", "seed", "name", "weights")
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

    return info.spec, info.config, make


def _follow(recorder: RunRecorder, data: DatasetPair, control: TrainControl) -> None:
    """Train until the end, with a bar and a line for each epoch."""
    from tqdm import tqdm

    from vae_studio.core.events import EpochDone, StepDone, TrainingDone, TrainingFailed
    from vae_studio.core.trainer import steps_per_epoch, train

    state = recorder.state
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


def _open(text: str) -> tuple[Snapshot, VAE]:
    from vae_studio.core.checkpoint import load_snapshot

    snapshot = load_snapshot(find_run(text, [runs_folder()]))
    return snapshot, snapshot.build()


def _evaluate(options: argparse.Namespace) -> int:
    from vae_studio.core.data import DATASETS, load_dataset
    from vae_studio.core.evaluate import evaluate
    from vae_studio.core.trainer import check_fit

    snapshot, model = _open(options.run)
    data = load_dataset(snapshot.config.dataset)
    check_fit(snapshot.spec, DATASETS[snapshot.config.dataset])
    result = evaluate(model, data.test)
    assert result is not None  # nothing asked it to stop
    figures = {
        "model": snapshot.name,
        "epoch": snapshot.epoch,
        "likelihood": snapshot.spec.likelihood,
        "reconstruction": result.terms.reconstruction,
        "kl": result.terms.kl,
        "negative_elbo": result.negative_elbo,
        "active_units": result.active_units,
        "latent_dim": snapshot.spec.latent_dim,
        "bernoulli": result.bernoulli,
        "squared_error": result.squared_error,
    }
    if options.json:
        print(json.dumps(figures, indent=1))
        return 0
    unit = "nats" if snapshot.spec.likelihood == "bernoulli" else "squared error"
    print(f"{snapshot.name}, epoch {snapshot.epoch}, test set")
    print(f"  reconstruction  {result.terms.reconstruction:8.2f}  {unit} for each image")
    print(f"  KL              {result.terms.kl:8.2f}  nats for each image")
    total = "−ELBO   " if snapshot.spec.likelihood == "bernoulli" else "MSE + KL"
    print(f"  {total}        {result.negative_elbo:8.2f}")
    print(f"  active units    {result.active_units:5d} of {snapshot.spec.latent_dim}")
    return 0


def _label(value: int | None, snapshot: Snapshot) -> tuple[float, ...] | None:
    from vae_studio.core.explore import one_hot

    classes = snapshot.spec.num_classes
    if value is None:
        return None
    if not classes:
        raise SpecError("label.none", name=snapshot.name)
    if not 0 <= value < classes:
        raise SpecError("label.needed", name=snapshot.name, classes=classes, last=classes - 1)
    return one_hot(value, classes)


def _sample(options: argparse.Namespace) -> int:
    import torch

    from vae_studio.core.explore import sample
    from vae_studio.core.pictures import grid

    if not 1 <= options.count <= 10_000:
        raise SpecError("spec.range", field="count", value=options.count, low=1, high=10_000)
    if not 0 <= options.seed < 2**63:
        raise SpecError("spec.range", field="seed", value=options.seed, low=0, high=2**63 - 1)
    snapshot, model = _open(options.run)
    generator = torch.Generator().manual_seed(options.seed)
    _, images = sample(model, options.count, generator, _label(options.label, snapshot))
    _save(options.output, grid(images))
    return 0


def _reconstruct(options: argparse.Namespace) -> int:
    import numpy as np

    from vae_studio.core.explore import decode, encode, reconstruction_terms
    from vae_studio.core.picture_files import open_picture
    from vae_studio.core.pictures import grid
    from vae_studio.core.scan import image_to_input

    snapshot, model = _open(options.run)
    picture = open_picture(options.image)
    try:
        x = image_to_input(picture)[np.newaxis]
    except ImageError as error:
        raise ImageError(error.code, **{**error.params, "path": str(options.image)}) from error
    code = encode(model, x, _label(options.label, snapshot))
    x_hat = decode(model, code.mu, code.label)
    terms = reconstruction_terms(model, x, code)
    _save(options.output, grid(np.stack([x, x_hat]), columns=2))
    print(f"reconstruction {terms.reconstruction:.2f}, KL {terms.kl:.2f} nats")
    return 0


def _save(path: Path, picture: Any) -> None:
    from vae_studio.core.errors import CheckpointError
    from vae_studio.core.pictures import png

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture, scale=4))
    except OSError as error:
        raise CheckpointError("checkpoint.write", path=str(path), reason=_reason(error)) from error
    print(path)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
