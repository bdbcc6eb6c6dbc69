"""One picture of any size and mode -> one image of the size of a data set. No torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from vae_studio.core.datasets.settings import Background, ImportSettings
from vae_studio.core.digit import BOX, SIZE, centre_of_mass
from vae_studio.core.errors import ImageError

_INK = 10  # of 255: what is darker is the noise of a compression, not ink
_GAP = 3.0  # averaged down to so many times the size before the slow filter, which is as good
_DEEP = ("I", "F")  # modes of more than 8 bits; and all that begin with I;16


def fit(picture: Image.Image, settings: ImportSettings) -> NDArray[np.uint8]:
    """uint8 [C, H, W] of ``settings.image_shape``; the same picture always gives the same.

    In the order that ``ImportSettings`` tells. White is 65535 in 16 bits; in 32 the first of 255
    and 65535 that holds all values, else the largest; in floats 1, too. Black is 0, or the
    smallest value below. Raises ``ImageError`` for no pixels, NaN and infinity.
    """
    width, height = picture.size
    if not width or not height:
        raise ImageError("image.empty", path="", width=width, height=height)
    plain = _on_ground(picture, settings.background)
    plain = plain.convert("L" if settings.colour == "grey" else "RGB")
    if settings.centre:
        image = _centred(_inverted(plain) if settings.invert else plain, settings.size)
    else:
        image = _fitted(plain, settings)
        image = _inverted(image) if settings.invert else image  # the margin, too
    values = np.asarray(image, np.uint8)
    if values.ndim == 2:
        return values[np.newaxis].copy()
    return np.ascontiguousarray(np.moveaxis(values, 2, 0))


def least_needed(settings: ImportSettings) -> int:
    """Pixels of the shorter side of a picture above which more change nothing that is seen; 0 where
    all count: of a photo of a digit, the digit may be a small part."""
    return 0 if settings.centre else round(_GAP * settings.size)


def _inverted(image: Image.Image) -> Image.Image:
    return ImageChops.invert(image)


# Modes -------------------------------------------------------------------------------------


def _on_ground(picture: Image.Image, background: Background) -> Image.Image:
    """``picture`` as L or RGB, or a mode that converts to these; what is transparent shows
    ``background``."""
    if picture.mode in _DEEP or picture.mode.startswith("I;16"):
        return _shallow(picture, background)
    if picture.mode == "LAB":
        return picture.convert("RGB")  # to nothing else can Pillow convert it
    if not picture.has_transparency_data:
        return picture
    if picture.mode == "La":
        picture = picture.convert("LA")
    seen = picture.convert("RGBA")
    ground = Image.new("RGB", seen.size, background)
    ground.paste(seen, mask=seen.getchannel("A"))
    return ground


def _shallow(picture: Image.Image, background: Background) -> Image.Image:
    """L of a mode with more bits."""
    values: NDArray[Any] = np.asarray(picture)
    if picture.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
    else:
        low, high = float(values.min()), float(values.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ImageError("image.not_finite", path="")
        tops = (1.0,) if picture.mode == "F" else ()
        low = min(low, 0.0)
        top = next((top for top in (*tops, 255.0, 65535.0) if high <= top and low == 0.0), high)
        scale = 255 / max(top - low, 1e-30)
        grey = np.rint((values.astype(np.float64) - low) * scale).astype(np.uint8)
    hidden = picture.info.get("transparency")
    if isinstance(hidden, int):  # one value that is not seen, as a PNG may say
        grey = np.where(values == hidden, np.uint8(255 if background == "white" else 0), grey)
    return Image.fromarray(grey)


# Sizes -------------------------------------------------------------------------------------


def _fitted(image: Image.Image, settings: ImportSettings) -> Image.Image:
    """``size`` × ``size`` pixels of ``image``, as ``settings.fit`` says."""
    size, (width, height) = settings.size, image.size
    if settings.fit == "stretch":
        return _resized(image, (size, size))
    if settings.fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        first = int(left), int(top)  # half a pixel matters where each of them is many
        seen = image.crop((*first, width - first[0], height - first[1]))
        start = left - first[0], top - first[1]
        return _resized(seen, (size, size), (*start, start[0] + side, start[1] + side))
    small = _inside(image, size)
    if small.size == (size, size):
        return small
    canvas = Image.new(image.mode, (size, size), settings.background)
    canvas.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
    return canvas


def _inside(image: Image.Image, side: int) -> Image.Image:
    """``image`` with its longer side of ``side`` pixels, its proportions kept."""
    width, height = image.size
    longer = max(width, height)
    return _resized(
        image, (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    )


def _resized(
    image: Image.Image,
    size: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """box: the part of ``image`` that is taken; None for all."""
    left, top, right, bottom = box or (0, 0, *image.size)
    smaller = size[0] < right - left or size[1] < bottom - top
    # Lanczos is the sharper one; where it enlarges, edges get a second one beside them.
    filter_ = Image.Resampling.LANCZOS if smaller else Image.Resampling.BICUBIC
    return image.resize(size, filter_, box, reducing_gap=_GAP)


def _centred(image: Image.Image, size: int) -> Image.Image:
    """By MNIST's recipe (``vae_studio.core.digit``) at another size: what is not black in a box of
    20/28 of the side, its centre of mass in the middle, moved by whole pixels."""
    canvas = Image.new(image.mode, (size, size))
    box = image.convert("L").point(_IS_INK).getbbox()
    if box is None:
        return canvas
    ink = _inside(image.crop(box), round(size * BOX / SIZE))
    x, y = centre_of_mass(np.asarray(ink.convert("L"), np.float64))
    left = min(max(round(size / 2 - x), 0), size - ink.width)
    top = min(max(round(size / 2 - y), 0), size - ink.height)
    canvas.paste(ink, (left, top))
    return canvas


_IS_INK = [255 * (value > _INK) for value in range(256)]
