"""``vae-studio data``: list, fetch, import, check and remove data sets."""

from __future__ import annotations

import argparse
import signal
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_studio.core.datasets.idx import LoadingStoppedError
from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.set_writer import check_free
from vae_studio.core.datasets.sets_folder import (
    clear_left_overs,
    remove_stored,
    stored_bytes,
    stored_folder,
)
from vae_studio.core.datasets.settings import Background, Colour, Fit, ImportSettings
from vae_studio.core.datasets.stored import verify
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import DatasetError, StudioError
from vae_studio.core.runs import clean_name
from vae_studio.process_signals import ending_signals
from vae_studio.session.folders import data_folder

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    from vae_studio.core.datasets.skipped import Skipped
    from vae_studio.core.datasets.source import Source

_SHOWN = 10  # of what was skipped
_CANCELLED = 130  # as a shell says after Ctrl+C


def add_data(commands: Commands) -> None:
    """The command and its parts."""
    data = commands.add_parser("data", help="the images that models learn: list, fetch, import")
    parts = data.add_subparsers(title="commands", metavar="COMMAND", required=True)
    parts.add_parser(
        "list", help="data sets that are here, and those that can be fetched"
    ).set_defaults(function=_list)
    fetch = parts.add_parser("fetch", help="download a known data set, or take it from files")
    fetch.add_argument("name", metavar="NAME", help=f"one of: {', '.join(KNOWN)}")
    fetch.add_argument(
        "--files",
        type=Path,
        metavar="PATH",
        help="a folder or an archive of its IDX files, plain or compressed, in place of a download",
    )
    fetch.set_defaults(function=_fetch)
    _add_import(parts)
    for name, text, function in (
        ("check", "read every byte of a data set and compare it with its digest", _check),
        ("remove", "delete a data set that was fetched or imported", _remove),
    ):
        part = parts.add_parser(name, help=text)
        part.add_argument("name", metavar="NAME")
        part.set_defaults(function=function)


def _add_import(parts: Commands) -> None:
    command = parts.add_parser(
        "import",
        help="make a data set of your own pictures",
        description="Make a data set of a folder of pictures (its subfolders are classes), of an "
        ".npy or .npz array, or of IDX files. What is not said, a look at the pictures says.",
    )
    command.add_argument("path", type=Path, metavar="PATH")
    command.add_argument("--name", required=True, help="what --dataset calls it: a–z, 0–9, - and _")
    command.add_argument("--title", help="what people call it (default: of the folder or file)")
    command.add_argument("--licence", default="", help="under which the pictures may be used")
    command.add_argument("--size", type=int, metavar="PX", help="of the square images, 16 to 128")
    for name, choices, text in (
        ("colour", Colour, "keep colours or make shades of grey"),
        ("fit", Fit, "into the square: with a margin, the middle only, or distorted"),
        ("background", Background, "of what is transparent, and of the margin"),
    ):
        command.add_argument(f"--{name}", choices=typing.get_args(choices), help=text)
    command.add_argument(
        "--invert", action=argparse.BooleanOptionalAction, help="make light what is dark"
    )
    command.add_argument(
        "--centre",
        action=argparse.BooleanOptionalAction,
        help="fit what is not black into a box and centre its mass, as MNIST does",
    )
    command.add_argument(
        "--test-share", type=float, metavar="SHARE", help="kept for testing (default 0.1)"
    )
    command.add_argument("--seed", type=int, metavar="N", help="of the order (default 0)")
    command.add_argument(
        "--replace", action="store_true", help="in place of the data set of that name"
    )
    command.set_defaults(function=_import)


def _list(options: argparse.Namespace) -> int:
    for fault in options.damaged:
        print(f"left out: {_sentence(fault)}")
    for info in DATASETS.values():
        where = _megabytes(stored_bytes(info)) if stored_folder(info) else "comes with the app"
        _print_row(info, where)
    for name, known in KNOWN.items():
        if name not in DATASETS:
            size = _megabytes(sum(file.size for file in known.files))
            _print_row(known.info, f"can be fetched, {size}")
    return 0


