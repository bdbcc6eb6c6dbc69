"""The plots in words: names of the curves, and one line of what stands at a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication

from vae_studio.ui.panels.train.plots.compose import TEST, TRAIN
from vae_studio.ui.panels.train.plots.legend import Entry
from vae_studio.ui.panels.train.plots.others import OtherRun
from vae_studio.ui.panels.train.plots.series import Series


def entries(others: Sequence[OtherRun], own: bool) -> tuple[Entry, ...]:
    """Of the legend. own: with a run of its own."""
    tr = QCoreApplication.translate
    tip = tr("LossPlots", "Show or hide the training: a moving mean, and faintly each batch")
    train = Entry(TRAIN, tr("LossPlots", "Training"), "", False, tip)
    tip = tr("LossPlots", "Show or hide the test set, once for each epoch")
    test = Entry(TEST, tr("LossPlots", "Test"), "", True, tip)
    tip = tr("LossPlots", "Show or hide {name}: dashed the test set, fainter the training")
    runs = (
        Entry(run.key, run.name, run.color_at(place), True, tip.replace("{name}", run.name))
        for place, run in enumerate(others)
    )
    return (train, test, *runs) if own else tuple(runs)


def read(
    series: Series,
    others: Sequence[OtherRun],
    plot: int,
    epoch: float,
    window: int,
    shown: Callable[[str], bool],
) -> str:
    """``epoch 3.4, step 1,595 · training 104.2 · test 102.9``: of the curves that are shown in that
    plot. "" before the beginning, and where no curve has a value."""
    tr = QCoreApplication.translate
    found = series.read(epoch, window)
    named = [
        (TRAIN, tr("LossPlots", "training"), found.train),
        (TEST, tr("LossPlots", "test"), found.test),
        *((run.key, run.name, run.at(epoch)) for run in others),
    ]
    values = [(name, losses[plot]) for key, name, losses in named if losses and shown(key)]
    if epoch < 0 or not values:
        return ""
    if found.step:
        place = tr("LossPlots", "epoch {epoch}, step {step}")
    else:
        place = tr("LossPlots", "epoch {epoch}")
    place = place.format(epoch=f"{epoch:.1f}", step=f"{found.step:,}")
    return " · ".join([place, *(f"{name} {figure(value)}" for name, value in values)])


def figure(value: float) -> str:
    """With as many digits as one can read while the hand moves."""
    size = abs(value)
    if size >= 1e6 or 0 < size < 0.01:
        return f"{value:.2e}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
