"""Finding a set's files in a folder, and copying them out of an archive. No torch.

Nothing of an archive is unpacked by the path that it names: a file whose name is wanted is copied
into a numbered folder of ours, as it lies there, and no further than its size allows.
"""

from __future__ import annotations

import functools
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.idx_unpacking import (
    CHUNK,
    GZIP,
    XZ,
    most_packed,
    pieces,
    reading,
    unpacked,
    writing,
)
from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import open_regular

_DEPTH = 3  # folders within the one that was chosen
_MOST_ENTRIES = 100_000  # files and folders that are looked at
_MOST_FOLDERS = 16  # with files of the set
_MOST_ARCHIVE = 2**33  # bytes
_MOST_TAR = 2**31  # bytes that an archive unpacks to: all of EMNIST takes 1.7 GB
_MOST_AT_ONCE = 2**22  # bytes of a zip's table of contents: 50,000 files or so
_BLOCK = 512  # bytes of a tar
_ZIP = (b"PK\3\4", b"PK\5\6")
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others take memory as they like

Found = dict[str, Path]  # the name of a file as it is read -> where it lies, packed or not


def plain_name(name: str) -> str:
    """What a file is called when it is unpacked; some write ``train-images.idx3-ubyte``."""
    return name.removesuffix(".gz").removesuffix(".xz").replace(".idx", "-idx")


def find_files(folder: Path, names: tuple[str, ...], should_stop: ShouldStop) -> list[Found]:
    """The folders with all of ``names``, at most three levels down, the nearest first.

    Where none has all, what lies nearest of each. Raises ``DatasetError``: ``data.local_missing``
    names what is nowhere.
    """
    groups = [_in_order(group, names) for group in _walk(folder, set(names), should_stop)]
    whole = [group for group in groups if len(group) == len(names)]
    if whole:
        return whole
    nearest: Found = {}
    for group in groups:
        nearest = {**group, **nearest}
    missing = [name for name in names if name not in nearest]
    if missing:
        raise DatasetError("data.local_missing", path=str(folder), files=", ".join(missing))
    return [_in_order(nearest, names)]


def _in_order(group: Found, names: tuple[str, ...]) -> Found:
    return {name: group[name] for name in names if name in group}


def _walk(folder: Path, names: set[str], should_stop: ShouldStop) -> Iterator[Found]:
    level, entries = [folder], 0
    for _ in range(_DEPTH + 1):
        below: list[Path] = []
        for place in level:
            if should_stop():
                raise LoadingStoppedError
            group: Found = {}
            for path, is_folder in _entries(place, must=place == folder):
                entries += 1
                if is_folder:
                    below.append(path)
                elif plain_name(path.name) in names:
                    group.setdefault(plain_name(path.name), path)
            if group:
                yield group
            if entries > _MOST_ENTRIES:
                return
        level = below


def _entries(folder: Path, must: bool) -> list[tuple[Path, bool]]:
    """What is in a folder, in order, and whether it is one; links to folders are not followed."""
    found: list[tuple[Path, bool]] = []
    try:
        with os.scandir(folder) as scan:
            for entry in scan:
                found.append((Path(entry.path), entry.is_dir(follow_symlinks=False)))
                if len(found) > _MOST_ENTRIES:
                    break
    except OSError as error:
        if must:
            reason = error.strerror or str(error)
            raise DatasetError("data.local_unreadable", path=str(folder), reason=reason) from error
    return sorted(found)


def stage(
    archive: Path,
    sizes: Mapping[str, int],
    folder: Path,
    should_stop: ShouldStop,
    progress: Callable[[float], None],
) -> None:
    """Copy the files of a zip or a tar (plain, .gz, .xz) whose names are wanted into ``folder``.

    Those of each folder in the archive come into one of their own, a number. sizes: name of a file
    when it is unpacked -> its bytes. progress: is told the share that is done. Raises
    ``DatasetError``, and ``LoadingStoppedError`` when told to stop.
    """
    with reading(archive), open_regular(archive, _MOST_ARCHIVE) as file:
        length = max(1, os.fstat(file.fileno()).st_size)
        start = file.read(_BLOCK)
        file.seek(0)
        copies = _Copies(folder, sizes, should_stop)
        if start.startswith(_ZIP):
            _stage_zip(file, copies, should_stop, progress)
        elif start.startswith((GZIP, XZ)) or start[257:262] == b"ustar":
            told = _told(pieces(file, should_stop), length, progress)
            _stage_tar(_Stream(unpacked(told), should_stop), copies)
        else:
            raise DatasetError("data.local_source", path=str(archive))


def _told(
    packed: Iterator[bytes], length: int, progress: Callable[[float], None]
) -> Iterator[bytes]:
    size = 0
    for piece in packed:
        size += len(piece)
        progress(min(1.0, size / length))
        yield piece


