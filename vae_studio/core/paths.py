"""Paths through latent space, over points that were kept, and what a leg of them is. Plain numpy.

A path over P points has a leg between each two of them, P − 1 legs, or P where it is closed: it
then ends where it began. A leg of S steps has S + 1 points, and shares its ends with those beside.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_SMALL = 1e-6  # below, a vector has no direction, and two have no angle between them


def linear(points: Array, steps: int, closed: bool = False) -> Array:
    """Straight from each point to the next, at one speed in each leg.

    points: [P, D], P at least 2. Returns float32 [legs · steps + 1, D].
    """
    shares = np.linspace(0.0, 1.0, steps + 1)[:, None]
    return _joined([start + shares * (end - start) for start, end in _legs(points, closed)])


def spherical(points: Array, steps: int, closed: bool = False) -> Array:
    """On an arc around 0: direction and length each change evenly (Shoemake 1985; White 2016,
    section 2.1). Codes of many dimensions lie near a sphere, and a straight line cuts through it.

    Where an end is 0, or two are opposite, no arc is the shortest, and the leg is straight.
    As ``linear`` otherwise.
    """
    return _joined([_arc(start, end, steps) for start, end in _legs(points, closed)])


def _legs(points: Array, closed: bool) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    exact = np.asarray(points, np.float64)
    if len(exact) < 2:
        raise ValueError(f"a path needs two points or more, got {len(exact)}")
    ends = np.roll(exact, -1, axis=0)
    legs = list(zip(exact, ends, strict=True))
    return legs if closed else legs[:-1]


def _arc(start: NDArray[np.float64], end: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    shares = np.linspace(0.0, 1.0, steps + 1)[:, None]
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    straight: NDArray[np.float64] = start + shares * (end - start)
    if min(lengths) < _SMALL:
        return straight
    one, other = start / lengths[0], end / lengths[1]
    angle = float(np.arccos(np.clip(one @ other, -1.0, 1.0)))
    if np.sin(angle) < _SMALL:
        return straight
    turned = np.sin((1.0 - shares) * angle) * one + np.sin(shares * angle) * other
    length = lengths[0] + shares * (lengths[1] - lengths[0])
    arc: NDArray[np.float64] = turned / np.sin(angle) * length
    arc[0], arc[-1] = start, end
    return arc


def _joined(legs: list[NDArray[np.float64]]) -> Array:
    """One path; the ends that two legs share stand in it once."""
    path: Array = np.concatenate([legs[0], *(leg[1:] for leg in legs[1:])]).astype(np.float32)
    return path


def length_in_images(images: Array) -> float:
    """How far a walk over images [N, C, H, W] is: the sum of the Euclidean distances from each to
    the next."""
    flat = images.reshape(len(images), -1).astype(np.float64)
    return float(np.linalg.norm(np.diff(flat, axis=0), axis=1).sum())
