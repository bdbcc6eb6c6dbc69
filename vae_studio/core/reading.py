"""Reading what a stranger may have made: regular files of bounded size, strict JSON. No torch."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any

_FLAGS = ("O_NONBLOCK", "O_NOCTTY", "O_BINARY")  # where the system has them
_MAX_PARTS = 200_000  # lists, objects and names: each takes a hundred bytes or more
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def open_regular(path: Path, most: int) -> io.FileIO:
    """A regular file of at most ``most`` bytes, opened for reading. Raises ``OSError``; a pipe, a
    device or a folder is refused without waiting for it."""
    flags = os.O_RDONLY
    for name in _FLAGS:
        flags |= getattr(os, name, 0)
    descriptor = os.open(path, flags)
    try:  # all by descriptor, so that nobody swaps it meanwhile
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if about.st_size > most:
            raise OSError(errno.EFBIG, f"larger than {most:,} bytes", str(path))
        return io.FileIO(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes, read once.

    Raises ``OSError``; a pipe, a device or a folder is refused without waiting for it, and a
    larger file before it is read.
    """
    with open_regular(path, limit) as raw, io.BufferedReader(raw) as file:
        size = min(limit, os.fstat(raw.fileno()).st_size)  # it may have grown since it was opened
        content = file.read(size + 1)
    if len(content) > size:
        raise OSError(errno.EBUSY, "it grew while it was read", str(path))
    return content


def parse_json(content: bytes) -> Any:
    """Strict JSON: UTF-8, no name twice in an object, no NaN or infinity, no lone surrogates.

    Raises ``ValueError``.
    """
    text = content.decode()
    if sum(map(text.count, "[{:")) > _MAX_PARTS:
        raise ValueError("too many parts")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if _SURROGATE.search(text):  # half of a pair is no character, and cannot be written again
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except MemoryError:
        raise ValueError("too large") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]} is too large")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