class _Copies:
    """Where the files that are wanted are copied to."""

    def __init__(self, folder: Path, sizes: Mapping[str, int], should_stop: ShouldStop) -> None:
        self._folder, self._sizes, self._should_stop = folder, sizes, should_stop
        self._numbers: dict[PurePosixPath, int] = {}

    def place(self, name: str) -> Path | None:
        """Where the file of that path in the archive is to go; None where it is not wanted."""
        path = PurePosixPath(name.replace("\\", "/"))
        if len(path.parts) > _DEPTH + 1 or plain_name(path.name) not in self._sizes:
            return None
        number = self._numbers.setdefault(path.parent, len(self._numbers))
        if number >= _MOST_FOLDERS:
            raise ValueError("the files that are wanted are in too many of its folders")
        place = self._folder / str(number) / path.name
        return None if place.exists() else place

    def copy(self, place: Path, content: Iterator[bytes]) -> None:
        """Write a file of the archive to its place."""
        most, size = most_packed(self._sizes[plain_name(place.name)]), 0
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            out = place.open("xb")
        with out:
            for chunk in content:
                if self._should_stop():
                    raise LoadingStoppedError
                size += len(chunk)
                if size > most:
                    raise ValueError(f"{place.name} is larger than {most:,} bytes")
                with writing(place):
                    out.write(chunk)


class _Bounded(io.FileIO):
    """A file of which nobody reads much at once: zipfile takes the table of contents whole."""

    def read(self, size: int | None = -1, /) -> bytes:
        left = max(0, os.fstat(self.fileno()).st_size - self.tell())
        size = left if size is None or size < 0 else min(size, left)
        if size > _MOST_AT_ONCE:
            raise ValueError("too many files")
        return super().read(size) or b""


def _stage_zip(
    file: io.FileIO, copies: _Copies, should_stop: ShouldStop, progress: Callable[[float], None]
) -> None:
    bounded = _Bounded(file.fileno(), closefd=False)
    with bounded, zipfile.ZipFile(bounded) as archive:
        members = archive.infolist()
        for number, member in enumerate(members):
            if should_stop():
                raise LoadingStoppedError
            place = None if member.is_dir() else copies.place(member.filename)
            if place is not None:
                if member.compress_type not in _PLAIN_METHODS:
                    raise ValueError("it is packed by another method than deflate")
                with archive.open(member) as opened:
                    copies.copy(place, iter(functools.partial(opened.read, CHUNK), b""))
            progress((number + 1) / len(members))


class _Stream:
    """Bytes that can only be read once, one after the other, and not without end."""

    def __init__(self, chunks: Iterator[bytes], should_stop: ShouldStop) -> None:
        self._chunks, self._should_stop = chunks, should_stop
        self._rest, self._size = b"", 0

    def some(self, most: int) -> bytes:
        """At least a byte and at most ``most``; none at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if self._should_stop():
                raise LoadingStoppedError
            if chunk is None:
                break
            self._size += len(chunk)
            if self._size > _MOST_TAR:
                raise ValueError(f"it unpacks to more than {_MOST_TAR:,} bytes")
            self._rest = chunk
        taken, self._rest = self._rest[:most], self._rest[most:]
        return taken

    def exactly(self, count: int) -> Iterator[bytes]:
        """The next ``count`` bytes. Raises ``EOFError`` where there are fewer."""
        while count:
            taken = self.some(min(count, CHUNK))
            if not taken:
                raise EOFError("it ends too early")
            count -= len(taken)
            yield taken


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    is_file: bool


def _stage_tar(stream: _Stream, copies: _Copies) -> None:
    for _ in range(_MOST_ENTRIES):
        head = b"".join(stream.exactly(_BLOCK))
        if not any(head):
            while stream.some(CHUNK):  # only at its end does a packed one tell its check sum
                pass
            return
        member = _member(head)
        place = copies.place(member.name) if member.is_file else None
        content = stream.exactly(member.size)
        if place is not None:
            copies.copy(place, content)
        for _ in content:
            pass
        for _ in stream.exactly(-member.size % _BLOCK):
            pass
    raise ValueError("too many files")


def _member(head: bytes) -> _Member:
    """A tar's block about a file. What further blocks could add (longer names) nobody needs."""
    name, prefix = (head[begin:end].split(b"\0")[0] for begin, end in ((0, 100), (345, 500)))
    try:
        size, total = (int(head[begin:end].strip(b" \0") or b"0", 8) for begin, end in _NUMBERS)
    except ValueError:
        raise ValueError("it is no tar archive") from None
    plain = head[:148] + b" " * 8 + head[156:]
    if size < 0 or sum(plain) != total:
        raise ValueError("it is no tar archive")
    if prefix and head[257:263] == b"ustar\0":
        name = prefix + b"/" + name
    return _Member(name.decode("utf-8", "replace"), size, head[156:157] in (b"0", b"\0", b"7"))


_NUMBERS = ((124, 136), (148, 156))  # where a file's size is, and the sum of the block's bytes
