"""What a network is (``ModelSpec``) and how it is trained (``TrainConfig``).

Both are frozen and checked when they are made; ``dataclasses.replace`` changes them. Each
field's metadata gives its name, range or choices, unit and a sentence with its formula, so that
forms, the command line and the checks here cannot disagree:

label, help: for people, to be translated in context ``Fields``. low, high: both ends are allowed.
choices: of a text. unit: behind the number. step: of a form's arrows; "log" for factors.
"""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

from vae_studio.core.errors import SpecError

Architecture = Literal["mlp", "conv"]
Activation = Literal["relu", "leaky_relu"]
Likelihood = Literal["bernoulli", "mse", "gaussian"]
Schedule = Literal["constant", "cosine"]
Reduction = Literal["sum", "mean"]
Init = Literal["default", "xavier", "kaiming"]
Device = Literal["auto", "cpu", "cuda"]
Step = float | Literal["log"]


def _between(
    low: float, high: float, default: Any, label: str, text: str, unit: str = "", step: Step = 1
) -> Any:
    values = {"low": low, "high": high, "label": label, "help": text, "unit": unit, "step": step}
    return field(default=default, metadata=values)


def _one_of(choices: Any, default: str, label: str, text: str) -> Any:
    values = {"choices": typing.get_args(choices), "label": label, "help": text}
    return field(default=default, metadata=values)


