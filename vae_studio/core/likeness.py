"""Is an image like those of the test set? What it loses, and how its ink lies, among them.

The measure is the test set's own: nothing here knows of digits or of their size.

Legend: N images of H × W pixels; ink, in [0, 1], is how far a pixel is from the paper, in the
channel that is farthest. Six features of each, in units in which a tenth is little of any: ink:
logarithm of the mean of the pixels. pen: logarithm of the width of a line, px; a line w wide and l
long has l · w of ink and edges of 2 l, and edges are what the gradient sums to. x, y: centre of
mass, in 0.4 W and 0.4 H. size: logarithm of the longer side of the ink's box, px. parts: connected
parts of the ink less the holes in them, in tens (Gray 1971, "Local properties of binary images in
two dimensions").
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.surveyed import Survey

Reason = Literal[
    "empty",
    "too_thick",
    "too_thin",
    "off_centre",
    "too_large",
    "too_small",
    "many_parts",
    "not_a_digit",
]

# What a feature below, or above, the test set's says of an image. Of little ink only none is a
# fault, and much ink is one where no thick pen explains it; a digit may have many holes.
# ``not_a_digit`` of other data sets: none of theirs, for a reason that has no better name.
_REASONS: Final[tuple[tuple[Reason | None, Reason | None], ...]] = (
    (None, None),
    ("too_thin", "too_thick"),
    ("off_centre", "off_centre"),
    ("off_centre", "off_centre"),
    ("too_small", "too_large"),
    (None, "many_parts"),
)
_INK, _PEN, _PARTS = 0, 1, 5  # columns
_SOLID = 0.5  # from here on a pixel belongs to a box, or to a part
_LEAST = 1e-6  # below it there is no ink, and no logarithm
_EMPTY = math.log(10.0)  # so far below the least ink of the test set, nothing was drawn
_DUST = 4  # times as many parts as an image of the test set may have
_PART = 256  # images at a time: what is in between stays in the processor's cache

_USUAL = (0.025, 0.975)  # quantiles: outside of them, a feature explains a loss that is high
_FAR = (0.001, 0.999)  # and outside of these it is a fault, whatever the loss
_HIGH_LOSS = 0.99
# How far outside of both a feature may lie. In a test set that was centred and fitted by a program,
# quantiles alone would be too strict.
_MARGIN = np.array([[-0.1], [0.1]])


@dataclass(frozen=True, eq=False)
class Norm:
    """What a test set is like. losses: float32 [N], sorted; high_loss: their 99 % quantile. paper:
    the level of what its images are on, 0 or 1.

    middle: float64 [6], the median of each feature. usual, far: float64 [2, 6], the lowest and
    highest that it may be, in an image of a high loss and in any other.
    """

    losses: NDArray[np.float32]
    high_loss: float
    middle: NDArray[np.float64]
    usual: NDArray[np.float64]
    far: NDArray[np.float64]
    paper: float = 0.0


@dataclass(frozen=True)
class Likeness:
    """percentile: share of the test images that lose less, 0 to 100. reasons: why the image is
    unlike them, worst first; none where it is like them. unlike: whether it is: it loses more than
    99 % of them, or a feature lies far outside."""

    percentile: float
    reasons: tuple[Reason, ...]
    unlike: bool


def norm_of(survey: Survey, paper: float = 0.0) -> Norm:
    """The norm of a test set of one image at least, in about 0.1 s for MNIST's 10,000. paper: the
    level of what its images are on, 0 or 1."""
    count = len(survey)
    parts = []
    for start in range(0, count, _PART):
        images = survey.images[start : start + _PART]
        ink = (np.uint8(255) - images if paper else images).max(1)
        parts.append(_features(ink.astype(np.float32) / np.float32(255.0)))
    features = np.concatenate(parts)
    losses = np.sort(survey.loss)
    return Norm(
        losses,
        float(np.quantile(losses, _HIGH_LOSS)),
        np.median(features, axis=0),
        np.quantile(features, _USUAL, axis=0) + _MARGIN,
        np.quantile(features, _FAR, axis=0) + _MARGIN,
        paper,
    )


def likeness(norm: Norm, image: NDArray[np.float32], loss: float) -> Likeness:
    """Compare an image [C, H, W] in [0, 1] with the test set; it follows a pen, in 0.2 ms.

    loss: what the survey's model loses of it, reconstruction + KL at z = mu, as in ``Survey``.
    """
    below = int(np.searchsorted(norm.losses, np.float32(loss)))
    percentile = 100.0 * below / len(norm.losses)
    features = _features(np.abs(image - np.float32(norm.paper)).max(0)[None])[0]
    if features[_INK] < norm.far[0, _INK] - _EMPTY:
        return Likeness(percentile, ("empty",), True)
    high = not loss <= norm.high_loss  # nor is no number a low loss
    reasons = _reasons(features, norm, norm.usual if high else norm.far)
    if high and not reasons:
        reasons = ("not_a_digit",)
    return Likeness(percentile, reasons, bool(reasons))


def _reasons(
    features: NDArray[np.float64], norm: Norm, limits: NDArray[np.float64]
) -> tuple[Reason, ...]:
    """What lies outside of ``limits``, the farthest from the middle first."""
    away = np.abs(features - norm.middle).tolist()
    below, above = (features < limits[0]).tolist(), (features > limits[1]).tolist()
    found: dict[Reason, float] = {}
    for column, (low, high) in enumerate(_REASONS):
        reason = low if below[column] else high if above[column] else None
        if reason is not None:
            found[reason] = max(found.get(reason, 0.0), away[column])
    everywhere = above[_INK] and features[_PEN] <= norm.usual[1, _PEN]
    if everywhere or features[_PARTS] > _dust(norm):
        found["not_a_digit"] = math.inf  # noise: its box and its lines say nothing more
    return tuple(sorted(found, key=lambda reason: -found[reason]))


def _dust(norm: Norm) -> float:
    """From so many parts on, less the holes, an image is dust. A test set may have more holes."""
    far, middle = float(norm.far[1, _PARTS]), float(norm.middle[_PARTS])
    return _DUST * far if far > 0.0 else far + (_DUST - 1) * (far - middle)


def _features(ink: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of images [N, H, W]: float64 [N, 6]. Without ink: in the middle, and of size 0 almost."""
    height, width = ink.shape[1:]
    columns, rows = ink.sum(1, dtype=np.float64), ink.sum(2, dtype=np.float64)
    mass = columns.sum(1)
    drawn = mass > _LEAST
    least = np.maximum(mass, _LEAST)
    wide = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    across = wide[:, :-1, 1:] - wide[:, :-1, :-1]
    down = wide[:, 1:, :-1] - wide[:, :-1, :-1]
    edges = np.sqrt(across * across + down * down).sum((1, 2), dtype=np.float64)
    solid = wide >= _SOLID
    size = np.maximum(_extent(solid.max(1)), _extent(solid.max(2)))
    return np.stack(
        [
            np.log(least / (height * width)),
            np.log(np.maximum(2.0 * mass / np.maximum(edges, _LEAST), _LEAST)),
            np.where(drawn, columns @ np.arange(width) / least, (width - 1) / 2) / (0.4 * width),
            np.where(drawn, rows @ np.arange(height) / least, (height - 1) / 2) / (0.4 * height),
            np.log(np.maximum(size, 0.5)),
            _euler(solid) / 10.0,
        ],
        axis=1,
    )


def _extent(taken: NDArray[np.bool_]) -> NDArray[np.int64]:
    """From the first to the last that is taken, of each row [N, n]: [N], 0 where none is."""
    length = taken.shape[1] - taken.argmax(1) - taken[:, ::-1].argmax(1)
    extent: NDArray[np.int64] = np.where(taken.any(1), length, 0)
    return extent


def _quads() -> NDArray[np.int8]:
    """What each of the 16 patterns of 2 × 2 pixels adds to four times the Euler number, where
    pixels that touch at a corner are connected."""
    table = np.zeros(16, np.int8)
    for code in range(16):
        table[code] = {1: 1, 3: -1}.get(code.bit_count(), 0)
    table[[0b0110, 0b1001]] = -2  # two that touch at a corner
    return table


_QUADS: Final = _quads()


def _euler(solid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Parts less holes of each image [N, h, w] whose border is empty: [N]."""
    bits = solid.view(np.uint8)
    codes = bits[:, :-1, :-1] | bits[:, :-1, 1:] << 1 | bits[:, 1:, :-1] << 2 | bits[:, 1:, 1:] << 3
    number: NDArray[np.float64] = _QUADS[codes].sum((1, 2), dtype=np.int64) / 4.0
    return number
