"""The files and folders of a hostile stranger, by name, and what each is sent through.

Each ``Case`` makes one file or folder; ``kind`` says which entries can meet it.
"""

from __future__ import annotations

import copy
import io
import itertools
import json
import lzma
import marshal
import os
import pickle  # noqa: TID251 - what a stranger writes; nobody reads it
import shutil
import socket
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from tests.soak import strangers
from tests.soak.hostile_pictures import hostile_pictures
from tests.soak.strangers import (
    CONFIG,
    DIGESTS,
    MANIFEST,
    METRICS,
    RUN,
    TRAINING,
    WEIGHTS,
    Canary,
    header_of,
    place_of,
    put,
    seal,
    tensors_of,
    with_header,
)

SPARSE = 100 * 2**30  # bytes that take no room on the disk


@dataclass(frozen=True)
class Case:
    """kind: ``run``, ``picture``, ``idx``, ``settings``, ``place``, ``stored``, ``import``,
    ``archive``, or ``any`` for what is sent everywhere.

    make: is given a folder with good things (``run``, ``labelled``) to spoil or to copy; returns
    the path that is opened. memory: MB that it may take. refused_by: the entry that must refuse it.
    slow: whether it may take longer than others; then it ends when it is told to.
    """

    kind: str
    name: str
    make: Callable[[Path], Path]
    memory: int = 100
    refused_by: str = ""
    slow: bool = False


def cases(canary: Path) -> list[Case]:
    """All of them, kind by kind. canary: what exists once a pickle was opened."""
    found: list[Case] = []
    for part in (_pickles(canary), _nodes(), _tensors(), _configs(), _tables(), _trainings()):
        found += part
    return [*found, *_pictures(), *_idx(), *_settings(), *_places(), *_drawings()]


def _run_case(
    name: str, change: Callable[[Path], object], source: str = "run", refused_by: str = ""
) -> Case:
    def make(folder: Path) -> Path:
        change(folder / source)
        return folder / source

    return Case("run", name, make, refused_by=refused_by)


def _file_case(
    kind: str, name: str, file: str, content: bytes | Callable[[], bytes], refused_by: str = ""
) -> Case:
    """content: or what makes it, where that takes time."""

    def make(folder: Path) -> Path:
        (folder / file).write_bytes(content if isinstance(content, bytes) else content())
        return folder / file

    return Case(kind, name, make, refused_by=refused_by)


# Pickles and their like --------------------------------------------------------------------------


def _pickled(canary: Path) -> dict[str, bytes]:
    bird = Canary(canary)
    found = {f"pickle {n}": pickle.dumps({"weights": bird}, n) for n in range(6)}
    for name, modern in (("torch.save", True), ("torch.save before 2020", False)):
        buffer = io.BytesIO()
        values = {"fc1.weight": torch.zeros(2), "bird": bird}
        torch.save(values, buffer, _use_new_zipfile_serialization=modern)
        found[name] = buffer.getvalue()
    found["compressed pickle"] = zlib.compress(pickle.dumps(bird))
    found["npy of objects"] = _numpy(np.array([bird], dtype=object))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("weights.npy", found["npy of objects"])
    found["npz of objects"] = buffer.getvalue()
    found["marshal"] = marshal.dumps(compile(f"import os; os.mkdir({str(canary)!r})", "x", "exec"))
    found["python"] = f"import os; os.mkdir({str(canary)!r})\n".encode()
    found["yaml"] = f"!!python/object/apply:os.mkdir ['{canary}']\n".encode()
    return found


def _numpy(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _pickles(canary: Path) -> Iterator[Case]:
    for what, content in _pickled(canary).items():
        for end in ("pt", "pth", "ckpt", "pkl", "safetensors", "json", "png", "xz", "npz"):
            yield _file_case("any", f"{what} as a .{end}", f"x.{end}", content, "load_snapshot")
        for file in (CONFIG, METRICS, MANIFEST, DIGESTS, RUN, WEIGHTS, TRAINING):
            yield _run_case(
                f"{what} as {file}",
                lambda run, file=file, content=content: put(run, file, content),
                refused_by={METRICS: "", TRAINING: "load_training", MANIFEST: ""}.get(
                    file, "load_snapshot"
                ),
            )


# What is no regular file -------------------------------------------------------------------------


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # names of sockets are short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        path.symlink_to("/dev/zero")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(SPARSE)


def _loop(path: Path) -> None:
    path.symlink_to(path.with_name("other way"))
    path.with_name("other way").symlink_to(path)


NODES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "a device": _device,
    "a folder": Path.mkdir,
    "100 GB of nothing": _sparse,
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "links in a circle": _loop,
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to /dev/tty": lambda path: path.symlink_to("/dev/tty"),
    "a link to memory": lambda path: path.symlink_to("/proc/self/mem"),
    "a link to a file elsewhere": lambda path: path.symlink_to("/etc/passwd"),
    "a link to a folder elsewhere": lambda path: path.symlink_to("/"),
    "empty": Path.touch,
    "without permission": lambda path: path.touch(0),
}
_PLACES = (CONFIG, METRICS, MANIFEST, DIGESTS, RUN, WEIGHTS, TRAINING)


def _nodes() -> Iterator[Case]:
    for what, make in NODES.items():
        for file in (*_PLACES, ".lock", "samples", "checkpoint", "generation"):

            def change(run: Path, file: str = file, make: Any = make, what: str = what) -> None:
                path = strangers.generation(run) if file == "generation" else place_of(run, file)
                if path.is_dir():
                    shutil.rmtree(path)
                path.unlink(missing_ok=True)
                make(path)
                if file in (RUN, WEIGHTS, TRAINING) and what == "empty":
                    seal(run)

            yield _run_case(f"{what} as {file}", change)
        for name in ("a run", "x.png", "x.safetensors", "config.json"):

            def alone(folder: Path, name: str = name, make: Any = make) -> Path:
                make(folder / name)
                return folder / name

            yield Case("any", f"{what}: {name}", alone, refused_by="load_snapshot")


