"""Files of a set in a folder, and in archives that somebody may have made to do harm."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from vae_studio.core.datasets import idx_unpacking, staging
from vae_studio.core.datasets.idx import LoadingStoppedError, never
from vae_studio.core.datasets.staging import find_files, stage
from vae_studio.core.errors import DatasetError

NAMES = ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte")
SIZES = dict.fromkeys(NAMES, 1000)
FIRST, SECOND = NAMES


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def found(folder: Path) -> list[list[str]]:
    groups = find_files(folder, NAMES, never)
    assert all(tuple(group) == NAMES for group in groups)
    return [[path.relative_to(folder).as_posix() for path in group.values()] for group in groups]


# In a folder -----------------------------------------------------------------------------------


def test_files_are_found_three_folders_down_and_no_further(tmp_path: Path) -> None:
    write(tmp_path, f"a/b/c/{FIRST}.gz", f"a/b/c/{SECOND}.xz")
    write(tmp_path, f"z/b/c/d/{FIRST}", f"z/b/c/d/{SECOND}")
    assert found(tmp_path) == [[f"a/b/c/{FIRST}.gz", f"a/b/c/{SECOND}.xz"]]


def test_every_folder_that_has_all_is_named_the_nearest_first(tmp_path: Path) -> None:
    write(tmp_path, f"a/b/{FIRST}", f"a/b/{SECOND}", f"z/{FIRST}", f"z/{SECOND}", FIRST)
    assert found(tmp_path) == [[f"z/{FIRST}", f"z/{SECOND}"], [f"a/b/{FIRST}", f"a/b/{SECOND}"]]


def test_files_may_lie_in_folders_of_their_own(tmp_path: Path) -> None:
    """As one archive that goes round has them."""
    write(tmp_path, f"{FIRST}/{FIRST}", f"{SECOND}/{SECOND}")
    assert found(tmp_path) == [[f"{FIRST}/{FIRST}", f"{SECOND}/{SECOND}"]]


def test_a_point_may_stand_for_the_hyphen(tmp_path: Path) -> None:
    write(tmp_path, "train-images.idx3-ubyte", "t10k-images.idx3-ubyte.gz")
    assert found(tmp_path) == [["train-images.idx3-ubyte", "t10k-images.idx3-ubyte.gz"]]


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path, f"a/{FIRST}", "t10k-images", f"{SECOND}.bz2")
    with pytest.raises(DatasetError) as caught:
        found(tmp_path)
    assert caught.value.code == "data.local_missing"
    assert caught.value.params == {"path": str(tmp_path), "files": SECOND}


def test_a_circle_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, f"a/{FIRST}", f"a/{SECOND}")
    (tmp_path / "a" / "again").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert len(found(tmp_path)) == 1


def test_a_folder_without_end_is_not_walked_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_MOST_ENTRIES", 20)
    write(tmp_path, *(f"{number}/{each}" for number in range(4) for each in range(9)))
    write(tmp_path, f"z/{FIRST}", f"z/{SECOND}")
    with pytest.raises(DatasetError, match="local_missing"):
        found(tmp_path)
    write(tmp_path, f"0/{FIRST}", f"0/{SECOND}")
    assert len(found(tmp_path)) == 1


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        found(tmp_path / "none")
    assert caught.value.code == "data.local_unreadable"


def test_a_folder_of_very_many_entries_is_not_listed_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_MOST_ENTRIES", 20)
    write(tmp_path, *(str(number) for number in range(40)))
    assert len(staging._entries(tmp_path, must=True)) == 21


@pytest.mark.parametrize(("size", "refused"), [(0, False), (9, False), (10, True), (10_000, True)])
def test_a_file_larger_than_allowed_is_not_opened(tmp_path: Path, size: int, refused: bool) -> None:
    (tmp_path / "a").write_bytes(bytes(size))
    with pytest.raises(OSError, match="larger than 9 bytes") if refused else nullcontext():
        idx_unpacking.open_regular(tmp_path / "a", 9).close()


def test_looking_for_files_stops(tmp_path: Path) -> None:
    with pytest.raises(LoadingStoppedError):
        find_files(tmp_path, NAMES, lambda: True)


# In an archive ---------------------------------------------------------------------------------

Members = dict[str, bytes]


def make_zip(path: Path, members: Members, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, members: Members, format_: int = tarfile.USTAR_FORMAT) -> Path:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=format_) as archive:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    pack = {".gz": gzip.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(plain.getvalue()))
    return path


MAKERS: dict[str, Callable[[Path, Members], Path]] = {
    "a.zip": make_zip,
    "stored.zip": lambda path, members: make_zip(path, members, zipfile.ZIP_STORED),
    "a.tar": make_tar,
    "a.tar.gz": make_tar,
    "a.tar.xz": make_tar,
    "pax.tar": lambda path, members: make_tar(path, members, tarfile.PAX_FORMAT),
    "gnu.tar": lambda path, members: make_tar(path, members, tarfile.GNU_FORMAT),
}
EVERY_KIND = pytest.mark.parametrize("kind", MAKERS)


def staged(archive: Path, folder: Path) -> dict[str, bytes]:
    told: list[float] = []
    stage(archive, SIZES, folder, never, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "ours" / "copied"
    path.mkdir(parents=True)
    return path


@EVERY_KIND
def test_wanted_files_are_copied_as_they_are(tmp_path: Path, folder: Path, kind: str) -> None:
    content = {
        f"set/{FIRST}.gz": b"\x1f\x8b packed",
        f"set/{SECOND}": b"plain" * 120,
        "set/other": b"!" * 5000,
        f"set/more/{FIRST}": b"",
    }
    assert staged(MAKERS[kind](tmp_path / kind, content), folder) == {
        f"0/{FIRST}.gz": b"\x1f\x8b packed",
        f"0/{SECOND}": b"plain" * 120,
        f"1/{FIRST}": b"",
    }


@EVERY_KIND
def test_no_path_of_an_archive_is_followed(tmp_path: Path, folder: Path, kind: str) -> None:
    names = [f"../../{FIRST}", f"/{SECOND}", f"..\\..\\{FIRST}.gz", f"a/../../{SECOND}.gz"]
    archive = MAKERS[kind](tmp_path / kind, dict.fromkeys(names, b"harm"))
    before = set(tmp_path.rglob("*"))
    assert list(staged(archive, folder).values()) == [b"harm"] * len(names)
    assert all(path.is_relative_to(folder) for path in set(tmp_path.rglob("*")) - before)


@EVERY_KIND
def test_a_file_that_lies_too_deep_is_not_wanted(tmp_path: Path, folder: Path, kind: str) -> None:
    archive = MAKERS[kind](tmp_path / kind, {f"a/b/c/d/{FIRST}": b"x", f"a/b/c/{SECOND}": b"x"})
    assert staged(archive, folder) == {f"0/{SECOND}": b"x"}


@EVERY_KIND
def test_a_file_larger_than_it_can_be_is_refused(tmp_path: Path, folder: Path, kind: str) -> None:
    bomb = MAKERS[kind](tmp_path / kind, {FIRST: bytes(10_000_000)})
    assert "larger than" in refused(bomb, folder)
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 2**20


@EVERY_KIND
def test_an_archive_that_ends_too_early(tmp_path: Path, folder: Path, kind: str) -> None:
    archive = MAKERS[kind](tmp_path / kind, {FIRST: os.urandom(900), SECOND: os.urandom(900)})
    archive.write_bytes(archive.read_bytes()[:1100])
    assert refused(archive, folder)


@EVERY_KIND
def test_copying_stops(tmp_path: Path, folder: Path, kind: str) -> None:
    archive = MAKERS[kind](tmp_path / kind, {FIRST: b"x"})
    with pytest.raises(LoadingStoppedError):
        stage(archive, SIZES, folder, lambda: True, lambda _: None)


def refused(archive: Path, folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        stage(archive, SIZES, folder, never, lambda _: None)
    assert caught.value.code == "data.local_unreadable"
    assert caught.value.params["path"] == str(archive)
    return str(caught.value.params["reason"])


def test_files_in_very_many_folders_are_refused(tmp_path: Path, folder: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {f"{number}/{FIRST}": b"x" for number in range(17)})
    assert "too many of its folders" in refused(archive, folder)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_so_that_memory_has_no_bound(
    tmp_path: Path, folder: Path, method: int
) -> None:
    assert "deflate" in refused(make_zip(tmp_path / "a.zip", {FIRST: b"x"}, method), folder)


def test_a_zip_with_a_table_of_contents_without_end(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_MOST_AT_ONCE", 2**17)
    archive = make_zip(tmp_path / "a.zip", {f"{number:099}": b"" for number in range(1000)})
    assert refused(archive, folder) == "too many files"


def test_a_zip_that_is_locked(tmp_path: Path, folder: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {FIRST: b"x"})
    content = bytearray(archive.read_bytes())
    for start, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(start) + at] |= 1
    archive.write_bytes(content)
    assert "encrypted" in refused(archive, folder)


@pytest.mark.parametrize("kind", ["a.tar", "a.tar.gz", "a.tar.xz"])
def test_a_tar_without_end(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(staging, "_MOST_TAR", 10**6)
    archive = make_tar(tmp_path / kind, {"other": bytes(2 * 10**6), FIRST: b"x"})
    assert "unpacks to more than" in refused(archive, folder)


def test_a_tar_of_very_many_files(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_MOST_ENTRIES", 10)
    archive = make_tar(tmp_path / "a.tar", {str(number): b"" for number in range(11)})
    assert refused(archive, folder) == "too many files"


@pytest.mark.parametrize("size", [b"77777777777", b"-0000000777", b"\x80" + b"\0" * 9 + b"\xff"])
def test_a_tar_that_lies_about_a_size(tmp_path: Path, folder: Path, size: bytes) -> None:
    block = bytearray(make_tar(tmp_path / "a.tar", {"other": b""}).read_bytes())
    block[124 : 124 + len(size)] = size
    block[148:156] = b" " * 8
    block[148:155] = b"%06o\0" % sum(block[:512])
    (tmp_path / "a.tar").write_bytes(block)
    assert refused(tmp_path / "a.tar", folder)


def test_a_tar_that_was_altered(tmp_path: Path, folder: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {FIRST: b"x"})
    archive.write_bytes(b"X" + archive.read_bytes()[1:])
    assert refused(archive, folder) == "it is no tar archive"


@pytest.mark.parametrize("kind", ["a.tar.gz", "a.tar.xz"])
def test_a_packed_tar_without_its_sum(tmp_path: Path, folder: Path, kind: str) -> None:
    """It stands behind all of the files, so that what is packed has to be read to its end."""
    path = make_tar(tmp_path / kind, {FIRST: b"x"})
    path.write_bytes(path.read_bytes()[:-8])
    assert refused(path, folder) == "it ends too early"


def test_a_link_in_a_tar_is_no_file(tmp_path: Path, folder: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        about = tarfile.TarInfo(FIRST)
        about.type, about.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(about)
    assert staged(tmp_path / "a.tar", folder) == {}


def test_an_xz_that_wants_much_memory(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idx_unpacking, "_UNPACK_MEMORY", 2**20)
    assert "emory" in refused(make_tar(tmp_path / "a.tar.xz", {FIRST: b"x"}), folder)


@pytest.mark.parametrize(
    "content", [gzip.compress(b"x" * 5000), lzma.compress(b"x" * 5000)], ids=["gz", "xz"]
)
def test_a_packed_file_that_is_no_tar(tmp_path: Path, folder: Path, content: bytes) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    assert refused(tmp_path / "a.gz", folder) == "it is no tar archive"


@pytest.mark.parametrize("content", [b"", b"x", b"Rar!\x1a\x07" * 1000])
def test_a_file_that_is_no_archive(tmp_path: Path, folder: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        stage(tmp_path / "a", SIZES, folder, never, lambda _: None)
    assert caught.value.code == "data.local_source"


def test_a_pipe_is_not_waited_for(tmp_path: Path, folder: Path) -> None:
    os.mkfifo(tmp_path / "a.zip")
    assert refused(tmp_path / "a.zip", folder) == "not a regular file"
