"""MNIST bitmaps turned back into pen strokes: a public stand-in for people who draw digits.

The bitmap is thinned to its skeleton and the skeleton is traced into polylines, as a pen would
have gone. Used by the tests of `vae_studio.core.digit` and by `benchmarks/digit_recipe.py`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

UPSCALE = 3  # thinning at 84 x 84 places the skeleton to a third of a pixel
SMOOTHING = 5  # points in the moving average that takes the staircase off, odd

# Neighbours P2 ... P9 of Zhang and Suen: clockwise from north, as (row, column).
RING = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))


def _removable() -> NDArray[np.bool_]:
    """Tables [2, 256]: may a pixel go in sub-iteration 0 or 1, by its ring (bit 0 = P2)?"""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    neighbours = bits.sum(axis=1)
    rises = ((bits == 0) & (np.roll(bits, -1, axis=1) == 1)).sum(axis=1)
    p2, p4, p6, p8 = bits[:, 0], bits[:, 2], bits[:, 4], bits[:, 6]
    common = (neighbours >= 2) & (neighbours <= 6) & (rises == 1)
    first = (p2 * p4 * p6 == 0) & (p4 * p6 * p8 == 0)
    second = (p2 * p4 * p8 == 0) & (p2 * p6 * p8 == 0)
    return np.stack([common & first, common & second])


def thin(bitmaps: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Skeletons of `bitmaps` [N, H, W], one pixel wide.

    T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns",
    Communications of the ACM 27(3), 1984.
    """
    table = _removable()
    height, width = bitmaps.shape[1:]
    ink = np.pad(bitmaps, ((0, 0), (1, 1), (1, 1))).astype(np.uint8)
    inner = ink[:, 1:-1, 1:-1]
    changed = True
    while changed:
        changed = False
        for rule in table:
            ring = np.zeros(inner.shape, np.uint8)
            for bit, (row, column) in enumerate(RING):
                ring |= ink[:, 1 + row : 1 + row + height, 1 + column : 1 + column + width] << bit
            gone = rule[ring] & (inner == 1)
            if gone.any():
                inner[gone] = 0
                changed = True
    return inner.astype(bool)


def trace(skeleton: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Polylines [n, 2] of x and y that pass once over every link of `skeleton` [H, W].

    A walk starts at a free end where there is one, and goes straight on at a crossing, as a pen
    would. Lone pixels become strokes of one point.
    """
    pixels = {(int(row), int(column)) for row, column in np.argwhere(skeleton)}
    links: dict[tuple[int, int], set[tuple[int, int]]] = {pixel: set() for pixel in pixels}
    for row, column in pixels:
        for down, right in RING:
            other = (row + down, column + right)
            # A diagonal beside a right-angled way round would be a loop of three pixels.
            corner = (
                down
                and right
                and ((row + down, column) in pixels or (row, column + right) in pixels)
            )
            if other in pixels and not corner:
                links[row, column].add(other)
    strokes: list[NDArray[np.float64]] = [
        np.array([[c, r]], np.float64) for (r, c), around in links.items() if not around
    ]
    while any(links.values()):
        at = min((p for p in links if links[p]), key=lambda p: (len(links[p]) != 1, p))
        walk = [at]
        while links[at]:
            back = walk[-4] if len(walk) > 3 else walk[0]
            heading = (at[0] - back[0], at[1] - back[1])
            onward = max(
                sorted(links[at]),
                key=lambda p: (
                    ((p[0] - at[0]) * heading[0] + (p[1] - at[1]) * heading[1])
                    / float(np.hypot(p[0] - at[0], p[1] - at[1]))
                ),
            )
            links[at].discard(onward)
            links[onward].discard(at)
            walk.append(onward)
            at = onward
        strokes.append(np.array([[c, r] for r, c in walk], np.float64))
    return strokes


def smooth(stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """`stroke` [n, 2] under a moving average of `SMOOTHING` points that keeps its two ends."""
    half = SMOOTHING // 2
    if len(stroke) <= 2 * half:
        return stroke
    padded = np.concatenate(
        [np.repeat(stroke[:1], half, 0), stroke, np.repeat(stroke[-1:], half, 0)]
    )
    soft = np.mean([padded[k : k + len(stroke)] for k in range(SMOOTHING)], axis=0)
    soft[0], soft[-1] = stroke[0], stroke[-1]
    return np.asarray(soft, np.float64)


def digit_strokes(images: NDArray[np.uint8]) -> list[list[NDArray[np.float64]]]:
    """For each of `images` [N, 28, 28] its strokes, [n, 2] of x and y in pixels of the image."""
    size = (images.shape[2] * UPSCALE, images.shape[1] * UPSCALE)
    large = [Image.fromarray(i).resize(size, Image.Resampling.BICUBIC) for i in images]
    skeletons = thin(np.stack([np.asarray(image) for image in large]) > 127)
    # Pixel centres: fine index f is at (f + 1/2) / UPSCALE - 1/2 of the image's own grid.
    return [[(smooth(s) + 0.5) / UPSCALE - 0.5 for s in trace(one)] for one in skeletons]
