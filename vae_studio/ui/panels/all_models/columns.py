"""``COLUMNS``: what the table says of each model; the table as text. Context ``AllModels``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from vae_studio.session.drawing_jobs import InputMeasure
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.classes import a_class, class_name, in_short
from vae_studio.ui.measuring import Entry
from vae_studio.ui.messages import error_sentence


@dataclass(frozen=True)
class Column:
    """title, tip: before translation. value: of a figure, None for what is
    none. rank: what the least is looked for in, where that is not the value. width: px; narrow,
    short: width and title where there is little room. head: in a file, where a column says all.
    """

    name: str
    title: str
    tip: str
    width: int
    narrow: int
    short: str = ""
    decimals: int = 1
    value: Callable[[InputMeasure], float] | None = None
    rank: Callable[[InputMeasure], float] | None = None
    head: str = ""


def translated(text: str) -> str:
    """In this table's context."""
    return QCoreApplication.translate("AllModels", text)


def figure(entry: Entry, column: Column) -> float | None:
    """A model's figure; None where there is none."""
    measure = entry.measure
    if column.value is None or measure is None or measure.problem is not None:
        return None
    return column.value(measure)


def figure_text(value: float | None, decimals: int = 1) -> str:
    """``97.3``; large ones with fewer decimals, which nobody reads."""
    if value is None:
        return ""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if abs(value) >= 9999.5:
        return f"{value:.2g}"
    places = decimals if abs(value) < 99.5 else min(1, decimals)
    return f"{value:.{places if abs(value) < 999.5 else 0}f}"


def best_of(entries: Sequence[Entry]) -> dict[str, set[Path]]:
    """Which models have the least of each column; of one model alone nothing is the least."""
    found: dict[str, set[Path]] = {}
    for column in COLUMNS:
        if column.value is None:
            continue
        rank = column.rank or column.value
        ranks = {
            entry.path: rank(entry.measure)
            for entry in entries
            if entry.measure is not None and entry.measure.problem is None
        }
        ranks = {path: value for path, value in ranks.items() if math.isfinite(value)}
        if len(ranks) > 1:
            least = min(ranks.values())
            found[column.name] = {path for path, value in ranks.items() if value == least}
    return found


def taken_label(measure: InputMeasure) -> int | None:
    """The class that a conditional model took the input for."""
    if measure.label is None:
        return None
    return max(range(len(measure.label)), key=measure.label.__getitem__)


def label_name(measure: InputMeasure) -> str:
    """What that class is called; "" where the model is told none."""
    label = taken_label(measure)
    if label is None or measure.snapshot is None:
        return ""
    return class_name(measure.snapshot.class_names, label)


def about(entry: Entry, told: int | None) -> str:
    """Which weights, and the label that was used: ``as 3 · epoch 50``. told: what the user
    says it is."""
    measure = entry.measure
    if measure is None or measure.snapshot is None:
        return translated("measuring…") if measure is None else ""
    snapshot = measure.snapshot
    if snapshot.evaluation is None:
        text = translated("step {step}").format(step=f"{snapshot.step:,}")
    else:
        text = translated("epoch {epoch}").format(epoch=snapshot.epoch)
    label = taken_label(measure)
    if label is None:
        return text
    how = translated("told {label}") if told == label else translated("as {label}")
    return f"{how.replace('{label}', in_short(label_name(measure)))} · {text}"


def name_tip(entry: Entry, told: int | None) -> str:
    """All about the first cell of a model, in lines."""
    lines = [entry.name, str(entry.path)]
    measure = entry.measure
    if entry.snapshot is not None:
        lines.append(translated("On show: these very weights are measured."))
    if measure is not None and measure.problem is not None:
        lines.append(error_sentence(measure.problem))
    elif measure is not None and measure.snapshot is not None:
        lines[0] = snapshot_caption(measure.snapshot)
        label = taken_label(measure)
        if label is not None and told == label:
            text = translated("A conditional model, told your label {label}.")
            lines.append(text.replace("{label}", label_name(measure)))
        elif label is not None:
            text = translated(
                "A conditional model; it took the input for {a_class}, the label under which "
                "reconstruction + KL are least."
            )
            lines.append(text.replace("{a_class}", a_class(label_name(measure))))
    return "\n".join(lines)


def figure_tip(entry: Entry, column: Column) -> str:
    """What stands behind a figure."""
    measure = entry.measure
    if measure is not None and measure.problem is not None:
        return error_sentence(measure.problem)
    if column.name != "bound" or measure is None or measure.label is None:
        return ""
    text = translated(
        "−log p(x|y) for the label y = {label}. That of p(x) is at most log {classes} = {more:.1f} "
        "nats more, which are added before the least of all is looked for."
    )
    classes = len(measure.label)
    text = text.format(label="{label}", classes=classes, more=math.log(classes))
    return text.replace("{label}", label_name(measure))


