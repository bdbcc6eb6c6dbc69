"""Small sets in the layout of those that ``KNOWN`` lists."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.core.datasets.hostile_server import HostileServer
from vae_studio.core.datasets.known import KNOWN, KnownSet, RemoteFile

TRAIN, TEST = 300, 60
REAL = dict(KNOWN)


def make_known_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """``KNOWN`` lists sets of few images, and knows no digests of their files."""
    for name, known in REAL.items():
        info = dataclasses.replace(known.info, train=TRAIN, test=TEST)
        files = tuple(
            dataclasses.replace(file, urls=(), digest="sha256:", unpacked="")
            for file in known.files
        )
        monkeypatch.setitem(KNOWN, name, dataclasses.replace(known, info=info, files=files))


@dataclass(frozen=True)
class Small:
    """plain: the bytes of its four files. images, labels: what is to come of them."""

    plain: dict[str, bytes]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def small(name: str, seed: int = 0) -> Small:
    """Random images in the layout of the known set ``name``."""
    known = KNOWN[name]
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (TRAIN + TEST, 28, 28), np.uint8)
    labels = random.permutation(np.arange(TRAIN + TEST) % len(known.info.class_names))
    plain = {}
    for part, half in zip(
        known.parts,
        (slice(TRAIN), slice(TRAIN), slice(TRAIN, None), slice(TRAIN, None)),
        strict=True,
    ):
        if "images" in part.name:
            values = images[half].transpose(0, 2, 1) if known.transposed else images[half]
            content = values.tobytes()
        elif part.name.endswith("-int"):
            facts = random.integers(0, 2**31, (len(labels[half]), 8))
            facts[:, 0] = labels[half]
            content = facts.astype(">i4").tobytes()
        else:
            content = (labels[half] + known.first_label).astype(np.uint8).tobytes()
        plain[part.name] = part.header + content
    return Small(plain, images[:, np.newaxis], labels)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return archive.getvalue()


def sent(name: str, plain: dict[str, bytes]) -> dict[str, bytes]:
    """As its servers send it."""
    packed = {f"{each}.gz": gzip.compress(content, 1) for each, content in plain.items()}
    if name.startswith("emnist"):
        others = {"gzip/emnist-mnist-mapping.txt": b"48", "gzip/x.gz": b"!"}
        inside = {f"gzip/{each}": content for each, content in packed.items()}
        return {"gzip.zip": zipped({**others, **inside})}
    return packed


def know(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    plain: dict[str, bytes],
    server: HostileServer | None,
) -> KnownSet:
    """Make ``KNOWN`` tell the digests of these files; unpacked, too, where it does of the real."""
    with_unpacked = {file.name for file in REAL[name].files if file.unpacked}
    files = tuple(
        RemoteFile(
            each,
            (server.file(f"/{each}", content),) if server else (),
            len(content),
            f"sha256:{sha256(content)}",
            sha256(plain[each.removesuffix(".gz")]) if each in with_unpacked else "",
        )
        for each, content in sent(name, plain).items()
    )
    known = dataclasses.replace(KNOWN[name], files=files)
    monkeypatch.setitem(KNOWN, name, known)
    return known


def tarred(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        for name, content in files.items():
            about = tarfile.TarInfo(f"some/folder/{name}")
            about.size = len(content)
            opened.addfile(about, io.BytesIO(content))
    return archive.getvalue()


def save(folder: Path, files: dict[str, bytes], suffix: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}{suffix}").write_bytes(content)
    return folder


def blank(name: str) -> Small:
    """Images that pack into very little."""
    made = small(name)
    plain = dict(made.plain)
    for part in KNOWN[name].parts:
        if "images" in part.name:
            plain[part.name] = part.header + bytes(part.size - len(part.header))
    return Small(plain, np.zeros_like(made.images), made.labels)
