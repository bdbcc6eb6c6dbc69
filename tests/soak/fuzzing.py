"""Mutated inputs for every loader: whatever is wrong with them is a ``StudioError``, at once.

Small valid files are changed by byte and by structure: JSON values, safetensors headers, the
chunks of a PNG with their check sums. The digests are made to fit in most cases, so that a
mutation gets past them. The same seed and index make the same input.
"""

from __future__ import annotations

import contextlib
import copy
import faulthandler
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tests.soak import strangers
from tests.soak.fuzzing_data import KINDS, DataTargets
from tests.soak.hostile_kinds import idx
from tests.soak.hostile_pictures import good_pictures, png_chunk
from tests.soak.outcome import Counts, Outcome
from tests.soak.strangers import (
    CONFIG,
    DIGESTS,
    MANIFEST,
    METRICS,
    RUN,
    TRAINING,
    WEIGHTS,
    header_of,
    place_of,
    with_header,
)
from vae_studio.core.annotations import NOTES, Annotations, read_annotations, write_annotations
from vae_studio.core.checkpoint import load_snapshot, parse_weights
from vae_studio.core.datasets.idx import parse_idx
from vae_studio.core.datasets.table import DATASETS, paired
from vae_studio.core.errors import DatasetError, ImageError, StudioError
from vae_studio.core.experiments import free_experiment
from vae_studio.core.moment_files import load_moment
from vae_studio.core.moments import moment_path
from vae_studio.core.picture_files import decode_picture
from vae_studio.core.resume import load_training
from vae_studio.core.runs import RunInfo, read_metrics, read_run, run_from_values
from vae_studio.core.scan import image_to_input
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing_text import parse_drawing
from vae_studio.session.last_session import restored, write_last_session
from vae_studio.session.place import parse_place, with_place
from vae_studio.session.requests import LastRequest, LastResult, PlaceRequest
from vae_studio.session.state import SessionState
from vae_studio.session.trials import Trial, read_trial, write_trial
from vae_studio.workers.answers import answer
from vae_studio.workers.inputs import prepared_input

COUNTS: Counts = {"test": 1200, "soak": 30_000, "full": 200_000}

MOMENT, TRIAL, PLACE = str(moment_path(Path(), 2)), "trial.json", "place.json"
SESSION, DRAWING = "session.json", "drawing.json"
_SECONDS = 2.0
_PATIENCE = 30.0  # seconds; what takes longer hangs
_SPEC = ModelSpec(latent_dim=1, hidden=(1,), image_shape=(1, 28, 28))
_TURNS = (  # how often each target has its turn
    "weights", "weights", "weights", "training", "training", "config", "config", "run",
    "digests", "manifest", "metrics", "in memory", "in memory", "in memory", "idx", "idx", "pair",
    "picture", "picture", "picture", "picture", "moment", "moment", "notes", "trial",
    "place", "session", "drawing", *KINDS,
)  # fmt: skip


class Refused(Exception):
    """What was sent was refused. deep: only after its digest had been found right."""

    def __init__(self, deep: bool) -> None:
        super().__init__()
        self.deep = deep


