"""A stored data set that somebody made, or tampered with: its record, its files, its folder."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.soak.data_entries import SET
from tests.soak.hostile_kinds import NODES, VALUES, Case

PARTS = ("train.images", "train.labels", "test.images", "test.labels")
RECORD = "dataset.json"
_TEXTS = ("title", "licence", "source")
_COUNTS = {"train": 12, "test": 6}
_MARKUP = (
    "<b>bold</b><img src=&#47;dev&#47;zero>", "<a href='file:///'>x</a>", "\u202egnp.exe",
    "\u200b\u2066", "two\nlines", "\x1b]0;owned\x07", "%s{0}{title}", "💣" * 125, " ", "",
)  # fmt: skip

Change = Callable[[Path], object]


def cases() -> Iterator[Case]:
    """All of them, each the folder of a set in a folder with another, good one."""
    yield from _records()
    yield from _texts()
    yield from _files()
    yield from _names()
    yield from _folders()


def _case(name: str, change: Change, refused_by: str = "", slow: bool = False) -> Case:
    def make(folder: Path) -> Path:
        path = folder / "data" / SET
        found = change(path)
        return found if isinstance(found, Path) else path

    return Case("stored", f"stored: {name}", make, refused_by=refused_by, slow=slow)


def read_record(folder: Path) -> Any:
    """What ``dataset.json`` says."""
    return json.loads((folder / RECORD).read_bytes())


def put_record(folder: Path, values: Any) -> None:
    """Another record."""
    (folder / RECORD).write_text(json.dumps(values), "utf-8")


def fit_record(folder: Path, **changes: Any) -> None:
    """Make the record fit what the files hold now. changes: of the set; sizes go by ``train``,
    ``test`` and ``image_shape``."""
    values = read_record(folder)
    values["set"].update(changes)
    digests = []
    for name in PARTS:
        path = folder / name
        facts = values["files"][name]
        part, kind = name.split(".")
        each = 2
        if kind == "images":
            channels, height, width = values["set"]["image_shape"]
            each = channels * height * width
        facts["size"] = values["set"][part] * each
        facts["changed"] = path.stat().st_mtime_ns
        digests.append(facts["sha256"])
    values["set"]["digest"] = joined(digests)
    put_record(folder, values)


def joined(digests: list[str]) -> str:
    """The digest of a set, of those of its files."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


# The record --------------------------------------------------------------------------------------

_FIELDS: tuple[tuple[Any, ...], ...] = (
    ("format",), ("set",), ("files",),
    *(("set", name) for name in (
        "name", "title", "image_shape", "class_names", "train", "test", "digest", "extremes",
        "licence", "source", "digits", "settings",
    )),
    ("set", "image_shape", 0), ("set", "image_shape", 2), ("set", "class_names", 1),
    *(("set", "settings", name) for name in (
        "size", "colour", "fit", "background", "invert", "centre", "test_share", "seed",
    )),
    ("files", "train.images"),
    *(("files", "test.labels", name) for name in ("size", "changed", "sha256")),
)  # fmt: skip
_HARMLESS: tuple[tuple[Any, ...], ...] = (  # fields that may hold some of the values
    ("set", "title"), ("set", "licence"), ("set", "source"), ("set", "class_names", 1),
    ("set", "class_names"), ("set", "settings"), ("set", "extremes"), ("set", "digits"),
    ("set", "settings", "invert"), ("set", "settings", "centre"), ("set", "settings", "seed"),
    ("files", "test.labels", "changed"),
)  # fmt: skip


def _at(values: Any, way: Sequence[Any]) -> Any:
    for key in way:
        values = values[key]
    return values


