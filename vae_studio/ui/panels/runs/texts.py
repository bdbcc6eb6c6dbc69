"""What a cell says: what differs in a configuration, when a run was made. Context ``Runs``."""

from __future__ import annotations

import html
from dataclasses import fields
from datetime import datetime
from typing import Any

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from vae_studio.core.runs import RunInfo, clean_name
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.session.plan import preset

_PARTS = 40  # characters of one value; of a data set's name, which may be anything
_LATEST = 253402000000  # s; near the end of the year 9999, where calendars end

# Said otherwise than by their own names. {value} is filled in.
_FIELDS = {
    "latent_dim": QT_TRANSLATE_NOOP("Runs", "{value} dims"),
    "hidden": QT_TRANSLATE_NOOP("Runs", "hidden {value}"),
    "negative_slope": QT_TRANSLATE_NOOP("Runs", "slope {value}"),
    "hidden_dropout": QT_TRANSLATE_NOOP("Runs", "dropout {value}"),
    "latent_dropout": QT_TRANSLATE_NOOP("Runs", "dropout on z {value}"),
    "num_classes": QT_TRANSLATE_NOOP("Runs", "{value} classes"),
    "image_shape": QT_TRANSLATE_NOOP("Runs", "images {value}"),
    "dataset": QT_TRANSLATE_NOOP("Runs", "data {value}"),
    "batch_size": QT_TRANSLATE_NOOP("Runs", "batch {value}"),
    "learning_rate": QT_TRANSLATE_NOOP("Runs", "rate {value}"),
    "schedule": QT_TRANSLATE_NOOP("Runs", "{value} rate"),
    "rate_warmup": QT_TRANSLATE_NOOP("Runs", "rate's warm-up {value}"),
    "beta": QT_TRANSLATE_NOOP("Runs", "β {value}"),
    "beta_warmup": QT_TRANSLATE_NOOP("Runs", "warm-up {value}"),
    "grad_clip": QT_TRANSLATE_NOOP("Runs", "gradient norm ≤ {value}"),
    "init": QT_TRANSLATE_NOOP("Runs", "{value} weights"),
}
_OFF = {
    "mean_bias": QT_TRANSLATE_NOOP("Runs", "usual last bias"),
    "batch_norm": QT_TRANSLATE_NOOP("Runs", "no batch norm"),
}
_ON = {
    "mean_bias": QT_TRANSLATE_NOOP("Runs", "bias of the mean image"),
    "batch_norm": QT_TRANSLATE_NOOP("Runs", "batch norm"),
}
_VALUES = {"bernoulli": "BCE", "mse": "MSE", "relu": "ReLU", "leaky_relu": "LeakyReLU"}
_SILENT = ("epochs", "device")  # one has a column, the other changes no model


def differences(info: RunInfo) -> tuple[str, ...]:
    """What is not as in the run's variant, or as usual where it has none: ``β 4``, ``warm-up 5``.

    Of the training, what is not as the window trains, or as the command line does: whichever it is
    closer to.
    """
    trained = (_not_as(usual, info.config) for usual in (preset().config, TrainConfig()))
    found = [_said(name, getattr(info.config, name)) for name in min(trained, key=len)]
    usual = VARIANTS.get(info.variant, ModelSpec())
    for item in fields(ModelSpec):
        value = getattr(info.spec, item.name)
        if value != getattr(usual, item.name):
            found.append(_said(item.name, value))
    if info.journal:
        text = QCoreApplication.translate("Runs", "{n} × changed while it ran")
        found.append(text.format(n=len(info.journal)))
    return tuple(found)


def _not_as(usual: TrainConfig, config: TrainConfig) -> list[str]:
    return [
        item.name
        for item in fields(TrainConfig)
        if item.name not in _SILENT and getattr(config, item.name) != getattr(usual, item.name)
    ]


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        plain = name.replace("_", " ")
        text = _ON.get(name, plain) if value else _OFF.get(name, f"no {plain}")
        return QCoreApplication.translate("Runs", text)
    template = _FIELDS.get(name, name.replace("_", " ") + " {value}")
    return QCoreApplication.translate("Runs", template).format(value=_short(value))


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return " × ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:.6g}"
    text = clean_name(str(value))
    return _VALUES.get(text, text if len(text) <= _PARTS else text[: _PARTS - 1] + "…")


def created_at(info: RunInfo) -> float | None:
    """Seconds since 1970; None where ``config.json`` names no such time."""
    try:
        seconds = datetime.fromisoformat(info.created[:40]).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return seconds if 0 <= seconds <= _LATEST else None


def created_text(info: RunInfo) -> str:
    """Day and time here."""
    seconds = created_at(info)
    if seconds is None:
        return clean_name(info.created)[:20]
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def tooltip(text: str) -> str:
    """A tooltip in which a run's name is never read as markup; it wraps."""
    return f"<qt>{html.escape(text, quote=False)}</qt>".replace("\n", "<br>") if text else ""
