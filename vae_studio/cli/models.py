"""Commands that use a model: ``evaluate``, ``sample`` and ``reconstruct``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vae_studio.core.errors import CheckpointError, ImageError, SpecError
from vae_studio.core.runs import find_run
from vae_studio.session.folders import runs_folder

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
    from vae_studio.core.model import VAE
    from vae_studio.core.snapshot import Snapshot

_CLASS = "class by name or number"


def add_models(commands: Commands, run_help: str) -> None:
    """The commands and their options."""
    evaluate = commands.add_parser("evaluate", help="measure a model on its test set")
    evaluate.add_argument("run", metavar="RUN", help=run_help)
    evaluate.add_argument("--json", action="store_true", help="print one JSON object")
    evaluate.set_defaults(function=_evaluate)

    sample = commands.add_parser("sample", help="draw from the prior and decode")
    sample.add_argument("run", metavar="RUN", help=run_help)
    sample.add_argument("--count", type=int, default=64, metavar="N", help="images (default 64)")
    sample.add_argument("--label", metavar="CLASS", help=f"{_CLASS}, for a model with classes")
    sample.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    sample.add_argument("--output", type=Path, required=True, metavar="PNG")
    sample.set_defaults(function=_sample)

    reconstruct = commands.add_parser("reconstruct", help="send a picture through a model")
    reconstruct.add_argument("run", metavar="RUN", help=run_help)
    reconstruct.add_argument("image", type=Path, help="any picture; fitted as the model's images")
    reconstruct.add_argument("--label", metavar="CLASS", help=f"{_CLASS}; else it is guessed")
    reconstruct.add_argument("--output", type=Path, required=True, metavar="PNG")
    reconstruct.set_defaults(function=_reconstruct)


def _open(text: str) -> tuple[Snapshot, VAE]:
    from vae_studio.core.checkpoint import load_snapshot

    snapshot = load_snapshot(find_run(text, [runs_folder()]))
    return snapshot, snapshot.build()


def _evaluate(options: argparse.Namespace) -> int:
    from vae_studio.core.data import load_dataset
    from vae_studio.core.datasets.table import DATASETS
    from vae_studio.core.evaluate import evaluate
    from vae_studio.core.trainer import check_fit

    snapshot, model = _open(options.run)
    data = load_dataset(snapshot.config.dataset, record=snapshot.data)
    check_fit(snapshot.spec, DATASETS[snapshot.config.dataset])
    result = evaluate(model, data.test)
    assert result is not None  # nothing asked it to stop
    figures = {
        "model": snapshot.name,
        "epoch": snapshot.epoch,
        "likelihood": snapshot.spec.likelihood,
        "reconstruction": result.terms.reconstruction,
        "kl": result.terms.kl,
        "negative_elbo": result.negative_elbo,
        "active_units": result.active_units,
        "latent_dim": snapshot.spec.latent_dim,
        "bernoulli": result.bernoulli,
        "squared_error": result.squared_error,
    }
    if options.json:
        print(json.dumps(figures, indent=1))
        return 0
    unit = "nats" if snapshot.spec.in_nats else "squared error"
    print(f"{snapshot.name}, epoch {snapshot.epoch}, test set")
    print(f"  reconstruction  {result.terms.reconstruction:8.2f}  {unit} for each image")
    print(f"  KL              {result.terms.kl:8.2f}  nats for each image")
    total = "−ELBO   " if snapshot.spec.in_nats else "MSE + KL"
    print(f"  {total}        {result.negative_elbo:8.2f}")
    print(f"  active units    {result.active_units:5d} of {snapshot.spec.latent_dim}")
    return 0


def _label(text: str | None, snapshot: Snapshot) -> tuple[float, ...] | None:
    """The class of that name, or of the only one that differs in case, or of that number."""
    from vae_studio.core.explore import one_hot

    classes = snapshot.spec.num_classes
    if text is None:
        return None
    if not classes:
        raise SpecError("label.none", name=snapshot.name)
    for names, wanted in (
        (list(snapshot.class_names), text),
        ([name.casefold() for name in snapshot.class_names], text.casefold()),
    ):
        if names.count(wanted) == 1:  # “a” is not “A” where there are both
            return one_hot(names.index(wanted), classes)
    if len(text) <= 6 and text.isdecimal() and text.isascii() and int(text) < classes:
        return one_hot(int(text), classes)
    raise SpecError("label.needed", name=snapshot.name, classes=classes, last=classes - 1)


def _sample(options: argparse.Namespace) -> int:
    import torch

    from vae_studio.core.explore import sample
    from vae_studio.core.pictures import grid

    if not 1 <= options.count <= 10_000:
        raise SpecError("spec.range", field="count", value=options.count, low=1, high=10_000)
    if not 0 <= options.seed < 2**63:
        raise SpecError("spec.range", field="seed", value=options.seed, low=0, high=2**63 - 1)
    snapshot, model = _open(options.run)
    generator = torch.Generator().manual_seed(options.seed)
    _, images = sample(model, options.count, generator, _label(options.label, snapshot))
    _save(options.output, grid(images))
    return 0


def _reconstruct(options: argparse.Namespace) -> int:
    import numpy as np

    from vae_studio.core.explore import decode, encode, reconstruction_terms
    from vae_studio.core.picture_files import open_picture
    from vae_studio.core.pictures import grid

    snapshot, model = _open(options.run)
    picture = open_picture(options.image)
    try:
        x = _fitted(picture, snapshot)
    except ImageError as error:
        raise ImageError(error.code, **{**error.params, "path": str(options.image)}) from error
    code = encode(model, x, _label(options.label, snapshot))
    x_hat = decode(model, code.mu, code.label)
    terms = reconstruction_terms(model, x, code)
    _save(options.output, grid(np.stack([x, x_hat]), columns=2))
    unit = "" if snapshot.spec.in_nats else " squared error"
    print(f"reconstruction {terms.reconstruction:.2f}{unit}, KL {terms.kl:.2f} nats")
    return 0


def _fitted(picture: Any, snapshot: Snapshot) -> Any:
    """float32 [C, H, W] in [0, 1], as the window does it: by MNIST's recipe for digits, else as its
    images were made."""
    import numpy as np

    from vae_studio.core.scan import image_to_input
    from vae_studio.session.drawing import sheet_for
    from vae_studio.workers.inputs import fitted

    sheet = sheet_for(snapshot)
    if sheet.digits:
        return image_to_input(picture)[np.newaxis]
    return fitted(picture, sheet)[0]


def _save(path: Path, picture: Any) -> None:
    from vae_studio.core.pictures import png

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(picture, scale=4))
    except OSError as error:
        raise CheckpointError("checkpoint.write", path=str(path), reason=_reason(error)) from error
    print(path)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
