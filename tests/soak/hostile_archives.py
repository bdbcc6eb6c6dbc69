"""Folders and archives that should be a known data set: names that lead elsewhere, bombs, lies."""

from __future__ import annotations

import functools
import gzip
import io
import lzma
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.core.datasets import small_sets
from tests.soak.data_entries import KNOWN_SET
from tests.soak.hostile_arrays import deflated_zeros, npz, stored, zip_of
from tests.soak.hostile_kinds import NODES, Case

_FIRST = "train-images-idx3-ubyte"
_TYPES = {"a link": b"2", "a hard link": b"1", "a device": b"3", "a pipe": b"6", "a folder": b"5"}
_LEADING = (  # in front of each file's name
    "/", "../../../../", "/etc/", "C:\\", "..\\..\\", "a/../../b/", "./././", "//server/", "\u202e",
    "~/", "a\0b/", "x" * 300 + "/", "d/" * 60, "\udcff/",
)  # fmt: skip


def cases() -> Iterator[Case]:
    """All of them, for ``take_local``."""
    yield from _names()
    yield from _zips()
    yield from _tars()
    yield from _packed()
    yield from _folders()


@functools.cache
def files() -> dict[str, bytes]:
    """The four files of a small set, as its class reads them."""
    return small_sets.small(KNOWN_SET).plain


def _case(name: str, make: Callable[[Path], Path], must: str = "", **about: Any) -> Case:
    return Case("archive", f"archive: {name}", make, refused_by=must, **about)


def _file(name: str, file: str, content: Callable[[], bytes], must: str = "", **about: Any) -> Case:
    def make(folder: Path) -> Path:
        (folder / file).write_bytes(content())
        return folder / file

    return _case(name, make, must, **about)


def tar_head(name: bytes, size: int | bytes, kind: bytes = b"0", link: bytes = b"") -> bytes:
    """A block of a tar about a file, its sum right. size: a number, or the bytes of the field."""
    field = b"%011o\0" % size if isinstance(size, int) else size
    head = bytearray(512)
    head[: len(name[:100])] = name[:100]
    head[100:124] = b"0000644\0" * 3
    head[124:136] = field[:12].ljust(12, b"\0")
    head[136:148] = b"00000000000\0"
    head[156:157] = kind
    head[157 : 157 + len(link)] = link
    head[257:265] = b"ustar\00000"
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def tar(members: dict[str, bytes]) -> bytes:
    """As ``small_sets.tarred``, by those very names."""
    parts = []
    for name, content in members.items():
        packed = name.encode("utf-8", "surrogateescape")
        parts += [tar_head(packed, len(content)), content, bytes(-len(content) % 512)]
    return b"".join(parts) + bytes(1024)


# Names -------------------------------------------------------------------------------------------


def _names() -> Iterator[Case]:
    for lead in _LEADING:
        for end, pack in (("zip", lambda found: npz(found)), ("tar", tar)):

            def content(lead: str = lead, pack: Any = pack) -> bytes:
                found = {lead + name: value for name, value in files().items()}
                if pack is not tar:
                    text = lead.replace("\0", "").encode("utf-8", "replace").decode()
                    found = {text + name: value for name, value in files().items()}
                made: bytes = pack(found)
                return made

            yield _file(f"{end}, names behind {lead[:20]!r}", f"x.{end}", content)
    for what, kind in _TYPES.items():
        for target in (b"/etc/passwd", b"../../../../victim.txt", b"/dev/zero"):

            def linked(kind: bytes = kind, target: bytes = target) -> bytes:
                head = tar_head(_FIRST.encode(), 0, kind, target)
                return head + tar(files())

            yield _file(f"tar, {what} to {target.decode()}", "x.tar", linked)

    def link_in_zip() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed:
            link = zipfile.ZipInfo(_FIRST)
            link.external_attr = 0o120777 << 16
            packed.writestr(link, "/etc/passwd")
        return buffer.getvalue()

    yield _file("zip, a link to /etc/passwd", "x.zip", link_in_zip, "take_local")
    for copies, must in ((2, ""), (16, ""), (40, "take_local")):

        def repeated(copies: int = copies) -> bytes:
            return tar({f"{n}/{name}": c[:900] for n in range(copies) for name, c in
                        files().items()} | files())  # fmt: skip

        yield _file(f"tar, {copies} folders of damaged files in front", "x.tar", repeated, must)

    def twice() -> bytes:
        return tar({**dict.fromkeys(files(), b"x")})[:-1024] + tar(files())

    yield _file("tar, each name twice", "x.tar", twice, "take_local")

    def twice_in_zip() -> bytes:
        import warnings

        buffer = io.BytesIO()
        with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as packed:
            warnings.simplefilter("ignore")
            for name, content in files().items():
                packed.writestr(name, content)
                packed.writestr(name, b"x")
        return buffer.getvalue()

    yield _file("zip, each name twice", "x.zip", twice_in_zip)


