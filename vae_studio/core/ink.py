"""Strokes on an image of any size and colour, where they stand, with smooth edges. No torch.

What ``core.digit`` does for MNIST's own form, this does for all others: nothing is fitted, moved or
drawn with another pen. Legend: as in ``core.lines``; an image is float32 [C, H, W] in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vae_studio.core.lines import SEGMENT, distances, gathered, pieces, simplified

Image = NDArray[np.float32]

_EDGE = 1.0  # px, over which a line fades: what it covers of a pixel, nearly


def drawn(
    ground: Image,
    strokes: Sequence[ArrayLike],
    widths: Sequence[float],
    colours: Sequence[Sequence[float]],
) -> Image:
    """``ground`` with strokes painted over it, one after the other.

    strokes: arrays [n, 2] in pixels. widths: of the pen, in pixels, > 0. colours: C levels in
    [0, 1] of each; paper's own colour erases. Raises ``ImageError`` as ``core.lines`` does.
    """
    image = ground.astype(np.float64)
    size = (image.shape[1], image.shape[2])
    for points, width, colour in zip(strokes, widths, colours, strict=True):
        part = _covered(points, width, size)
        if part is not None:
            below = image[:, part.top : part.bottom, part.left : part.right]
            below += part.share * (np.asarray(colour, np.float64)[:, None, None] - below)
    return np.clip(image, 0.0, 1.0).astype(np.float32)


def covered(strokes: Sequence[ArrayLike], widths: Sequence[float], size: tuple[int, int]) -> Image:
    """How much of each pixel strokes cover, whichever does most: float32 [H, W] in [0, 1]."""
    found = np.zeros(size)
    for points, width in zip(strokes, widths, strict=True):
        part = _covered(points, width, size)
        if part is not None:
            there = found[part.top : part.bottom, part.left : part.right]
            np.maximum(there, part.share, out=there)
    return found.astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Part:
    """The pixels that a stroke may touch, and how much of each it covers: [h, w] in [0, 1]."""

    left: int
    top: int
    right: int
    bottom: int
    share: NDArray[np.float64]


def _covered(points: ArrayLike, width: float, size: tuple[int, int]) -> _Part | None:
    """None of a stroke beside the image, or without points."""
    line, stroke = gathered([points])
    if not len(line):
        return None
    height, across = size
    reach = (width + _EDGE) / 2
    low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
    left, top = (max(0, math.ceil(value)) for value in low)
    right, bottom = min(across, math.floor(high[0]) + 1), min(height, math.floor(high[1]) + 1)
    if right <= left or bottom <= top:
        return None
    longest = max(SEGMENT, reach)  # with a thick pen, short pieces look at the same pixels anew
    start, end, _ = pieces(*simplified(line - (left, top), stroke, longest), longest)
    away = distances(start, end, reach, (bottom - top, right - left), longest)
    # A line that is thinner than a pixel nowhere covers more of one than its width.
    share = np.clip((reach - away) / _EDGE, 0.0, min(1.0, width))
    return _Part(left, top, right, bottom, share)
