"""Arrays that somebody may call pictures: .npy and .npz, their headers, values and labels."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.soak.hostile_kinds import NODES, Case
from tests.soak.strangers import Canary

COUNT, SIDE = 20, 20


def cases(canary: Path) -> Iterator[Case]:
    """All of them. canary: what exists once a pickle was opened."""
    yield from _headers()
    yield from _values()
    yield from _labels(canary)
    yield from _archives(canary)


def import_case(name: str, make: Callable[[Path], Path], must: str = "", **about: Any) -> Case:
    """must: the entry that refuses it. about: as of ``Case``."""
    return Case("import", f"import: {name}", make, refused_by=must, **about)


def import_file(
    name: str, file: str, content: bytes | Callable[[], bytes], must: str = "", **about: Any
) -> Case:
    """A case of one file. content: or what makes it, where that takes time."""

    def make(folder: Path) -> Path:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content())
        return folder / file

    return import_case(name, make, must, **about)


def images(count: int = COUNT) -> np.ndarray[Any, Any]:
    """uint8 [N, 20, 20]."""
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE), np.uint8)


def npy(array: Any) -> bytes:
    """As NumPy saves it, with objects too."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def npy_of(header: str, values: bytes, version: bytes = b"\1\0", size: int | None = None) -> bytes:
    """An array whose header says what one likes. size: what it says of its own length."""
    packed = header.encode("latin-1")
    form = "<H" if version[0] == 1 else "<I"
    length = struct.pack(form, len(packed) if size is None else size)
    return b"\x93NUMPY" + version + length + packed + values


def head(shape: Any, descr: Any = "|u1", order: Any = False) -> str:
    """The text of a header; texts stand as they are."""
    return f"{{'descr': {descr!r}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def _headers() -> Iterator[Case]:
    values = images().tobytes()
    for shape in (
        "()", "(20,)", "(8000,)", "(20, 400)", "(20, 0)", "(0, 20, 20)", "(20, 20, 20, 1, 1)",
        "(-20, -20, 20)", "(20, 20, -20)", "(20.0, 20, 20)", "(True, 20, 20)", "('20', 20, 20)",
        "[20, 20, 20]", "None", "20", "(2**70, 0)", f"({2**70}, 0)", f"(0, {2**70}, {2**70})",
        f"({2**63}, 20, 20)", f"({2**32}, {2**32}, {2**32})", f"(1, {10**30})",
        "(" + "1, " * 40 + ")", "(" + "1, " * 3000 + ")", "(1, 8000, 1)", "(1, 1, 8000)",
        "(20, 4, 100)", "(20, 100, 4)", "(2, 1, 4000)", "(5000001, 0, 28)",
    ):  # fmt: skip
        for order in (False, True):
            yield import_file(
                f"npy of {shape[:30]}, {order}", "x.npy", npy_of(head(shape, order=order), values)
            )
    for descr in (
        "|O", "O", "|V400", [("a", "O")], [("a", "u1")], [("a", [("b", "O", 3)])], "<c16", "<M8[s]",
        "<m8", "|S400", "<U100", "|S0", "<U0", "|b1", "<f2", ">f8", "<f16", "<i8", "u1,u1", "",
        "x", 7, None, (1, 2), ("u1", (2, 3)), {"names": ["a"], "formats": ["O"]},
        "|u1\0", "__import__('os')", "<f99", "|u1" * 100,
    ):  # fmt: skip
        content = npy_of(head("(20, 20, 20)", descr), values * 16)
        yield import_file(f"npy of the type {str(descr)[:30]}", "x.npy", content)
    good = head("(20, 20, 20)")
    for what, text in (
        ("no dict", "7"), ("a call", "__import__('os').mkdir('x')"), ("empty", ""),
        ("a comment", f"# {good}"), ("two", good + good), ("nothing but NUL", "\0" * 100),
        ("5000 brackets", "(" * 5000), ("5000 minus", "-" * 5000 + "1"), ("a key too many",
        good.replace("{", "{'x': 1, ")), ("a key too few", "{'shape': (20, 20, 20)}"),
        ("keys twice", good.replace("{", "{'shape': (1, 1), ")), ("f-string", "f'{1}'"),
        ("9,900 spaces", good + " " * 9_900), ("60,000 spaces", good + " " * 60_000),
        ("a shape of 5000 digits", head(f"({'9' * 5000}, 20, 20)")),
        ("deep lists", head("(" * 90 + ")" * 90)),
        ("a list of 4000 numbers", head(f"({'1,' * 4000})")),
        ("Latin-1", "{'descr': '\xe4'}"),
    ):  # fmt: skip
        yield import_file(f"npy, header is {what}", "x.npy", npy_of(text, values))
    for version in ((1, 0), (2, 0), (3, 0), (0, 0), (9, 9), (255, 255)):
        for size in (0, 10, 65_535, 2**31, 2**32 - 1):
            if version[0] == 1 and size > 65_535:
                continue
            content = npy_of(good, values, bytes(version), size)
            yield import_file(f"npy {version}, header of {size}", "x.npy", content)
    for what, content in (
        ("cut", npy(images())[:-1]), ("longer", npy(images()) + b"x" * 99), ("magic alone",
        b"\x93NUMPY"), ("cut in its header", npy(images())[:40]), ("in Fortran's order",
        npy(np.asfortranarray(images()))), ("in Fortran's order, cut",
        npy(np.asfortranarray(images()))[:-1]),
    ):  # fmt: skip
        yield import_file(f"npy {what}", "x.npy", content)
    for shape, must in (
        ("(100000000, 28, 28)", "open_source"),  # too many
        ("(10, 100000, 100000)", "open_source"),  # too large
        ("(100, 1000, 1000)", ""),
        ("(1000000, 0, 28)", "open_source"),
    ):

        def sparse(folder: Path, shape: str = shape) -> Path:
            """An honest header before nothing: the values take no room on the disk."""
            packed = npy_of(head(shape), b"")
            with (folder / "x.npy").open("wb") as file:
                file.write(packed)
                file.truncate(len(packed) + int(np.prod([int(n) for n in shape[1:-1].split(",")])))
            return folder / "x.npy"

        yield import_case(f"npy of {shape} zeros", sparse, must, slow=not must, memory=200)