# zip ---------------------------------------------------------------------------------------------


def _zips() -> Iterator[Case]:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        must = "take_local" if method else ""
        yield _file(
            f"zip packed by {method}", "x.zip", lambda method=method: npz(files(), method), must
        )
    for megabytes in (1, 100, 3000):
        for name in (_FIRST, f"{_FIRST}.gz", "other"):

            def bomb(name: str = name, megabytes: int = megabytes) -> bytes:
                size = megabytes * 2**20
                return zip_of(name.encode(), b"", deflated_zeros(megabytes), size)

            yield _file(f"zip bomb of {megabytes} MB as {name}", "x.zip", bomb, "take_local")
    for what, change in (
        ("cut", lambda whole: whole[: len(whole) // 2]),
        ("its start alone", lambda whole: whole[:100]),
        ("its end alone", lambda whole: whole[whole.rindex(b"PK\5\6") :]),
        ("with 1 MB in front", lambda whole: bytes(2**20) + whole),
        ("encrypted", lambda whole: whole.replace(
            b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1")),
        ("spoilt", lambda whole: whole[:3000] + bytes(50) + whole[3050:]),
        ("no local heads", lambda whole: whole.replace(b"PK\3\4", b"PK\3\5").replace(
            b"PK\3\5", b"PK\3\4", 1)),
        ("a list of 4 GB", lambda whole: whole[:-10] + b"\xff" * 4 + whole[-6:]),
        ("a list elsewhere", lambda whole: whole[:-6] + b"\xff" * 4 + whole[-2:]),
        ("zip64 without any", lambda whole: whole[:-22] + b"PK\6\7" + b"\xff" * 16 + whole[-22:]),
    ):  # fmt: skip
        yield _file(f"zip {what}", "x.zip", lambda change=change: change(npz(files())))
    yield _file("zip of nothing", "x.zip", lambda: npz({}), "take_local")
    yield _file("zip in zip", "x.zip", lambda: npz({"x.zip": npz(files())}), "take_local")
    for count in (30_000, 90_000):
        yield _file(
            f"zip of {count:,} files",
            "x.zip",
            lambda count=count: npz({f"{n}": b"" for n in range(count)}, zipfile.ZIP_STORED),
            "take_local",
            slow=True,
        )


# tar ---------------------------------------------------------------------------------------------


def _tars() -> Iterator[Case]:
    name = _FIRST.encode()
    for size in (
        b"77777777777\0", b"-0000000001\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"99999999999\0",
        b"           \0", b"\0" * 12, b"0x10\0", b"1e5\0", b"\xd9\xa1\xd9\xa2\0",
    ):  # fmt: skip
        for kind in (b"0", b"L", b"x", b"g", b"S", b"K"):
            yield _file(
                f"tar, a size of {size[:11]!r}, type {kind.decode()}",
                "x.tar",
                lambda size=size, kind=kind: tar_head(name, size, kind) + tar(files()),
            )
    for what, change in (
        ("cut", lambda whole: whole[: len(whole) // 2]),
        ("without its end", lambda whole: whole[:-1024]),
        ("a wrong sum", lambda whole: whole[:148] + b"000000\0 " + whole[156:]),
        ("its head alone", lambda whole: whole[:512]),
        ("not by blocks", lambda whole: whole[:700] + whole[701:]),
        ("zeros behind", lambda whole: whole + bytes(10**7)),
        ("nothing but zeros", lambda whole: b"\0" * 257 + b"ustar" + bytes(10**6)),
        ("with a longer name", lambda whole: tar_head(b"././@LongLink", 10**6, b"L")
            + b"x" * 10**6 + bytes(-(10**6) % 512) + whole),
        ("with a path of its own", lambda whole: tar_head(b"p", 40, b"x")
            + b"40 path=../../../../../../../tmp/hostile\n".ljust(512, b"\0") + whole),
    ):  # fmt: skip
        yield _file(f"tar {what}", "x.tar", lambda change=change: change(tar(files())))
    many = tar_head(b"x", 0) * 120_000
    yield _file("tar of 120,000 files", "x.tar", lambda: many, slow=True)
    for pack, end in ((gzip.compress, "gz"), (lzma.compress, "xz")):
        yield _file(f"tar.{end}", f"x.tar.{end}", lambda pack=pack: pack(tar(files())))
        for what, change in (
            ("cut", lambda whole: whole[:-20]),
            ("twice", lambda whole: whole * 2),
            ("spoilt", lambda whole: whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:]),
        ):
            yield _file(
                f"tar.{end} {what}",
                f"x.tar.{end}",
                lambda pack=pack, change=change: change(pack(tar(files()))),
                "take_local",
            )
        yield _file(
            f"a tar.{end} in itself",
            f"x.tar.{end}",
            lambda pack=pack: pack(pack(tar(files()))),
            "take_local",
        )

    def blocks(megabytes: int, begin: bytes = b"") -> bytes:
        return gzip.compress(b"")[:10] + stored(begin) + deflated_zeros(megabytes) + bytes(8)

    yield _file("tar.gz of 3 GB of zeros", "x.tar.gz", lambda: blocks(3000), "take_local")
    for wanted in (name, b"other"):
        yield _file(
            f"tar.gz bomb, 3 GB as {wanted.decode()}",
            "x.tar.gz",
            lambda wanted=wanted: blocks(3000, tar_head(wanted, 3000 * 2**20)),
            slow=True,
        )

    def packed_bomb() -> bytes:
        return lzma.compress(bytes(2**24), preset=1) * 600

    yield _file("tar.xz bomb of 10 GB", "x.tar.xz", packed_bomb, "take_local")


# Files as they lie -------------------------------------------------------------------------------


def save(folder: Path, changed: dict[str, bytes]) -> Path:
    """The set in a folder of its own, with some files changed."""
    return small_sets.save(folder / "files", {**files(), **changed})


def _packed() -> Iterator[Case]:
    """One of the files, packed in other ways."""
    whole = files()[_FIRST]
    for what, content, good in (
        ("gz", gzip.compress(whole), True), ("xz", lzma.compress(whole), True),
        ("gz, twice", gzip.compress(whole) * 2, False),
        ("gz, cut", gzip.compress(whole)[:-9], False),
        ("gz in gz", gzip.compress(gzip.compress(whole)), False),
        ("gz, rubbish behind", gzip.compress(whole) + b"x", False),
        ("xz, cut", lzma.compress(whole)[:-9], False),
        ("lzma of old", lzma.compress(whole, lzma.FORMAT_ALONE), False),
        ("gz of 3 GB", gzip.compress(b"")[:10] + deflated_zeros(3000), False),
        ("gz of 3 GB behind a good head", gzip.compress(b"")[:10] + stored(whole[:16])
            + deflated_zeros(3000), False),
        ("another IDX", whole[:4] + struct.pack(">III", 299, 28, 28) + whole[16:], False),
        ("another type", b"\0\0\x0d\3" + whole[4:], False),
        ("2^96 values", whole[:4] + b"\xff" * 12 + whole[16:], False),
        ("a value more", whole + b"x", False), ("a value less", whole[:-1], False),
        ("empty", b"", False), ("a pickle", b"\x80\4" + whole[2:], False),
        ("labels", files()["train-labels-idx1-ubyte"], False),
    ):  # fmt: skip

        def packed(folder: Path, content: bytes = content) -> Path:
            return save(folder, {_FIRST: content})

        yield _case(f"a folder with {what}", packed, "" if good else "take_local")
    for label in (10, 255):

        def labels(folder: Path, label: int = label) -> Path:
            name = "t10k-labels-idx1-ubyte"
            return save(folder, {name: files()[name][:-1] + bytes([label])})

        yield _case(f"a label of {label}", labels, "take_local")


def _folders() -> Iterator[Case]:
    for what, node in NODES.items():

        def one(folder: Path, node: Any = node) -> Path:
            path = save(folder, {})
            (path / _FIRST).unlink()
            node(path / _FIRST)
            return path

        yield _case(f"{what} as {_FIRST}", one, "take_local")

        def twice(folder: Path, node: Any = node) -> Path:
            """A good file beside it, packed."""
            path = save(folder, {})
            (path / _FIRST).unlink()
            (path / f"{_FIRST}.gz").write_bytes(gzip.compress(files()[_FIRST]))
            node(path / "train-images.idx3-ubyte")
            return path

        yield _case(f"{what} as another {_FIRST}", twice)

        def whole(folder: Path, node: Any = node) -> Path:
            node(folder / "x.zip")
            return folder / "x.zip"

        yield _case(f"{what} as an archive", whole, "take_local")

        def below(folder: Path, node: Any = node) -> Path:
            path = save(folder / "a" / "b", {}).parent.parent
            node(path / "c")
            return path

        yield _case(f"{what} beside the files", below)

    def crowd(folder: Path) -> Path:
        path = save(folder, {})
        for number in range(5000):
            (path / f"{number}").touch()
        return path

    yield _case("5000 more files", crowd)

    def circle(folder: Path) -> Path:
        path = save(folder / "a", {}).parent
        for number in range(30):
            (path / f"again {number}").symlink_to(".")
        return path

    yield _case("links to the folder itself", circle)
    for path in ("\0", "x" * 300, "x/" * 3000, "nowhere", "/dev", "/proc/self/fd"):
        yield _case(f"a path of {path[:12]!r}", lambda f, p=path: f / p, "take_local")
