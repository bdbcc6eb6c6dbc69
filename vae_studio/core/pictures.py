"""Model output as pictures: grids, PNG, GIF, with Pillow. Images are [C, H, W] in [0, 1]."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHEET_GAP = 2  # px between two images
_SHORTEST = 20  # ms; browsers take less for a mistake, and show a frame for 100


def grid(
    images: NDArray[np.float32], columns: int | None = None, gap: int = SHEET_GAP
) -> Image.Image:
    """Images [n, C, H, W] as one picture: ``tile``, as square as can be."""
    return _picture(to_bytes(tile(images, columns or math.ceil(math.sqrt(len(images))), gap)))


def tile(images: NDArray[np.float32], columns: int, gap: int = SHEET_GAP) -> NDArray[np.float32]:
    """Images [n, C, H, W] row by row, ``gap`` dark pixels apart, as one [C, H, W]."""
    count, channels, height, width = images.shape
    rows = math.ceil(count / columns)
    sheet = np.zeros(
        (channels, rows * (height + gap) - gap, columns * (width + gap) - gap), np.float32
    )
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[:, top : top + height, left : left + width] = image
    return sheet


def to_bytes(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[0, 1] -> 0 … 255, rounded, any shape. NaN, which wild weights can make, is 0."""
    return (np.nan_to_num(np.clip(images, 0.0, 1.0)) * 255.0 + 0.5).astype(np.uint8)


def png(image: Image.Image, scale: int = 1) -> bytes:
    """A PNG file, each pixel ``scale`` pixels wide."""
    buffer = io.BytesIO()
    _enlarged(image, scale).save(buffer, "PNG")
    return buffer.getvalue()


def gif(
    images: NDArray[np.float32], scale: int = 1, milliseconds: int = 100, loop: bool = True
) -> bytes:
    """A GIF file that shows images [n, C, H, W], n ≥ 1, each for ``milliseconds``, rounded to 10
    and 20 at least; again and again, or once.

    Grey is exact; of more than 256 colours, a frame has those that come near. An image like the one
    before becomes no frame: that one stays longer.
    """
    frames = []
    for image in to_bytes(images):
        picture = _picture(image)
        if picture.mode == "RGB":
            picture = picture.quantize(dither=Image.Dither.NONE)
        frames.append(_enlarged(picture, scale))
    options = {"loop": 0} if loop else {}
    duration = max(_SHORTEST, round(milliseconds / 10) * 10)
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=duration, **options
    )
    return buffer.getvalue()


def _picture(image: NDArray[np.uint8]) -> Image.Image:
    """[C, H, W] as grey or RGB."""
    if len(image) == 1:
        return Image.fromarray(image[0])
    return Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))


def _enlarged(image: Image.Image, scale: int) -> Image.Image:
    if scale <= 1:
        return image
    size = (image.width * scale, image.height * scale)
    return image.resize(size, Image.Resampling.NEAREST)
