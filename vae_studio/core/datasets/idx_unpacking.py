"""Unpacking what a stranger may have packed: bounded in size, memory and time. No torch."""

from __future__ import annotations

import contextlib
import hashlib
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.known import IdxFile
from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import open_regular

CHUNK: Final = 2**19  # bytes; unpacked in 10 ms or so
GZIP: Final = b"\x1f\x8b"
XZ: Final = b"\xfd7zXZ\0"
_UNPACK_MEMORY = 2**27  # bytes of an xz file's dictionary


def pieces(file: BinaryIO | io.FileIO, should_stop: ShouldStop) -> Iterator[bytes]:
    """The rest of a file. Raises ``LoadingStoppedError`` when told to stop."""
    while piece := file.read(CHUNK):
        if should_stop():
            raise LoadingStoppedError
        yield piece


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """What a gzip or xz stream unpacks to, or the bytes themselves; told by the first of them.

    No chunk is longer than ``CHUNK`` or the piece it comes from; where nothing comes of a piece,
    one is empty. Raises ``ValueError``, ``EOFError``, ``zlib.error`` or ``lzma.LZMAError``.
    """
    first = next(packed, b"")
    unpacker: _Unpacker
    if first.startswith(GZIP):
        unpacker = zlib.decompressobj(31)
    elif first.startswith(XZ):
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_UNPACK_MEMORY)
    else:
        yield first
        yield from packed
        return
    piece: bytes | None = first
    while piece is not None:
        more = True  # there may be more to come of it
        while more:
            if unpacker.eof:
                raise ValueError("something follows its end")
            chunk = unpacker.decompress(piece, CHUNK)
            piece = getattr(unpacker, "unconsumed_tail", b"")  # lzma keeps that itself
            more = not unpacker.eof and (bool(piece) or len(chunk) == CHUNK)
            yield chunk
            if unpacker.unused_data:
                raise ValueError("something follows its end")
        piece = next(packed, None)
    if not unpacker.eof:
        raise EOFError("it ends too early")


def most_packed(size: int) -> int:
    """Bytes that a packed file takes at most, where it unpacks to ``size``: nothing grows more."""
    return size + size // 100 + 2**16


def unpack_idx(
    path: Path,
    part: IdxFile,
    target: Path,
    should_stop: ShouldStop,
    progress: Callable[[int], None],
) -> str:
    """Write what ``path`` (plain, gzip or xz) holds to ``target``, if it is an array of that shape.

    Returns the SHA-256 of it. progress: is told the bytes written, piece by piece. Raises
    ``DatasetError``, and ``LoadingStoppedError`` when told to stop.
    """
    content, head, size = hashlib.sha256(), b"", 0
    with reading(path), open_regular(path, most_packed(part.size)) as file, _new(target) as out:
        for chunk in unpacked(pieces(file, should_stop)):
            if should_stop():
                raise LoadingStoppedError
            size += len(chunk)
            if len(head) < len(part.header):
                head += chunk[: len(part.header) - len(head)]
                _check_header(head, part, path)
            if size > part.size:
                raise ValueError(f"it unpacks to more than {part.size:,} bytes")
            content.update(chunk)
            with writing(target):
                out.write(chunk)
            progress(len(chunk))
    if size < part.size:
        raise DatasetError("data.length", path=str(path), expected=part.size, found=size)
    return content.hexdigest()


def _check_header(head: bytes, part: IdxFile, path: Path) -> None:
    """Nothing else is ever read as an array: not so much as its sizes are believed."""
    if head[:4] != part.header[: min(4, len(head))]:
        raise DatasetError("data.not_idx", path=str(path))
    if len(head) == len(part.header) and head != part.header:
        sizes = [int.from_bytes(head[at : at + 4], "big") for at in range(4, len(head), 4)]
        found, wanted = (" × ".join(map(str, shape)) for shape in (sizes, part.shape))
        raise DatasetError("data.shape", path=str(path), found=found, wanted=wanted)


def _new(target: Path) -> BinaryIO:
    with writing(target):
        return target.open("wb")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the disk refuses becomes ``DatasetError``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError("data.write", path=str(path), reason=reason) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """What is wrong with a file that a person chose becomes ``DatasetError``."""
    try:
        yield
    except (DatasetError, LoadingStoppedError):
        raise
    except Exception as error:  # whatever a decoder raises means that it is not as it should be
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DatasetError(
            "data.local_unreadable", path=str(path), reason=reason[:200] or type(error).__name__
        ) from error
