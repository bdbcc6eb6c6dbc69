"""What somebody may call pictures of their own: IDX files and folders. Of links, names, devices."""

from __future__ import annotations

import functools
import gzip
import lzma
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tests.soak.hostile_arrays import (
    COUNT,
    SIDE,
    deflated_zeros,
    images,
    import_case,
    import_file,
    stored,
)
from tests.soak.hostile_kinds import NODES, Case, idx
from tests.soak.hostile_pictures import hostile_pictures, picture, saved


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _packed()
    yield from _folders()
    yield from _names()
    yield from _links()
    yield from _many()


# IDX ---------------------------------------------------------------------------------------------


def _packed() -> Iterator[Case]:
    """What ``hostile_kinds`` has of IDX is sent here, too; this is how it may be packed."""
    whole = idx((COUNT, SIDE, SIDE), images().tobytes())
    flat, few = idx((COUNT,), bytes(COUNT)), gzip.compress(whole)
    for what, content in (
        ("gz", few), ("gz, cut", few[:-9]), ("gz, no end", few[:-1]), ("gz, twice", few * 2),
        ("gz, rubbish behind", few + b"rubbish"), ("gz in gz", gzip.compress(few)),
        ("gz, spoilt", few[:60] + b"\xff" * 4 + few[64:]), ("gz of nothing", gzip.compress(b"")),
        ("gz, wrong sum", few[:-8] + bytes(4) + few[-4:]), ("gz, head alone", few[:10]),
        ("gz, a name without end", few[:3] + b"\x08" + few[4:10] + b"x" * 10**6),
        ("gz, more than 64 kB before it", few[:3] + b"\x04" + few[4:10] + b"\xff\xff" + few[10:]),
        ("xz in gz", gzip.compress(lzma.compress(whole))), ("labels alone", flat),
        ("labels alone, gz", gzip.compress(flat)), ("gz of a picture", gzip.compress(saved("PNG"))),
        ("gz of empty parts", few[:10] + b"\0\0\0\xff\xff" * 10**6 + few[10:]),
    ):  # fmt: skip
        yield import_file(f"IDX, {what}", "x-images-idx3-ubyte", content)
    for what, shape, megabytes, must in (
        ("3,000,000 images", (3_000_000, 28, 28), 2244, "open_source"),
        ("one image of 3 GB", (1, 50_000, 60_000), 2862, "open_source"),
        ("lies", (COUNT, SIDE, SIDE), 3000, "open_source"),
        ("2^96 values", (2**32 - 1,) * 3, 100, "open_source"),
        ("2 GB that fit", (1_900_000, 32, 32), 1856, ""),
    ):

        def bomb(folder: Path, shape: Any = shape, megabytes: int = megabytes) -> Path:
            body = stored(idx(shape, b"")) + deflated_zeros(megabytes)
            (folder / "x-images.gz").write_bytes(gzip.compress(b"")[:10] + body + bytes(8))
            return folder / "x-images.gz"

        yield import_case(f"IDX bomb, {what}", bomb, must, slow=not must)
    for what, node in NODES.items():

        def labels(folder: Path, node: Any = node) -> Path:
            (folder / "x-images-idx3-ubyte").write_bytes(whole)
            node(folder / "x-labels-idx1-ubyte")
            return folder / "x-images-idx3-ubyte"

        yield import_case(f"IDX, {what} as labels", labels)

        def among(folder: Path, node: Any = node) -> Path:
            """A folder of good pictures, where that is called as IDX files are."""
            found = good_folder(folder)
            node(found / "images-idx3-ubyte")
            return found

        yield import_case(f"{what} called images among pictures", among)


# Folders -----------------------------------------------------------------------------------------


def good_folder(folder: Path, name: str = "pictures") -> Path:
    """Two classes of three pictures each."""
    for number in range(6):
        place = folder / name / ("cats", "dogs")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.png").write_bytes(_good_picture(number))
    return folder / name


@functools.cache
def _good_picture(number: int) -> bytes:
    return saved("PNG", picture("RGB", (40 + number, 30)))


