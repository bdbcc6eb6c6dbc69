"""Experiments: models that differ in one thing, trained alike. No torch.

The tutorial's questions are the rows of ``EXPERIMENTS``; ``free_experiment`` varies any one field.
Titles, questions and labels are English source texts, to be translated in context ``Experiments``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import SpecError
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS, fitted, variant, variant_for

MAX_ARMS = 8  # so many colours can be told apart
_Record = TypeVar("_Record", ModelSpec, TrainConfig)
_FIXED = ("dataset", "image_shape")  # the arms are shown the same pictures


@dataclass(frozen=True)
class Arm:
    """One model of an experiment.

    label: what sets it apart from the other arms. variant: the row of ``VARIANTS`` that it is,
    or "".
    """

    label: str
    variant: str
    spec: ModelSpec
    config: TrainConfig


@dataclass(frozen=True)
class Experiment:
    """A question, and the models whose training answers it. The arms share all but one thing."""

    name: str
    title: str
    question: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class ExperimentRow:
    """A row of ``EXPERIMENTS``. arms: label and variant of each."""

    title: str
    question: str
    arms: tuple[tuple[str, str], ...]


EXPERIMENTS: dict[str, ExperimentRow] = {
    "batch-norm": ExperimentRow(
        "Batch norm, or not",
        "Does batch normalisation train faster, and does the model end up better for it?",
        (("Without batch norm", "vae-32"), ("Batch norm", "vae-batchnorm")),
    ),
    "latent-dropout": ExperimentRow(
        "Dropout on z, or not",
        "What happens to pictures and KL when a fifth of the code is lost in training?",
        (("Without dropout", "vae-32"), ("Dropout on z", "vae-latent-dropout")),
    ),
    "cvae": ExperimentRow(
        "Labels, or not",
        "What does z have to carry once the model is told which digit it is?",
        (("Without labels", "vae-32"), ("With labels", "cvae")),
    ),
    "latent-size": ExperimentRow(
        "16 or 64 latent dimensions",
        "Are more dimensions of z better, and how many of them are used?",
        (("16 dimensions", "vae-16"), ("64 dimensions", "vae-64")),
    ),
    "leaky-relu": ExperimentRow(
        "Leaky ReLU, or ReLU",
        "Does a small slope below zero keep units alive, and does the loss show it?",
        (("ReLU", "vae-32"), ("Leaky ReLU", "vae-leaky-relu")),
    ),
    "mse": ExperimentRow(
        "Squared error, or cross-entropy",
        "How do pictures differ when the same network is trained on another reconstruction loss?",
        (("Cross-entropy", "vae-32"), ("Squared error", "vae-mse")),
    ),
}


def experiment(name: str, config: TrainConfig) -> Experiment:
    """The experiment of that name; seed, data, epochs and all else of ``config`` hold for each arm.

    Raises ``SpecError`` that lists the names there are, or ``plan.no_classes`` where the images
    have none and an arm is told them.
    """
    try:
        row = EXPERIMENTS[name]
    except KeyError:
        raise SpecError("experiment.unknown", name=name, known=", ".join(EXPERIMENTS)) from None
    data = DATASETS.get(config.dataset)
    arms = tuple(
        Arm(label, base, variant_for(base, data) if data else variant(base), config)
        for label, base in row.arms
    )
    return Experiment(name, row.title, row.question, arms)


def free_experiment(
    field: str, values: Sequence[Any], spec: ModelSpec, config: TrainConfig
) -> Experiment:
    """One field of ``ModelSpec`` or ``TrainConfig`` at two values or more, up to ``MAX_ARMS``.

    spec, config: of all else. Labels read like ``β = 4``. Raises ``SpecError`` for a field that
    there is not or that must be the same for all, for too few values or too many, for one that is
    out of range, and for one that stands there twice.
    """
    known = {item.name: item for item in (*fields(ModelSpec), *fields(TrainConfig))}
    if field not in known:
        raise SpecError("spec.unknown_field", field=field, known=", ".join(known))
    if field in _FIXED:
        raise SpecError("experiment.field", field=field)
    if not 2 <= len(values) <= MAX_ARMS:
        raise SpecError("spec.length", field=field, value=len(values), low=2, high=MAX_ARMS)
    label = str(known[field].metadata["label"])
    arms: list[Arm] = []
    for value in values:
        changed_spec, changed_config = _changed(field, value, spec, config)
        taken = _value(field, changed_spec, changed_config)
        if any(taken == _value(field, arm.spec, arm.config) for arm in arms):
            raise SpecError("experiment.twice", field=field, value=value_text(taken))
        text = f"{label} = {value_text(taken)}"
        row = _row_of(changed_spec, changed_config.dataset)
        arms.append(Arm(text, row, changed_spec, changed_config))
    question = "What changes with it, when all else stays the same?"
    return Experiment(field, label, question, tuple(arms))


def value_text(value: Any) -> str:
    """A field's value for people: ``on``, ``512, 256``, ``0.002``, ``4``."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(map(value_text, value))
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)


def _changed(
    field: str, value: Any, spec: ModelSpec, config: TrainConfig
) -> tuple[ModelSpec, TrainConfig]:
    """Both records, checked, with the field set in the one that has it."""
    if field in spec.to_dict():
        return _with(spec, field, value), config
    return spec, _with(config, field, value)


def _with(record: _Record, field: str, value: Any) -> _Record:
    """4 is 4.0 where the field is no whole number: in labels, in files and when compared."""
    changed = record.from_dict({**record.to_dict(), field: value})
    if isinstance(next(item.default for item in fields(record) if item.name == field), float):
        return record.from_dict({**record.to_dict(), field: float(value)})
    return changed


def _value(field: str, spec: ModelSpec, config: TrainConfig) -> Any:
    return getattr(spec if hasattr(spec, field) else config, field)


def _row_of(spec: ModelSpec, dataset: str) -> str:
    """The variant that this is, for these images, or ""."""
    data = DATASETS.get(dataset)
    rows = {name: fitted(row, data) if data else row for name, row in VARIANTS.items()}
    return next((name for name, row in rows.items() if row == spec), "")
