"""What a stranger made is read in bounds, or refused at once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vae_studio.core.reading import parse_json, read_bounded


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 1.0


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_file_is_read_up_to_the_limit(size: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert read_bounded(tmp_path / "file", 100) == b"x" * size


def too_large(path: Path) -> Path:
    path.write_bytes(b"x" * 101)
    return path


def sparse(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(2**40)
    return path


def loop(path: Path) -> Path:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)
    return path


def pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


STRANGE: dict[str, Callable[[Path], Path]] = {
    "too large": too_large,
    "sparse": sparse,
    "a pipe": pipe,
    "a folder": lambda path: path.parent,
    "a loop of links": loop,
    "a device without end": lambda path: Path("/dev/zero"),
    "a terminal": lambda path: Path("/dev/tty"),
    "larger than it says": lambda path: Path("/proc/self/maps"),
    "nothing": lambda path: path,
    "a link to nothing": lambda path: (path.symlink_to("nowhere"), path)[1],
    "below a file": lambda path: too_large(path) / "file",
}


@pytest.mark.skipif(os.name == "nt", reason="no such files there")
@pytest.mark.parametrize("make", STRANGE.values(), ids=STRANGE)
def test_what_is_no_bounded_regular_file_is_refused_at_once(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path / "file")
    before = open_files()
    for _ in range(3):
        with pytest.raises(OSError):  # noqa: PT011 - each kind has its own
            read_bounded(path, 100)
    assert open_files() == before


def test_a_file_that_grows_is_read_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    done = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(b"x" * 1000)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        for _ in range(200):
            try:
                assert len(read_bounded(path, 1_000_000)) <= 1_000_000
            except OSError:
                continue
    finally:
        done.set()
        writer.join()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'[{"b": {"a": 1, "a": 1}}]',
        b"NaN",
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"1e999",
        b"[-1e999]",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"1" * 5000,
        b'{"a": ' + b"9" * 1_000_000 + b"}",
        rb'"\ud800"',
        rb'{"\udc00": 1}',
        rb'["\ud83d\ud83d"]',
        rb'["\ude00\ud83d"]',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b"\xef\xbb\xbf{}",
        b"{} {}",
        b"{'a': 1}",
        b"[1,]",
        b'"a\nb"',
        b'"\x00"',
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_strict_json_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json has many
        parse_json(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b" {} ", {}),
        (b'{"a": [1, 2.5, -1e-3, null, true, ""]}', {"a": [1, 2.5, -0.001, None, True, ""]}),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
        ('"Größe 😀"'.encode(), "Größe 😀"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"\\ud800"', r"\ud800"),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (b"1e-999", 0.0),
    ],
    ids=str,
)
def test_strict_json_is_read(content: bytes, value: object) -> None:
    assert parse_json(content) == value
