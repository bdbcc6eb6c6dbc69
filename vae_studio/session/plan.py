"""What is going to be trained: a preset, and what was changed of it. Frozen; no torch.

A ``Plan`` is always one that could be trained, but for a few pairs of fields that do not go
together; ``problems`` names those. What cannot even stand in a field never enters a plan:
``with_text`` and ``with_value`` raise.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, fields, replace
from typing import Any

from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import SpecError
from vae_studio.core.spec import ModelSpec, TrainConfig, parse_assignment
from vae_studio.core.variants import VARIANTS, fitted, variant

_LAYERS = {"mlp": VARIANTS["vae-32"].hidden, "conv": VARIANTS["conv-vae"].hidden}
_FULLY_CONNECTED = 32  # px; up to here a row of dense layers does well
_WARMUP = 3  # epochs; without one, half of the latent dimensions die in the first two epochs
# As good as 20 epochs of the usual loop at a constant rate of 1e-3, in a fifth of its time or less:
# benchmarks/time_to_quality.py.
_QUICK = TrainConfig(
    epochs=7, learning_rate=4e-3, rate_warmup=1, beta_warmup=_WARMUP, mean_bias=True
)
_SPEC_FIELDS = tuple(item.name for item in fields(ModelSpec))
FIELDS: dict[str, Field[Any]] = {
    item.name: item for item in (*fields(ModelSpec), *fields(TrainConfig))
}


@dataclass(frozen=True)
class Plan:
    """variant: the preset it began with. spec, config: what is trained, and how. warmup: what the
    warm-up of β comes back to when there are enough epochs again."""

    variant: str
    spec: ModelSpec
    config: TrainConfig
    warmup: int

    def value(self, name: str) -> Any:
        """What a field of either record holds."""
        return getattr(self.spec if name in _SPEC_FIELDS else self.config, name)


def preset(name: str = "vae-32", dataset: str = "mnist") -> Plan:
    """A row of ``VARIANTS`` for these images, and how it is soon trained well.
    ``SpecError`` for a name that is none."""
    config = replace(_QUICK, dataset=dataset)
    return Plan(name, _for(dataset, variant(name)), config, _WARMUP)


def _for(dataset: str, spec: ModelSpec) -> ModelSpec:
    data = DATASETS.get(dataset)
    return spec if data is None else fitted(spec, data)


def plan_of(name: str, spec: ModelSpec, config: TrainConfig) -> Plan:
    """The plan of a run. Where its variant is unknown, the preset is the one it differs least
    from."""
    if name not in VARIANTS:
        rows = {row: _for(config.dataset, begun) for row, begun in VARIANTS.items()}
        name = min(rows, key=lambda row: len(_different(rows[row], spec)))
    return Plan(name, spec, config, config.beta_warmup)


def changed_fields(plan: Plan) -> tuple[str, ...]:
    """The fields that are not as the preset for these images has them, in the order of the
    records."""
    begun = preset(plan.variant, plan.config.dataset)
    return (*_different(begun.spec, plan.spec), *_different(begun.config, plan.config))


def _different(one: Any, other: Any) -> tuple[str, ...]:
    return tuple(
        item.name for item in fields(one) if getattr(one, item.name) != getattr(other, item.name)
    )


def with_value(plan: Plan, name: str, value: Any) -> Plan:
    """Another value in one field. ``SpecError`` where it is not allowed there.

    β has grown up by half of the run at the latest: fewer epochs shorten its warm-up, and more
    bring it back. Other images bring their shape, their classes and their likelihood along, and
    another architecture the layers that it is used with, but for what was changed by hand.
    """
    if name == "dataset":
        return _with_dataset(plan, value)
    if name == "architecture" and plan.spec.hidden == _LAYERS.get(plan.spec.architecture):
        plan = replace(plan, spec=replace(plan.spec, hidden=_LAYERS.get(value, plan.spec.hidden)))
    if name in _SPEC_FIELDS:
        return replace(plan, spec=replace(plan.spec, **{name: value}))
    config = replace(plan.config, **{name: value})
    if name == "epochs":
        config = replace(config, beta_warmup=min(plan.warmup, config.epochs // 2))
    warmup = config.beta_warmup if name == "beta_warmup" else plan.warmup
    return replace(plan, config=config, warmup=warmup)


def _with_dataset(plan: Plan, name: str) -> Plan:
    config = replace(plan.config, dataset=name)
    if name not in DATASETS:
        return replace(plan, config=config)
    data, spec = DATASETS[name], plan.spec
    before = preset(plan.variant, plan.config.dataset).spec
    after = preset(plan.variant, name).spec
    classes = len(data.class_names) if spec.conditional else 0
    if spec.num_classes == before.num_classes:
        classes = after.num_classes
    likelihood = spec.likelihood if spec.likelihood != before.likelihood else after.likelihood
    spec = replace(spec, image_shape=data.image_shape, num_classes=classes, likelihood=likelihood)
    return replace(plan, spec=spec, config=config)


def for_larger_images(plan: Plan) -> str:
    """The row that suits the plan's images better: with convolutions from 32 px on, where nothing
    was changed of a fully connected one; else the plan's own."""
    begun = preset(plan.variant, plan.config.dataset)
    if max(plan.spec.image_shape[1:]) <= _FULLY_CONNECTED or plan.spec != begun.spec:
        return plan.variant
    if plan.spec.architecture != "mlp" or plan.spec.likelihood == "mse":
        return plan.variant
    return "conv-cvae" if plan.spec.conditional else "conv-vae"


