"""What a network is (``ModelSpec``) and how it is trained (``TrainConfig``).

Both are frozen and checked when they are made; ``dataclasses.replace`` changes them. Each
field's metadata gives its range or its choices, so that forms, the command line and the
checks here cannot disagree.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from vae_studio.core.errors import SpecError

Architecture = Literal["mlp"]
Activation = Literal["relu", "leaky_relu"]
Likelihood = Literal["bernoulli", "mse"]
Schedule = Literal["constant", "cosine"]
Init = Literal["default", "xavier", "kaiming"]
Device = Literal["auto", "cpu", "cuda"]


def _between(low: float, high: float, default: Any) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _one_of(choices: Any, default: str) -> Any:
    return field(default=default, metadata={"choices": typing.get_args(choices)})


@dataclass(frozen=True)
class _Checked:
    """A frozen record whose fields are checked against their metadata, with a JSON round trip."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if "choices" in item.metadata:
                if not isinstance(value, str) or value not in item.metadata["choices"]:
                    raise SpecError(
                        "spec.choice",
                        field=item.name,
                        value=value,
                        choices=", ".join(item.metadata["choices"]),
                    )
            elif "low" in item.metadata:
                values = value if isinstance(value, tuple) else (value,)
                whole = isinstance(item.default, (int, tuple)) and not isinstance(
                    item.default, bool
                )
                for number in values:
                    _check_number(item.name, number, item.metadata, whole)
            elif isinstance(item.default, bool) and not isinstance(value, bool):
                raise SpecError("spec.type", field=item.name, value=value, expected="true or false")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; tuples become lists."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``. Unknown fields and wrong types raise ``SpecError``."""
        if not isinstance(values, Mapping):
            raise SpecError("spec.type", field=cls.__name__, value=values, expected="an object")
        known = {item.name: item for item in fields(cls)}
        unknown = min((str(name) for name in values if name not in known), default=None)
        if unknown is not None:
            raise SpecError("spec.unknown_field", field=unknown[:80], known=", ".join(known))
        given = {}
        for name, value in values.items():
            default = known[name].default
            if isinstance(default, tuple):
                if not isinstance(value, (list, tuple)):
                    raise SpecError("spec.type", field=name, value=value, expected="a list")
                value = tuple(value)
            elif isinstance(default, str) and not isinstance(value, str):
                raise SpecError("spec.type", field=name, value=value, expected="text")
            given[name] = value
        return cls(**given)


def _check_number(name: str, value: Any, limits: Mapping[str, Any], whole: bool) -> None:
    low, high = limits["low"], limits["high"]
    wanted = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        expected = "a whole number" if whole else "a number"
        raise SpecError("spec.type", field=name, value=value, expected=expected)
    if not low <= value <= high:  # nor is NaN
        raise SpecError("spec.range", field=name, value=value, low=low, high=high)


