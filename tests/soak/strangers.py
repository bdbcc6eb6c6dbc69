"""What a stranger sends, and what it is made of: small runs, sealed anew after each change."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from tests.helpers import part
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.events import EpochDone
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import new_state, train
from vae_studio.session.drawing import Input, Pixels, Seen, Steps
from vae_studio.session.drawing_text import write_drawing
from vae_studio.session.kept import Kept, KeptPoint, KeptVector, Marked
from vae_studio.session.place import write_place
from vae_studio.session.state import LatentState, SessionState
from vae_studio.session.strokes import Stroke

PLAIN = ModelSpec(latent_dim=2, hidden=(3,))
LABELLED = ModelSpec(latent_dim=2, hidden=(3,), num_classes=10, batch_norm=True)
WEIGHTS, TRAINING, RUN = "model.safetensors", "training.safetensors", "run.json"
DIGESTS, MANIFEST, CONFIG, METRICS = "digests.json", "manifest.json", "config.json", "metrics.csv"


def few_digits() -> DatasetPair:
    """MNIST's first 64 training and 64 test images."""
    return part(load_dataset("mnist"), 64, 64)


def make_run(folder: Path, spec: ModelSpec, data: DatasetPair, epochs: int = 3) -> None:
    """A real run that was stopped after its first epoch, with one generation."""
    config = TrainConfig(epochs=epochs, batch_size=32, device="cpu")
    state, control = new_state(spec, config), TrainControl()
    with RunRecorder(folder, state, "a run") as recorder:
        for event in train(state, data, control):
            recorder.record(event)
            if isinstance(event, EpochDone):
                control.stop()
    (folder / ".lock").unlink(missing_ok=True)
    newest = generation(folder)
    for other in (folder / "checkpoint").glob("generation-*"):
        if other != newest:
            shutil.rmtree(other)


def generation(run: Path) -> Path:
    """The folder of the good generation."""
    number = json.loads((run / "checkpoint" / MANIFEST).read_bytes())["generation"]
    return run / "checkpoint" / f"generation-{number:06d}"


def good_place(model: str, size: int) -> str:
    """A place in a model without classes, with something of everything."""
    z = tuple(0.5 * number for number in range(size))
    strokes = (Stroke(((0.3, 0.2), (0.6, 0.7)), 0.1), Stroke(((0.5, 0.5),), 0.05))
    kept = Kept(
        (KeptPoint("A", "", z), KeptPoint("β", "", z)),
        (KeptVector("3 → 8", "", z),),
        Marked("mnist", frozenset({1, 7})),
    )
    latent = LatentState(z, None, frozenset({0}))
    seen = Seen((strokes[1],), (0.0, 0.5, 1.0, 1.0))
    state = SessionState(latent=latent, input=Input(strokes, 3), seen=seen, kept=kept)
    return write_place(state, model)


def good_drawing() -> str:
    """A drawing on a picture, with something of everything."""
    strokes = (Stroke(((0.3, 0.2), (0.6, 0.7)), 0.1), Stroke(((0.5, 0.5),), 0.05, erases=True))
    pixels = Pixels((1, 28, 28), bytes(range(196)) * 4)
    return write_drawing("a drawing", Input(strokes, 3, None, pixels, Steps(pen=False)))


def place_of(run: Path, name: str) -> Path:
    """Where that file is in a run."""
    if name in (WEIGHTS, TRAINING, RUN, DIGESTS):
        return generation(run) / name
    return run / "checkpoint" / MANIFEST if name == MANIFEST else run / name


def seal(run: Path, **facts: Any) -> None:
    """Make all digests fit what the files hold now, so that only their content can be refused."""
    folder = generation(run)
    values = json.loads((folder / DIGESTS).read_bytes())
    for name in (WEIGHTS, TRAINING, RUN):
        if (folder / name).is_file() and not (folder / name).is_symlink():
            values[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / DIGESTS).write_text(json.dumps({**values, **facts}), "utf-8")
    seal_digests(run)


def seal_digests(run: Path) -> None:
    """Make the manifest fit ``digests.json``."""
    path, folder = run / "checkpoint" / MANIFEST, generation(run)
    values = json.loads(path.read_bytes())
    digest = hashlib.sha256((folder / DIGESTS).read_bytes()).hexdigest()
    values["digests"] = {str(values["generation"]): digest}
    path.write_text(json.dumps(values), "utf-8")


def put(run: Path, name: str, content: bytes) -> None:
    """Another content for a file of a run, with the digests that fit it."""
    place_of(run, name).write_bytes(content)
    if name in (WEIGHTS, TRAINING, RUN):
        seal(run)
    elif name == DIGESTS:
        seal_digests(run)


def header_of(content: bytes) -> dict[str, Any]:
    """The header of a safetensors file."""
    found: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return found


def with_header(content: bytes, header: Mapping[str, Any] | bytes) -> bytes:
    """The same numbers behind another header."""
    packed = header if isinstance(header, bytes) else json.dumps(header).encode()
    data = content[8 + int.from_bytes(content[:8], "little") :]
    return len(packed).to_bytes(8, "little") + packed + data


class Canary:
    """Pickled, it makes a file once somebody unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def tensors_of(content: bytes) -> dict[str, torch.Tensor]:
    """A safetensors file, read."""
    from safetensors.torch import load

    found: dict[str, torch.Tensor] = load(content)
    return found