def _records() -> Iterator[Case]:
    for way in _FIELDS:
        name = ".".join(map(str, way))
        must = "" if way in _HARMLESS else "read_stored"
        for value in VALUES:
            large = isinstance(value, int) and abs(value) > 2**60

            def put(folder: Path, way: Any = way, value: Any = value) -> None:
                values = read_record(folder)
                _at(values, way[:-1])[way[-1]] = value
                put_record(folder, values)

            right = value is True and way == ("format",)  # as good as 1
            said = "10^4000" if large else repr(value)[:40]
            yield _case(f"{name} = {said}", put, "" if right else must)

        def drop(folder: Path, way: Any = way) -> None:
            values = read_record(folder)
            del _at(values, way[:-1])[way[-1]]
            put_record(folder, values)

        yield _case(f"no {name}", drop, "" if "settings" in way or way[-1] in (0, 1) else must)

    def text(name: str, change: Callable[[bytes], bytes], must: str = "read_stored") -> Case:
        def put(folder: Path) -> None:
            (folder / RECORD).write_bytes(change((folder / RECORD).read_bytes()))

        return _case(f"record {name}", put, must)

    yield text("cut", lambda content: content[: len(content) // 2])
    yield text("empty", lambda content: b"")
    yield text("of NUL", lambda content: bytes(len(content)))
    yield text("with a BOM", lambda content: b"\xef\xbb\xbf" + content)
    yield text("in UTF-16", lambda content: content.decode().encode("utf-16"))
    yield text("twice", lambda content: content + content)
    yield text("in a list", lambda content: b"[" + content + b"]")
    yield text("with a name twice", lambda c: c.replace(b'"set"', b'"set": 1, "set"', 1))
    yield text("with half a pair", lambda c: c.replace(b'"a source"', b'"\\ud800"'))
    yield text("with a number of 5000 digits", lambda c: c.replace(b"12,", b"1" * 5000 + b",", 1))
    yield text("of spaces, 1 MB", lambda content: content + b" " * 2**20)
    yield text("of spaces, less than 1 MB", lambda c: c + b" " * (2**20 - len(c)), must="")
    for depth in (500, 990, 100_000):
        deep = b"[" * depth + b"]" * depth
        yield text(f"{depth} deep", lambda content, deep=deep: deep)
        yield text(
            f"with a title {depth} deep",
            lambda c, deep=deep: c.replace(b'"a licence"', deep),
        )
    for what, part in (("lists", b"[],"), ("pairs", b'{"a":1},'), ("texts", b'"",')):
        many = b'{"format": 1, "set": [' + part * (2**20 // len(part) - 20) + b"0]}"
        yield text(f"1 MB of {what}", lambda content, many=many: many)
    names = b'"class_names": [' + b'"",' * 10**6 + b'""]'
    yield text("with 10^6 classes", lambda c: c.replace(b'"class_names"', names + b', "x"', 1))
    names = b'["' + b'","'.join(b"%x" % n for n in range(110_000)) + b'"]'
    yield text("with 110,000 classes", lambda c: c.replace(b'"a source"', names))


def _texts() -> Iterator[Case]:
    for value in (*_MARKUP, "x" * 500, "x" * 501):
        for field in _TEXTS:
            must = "read_stored" if len(value) > 500 else ""
            yield _case(
                f"{field} {value[:20]!r}",
                lambda folder, f=field, v=value: fit_record(folder, **{f: v}),
                must,
            )
        yield _case(
            f"a class {value[:20]!r}",
            lambda folder, v=value: fit_record(folder, class_names=["a", v, "c"]),
            "read_stored" if len(value) > 100 else "",
        )
    for count, must in ((3, ""), (1000, ""), (1001, "read_stored"), (2, "load_dataset")):
        yield _case(
            f"{count} classes",
            lambda folder, n=count: fit_record(folder, class_names=["x" * 99] * n),
            must,
        )
    yield _case("no classes, but labels", lambda f: fit_record(f, class_names=[]), "load_dataset")


# The files ---------------------------------------------------------------------------------------


def _files() -> Iterator[Case]:
    for what, make in NODES.items():
        for file in (RECORD, *PARTS, "skipped.csv"):

            def replaced(folder: Path, file: str = file, make: Any = make) -> None:
                (folder / file).unlink(missing_ok=True)
                make(folder / file)

            must = {RECORD: "read_stored", "skipped.csv": ""}.get(file, "load_dataset")
            yield _case(f"{what} as {file}", replaced, must)
    for name in PARTS:
        for what, change in (
            ("cut", lambda content: content[:-1]),
            ("longer", lambda content: content + b"x"),
            ("empty", lambda content: b""),
            ("another", lambda content: bytes(len(content))),
        ):

            def write(folder: Path, name: str = name, change: Any = change) -> None:
                (folder / name).write_bytes(change((folder / name).read_bytes()))

            yield _case(f"{name} {what}", write, "load_dataset")
        yield _case(f"no {name}", lambda f, n=name: (f / n).unlink(), "load_dataset")

        def link(folder: Path, name: str = name) -> None:
            (folder / name).rename(folder.parent.parent / "elsewhere")
            (folder / name).symlink_to("../../elsewhere")

        yield _case(f"a link to a good {name}", link)
    for value in (3, 255, 65535):

        def labels(folder: Path, value: int = value) -> None:
            (folder / "test.labels").write_bytes(value.to_bytes(2, "little") * 6)
            fit_record(folder)

        yield _case(f"labels of {value} that fit", labels, "load_dataset")
    for images in (10**6, 10**9, 2**39, 2**60):

        def sparse(folder: Path, images: int = images) -> None:
            """Files of the right size that take no room on the disk, and would all of memory."""
            for name, each in (("train.images", 1), ("train.labels", 2)):
                with (folder / name).open("wb") as file:
                    file.truncate(min(images * each, 2**42))
            (folder / "test.images").write_bytes(bytes(6))
            fit_record(folder, train=images, image_shape=[1, 1, 1])

        yield _case(f"{images:,} images of nothing", sparse, slow=True)

    def folder_of_size(folder: Path) -> None:
        """A folder has a size, too; the record fits it."""
        (folder / "test.images").unlink()
        (folder / "test.images").mkdir()
        size = (folder / "test.images").stat().st_size
        (folder / "test.labels").write_bytes(bytes(2 * size))
        (folder / "train.images").write_bytes(bytes(12))
        fit_record(folder, test=size, image_shape=[1, 1, 1])

    yield _case("a folder of the right size as test.images", folder_of_size, "load_dataset")

    def unread(folder: Path) -> None:
        (folder / "test.images").chmod(0)

    yield _case("test.images without permission", unread)
    for shape in ([1, 1, 1], [1, 1, 512], [3, 512, 512], [1, 3, 2], [3, 7, 9]):

        def shaped(folder: Path, shape: Any = shape) -> None:
            for part, count in _COUNTS.items():
                pixels = shape[0] * shape[1] * shape[2]
                (folder / f"{part}.images").write_bytes(bytes(count * pixels))
            fit_record(folder, image_shape=shape)

        yield _case(f"images of {shape}", shaped)


def _names() -> Iterator[Case]:
    """What else ``files`` may name: nobody may open it."""
    for what, name in (
        ("/dev/zero", "/dev/zero"), ("a path upwards", "../../../victim.txt"),
        ("the record", RECORD), ("nothing", ""), ("a NUL", "a\0b"), ("a long name", "x" * 5000),
    ):  # fmt: skip
        for facts in ({"size": 1, "changed": 0, "sha256": "0" * 64}, None):

            def add(folder: Path, name: str = name, facts: Any = facts) -> None:
                values = read_record(folder)
                values["files"][name] = facts
                put_record(folder, values)

            yield _case(f"its files name {what}, {'with' if facts else 'without'} facts", add)

    def pipe(folder: Path) -> None:
        values = read_record(folder)
        values["files"]["pipe"] = {"size": 1, "changed": 0, "sha256": "0" * 64}
        put_record(folder, values)
        os.mkfifo(folder / "pipe")

    yield _case("its files name a pipe", pipe)

    def many(folder: Path) -> None:
        values = read_record(folder)
        values["files"] |= {f"{number}": None for number in range(50_000)}
        put_record(folder, values)

    yield _case("its files name 50,000 others", many)


# The folder --------------------------------------------------------------------------------------


def _folders() -> Iterator[Case]:
    for what, make in NODES.items():

        def replaced(folder: Path, make: Any = make) -> None:
            shutil.rmtree(folder)
            make(folder)

        yield _case(f"{what} as its folder", replaced, "read_stored")

    def linked(folder: Path) -> None:
        folder.rename(folder.parent.parent / "elsewhere")
        folder.symlink_to("../elsewhere")

    yield _case("a link to a good set", linked)

    def beside(folder: Path) -> None:
        """The system will not even say whether that is a folder."""
        (folder.parent / "too long").symlink_to("x" * 300)

    yield _case("beside it a link to a name that is too long", beside)
    for name in ("mnist", "fashion-mnist", "UPPER", "a b", "ünder", "x" * 200, "<b>x<b>", "a\nb",
                 "\udcff", "\u202eset"):  # fmt: skip

        def renamed(folder: Path, name: str = name) -> Path:
            fit_record(folder, name=name.encode("utf-8", "replace").decode())
            return folder.rename(folder.parent / name)

        right = name in ("mnist", "fashion-mnist")
        yield _case(f"its folder is {name[:20]!r}", renamed, "" if right else "read_stored")
    yield _case("another name", lambda f: f.rename(f.parent / "another"), "read_stored")

    def crowd(folder: Path) -> None:
        for number in range(1000):
            (folder.parent / f"no-set-{number}").mkdir()

    yield _case("beside it 1000 folders", crowd)
    for end in (".part", ".removed"):

        def left_over(folder: Path, end: str = end) -> None:
            """What a crash may have left, so old that it is removed, leads elsewhere."""
            old = folder.parent / f".{SET}.0123abcd{end}"
            elsewhere = folder.parent.parent.parent  # with what nobody may touch
            old.mkdir()
            (old / "link").symlink_to(elsewhere)
            (folder.parent / f".link.0123abcd{end}").symlink_to(elsewhere)
            day = time.time() - 10 * 86_400
            os.utime(old, (day, day))

        yield _case(f"beside it an old {end} with a link", left_over)

    def full(folder: Path) -> None:
        for number in range(3000):
            (folder / f"{number}").touch()

    yield _case("3000 more files in it", full)
