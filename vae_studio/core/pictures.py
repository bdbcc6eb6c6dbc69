"""Model output as pictures: grids and PNG files, with Pillow. Images are [C, H, W] in [0, 1]."""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHEET_GAP = 2  # px between two images


def grid(
    images: NDArray[np.float32], columns: int | None = None, gap: int = SHEET_GAP
) -> Image.Image:
    """Images [n, C, H, W] as one picture: ``tile``, as square as can be."""
    sheet = to_bytes(tile(images, columns or math.ceil(math.sqrt(len(images))), gap))
    if len(sheet) == 1:
        return Image.fromarray(sheet[0])
    return Image.fromarray(np.ascontiguousarray(sheet.transpose(1, 2, 0)))


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
    if scale > 1:
        size = (image.width * scale, image.height * scale)
        image = image.resize(size, Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