def as_table(entries: Sequence[Entry], separator: str) -> str:
    """A line for each model below the heads; figures with four decimals, none where there are
    none."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    figures = [column for column in COLUMNS if column.value is not None]
    writer.writerow(
        ["model", "epoch", "step", "label", *(column.head for column in figures), "problem"]
    )
    for entry in entries:
        measure = entry.measure
        snapshot = measure.snapshot if measure is not None else None
        problem = measure.problem if measure is not None else None
        row = [
            entry.name,
            "" if snapshot is None else snapshot.epoch,
            "" if snapshot is None else snapshot.step,
            "" if measure is None else label_name(measure),
        ]
        values = (figure(entry, column) for column in figures)
        row += ["" if value is None else f"{value:.4f}" for value in values]
        writer.writerow([*row, "" if problem is None else error_sentence(problem)])
    return text.getvalue()


def _bound_of_x(measure: InputMeasure) -> float:
    """Of −log p(x) for every model: p(x) ≥ p(y) p(x|y), with each of K labels as likely."""
    return measure.bound + (0.0 if measure.label is None else math.log(len(measure.label)))


COLUMNS: tuple[Column, ...] = (
    Column(
        "picture",
        "",
        QT_TRANSLATE_NOOP("AllModels", "The reconstruction: the decoder's picture at z = μ(x)"),
        width=38,
        narrow=36,
    ),
    Column(
        "name",
        QT_TRANSLATE_NOOP("AllModels", "Model"),
        QT_TRANSLATE_NOOP(
            "AllModels",
            "The model, and which of its weights; below a conditional one, the label that was used",
        ),
        width=64,
        narrow=60,
    ),
    Column(
        "reconstruction",
        QT_TRANSLATE_NOOP("AllModels", "Rec."),
        QT_TRANSLATE_NOOP(
            "AllModels",
            "Reconstruction loss −log p(x|z) at z = μ(x), in nats: "
            "−Σ x log x̂ + (1 − x) log(1 − x̂) over the pixels.\n"
            "Of every model as a Bernoulli distribution, whatever it was trained with: so all may "
            "be compared.",
        ),
        width=54,
        narrow=44,
        value=lambda measure: measure.bernoulli,
        head="reconstruction (nats)",
    ),
    Column(
        "squared_error",
        QT_TRANSLATE_NOOP("AllModels", "Sq. err."),
        QT_TRANSLATE_NOOP(
            "AllModels",
            "Squared error Σ (x − x̂)² of the same reconstruction, over the pixels; no nats.",
        ),
        width=56,
        narrow=40,
        short=QT_TRANSLATE_NOOP("AllModels", "Sq."),
        decimals=2,
        value=lambda measure: measure.squared_error,
        head="squared error",
    ),
    Column(
        "kl",
        QT_TRANSLATE_NOOP("AllModels", "KL"),
        QT_TRANSLATE_NOOP(
            "AllModels",
            "KL(q(z|x) ‖ N(0, 1)) = ½ Σ (μ² + σ² − 1 − log σ²), in nats: how much the code says of "
            "this input.\n"
            "Little alone is no merit: a code that says nothing has a KL of 0.",
        ),
        width=46,
        narrow=38,
        value=lambda measure: measure.kl,
        head="KL (nats)",
    ),
    Column(
        "bound",
        QT_TRANSLATE_NOOP("AllModels", "−log p ≤"),
        QT_TRANSLATE_NOOP(
            "AllModels",
            "How improbable the input is to the model, in nats: −log p(x) is at most "
            "−log 1/K Σ p(x|zᵢ) p(zᵢ) / q(zᵢ|x), with K = 64 samples zᵢ of q(z|x), on average over "
            "such draws.\n"
            "The importance-weighted bound of Burda, Grosse & Salakhutdinov (2016), nearer than "
            "−ELBO, which is the same with K = 1. Of a conditional model, of p(x|y).",
        ),
        width=66,
        narrow=48,
        short="−log p",
        value=lambda measure: measure.bound,
        rank=_bound_of_x,
        head="-log p(x) at most (nats, K = 64)",
    ),
)
PLACE = {column.name: place for place, column in enumerate(COLUMNS)}
FIGURES = tuple(place for place, column in enumerate(COLUMNS) if column.value is not None)
