"""What the doctor says: findings, and the remedies that one click applies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vae_studio.core.spec import ModelSpec, TrainConfig

Kind = Literal["change", "restart", "branch"]
Severity = Literal["warning", "serious"]

SAFE_RATE = TrainConfig().learning_rate  # the one that every variant trains well with
_DROPOUT, _DECAY, _CLIP, _WARM_UP = 0.3, 1e-3, 1.0, 10


@dataclass(frozen=True)
class Remedy:
    """One click. kind: ``change`` a value in the running training (``TrainControl.set``),
    ``restart`` from the same initial weights with other settings, or ``branch``: go on in a new
    run from the end of epoch ``epoch``. spec, config: the fields that change, and nothing else."""

    code: str
    kind: Kind
    spec: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    epoch: int | None = None


@dataclass(frozen=True)
class Finding:
    """What is wrong, as of a step.

    params: the numbers of its sentence; ``cause``, where there is one, names a sentence of its
    own. remedies: the likeliest first.
    """

    code: str
    epoch: int
    step: int
    params: Mapping[str, Any]
    severity: Severity
    remedies: tuple[Remedy, ...]


def scale_of(spec: ModelSpec, config: TrainConfig) -> int:
    """How many times heavier the KL weighs than β says: pixels where the reconstruction is
    averaged over them, else 1."""
    return spec.pixels if config.reduction == "mean" else 1


def calmer(rate: float) -> float:
    """A third of a rate, and never more than ``SAFE_RATE``."""
    return max(1e-7, _short(min(rate / 3.0, SAFE_RATE)))


def _short(value: float) -> float:
    """To three digits, as a person would type it."""
    return float(f"{value:.3g}")


def for_collapse(cause: str, config: TrainConfig, beta: float, scale: int) -> tuple[Remedy, ...]:
    """β · scale = 1 is the −ELBO; where it is that already, a quarter of it."""
    lower = _short(1.0 / scale if beta * scale > 1.5 else beta / 4.0)
    lower_beta = Remedy("lower_beta", "change", config={"beta": lower})
    warm_up = Remedy(
        "warm_up",
        "restart",
        config={
            "beta": min(beta, _short(1.0 / scale)),
            "beta_warmup": min(
                10_000, max(1, min(_WARM_UP, config.epochs // 3), 2 * config.beta_warmup)
            ),
        },
    )
    return (lower_beta, warm_up) if cause == "beta" else (warm_up, lower_beta)


def for_scale(config: TrainConfig, scale: int) -> tuple[Remedy, ...]:
    """What sums over pixels again, or makes β as small as the mean asks."""
    return (
        Remedy("sum_over_pixels", "restart", config={"reduction": "sum"}),
        Remedy("lower_beta", "change", config={"beta": _short(min(1.0, config.beta) / scale)}),
    )


def for_low_beta(scale: int) -> tuple[Remedy, ...]:
    """Back to the −ELBO."""
    config = {"beta": _short(1.0 / scale)}
    return (
        Remedy("raise_beta", "change", config=config),
        Remedy("full_beta", "restart", config=config),
    )


def for_overfitting(spec: ModelSpec, config: TrainConfig, best: int) -> tuple[Remedy, ...]:
    """More images where there are more, else regularisation, from the start or the best epoch."""
    dropout = {"hidden_dropout": max(_DROPOUT, spec.hidden_dropout)}
    decay = {"weight_decay": max(_DECAY, config.weight_decay)}
    remedies = (
        Remedy("back_to_best", "branch", spec=dropout, config=decay, epoch=best),
        Remedy("regularise", "restart", spec=dropout, config=decay),
    )
    if config.train_size:
        return (Remedy("all_images", "restart", config={"train_size": 0}), *remedies)
    return remedies


def for_rate(rate: float, wrecked: bool) -> tuple[Remedy, ...]:
    """wrecked: whether the weights are beyond what a lower rate alone would mend."""
    config = {"learning_rate": calmer(rate)}
    lower = Remedy("lower_rate", "change", config=config)
    restart = Remedy("restart_slower", "restart", config=config)
    return (restart, lower) if wrecked else (lower, restart)


def for_units(rate: float) -> tuple[Remedy, ...]:
    """Units that died do not come back, so both begin anew; leaky units cannot die."""
    return (
        Remedy("restart_slower", "restart", config={"learning_rate": calmer(rate)}),
        Remedy("leaky_units", "restart", spec={"activation": "leaky_relu", "negative_slope": 0.2}),
    )


def for_large_units(rate: float) -> tuple[Remedy, ...]:
    """A lower rate from the start, also with small steps where a gradient is large."""
    return (
        Remedy("restart_slower", "restart", config={"learning_rate": calmer(rate)}),
        _clipped("clip_gradients", "restart", rate),
    )


def for_not_finite(rate: float, last_good: int) -> tuple[Remedy, ...]:
    """last_good: the last whole epoch with figures that are numbers, 0 for none."""
    restart = _clipped("clip_gradients", "restart", rate)
    if not last_good:
        return (restart,)
    return (_clipped("back_to_good", "branch", rate, last_good), restart)


def _clipped(code: str, kind: Kind, rate: float, epoch: int | None = None) -> Remedy:
    config = {"learning_rate": calmer(rate), "grad_clip": _CLIP}
    return Remedy(code, kind, config=config, epoch=epoch)
