"""From a drawing or a picture to what a model trained on MNIST expects to see.

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
from PIL import Image, ImageOps

from vae_studio.core.errors import ImageError

FloatArray = NDArray[np.float64]
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

SEGMENT: Final = 2.0  # longest line piece, px: bounds the window of pixels that a piece can touch
TOLERANCE: Final = 0.02  # how far simplifying may move a line, px: about 0.02 in ink at an edge
POINT: Final = 1e-12  # an extent this small beside the coordinates is float noise: a point
CHUNK: Final = (
    128  # line pieces painted at once: arrays of 37 kB stay in cache, twice as fast as all
)

MAX_PIXELS: Final = 50_000_000  # a larger picture is a mistake, and would take gigabytes
WORK_SIDE: Final = 1000  # larger pictures are averaged down to this, px: a digit needs far less
FINE: Final = 10  # picture ink is fitted and centred to a tenth of a pixel of the result
FLAT: Final = 0.04  # contrast below ten grey levels of 255 is compression noise, not ink
DARK: Final = 0.1  # a 28 x 28 picture with a border darker than this has MNIST's own form
LUMINANCE: Final = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601


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


def digit_image(
    strokes: Sequence[ArrayLike], *, smallest: float = 0.0, recipe: Recipe = MNIST
) -> InkImage:
    """What MNIST would have made of a drawing: float32 [28, 28] in [0, 1].

    strokes: arrays [n, 2] of x and y (y down), all in one unit, whichever it is. The result does
    not change with position, size, order, direction or density of the points; a drawing whose
    points are all one becomes a dot, and no point at all an image of zeros.
    smallest: in the unit of the strokes, >= 0; a drawing smaller than this is not enlarged to the
    whole box, so that a click with a trembling hand stays a dot.

    The centre of mass is at (14, 14), except where ink would leave the image (a lopsided digit).
    Raises ``ImageError`` for a wrong shape or type, or for NaN and infinity.
    """
    if not (math.isfinite(smallest) and smallest >= 0):
        raise ImageError("digit.smallest", value=smallest)
    points, stroke = _gather(strokes)
    if not len(points):
        return np.zeros((SIZE, SIZE), np.float32)
    if recipe.box is not None:
        peak = float(np.abs(points).max()) or 1.0
        points = points / peak  # so that no difference below can overflow
        low, high = points.min(axis=0), points.max(axis=0)
        extent = float((high - low).max())
        inside = recipe.box - 2 * recipe.pen_radius
        scale = inside / max(extent, smallest / peak) if extent > POINT else 0.0
        points = (points - (low + high) / 2) * scale + (SIZE - 1) / 2
    start, end = _pieces(*_simplified(points, stroke))
    ink = _paint(start, end, recipe)
    if recipe.centred:
        corners = np.concatenate([start, end])
        low, high = corners.min(axis=0) - recipe.reach, corners.max(axis=0) + recipe.reach
        # The image's outer edges are at -0.5 and 27.5: no ink is pushed over them.
        shift = np.clip(CENTRE - _centre_of_mass(ink), -0.5 - low, SIZE - 0.5 - high)
        ink = _paint(start + shift, end + shift, recipe)
    return ink.astype(np.float32)


def _gather(strokes: Sequence[ArrayLike]) -> tuple[FloatArray, NDArray[np.intp]]:
    """All points [n, 2] and the number of the stroke of each [n]; a stroke has two at least."""
    arrays: list[FloatArray] = []
    for number, given in enumerate(strokes):
        try:
            points = np.asarray(given)
        except ValueError as error:  # rows of different lengths
            raise ImageError("digit.shape", stroke=number, reason=str(error)) from None
        if points.shape in ((0,), (0, 2)):
            continue
        if points.ndim != 2 or points.shape[1] != 2:
            raise ImageError("digit.shape", stroke=number, shape=points.shape)
        if points.dtype.kind not in "iuf":
            raise ImageError("digit.dtype", stroke=number, dtype=str(points.dtype))
        points = points.astype(np.float64)
        finite = np.isfinite(points).all(axis=1)
        if not finite.all():
            point = int(np.argmin(finite))
            value = tuple(points[point].tolist())
            raise ImageError("digit.not_finite", stroke=number, point=point, value=value)
        arrays.append(np.repeat(points, 2, axis=0) if len(points) == 1 else points)
    if not arrays:
        return np.zeros((0, 2)), np.zeros(0, np.intp)
    stroke = np.repeat(np.arange(len(arrays)), [len(points) for points in arrays])
    return np.concatenate(arrays), stroke


def _simplified(
    points: FloatArray, stroke: NDArray[np.intp]
) -> tuple[FloatArray, NDArray[np.intp]]:
    """``points`` [n, 2] without those that the line hardly needs, and their strokes.

    Every second point goes where the line moves less than ``TOLERANCE``, again and again. A
    mouse gives far more points than 28 pixels can show, and painting costs by the piece.
    """
    parity, idle = 1, 0
    while idle < 2:  # neither the odd nor the even points have one to give
        inner = np.arange(2 - parity, len(points) - 1, 2)
        before, here, after = points[inner - 1], points[inner], points[inner + 1]
        chord = after - before
        squared = _dot(chord, chord)
        along = np.clip(_dot(here - before, chord) / np.maximum(squared, 1e-12), 0, 1)
        off = here - before - along[:, None] * chord
        drop = stroke[inner - 1] == stroke[inner + 1]
        drop &= (squared <= SEGMENT**2) & (_dot(off, off) <= TOLERANCE**2)
        if drop.any():
            keep = np.ones(len(points), np.bool_)
            keep[inner[drop]] = False
            points, stroke, idle = points[keep], stroke[keep], 0
        else:
            parity, idle = 1 - parity, idle + 1
    return points, stroke


def _pieces(points: FloatArray, stroke: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Starts and ends [m, 2] of line pieces no longer than ``SEGMENT``."""
    joined = stroke[1:] == stroke[:-1]
    start, step = points[:-1][joined], (points[1:] - points[:-1])[joined]
    length = np.hypot(step[:, 0], step[:, 1])
    count = np.maximum(np.ceil(length / SEGMENT), 1).astype(np.intp)
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    step = np.repeat(step / count[:, None], count, axis=0)
    start = np.repeat(start, count, axis=0) + step * nth[:, None]
    return start, start + step


