"""What is said of data sets: sizes, places, reasons. Translated in context ``Data``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.sets_folder import stored_bytes, stored_folder
from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.errors import StudioError
from vae_studio.core.spec import Likelihood
from vae_studio.ui.messages import error_sentence

if TYPE_CHECKING:
    from vae_studio.core.datasets.skipped import Skipped

_MANY = 12  # names of classes that are listed


def _tr(text: str) -> str:
    return QCoreApplication.translate("Data", text)


def shape_text(info: DatasetInfo) -> str:
    """``70,000 images, 28 × 28 grey, 10 classes``."""
    channels, height, width = info.image_shape
    grey, colour = _tr("{w} × {h} grey"), _tr("{w} × {h} colour")
    parts = [
        _tr("{n} images").format(n=f"{info.train + info.test:,}"),
        (grey if channels == 1 else colour).format(w=width, h=height),
        classes_text(len(info.class_names)),
    ]
    return ", ".join(parts)


def short_text(info: DatasetInfo) -> str:
    """``70,000 · 28 × 28 grey · 10 classes``."""
    return f"{info.train + info.test:,} · " + " · ".join(shape_text(info).split(", ")[1:])


def classes_text(count: int) -> str:
    """``10 classes``; ``no labels``."""
    if count == 1:
        return _tr("1 class")
    return _tr("{n} classes").format(n=count) if count else _tr("no labels")


def megabytes(size: float) -> str:
    """``59.8 MB``; ``1.2 GB``."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"


def place_text(info: DatasetInfo, short: bool = False) -> str:
    """Where it is. short: "" for what cannot be removed."""
    if info.name not in DATASETS:
        size = sum(file.size for file in KNOWN[info.name].files) if info.name in KNOWN else 0
        return _tr("Not here yet; {size} to download").format(size=megabytes(size))
    if stored_folder(info) is None:
        return "" if short else _tr("Comes with the app")
    return _tr("{size} on disk").format(size=megabytes(stored_bytes(info)))


def likelihood_text(likelihood: Likelihood, extremes: float) -> str:
    """Which likelihood fits, and why."""
    share = f"{extremes:.0%}"
    if likelihood == "bernoulli":
        return _tr(
            "{share} of the values are near black or white, like ink on paper: Bernoulli fits."
        ).format(share=share)
    return _tr(
        "Only {share} of the values are near black or white: these are shades, and a Gaussian "
        "whose variance is learned fits."
    ).format(share=share)


def facts(info: DatasetInfo) -> list[tuple[str, str]]:
    """All that is known of a set: what, and that."""
    rows = [
        (
            _tr("Images"),
            _tr("{train} to learn, {test} to test").format(
                train=f"{info.train:,}", test=f"{info.test:,}"
            ),
        ),
        (_tr("Size"), shape_text(info).split(", ")[1]),
        (_tr("Classes"), _class_names(info)),
        (_tr("Place"), place_text(info)),
        (_tr("Licence"), info.licence or _tr("unknown: as of the pictures")),
        (_tr("Source"), info.source),
        (_tr("Loss"), likelihood_text(info.likelihood, info.extremes)),
    ]
    if info.settings is not None:
        rows.append((_tr("Import"), settings_text(info.settings)))
    rows.append((_tr("Name"), info.name))
    return [(name, text) for name, text in rows if text]


def _class_names(info: DatasetInfo) -> str:
    names = info.class_names
    if not names:
        return _tr("none: the pictures have no labels")
    listed = ", ".join(names[:_MANY])
    return (
        listed
        if len(names) <= _MANY
        else _tr("{listed} … ({n} in all)").format(listed=listed, n=len(names))
    )


def reason_text(skipped: Skipped) -> str:
    """Why something was left out; what it is stands beside that."""
    path = {"path": _tr("This file")} if "path" in skipped.params else {}
    return error_sentence(StudioError(skipped.code, **{**skipped.params, **path}))


def settings_text(settings: ImportSettings) -> str:
    """How pictures became images."""
    fits = {"pad": _tr("padded"), "crop": _tr("cropped"), "stretch": _tr("stretched")}
    papers = {"black": _tr("on black"), "white": _tr("on white")}
    parts = [_tr("centred as MNIST") if settings.centre else fits[settings.fit]]
    parts.append(papers[settings.background])
    if settings.invert:
        parts.append(_tr("inverted"))
    parts.append(_tr("seed {n}").format(n=settings.seed))
    return ", ".join(parts)
