"""Packed arrays, unpacked piece by piece into a file without a name: npz, and IDX in gz or xz.

What an archive says of its size is believed only as far as there is room for it. No torch.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

from vae_studio.core.datasets.folders import MOST_ITEMS
from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.idx_unpacking import GZIP, XZ, pieces, unpacked
from vae_studio.core.datasets.rows import (
    HEAD,
    Header,
    Rows,
    check_row,
    idx_header,
    npy_header,
    opened,
    reading,
)
from vae_studio.core.errors import DatasetError

ZIP: Final = b"PK\3\4"
MOST_UNPACKED: Final = 64 * 10**9  # bytes
_SPARE = 2**26  # bytes of the disk that stay free
_CHUNK = 2**20  # bytes
_MAX_LIST = 2**21  # bytes of an archive's list of files: some thousand


class Opened:
    """Arrays of files that stay open until ``close``. scratch: the folder for what is unpacked,
    None for the system's own; ``should_stop`` is asked while that is done."""

    def __init__(self, scratch: Path | None = None, should_stop: ShouldStop = never) -> None:
        self._scratch, self._should_stop = scratch, should_stop
        self._files: list[IO[Any]] = []
        self._rows: list[Rows] = []

    def close(self) -> None:
        """Close all; what was unpacked is gone."""
        for rows in self._rows:
            rows.close()
        while self._files:  # of which no rows could be made
            self._files.pop().close()

    def npy(self, path: Path) -> Rows:
        """The array of NumPy's format in a file, where it is. Raises ``DatasetError``."""
        with reading(path):
            file = self._kept(opened(path))
            return self._rows_of(file, npy_header(file.read(HEAD), path), path)

    def member(
        self, archive: Archive, key: str, *, most: int = MOST_UNPACKED, text: bool = False
    ) -> Rows:
        """An array of an archive, unpacked. most: bytes. text: it holds texts. Raises
        ``DatasetError``."""
        with reading(archive.path), archive.open(key) as file:
            chunks = iter(lambda: file.read(_CHUNK), b"")
            return self._unpacked(
                chunks, lambda head, path: npy_header(head, path, text=text), archive.path, most
            )

    def idx(self, path: Path) -> Rows:
        """The array of an IDX file, plain, .gz or .xz. Raises ``DatasetError``."""
        with reading(path):
            file = self._kept(opened(path))
            head = file.read(HEAD)
            if head.startswith((GZIP, XZ)):
                file.seek(0)
                return self._unpacked(_chunks(file, self._should_stop), idx_header, path)
            header = idx_header(head, path)
            found = file.seek(0, io.SEEK_END) - header.start
            if found != header.bytes_:
                expected = header.bytes_
                raise DatasetError("data.length", path=str(path), expected=expected, found=found)
            return self._rows_of(file, header, path)

    def _rows_of(self, file: IO[Any], header: Header, path: Path) -> Rows:
        self._rows.append(Rows(file, header, path))
        return self._rows[-1]

    def _kept(self, file: IO[Any]) -> IO[Any]:
        self._files.append(file)
        return file

    def _unpacked(
        self,
        chunks: Iterator[bytes],
        header_of: Callable[[bytes, Path], Header],
        path: Path,
        most: int = MOST_UNPACKED,
    ) -> Rows:
        """The array whose bytes, header first, are ``chunks``."""
        head = b""
        while len(head) < HEAD and (chunk := next(chunks, b"")):
            head += chunk
        header = header_of(head[:HEAD], path)
        size = header.bytes_
        if size > most:
            wanted, limit = _gigabytes(size), _gigabytes(most)
            raise DatasetError("import.too_large", path=str(path), size=wanted, most=limit)
        scratch = self._scratch or Path(tempfile.gettempdir())
        with _writing(scratch):
            scratch.mkdir(parents=True, exist_ok=True)
            check_room(scratch, size, path)
        check_row(header, path)  # both before a bomb is unpacked
        if header.shape and header.shape[0] > MOST_ITEMS:
            raise DatasetError("import.too_many", path=str(path), most=MOST_ITEMS)
        with _writing(scratch):
            file = self._kept(tempfile.TemporaryFile(dir=scratch, buffering=0))  # noqa: SIM115
        chunk, written = head[header.start :], 0
        while chunk:
            if self._should_stop():
                raise LoadingStoppedError
            written += len(chunk)
            if written > size:
                break
            with _writing(scratch):
                _write(file, chunk)
            chunk = next(chunks, b"")
        if written != size:
            found = "more" if written > size else f"{written:,}"
            raise ValueError(f"it should hold {size:,} bytes of values, and holds {found}")
        values = Header(header.shape, header.dtype, header.fortran, 0)
        return self._rows_of(file, values, path)


class Archive:
    """An .npz file: which arrays it holds. Closed by ``with``. Raises ``DatasetError``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path):
            self._file = _Bounded(opened(path))
            try:
                self._zip = zipfile.ZipFile(self._file)
            except BaseException:
                self._file.close()
                raise
        self.sizes = {
            info.filename.removesuffix(".npy"): info.file_size
            for info in self._zip.infolist()
            if info.filename.endswith(".npy")
        }

    def open(self, key: str) -> IO[bytes]:
        """An array's bytes. Raises what ``zipfile`` raises."""
        info = self._zip.getinfo(f"{key}.npy")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("packed in a way that NumPy does not use")
        return self._zip.open(info)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *about: object) -> None:
        self._zip.close()
        self._file.close()


class _Bounded(io.BufferedReader):
    """A file of which nobody reads too much at once, whatever it says of itself: a longer list of
    files is cut short, and refused as damaged."""

    def read(self, size: int | None = -1, /) -> bytes:
        bounded = size is not None and 0 <= size <= _MAX_LIST
        return super().read(size if bounded else _MAX_LIST)


def idx_dimensions(path: Path) -> int:
    """How many sizes an IDX file has: 3 or 4 for images, 1 for labels; 0 for another file."""
    try:
        with opened(path) as file:
            head = file.read(HEAD)
            if head.startswith((GZIP, XZ)):
                file.seek(0)
                head = next(_chunks(file, never), b"")
            return len(idx_header(head[:HEAD], path).shape)
    except Exception:  # whatever it is, it is no IDX file
        return 0


def check_room(folder: Path, size: int, path: Path) -> None:
    """Raise ``import.no_room`` where ``size`` bytes do not fit into the disk of ``folder``."""
    room = shutil.disk_usage(folder).free - _SPARE
    if size > room:
        raise DatasetError(
            "import.no_room", path=str(path), size=_gigabytes(size), room=_gigabytes(room)
        )


def _chunks(file: IO[Any], should_stop: ShouldStop) -> Iterator[bytes]:
    """The unpacked bytes of a gz or xz file, none of them empty."""
    return filter(None, unpacked(pieces(cast(BinaryIO, file), should_stop)))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What the system refuses here is no fault of the file that is unpacked."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError("data.write", path=str(folder), reason=reason) from error


def _write(file: IO[bytes], chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]


def _gigabytes(size: int) -> str:
    return f"{max(0, size) / 1e9:,.2f} GB"
