"""Arrays in files, read row after row: NumPy's and IDX files whose headers are believed in nothing.

An array is never held whole, and nothing in it is unpickled. No torch.
"""

from __future__ import annotations

import contextlib
import io
import math
import mmap
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.idx import LoadingStoppedError
from vae_studio.core.errors import DatasetError, StudioError
from vae_studio.core.reading import open_regular

NPY: Final = b"\x93NUMPY"
IDX: Final = b"\0\0\x08"  # of unsigned bytes; the next byte is the number of sizes
HEAD: Final = 2**14  # bytes from the start that hold any header that is taken
_MAX_HEADER = 10_000  # characters of NumPy's, as NumPy itself allows
_MAX_ROW = 2**28  # bytes of one image
_ANY_SIZE = 2**63 - 1


def opened(path: Path) -> io.FileIO:
    """A regular file of any size, opened to be read, without a buffer. Raises ``OSError``; a pipe,
    a device or a folder is refused without waiting for it."""
    return open_regular(path, _ANY_SIZE)


def first_bytes(path: Path, count: int) -> bytes:
    """What a regular file begins with. Raises ``OSError``."""
    with opened(path) as file:
        return file.read(count)


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever goes wrong inside means that the file is not as it should be."""
    try:
        yield
    except (StudioError, LoadingStoppedError):
        raise
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else None
        reason = (reason or str(error) or type(error).__name__)[:200]
        raise DatasetError("import.unreadable", path=str(path), reason=reason) from error


@dataclass(frozen=True)
class Header:
    """What an array's header says. start: byte of the first value. fortran: the first index runs
    fastest."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    start: int

    @property
    def bytes_(self) -> int:
        """Of all values; of no limit."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def row_bytes(self) -> int:
        """Of the values with one first index."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def npy_header(head: bytes, path: Path, *, text: bool = False) -> Header:
    """The header of NumPy's format from the first ``HEAD`` bytes of a file.

    text: of an array of texts; else of numbers. Raises ``DatasetError``: ``import.objects``,
    ``import.array_type``, ``import.unreadable``.
    """
    start = io.BytesIO(head)  # NumPy reads as much as the header claims: no more than this
    with reading(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        version = np.lib.format.read_magic(start)
        if version == (1, 0):
            read = np.lib.format.read_array_header_1_0
        elif version == (2, 0):
            read = np.lib.format.read_array_header_2_0
        else:
            raise ValueError(f"version {version} of the format")
        shape, fortran, dtype = read(start, max_header_size=_MAX_HEADER)
        if not all(0 <= size < _ANY_SIZE for size in shape):
            raise ValueError("sizes that no array has")
    if dtype.hasobject:
        raise DatasetError("import.objects", path=str(path))
    if dtype.kind not in ("US" if text else "buif") or (not text and dtype.itemsize > 8):
        raise DatasetError("import.array_type", path=str(path), dtype=str(dtype)[:80])
    return Header(tuple(int(size) for size in shape), dtype, bool(fortran), start.tell())


def idx_header(head: bytes, path: Path) -> Header:
    """The header of an IDX file of unsigned bytes. Raises ``DatasetError``."""
    dimensions = head[3] if len(head) > 3 else 0
    start = 4 + 4 * dimensions
    if not head.startswith(IDX) or not 1 <= dimensions <= 4 or len(head) < start:
        raise DatasetError("data.not_idx", path=str(path))
    shape = struct.unpack_from(f">{dimensions}I", head, 4)
    return Header(shape, np.dtype(np.uint8), False, start)


def check_row(header: Header, path: Path) -> None:
    """Raise ``DatasetError`` where one row would fill memory."""
    if header.row_bytes > _MAX_ROW:
        raise DatasetError("import.array_shape", path=str(path), shape=_written(header.shape))


class Rows:
    """The rows of an array in a file, read one at a time, from any thread.

    Rows that lie together are read and not mapped: of a file that another program cuts short,
    mapped memory would end this one. In Fortran's order they do not lie together, and the file is
    mapped; before each row it is asked whether it is as it was. path: for errors,
    ``import.unreadable`` where the file is too short for what its header says, ``import.changed``
    where it changes later.
    """

    def __init__(self, file: IO[Any], header: Header, path: Path) -> None:
        self.header, self._file, self._path = header, file, path
        self._lock = threading.Lock()
        about = os.fstat(file.fileno())
        self._stamp = (about.st_size, about.st_mtime_ns)
        if header.start + header.bytes_ > about.st_size:
            reason = f"it should hold {header.bytes_:,} bytes of values, and is shorter"
            raise DatasetError("import.unreadable", path=str(path), reason=reason)
        check_row(header, path)
        self._columns: NDArray[Any] | None = None
        if header.fortran and len(header.shape) > 1 and header.bytes_:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._columns = np.ndarray(
                header.shape, header.dtype, mapped, header.start, None, order="F"
            )

    def __len__(self) -> int:
        return self.header.shape[0]

    def close(self) -> None:
        """Close the file, once no thread reads from it any more."""
        with self._lock:
            self._file.close()

    def read(self, index: int) -> NDArray[Any]:
        """Row ``index``, in the array's own type."""
        count, shape = self.header.row_bytes, self.header.shape[1:]
        with self._lock:
            about = os.fstat(self._file.fileno())
            if (about.st_size, about.st_mtime_ns) != self._stamp:
                raise DatasetError("import.changed", path=str(self._path))
            if self._columns is not None:
                return np.array(self._columns[index], order="C")
            self._file.seek(self.header.start + index * count)
            content = self._file.read(count)
        if len(content) != count:
            raise DatasetError("import.changed", path=str(self._path))
        return np.frombuffer(content, self.header.dtype).reshape(shape)

    def all(self) -> NDArray[Any]:
        """The whole array: for labels, whose number was checked."""
        with self._lock:
            self._file.seek(self.header.start)
            content = self._file.read(self.header.bytes_)
        if len(content) != self.header.bytes_:
            raise DatasetError("import.changed", path=str(self._path))
        values: NDArray[Any] = np.frombuffer(content, self.header.dtype)
        return values.reshape(self.header.shape, order="F" if self.header.fortran else "C")


def _written(shape: tuple[int, ...]) -> str:
    return " × ".join(f"{size:,}" for size in shape) or "no size"