def _values() -> Iterator[Case]:
    nan, inf = float("nan"), float("inf")
    for low, high in (
        (nan, nan), (0.0, nan), (0.0, inf), (-inf, 0.0), (0.0, 1e308), (-1e308, 1e308), (0.0, 0.0),
        (0.0, 1e-320), (-0.009, 1.009), (-1.0, 1.0), (0.0, 256.0), (5.0, 5.0), (0.0, 70_000.0),
    ):  # fmt: skip
        for dtype in (np.float64, np.float32, np.float16):
            with np.errstate(over="ignore"):
                array = np.full((COUNT, SIDE, SIDE), low, dtype)
                array[:, 3:9, 3:9] = high
            yield import_file(f"npy from {low} to {high}, {dtype.__name__}", "x.npy", npy(array))
    for dtype in (np.int8, np.int16, np.uint16, np.int32, np.int64, np.uint64, np.bool_):
        array = np.zeros((COUNT, SIDE, SIDE), dtype)
        if dtype != np.bool_:
            array[0, 0, :2] = np.iinfo(dtype).min, np.iinfo(dtype).max
        yield import_file(f"npy of {dtype.__name__}, lowest and highest", "x.npy", npy(array))
        array[:] = 1
        yield import_file(f"npy of {dtype.__name__}, 1", "x.npy", npy(array))
    array = images(3000).astype(np.float32) / 255
    array[1500:] = nan
    yield import_file("npy, half of it no numbers", "x.npy", npy(array))
    array[:] = nan
    yield import_file("npy, none of it numbers", "x.npy", npy(array))