def run(count: int, seed: int, folder: Path) -> Outcome:
    """Send ``count`` mutated inputs."""
    failures: list[str] = []
    tally: Counter[str] = Counter()
    slowest = (0.0, "")
    # What is written is never flushed: the loaders are asked, not the disk.
    targets: Targets | None = None
    shared = Path("/dev/shm")
    base = tempfile.mkdtemp(prefix="fuzz-", dir=shared if os.access(shared, os.W_OK) else folder)
    try:
        targets = Targets(Path(base), quick=count <= COUNTS["test"])
        with _silence(), warnings.catch_warnings():
            warnings.simplefilter("error")
            for number in range(count):
                kind = _TURNS[number % len(_TURNS)]
                if number % 200 == 0:
                    faulthandler.dump_traceback_later(_PATIENCE, exit=True, file=sys.__stdout__)
                found, seconds = _one(targets, kind, seed, number)
                if seconds > _SECONDS:  # the machine may have been busy
                    found, again = _one(targets, kind, seed, number)
                    seconds = min(seconds, again)
                tally[f"{kind}: {found}" if found in _RESULTS else "failed"] += 1
                slowest = max(slowest, (seconds, f"{kind} {number}"))
                if found not in _RESULTS:
                    failures.append(f"seed {seed}, index {number} ({kind}): {found}")
                elif seconds > _SECONDS:
                    failures.append(f"seed {seed}, index {number} ({kind}): {seconds:.1f} s")
    finally:
        faulthandler.cancel_dump_traceback_later()
        if targets is not None:
            targets.data.close()
        shutil.rmtree(base, ignore_errors=True)

    def total(*words: str, kinds: tuple[str, ...] = tuple(set(_TURNS))) -> int:
        return sum(tally[f"{kind}: {word}"] for kind in kinds for word in words)

    sealed = ("weights", "training", "run")  # whose digests are checked
    summary = (
        f"{count} inputs: {total('accepted')} accepted, "
        f"{total('refused', 'refused by digest')} refused; past the digest "
        f"{total('accepted', 'refused', kinds=sealed)} of {total(*_RESULTS, kinds=sealed)}; "
        f"{len(failures)} faults; slowest {slowest[0]:.2f} s ({slowest[1]})"
    )
    return Outcome(summary, tuple(failures))


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """libtiff writes what it thinks of a file to the descriptor of standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


_RESULTS = ("accepted", "refused", "refused by digest")


def _one(targets: Targets, kind: str, seed: int, number: int) -> tuple[str, float]:
    """What became of one input, and how long that took."""
    chance = random.Random(f"{seed}/{number}")
    started = time.monotonic()
    try:
        started = targets.send(kind, chance)
        result = "accepted"
    except Refused as refused:
        started = targets.started
        result = "refused" if refused.deep else "refused by digest"
    except Exception as error:
        started = targets.started
        result = f"{type(error).__name__}: {error}"[:300]
    return result, time.monotonic() - started


# Mutations ---------------------------------------------------------------------------------------

NUMBERS = (
    0, 1, -1, 2, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**53,
    2**63 - 1, 2**63, 2**64 - 1, -(2**31), -(2**63),
)  # fmt: skip
JSON_VALUES: tuple[Any, ...] = (
    *NUMBERS, None, True, False, "", "x", "a\0b", "\ud800", "\u202e", [], {}, [[]], [None], 0.5,
    -0.0, 1e308, 1e-320, float("nan"), float("inf"), 10**30, "1e400", "F32", "I64",
    [1, 2, 3], {"a": 1},
)  # fmt: skip


def bytes_changed(content: bytes, chance: random.Random) -> bytes:
    """Bits turned, numbers written over, parts cut, doubled, moved."""
    data = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        size = len(data)
        at = chance.randrange(size) if size else 0
        # Heads are where the structure is.
        at = at if chance.random() < 0.5 else min(at, chance.randrange(64))
        other = chance.randrange(size) if size else 0
        match chance.randrange(9):
            case 0 | 1 if size:
                data[at] ^= 1 << chance.randrange(8)
            case 2 if size:
                data[at] = chance.randrange(256)
            case 3:
                width = chance.choice((1, 2, 4, 8))
                value = chance.choice(NUMBERS) % 2 ** (8 * width)
                data[at : at + width] = value.to_bytes(width, chance.choice(("little", "big")))
            case 4:
                del data[at:]
            case 5:
                del data[at : at + chance.choice((1, 2, 4, 16, 200))]
            case 6:
                data[at:at] = chance.randbytes(chance.choice((1, 2, 4, 16, 200)))
            case 7:
                part = data[other : other + chance.choice((1, 4, 30, 300))]
                data[at:at] = part * chance.choice((1, 1, 2, 20))
            case _:
                data[at : at + 8] = data[other : other + 8]
    return bytes(data)


def value_changed(value: Any, chance: random.Random) -> Any:
    """A JSON value with one or two of its parts replaced, removed, doubled or renamed."""
    value = copy.deepcopy(value)
    for _ in range(chance.choice((1, 1, 2))):
        ways = list(_ways(value))
        if not ways:
            return copy.deepcopy(chance.choice(JSON_VALUES))
        holder, key = chance.choice(ways)
        match chance.randrange(7):
            case 0 | 1 | 2:
                holder[key] = copy.deepcopy(chance.choice(JSON_VALUES))
            case 3:
                del holder[key]
            case 4:
                other, name = chance.choice(ways)
                with contextlib.suppress(LookupError):
                    holder[key] = copy.deepcopy(other[name])
            case 5 if isinstance(holder, dict):
                holder[str(chance.choice(JSON_VALUES))[:20]] = holder.pop(key)
            case 6 if isinstance(holder[key], (int, float)):
                holder[key] += chance.choice((-1, 1, 0.5, 2**31))
            case _:
                holder[key] = [holder[key]] * chance.choice((0, 1, 2, 50))
    return value


def _ways(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key below ``value``."""
    pairs = value.items() if isinstance(value, dict) else []
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, inner in pairs:
        yield value, key
        yield from _ways(inner)


