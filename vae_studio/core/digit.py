"""From pen strokes to what a model trained on MNIST expects to see.

MNIST's own recipe (Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten
digits"): the ink is fitted into a 20 x 20 box with its proportions kept, then placed in 28 x 28 by
its centre of mass. A model that only ever saw such digits reads a drawing that went the same way.

Legend: coordinates are x to the right and y down, in pixels of the 28 x 28 image; the centre of
pixel (row r, column c) is (x=c, y=r). Ink is in [0, 1]: 0 is background, 1 full ink.
Errors are ``ImageError``, a ``ValueError`` with a code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae_studio.core.errors import ImageError
from vae_studio.core.lines import FloatArray, distances, gathered, pieces, simplified

InkImage = NDArray[np.float32]

SIZE: Final = 28  # side of an MNIST image, px
# Side of the box that the ink fills, from edge to edge at half ink, px. Measured on MNIST: 19.9.
BOX: Final = 20.0
# Centre of mass in MNIST: uniform in [13.5, 14.5) on both axes, mean 14.00, as whole-pixel shifts
# towards 14 make it; half a pixel right of and below the geometric middle, 13.5.
CENTRE: Final = 14.0
# The pen, px: half ink at PEN_RADIUS from the line, fading over PEN_EDGE. With these two the mean
# ink is 0.131 as in MNIST, the grey levels spread alike, and a classifier trained on MNIST reads
# retraced digits best (benchmarks/digit_recipe.py).
PEN_RADIUS: Final = 1.3
PEN_EDGE: Final = 1.3

TINY: Final = 1e-300  # coordinates below that all are one, so that no share below can overflow
POINT: Final = 1e-12  # an extent this small beside the coordinates is float noise: a point
THINNEST: Final = 0.1  # radius of a pen of one's own, px: still to be seen
THICKEST: Final = 12.0  # and where it fills nearly all of the image


@dataclass(frozen=True)
class Recipe:
    """How strokes become an image; the defaults are MNIST's. Others serve for comparison.

    box: side that the ink is fitted into, px, or None to take coordinates as they are.
    centred: move the centre of mass to ``CENTRE``.
    pen_radius, pen_edge: as ``PEN_RADIUS`` and ``PEN_EDGE``, px, > 0.
    """

    box: float | None = BOX
    centred: bool = True
    pen_radius: float = PEN_RADIUS
    pen_edge: float = PEN_EDGE

    @property
    def reach(self) -> float:
        """Distance from the line at which ink ends, px."""
        return self.pen_radius + self.pen_edge / 2


MNIST: Final = Recipe()


@dataclass(frozen=True)
class Placement:
    """Where a drawing goes: a point p of it to ``scale`` · p + (``x``, ``y``), in pixels."""

    scale: float
    x: float
    y: float


@dataclass(frozen=True, eq=False)
class Digit:
    """A drawing on its way to MNIST. fitted: where it goes before, centred: after its centre of
    mass was moved. ink: float32 [28, 28] in [0, 1], of the latter."""

    fitted: Placement
    centred: Placement
    ink: InkImage


def digit_image(
    strokes: Sequence[ArrayLike], *, smallest: float = 0.0, recipe: Recipe = MNIST
) -> InkImage:
    """``digit`` in MNIST's pen: its ink alone, float32 [28, 28] in [0, 1]."""
    return digit(strokes, smallest=smallest, recipe=recipe).ink


