"""``COLUMNS``: every column of the table is a row here. Context ``Runs``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from vae_studio.core.annotations import Annotations
from vae_studio.core.errors import StudioError
from vae_studio.core.runs import RunInfo, clean_name
from vae_studio.core.spec import Likelihood
from vae_studio.ui.captions import duration
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.runs.texts import created_at, created_text, differences


@dataclass(frozen=True)
class Row:
    """One run. error: why its notes cannot be read. in_training: in this window."""

    info: RunInfo
    annotations: Annotations
    error: StudioError | None = None
    in_training: bool = False

    @property
    def is_own(self) -> bool:
        """Whether it may be renamed, and noted upon."""
        return not self.info.bundled

    @cached_property
    def differs(self) -> str:
        """What is not as usual; asked for again and again while a table is sorted."""
        return " · ".join(differences(self.info))


@dataclass(frozen=True)
class Key:
    """What a column is sorted by. group: comes first, and never turns round: runs whose figures
    cannot be compared stand apart, and those without one at the end."""

    group: tuple[Any, ...]
    value: Any = 0


_LAST = Key((9,))


@dataclass(frozen=True)
class Column:
    """title and tip: before translation. text, key: of a cell. hint: its tooltip, where the text
    is not enough. width: px. grow: share of the room that is left; with it, ``width`` is the least.
    """

    name: str
    title: str
    tip: str
    text: Callable[[Row], str]
    key: Callable[[Row], Key]
    width: int
    hint: Callable[[Row], str] | None = None
    is_number: bool = False
    grow: int = 0
    shown: bool = True


def _tr(text: str) -> str:
    return QCoreApplication.translate("Runs", text)


def _by_text(text: Callable[[Row], str]) -> Callable[[Row], Key]:
    def key(row: Row) -> Key:
        found = text(row).casefold()
        return Key((0,), found) if found else _LAST

    return key


def _by_number(value: Callable[[Row], float | None]) -> Callable[[Row], Key]:
    def key(row: Row) -> Key:
        found = value(row)
        return _LAST if found is None else Key((0,), found)

    return key


def _kind(row: Row) -> tuple[Any, ...]:
    """Of likelihood and data: only within these a loss is less or more than another."""
    spec, dataset = row.info.spec, row.info.config.dataset
    likelihood = get_args(Likelihood).index(spec.likelihood)
    return (likelihood, int(dataset != "mnist"), dataset, spec.image_shape)


def _by_loss(value: Callable[[Row], float]) -> Callable[[Row], Key]:
    def key(row: Row) -> Key:
        return Key(_kind(row), value(row)) if row.info.evaluation else _LAST

    return key


def _figure(value: Callable[[Any], float | None]) -> Callable[[Row], float | None]:
    return lambda row: value(row.info.evaluation) if row.info.evaluation else None


def _status(row: Row) -> str:
    if row.in_training:
        return _tr("in training")
    if row.info.status == "running":
        return _tr("in training elsewhere")
    return _tr(_STATUS[row.info.status])


def _elbo(row: Row) -> str:
    evaluation = row.info.evaluation
    if evaluation is None:
        return ""
    if row.info.spec.in_nats:
        return _tr("{value} nats").format(value=f"{evaluation.negative_elbo:.1f}")
    return _tr("MSE + KL {value}").format(value=f"{evaluation.negative_elbo:.1f}")


def _elbo_hint(row: Row) -> str:
    if row.info.evaluation is None:
        return _tr("Not measured yet")
    if row.info.spec.in_nats:
        return _tr("On the test set, after epoch {epoch}").format(epoch=row.info.evaluated_epoch)
    return _tr(
        "Squared error + KL: a sum of two units, no −ELBO in nats. Compare it with runs of the "
        "same likelihood only; “Sq. error / pixel” compares all."
    )


def _reconstruction(row: Row) -> str:
    evaluation = row.info.evaluation
    if evaluation is None:
        return ""
    nats = row.info.spec.in_nats
    text = _tr("{value} nats") if nats else _tr("{value} sq. error")
    return text.format(value=f"{evaluation.terms.reconstruction:.1f}")


def _pixel_error(row: Row) -> float | None:
    evaluation = row.info.evaluation
    return evaluation.squared_error / row.info.spec.pixels if evaluation else None


def _active(row: Row) -> str:
    evaluation = row.info.evaluation
    return f"{evaluation.active_units} / {row.info.spec.latent_dim}" if evaluation else ""


def _number(value: Callable[[Row], float | None], form: str) -> Callable[[Row], str]:
    def text(row: Row) -> str:
        found = value(row)
        return "" if found is None else format(found, form)

    return text


def _tags(row: Row) -> str:
    return ", ".join(row.annotations.tags)


def _tags_hint(row: Row) -> str:
    if row.error is not None:
        return error_sentence(row.error)
    if row.info.bundled:
        return _tr("This model ships with the app and stays as it is: no tags, no notes.")
    text = _tags(row)
    hint = _tr("Double click or Shift+F2: tags, with commas between them")
    return f"{text}\n{hint}" if text else hint


def _variant(row: Row) -> str:
    return clean_name(row.info.variant)[:60]


_STATUS = {
    "interrupted": QT_TRANSLATE_NOOP("Runs", "interrupted"),
    "finished": QT_TRANSLATE_NOOP("Runs", "finished"),
    "stopped": QT_TRANSLATE_NOOP("Runs", "stopped"),
    "failed": QT_TRANSLATE_NOOP("Runs", "failed"),
}
_kl = _figure(lambda evaluation: evaluation.terms.kl)

COLUMNS: tuple[Column, ...] = (
    Column(
        "picture",
        QT_TRANSLATE_NOOP("Runs", "Samples"),
        QT_TRANSLATE_NOOP("Runs", "Three fixed points of the prior, decoded after the last epoch"),
        text=lambda row: "",
        key=lambda row: Key((0,)),
        width=100,
    ),
    Column(
        "name",
        QT_TRANSLATE_NOOP("Runs", "Name"),
        QT_TRANSLATE_NOOP("Runs", "What the run is called; F2 gives it another name"),
        text=lambda row: row.info.name,
        key=_by_text(lambda row: row.info.name),
        width=140,
        hint=lambda row: f"{row.info.name}\n{row.info.path}",
        grow=2,
    ),
    Column(
        "variant",
        QT_TRANSLATE_NOOP("Runs", "Variant"),
        QT_TRANSLATE_NOOP("Runs", "The model of the tutorial that it was started from"),
        text=_variant,
        key=_by_text(_variant),
        width=124,
    ),
    Column(
        "differs",
        QT_TRANSLATE_NOOP("Runs", "What differs"),
        QT_TRANSLATE_NOOP("Runs", "All that is not as in the variant, and as usual in training"),
        text=lambda row: row.differs,
        key=_by_text(lambda row: row.differs),
        width=150,
        grow=4,
    ),
    Column(
        "elbo",
        "−ELBO",
        QT_TRANSLATE_NOOP(
            "Runs",
            "Reconstruction + KL on the test set, β = 1; less is better. Sorted within each "
            "likelihood: nats and squared error cannot be compared",
        ),
        text=_elbo,
        key=_by_loss(lambda row: row.info.evaluation.negative_elbo if row.info.evaluation else 0),
        width=128,
        hint=_elbo_hint,
        is_number=True,
    ),
    Column(
        "reconstruction",
        QT_TRANSLATE_NOOP("Runs", "Reconstruction"),
        QT_TRANSLATE_NOOP("Runs", "On the test set, each with its unit; sorted within each unit"),
        text=_reconstruction,
        key=_by_loss(
            lambda row: row.info.evaluation.terms.reconstruction if row.info.evaluation else 0
        ),
        width=122,
        is_number=True,
    ),
    Column(
        "kl",
        QT_TRANSLATE_NOOP("Runs", "KL (nats)"),
        QT_TRANSLATE_NOOP("Runs", "From the code to the prior, on the test set, in nats"),
        text=_number(_kl, ".1f"),
        key=_by_number(_kl),
        width=76,
        is_number=True,
    ),
    Column(
        "pixel",
        QT_TRANSLATE_NOOP("Runs", "Sq. error / pixel"),
        QT_TRANSLATE_NOOP(
            "Runs", "Squared error of one pixel on the test set: compares runs of every likelihood"
        ),
        text=_number(_pixel_error, ".4f"),
        key=_by_number(_pixel_error),
        width=112,
        is_number=True,
    ),
    Column(
        "active",
        QT_TRANSLATE_NOOP("Runs", "Active"),
        QT_TRANSLATE_NOOP("Runs", "Latent dimensions that carry something, of all there are"),
        text=_active,
        key=_by_number(_figure(lambda evaluation: evaluation.active_units)),
        width=70,
        is_number=True,
    ),
    Column(
        "epochs",
        QT_TRANSLATE_NOOP("Runs", "Epochs"),
        QT_TRANSLATE_NOOP("Runs", "Complete ones, of those that are planned"),
        text=lambda row: f"{row.info.epoch} / {row.info.config.epochs}",
        key=_by_number(lambda row: row.info.epoch),
        width=74,
        is_number=True,
    ),
    Column(
        "status",
        QT_TRANSLATE_NOOP("Runs", "Status"),
        QT_TRANSLATE_NOOP("Runs", "How the training ended, or that it goes on"),
        text=_status,
        key=_by_text(_status),
        width=84,
    ),
    Column(
        "seconds",
        QT_TRANSLATE_NOOP("Runs", "Time"),
        QT_TRANSLATE_NOOP("Runs", "Of all complete epochs, tests included"),
        text=lambda row: duration(row.info.seconds),
        key=_by_number(lambda row: row.info.seconds),
        width=96,
        is_number=True,
    ),
    Column(
        "created",
        QT_TRANSLATE_NOOP("Runs", "Created"),
        QT_TRANSLATE_NOOP("Runs", "When the training began"),
        text=lambda row: created_text(row.info),
        key=_by_number(lambda row: created_at(row.info)),
        width=132,
    ),
    Column(
        "tags",
        QT_TRANSLATE_NOOP("Runs", "Tags"),
        QT_TRANSLATE_NOOP("Runs", "Your own words for it; double click or Shift+F2 edits them"),
        text=_tags,
        key=_by_text(_tags),
        width=100,
        hint=_tags_hint,
        grow=1,
    ),
)
PLACE = {column.name: place for place, column in enumerate(COLUMNS)}