def _paint(start: FloatArray, end: FloatArray, recipe: Recipe) -> FloatArray:
    """Ink [28, 28] of line pieces [m, 2], from each pixel's distance to the nearest: round caps.

    A piece looks only at the window of pixels that it can reach.
    """
    half = SEGMENT / 2 + recipe.reach
    window = math.floor(2 * half) + 1
    field = np.full(SIZE * SIZE, np.inf)  # squared distance
    for first in range(0, len(start), CHUNK):
        # Pieces run along the last axis: numpy broadcasts over a long axis far faster.
        a, b = start[first : first + CHUNK].T, end[first : first + CHUNK].T  # [2, m]
        step_x, step_y = b - a
        # A window moved into the image still holds all pixels of the image that it held before.
        corner = np.clip(np.ceil((a + b) / 2 - half), 0, SIZE - window)
        pixel = corner[:, None, :] + np.arange(window)[:, None]  # [2, window, m]: columns, rows
        x, y = pixel - a[:, None, :]
        squared = np.maximum(step_x * step_x + step_y * step_y, 1e-12)
        along = (x * (step_x / squared))[None, :, :] + (y * (step_y / squared))[:, None, :]
        np.clip(along, 0, 1, out=along)  # [window, window, m]
        off_x, off_y = x[None, :, :] - along * step_x, y[:, None, :] - along * step_y
        column, row = pixel.astype(np.intp)
        where = row[:, None, :] * SIZE + column[None, :, :]
        np.minimum.at(field, where.ravel(), (off_x * off_x + off_y * off_y).ravel())
    distance = np.sqrt(field.reshape(SIZE, SIZE))
    ramp = np.clip((recipe.reach - distance) / recipe.pen_edge, 0, 1)
    ink: FloatArray = ramp * ramp * (3 - 2 * ramp)  # smoothstep: MNIST's few middle greys
    return ink