def _print_row(info: DatasetInfo, where: str) -> None:
    channels, height, width = info.image_shape
    colour = "grey" if channels == 1 else "colour"
    classes = len(info.class_names)
    print(
        f"{info.name:<16} {info.train + info.test:>8,} images  {width} × {height} {colour:<6}  "
        f"{f'{classes} classes' if classes else 'no labels':<11}  {info.title} ({where})"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _fetch(options: argparse.Namespace) -> int:
    if options.name not in KNOWN:
        raise DatasetError("data.unknown", name=options.name, known=", ".join(KNOWN))
    from vae_studio.core.datasets.obtain import fetch_known, take_local

    known = KNOWN[options.name]
    print(f"{known.info.title}. Source: {known.info.source}. Licence: {known.info.licence}.")
    with _work(f"{known.info.title}") as (should_stop, progress):
        if options.files is None:
            info = fetch_known(options.name, data_folder(), should_stop, progress)
        else:
            info = take_local(options.name, options.files, data_folder(), should_stop, progress)
    return _finish(info)


def _import(options: argparse.Namespace) -> int:
    from vae_studio.core.datasets.importing import Imported, import_set
    from vae_studio.core.datasets.sources import open_source

    given = {
        name: value
        for name in ImportSettings().to_dict()
        if (value := getattr(options, name)) is not None
    }
    ImportSettings(**given)  # what cannot be is told before anything is read
    check_free(data_folder(), options.name, options.replace)
    made: Imported | None = None
    with (
        suppress(LoadingStoppedError),
        _work(options.path.name) as (should_stop, progress),
        open_source(options.path, data_folder(), should_stop) as source,
    ):
        made = import_set(
            source,
            _settings(given, source, should_stop),
            data_folder(),
            options.name,
            options.title or source.title,
            should_stop,
            progress,
            options.replace,
            options.licence,
        )
    if made is None:
        return _finish(None)
    _print_skipped(made.skipped, made.info)
    return _finish(made.info)


def _settings(
    given: Mapping[str, Any], source: Source, should_stop: Callable[[], bool]
) -> ImportSettings:
    from vae_studio.core.datasets.suggesting import suggest

    settings = replace(suggest(source, should_stop), **given)
    print(", ".join(f"{name} {value}" for name, value in settings.to_dict().items()))
    return settings


def _print_skipped(skipped: tuple[Skipped, ...], info: DatasetInfo) -> None:
    from vae_studio.ui.data_words import reason_text

    for each in skipped[:_SHOWN]:
        # A stranger's file names tell a terminal nothing.
        print(f"skipped {clean_name(each.what)}: {reason_text(each)}")
    if len(skipped) > _SHOWN:
        print(f"and {len(skipped) - _SHOWN:,} more, in {stored_folder(info)}/skipped.csv")


def _finish(info: DatasetInfo | None) -> int:
    if info is None:
        print("cancelled; nothing was kept")
        return _CANCELLED
    _print_row(info, f"in {stored_folder(info)}")
    likelihood = f"{info.extremes:.0%} of the values are near black or white: {info.likelihood}"
    print(f"{likelihood}. Train on it: vae-studio train --dataset {info.name} --variant conv-vae")
    return 0


def _check(options: argparse.Namespace) -> int:
    info = _stored(options.name)
    folder = stored_folder(info)
    assert folder is not None  # as _stored has found out
    if verify(folder) is not None:
        print(f"{info.title}: all {info.train + info.test:,} images are as they were written")
    return 0


def _remove(options: argparse.Namespace) -> int:
    info = _stored(options.name)
    size = _megabytes(stored_bytes(info))
    remove_stored(info)
    print(f"{info.title} is removed; {size} are free again")
    return 0


def _stored(name: str) -> DatasetInfo:
    """A set that was fetched or imported."""
    info = DATASETS.get(name)
    if info is None:
        raise DatasetError("data.unknown", name=name, known=", ".join(DATASETS))
    if stored_folder(info) is None:
        raise DatasetError("data.not_stored", name=info.title)
    return info


@contextmanager
def _work(title: str) -> Iterator[tuple[Callable[[], bool], Callable[[float], None]]]:
    """What asks whether to stop, and a bar: Ctrl+C ends the work in good order."""
    from tqdm import tqdm

    clear_left_overs(data_folder())  # there may be need of the room
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    before = {number: signal.signal(number, stop) for number in ending_signals()}
    # disable=None: no bar where standard error is no terminal
    with tqdm(total=1000, desc=title, disable=None, bar_format=_BAR) as bar:

        def tell(share: float) -> None:
            bar.update(round(1000 * share) - bar.n)

        try:
            yield lambda: stopped, tell
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


_BAR = "{desc} {percentage:3.0f} %|{bar}| {elapsed}, {remaining} left"


def _sentence(error: StudioError) -> str:
    from vae_studio.ui.messages import error_sentence

    return error_sentence(error)
