"""``Moments``: the steps of a run that can be gone back to, and the one that is chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class Moments:
    """steps: in order. chosen: one of them, or None for none in particular."""

    def __init__(self) -> None:
        self.steps: tuple[int, ...] = ()
        self.chosen: int | None = None

    def set_steps(self, steps: Sequence[int]) -> None:
        """A step that is chosen stays so, or gives way to the nearest."""
        self.steps = tuple(sorted(set(steps)))
        self.choose(self.chosen)

    def choose(self, step: int | None) -> None:
        """The moment that is nearest to a step."""
        self.chosen = None if step is None or not self.steps else self.nearest(step)

    @property
    def place(self) -> int | None:
        """Where a line for it stands: at the last one while none is chosen."""
        if self.chosen is not None:
            return self.chosen
        return self.steps[-1] if self.steps else None

    def nearest(self, step: float) -> int:
        """The moment nearest to a step; there must be one."""
        return self.steps[int(np.argmin(np.abs(np.asarray(self.steps) - step)))]

    def neighbour(self, by: int) -> int | None:
        """So many moments before or after the place; the ends hold."""
        place = self.place
        if place is None:
            return None
        return self.steps[max(0, min(len(self.steps) - 1, self.steps.index(place) + by))]