@dataclass(frozen=True)
class ModelSpec(_Checked):
    """What a network is.

    architecture: ``mlp``, fully connected.
    latent_dim: size of z.
    hidden: units of the encoder's hidden layers; the decoder mirrors them.
    activation: ``relu`` or ``leaky_relu`` (slope ``negative_slope`` below zero).
    batch_norm: batch normalisation between each hidden linear layer and its activation
        (Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167).
    hidden_dropout, latent_dropout: share of hidden units, or of z, set to zero in training.
    likelihood: ``bernoulli`` (binary cross-entropy, in nats) or ``mse`` (squared error).
    num_classes: 0 for a plain VAE; otherwise one-hot labels join x and z (a CVAE,
        Sohn et al. 2015).
    image_shape: (channels, height, width).
    """

    architecture: Architecture = _one_of(Architecture, "mlp")
    latent_dim: int = _between(1, 512, 32)
    hidden: tuple[int, ...] = _between(1, 4096, (512, 256))
    activation: Activation = _one_of(Activation, "relu")
    negative_slope: float = _between(0.0, 1.0, 0.01)
    batch_norm: bool = False
    hidden_dropout: float = _between(0.0, 0.95, 0.0)
    latent_dropout: float = _between(0.0, 0.95, 0.0)
    likelihood: Likelihood = _one_of(Likelihood, "bernoulli")
    num_classes: int = _between(0, 1000, 0)
    image_shape: tuple[int, ...] = _between(1, 512, (1, 28, 28))

    def __post_init__(self) -> None:
        for name in ("hidden", "image_shape"):
            if not isinstance(getattr(self, name), tuple):
                value = getattr(self, name)
                raise SpecError("spec.type", field=name, value=value, expected="a list")
        # Lengths come first: a stranger's list may have a million entries.
        if not 1 <= len(self.hidden) <= 4:
            raise SpecError("spec.length", field="hidden", value=len(self.hidden), low=1, high=4)
        if len(self.image_shape) == 3:
            super().__post_init__()
        if len(self.image_shape) != 3 or self.image_shape[0] not in (1, 3):
            raise SpecError(
                "spec.type",
                field="image_shape",
                value=self.image_shape[:4],
                expected="(1 or 3, height, width)",
            )

    @property
    def conditional(self) -> bool:
        """Whether the model is given a label."""
        return self.num_classes > 0

    @property
    def pixels(self) -> int:
        """Numbers in one image: channels × height × width."""
        return math.prod(self.image_shape)


@dataclass(frozen=True)
class TrainConfig(_Checked):
    """How a network is trained, with Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980).

    dataset: a name from ``vae_studio.core.data.DATASETS``.
    epochs, batch_size: passes over the training set; images for each step.
    learning_rate, schedule: rate of the first step; ``constant``, or ``cosine`` down to zero.
    beta: weight of the KL term (Higgins et al. 2017); beta_warmup: epochs over which it grows
        linearly from 0.
    weight_decay: Adam's L2 penalty. grad_clip: largest gradient norm, 0 for none.
    init: ``default`` (PyTorch's), ``xavier`` (Glorot & Bengio 2010), ``kaiming`` (He et al. 2015).
    seed: of weights, noise, dropout and order. device: ``auto`` takes a GPU where there is one.
    """

    dataset: str = "mnist"
    epochs: int = _between(1, 10_000, 20)
    batch_size: int = _between(1, 10_000, 128)
    learning_rate: float = _between(1e-7, 1.0, 2e-3)
    schedule: Schedule = _one_of(Schedule, "cosine")
    beta: float = _between(0.0, 1000.0, 1.0)
    beta_warmup: int = _between(0, 10_000, 0)
    weight_decay: float = _between(0.0, 1.0, 0.0)
    grad_clip: float = _between(0.0, 1e6, 0.0)
    init: Init = _one_of(Init, "default")
    seed: int = _between(0, 2**31 - 1, 0)
    device: Device = _one_of(Device, "auto")


def parse_assignment(text: str) -> tuple[str, Any]:
    """``"beta=4"`` -> ``("beta", 4.0)``: a field of either record, typed as its default is."""
    name, equals, raw = text.partition("=")
    known = {item.name: item for item in (*fields(ModelSpec), *fields(TrainConfig))}
    if not equals or name not in known:
        raise SpecError("spec.unknown_field", field=name, known=", ".join(known))
    default = known[name].default
    try:
        if isinstance(default, bool):
            return name, {"true": True, "false": False, "1": True, "0": False}[raw.lower()]
        if isinstance(default, tuple):
            return name, tuple(int(part) for part in raw.split(","))
        if isinstance(default, (int, float)):
            return name, type(default)(raw)
    except (ValueError, KeyError):
        expected = {bool: "true or false", int: "a whole number", float: "a number"}.get(
            type(default), "whole numbers with commas"
        )
        raise SpecError("spec.type", field=name, value=raw, expected=expected) from None
    return name, raw
