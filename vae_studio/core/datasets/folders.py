"""A folder of pictures: which files there are, their classes and their halves. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.rows import first_bytes
from vae_studio.core.datasets.skipped import Skipped, skipped_by
from vae_studio.core.datasets.table import MOST_CLASSES
from vae_studio.core.errors import DatasetError, ImageError, StudioError
from vae_studio.core.picture_files import FORMATS, decode_picture
from vae_studio.core.runs import clean_name

MOST_ITEMS: Final = 2_000_000  # pictures of a source
PICTURES: Final = frozenset(
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".dib",
        ".gif",
        ".tif",
        ".tiff",
        ".webp",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ]
)
_VECTORS = (".svg", ".svgz")
_TRAIN = ("train", "training")
_TEST = ("test", "testing", "val")
_SNIFFED = 64  # bytes, of files with other names
_MAX_CLASS_NAME = 100


@dataclass(frozen=True, eq=False)
class Pictures:
    """files: paths within the folder, class after class. labels: int64 [N] into ``class_names``.
    test: bool [N], where the folder says which are for testing. skipped: what is no picture, or has
    no class where others have one."""

    files: list[str]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    test: NDArray[np.bool_] | None
    skipped: tuple[Skipped, ...]


def find_pictures(root: Path, should_stop: ShouldStop = never) -> Pictures:
    """The pictures in ``root`` and below, by their names, or by their first bytes where these say
    nothing; none is opened.

    Raises ``DatasetError``, and ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    walk = _Walk(root, should_stop)
    folders, loose = walk.listed(root, "")
    lower = {name: name.lower() for name in folders}
    train = [name for name in folders if lower[name] in _TRAIN]
    test = [name for name in folders if lower[name] in _TEST]
    found: dict[tuple[str, bool], list[str]] = {}  # class and half -> files
    if train and test:
        walk.skip(loose)
        for name in folders:
            if name not in train and name not in test:
                walk.skip_folder(name)
        unsorted: list[tuple[bool, list[str]]] = []
        for name in train + test:
            is_test = name in test
            classes, files = walk.listed(root / name, f"{name}/")
            unsorted.append((is_test, files))
            for each in classes:
                files = list(walk.below(f"{name}/{each}"))
                found.setdefault((each, is_test), []).extend(files)
    else:
        unsorted = [(False, loose)]
        for name in folders:
            found[name, False] = list(walk.below(name))
    found = {key: files for key, files in found.items() if files}
    has_classes = bool(found)
    for is_test, files in unsorted:
        if has_classes:
            walk.skip(files)
        elif files:
            found.setdefault(("", is_test), []).extend(files)
    return _in_order(root, found, walk.skipped)


def _in_order(
    root: Path, found: dict[tuple[str, bool], list[str]], skipped: list[Skipped]
) -> Pictures:
    names = sorted({name for name, _ in found})
    if len(names) > MOST_CLASSES:
        raise DatasetError(
            "import.too_many_classes", path=str(root), classes=len(names), most=MOST_CLASSES
        )
    files: list[str] = []
    labels: list[int] = []
    halves: list[bool] = []
    for label, name in enumerate(names):
        for is_test in (False, True):
            there = sorted(found.get((name, is_test), ()))
            files += there
            labels += [label] * len(there)
            halves += [is_test] * len(there)
    test = np.array(halves, np.bool_)
    return Pictures(
        files=files,
        labels=np.array(labels, np.int64),
        class_names=class_names(names) if len(names) > 1 else (),
        test=test if test.any() and not test.all() else None,
        skipped=tuple(sorted(skipped, key=lambda each: each.what)),
    )


def class_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that can be shown and saved, each another one."""
    taken: dict[str, int] = {}  # and how often each was wanted
    for number, name in enumerate(names):
        plain = free = clean_name(name)[:_MAX_CLASS_NAME].strip() or f"class {number}"
        while free in taken:
            taken[plain] += 1
            end = f" ({taken[plain]})"
            free = plain[: _MAX_CLASS_NAME - len(end)] + end
        taken[free] = 1
    return tuple(taken)


@dataclass
class _Walk:
    """One look through a folder. skipped: what was left out so far."""

    root: Path
    should_stop: ShouldStop
    skipped: list[Skipped] = field(default_factory=list)
    _files: int = 0
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def listed(self, folder: Path, prefix: str) -> tuple[list[str], list[str]]:
        """The names of the folders in ``folder``, sorted, and the paths within the root of its
        pictures."""
        folders: list[str] = []
        pictures: list[str] = []
        try:
            about = folder.stat()
            if (about.st_dev, about.st_ino) in self._seen:  # mounted twice, or a junction
                return [], []
            self._seen.add((about.st_dev, about.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    self._count()
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif self._is_picture(entry, prefix + entry.name):
                        pictures.append(prefix + entry.name)
        except OSError as error:
            reason = error.strerror or str(error)
            refused = DatasetError("import.unreadable", path=str(folder), reason=reason)
            if not prefix:
                raise refused from error
            self.skipped.append(skipped_by(prefix.rstrip("/"), refused))
        return sorted(folders), sorted(pictures)

    def below(self, first: str) -> Iterator[str]:
        """The pictures in a folder and in all folders in it."""
        waiting = [first]
        while waiting:
            name = waiting.pop()
            folders, pictures = self.listed(self.root / name, f"{name}/")
            waiting += [f"{name}/{each}" for each in folders]
            yield from pictures

    def skip(self, names: Iterable[str]) -> None:
        """Leave pictures out that have no class where others have one."""
        for name in names:
            self._leave_out(name, ImageError("import.loose", path=name))

    def skip_folder(self, name: str) -> None:
        """Leave a folder out that stands beside the halves."""
        self._leave_out(name, DatasetError("import.beside", path=name))

    def _count(self) -> None:
        if self.should_stop():
            raise LoadingStoppedError
        self._files += 1
        if self._files > MOST_ITEMS:
            raise DatasetError("import.too_many", path=str(self.root), most=MOST_ITEMS)

    def _is_picture(self, entry: os.DirEntry[str], name: str) -> bool:
        """By its name, or its content; else it is put among what is left out."""
        ending = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 - two million times
        try:
            if entry.is_dir():
                return self._leave_out(name, DatasetError("import.link", path=name))
            if not entry.is_file():
                return self._leave_out(name, ImageError("import.not_a_file", path=name))
            if ending in _VECTORS:
                return self._leave_out(name, ImageError("import.svg", path=name))
            if ending in PICTURES or _starts_as_picture(Path(entry.path)):
                return True
        except OSError as error:
            reason = error.strerror or str(error)
            return self._leave_out(
                name, DatasetError("import.unreadable", path=name, reason=reason)
            )
        formats = ", ".join(FORMATS)
        return self._leave_out(name, ImageError("import.not_a_picture", path=name, formats=formats))

    def _leave_out(self, name: str, error: StudioError) -> bool:
        self.skipped.append(skipped_by(name, error))
        return False


def _starts_as_picture(path: Path) -> bool:
    try:
        decode_picture(first_bytes(path, _SNIFFED))
    except ImageError as error:  # no picture is as short as that; but some are known by then
        return error.code != "image.format"
    return True