def _dot(a: FloatArray, b: FloatArray) -> FloatArray:
    """Inner products [n] of the rows of ``a`` and ``b`` [n, 2]."""
    product: FloatArray = a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]
    return product


def _centre_of_mass(ink: NDArray[Any]) -> FloatArray:
    """(x, y) of ``ink`` [H, W] in pixel indices; the middle where there is no ink."""
    height, width = ink.shape
    mass = float(ink.sum())
    if mass <= 0:
        return np.array([(width - 1) / 2, (height - 1) / 2])
    x, y = ink.sum(axis=0) @ np.arange(width), ink.sum(axis=1) @ np.arange(height)
    return np.array([x, y], np.float64) / mass


def image_to_input(image: Image.Image | NDArray[Any]) -> InkImage:
    """What MNIST would have made of a picture of one digit: float32 [28, 28] in [0, 1].

    image: a Pillow image of any mode, or an array [H, W] or [H, W, 1 to 4] (grey, grey and alpha,
    RGB, RGBA) of bool, integers or floats. Dark on light or light on dark is told from the
    border; transparent parts take the colour that contrasts with the ink. Lines thinner than
    MNIST's pen are thickened to it.

    A grey 28 x 28 picture with a dark border comes back as it is; one without contrast is zeros.
    Raises ``ImageError`` for an empty, unreadable, or wrongly shaped picture, for NaN and
    infinity, and above ``MAX_PIXELS``.
    """
    grey = _grey(_channels(image))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    low, high = float(grey.min()), float(grey.max())
    if high - low < FLAT:
        return np.zeros((SIZE, SIZE), np.float32)
    if grey.shape == (SIZE, SIZE) and paper <= DARK and low >= 0 and high <= 1:
        return grey
    ink = np.maximum(paper - grey if paper - low > high - paper else grey - paper, 0)
    threshold = _otsu(ink)
    solid = ink > threshold
    ink = np.where(ink > threshold / 2, ink, 0) / float(np.median(ink[solid]))
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    cut = np.clip(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], 0, 1)
    return _placed(cut.astype(np.float32))


def _channels(image: Image.Image | NDArray[Any]) -> NDArray[Any]:
    """``image`` as an array [H, W, 1 to 4], its size, shape and type checked."""
    if isinstance(image, Image.Image):
        _check_size(*image.size)
        try:
            array = np.asarray(_plain(ImageOps.exif_transpose(image)))
        except (OSError, ValueError) as error:  # a truncated file is first read here
            raise ImageError("image.unreadable", reason=str(error)) from error
    else:
        array = np.asarray(image)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (0, 1, 2, 3, 4):
        raise ImageError("image.shape", shape=array.shape)
    if array.dtype.kind not in "buif":
        raise ImageError("image.dtype", dtype=str(array.dtype))
    _check_size(array.shape[1] * min(array.shape[2], 1), array.shape[0])
    return array


def _check_size(width: int, height: int) -> None:
    if width == 0 or height == 0:
        raise ImageError("image.empty", width=width, height=height)
    if width * height > MAX_PIXELS:
        raise ImageError("image.too_large", width=width, height=height, limit=MAX_PIXELS)