def _switch(default: bool, label: str, text: str) -> Any:
    return field(default=default, metadata={"label": label, "help": text})


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

    architecture: ``mlp``, fully connected; ``conv``, convolutions that halve the sides.
    latent_dim: size of z.
    hidden: units of the encoder's hidden layers, or channels of its convolutions; the decoder
        mirrors them.
    activation: ``relu`` or ``leaky_relu`` (slope ``negative_slope`` below zero).
    batch_norm: batch normalisation between each hidden linear layer and its activation
        (Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167).
    hidden_dropout, latent_dropout: share of hidden units, or of z, set to zero in training.
    likelihood: ``bernoulli`` (binary cross-entropy, in nats), ``mse`` (squared error) or
        ``gaussian`` (its variance learned, in nats).
    num_classes: 0 for a plain VAE; otherwise one-hot labels join x and z (a CVAE,
        Sohn et al. 2015).
    image_shape: (channels, height, width).
    """

    architecture: Architecture = _one_of(
        Architecture,
        "mlp",
        "Architecture",
        "mlp: fully connected layers; conv: convolutions, for pictures larger than a digit",
    )
    latent_dim: int = _between(
        1, 512, 32, "Latent dimensions", "Size of z. Too few blur; what is too many stays unused"
    )
    hidden: tuple[int, ...] = _between(
        1,
        4096,
        (512, 256),
        "Hidden layers",
        "Units of the encoder's layers, or channels of its convolutions, each of which halves "
        "the sides; the decoder mirrors them",
    )
    activation: Activation = _one_of(
        Activation, "relu", "Activation", "relu: max(0, a); leaky_relu: max(a, slope · a)"
    )
    negative_slope: float = _between(
        0.0, 1.0, 0.01, "Slope", "Of leaky ReLU for a < 0: slope · a", step=0.05
    )
    batch_norm: bool = _switch(
        False, "Batch norm", "(a − mean) / √(variance + ε) over the batch, after each hidden layer"
    )
    hidden_dropout: float = _between(
        0.0,
        0.95,
        0.0,
        "Hidden dropout",
        "Share of hidden units set to 0 in training; the others are divided by 1 − share",
        step=0.05,
    )
    latent_dropout: float = _between(
        0.0,
        0.95,
        0.0,
        "Dropout on z",
        "Share of z set to 0 in training; the others are divided by 1 − share",
        step=0.05,
    )
    likelihood: Likelihood = _one_of(
        Likelihood,
        "bernoulli",
        "Reconstruction loss",
        "bernoulli: binary cross-entropy −Σ x·log x̂ + (1 − x)·log(1 − x̂), in nats; "
        "mse: squared error Σ (x − x̂)²; "
        "gaussian: −Σ log N(x; x̂, σ²) with σ learned, in nats, for photographs",
    )
    num_classes: int = _between(
        0,
        1000,
        0,
        "Classes",
        "0: a plain VAE. All of the data set's: a CVAE, which is also given the class, p(x | z, y)",
    )
    image_shape: tuple[int, ...] = _between(
        1, 512, (1, 28, 28), "Image shape", "Channels, height, width", "px"
    )

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
    def in_nats(self) -> bool:
        """Whether the reconstruction term is a log-likelihood, so that with KL it is the −ELBO."""
        return self.likelihood != "mse"

    @property
    def pixels(self) -> int:
        """Numbers in one image: channels × height × width."""
        return math.prod(self.image_shape)


@dataclass(frozen=True)
class TrainConfig(_Checked):
    """How a network is trained, with Adam (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980).

    dataset: a name from ``vae_studio.core.datasets.table.DATASETS``.
    train_size: so many training images are used, the first ones; 0 for all.
    epochs, batch_size: passes over the training set; images for each step.
    learning_rate, schedule: the largest rate; ``constant``, or ``cosine`` down to zero.
    rate_warmup: epochs over which the rate first grows linearly from 0; half of them all at most.
    beta: weight of the KL term (Higgins et al. 2017); beta_warmup: epochs over which it grows
        linearly from 0. reduction: of the reconstruction over pixels, in what is minimised;
        ``mean`` is a common mistake, here to be seen. Losses are always reported as sums.
    weight_decay: Adam's L2 penalty. grad_clip: largest gradient norm, 0 for none.
    init: ``default`` (PyTorch's), ``xavier`` (Glorot & Bengio 2010), ``kaiming`` (He et al. 2015).
    mean_bias: the last bias begins at the log-odds of the mean training image.
    seed: of weights, noise, dropout and order. device: ``auto`` takes a GPU where there is one.
    """

    dataset: str = field(default="mnist", metadata={"label": "Data set", "help": "Images to learn"})
    train_size: int = _between(
        0,
        10_000_000,
        0,
        "Training images",
        "So many are used, the first ones; 0 for all. A few hundred show overfitting in a minute",
        "images",
        step=500,
    )
    epochs: int = _between(1, 10_000, 20, "Epochs", "Passes over the training images")
    batch_size: int = _between(
        1, 10_000, 128, "Batch size", "Images for each step of Adam", "images", step=16
    )
    learning_rate: float = _between(
        1e-7,
        100.0,
        2e-3,
        "Learning rate",
        "The largest: θ ← θ − rate · m / (√v + ε)",
        step="log",
    )
    schedule: Schedule = _one_of(
        Schedule,
        "cosine",
        "Schedule",
        "constant, or cosine: rate · ½ (1 + cos(π · step / steps)), down to 0",
    )
    rate_warmup: int = _between(
        0,
        10_000,
        0,
        "Warm-up of rate",
        "The rate grows linearly from 0 over so many epochs, half of the run at most; it bears a "
        "larger rate afterwards",
        "epochs",
    )
    beta: float = _between(
        0.0,
        1000.0,
        1.0,
        "β",
        "Weight of KL: loss = reconstruction + β · KL. 1 is the −ELBO",
        step=0.25,
    )
    beta_warmup: int = _between(
        0,
        10_000,
        0,
        "Warm-up of β",
        "β grows linearly from 0 over so many epochs; it keeps dimensions from dying",
        "epochs",
    )
    reduction: Reduction = _one_of(
        Reduction,
        "sum",
        "Over pixels",
        "sum: as the −ELBO asks; mean: divides the reconstruction by the number of pixels, "
        "as if β were so many times larger: the commonest mistake",
    )
    weight_decay: float = _between(
        0.0, 1.0, 0.0, "Weight decay", "Adam's L2 penalty: gradient + decay · θ", step="log"
    )
    grad_clip: float = _between(
        0.0, 1e6, 0.0, "Gradient clipping", "Largest norm ‖g‖ of the gradient; 0 for none"
    )
    init: Init = _one_of(
        Init,
        "default",
        "Initial weights",
        "default: PyTorch's; xavier: variance 2 / (in + out); kaiming: 2 / in, for ReLU",
    )
    mean_bias: bool = _switch(
        False,
        "Mean-image bias",
        "The last bias begins at the log-odds of the mean training image, log(p / (1 − p)): the "
        "first steps need not find it",
    )
    seed: int = _between(
        0, 2**31 - 1, 0, "Seed", "Of weights, noise and order: the same seed trains the same model"
    )
    device: Device = _one_of(Device, "auto", "Device", "auto takes a GPU where there is one")


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
