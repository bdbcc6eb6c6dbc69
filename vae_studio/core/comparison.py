"""Two or more runs, side by side: the same digits, the same z, the same measures.

``compare`` reads run folders and makes the ``Comparison`` that ``vae_studio.core.compared`` has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from vae_studio.core.checkpoint import load_snapshot, refuse_other_formats
from vae_studio.core.compared import ComparedRun, Comparison, Epoch, Images, Note, curve_of
from vae_studio.core.data import Dataset, find_dataset, load_dataset
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import CheckpointError, StudioError
from vae_studio.core.evaluate import evaluate
from vae_studio.core.experiments import MAX_ARMS
from vae_studio.core.model import VAE, parameter_count
from vae_studio.core.runs import RunInfo, read_metrics, read_run
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.trainer import check_fit

DIGITS = 10  # test images that are reconstructed, one of each class
SAMPLES = 20  # points of the prior that are decoded
_SEED = 0  # of those points
_MOST_DIMENSIONS = 512  # as ``ModelSpec`` allows


def compare(
    paths: Sequence[Path],
    labels: Sequence[str] = (),
    title: str = "",
    question: str = "",
    should_stop: ShouldStop = never,
) -> Comparison | None:
    """Compare run folders that learnt the same data set.

    labels: what the runs are called here, one for each, or none for their names. should_stop:
    asked before each run and while the data are read, and every batch where a run has to be
    measured; once it says yes, None is returned. It may be asked from several threads.

    A run is measured only where it holds no evaluation of these very weights. Raises
    ``StudioError``: ``compare.count`` for fewer than two runs or more than ``MAX_ARMS``,
    ``compare.dataset`` and ``compare.shape`` where one learnt other images than the first, and
    what ``load_snapshot`` and ``load_dataset`` raise.
    """
    if not 2 <= len(paths) <= MAX_ARMS:
        raise StudioError("compare.count", count=len(paths), most=MAX_ARMS)
    infos = _read_all(paths)
    data = load_dataset(infos[0].config.dataset, should_stop, infos[0].data)
    if data is None:
        return None
    row = DATASETS[infos[0].config.dataset]
    for info in infos:
        find_dataset(info.config.dataset, info.data)  # whose images may be others of that name
        check_fit(info.spec, row)
    classes = len(row.class_names)
    digits = one_of_each(data.test, min(DIGITS, classes)) if classes else torch.arange(DIGITS)
    digits = digits[digits < len(data.test)]
    x, digit_labels = data.test.batch(digits)
    runs, notes = [], list[Note]()
    for info, label in zip(infos, labels or [""] * len(infos), strict=True):
        if should_stop():
            return None
        snapshot = load_snapshot(info.path)
        # A checkpoint has settings of its own, and may have been put there by somebody else.
        _check_same(info.name, snapshot.spec, snapshot.config, infos[0])
        check_fit(snapshot.spec, row)
        model = snapshot.build()
        evaluation = snapshot.evaluation or evaluate(model, data.test, should_stop=should_stop)
        if evaluation is None:
            return None
        shown = label or snapshot.name
        notes += _notes_of(info, snapshot, shown)
        curve = _curve(info, snapshot)
        if not curve:
            notes.append(Note("curves", "no_curve", {"name": shown}))
        runs.append(
            ComparedRun(
                path=info.path,
                name=snapshot.name,
                label=shown,
                variant=info.variant,
                spec=snapshot.spec,
                config=snapshot.config,
                status=info.status,
                epoch=snapshot.epoch,
                seconds=info.seconds,
                parameters=parameter_count(snapshot.spec),
                evaluation=evaluation,
                curve=curve,
                reconstructions=_reconstructions(model, x, digit_labels),
                samples=_samples(model),
            )
        )
    return Comparison(
        title=title,
        question=question,
        runs=tuple(runs),
        originals=x.numpy(),
        classes=tuple(row.class_names[int(label)] if classes else "" for label in digit_labels),
        test_images=len(data.test),
        dataset=row.title,
        source=row.source,
        licence=row.licence,
        notes=(*notes, *_notes_on_all(runs, row.class_names)),
    )


def _read_all(paths: Sequence[Path]) -> list[RunInfo]:
    infos = []
    for path in paths:
        refuse_other_formats(path)
        infos.append(read_run(path))
    folders = [path.resolve() for path in paths]
    for info, folder in zip(infos, folders, strict=True):
        if folders.count(folder) > 1:
            raise StudioError("compare.twice", name=info.name)
        _check_same(info.name, info.spec, info.config, infos[0])
    return infos


def _check_same(name: str, spec: ModelSpec, config: TrainConfig, first: RunInfo) -> None:
    if config.dataset != first.config.dataset:
        raise StudioError(
            "compare.dataset",
            name=name,
            found=config.dataset,
            first=first.name,
            wanted=first.config.dataset,
        )
    if spec.image_shape != first.spec.image_shape:
        found, wanted = (" × ".join(map(str, s.image_shape)) for s in (spec, first.spec))
        raise StudioError("compare.shape", name=name, found=found, first=first.name, wanted=wanted)


def one_of_each(data: Dataset, classes: int) -> Tensor:
    """The index of the first image of each class that has one: int64 [N]."""
    found = [(data.labels == number).nonzero() for number in range(classes)]
    return torch.cat([rows[0] for rows in found if len(rows)])


def prior_points(spec: ModelSpec) -> tuple[Tensor, Tensor | None]:
    """z [n, L], and the classes [n] of a model that has them. The same for all comparisons.

    Each point is one long vector from N(0, I), of which a model takes the first L numbers.
    """
    generator = torch.Generator().manual_seed(_SEED)
    z = torch.randn(SAMPLES, _MOST_DIMENSIONS, generator=generator)[:, : spec.latent_dim]
    return z, torch.arange(SAMPLES) % spec.num_classes if spec.conditional else None


@torch.no_grad()
def _samples(model: VAE) -> Images:
    images: Images = model.decode(*prior_points(model.spec)).numpy()
    return images


@torch.no_grad()
def _reconstructions(model: VAE, x: Tensor, labels: Tensor) -> Images:
    """From the posterior means; a conditional model is told the labels."""
    mu, _ = model.encode(x, labels)
    images: Images = model.decode(mu, labels).numpy()
    return images


def _curve(info: RunInfo, snapshot: Snapshot) -> tuple[Epoch, ...]:
    """What is recorded of these weights' training; nothing where that is damaged or lost."""
    try:
        return curve_of(read_metrics(info.path), snapshot.epoch) or ()
    except CheckpointError:
        return ()


