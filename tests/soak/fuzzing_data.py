"""Mutated data sets: the record of a stored one, arrays, IDX files, and archives of a known one."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import lzma
import random
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.core.datasets import small_sets
from tests.soak.data_entries import IMPORTED, KNOWN_SET, SET, read_plainly, write_good_sets
from tests.soak.hostile_archives import tar
from tests.soak.hostile_arrays import images, npy, npz
from tests.soak.hostile_kinds import idx
from tests.soak.hostile_stored import PARTS, RECORD, joined
from vae_studio.core.datasets.importing import import_set, preview, suggest
from vae_studio.core.datasets.obtain import take_local
from vae_studio.core.datasets.sets_folder import register_stored
from vae_studio.core.datasets.sources import open_source
from vae_studio.core.datasets.stored import read_stored, verify
from vae_studio.core.datasets.table import DATASETS

Bytes = Callable[[bytes, random.Random], bytes]
Load = Callable[[], object]

KINDS = ("record", "npy", "npz", "packed idx", "archive")
_PACKERS: tuple[Callable[[bytes], bytes], ...] = (bytes, gzip.compress, lzma.compress)
_FITS = 0.9  # share of the records whose digest fits what they say


class DataTargets:
    """Small good files, and the loaders that are given changed copies. Known sets are small ones
    until ``close``. changed: by bytes. json_changed: by values, mostly. quick: without torchvision.
    """

    def __init__(self, folder: Path, changed: Bytes, json_changed: Bytes, quick: bool) -> None:
        self._folder, self._stored = folder / "data", folder / "data" / "stored"
        self._changed, self._json_changed = changed, json_changed
        self._patch = pytest.MonkeyPatch()
        self._table = dict(DATASETS)
        self._patch.setattr(small_sets, "TRAIN", 12)  # of which ten thousands are copied
        self._patch.setattr(small_sets, "TEST", 6)
        small_sets.make_known_small(self._patch)
        if quick:
            read_plainly(self._patch)
        write_good_sets(self._folder / "good")
        self._record = (self._folder / "good" / SET / RECORD).read_bytes()
        self._files = small_sets.small(KNOWN_SET).plain
        labels = np.arange(20) % 3
        self._arrays = [
            npy(images()),
            npy(np.asfortranarray(images())),
            npy(images() / np.float32(255)),
            npy(np.stack([images()] * 3, axis=-1)),
        ]
        self._members = {
            "images.npy": npy(images()),
            "labels.npy": npy(labels),
            "class_names.npy": npy(np.array(["a", "b", "c"])),
        }
        self._idx = idx((20, 20, 20), images().tobytes())

    def close(self) -> None:
        """Everything is as it was."""
        self._patch.undo()
        self._forget()

    def prepared(self, kind: str, chance: random.Random) -> Load:
        """Something of that kind, changed: what loads it."""
        if kind == "record":
            return self._prepared_record(chance)
        if kind == "archive":
            path = self._folder / chance.choice(("x.zip", "x.tar"))
            path.write_bytes(self._archive(path.suffix == ".zip", chance))
            return lambda: self._loaded(lambda: self._taken(path), KNOWN_SET)
        name = {"npy": "x.npy", "npz": "x.npz"}.get(kind, "x-images-idx3-ubyte")
        path = self._folder / name
        path.write_bytes(getattr(self, f"_{kind.replace(' ', '_')}")(chance))
        return lambda: self._loaded(lambda: self._imported(path), IMPORTED)

    # What is changed -----------------------------------------------------------------------

    def _prepared_record(self, chance: random.Random) -> Load:
        content = self._json_changed(self._record, chance)
        if chance.random() < _FITS:
            with contextlib.suppress(ValueError, TypeError, LookupError):
                values = json.loads(content)
                digests = [values["files"][name]["sha256"] for name in PARTS]
                values["set"]["digest"] = joined(digests)
                content = json.dumps(values).encode()
        folder = self._folder / "good" / SET
        (folder / RECORD).write_bytes(content)

        def load() -> None:
            try:
                register_stored(folder.parent)
                info = read_stored(folder)
                json.dumps(info.to_dict(), ensure_ascii=False).encode()
                verify(folder)
                assert info.load is not None
                info.load(lambda: False)
            finally:
                self._forget()

        return load

    def _npy(self, chance: random.Random) -> bytes:
        return self._array(chance.choice(self._arrays), chance)

    def _array(self, content: bytes, chance: random.Random) -> bytes:
        """By its header's numbers and words, or by its bytes."""
        if chance.random() < 0.5:
            return self._changed(content, chance)
        size = int.from_bytes(content[8:10], "little")
        parts = re.split(rb"([0-9]+|'[^']*'|True|False)", content[10 : 10 + size])
        others = (b"0", b"-1", b"3", b"2**9", b"999999999999", b"1.5", b"'|O'", b"'<f8'", b"'|u1'",
                  b"True", b"()", b"(1,)", b"None", b"20", b"28", b"1", b"")  # fmt: skip
        parts[chance.randrange(1, len(parts), 2)] = chance.choice(others)
        text = b"".join(parts)
        return content[:8] + len(text).to_bytes(2, "little") + text + content[10 + size :]

    def _npz(self, chance: random.Random) -> bytes:
        """By what is packed, or by the archive."""
        if chance.random() < 0.4:
            return self._changed(npz(self._members), chance)
        members = dict(self._members)
        name = chance.choice(sorted(members))
        members[name] = self._array(members[name], chance)
        return npz(members, chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))

    def _packed_idx(self, chance: random.Random) -> bytes:
        pack = chance.choice(_PACKERS)
        if chance.random() < 0.5:
            return pack(self._changed(self._idx, chance))
        return self._changed(pack(self._idx), chance)

    def _archive(self, as_zip: bool, chance: random.Random) -> bytes:
        members = dict(self._files)
        within = chance.random() < 0.5
        if within:
            name = chance.choice(sorted(members))
            content = members.pop(name)
            pack = chance.choice(_PACKERS)
            end = {bytes: "", gzip.compress: ".gz"}.get(pack, ".xz")
            members[name + end] = self._changed(pack(content), chance)
        whole = _zipped(members) if as_zip else chance.choice(_PACKERS)(tar(members))
        return whole if within else self._changed(whole, chance)

    # What loads it -------------------------------------------------------------------------

    def _imported(self, path: Path) -> None:
        with open_source(path, self._folder) as source:
            settings = suggest(source)
            preview(source, settings)
            made = import_set(source, settings, self._stored, IMPORTED, source.title, threads=1)
        assert made is not None

    def _taken(self, path: Path) -> None:
        assert take_local(KNOWN_SET, path, self._stored, lambda: False, lambda share: None)

    def _loaded(self, load: Load, name: str) -> None:
        """Nothing or a whole set is left; neither is left for the next."""
        whole = False
        try:
            load()
            whole = True
        finally:
            there = self._stored.iterdir() if self._stored.exists() else ()
            found = sorted(path.name for path in there)
            fits = not whole or verify(self._stored / name) is not None
            self._forget()
            if found != [name] * whole or not fits:
                raise RuntimeError(f"left in the data folder: {found}")

    def _forget(self) -> None:
        shutil.rmtree(self._stored, ignore_errors=True)
        DATASETS.clear()
        DATASETS.update(self._table)


def _zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return buffer.getvalue()
