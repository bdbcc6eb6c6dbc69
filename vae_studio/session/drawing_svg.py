"""A drawing as SVG: strokes as curves on their paper, as the canvas paints them. No torch."""

from __future__ import annotations

from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.curves import beziers
from vae_studio.session.drawing import DIGITS, Sheet
from vae_studio.session.strokes import Colour, Stroke, Strokes

SIDE: Final = 1000  # of the view box; a number has one decimal, 1/10,000 of the canvas
_DOT: Final = "h.1"  # a line of length 0 is left out by some programs, round ends and all


def drawing_svg(
    strokes: Strokes, ground: NDArray[np.float32] | None = None, sheet: Sheet = DIGITS
) -> str:
    """A file of SVG 1.1: the paper, each stroke a path of cubic Bézier curves, one for each piece
    of its smooth line. Nothing in it is loaded or run.

    ground: the picture below, [1 or 3, H, W] in [0, 1], as large as the canvas; its pixels become
    squares, neighbours of one colour in a row one rectangle, those of the paper none. Strokes that
    erase are in the colour of the paper. sheet: whose paper and colours these are.
    """
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="1000" height="1000" '
        'viewBox="0 0 1000 1000">',
        f'<rect width="{SIDE}" height="{SIDE}" fill="{_hex(sheet.ground)}"/>',
        *(_rectangles(ground, sheet.ground) if ground is not None else ()),
        f'<g fill="none" stroke="{_hex(sheet.ink)}" stroke-linecap="round" '
        'stroke-linejoin="round">',
        *(_path(stroke, sheet) for stroke in strokes),
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _path(stroke: Stroke, sheet: Sheet) -> str:
    points = np.asarray(stroke.points, np.float64) * SIDE
    curves = beziers(points)[:, 1:].tolist()
    pieces = ("C" + " ".join(_pair(*point) for point in curve) for curve in curves)
    way = f"M{_pair(*points[0].tolist())}" + ("".join(pieces) or _DOT)
    colour = sheet.colour(stroke)
    other = f' stroke="{_hex(colour)}"' if colour != sheet.ink else ""
    return f'<path d="{way}" stroke-width="{_short(stroke.width * SIDE)}"{other}/>'


def _hex(colour: Colour) -> str:
    """As short as it goes: ``#fff``."""
    text = bytes(colour).hex()
    return f"#{text[::2]}" if text[::2] == text[1::2] else f"#{text}"


def _rectangles(ground: NDArray[np.float32], paper: Colour) -> list[str]:
    levels = (np.nan_to_num(np.clip(ground, 0.0, 1.0)) * 255.0 + 0.5).astype(np.uint8)
    colors = np.broadcast_to(levels, (3, *levels.shape[1:])).transpose(1, 2, 0)
    height, width = colors.shape[:2]
    side = SIDE / max(height, width)  # of a pixel
    start, top = (SIDE - width * side) / 2, (SIDE - height * side) / 2
    lines = ['<g shape-rendering="crispEdges">']
    for row, pixels in enumerate(colors.tolist()):
        left = 0
        for color, same in groupby(pixels):
            count = len(list(same))
            if tuple(color) != paper:
                lines.append(
                    f'<rect x="{_exact(start + left * side)}" y="{_exact(top + row * side)}" '
                    f'width="{_exact(count * side)}" height="{_exact(side)}" '
                    f'fill="#{bytes(color).hex()}"/>'
                )
            left += count
    return [*lines, "</g>"]


def _pair(x: float, y: float) -> str:
    return f"{_short(x)} {_short(y)}"


def _short(value: float) -> str:
    """With at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _exact(value: float) -> str:
    """So that the edges of neighbours are one: 1000 / 28 is no short number."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