def json_changed(content: bytes, chance: random.Random) -> bytes:
    """By its values mostly, else by its bytes."""
    if chance.random() < 0.2:
        return bytes_changed(content, chance)
    text = json.dumps(value_changed(json.loads(content), chance))
    if chance.random() < 0.05:
        text = text.replace("{", chance.choice(('{"a": 1, "a": 2,', "{ ", "[")), 1)
    return text.encode("utf-8", "surrogatepass")


def tensors_changed(content: bytes, chance: random.Random) -> bytes:
    """A safetensors file: its header, its numbers, or its bytes."""
    header = header_of(content)
    size = 8 + int.from_bytes(content[:8], "little")
    match chance.randrange(6):
        case 0 | 1 | 2:
            return with_header(content, value_changed(header, chance))
        case 3:
            return content[:size] + bytes_changed(content[size:], chance)
        case 4:  # numbers alone: length and header stay right
            data = bytearray(content)
            for _ in range(chance.choice((1, 3, 30))):
                at = chance.randrange(size, len(content))
                special = struct.pack(
                    "<d", chance.choice((float("nan"), float("inf"), 1e308, -1, 0))
                )
                width = chance.choice((1, 4, 8))
                data[at : at + width] = chance.choice((chance.randbytes(8), special))[:width]
            return bytes(data[: len(content)])
        case _:
            return bytes_changed(content, chance)


def picture_changed(content: bytes, chance: random.Random) -> bytes:
    """The chunks of a PNG with sums that fit, or the bytes of any picture."""
    if not content.startswith(b"\x89PNG") or chance.random() < 0.3:
        return bytes_changed(content, chance)
    chunks, at = [], 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    for _ in range(chance.choice((1, 1, 2, 4))):
        place = chance.randrange(len(chunks))
        kind, data = chunks[place]
        match chance.randrange(7):
            case 0 | 1 | 2:
                chunks[place] = (kind, bytes_changed(data, chance))
            case 3 if kind == b"IDAT":
                with contextlib.suppress(zlib.error):
                    raw = zlib.decompress(data)
                    chunks[place] = (kind, zlib.compress(bytes_changed(raw, chance)))
            case 4 if len(chunks) > 1:
                del chunks[place]
            case 5:
                chunks.insert(chance.randrange(len(chunks)), chunks[place])
            case _:
                names = (
                    b"tRNS",
                    b"PLTE",
                    b"iCCP",
                    b"zTXt",
                    b"eXIf",
                    b"acTL",
                    b"fcTL",
                    b"fdAT",
                    b"pHYs",
                )
                chunks[place] = (chance.choice(names), data)
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, data) for kind, data in chunks)


# Targets -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """A file of the run that is changed. change: how; load: who reads it."""

    name: str
    change: Callable[[bytes, random.Random], bytes]
    load: Callable[[Path], object]


def _go_on(run: Path) -> None:
    """As at the start of the app: what is damaged is put aside, and nothing is raised."""
    result = answer(LastRequest(run / SESSION))
    assert isinstance(result, LastResult)
    if result.last is not None:
        restored(SessionState(model=str(run)), result.last)


def _drawn(run: Path) -> None:
    """As it is opened: read, checked, and made an image."""
    given = parse_drawing((run / DRAWING).read_bytes())[1]
    prepared_input(given)


_PARTS = {
    "weights": _Part(WEIGHTS, tensors_changed, lambda run: load_snapshot(run).build()),
    "training": _Part(TRAINING, tensors_changed, load_training),
    "config": _Part(CONFIG, json_changed, load_snapshot),
    "run": _Part(RUN, json_changed, load_training),
    "digests": _Part(DIGESTS, json_changed, load_snapshot),
    "manifest": _Part(MANIFEST, json_changed, load_snapshot),
    "metrics": _Part(METRICS, lambda content, chance: bytes_changed(content, chance), read_metrics),
    "moment": _Part(MOMENT, tensors_changed, lambda run: load_moment(read_run(run), 2).build()),
    "notes": _Part(NOTES, json_changed, read_annotations),
    "trial": _Part(TRIAL, json_changed, lambda run: read_trial(run / TRIAL)),
    "place": _Part(
        PLACE,
        json_changed,
        lambda run: answer(PlaceRequest(run / PLACE, load_snapshot(run))),
    ),
    "session": _Part(SESSION, json_changed, _go_on),
    "drawing": _Part(DRAWING, json_changed, _drawn),
}
_SEALED = 0.9  # share of the inputs whose digests fit