def _plain(image: Image.Image) -> Image.Image:
    """``image`` in a mode whose channels are grey, or RGB, with alpha where it has any."""
    if image.mode in ("L", "I", "F") or image.mode.startswith("I;16"):
        return image if not image.has_transparency_data else image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "LAB":
        return image.getchannel(0)  # lightness: Pillow cannot convert it without a profile
    if image.mode == "La":
        return image.convert("LA")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _grey(array: NDArray[Any]) -> InkImage:
    """Luminance [h, w] of ``array`` [H, W, C], h and w at most about ``WORK_SIDE``.

    Full scale is 1 for bool and for numbers up to 1, 255 for uint8 and for numbers up to 255,
    65535 for uint16, and otherwise the largest value.
    """
    top = max(float(array.max()), -float(array.min()))
    if not math.isfinite(top):
        raise ImageError("image.not_finite")
    fixed = {"bool": 1.0, "uint8": 255.0, "uint16": 65535.0}
    full = fixed.get(array.dtype.name) or next((v for v in (1.0, 255.0) if top <= v), top)
    height, width, channels = array.shape
    block = max(min(-(-max(height, width) // WORK_SIDE), height, width), 1)
    tiles = array[: height // block * block, : width // block * block]
    tiles = tiles.reshape(height // block, block, width // block, block, channels)
    values = tiles.mean(axis=(1, 3), dtype=np.float64) / full
    grey: FloatArray = values[:, :, 0]
    if channels >= 3:
        grey = values[:, :, :3] @ np.array(LUMINANCE)
    if channels in (2, 4):
        alpha = np.clip(values[:, :, -1], 0, 1)
        dark_ink = float((grey * alpha).sum()) < 0.5 * float(alpha.sum())
        grey = grey * alpha + (1 - alpha) * (1.0 if dark_ink else 0.0)
    return grey.astype(np.float32)


def _otsu(ink: InkImage) -> float:
    """The level that best parts ``ink`` into paper and ink; some values lie above it.

    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on
    Systems, Man, and Cybernetics 9(1), 1979.
    """
    count, edges = np.histogram(ink, bins=256)
    level = (edges[:-1] + edges[1:]) / 2
    below, total = np.cumsum(count)[:-1], count.sum()
    mass = np.cumsum(count * level)
    # The first bin holds the smallest value and the last the largest: neither side is empty.
    apart = mass[:-1] / below - (mass[-1] - mass[:-1]) / (total - below)
    return float(edges[1 + int(np.argmax(below * (total - below) * apart**2))])


def _placed(cut: InkImage) -> InkImage:
    """``cut`` [h, w], ink from edge to edge, by MNIST's recipe in [28, 28].

    Fitted and moved on a grid ``FINE`` times finer, then averaged down.
    """
    side = round(BOX * FINE)
    work = _resized(cut, side)
    solid = np.pad(work > 0.5, 1)
    core = solid[1:-1, 1:-1] & solid[:-2, 1:-1] & solid[2:, 1:-1]
    core &= solid[1:-1, :-2] & solid[1:-1, 2:]
    # A line w wide and L long has area w L and loses 2 L to an erosion by one.
    pen = 2 * float(solid.sum()) / max(float(solid.sum() - core.sum()), 1.0)
    # Growing by g on each side after shrinking to side - 2 g: pen (side - 2 g) / side + 2 g.
    target = 2 * PEN_RADIUS * FINE
    grow = max(round((target - pen) / (2 - 2 * pen / side)), 0) if pen < target else 0
    if grow:
        work = _resized(cut, side - 2 * grow)
    work = np.pad(work, grow)
    for step in range(grow):
        work = _dilated(work, square=step % 2 == 1)  # cross and square by turns: an octagon
    height, width = work.shape
    # Pixel i covers [i - 0.5, i + 0.5], so index 14 is 14.5 pixels from the edge.
    goal = (CENTRE + 0.5) * FINE - 0.5
    x, y = (round(float(goal - c)) for c in _centre_of_mass(work))
    x, y = np.clip([x, y], 0, [SIZE * FINE - width, SIZE * FINE - height])
    canvas = np.zeros((SIZE * FINE, SIZE * FINE), np.float32)
    canvas[y : y + height, x : x + width] = work
    result: InkImage = canvas.reshape(SIZE, FINE, SIZE, FINE).mean(axis=(1, 3))
    return result


def _resized(ink: InkImage, side: int) -> InkImage:
    """``ink`` [h, w] with its longer side of ``side`` pixels, proportions kept."""
    height, width = ink.shape
    scale = side / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BILINEAR))


def _dilated(ink: InkImage, *, square: bool) -> InkImage:
    """``ink`` [h, w] grown by one pixel, over its four neighbours or all eight."""
    wide = np.pad(ink, 1)
    grown = np.maximum(np.maximum(wide[1:-1, :-2], wide[1:-1, 2:]), ink)
    if square:
        wide = np.pad(grown, ((1, 1), (0, 0)))
        above, below = wide[:-2], wide[2:]
    else:
        above, below = wide[:-2, 1:-1], wide[2:, 1:-1]
    result: InkImage = np.maximum(np.maximum(above, below), grown)
    return result