def _folder(name: str, change: Callable[[Path], object], must: str = "", **about: Any) -> Case:
    def make(folder: Path) -> Path:
        found = good_folder(folder)
        other = change(found)
        return other if isinstance(other, Path) else found

    return import_case(name, make, must, **about)


def _folders() -> Iterator[Case]:
    for what, node in NODES.items():
        for name in ("cats/x.png", "dogs/x.txt", "birds", "x.jpg"):

            def add(folder: Path, name: str = name, node: Any = node) -> None:
                node(folder / name)

            yield _folder(f"{what} as {name} among pictures", add)

        def alone(folder: Path, node: Any = node) -> Path:
            shutil.rmtree(folder)
            node(folder)
            return folder

        far = what == "a link to a folder elsewhere"  # all of the disk
        yield _folder(f"{what} as a folder of pictures", alone, slow=far)

    def all_of_them(folder: Path, begin: int) -> None:
        for number, (_, content) in enumerate(hostile_pictures()):
            if number % 8 == begin:
                (folder / "cats" / f"bad {number}.png").write_bytes(content())

    for begin in range(8):
        yield _folder(
            f"hostile pictures, part {begin}",
            lambda folder, begin=begin: all_of_them(folder, begin),
            slow=True, memory=1200,
        )  # fmt: skip

    def nothing_readable(folder: Path) -> None:
        for path in folder.rglob("*.png"):
            path.write_bytes(path.read_bytes()[:50])

    yield _folder("no picture that can be read", nothing_readable, "import_set")

    def one_class(folder: Path) -> None:
        for path in (folder / "cats").iterdir():
            path.write_bytes(path.read_bytes()[:50])

    yield _folder("a class that cannot be read", one_class)

    def single(folder: Path) -> Path:
        """One picture: there is none to test."""
        for path in sorted(folder.rglob("*.png"))[1:]:
            path.unlink()
        return folder

    yield _folder("a single picture", single, "import_set")
    yield _folder("an empty folder", lambda f: [shutil.rmtree(p) for p in f.iterdir()],
                  "open_source")  # fmt: skip

    def halves(folder: Path) -> None:
        for name in ("Train", "TEST", "val", "training"):
            shutil.copytree(folder / "cats", folder / name / "cats")
        shutil.copytree(folder / "dogs", folder / "Train" / "dogs")
        (folder / "TEST" / "wolves").mkdir()
        (folder / "TEST" / "loose.png").write_bytes(_good_picture(0))

    yield _folder("halves that do not agree", halves)

    def only_test(folder: Path) -> None:
        (folder / "train").mkdir()
        (folder / "dogs").rename(folder / "test")

    yield _folder("an empty half", only_test)
    ppm = b"P5 50000 1 255\n" + bytes(range(250)) * 200
    yield _folder("a picture of one long row", lambda f: (f / "cats/x.pgm").write_bytes(ppm))
    for value in (float("nan"), float("inf"), 1e38):
        values = np.full((30, 30), value, np.float32)

        def floats(folder: Path, values: Any = values) -> None:
            (folder / "cats" / "x.tif").write_bytes(saved("TIFF", Image.fromarray(values)))

        yield _folder(f"a picture of {value}", floats)

    def deep_colours(folder: Path) -> None:
        """49 megapixels of 32 bits: all that is done with them takes gigabytes."""
        values = np.zeros((7000, 7000), np.int32)
        values[::100] = 2**31 - 1
        (folder / "cats" / "x.tif").write_bytes(
            saved("TIFF", Image.fromarray(values), compression="tiff_lzw")
        )

    yield _folder("49 megapixels of 32 bits", deep_colours, slow=True, memory=1500)