def digit(
    strokes: Sequence[ArrayLike],
    *,
    widths: Sequence[float] | None = None,
    smallest: float = 0.0,
    recipe: Recipe = MNIST,
) -> Digit:
    """What MNIST would have made of a drawing.

    strokes: arrays [n, 2] of x and y (y down), all in one unit, whichever it is. The result does
    not change with position, size, order, direction or density of the points; a drawing whose
    points are all one becomes a dot, and no point at all an image of zeros.
    widths: of the pen, for each stroke, in the unit of the strokes; None for the recipe's pen.
    smallest: in the unit of the strokes, >= 0; a drawing smaller than this is not enlarged to the
    whole box, so that a click with a trembling hand stays a dot.

    The centre of mass is at (14, 14), except where ink would leave the image (a lopsided digit).
    Raises ``ImageError`` for a wrong shape or type, or for NaN and infinity.
    """
    if not (math.isfinite(smallest) and smallest >= 0):
        raise ImageError("digit.smallest", value=smallest)
    points, stroke = gathered(strokes)
    if not len(points):
        nowhere = Placement(1.0, 0.0, 0.0)
        return Digit(nowhere, nowhere, np.zeros((SIZE, SIZE), np.float32))
    scale, offset = 1.0, np.zeros(2)
    if recipe.box is not None:
        peak = max(float(np.abs(points).max()), TINY)
        points = points / peak  # so that no difference below can overflow
        low, high = points.min(axis=0), points.max(axis=0)
        extent = float((high - low).max())
        size = max(extent, smallest / peak)
        pen = 2 * recipe.pen_radius
        if widths is not None and extent > POINT:  # a line w wide takes w of the box, too
            width = max(widths) / peak
            pen = recipe.box * width / (size + width)
        elif widths is not None and smallest > 0:  # a click, as large as one that trembled
            pen = recipe.box * (max(widths) / peak) / (smallest / peak + max(widths) / peak)
        scale = (recipe.box - pen) / size if size > POINT else 0.0
        offset = (SIZE - 1) / 2 - (low + high) / 2 * scale
        points = points * scale + offset
        scale /= peak
    start, end, owner = pieces(*simplified(points, stroke))
    radii = np.full(len(start), recipe.pen_radius)
    if widths is not None:
        drawn = [w for w, given in zip(widths, strokes, strict=True) if np.size(given)]
        radii = np.clip(np.asarray(drawn) * scale / 2, THINNEST, THICKEST)[owner]
    ink = _paint(start, end, radii, recipe.pen_edge)
    fitted = centred = Placement(scale, *offset.tolist())
    if recipe.centred:
        corners = np.concatenate([start, end])
        reach = np.concatenate([radii, radii])[:, None] + recipe.pen_edge / 2
        low, high = (corners - reach).min(axis=0), (corners + reach).max(axis=0)
        # The image's outer edges are at -0.5 and 27.5: no ink is pushed over them.
        shift = np.clip(CENTRE - centre_of_mass(ink), -0.5 - low, SIZE - 0.5 - high)
        ink = _paint(start + shift, end + shift, radii, recipe.pen_edge)
        centred = Placement(scale, *(offset + shift).tolist())
    return Digit(fitted, centred, ink.astype(np.float32))


def drawn_over(
    ground: InkImage,
    strokes: Sequence[ArrayLike],
    widths: Sequence[float],
    erases: Sequence[bool],
    recipe: Recipe = MNIST,
) -> InkImage:
    """``ground`` [28, 28] with strokes drawn on it, or rubbed out, one after the other.

    strokes: arrays [n, 2] in pixels; they stay where they are. widths: in pixels, of the eraser;
    ink has the recipe's pen. Raises ``ImageError`` as ``digit`` does.
    """
    ink = ground.astype(np.float64)
    for points, width, erase in zip(strokes, widths, erases, strict=True):
        start, end, _ = pieces(*simplified(*gathered([points])))
        radius = min(max(width / 2, THINNEST), THICKEST) if erase else recipe.pen_radius
        line = _paint(start, end, np.full(len(start), radius), recipe.pen_edge)
        ink = np.minimum(ink, 1.0 - line) if erase else np.maximum(ink, line)
    return ink.astype(np.float32)


def painted(
    strokes: Sequence[ArrayLike], widths: Sequence[float], pen_edge: float = PEN_EDGE
) -> InkImage:
    """Strokes where they are, each as wide as its pen: float32 [28, 28] in [0, 1].

    strokes: arrays [n, 2] in pixels; widths: in pixels. Raises ``ImageError`` as ``digit`` does.
    """
    ink = np.zeros((SIZE, SIZE))
    for points, width in zip(strokes, widths, strict=True):
        start, end, _ = pieces(*simplified(*gathered([points])))
        radii = np.full(len(start), min(max(width / 2, THINNEST), THICKEST))
        np.maximum(ink, _paint(start, end, radii, pen_edge), out=ink)
    return ink.astype(np.float32)


def _paint(start: FloatArray, end: FloatArray, radii: FloatArray, pen_edge: float) -> FloatArray:
    """Ink [28, 28] of line pieces [m, 2], each with its pen's radius [m]: round caps."""
    found = np.zeros((SIZE, SIZE))
    for radius in np.unique(radii):
        mine = radii == radius
        np.maximum(found, _line(start[mine], end[mine], float(radius), pen_edge), out=found)
    return found


def _line(start: FloatArray, end: FloatArray, radius: float, pen_edge: float) -> FloatArray:
    """Ink [28, 28] of line pieces [m, 2] of one pen, from each pixel's distance to the nearest."""
    reach = radius + pen_edge / 2
    ramp = np.clip((reach - distances(start, end, reach, (SIZE, SIZE))) / pen_edge, 0, 1)
    ink: FloatArray = ramp * ramp * (3 - 2 * ramp)  # smoothstep: MNIST's few middle greys
    return ink


def centre_of_mass(ink: NDArray[Any]) -> FloatArray:
    """(x, y) of ``ink`` [H, W] in pixel indices; the middle where there is no ink."""
    height, width = ink.shape
    mass = float(ink.sum())
    if mass <= 0:
        return np.array([(width - 1) / 2, (height - 1) / 2])
    x, y = ink.sum(axis=0) @ np.arange(width), ink.sum(axis=1) @ np.arange(height)
    return np.array([x, y], np.float64) / mass
