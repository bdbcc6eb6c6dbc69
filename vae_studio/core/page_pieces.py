"""Connected pieces of a mask, and boxes around them.

Legend: H, W are the sides of the mask; boxes are int [n, 4] of left, top, right, bottom in its
pixels, right and bottom outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.digit import InkImage
from vae_studio.core.scan import dilated

Mask = NDArray[np.bool_]
Boxes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Connected pieces of a mask [H, W]. label: int32 [H, W], 0 where there is none, otherwise the
    number of the piece, from 1. box: [n, 4]. thick: how thick the strokes of each are,
    on the whole, [n]."""

    label: NDArray[np.int32]
    box: Boxes
    thick: NDArray[np.float64]


def runs_of(mask: Mask) -> tuple[Boxes, Boxes]:
    """Starts and ends of the horizontal runs of ``mask``, as places in its rows one after another,
    each row with a pixel more on both sides; ends are outside."""
    wide = np.pad(mask, ((0, 0), (1, 1))).ravel()
    change = np.flatnonzero(wide[1:] != wide[:-1]) + 1
    return change[0::2], change[1::2]


def run_lengths(mask: Mask) -> Boxes:
    """The length of the horizontal run that each pixel of ``mask`` is in, 0 outside."""
    start, end = runs_of(mask)
    result = np.zeros(mask.shape, np.intp)
    result[mask] = np.repeat(end - start, end - start)
    return result


def pieces_of(mask: Mask) -> Pieces:
    """The pieces of ``mask`` that hang together, over edges or corners, found by runs: as many
    rounds as a logarithm, each over whole arrays."""
    start, end = runs_of(mask)
    stride = mask.shape[1] + 2
    # Of the runs one row below, those that touch run i are first[i] to last[i] - 1.
    first = np.searchsorted(end, start + stride, "left")
    last = np.searchsorted(start, end + stride, "right")
    count = np.maximum(last - first, 0)
    above = np.repeat(np.arange(len(start)), count)
    below = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    below += np.repeat(first, count)
    root = np.arange(len(start))
    while True:
        one, other = root[above], root[below]
        apart = one != other
        if not apart.any():
            break
        above, below, one, other = above[apart], below[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(root, root[root]):
            root = root[root]
    _, number = np.unique(root, return_inverse=True)
    pieces = int(number.max()) + 1 if number.size else 0
    row, left = np.divmod(start, stride)
    box = np.empty((pieces, 4), np.intp)
    box[:, :2], box[:, 2:] = np.iinfo(np.intp).max, 0
    np.minimum.at(box[:, 0], number, left - 1)
    np.minimum.at(box[:, 1], number, row)
    np.maximum.at(box[:, 2], number, left - 1 + end - start)
    np.maximum.at(box[:, 3], number, row + 1)
    label = np.zeros(mask.shape, np.int32)
    label[mask] = np.repeat(number + 1, end - start)
    thick = np.minimum(run_lengths(mask), run_lengths(mask.T).T)
    total = np.bincount(label.ravel(), thick.ravel(), pieces + 1)[1:]
    return Pieces(label, box, total / np.bincount(number, end - start, pieces))


def like_strokes(pieces: Pieces, blob: float, grown: int = 0) -> Mask:
    """Which pieces [n] are neither blobs, thicker than that share of their size, nor edges, long
    and as thin as a hair."""
    size = np.maximum(*sides_of(pieces.box))
    narrow = np.minimum(*sides_of(pieces.box)) - grown
    hair = (pieces.thick - grown < 0.025 * size) | (narrow < 0.06 * size)
    edge = hair & (size > 0.05 * max(pieces.label.shape))
    result: Mask = (pieces.thick <= blob * size) & ~edge
    return result


# Boxes ----------------------------------------------------------------------------------------


def sides_of(boxes: Boxes) -> tuple[Boxes, Boxes]:
    """Widths and heights [n]."""
    return boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]


def union_of(boxes: Boxes) -> Boxes:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def joined(box: Boxes, group: Boxes) -> Boxes:
    """Boxes of the groups."""
    count = int(group.max(initial=-1)) + 1
    return (
        np.stack([union_of(box[group == number]) for number in range(count)]) if count else box[:0]
    )


def grown(mask: Mask, *, square: bool) -> Mask:
    return dilated(mask.astype(np.float32), square=square) > 0


def extent_of(mask: Mask) -> Boxes:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])


def shares_of(box: Boxes, grey: InkImage) -> tuple[float, float, float, float]:
    height, width = grey.shape
    left, top, right, bottom = box.tolist()
    return left / width, top / height, right / width, bottom / height