class Targets:
    """Small good files, and the loaders that are given changed copies. quick: without what takes
    seconds to load. started: when the loader was called last."""

    def __init__(self, folder: Path, quick: bool) -> None:
        self.run = folder / "run"
        strangers.make_run(self.run, _SPEC, strangers.few_digits())
        self.info: RunInfo = read_run(self.run)
        write_annotations(self.run, Annotations(("good", "β too low"), "some\nlines"))
        asked = free_experiment("beta", [0.5, 4], _SPEC, self.info.config)
        folders = (self.run, folder / "other run")
        write_trial(Trial(self.run / TRIAL, asked, folders))
        place = strangers.good_place(self.info.name, _SPEC.latent_dim)
        (self.run / PLACE).write_text(place, "utf-8")
        (self.run / DRAWING).write_text(strangers.good_drawing(), "utf-8")
        state = with_place(SessionState(), parse_place(place.encode()), str(self.run))
        (self.run / SESSION).write_text(write_last_session(state), "utf-8")
        names = (
            *(WEIGHTS, TRAINING, CONFIG, RUN, DIGESTS, MANIFEST, METRICS, MOMENT, NOTES, TRIAL),
            *(PLACE, SESSION, DRAWING),
        )
        self.places = {name: place_of(self.run, name) for name in names}
        self.good = {name: place.read_bytes() for name, place in self.places.items()}
        self.pictures = [content for _, content in good_pictures()]
        self.images = idx(
            (3, 28, 28), torch.arange(3 * 784).remainder(256).byte().numpy().tobytes()
        )
        self.labels = idx((3,), b"\0\1\2")
        self.started = 0.0
        self.data = DataTargets(folder, bytes_changed, json_changed, quick)

    def send(self, kind: str, chance: random.Random) -> float:
        """Change something of that kind and load it. Returns when the loader was called; raises
        ``Refused``, or whatever the loader should not have raised."""
        if kind in _PARTS:
            self._send_run(_PARTS[kind], chance)
        elif kind == "in memory":
            self._send_values(chance)
        elif kind in KINDS:
            self._call(StudioError, self.data.prepared(kind, chance))
        elif kind == "picture":
            content = picture_changed(chance.choice(self.pictures), chance)
            self._call(ImageError, lambda: image_to_input(decode_picture(content)))
        else:
            self._send_idx(kind, chance)
        return self.started

    def _call(
        self, expected: type[StudioError], load: Callable[[], object], deep: bool = True
    ) -> None:
        self.started = time.monotonic()
        try:
            load()
        except expected as error:
            str(error)
            raise Refused(deep and error.code != "checkpoint.digest") from None

    def _send_run(self, part: _Part, chance: random.Random) -> None:
        content = part.change(self.good[part.name], chance)
        touched = [part.name]
        self.places[part.name].write_bytes(content)
        try:
            sealed = chance.random() < _SEALED
            if sealed and part.name in (WEIGHTS, TRAINING, RUN):
                strangers.seal(self.run)
                touched += [DIGESTS, MANIFEST]
            elif sealed and part.name == DIGESTS:
                strangers.seal_digests(self.run)
                touched.append(MANIFEST)
            self._call(StudioError, lambda: part.load(self.run))
        finally:
            for name in touched:
                self.places[name].write_bytes(self.good[name])

    def _send_values(self, chance: random.Random) -> None:
        """Without a disk: a configuration, or weights, parsed from their bytes."""
        if chance.random() < 0.5:
            values = value_changed(json.loads(self.good[CONFIG]), chance)
            if isinstance(values, dict):
                self._call(StudioError, lambda: run_from_values(values, self.run))
            return
        content = tensors_changed(self.good[WEIGHTS], chance)
        self._call(StudioError, lambda: parse_weights(content, self.info))

    def _send_idx(self, kind: str, chance: random.Random) -> None:
        info = DATASETS["mnist"]
        images, labels = self.images, self.labels
        if chance.random() < 0.5:
            images = bytes_changed(images, chance)
        else:
            labels = bytes_changed(labels, chance)
        if kind == "pair":  # the sizes fit their values, so that the two must be compared
            shape = [chance.choice((0, 1, 2, 3, 28, 784)) for _ in range(chance.randrange(1, 5))]
            images = images if chance.random() < 0.5 else idx(tuple(shape), b"")
            count = chance.choice((0, 2, 3, 3, 3, 4))
            labels = idx((count,), bytes(chance.choice((0, 1, 9, 10, 255)) for _ in range(count)))
        wrap = chance.choice((bytes, bytearray, memoryview))

        def load() -> None:
            parsed = parse_idx(wrap(images), "images")
            paired(parsed, parse_idx(wrap(labels), "labels"), info, "images")

        self._call(DatasetError, load)
