"""``OtherRun``: a run that the one in the plots is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vae_studio.ui import theme
from vae_studio.ui.panels.train.plots.series import Losses, Past, nearest, past


@dataclass(frozen=True)
class OtherRun:
    """key: of its entry in the legend. color: "" for that of the theme."""

    key: str
    name: str
    color: str
    past: Past

    def color_at(self, place: int) -> str:
        """Its colour as the run of that place in the list."""
        cycle = theme.colors().runs
        return self.color or cycle[place % len(cycle)]

    @property
    def end(self) -> float:
        """Its last epoch."""
        return float(self.past.epochs[-1]) if len(self.past.epochs) else 0.0

    def at(self, epoch: float) -> Losses | None:
        """Of the test set, at the nearest epoch."""
        return nearest(np.column_stack([self.past.epochs, self.past.test]), epoch)


def other_runs(
    runs: Sequence[tuple[str, str, Sequence[Mapping[str, float]]]],
) -> tuple[OtherRun, ...]:
    """From names, colours and rows of ``metrics.csv``. Two of one name are two.
    Names may be a stranger's: they are shown as plain text."""
    found: list[OtherRun] = []
    for name, color, rows in runs:
        namesakes = sum(run.name == name for run in found)
        found.append(OtherRun(f"run {namesakes} {name}", name, color, past(rows)))
    return tuple(found)
