"""The first of a run's newest picture of samples, for lists. Pillow, no torch."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.errors import ImageError
from vae_studio.core.picture_files import decode_picture
from vae_studio.core.pictures import SHEET_GAP
from vae_studio.core.reading import read_bounded

_MAX_BYTES = 2**20  # of a picture of samples: 800 kB where they are noise, in colour, of 128 px
_COLUMNS = 4  # of that picture, and as many rows
_MAX_ENTRIES = 20_000  # of the folder: one for each epoch
_NAME = re.compile(r"epoch-(\d{4,6})\.png")


def thumbnail(
    run: Path, image_shape: tuple[int, ...], epoch: int, count: int = 3
) -> NDArray[np.uint8] | None:
    """The first ``count`` samples side by side, [H, W] or [H, W, 3]; None where there is no such
    picture.

    image_shape: of one image, (C, H, W). epoch: the one whose picture is looked for first; the
    folder is searched only where it is missing.
    """
    channels, height, width = image_shape
    sheet = _sheet(run / "samples", epoch)
    if sheet is None:
        return None
    try:
        picture = decode_picture(sheet)
    except ImageError:
        return None
    sides = [_COLUMNS * side + (_COLUMNS - 1) * SHEET_GAP for side in (width, height)]
    if list(picture.size) != sides:
        return None
    values = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    return np.ascontiguousarray(values[:height, : count * width + (count - 1) * SHEET_GAP])


def _sheet(folder: Path, epoch: int) -> bytes | None:
    """The bytes of the newest picture; a pipe, or what is too large, is no picture."""
    try:
        return read_bounded(folder / f"epoch-{epoch:04d}.png", _MAX_BYTES)
    except (OSError, ValueError):
        pass
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, _MAX_ENTRIES)]
        matches = [match for name in names if (match := _NAME.fullmatch(name))]
        newest = max(matches, key=lambda match: int(match[1]))
        return read_bounded(folder / newest.string, _MAX_BYTES)
    except (OSError, ValueError):
        return None
