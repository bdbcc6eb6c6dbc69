"""Short texts that name things: snapshots, models, losses. Translated in context ``Captions``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from vae_studio.core.spec import ModelSpec

if TYPE_CHECKING:
    from vae_studio.core.runs import RunInfo
    from vae_studio.core.snapshot import Snapshot

_LIKELIHOODS = {"bernoulli": "BCE", "mse": "MSE", "gaussian": "Gaussian"}


def snapshot_caption(snapshot: Snapshot) -> str:
    """Which weights made a picture: ``vae-32, epoch 50``; within an epoch, the step."""
    if snapshot.evaluation is None:
        text = QCoreApplication.translate("Captions", "{name}, step {step}")
    else:
        text = QCoreApplication.translate("Captions", "{name}, epoch {epoch}")
    return text.format(name=snapshot.name, epoch=snapshot.epoch, step=snapshot.step)


def spec_summary(spec: ModelSpec) -> str:
    """What kind of network: ``32 dims, BCE, batch norm``."""
    translate = QCoreApplication.translate
    parts = [translate("Captions", "{n} dims").format(n=spec.latent_dim)]
    if spec.architecture == "conv":
        parts.append(translate("Captions", "convolutions"))
    parts.append(_LIKELIHOODS[spec.likelihood])
    if spec.conditional:
        parts.append(translate("Captions", "{n} classes").format(n=spec.num_classes))
    if spec.batch_norm:
        parts.append(translate("Captions", "batch norm"))
    if spec.latent_dropout:
        parts.append(translate("Captions", "z dropout {p:g}").format(p=spec.latent_dropout))
    if spec.hidden_dropout:
        parts.append(translate("Captions", "dropout {p:g}").format(p=spec.hidden_dropout))
    if spec.activation == "leaky_relu":
        parts.append("LeakyReLU")
    return ", ".join(parts)


def quality(info: RunInfo, in_training: bool = False) -> str:
    """How good a run is: ``−ELBO 97.6``; for MSE models the sum has no unit of its own."""
    if in_training:
        return QCoreApplication.translate("Captions", "in training")
    if info.status == "running":
        return QCoreApplication.translate("Captions", "in training elsewhere")
    if info.evaluation is None and info.status == "interrupted":
        return QCoreApplication.translate("Captions", "interrupted")
    if info.evaluation is None:
        return QCoreApplication.translate("Captions", "not measured yet")
    name = "−ELBO" if info.spec.in_nats else "MSE + KL"
    return f"{name} {info.evaluation.negative_elbo:.1f}"


def unit(spec: ModelSpec) -> str:
    """Of the reconstruction loss."""
    translate = QCoreApplication.translate
    return translate("Captions", "nats") if spec.in_nats else translate("Captions", "squared error")


def duration(seconds: float) -> str:
    """``41 s``, ``3 min 20 s``, ``2 h 5 min``."""
    whole = round(seconds)
    if whole < 60:
        return QCoreApplication.translate("Captions", "{s} s").format(s=whole)
    if whole < 3600:
        text = QCoreApplication.translate("Captions", "{m} min {s} s")
        return text.format(m=whole // 60, s=whole % 60)
    text = QCoreApplication.translate("Captions", "{h} h {m} min")
    return text.format(h=whole // 3600, m=whole % 3600 // 60)
