"""The plots as a picture: what is in it, and how it becomes SVG or pixels.

pyqtgraph's own SVG relies on clipping, which many programs that show SVG leave out. Here lines are
cut where the plot ends, and texts stay texts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from vae_studio.ui.panels.train.plots.table import Floats

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

LEGEND_HEIGHT = 24  # px
SCALE = 2  # pixels of a PNG for one of the screen
_SMALL, _TEXT = 10, 12  # px; heights of letters
_LETTER = 0.62  # of its height: about how wide one is
_DASHES = {"dash": "5 3", "dot": "1 3"}

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A curve in pixels, of its whole length. dash: "", "dash" or "dot"; dots: at its points."""

    x: Floats
    y: Floats
    color: str
    width: float
    opacity: float = 1.0
    dash: str = ""
    dots: bool = False


@dataclass(frozen=True)
class Pane:
    """One plot. rect: left, top, right, bottom of its curves. ticks, marks: pixels and texts;
    moment: where its line stands."""

    title: str
    rect: tuple[float, float, float, float]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    marks: tuple[tuple[float, str], ...] = ()
    moment: float | None = None


@dataclass(frozen=True)
class Name:
    """An entry of the legend."""

    text: str
    color: str
    dashed: bool


@dataclass(frozen=True)
class Picture:
    """All of it, in plain values, so that another thread can draw it. Sizes in pixels."""

    width: int
    height: int
    panes: tuple[Pane, ...]
    names: tuple[Name, ...]
    font: str
    background: str
    text: str
    muted: str
    grid: str
    accent: str


def cut(line: Line, rect: tuple[float, float, float, float]) -> Iterator[list[Point]]:
    """The pieces of a line that lie in a rectangle. It breaks where a value is not finite."""
    piece: list[Point] = []
    points = list(zip(line.x.tolist(), line.y.tolist(), strict=True))
    for begin, end in pairwise(points):
        part = _cut_segment(begin, end, rect)
        if piece and (part is None or part[0] != piece[-1]):
            yield piece
            piece = []
        if part is not None:
            piece = [*piece, part[1]] if piece else [*part]
    if piece:
        yield piece


def _cut_segment(a: Point, b: Point, rect: tuple[float, ...]) -> tuple[Point, Point] | None:
    """Liang and Barsky (1984)."""
    if not all(map(math.isfinite, (*a, *b))):
        return None
    dx, dy = b[0] - a[0], b[1] - a[1]
    enter, leave = 0.0, 1.0
    sides = ((-dx, a[0] - rect[0]), (dx, rect[2] - a[0]), (-dy, a[1] - rect[1]))
    for step, room in (*sides, (dy, rect[3] - a[1])):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            enter = max(enter, room / step)
        else:
            leave = min(leave, room / step)
    if enter > leave:
        return None
    start = a if enter == 0 else (a[0] + enter * dx, a[1] + enter * dy)
    end = b if leave == 1 else (a[0] + leave * dx, a[1] + leave * dy)
    return start, end


def svg(picture: Picture) -> bytes:
    """As SVG: of version 1.1, without clipping, style sheets or anything from outside."""
    size = f'width="{picture.width}" height="{picture.height}"'
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        f'viewBox="0 0 {picture.width} {picture.height}" '
        f"font-family={quoteattr(_clean(picture.font) + ', sans-serif')}>",
        _tag("rect", x=0, y=0, width=picture.width, height=picture.height, fill=picture.background),
        *_legend(picture),
    ]
    for pane in picture.panes:
        parts += _pane(pane, picture)
    return "\n".join([*parts, "</svg>", ""]).encode()


def _legend(picture: Picture) -> Iterator[str]:
    x, y = 12.0, LEGEND_HEIGHT / 2
    for name in picture.names:
        yield _path([(x, y), (x + 22, y)], name.color, 1.5, dash="dash" if name.dashed else "")
        if name.dashed:
            yield _tag("circle", cx=x + 11, cy=y, r=2.5, fill=name.color)
        yield _text(name.text, x + 28, y + 4, picture.text, _TEXT)
        x += 28 + _LETTER * _TEXT * len(name.text) + 18


def _pane(pane: Pane, picture: Picture) -> Iterator[str]:
    left, top, right, bottom = pane.rect
    middle = (left + right) / 2
    yield _text(pane.title, middle, top - 8, picture.muted, _TEXT, "middle")
    for y, text in pane.y_ticks:
        yield _path([(left, y), (right, y)], picture.grid, 1, 0.5)
        yield _text(text, left - 5, y + 3.5, picture.muted, _SMALL, "end")
    for x, text in pane.x_ticks:
        yield _path([(x, bottom), (x, bottom + 4)], picture.grid, 1)
        yield _text(text, x, bottom + 15, picture.muted, _SMALL, "middle")
    for x, text in pane.marks:
        yield _path([(x, top), (x, bottom)], picture.muted, 1, dash="dot")
        fits = x + 3 + _LETTER * _SMALL * len(text) < right
        anchor, shift = ("start", 3) if fits else ("end", -3)
        yield _text(text, x + shift, top + 11, picture.muted, _SMALL, anchor)
    yield _path([(left, top), (left, bottom), (right, bottom)], picture.grid, 1)
    for line in pane.lines:
        for piece in cut(line, pane.rect):
            yield _path(piece, line.color, line.width, line.opacity, line.dash)
        if line.dots:
            for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True):
                if left <= x <= right and top <= y <= bottom:
                    yield _tag("circle", cx=x, cy=y, r=2.5, fill=line.color)
    if pane.moment is not None and left <= pane.moment <= right:
        yield _path([(pane.moment, top), (pane.moment, bottom)], picture.accent, 1.5)


def _path(
    points: list[Point], color: str, width: float, opacity: float = 1.0, dash: str = ""
) -> str:
    text = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    more = {"stroke-dasharray": _DASHES[dash]} if dash else {}
    style = {"stroke-width": width, "stroke-opacity": opacity, "stroke-linejoin": "round"}
    return _tag("polyline", points=text, fill="none", stroke=color, **style, **more)


def _text(text: str, x: float, y: float, color: str, size: int, anchor: str = "start") -> str:
    style = {"font-size": size, "text-anchor": anchor}
    return _tag("text", _clean(text), x=x, y=y, fill=color, **style)


def _tag(name: str, content: str | None = None, **attributes: object) -> str:
    def plain(value: object) -> str:
        return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

    inside = " ".join(f"{key}={quoteattr(plain(value))}" for key, value in attributes.items())
    return (
        f"<{name} {inside}/>" if content is None else f"<{name} {inside}>{escape(content)}</{name}>"
    )


def _clean(text: str) -> str:
    """Without what XML forbids; names of runs may hold anything."""
    return "".join(sign for sign in text if sign.isprintable())


def image(picture: Picture) -> QImage:
    """As pixels, ``SCALE`` of them for one of the screen. May be called from any thread."""
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QColor, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    width, height = SCALE * picture.width, SCALE * picture.height
    pixels = QImage(width, height, QImage.Format.Format_RGB32)
    pixels.fill(QColor(picture.background))
    painter = QPainter(pixels)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(svg(picture)).render(painter, QRectF(0, 0, width, height))
    painter.end()
    return pixels


def png(picture: Picture) -> bytes:
    """As a PNG file."""
    from PySide6.QtCore import QBuffer, QIODevice

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image(picture).save(buffer, "PNG")
    return bytes(buffer.data().data())