def _labels(canary: Path) -> Iterator[Case]:
    """Beside an array of images."""
    good = np.arange(COUNT) % 3
    for what, content in (
        ("pickled", npy(np.array([Canary(canary)] * COUNT, object))),
        ("of texts", npy(np.array(["cat"] * COUNT))),
        ("negative", npy(good - 1)),
        ("of 2^63", npy(good.astype(np.uint64) + 2**63)),
        ("NaN", npy(good * float("nan"))),
        ("of halves", npy(good + 0.5)),
        ("of 1e300", npy(good * 1e300)),
        ("one short", npy(good[1:])),
        ("a square", npy(good.reshape(4, 5))),
        ("a number", npy(np.array(3))),
        ("none", npy(np.zeros((COUNT, 0)))),
        ("2^31 and 0", npy(good * 2**30)),
        ("all different", npy(np.arange(COUNT))),
        ("of 2^70", npy_of(head(f"({2**70}, 0)"), b"")),
        ("a zip", b"PK\3\4" + bytes(100)),
        ("empty", b""),
    ):
        for name in ("x-labels.npy", "labels.npy"):

            def make(folder: Path, content: bytes = content, name: str = name) -> Path:
                (folder / "x.npy").write_bytes(npy(images()))
                (folder / name).write_bytes(content)
                return folder / "x.npy"

            yield import_case(f"labels {what} as {name}", make)
    for what, node in NODES.items():

        def beside(folder: Path, node: Any = node) -> Path:
            (folder / "x.npy").write_bytes(npy(images()))
            node(folder / "x-labels.npy")
            return folder / "x.npy"

        yield import_case(f"{what} as labels", beside)

    def thousands(folder: Path) -> Path:
        (folder / "x.npy").write_bytes(npy(np.zeros((3000, 16, 16), np.uint8)))
        (folder / "labels.npy").write_bytes(npy(np.arange(3000)))
        return folder / "x.npy"

    yield import_case("3000 classes of an array", thousands, "open_source")


# npz ---------------------------------------------------------------------------------------------