def _notes_of(info: RunInfo, snapshot: Snapshot, name: str) -> list[Note]:
    """What sets these weights apart from those that their settings promise."""
    notes = []
    if snapshot.older:
        notes.append(Note("runs", "older", {"name": name}))
    if snapshot.epoch < snapshot.config.epochs:
        epochs = {"epoch": snapshot.epoch, "epochs": snapshot.config.epochs}
        notes.append(Note("runs", "unfinished", {"name": name, **epochs}))
    if info.journal:
        notes.append(Note("runs", "changed", {"name": name}))
    return notes


def in_turn(class_names: Sequence[str]) -> str:
    """The classes of the samples: ``0 to 9``, or their names as far as they go."""
    count = len(class_names)
    if list(class_names) == [str(number) for number in range(count)]:
        return f"0 to {min(count, SAMPLES) - 1}"
    return ", ".join(class_names[:SAMPLES])


def _notes_on_all(runs: Sequence[ComparedRun], class_names: Sequence[str]) -> list[Note]:
    """How to read what stands side by side."""
    notes = []
    told = [run for run in runs if run.spec.conditional]
    names = ", ".join(run.label for run in told)
    sizes = sorted({run.spec.latent_dim for run in runs})
    if told:
        notes.append(Note("reconstructions", "told", {"names": names}))
    if len(sizes) == 1:
        notes.append(Note("samples", "same_z", {"count": SAMPLES, "size": sizes[0]}))
    else:
        dimensions = ", ".join(map(str, sizes))
        notes.append(Note("samples", "first_z", {"count": SAMPLES, "sizes": dimensions}))
    if told:
        classes_said = in_turn(class_names)
        notes.append(Note("samples", "classes", {"names": names, "classes": classes_said}))
    if len({run.spec.likelihood for run in runs}) > 1:
        notes.append(Note("figures", "likelihoods", {}))
    if told and len(told) < len(runs):
        classes = told[0].spec.num_classes
        nats = f"{math.log(classes):.2f}"
        notes.append(Note("figures", "labels", {"names": names, "classes": classes, "nats": nats}))
    return notes
