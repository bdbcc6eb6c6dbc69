"""What the numbers of an array mean: which are the sides of an image, what is black and what is
white, which labels there are. No torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never
from vae_studio.core.datasets.rows import Rows
from vae_studio.core.datasets.table import MOST_CLASSES
from vae_studio.core.errors import DatasetError, ImageError
from vae_studio.core.picture_files import MAX_PIXELS

_LOOKED_AT = 1000  # images, from the first to the last
_LOOKED_AT_BYTES = 2**26  # but not more of them than this
_SLACK = 0.01  # of the range: what a filter made may go over the edge so far
_TOPS = (
    1,
    255,
    1023,
    4095,
    16383,
    65535,
)  # of whole numbers: cameras and scanners have 10 to 16 bits
_COLOURS = (1, 3, 4)

Range = tuple[float, float]  # the values that are black and white


@dataclass(frozen=True)
class Layout:
    """How a row becomes a picture. shape: of the row, (H, W), (H, W, C) or (C, H, W).
    first: the latter."""

    shape: tuple[int, ...]
    first: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.shape[1:] if self.first else self.shape[:2]
        return height, width

    @property
    def channels(self) -> int:
        """1, 3, or 4 with transparency."""
        return 1 if len(self.shape) == 2 else self.shape[0 if self.first else 2]

    def picture(self, row: NDArray[np.uint8]) -> Image.Image:
        """The picture of a row's bytes: L, RGB or RGBA."""
        values = row.reshape(self.shape)
        if self.first:
            values = np.moveaxis(values, 0, 2)
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[:, :, 0]
        return Image.fromarray(np.ascontiguousarray(values))


def layout_of(shape: tuple[int, ...], path: Path) -> Layout:
    """What an array of images [N, H, W], [N, H, W, 1 | 3 | 4], [N, 1 | 3, H, W] or [N, P] holds,
    P being a square, or three of them, one for each colour. Raises ``DatasetError``."""
    found = _layout_of(shape[1:])
    if found is None or min(found.size) < 1 or math.prod(found.size) > MAX_PIXELS:
        written = " × ".join(f"{size:,}" for size in shape) or "no size"
        raise DatasetError("import.array_shape", path=str(path), shape=written)
    return found


def _layout_of(shape: tuple[int, ...]) -> Layout | None:
    if len(shape) == 1:
        for channels in (1, 3):
            side = math.isqrt(shape[0] // channels)
            if side > 1 and channels * side * side == shape[0]:
                return Layout((channels, side, side), first=True)
    if len(shape) == 2 and (shape[1] not in (3, 4) or shape[0] <= 4):  # else one picture's rows
        return Layout(shape)
    if len(shape) == 3:
        last, first = shape[2] in _COLOURS, shape[0] in (1, 3)
        if last and first:  # both could be: what is nearer to a square
            last = abs(shape[0] - shape[1]) <= abs(shape[1] - shape[2])
        if last or first:
            return Layout(shape, first=not last)
    return None


def value_range(
    parts: Sequence[Rows], path: Path, should_stop: ShouldStop = never
) -> tuple[float, float]:
    """What is black and what is white, from a look at up to 1000 images of all ``parts``.

    The narrowest that holds them: [0, 1], [-1, 1], [0, 255], and for whole numbers of more than
    8 bits those of 10, 12, 14 and 16. Raises ``DatasetError`` ``import.array_range`` where none
    does.
    """
    if all(part.header.dtype.kind == "b" for part in parts):
        return 0.0, 1.0
    low, high, whole, wide = math.inf, -math.inf, True, False
    total = sum(len(part) for part in parts)
    for part in parts:
        dtype = part.header.dtype
        whole, wide = whole and dtype.kind in "bui", wide or dtype.itemsize > 1
        most = min(_LOOKED_AT, max(16, _LOOKED_AT_BYTES // max(1, part.header.row_bytes)))
        share = min(len(part), max(1, most * len(part) // max(1, total)))
        for index in np.linspace(0, len(part) - 1, share).astype(np.int64).tolist():
            if should_stop():
                raise LoadingStoppedError
            values = part.read(index)
            if dtype.kind == "f":
                values = values[np.isfinite(values)]
            if values.size:
                low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low > high:
        low = high = 0.0  # not a number in sight: each image will say so
    if whole:
        ranges: list[Range] = [(0.0, float(top)) for top in _TOPS[: None if wide else 2]]
        ranges.insert(1, (-1.0, 1.0))
    else:
        ranges = [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)]
    for each in ranges:
        if not _outside(low, high, each):
            # A look at nothing but black says nothing of what white is.
            return (0.0, 255.0) if whole and not high and not low and ranges[0] == each else each
    raise DatasetError("import.array_range", path=str(path), low=f"{low:.6g}", high=f"{high:.6g}")


def _outside(low: float, high: float, limits: Range) -> bool:
    slack = _SLACK * (limits[1] - limits[0])
    return not (limits[0] - slack <= low and high <= limits[1] + slack)


def to_bytes(values: NDArray[Any], limits: Range) -> NDArray[np.uint8]:
    """``values`` with ``limits`` at 0 and 255. Raises ``ImageError`` for NaN, infinity, and what is
    outside the limits by more than a hundredth: those were meant in another way."""
    black, white = limits
    if values.dtype == np.uint8 and limits == (0.0, 255.0):
        return np.asarray(values, np.uint8)
    exact = values.astype(np.float64)
    low, high = float(exact.min()), float(exact.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ImageError("image.not_finite")
    if _outside(low, high, limits):
        raise ImageError(
            "import.out_of_range", low=f"{low:.6g}", high=f"{high:.6g}", black=black, white=white
        )
    scaled = (exact - black) * (255 / (white - black))
    result: NDArray[np.uint8] = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return result


def label_values(rows: Rows, count: int, path: Path) -> NDArray[np.int64]:
    """The labels [count] of an array [N] or [N, 1]: whole numbers from 0, in any type.

    path: of the images, or of the file that holds both. Raises ``DatasetError``.
    """
    shape = rows.header.shape
    if len(shape) not in (1, 2) or shape[1:] not in ((), (1,)):
        written = " × ".join(f"{size:,}" for size in shape) or "no size"
        raise DatasetError("import.labels", path=str(path), reason=f"their shape is {written}")
    if shape[0] != count:
        raise DatasetError("data.counts", path=str(path), images=count, labels=shape[0])
    values = rows.all().reshape(-1)
    if values.dtype.kind == "f" and not (np.isfinite(values) & (values == np.rint(values))).all():
        raise DatasetError("import.labels", path=str(path), reason="they are no whole numbers")
    if values.size and (values.min() < 0 or values.max() > 2**31):
        low, high = values.min(), values.max()
        raise DatasetError("import.labels", path=str(path), reason=f"they go from {low} to {high}")
    return values.astype(np.int64)


def numbered(
    values: NDArray[np.int64], names: Sequence[str], path: Path
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Labels without gaps, and the name of each: that of ``names``, or the value where there are
    none. Raises ``DatasetError``."""
    used, labels = np.unique(values, return_inverse=True)
    if len(used) > MOST_CLASSES:
        raise DatasetError(
            "import.too_many_classes", path=str(path), classes=len(used), most=MOST_CLASSES
        )
    if names and int(used.max(initial=0)) >= len(names):
        last = len(names) - 1
        raise DatasetError("data.labels", path=str(path), label=int(used.max()), last=last)
    named = tuple(names[value] if names else str(value) for value in used.tolist())
    return labels.reshape(-1).astype(np.int64), named