def npz(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def deflated_zeros(megabytes: int) -> bytes:
    """A deflate stream of zeros whose parts are all the same: made at once."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    first = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1) + packer.flush()


def zip_of(name: bytes, head_: bytes, packed: bytes, size: int, crc: int = 0) -> bytes:
    """A zip with one deflated member, whatever that is: a stored ``head_``, then ``packed``."""
    stored = b"\0" + struct.pack("<HH", len(head_), len(head_) ^ 0xFFFF) + head_ if head_ else b""
    body = stored + packed
    sizes = struct.pack("<III", crc, len(body), min(size, 2**32 - 2))
    common = struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", len(name), 0)
    local = b"PK\3\4" + common + name
    entry = b"PK\1\2" + struct.pack("<H", 20) + common + bytes(14) + name
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local) + len(body), 0)
    return local + body + entry + b"PK\5\6" + end


def _archives(canary: Path) -> Iterator[Case]:
    good, bird = npy(images()), npy(np.array([Canary(canary)] * COUNT, object))
    labels = npy(np.arange(COUNT) % 3)
    for what, members in (
        ("pickled images", {"images.npy": bird}),
        ("pickled labels", {"images.npy": good, "labels.npy": bird}),
        ("pickled names", {"images.npy": good, "labels.npy": labels, "class_names.npy": bird}),
        ("pickled rest", {"images.npy": good, "other.npy": bird}),
        ("nothing", {}),
        ("a text", {"x.txt": b"x"}),
        ("a name of ../", {"../../../images.npy": good}),
        ("an absolute name", {"/images.npy": good}),
        ("no name", {".npy": good}),
        ("a folder", {"images.npy/": b""}),
        ("a zip", {"images.npy": npz({"images.npy": good})}),
        ("a cut array", {"images.npy": good[:-1]}),
        ("a longer array", {"images.npy": good + b"x"}),
        ("an empty array", {"images.npy": b""}),
        ("a header alone", {"images.npy": npy_of(head("(20, 20, 20)"), b"")}),
        ("a header of (2^70, 0)", {"images.npy": npy_of(head(f"({2**70}, 0)"), b"")}),
        ("a header of 100 TB", {"images.npy": npy_of(head("(2000000, 7000, 7000)"), b"")}),
        ("names in upper case", {"X_TRAIN.npy": good, "Y_Train.npy": labels}),
        ("one half of labels", {"x_train.npy": good, "y_train.npy": labels, "x_test.npy": good}),
        ("test images of another size", {"x_train.npy": good, "x_test.npy": npy(images()[:, 9:])}),
        ("5000 arrays", {f"{n}.npy": good[:200] for n in range(5000)}),
        ("30,000 files", {f"{n}.txt": b"" for n in range(30_000)}),
    ):
        yield import_file(f"npz with {what}", "x.npz", lambda members=members: npz(members))
    texts: dict[str, Any] = {
        "markup": ["<img src=&#47;dev&#47;zero>", "<b>", "&amp;"],
        "nothing": ["", " ", "\u200b"],
        "the same": ["a", "a", "a (2)"],
        "directions": ["\u202ea", "\u2066b", "\x1b[31m"],
        "1000 letters": ["x" * 1000, "x" * 1001, "y"],
        "bytes that are no text": np.array([b"\xff\xfe", b"\x80", b"a"]),
        "numbers": np.array([1, 2, 3]),
        "200,000": np.array(["a"] * 200_000, "S1"),
        "too few": ["a"],
        "a square": [["a", "b"], ["c", "d"]],
        "0 letters": npy_of(head("(1000000000,)", "|S0"), b""),
        "no letters of a large alphabet": npy_of(head("(3,)", "<U0"), b""),
        "letters beyond Unicode": npy_of(head("(3,)", "<U1"), b"\xff" * 12),
        "halves of pairs": npy_of(head("(3,)", "<U1"), b"\0\xd8\0\0" * 3),
    }
    for what, names in texts.items():
        packed = names if isinstance(names, bytes) else npy(np.array(names))
        members = {"images.npy": good, "labels.npy": labels, "class_names.npy": packed}
        name = f"npz, names of classes: {what}"
        yield import_file(name, "x.npz", lambda members=members: npz(members))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield import_file(f"npz packed by {method}", "x.npz", npz({"images.npy": good}, method))
    whole = npz({"images.npy": good, "labels.npy": labels})
    for share in (1, 10, 50, 90, 99):
        yield import_file(f"npz cut at {share} %", "x.npz", whole[: len(whole) * share // 100])
    place = whole.rindex(b"PK\5\6")
    start = whole.index(b"PK\1\2")
    for what, content in (
        ("100 bytes in front", b"x" * 100 + whole),
        ("a comment of 64 kB", whole[:-2] + b"\xff\xff" + bytes(65_535)),
        ("encrypted", whole.replace(b"PK\3\4\x14\0\0", b"PK\3\4\x14\0\1").replace(
            b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1")),
        ("no list", whole[:start] + whole[place:]),
        ("a list that begins elsewhere", whole[: place + 16] + b"\xff" * 4 + whole[place + 20 :]),
        ("a list of 4 GB", whole[: place + 12] + b"\xff" * 4 + whole[place + 16 :]),
        ("65,535 files", whole[: place + 8] + b"\xff" * 4 + whole[place + 12 :]),
        ("spoilt", whole[:80] + bytes(9) + whole[89:]),
        ("wrong sums", whole.replace(struct.pack("<I", zlib.crc32(good)), b"\1\2\3\4")),
        ("an end alone", whole[place:]),
        ("a start alone", b"PK\3\4" + bytes(20)),
        ("another name inside", whole.replace(b"images.npy", b"../../.npy", 1)),
    ):  # fmt: skip
        yield import_file(f"npz, {what}", "x.npz", content)
    for what, text, megabytes, must in (
        ("3,000,000 images", head("(3000000, 28, 28)"), 2244, "open_source"),  # too many
        ("one image of 3 GB", head("(1, 50000, 60000)"), 2862, "open_source"),  # too large
        ("lies of its size", head("(20, 20, 20)"), 3000, "open_source"),
        ("lies of its size, many", head("(2000000, 28, 28)"), 3000, ""),
    ):

        def bomb(folder: Path, text: str = text, megabytes: int = megabytes) -> Path:
            zeros, begin = deflated_zeros(megabytes), npy_of(text, b"")
            content = zip_of(b"images.npy", begin, zeros, len(begin) + megabytes * 2**20)
            (folder / "x.npz").write_bytes(content)
            return folder / "x.npz"

        yield import_case(f"npz bomb, {what}", bomb, must, slow=not must)

    def lies(folder: Path) -> Path:
        """It says that it holds three images, and unpacks to gigabytes."""
        begin = npy_of(head("(20, 20, 20)"), images().tobytes())
        content = zip_of(b"images.npy", b"", stored(begin) + deflated_zeros(3000), len(begin))
        (folder / "x.npz").write_bytes(content)
        return folder / "x.npz"

    yield import_case("npz bomb behind a good array", lies)


def stored(content: bytes) -> bytes:
    """As parts of a deflate stream that are not packed."""
    parts = (content[at : at + 65_535] for at in range(0, len(content), 65_535))
    return b"".join(b"\0" + struct.pack("<HH", len(p), len(p) ^ 0xFFFF) + p for p in parts)
