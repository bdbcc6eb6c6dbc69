"""Which steps of a training are kept as moments, and where they are. No torch.

A moment is the weights after one step, small enough to keep many: ``core/moment_files.py`` writes
and reads them.
"""

from __future__ import annotations

import bisect
import math
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

FOLDER = "history"
LIMIT = 64  # moments of a run: a line in a plot has about 600 pixels, and a film of 64 takes 8 s
MAX_BYTES = 160_000_000  # of a run; 64 moments of vae-32 take 140 MB
_MAX_FILES = 1000  # of a stranger's folder, so many are looked at
_DENSITY = 32  # a moment at least each time the run has grown by a 32nd: early, much happens


def moment_path(run: Path, step: int) -> Path:
    """The file of a moment."""
    return run / FOLDER / f"step-{step:09d}.safetensors"


def list_moments(run: Path) -> tuple[int, ...]:
    """The steps that were kept with a run, in order; () where there are none to be read."""
    steps = []
    try:
        with os.scandir(run / FOLDER) as entries:
            for count, entry in enumerate(entries):
                if count >= _MAX_FILES:
                    break
                found = re.fullmatch(r"step-([0-9]{9})\.safetensors", entry.name)
                if found and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                    steps.append(int(found[1]))
    except OSError:
        return ()
    return tuple(sorted(steps))


def nearest(steps: Sequence[int], step: int) -> int:
    """The one of ``steps``, which are in order and not none, that is nearest to ``step``."""
    place = bisect.bisect_left(steps, step)
    return min(steps[max(0, place - 1) : place + 1], key=lambda each: abs(each - step))


class MomentSteps:
    """Which steps are kept: ``limit`` at most, the first and the newest, the best, and between them
    so that they stand evenly over √step, on which a run changes about evenly. Ends of epochs, which
    have figures, outlive what stands between them."""

    def __init__(self, limit: int, kept: Iterable[int] = (), epochs: Iterable[int] = ()) -> None:
        """kept: the steps that are there already; epochs: those of them that end an epoch."""
        self.limit = limit
        self.steps = sorted(kept)
        self._epochs = set(epochs)
        self.best: int | None = None

    def is_due(self, step: int, wanted: bool = False) -> bool:
        """Whether a moment is to be kept now. wanted: however near the last one is."""
        if self.limit < 3 or (self.steps and step <= self.steps[-1]):
            return False
        gap = step - self.steps[-1] if self.steps else step
        return wanted or not self.steps or gap >= max(1, step // _DENSITY)

    def add(self, step: int, ends_epoch: bool = False) -> int | None:
        """Keep a step; the one that has to go for it, if any."""
        bisect.insort(self.steps, step)
        if ends_epoch:
            self._epochs.add(step)
        if len(self.steps) <= self.limit:
            return None
        gone = self._least()
        self.steps.remove(gone)
        self._epochs.discard(gone)
        return gone

    def mark_epoch(self, step: int) -> None:
        """A step that is kept already, or not, ended an epoch."""
        if step in self.steps:
            self._epochs.add(step)

    def _least(self) -> int:
        """The step that leaves the smallest hole, twice as small where it ends no epoch."""
        inner = zip(self.steps, self.steps[1:], self.steps[2:], strict=False)
        holes = {
            step: (math.sqrt(after) - math.sqrt(before)) * (2.0 if step in self._epochs else 1.0)
            for before, step, after in inner
            if step != self.best
        }
        return min(holes, key=lambda step: holes[step])
