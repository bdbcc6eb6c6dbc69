"""Line charts as SVG, for pages that load nothing. No torch.

Lines carry the classes ``line``, ``run-N`` and ``train`` or ``test``: the page's style sheet has
their colours. Texts are escaped here.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH, HEIGHT = 560, 300  # of the drawing; the page scales it
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 28, 12, 40
_MOST_POINTS = 400  # of a line: more cannot be seen at that width
_MARKED = 8  # a line of so few epochs shows each as a dot
_APART = 15  # between the numbers at the lines' ends


@dataclass(frozen=True)
class Line:
    """points: x and y, finite, x rising. run: its number, from 0."""

    run: int
    kind: Literal["train", "test"]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Axis:
    """Values from low to high, drawn from start to end."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def line_chart(lines: Sequence[Line], name: str, x_name: str) -> str:
    """An ``<svg>``. name: what a reader hears who does not see it. Lines without points are left
    out; "" where none has any."""
    lines = [line for line in lines if line.points]
    if not lines:
        return ""
    x, x_ticks = _x_axis([point[0] for line in lines for point in line.points])
    y, y_ticks, digits = _y_axis([point[1] for line in lines for point in line.points])
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(name)}">'
    ]
    for value in y_ticks:
        at = y.place(value)
        parts.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}"/>')
        parts.append(_tick(_LEFT - 8, at + 4.5, "end", _number(value, digits)))
    for value in x_ticks:
        parts.append(_tick(x.place(value), HEIGHT - _BOTTOM + 20, "middle", f"{value:g}"))
    parts.append(_tick(WIDTH - _RIGHT, HEIGHT - 4, "end", x_name))
    parts += [_drawn(line, x, y) for line in lines]
    parts += _end_numbers(lines, x, y)
    return "".join([*parts, "</svg>"])


def _tick(x: float, y: float, anchor: str, text: str) -> str:
    return (
        f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{html.escape(text)}</text>"
    )


def _number(value: float, digits: int) -> str:
    if abs(value) >= 1e6:
        return f"{value:.1e}"
    return f"{value:.{digits}f}".replace("-", "−")


def _x_axis(values: Sequence[float]) -> tuple[_Axis, list[float]]:
    """Epochs, at whole numbers."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    axis = _Axis(low, high, _LEFT, WIDTH - _RIGHT)
    if min(values) == max(values):
        return axis, [values[0]]
    step = max(1.0, _nice_step(high - low, 8))
    inner = [value for value in _multiples(low, high, step) if value - low > step / 2]
    return axis, [low, *inner]


def _y_axis(values: Sequence[float]) -> tuple[_Axis, list[float], int]:
    """Axis, ticks, and the digits that tell these apart."""
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or max(abs(high) * 0.05, 0.5)
    low, high = low - room, high + room
    step = _nice_step(high - low, 5)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    axis = _Axis(low, high, HEIGHT - _BOTTOM, _TOP)
    return axis, list(_multiples(low, high, step)), digits


def _nice_step(span: float, parts: int) -> float:
    """1, 2 or 5 times a power of ten, so that at most ``parts`` of them lie in ``span``."""
    power = float(10.0 ** math.floor(math.log10(span / parts)))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= span / parts * 0.99)


def _multiples(low: float, high: float, step: float) -> Iterable[float]:
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _drawn(line: Line, x: _Axis, y: _Axis) -> str:
    points = [(x.place(a), y.place(b)) for a, b in _thinned(line.points)]
    kind = f"run-{line.run} {line.kind}"
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    parts = [f'<polyline class="line {kind}" points="{path}"/>'] if len(points) > 1 else []
    if len(points) <= _MARKED:
        parts += [
            f'<circle class="dot {kind}" cx="{a:.1f}" cy="{b:.1f}" r="4"/>' for a, b in points
        ]
    return "".join(parts)


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Evenly chosen, the last one among them."""
    if len(points) <= _MOST_POINTS:
        return list(points)
    last = len(points) - 1
    return [points[round(i * last / (_MOST_POINTS - 1))] for i in range(_MOST_POINTS)]


def _end_numbers(lines: Sequence[Line], x: _Axis, y: _Axis) -> list[str]:
    """Each run's number at the end of its lines: colour alone tells too little."""
    ends = {line.run: line.points[-1] for line in lines}
    order = sorted(ends, key=lambda run: y.place(ends[run][1]))
    heights = _pushed_apart([y.place(ends[run][1]) for run in order])
    return [
        f'<text class="end run-{run}" x="{x.place(ends[run][0]) + 9:.1f}" y="{at + 5:.1f}">'
        f"{run + 1}</text>"
        for run, at in zip(order, heights, strict=True)
    ]


def _pushed_apart(wanted: Sequence[float]) -> list[float]:
    """The nearest rising heights beside the plot that lie ``_APART`` or more from each other.

    Groups that would overlap become one, with its middle where their middles want to be: isotonic
    regression of what is left when the gaps are taken out.
    """
    groups: list[list[float]] = []
    for number, height in enumerate(wanted):
        groups.append([height - number * _APART])
        while len(groups) > 1 and _mean(groups[-2]) > _mean(groups[-1]):
            last = groups.pop()
            groups[-1] += last
    lowest = HEIGHT - _BOTTOM - 5 - (len(wanted) - 1) * _APART
    level = [max(_TOP, min(lowest, _mean(group))) for group in groups for _ in group]
    return [height + number * _APART for number, height in enumerate(level)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
