"""What one plot is told to show, as plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vae_studio.ui.panels.train.plots.table import Floats

_EMPTY = np.empty(0)


@dataclass(frozen=True)
class Curve:
    """Losses over epochs; y may hold NaN."""

    x: Floats = field(default_factory=lambda: _EMPTY)
    y: Floats = field(default_factory=lambda: _EMPTY)


@dataclass(frozen=True)
class Overlay:
    """Another run: its colour, and curves that are empty while it is hidden."""

    color: str
    train: Curve
    test: Curve


@dataclass(frozen=True)
class Drawn:
    """All that one plot shows. Hidden curves are empty. changes: epochs and texts."""

    train: Curve = field(default_factory=Curve)
    raw: Curve = field(default_factory=Curve)
    test: Curve = field(default_factory=Curve)
    overlays: tuple[Overlay, ...] = ()
    changes: tuple[tuple[float, str], ...] = ()


def settled(curve: Curve) -> Floats:
    """Without the first twentieth."""
    return curve.y[curve.x > 0.05 * curve.x[-1]] if len(curve.x) else curve.y


def thinned(x: Floats, y: Floats, points: int, low: float, high: float) -> Curve:
    """What of a curve lies between two epochs, a point more at each side, and not many more than
    ``points``; the last one stays."""
    if not len(x):
        return Curve()
    first = max(0, int(np.searchsorted(x, low)) - 1)
    last = min(len(x), int(np.searchsorted(x, high)) + 1)
    step = max(1, (last - first) // max(1, points))
    kept = np.arange(last - 1, first - 1, -step)[::-1]
    return Curve(x[kept], y[kept])


def settles(view: Sequence[float], wanted: tuple[float, float], slack: float) -> bool:
    """Whether a range that is in view shows all that is wanted, and not much more. slack: the
    share of it that may be empty, and a tenth at most of it is always meant to be."""
    span = view[1] - view[0]
    inside = view[0] <= wanted[0] and wanted[1] <= view[1]
    return inside and wanted[1] - wanted[0] >= (0.9 - slack) * span
