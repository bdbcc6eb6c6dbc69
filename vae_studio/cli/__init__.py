"""The ``vae-studio`` command: the window, and everything a script needs without it."""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from vae_studio import __version__, logs
from vae_studio.cli.compare import add_compare, experiment_command
from vae_studio.cli.data import add_data
from vae_studio.cli.models import add_models
from vae_studio.cli.repeat import add_repeat
from vae_studio.cli.train import add_train, train_run
from vae_studio.core.datasets.sets_folder import register_stored
from vae_studio.core.errors import ImageError, StudioError
from vae_studio.session.folders import data_folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, or 2 for an error that a person can mend."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console without “−” shows “?” instead
            stream.reconfigure(errors="replace")
    options = _parser().parse_args(arguments)
    options.command_line = shlex.join(["vae-studio", *arguments])
    options.damaged = []
    try:
        if options.function not in (_window, _tour):  # which see to that themselves
            options.damaged = register_stored(data_folder())
        # Trainings are logged; the window sees to its own log; others need none.
        logged = options.function in (train_run, experiment_command)
        with logs.install(options.command_line) if logged else contextlib.nullcontext():
            code: int = options.function(options)
        return code
    except StudioError as error:
        from vae_studio.ui.messages import error_sentence

        picture = f"{error.params['path']}: " if isinstance(error, ImageError) else ""
        print(f"vae-studio: {picture}{error_sentence(error)}", file=sys.stderr)
        for fault in options.damaged if error.code in ("data.unknown", "data.gone") else []:
            print(f"vae-studio: left out: {error_sentence(fault)}", file=sys.stderr)
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
    add_train(commands)
    add_models(commands, run_help)
    add_repeat(commands, run_help)
    add_compare(commands, run_help)
    add_data(commands)
    tour = commands.add_parser(
        "tour", help="drive the real window through its four jobs, without a screen"
    )
    tour.add_argument("--output", type=Path, default=Path("tour"), metavar="DIR")
    tour.add_argument("--theme", choices=("dark", "light"), default="dark")
    tour.set_defaults(function=_tour)
    return parser


def _window(options: argparse.Namespace) -> int:
    gc.disable()  # of what is loaded now nothing is garbage; the app sees to it later
    from vae_studio.app import run

    return run()


def _tour(options: argparse.Namespace) -> int:
    from vae_studio.tour import run_tour

    for picture in run_tour(options.output, options.theme):
        print(picture)
    return 0
