"""From what is known of the runs to what each of the three plots shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from vae_studio.ui.panels.train.plots.curves import Curve, Drawn, Overlay, thinned
from vae_studio.ui.panels.train.plots.others import OtherRun
from vae_studio.ui.panels.train.plots.series import Series

TRAIN, TEST = "train", "test"  # keys of the legend
_NONE = (np.empty(0), np.empty((0, 3)))


@dataclass(frozen=True)
class View:
    """low, high: the epochs in view. points: of a curve. window: steps of the moving mean.
    room: whether the losses of single batches are shown as well."""

    low: float
    high: float
    points: int
    window: int
    room: bool


def compose(
    series: Series,
    others: Sequence[OtherRun],
    changes: tuple[tuple[float, str], ...],
    view: View,
    shown: Callable[[str], bool],
) -> list[Drawn]:
    """Total, reconstruction, KL. shown: whether the curve with that key is to be seen."""
    smooth = raw = _NONE
    if shown(TRAIN):
        smooth = series.smooth(view.window, view.points, view.low, view.high)
        if view.room and view.window > 1:
            raw = series.envelope(view.points, view.low, view.high)
    tests = series.tests if shown(TEST) else series.tests[:0]
    found = []
    for n in range(3):
        overlays = []
        for place, run in enumerate(others):
            epochs, count = run.past.epochs, len(run.past.epochs) if shown(run.key) else 0
            train, test = (
                thinned(epochs[:count], losses[:count, n], view.points, view.low, view.high)
                for losses in (run.past.train, run.past.test)
            )
            overlays.append(Overlay(run.color_at(place), train, test))
        found.append(
            Drawn(
                train=Curve(smooth[0], smooth[1][:, n]),
                raw=Curve(raw[0], raw[1][:, n]),
                test=thinned(tests[:, 0], tests[:, n + 1], view.points, view.low, view.high),
                overlays=tuple(overlays),
                changes=changes,
            )
        )
    return found