def with_text(plan: Plan, name: str, text: str) -> Plan:
    """The same from what was typed: ``0,5`` is a half where one number is wanted."""
    text = text.strip().replace("−", "-")
    if isinstance(FIELDS[name].default, float):
        text = text.replace(",", ".")
    return with_value(plan, *parse_assignment(f"{name}={text}"))


def with_texts(plan: Plan, name: str, text: str) -> tuple[Any, ...]:
    """The values of a field that were typed, one after the other: ``0.5, 1, 4``. Between lists,
    and between numbers with a comma in them, stands a semicolon: ``512, 256; 1024``."""
    apart = ";" if ";" in text or isinstance(FIELDS[name].default, tuple) else ","
    parts = [part for part in text.split(apart) if part.strip()]
    return tuple(with_text(plan, name, part).value(name) for part in parts)


def reset_field(plan: Plan, name: str) -> Plan:
    """One field as the preset has it."""
    return with_value(plan, name, preset(plan.variant, plan.config.dataset).value(name))


def problems(plan: Plan) -> dict[str, SpecError]:
    """Pairs of fields that do not go together: field -> what is wrong with it."""
    found: dict[str, SpecError] = {}
    if plan.spec.batch_norm and plan.config.batch_size < 2:
        found["batch_size"] = SpecError("plan.batch_norm", value=plan.config.batch_size)
    data = DATASETS.get(plan.config.dataset)
    if data is None:
        found["dataset"] = SpecError("plan.no_data", name=plan.config.dataset)
    else:
        classes = class_choices(data)
        if VARIANTS[plan.variant].conditional and not data.class_names:
            found["num_classes"] = SpecError(
                "plan.no_classes", variant=plan.variant, title=data.title
            )
        elif plan.spec.num_classes not in classes:
            found["num_classes"] = SpecError(
                "spec.choice",
                field="num_classes",
                value=plan.spec.num_classes,
                choices=", ".join(map(str, classes)),
            )
    if plan.config.beta_warmup > plan.config.epochs:
        found["beta_warmup"] = SpecError(
            "plan.warmup", value=plan.config.beta_warmup, epochs=plan.config.epochs
        )
    return found


def class_choices(data: DatasetInfo) -> tuple[int, ...]:
    """Numbers of classes that a model of these images can be told: none, or all."""
    return (0, len(data.class_names)) if data.class_names else (0,)


def choices(name: str, plan: Plan | None = None) -> tuple[Any, ...]:
    """The values that a field can have, where these are few; else (). plan: that it is part of;
    MNIST's without one."""
    if name == "dataset":
        return tuple(DATASETS)
    if name == "num_classes":
        dataset = plan.config.dataset if plan else "mnist"
        return class_choices(DATASETS[dataset]) if dataset in DATASETS else (0,)
    return tuple(FIELDS[name].metadata.get("choices", ()))


def text_of(value: Any) -> str:
    """A value as it may be typed: the inverse of ``with_text``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
