"""The picture of ``RESULTS.md``: test loss over time, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_WIDTH, _HEIGHT = 760, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 24, 64, 52
_COLORS = {"tutorial": "#8a8f98", "studio": "#0d9488"}
_NAMES = {"tutorial": "the usual loop, 20 epochs", "studio": "VAE Studio, Train"}
_HIGHEST = 135.0  # nats; the first epochs of both lie above
_GRID, _TEXT, _MUTED = "#e5e7eb", "#1f2937", "#6b7280"

Curves = Mapping[str, Sequence[Sequence[float]]]


def draw(curves: Curves) -> str:
    """curves: ``tutorial 0``, ``studio 0`` and so on -> [seconds, nats], for each seed."""
    end = max(point[0] for points in curves.values() for point in points)
    goals = [points[-1][1] for name, points in curves.items() if name.startswith("tutorial")]
    goal = sum(goals) / len(goals)
    low = min(point[1] for points in curves.values() for point in points) - 2.0

    def place(seconds: float, nats: float) -> tuple[float, float]:
        x = _LEFT + seconds / end * (_WIDTH - _LEFT - _RIGHT)
        y = _TOP + (_HIGHEST - nats) / (_HIGHEST - low) * (_HEIGHT - _TOP - _BOTTOM)
        return x, y

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" rx="10" fill="#ffffff"/>',
        _text(_LEFT, 28, "Test loss of the plain VAE on MNIST", size=16, weight=600),
    ]
    for nats in range(100, int(_HIGHEST) + 1, 10):
        _, y = place(0, nats)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_GRID}"/>')
        parts.append(_text(_LEFT - 10, y + 4.5, str(nats), anchor="end", color=_MUTED))
    step = next(each for each in (10, 20, 30, 60, 120, 300) if end / each <= 9)
    for seconds in range(0, int(end) + 1, step):
        x, _ = place(seconds, low)
        parts.append(_text(x, _HEIGHT - _BOTTOM + 20, str(seconds), anchor="middle", color=_MUTED))
    parts.append(_text(_WIDTH - _RIGHT, _HEIGHT - 12, "seconds", anchor="end", color=_MUTED))
    parts.append(
        _text(_LEFT, 48, "−ELBO in nats, less is better; one line for each seed", color=_MUTED)
    )
    _, y = place(0, goal)
    parts.append(
        f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="{_TEXT}" stroke-dasharray="2 4"/>'
    )
    for name, points in curves.items():
        kind = name.partition(" ")[0]
        corners = [place(*point) for point in _below(points)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)
        x, y = corners[-1]
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{_COLORS[kind]}" stroke-width="2.2" '
            'stroke-linejoin="round"/>'
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{_COLORS[kind]}"/>'
        )
    for row, (kind, text) in enumerate(_NAMES.items()):
        y = _TOP + 22 + 22 * row
        x = _WIDTH - _RIGHT - 210
        parts.append(f'<path d="M{x} {y - 4.5}h24" stroke="{_COLORS[kind]}" stroke-width="3"/>')
        parts.append(_text(x + 34, y, text))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _below(points: Sequence[Sequence[float]]) -> list[Sequence[float]]:
    """From where the line comes into the picture."""
    found: list[Sequence[float]] = []
    for before, point in zip([None, *points], points, strict=False):
        if point[1] > _HIGHEST:
            continue
        if before is not None and before[1] > _HIGHEST:
            share = (before[1] - _HIGHEST) / (before[1] - point[1])
            found.append((before[0] + share * (point[0] - before[0]), _HIGHEST))
        found.append(point)
    return found


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    color: str = _TEXT,
    size: int = 13,
    weight: int = 400,
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}" font-size="{size}" '
        f'font-weight="{weight}">{text}</text>'
    )
