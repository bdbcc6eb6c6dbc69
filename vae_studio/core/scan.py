"""From a picture of one digit, a photo or a scan, to what a model trained on MNIST expects to see.

The same recipe as for strokes (``vae_studio.core.digit``, which has the legend): ink into 20 x 20,
centre of mass to the middle of 28 x 28. Errors are ``ImageError``, a ``ValueError`` with a code.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from vae_studio.core.digit import (
    BOX,
    CENTRE,
    PEN_RADIUS,
    SIZE,
    InkImage,
    centre_of_mass,
)
from vae_studio.core.errors import ImageError
from vae_studio.core.lines import FloatArray
from vae_studio.core.picture_files import MAX_PIXELS

WORK_SIDE: Final = 1000  # larger pictures are averaged down to this, px: a digit needs far less
FINE: Final = 10  # picture ink is fitted and centred to a tenth of a pixel of the result
FLAT: Final = 0.04  # contrast below ten grey levels of 255 is compression noise, not ink
DARK: Final = 0.1  # a 28 x 28 picture with a border darker than this has MNIST's own form
LUMINANCE: Final = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601


def image_to_input(image: Image.Image | NDArray[Any], *, inverted: bool | None = None) -> InkImage:
    """What MNIST would have made of a picture of one digit: float32 [28, 28] in [0, 1].

    image: a Pillow image of any mode, or an array [H, W] or [H, W, 1 to 4] (grey, grey and alpha,
    RGB, RGBA) of bool, integers or floats. inverted: True for light ink on dark, False for dark
    on light, None to tell it from the border; transparent parts take the colour that contrasts
    with the ink. Lines thinner than MNIST's pen are thickened to it.

    A grey 28 x 28 picture with a dark border comes back as it is, unless ``inverted`` is False; a
    picture without contrast is zeros. Raises ``ImageError`` for an empty, unreadable, or wrongly
    shaped picture, for NaN and infinity, and above ``MAX_PIXELS``.
    """
    grey = grey_of(image)
    if float(grey.max()) - float(grey.min()) < FLAT:
        return np.zeros((SIZE, SIZE), np.float32)
    if is_mnist(grey, inverted=inverted):
        return grey
    ink, _ = border_ink(grey, inverted=inverted)
    if not ink.any():  # all of it on the other side of the paper
        return np.zeros((SIZE, SIZE), np.float32)
    return ink_to_input(ink)


def is_mnist(grey: InkImage, *, inverted: bool | None = None) -> bool:
    """Whether a picture has MNIST's own form: 28 x 28, in [0, 1], its border dark."""
    if grey.shape != (SIZE, SIZE) or inverted is False:
        return False
    paper = float(np.median(_border(grey)))
    return paper <= DARK and float(grey.min()) >= 0 and float(grey.max()) <= 1


def border_ink(grey: InkImage, *, inverted: bool | None = None) -> tuple[InkImage, bool]:
    """How far each pixel [H, W] is from the paper, which is as the border is, on the ink's side;
    and whether that is the light one. The ink is what is farthest from the paper."""
    paper = float(np.median(_border(grey)))
    light = inverted
    if light is None:
        light = paper - float(grey.min()) <= float(grey.max()) - paper
    return np.maximum(grey - paper if light else paper - grey, 0), light


def ink_to_input(ink: InkImage) -> InkImage:
    """``ink`` [H, W], >= 0, some of it above 0, by MNIST's recipe in [28, 28], in [0, 1]."""
    threshold = _otsu(ink)
    solid = ink > threshold
    full = float(np.median(ink[solid]))
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cut = np.clip(np.where(cut > threshold / 2, cut, 0) / full, 0, 1)
    return _placed(cut.astype(np.float32))


def _border(grey: InkImage) -> InkImage:
    """The outermost pixels of ``grey`` [H, W]."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def grey_of(image: Image.Image | NDArray[Any], side: int = WORK_SIDE) -> InkImage:
    """Luminance [h, w] of ``image``, which may be all that ``image_to_input`` takes, averaged down
    until h and w are about ``side`` at most. Its errors, too."""
    return _grey(_channels(image, side), side)


def _channels(image: Image.Image | NDArray[Any], side: int) -> NDArray[Any]:
    """``image`` as an array [H, W, 1 to 4], its size, shape and type checked."""
    if isinstance(image, Image.Image):
        _check_size(*image.size)
        try:
            array = np.asarray(_smaller(_plain(ImageOps.exif_transpose(image)), side))
        except Exception as error:  # a picture that was not decoded yet is first read here
            raise ImageError("image.unreadable", reason=str(error)[:200]) from error
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


def _smaller(image: Image.Image, side: int) -> Image.Image:
    """``image`` averaged down by Pillow as far as ``_grey`` leaves room: it is the faster one."""
    factor = min(max(image.size) // (2 * side), *image.size)
    return image.reduce(factor) if factor > 1 and ";" not in image.mode else image


def _grey(array: NDArray[Any], side: int) -> InkImage:
    """Luminance [h, w] of ``array`` [H, W, C], h and w at most about ``side``.

    Full scale is 1 for bool and for numbers up to 1, 255 for uint8 and for numbers up to 255,
    65535 for uint16, and otherwise the largest value.
    """
    top = max(float(array.max()), -float(array.min()))
    if not math.isfinite(top):
        raise ImageError("image.not_finite")
    fixed = {"bool": 1.0, "uint8": 255.0, "uint16": 65535.0}
    full = fixed.get(array.dtype.name) or next((v for v in (1.0, 255.0) if top <= v), top)
    height, width, channels = array.shape
    block = max(min(-(-max(height, width) // side), height, width), 1)
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
        work = dilated(work, square=step % 2 == 1)  # cross and square by turns: an octagon
    height, width = work.shape
    # Pixel i covers [i - 0.5, i + 0.5], so index 14 is 14.5 pixels from the edge.
    goal = (CENTRE + 0.5) * FINE - 0.5
    x, y = (round(float(goal - c)) for c in centre_of_mass(work))
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


def dilated(ink: InkImage, *, square: bool) -> InkImage:
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