def _names() -> Iterator[Case]:
    names = (
        b"\xff\xfe", b"\n\n", b"a\nb", b"<b>x<img src=x>", "\u202egnp.exe".encode(), b"=1+1",
        b"@SUM(A1)", b"-", b"--help", b"con", b"nul.png", b" ", b"...", b"x" * 240, b"%s{0}{path}",
        "\u200b".encode(), "💣".encode() * 50, b"'\";,", b"\x1b[2J", b"a\\b", b"~", b"$HOME", b"*",
    )  # fmt: skip
    for name in names:

        def as_class(folder: Path, name: bytes = name) -> None:
            (folder / "dogs").rename(folder / os.fsdecode(name))

        def as_file(folder: Path, name: bytes = name) -> None:
            for end, content in ((b".png", b"no picture"), (b".txt", b""), (b"", b"\x89PNG")):
                (folder / "cats" / os.fsdecode(name[:240] + end)).write_bytes(content)

        def as_root(folder: Path, name: bytes = name) -> Path:
            return folder.rename(folder.parent / os.fsdecode(name))

        yield _folder(f"a class called {name[:20]!r}", as_class)
        yield _folder(f"files called {name[:20]!r}", as_file)
        yield _folder(f"a folder called {name[:20]!r}", as_root)

    def alike(folder: Path) -> None:
        """Names that are the same once they can be shown."""
        for name in ("a b", "a  b", "a\tb", "a\nb", "\u200b", "\u200c", "\u2066", "class 4"):
            shutil.copytree(folder / "cats", folder / name)

    yield _folder("classes whose names look alike", alike)
    for path in ("\0", "a\0b", "x" * 300, "x/" * 3000, "", ".", "..", "/", "/dev", "/proc/self"):

        def nowhere(folder: Path, path: str = path) -> Path:
            return folder / path

        if path not in ("..", "/", "/proc/self"):  # which hold more than anybody wants to wait for
            yield _folder(f"a path of {path[:12]!r}", nowhere)


def _links() -> Iterator[Case]:
    def add(name: str, target: str) -> Case:
        def link(folder: Path) -> None:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).symlink_to(target)

        return _folder(f"a link from {name} to {target[:20]}", link)

    for target in (".", "..", "../cats", "/", "/dev", "/proc", "cats", "x" * 300, "/dev/stdin",
                   "/proc/self/mem", "/dev/random", "/etc/passwd"):  # fmt: skip
        for name in ("birds", "cats/more", "cats/x.png", "images", "x.png"):
            yield add(name, target)

    def circle(folder: Path) -> None:
        (folder / "a").symlink_to("b")
        (folder / "b").symlink_to("a")
        (folder / "a.png").symlink_to("b.png")
        (folder / "b.png").symlink_to("a.png")

    yield _folder("links in a circle among pictures", circle)

    def deep(folder: Path) -> None:
        """So deep that the system does not open its path any more."""
        here = Path.cwd()
        os.chdir(folder / "cats")
        try:
            for _ in range(60):
                Path("d" * 100).mkdir()
                os.chdir("d" * 100)
            Path("x.png").write_bytes(_good_picture(0))
        finally:
            os.chdir(here)

    yield _folder("60 folders in each other, of long names", deep)

    def shallow(folder: Path) -> None:
        place = folder / "cats" / "/".join("d" * 900)
        place.mkdir(parents=True)
        (place / "x.png").write_bytes(_good_picture(0))

    yield _folder("900 folders in each other", shallow)

    def hard(folder: Path) -> None:
        for number in range(500):
            os.link(folder / "cats" / "0.png", folder / "cats" / f"again {number}.png")

    yield _folder("500 names of one file", hard, slow=True)


def _many() -> Iterator[Case]:
    def touched(folder: Path, count: int, end: str) -> None:
        for number in range(count):
            (folder / "cats" / f"{number:06d}{end}").touch()

    yield _folder("5000 empty pictures", lambda f: touched(f, 5000, ".png"), slow=True)
    yield _folder("5000 other files", lambda f: touched(f, 5000, ""))
    yield _folder("5000 drawings", lambda f: touched(f, 5000, ".svg"))
    yield _folder("5000 hidden files", lambda f: [(f / f".{n}").touch() for n in range(5000)])
    yield _folder("3000 empty folders", lambda f: [(f / f"{n}").mkdir() for n in range(3000)])

    def classes(folder: Path) -> None:
        for number in range(1100):
            (folder / f"{number}").mkdir()
            (folder / f"{number}" / "x.png").touch()

    yield _folder("1100 classes", classes, "open_source")

    def idx_files(folder: Path) -> None:
        for number in range(500):
            (folder / f"images-{number}").write_bytes(idx((1, 16, 16), bytes(256)))

    yield _folder("500 IDX files", idx_files, "open_source")