# safetensors -------------------------------------------------------------------------------------


def _renamed(header: dict[str, Any], name: str, other: str) -> bytes:
    return json.dumps({other if key == name else key: header[key] for key in header}).encode()


def _headers(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The same numbers with each kind of lie in front of them."""
    header, size = header_of(content), int.from_bytes(content[:8], "little")
    first = next(name for name in header if name != "__metadata__")
    names = [name for name in header if name != "__metadata__"]

    def entry(**values: Any) -> bytes:
        changed = copy.deepcopy(header)
        changed[first].update(values)
        return with_header(content, changed)

    for length in (
        0,
        1,
        7,
        size - 1,
        size + 1,
        2**20 + 1,
        2**31,
        2**32,
        2**63 - 1,
        2**63,
        2**64 - 1,
    ):
        yield f"header of {length}", length.to_bytes(8, "little") + content[8:]
    for depth in (500, 5000, 400_000):
        yield f"header {depth} deep", with_header(content, b"[" * depth + b"]" * depth)
        yield f"objects {depth} deep", with_header(content, b'{"a":' * depth + b"1" + b"}" * depth)
    yield (
        "header of 1 MB of spaces",
        with_header(content, json.dumps(header).encode() + b" " * 2**20),
    )
    yield (
        "header of 990 kB of spaces",
        with_header(content, json.dumps(header).encode() + b" " * (2**20 - size - 2**14)),
    )
    many = {f"{n:x}": {"dtype": "F32", "shape": [], "offsets": [0, 0]} for n in range(18_000)}
    yield "header of 18,000 tensors", with_header(content, many)
    many = {f"{n:x}": {} for n in range(80_000)}
    yield "header of 80,000 empty tensors", with_header(content, many)
    yield "header of 200,000 tensors", with_header(content, {f"{n:x}": {} for n in range(200_000)})
    yield "header of 300,000 lists", with_header(content, b"[" + b"[]," * 300_000 + b"[]]")
    packed = json.dumps(header).encode()
    twice = packed[:-1] + b"," + json.dumps({first: header[first]}).encode()[1:]
    yield "a name twice", with_header(content, twice)
    yield (
        "a key of an entry twice",
        with_header(content, packed.replace(b'"dtype"', b'"dtype": "F64", "dtype"', 1)),
    )
    for what, other in (
        ("no JSON", b"{no"),
        ("a list", b"[]"),
        ("null", b"null"),
        ("a number", b"7"),
        ("empty object", b"{}"),
        ("BOM", b"\xef\xbb\xbf" + packed),
        ("UTF-16", packed.decode().encode("utf-16")),
        ("UTF-32", packed.decode().encode("utf-32")),
        ("Latin-1", b'{"\xe4": {}}'),
        ("NaN", b'{"a": NaN}'),
        ("1e400", b'{"a": 1e400}'),
        ("5000 digits", b'{"a": ' + b"9" * 5000 + b"}"),
        ("a NUL", _renamed(header, first, first + "\0")),
        ("half a pair", _renamed(header, first, first + "\ud800")),
    ):
        yield f"header is {what}", with_header(content, other)
    for value in (
        [],
        [-1],
        [2**31],
        [2**62, 2**62],
        [2**64],
        [1.5],
        ["3"],
        [True],
        None,
        "3",
        {},
        3,
    ):
        yield f"shape {value}", entry(shape=value)
    yield "shape of 100,000 sizes", entry(shape=[1] * 100_000)
    yield "shape of 10^4000", entry(shape=[10**4000])
    for value in (
        [0, 0], [-4, 0], [0, -4], [4, 0], [0, 2**40], [2**63, 2**63 + 4], [0, 2**64], [0.5, 4.5],
        ["0", "4"], [0], [0, 4, 8], None, {}, [None, None], [True, False], [1, 5],
    ):  # fmt: skip
        yield f"offsets {value}", entry(data_offsets=value)
    for value in (
        "F64",
        "F16",
        "BF16",
        "I8",
        "U64",
        "F4",
        "F8_E4M3",
        "",
        "f32",
        "OBJECT",
        None,
        7,
        [],
    ):
        yield f"type {value}", entry(dtype=value)
    swapped = copy.deepcopy(header)
    one, other_name = names[0], names[-1]
    swapped[one]["data_offsets"], swapped[other_name]["data_offsets"] = (
        swapped[other_name]["data_offsets"],
        swapped[one]["data_offsets"],
    )
    yield "offsets swapped", with_header(content, swapped)
    same = copy.deepcopy(header)
    for name in names:
        same[name]["data_offsets"] = same[names[0]]["data_offsets"]
    yield "all offsets the same", with_header(content, same)
    yield "extra key in an entry", entry(code="import os")
    yield "an entry is a list", with_header(content, {**header, first: [1, 2]})
    yield "an entry is null", with_header(content, {**header, first: None})
    less = {name: header[name] for name in header if name != first}
    yield "one tensor less", with_header(content, less)
    more = {**header, "extra": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}
    yield "one tensor more", with_header(content, more)
    renamed = {("../../x" if name == first else name): value for name, value in header.items()}
    yield "a tensor called ../../x", with_header(content, renamed)
    for value in (None, [], 7, {"a": 1}, {"a": None}, {"a": {"b": "c"}}, {"format": "x" * 500_000}):
        text = f"metadata {str(value)[:30]}"
        yield text, with_header(content, {**header, "__metadata__": value})
    yield "bytes at the end", content + b"x" * 1000
    yield "cut in the middle", content[: len(content) // 2]
    yield "cut by a byte", content[:-1]
    yield "cut in its header", content[:40]
    yield "20 MB of zeros", bytes(20 * 2**20)


def _header_number(content: bytes, number: int) -> bytes:
    return next(itertools.islice(_headers(content), number, None))[1]


_HARMLESS = (  # lies that are none: what they say is right, or nobody asks for it
    "header of 990 kB",
    "extra key in an entry",
    "metadata None",
    "metadata {'format'",
)


def _tensors() -> Iterator[Case]:
    # The names of the lies are known from any file; their bytes are made when they are needed.
    sample = save({"encoder.a": torch.zeros(3), "b": torch.zeros(2)})
    for number, (what, _) in enumerate(_headers(sample)):
        for file in (WEIGHTS, TRAINING):

            def change(run: Path, file: str = file, number: int = number) -> None:
                content = place_of(run, file).read_bytes()
                put(run, file, _header_number(content, number))

            entry = "load_snapshot" if file == WEIGHTS else "load_training"
            must = "" if what.startswith(_HARMLESS) else entry
            yield _run_case(f"{file}: {what}", change, refused_by=must)

        def bare(folder: Path, number: int = number) -> Path:
            content = place_of(folder / "run", WEIGHTS).read_bytes()
            (folder / "x.safetensors").write_bytes(_header_number(content, number))
            return folder / "x.safetensors"

        if number % 8 == 0:
            yield Case("any", f"x.safetensors: {what}", bare)
    for value in (float("nan"), float("inf"), -float("inf"), 3e38, -3e38, 1e-45):
        for index in range(8):

            def fill(run: Path, index: int = index, value: float = value) -> None:
                tensors = tensors_of(place_of(run, WEIGHTS).read_bytes())
                name = sorted(tensors)[index]
                tensors[name].flatten()[-1:] = value
                put(run, WEIGHTS, save(tensors))

            must = "" if abs(value) < 1e39 else "load_snapshot"
            must = must if value == value else "load_snapshot"
            yield _run_case(f"{value} in tensor {index}", fill, refused_by=must)

        def everywhere(run: Path, value: float = value) -> None:
            tensors = tensors_of(place_of(run, WEIGHTS).read_bytes())
            for tensor in tensors.values():
                if tensor.is_floating_point():
                    tensor.fill_(value)
            put(run, WEIGHTS, save(tensors))

        yield _run_case(f"{value} in all tensors", everywhere)
        yield _run_case(f"{value} in all tensors, with labels", everywhere, "labelled")
    for value in (-1.0, 0.0, -1e30, 1e38):

        def variance(run: Path, value: float = value) -> None:
            tensors = tensors_of(place_of(run, WEIGHTS).read_bytes())
            for name, tensor in tensors.items():
                if name.endswith("running_var"):
                    tensor.fill_(value)
            put(run, WEIGHTS, save(tensors))

        yield _run_case(f"variance {value}", variance, "labelled")
    for other in (torch.float64, torch.float16, torch.bfloat16, torch.int8):

        def typed(run: Path, other: torch.dtype = other) -> None:
            tensors = tensors_of(place_of(run, WEIGHTS).read_bytes())
            put(run, WEIGHTS, save({name: value.to(other) for name, value in tensors.items()}))

        yield _run_case(f"all tensors {other}", typed)
    yield _run_case(
        "the training state as weights",
        lambda run: put(run, WEIGHTS, place_of(run, TRAINING).read_bytes()),
    )
    yield _run_case(
        "the weights as training state",
        lambda run: put(run, TRAINING, place_of(run, WEIGHTS).read_bytes()),
    )


# config.json, and run.json, which is the same ----------------------------------------------------

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, 10**4000, 1.5, float("nan"), float("inf"), "1e400", "x" * 10_000,
    [], [[[[]]]], [0] * 100_000, {}, {"a": {"b": []}}, "\ud800", "\0\x1b[31m\u202e<b>x</b>",
)  # fmt: skip

FIELDS = (
    "format", "name", "variant", "created", "command", "spec", "config", "weights", "status",
    "epoch", "step", "seconds", "evaluated_epoch", "evaluated_step", "evaluation", "journal",
    *(f"spec.{n}" for n in (
        "architecture", "latent_dim", "hidden", "activation", "negative_slope", "batch_norm",
        "hidden_dropout", "latent_dropout", "likelihood", "num_classes", "image_shape",
    )),
    *(f"config.{n}" for n in (
        "dataset", "epochs", "batch_size", "learning_rate", "schedule", "beta", "beta_warmup",
        "weight_decay", "grad_clip", "init", "seed", "device",
    )),
    *(f"data.{n}" for n in (
        "name", "title", "image_shape", "image_shape.0", "class_names", "class_names.0", "train",
        "digest", "extremes", "source", "digits", "settings",
    )), "data",
    *(f"evaluation.{n}" for n in (
        "terms", "terms.kl", "bernoulli", "squared_error", "active_units", "latent", "latent.kl",
        "latent.mean", "latent.std", "latent.low", "latent.high", "latent.low.0",
    )),
)  # fmt: skip


def _set(values: Any, field: str, value: Any) -> None:
    *way, last = field.split(".")
    for part in way:
        values = values[int(part) if part.isdigit() else part]
    values[int(last) if last.isdigit() else last] = value


def _config_case(name: str, change: Callable[[dict[str, Any]], object]) -> Case:
    """The same change in ``config.json`` and in ``run.json``, which fits its digest."""

    def spoil(run: Path) -> None:
        for file in (CONFIG, RUN):
            values = json.loads(place_of(run, file).read_bytes())
            change(values)
            put(run, file, json.dumps(values).encode())

    return _run_case(name, spoil)


def _text_case(name: str, change: Callable[[bytes], bytes]) -> Case:
    def spoil(run: Path) -> None:
        for file in (CONFIG, RUN):
            put(run, file, change(place_of(run, file).read_bytes()))

    return _run_case(name, spoil)


def _configs() -> Iterator[Case]:
    for field in FIELDS:
        for value in VALUES:
            text = repr(value) if not isinstance(value, int) or abs(value) < 2**60 else "10^4000"
            yield _config_case(
                f"{field} = {text[:40]}", lambda values, f=field, v=value: _set(values, f, v)
            )
        yield _config_case(f"no {field}", lambda values, f=field: _set_missing(values, f))
    for spec in (
        {"hidden": [4096] * 4, "image_shape": [3, 512, 512]},
        {"hidden": [4096] * 4, "latent_dim": 512},
        {"hidden": [10**9]},
        {"hidden": [4097]},
        {"hidden": [0]},
        {"hidden": [-5]},
        {"hidden": [1] * 5},
        {"hidden": list(range(1, 500_000))},
        {"hidden": [[3]]},
        {"hidden": [3.0]},
        {"hidden": [True]},
        {"latent_dim": 513},
        {"latent_dim": 10**9},
        {"num_classes": 1000},
        {"num_classes": 1001},
        {"image_shape": [1, 1, 1]},
        {"image_shape": [2, 28, 28]},
        {"image_shape": [3, 512, 512]},
        {"image_shape": [1, 513, 1]},
        {"image_shape": [1, 28]},
        {"image_shape": [1, 28, 28, 1]},
        {"image_shape": [1] * 100_000},
        {"batch_norm": True},
        {"batch_norm": 1},
        {"likelihood": "gaussian"},
        {"architecture": "transformer"},
        {"__class__": "os.system"},
        {f"field {n}": n for n in range(50_000)},
    ):
        yield _config_case(
            f"spec with {str(spec)[:50]}", lambda values, s=spec: values["spec"].update(s)
        )
    for shape, wide in (([1, 1, 1], 3), ([3, 28, 28], 1), ([1, 28, 27], 3), ([1, 512, 512], 1)):
        yield _run_case(f"a model of {shape}", lambda run, s=shape, w=wide: _other_model(run, s, w))
    for classes in (1, 3, 1000):
        yield _run_case(
            f"a model of {classes} classes",
            lambda run, c=classes: _other_model(run, [1, 28, 28], 2, c),
        )
    for name in (
        "<b>bold</b><img src=x onerror=alert(1)>", "<a href='file:///'>x</a>",
        "../../../etc/passwd", "/", "..", "a\0b", "\u202egnp.exe", "\u200b\u200b", "\n\n\n",
        "x" * 2**20, "%s%n{0}{x}",
        "\x1b]0;owned\x07\x1b[2J", "CON", "💣" * 50_000, " ", "",
    ):  # fmt: skip
        for field in ("name", "variant", "command", "created", "config.dataset"):
            yield _config_case(
                f"{field} {name[:20]!r}", lambda values, f=field, n=name: _set(values, f, n)
            )
        yield _config_case(f"images that are gone, of {name[:20]!r}", lambda v, n=name: _gone(v, n))
    for change in (
        {"class_names": ["x" * 100] * 1000}, {"class_names": ["x"] * 1001}, {"train": 10**15},
        {"class_names": []}, {"image_shape": [3, 28, 28]}, {"digest": "0" * 64}, {"name": "mnis"},
        {"settings": {"size": 28}}, {"settings": {"run": "rm"}}, {"load": "os.system"},
    ):  # fmt: skip
        yield _config_case(
            f"data with {str(change)[:50]}", lambda values, c=change: values["data"].update(c)
        )
    yield _text_case("BOM", lambda text: b"\xef\xbb\xbf" + text)
    yield _text_case("UTF-16", lambda text: text.decode().encode("utf-16"))
    yield _text_case("cut", lambda text: text[: len(text) // 2])
    yield _text_case("empty", lambda text: b"")
    yield _text_case("NUL bytes", lambda text: bytes(len(text)))
    yield _text_case("a list", lambda text: b"[" + text + b"]")
    yield _text_case("twice", lambda text: text + text)
    yield _text_case("a key twice", lambda text: text.replace(b"{", b'{"epoch": 0, "epoch": 1,', 1))
    yield _text_case("a comment", lambda text: b"// hello\n" + text)
    for depth in (40, 500, 900, 990, 100_000):
        yield _text_case(f"{depth} deep", lambda text, d=depth: b"[" * d + b"]" * d)
        deep = b"[" * depth + b"]" * depth
        yield _text_case(
            f"epoch {depth} deep",
            lambda text, d=deep: text.replace(b'"epoch": 1', b'"epoch": ' + d),
        )
        yield _text_case(
            f"seed {depth} deep", lambda text, d=deep: text.replace(b'"seed": 0', b'"seed": ' + d)
        )
    for what, part in (
        ("lists", b"[],"), ("objects", b"{},"), ("pairs", b'{"a":1},'), ("floats", b"1.5,"),
        ("texts", b'"ab",'), ("deep lists", b"[[[[[[[[[[[[[[]]]]]]]]]]]]]],"),
    ):  # fmt: skip
        many = b'{"x": [' + part * (4 * 2**20 // len(part) - 10) + b"0]}"
        yield _text_case(f"4 MB of {what}", lambda text, many=many: many)
    keys = b"{" + b",".join(b'"%x":0' % n for n in range(400_000)) + b"}"
    yield _text_case("4 MB of keys", lambda text: keys)
    yield _text_case("5 MB", lambda text: text + b" " * 5 * 2**20)
    yield _text_case("a number of 4,000,000 digits", lambda text: b'{"format": ' + b"1" * 4 * 10**6)
    for field, value in (("beta", 1e308), ("learning_rate", 1e-300), ("beta", "4"), ("spec", 1.0)):
        yield _config_case(
            f"journal {field} {value}",
            lambda values, f=field, v=value: values.update(journal=[[1, f, v]]),
        )
    for journal in (
        [[]], [[1]], [[1, "beta"]], [[1, "beta", 1, 1]], [[-1, "beta", 1]], [["1", "beta", 1]],
        [[1, ["beta"], 1]], [[1, "beta", None]], "abc", [None], [{"0": 1}],
        [[1, "beta", 1.0]] * 60_000,
    ):  # fmt: skip
        yield _config_case(
            f"journal {str(journal)[:40]}", lambda values, j=journal: values.update(journal=j)
        )
    for value in (1e308, -1e308, 1e30, 2.5):
        yield _config_case(
            f"low {value}", lambda values, v=value: _set(values, "evaluation.latent.low.0", v)
        )
        yield _config_case(
            f"high {value}", lambda values, v=value: _set(values, "evaluation.latent.high.0", v)
        )
    yield _config_case("status running", lambda values: values.update(status="running"))


def _gone(values: Any, text: str) -> None:
    """What it learnt is not here any more; all that is known of it a stranger says."""
    values["config"]["dataset"] = values["data"]["name"] = "gone"
    values["data"].update(title=text[:500], source=text[:500], licence=text[:500])


def _set_missing(values: Any, field: str) -> None:
    *way, last = field.split(".")
    for part in way:
        values = values[int(part) if part.isdigit() else part]
    del values[int(last) if last.isdigit() else last]


def _other_model(run: Path, shape: list[int], wide: int, classes: int = 0) -> None:
    """Weights and configuration fit each other, and MNIST not at all."""
    from vae_studio.core.model import VAE
    from vae_studio.core.spec import ModelSpec

    spec = ModelSpec(latent_dim=2, hidden=(wide,), image_shape=tuple(shape), num_classes=classes)
    for file in (CONFIG, RUN):
        values = json.loads(place_of(run, file).read_bytes())
        values["spec"] = spec.to_dict()
        put(run, file, json.dumps(values).encode())
    put(run, WEIGHTS, save(VAE(spec).state_dict()))


# Metrics, digests, manifest ----------------------------------------------------------------------


def _tables() -> Iterator[Case]:
    head = b"epoch,step,train_kl\r\n"
    for what, content in (
        ("empty", b""),
        ("a head alone", head),
        ("words", head + b"a,b,c\r\n"),
        ("fields missing", head + b"1\r\n"),
        ("fields too many", head + b"1,2,3,4,5\r\n"),
        ("NaN", head + b"nan,inf,-inf\r\n"),
        ("1e400", head + b"1e400,1,1\r\n"),
        ("NUL", head + b"1,\0,3\r\n"),
        ("not UTF-8", head + b"\xff\xfe,1,2\r\n"),
        ("a formula", head + b"=cmd|' /C calc'!A0,1,2\r\n"),
        ("an open quote", head + b'"1,2,3\r\n' * 100),
        ("a field of 1 MB", head + b"1" * 2**20 + b",2,3\r\n"),
        ("8,000,000 rows", b"a\n" + b"0\n" * 8_000_000),
        ("5,000,000 rows of returns", b"a\r" + b"0\r" * 5_000_000),
        ("3,000,000 columns", b"," * 3_000_000 + b"\n" + b"1," * 3_000_000),
        ("17 MB", b"x" * 17 * 2**20),
        ("a name of columns twice", b"epoch,epoch\n1,2\n"),
        ("digits of another script", head + "١,٢,٣\n".encode()),
    ):
        yield _run_case(f"metrics: {what}", lambda run, c=content: put(run, METRICS, c))
    hostile = (
        None, [], "x", 7, {}, {"a": 1}, {"generation": None}, {"generation": True},
        {"generation": "1"}, {"generation": 1.0}, {"generation": -1}, {"generation": 10**4000},
        {"generation": 2**63}, {"generation": 999_999}, {"generation": [1]},
        {"generation": 1, "digests": None}, {"generation": 1, "digests": []},
        {"generation": 1, "digests": {"1": None}}, {"generation": 1, "digests": {"1": "x"}},
        {"generation": 1, "digests": {"1": "0" * 64}}, {"generation": 1, "digests": {"1": 7}},
        {"generation": 1, "digests": {"../..": "0" * 64}}, {"generation": "../../.."},
        {"generation": 1, "digests": {str(n): "0" * 64 for n in range(40_000)}},
    )  # fmt: skip
    for value in hostile:
        content = json.dumps(value).encode()
        yield _run_case(f"manifest {content[:60]!r}", lambda run, c=content: put(run, MANIFEST, c))
    for content in (b"", b"{", b"\xff", b"[" * 100_000, b'{"generation": NaN}', b"\0" * 100):
        yield _run_case(f"manifest {content[:20]!r}", lambda run, c=content: put(run, MANIFEST, c))
        yield _run_case(f"digests {content[:20]!r}", lambda run, c=content: put(run, DIGESTS, c))
    for value in (None, [], 7, True, "", "0" * 64, "x" * 10**6, {"sha256": "0" * 64}, 10**4000):
        for key in (WEIGHTS, TRAINING, RUN, "epoch", "step"):

            def change(run: Path, key: str = key, value: Any = value) -> None:
                values = json.loads(place_of(run, DIGESTS).read_bytes())
                put(run, DIGESTS, json.dumps({**values, key: value}).encode())

            yield _run_case(f"digests: {key} = {str(value)[:20]}", change)
    for key in (WEIGHTS, TRAINING, RUN, "epoch", "step"):

        def drop(run: Path, key: str = key) -> None:
            values = json.loads(place_of(run, DIGESTS).read_bytes())
            del values[key]
            put(run, DIGESTS, json.dumps(values).encode())

        yield _run_case(f"digests: no {key}", drop)
    yield _run_case(
        "digests: counters of another time", lambda run: seal(run, epoch=2**52, step=-(2**52))
    )

    def generations(run: Path) -> None:
        for number in range(3000):
            (run / "checkpoint" / f"generation-{number + 10:06d}").mkdir()
        (run / "checkpoint" / MANIFEST).unlink()

    yield _run_case("3000 generations", generations)

    def entries(run: Path) -> None:
        for number in range(5000):
            (run / f"{number}").touch()

    yield _run_case("5000 more files", entries)
    for name in ("generation-abc", "generation-", "generation-٠٠٠٠٠٩", "generation-9999999999999"):
        yield _run_case(name, lambda run, n=name: (run / "checkpoint" / n).mkdir())


# The state of a training -------------------------------------------------------------------------


def _trainings() -> Iterator[Case]:
    def case(
        name: str, change: Callable[[dict[str, torch.Tensor]], object], refused_by: str = ""
    ) -> Case:
        def spoil(run: Path) -> None:
            tensors = tensors_of(place_of(run, TRAINING).read_bytes())
            change(tensors)
            put(run, TRAINING, save(tensors))

        return _run_case(f"training: {name}", spoil, refused_by=refused_by)

    whole = torch.int64
    for what, order in (
        ("out of range", torch.arange(64) + 1),
        ("negative", torch.arange(64) - 1),
        ("repeated", torch.zeros(64, dtype=whole)),
        ("far away", torch.full((64,), 2**62)),
        ("too long", torch.arange(100_000)),
        ("too short", torch.arange(10)),
        ("empty", torch.zeros(0, dtype=whole)),
        ("of floats", torch.arange(64).double()),
        ("a square", torch.arange(64).reshape(8, 8)),
        ("a number", torch.tensor(3)),
    ):
        must = "" if what in ("too long", "too short", "empty") else "load_training"
        yield case(f"order {what}", lambda tensors, o=order: tensors.update(order=o), must)
    for counters in (
        [-1, 0, 0], [0, -1, 0], [0, 0, -1], [2**62, 2**62, 2**62], [99, 2, 0], [1, 0, 0],
        [1, 2, 65], [0, 0, 64], [1, 2**52, 0], [1, 2], [1, 2, 0, 0], [0, 0, 0], [3, 6, 0],
    ):  # fmt: skip
        yield case(f"counters {counters}", lambda t, c=counters: t.update(counters=torch.tensor(c)))
    for index in range(5):
        for value in (float("nan"), float("inf"), -1.0, 1e308):

            def value_case(
                tensors: dict[str, torch.Tensor], i: int = index, v: float = value
            ) -> None:
                tensors["values"][i] = v

            yield case(f"value {index} = {value}", value_case)
    for key in ("noise", "shuffle"):
        size = len(torch.Generator().get_state())
        for what, state in (
            ("zeros", torch.zeros(size, dtype=torch.uint8)),
            ("255s", torch.full((size,), 255, dtype=torch.uint8)),
            ("short", torch.zeros(16, dtype=torch.uint8)),
            ("empty", torch.zeros(0, dtype=torch.uint8)),
            ("long", torch.zeros(100_000, dtype=torch.uint8)),
            ("floats", torch.zeros(size)),
        ):
            yield case(f"{key} of {what}", lambda tensors, k=key, s=state: tensors.update({k: s}))
        for at in (0, 8, 12, 16, 20, 24):

            def poke(tensors: dict[str, torch.Tensor], key: str = key, at: int = at) -> None:
                tensors[key][at : at + 4] = 255

            yield case(f"{key} spoilt at {at}", poke)
    for value in (float("nan"), float("inf"), -1.0, 3e38):
        for end in ("step", "exp_avg", "exp_avg_sq"):

            def fill(
                tensors: dict[str, torch.Tensor], end: str = end, value: float = value
            ) -> None:
                for name, tensor in tensors.items():
                    if name.endswith(f".{end}"):
                        tensor.fill_(value)

            yield case(f"Adam's {end} {value}", fill)
    for name in (
        "adam.x.step",
        "adam.0",
        "adam.",
        "adam.-1.step",
        "adam.0.step.x",
        "adam.99.exp_avg",
    ):
        yield case(f"a tensor {name}", lambda tensors, n=name: tensors.update({n: torch.zeros(())}))
    for name in ("noise", "order", "counters", "values", "adam.0.step", "adam.1.exp_avg"):
        yield case(f"without {name}", lambda tensors, n=name: tensors.pop(n))
    yield case(
        "without Adam", lambda t: [t.pop(name) for name in list(t) if name.startswith("adam.")]
    )


# Pictures, data sets, settings -------------------------------------------------------------------


def _pictures() -> Iterator[Case]:
    for name, content in hostile_pictures():

        def make(folder: Path, content: Callable[[], bytes] = content) -> Path:
            (folder / "x.png").write_bytes(content())
            return folder / "x.png"

        yield Case("picture", name, make, memory=600)


def idx(shape: tuple[int, ...], values: bytes, magic: bytes = b"\0\0\x08") -> bytes:
    """An IDX file. values: what follows the sizes."""
    sizes = b"".join(struct.pack(">I", size) for size in shape)
    return magic + bytes([len(shape)]) + sizes + values


def _idx() -> Iterator[Case]:
    pixels = bytes(3 * 28 * 28)
    for what, content in (
        ("empty", b""),
        ("its magic alone", b"\0\0\x08"),
        ("no sizes", b"\0\0\x08\3"),
        ("255 dimensions", b"\0\0\x08\xff" + bytes(2000)),
        ("0 dimensions", b"\0\0\x08\0" + bytes(20)),
        ("other types", idx((3, 28, 28), pixels, b"\0\0\x0d")),
        ("other magic", idx((3, 28, 28), pixels, b"\1\0\x08")),
        ("2^128 values", idx((2**32 - 1,) * 4, pixels)),
        ("0 × 2^96 values", idx((0, 2**32 - 1, 2**32 - 1, 2**32 - 1), b"")),
        ("2^64 values that wrap around", idx((2**16, 2**16, 2**16, 2**16), b"")),
        ("no images", idx((0, 28, 28), b"")),
        ("a value too few", idx((3, 28, 28), pixels[:-1])),
        ("a value too many", idx((3, 28, 28), pixels + b"x")),
        ("4 dimensions", idx((3, 28, 28, 1), pixels)),
        ("2 dimensions", idx((3, 784), pixels)),
        ("turned around", idx((28, 28, 3), pixels)),
        ("images as labels", idx((3,), b"\0\1\2")),
        ("another count", idx((4, 28, 28), bytes(4 * 784))),
        ("good", idx((3, 28, 28), pixels)),
        ("random", bytes(range(256)) * 9),
    ):
        yield _file_case("idx", f"IDX: {what}", "x", content)
        yield _file_case("idx", f"IDX, packed: {what}", "x.xz", lzma.compress(content))
    for labels in (b"", b"\0\1", b"\0\1\12", b"\xff" * 3, b"\0\1\2\3"):
        yield _file_case("idx", f"labels {labels!r}", "labels", idx((len(labels),), labels))
    packed = lzma.compress(idx((3, 28, 28), pixels))
    for share in (0, 1, 5, 12, 13, 25, 50, 90, 99):
        yield _file_case(
            "idx", f"xz cut at {share} %", "x.xz", packed[: len(packed) * share // 100]
        )
    yield _file_case("idx", "xz, spoilt", "x.xz", packed[:30] + b"\xff\xff" + packed[32:])
    yield _file_case("idx", "xz, twice", "x.xz", packed + packed)
    yield _file_case("idx", "xz, rubbish behind", "x.xz", packed + b"rubbish")
    yield _file_case("idx", "lzma of old", "x.xz", lzma.compress(pixels, lzma.FORMAT_ALONE))
    for size in (2**20, 2**27):

        def bomb(folder: Path, size: int = size) -> Path:
            (folder / "x.xz").write_bytes(lzma.compress(bytes(size), preset=1))
            return folder / "x.xz"

        must = "read_checked" if size > 10_000_000 else ""
        yield Case("idx", f"xz bomb of {size:,}", bomb, refused_by=must)

    def large_bomb(folder: Path) -> Path:
        """Ten gigabytes, as blocks of zeros that are all the same."""
        block = lzma.compress(bytes(2**24), preset=1)
        (folder / "x.xz").write_bytes(block * 600)
        return folder / "x.xz"

    yield Case("idx", "xz bomb of 10 GB", large_bomb, refused_by="read_checked")

    def greedy_file(folder: Path) -> Path:
        content = bytearray(lzma.compress(pixels, preset=0))
        # The size of the dictionary is in the block's header, with a check sum of its own.
        at = 12
        size = (content[at] + 1) * 4
        content[at + 4] = 40  # 4 GB
        content[at + size - 4 : at + size] = struct.pack(
            "<I", zlib.crc32(content[at : at + size - 4])
        )
        (folder / "x.xz").write_bytes(content)
        return folder / "x.xz"

    yield Case("idx", "xz that wants 4 GB", greedy_file, refused_by="read_checked")


def _settings() -> Iterator[Case]:
    for field in ("theme", "model", "workspace", "geometry"):
        for value in VALUES:
            text = json.dumps({field: value}).encode()
            yield _file_case("settings", f"settings {field} {text[:40]!r}", "settings.json", text)
    for content in (
        b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 10**5, b"{}" * 10, b" " * 2**21, b"\0" * 99,
        b'{"model": "' + b"x" * 10**6 + b'"}', b'{"model": "' + b"a/" * 10**5 + b'"}',
        b'{"theme": "dark", "theme": "light"}', b"\xef\xbb\xbf{}",
        b'{"workspace": "\xc3\xa4\xc3\xb6"}', b'{"model": "a\\u0000b"}',
        b'{"x": [' + b"[]," * 340_000 + b"0]}",
    ):  # fmt: skip
        yield _file_case("settings", f"settings {content[:20]!r}", "settings.json", content)


# Places ------------------------------------------------------------------------------------------


def _places() -> Iterator[Case]:
    good = json.loads(strangers.good_place("a run", strangers.PLAIN.latent_dim))
    stroke, image = {"width": 0.1, "x": [0.5], "y": [0.5]}, {"dataset": "mnist", "part": "test"}
    marked = {"dataset": "mnist", "indices": [10**5]}
    changes: dict[str, dict[str, Any]] = {
        "a z of 4 MB": {"z": [0] * 1_390_000},
        "a z of 10^4000": {"z": [10**4000, 0.0]},
        "a z far away": {"z": [1e300, 0.0]},
        "a label of 1 MB": {"label": [1] * 300_000},
        "200,000 locks": {"locked": list(range(200_000))},
        "a million marks": {"marked": {"dataset": "mnist", "indices": [0] * 10**6}},
        "marks that are not there": {"marked": marked},
        "marks of a path": {"marked": {"dataset": "../../etc", "indices": [0]}},
        "an image that is not there": _input(image={**image, "index": 10**5}),
        "an image of a path": _input(image={**image, "dataset": "/etc/passwd", "index": 0}),
        "the model of a path": {"model": "../../../etc/passwd"},
        "the model of a folder": {"model": str(Path.home())},
        "the model of markup": {"model": "<b>a run</b><img src=x>"},
        "a model that turns around": {"model": "a\u202e run"},
        "a model of half a character": {"model": "a run\ud800"},
        "a model of 1 MB": {"model": "x" * 2**20},
        "another model of that name": {"model": "vae-32"},
        "20,001 strokes": _input(strokes=[stroke] * 20_001),
        "150,000 strokes": _input(strokes=[{}] * 150_000),
        "a stroke of 1,000,000 points": _input(
            strokes=[{**stroke, "x": [0] * 10**6, "y": [0] * 10**6}]
        ),
        "endless ink": _input(
            strokes=[{**stroke, "x": [0, 1] * 9_000, "y": [0, 1] * 9_000, "width": 1e-300}]
        ),
        "the longest ink": _input(strokes=[{**stroke, "x": [0, 1] * 500, "y": [0.5, 0.5] * 500}]),
        "as many points of strokes as can be": _input(
            strokes=[{**stroke, "x": [0.5] * 20_000, "y": [0.5] * 20_000, "width": 1e-300}]
        ),
        "a stroke far away": _input(strokes=[{**stroke, "x": [1e9]}]),
        "a million points": {"points": [0] * 10**6},
        "a point called 1 MB": {"points": [{**good["points"][0], "name": "x" * 2**20}]},
        "points of other sizes": {"points": [{**good["points"][0], "z": [0] * 10**5}]},
        "10^9 steps": {"path": {**good["path"], "steps": 10**9}},
        "a program": {"command": "rm -r /"},
    }
    for what, change in changes.items():
        yield _file_case(
            "place",
            f"place with {what}",
            "x.json",
            lambda change=change: json.dumps({**good, **change}).encode(),
        )
    packed = json.dumps(good).encode()
    for what, content in (
        ("deep", packed[:-1] + b', "x": ' + b"[" * 10**6 + b"}"),
        ("twice a name", b'{"format": 1,' + packed[1:]),
        ("not a number", packed.replace(b"[0.0", b"[NaN")),
        ("cut", packed[:-20]),
        ("UTF-16", packed.decode().encode("utf-16")),
        ("of 4 MB of lists", b'{"kind": "vae-studio place", "z": [' + b"[]," * 1_390_000 + b"0]}"),
        ("too large", packed + b" " * (5 * 2**20)),
    ):
        yield _file_case("place", f"place {what}", "x.json", content, "a place")


def _drawings() -> Iterator[Case]:
    good = json.loads(strangers.good_drawing())
    pixels, given = good["input"]["pixels"], good["input"]
    changes: dict[str, dict[str, Any]] = {
        "pixels of 10^18": {"pixels": {**pixels, "shape": [1, 10**9, 10**9]}},
        "pixels of no size": {"pixels": {"shape": [1, 0, 0], "rows": []}},
        "a row of 1 MB": {"pixels": {**pixels, "rows": ["0" * 2**20]}},
        "a million rows": {"pixels": {**pixels, "rows": [""] * 10**6}},
        "rows of blanks": {"pixels": {**pixels, "rows": [" " * 56] * 28}},
        "a picture to draw on that is in colour": {
            "pixels": {"shape": [3, 2, 2], "rows": ["0000"] * 6}
        },
        "an image that is not there": {
            "pixels": None,
            "image": {"dataset": "mnist", "part": "test", "index": 10**6},
        },
        "an image of a path": {
            "pixels": None,
            "image": {"dataset": "/etc/passwd", "part": "test", "index": 0},
        },
        "strokes and nothing below": {"pixels": None},
        "a label of text": {"label": "rm -r /"},
        "steps of a program": {"steps": {"fitted": "rm", "centred": True, "pen": True}},
    }
    for what, change in changes.items():
        text = json.dumps({**good, "input": {**given, **change}}).encode()
        yield _file_case("place", f"drawing with {what}", "x.json", text)
    packed = json.dumps(good).encode()
    for what, content in (
        ("deep", packed[:-1] + b', "x": ' + b"[" * 10**6 + b"}"),
        ("of another kind", packed.replace(b"vae-studio drawing", b"vae-studio engine")),
        ("with a name too many", packed[:-1] + b', "command": "rm"}'),
        ("cut", packed[:-20]),
        ("too large", packed + b" " * 2**21),
    ):
        yield _file_case("place", f"drawing {what}", "x.json", content, "a drawing")


def _input(**changes: Any) -> dict[str, Any]:
    return {"input": {"label": None, "strokes": [], "image": None, **changes}}
