"""IDX files, the format of MNIST and its kin: read, checked and unpacked. No torch."""

from __future__ import annotations

import hashlib
import lzma
import math
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.errors import DatasetError
from vae_studio.core.reading import read_bounded

ShouldStop = Callable[[], bool]  # asked every few milliseconds, from several threads
_MAX_UNPACKED = 2**28  # bytes of a file whose size nobody knows
_UNPACK_MEMORY = 2**27  # bytes; MNIST's files were packed so that 65 MiB unpack them
_CHUNK = 2**19  # bytes; unpacked in 10 ms or so


class LoadingStoppedError(Exception):
    """Loading was told to stop. ``load_dataset`` turns it into None."""


def never() -> bool:
    """For what nobody stops."""
    return False


def read_checked(
    path: Path, digest: str, size: int = _MAX_UNPACKED, should_stop: ShouldStop = never
) -> bytearray:
    """The unpacked bytes of an xz file, if their SHA-256 is ``digest``.

    size: how many bytes it unpacks to at most; a file that unpacks to more is refused there.
    Raises ``DatasetError``, and ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    unpacked, sha256 = bytearray(), hashlib.sha256()  # a bytearray is writable, as torch wants it
    try:
        packed = read_bounded(path, size + 2**20)
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_UNPACK_MEMORY)
        while not unpacker.eof:
            if should_stop():
                raise LoadingStoppedError
            if unpacker.needs_input and not packed:
                raise EOFError("it ends too early")
            chunk = unpacker.decompress(packed, max_length=min(_CHUNK, size + 1 - len(unpacked)))
            packed = b""
            sha256.update(chunk)
            unpacked += chunk
            if len(unpacked) > size:
                raise EOFError(f"it unpacks to more than {size:,} bytes")
    except FileNotFoundError:
        raise DatasetError("data.missing", path=str(path)) from None
    except (OSError, ValueError, EOFError, MemoryError, lzma.LZMAError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DatasetError("data.unreadable", path=str(path), reason=reason[:200]) from error
    if unpacker.unused_data or sha256.hexdigest() != digest:
        raise DatasetError("data.digest", path=str(path))
    return unpacked


def parse_idx(content: bytes | bytearray | memoryview, name: str) -> NDArray[np.uint8]:
    """An IDX file of unsigned bytes: magic, sizes (big-endian), values. Nothing is copied.

    Raises ``DatasetError`` when magic, sizes and length do not agree, and where there is no value.
    """
    try:
        content = memoryview(content).cast("B")
    except TypeError:  # a view with gaps
        content = memoryview(bytes(content))
    if len(content) < 4 or bytes(content[:3]) != b"\0\0\x08" or not 1 <= content[3] <= 4:
        raise DatasetError("data.not_idx", path=name)
    dimensions = content[3]
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise DatasetError("data.not_idx", path=name)
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        raise DatasetError("data.length", path=name, expected=expected, found=found)
    if not expected:  # a size of 0 would let the others be anything
        raise DatasetError("data.empty", path=name)
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
