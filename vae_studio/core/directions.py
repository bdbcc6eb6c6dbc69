"""Directions in latent space, as differences of means (Larsen et al. 2016, section 4.2; White 2016,
section 3.2, "attribute vectors"). Plain numpy."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.surveyed import Survey, nearest

Array = NDArray[np.float32]

_VOTES = 15  # of the nearest images, on the class of a point


def mean_of_all(survey: Survey) -> Array:
    """The mean of all codes: float32 [L]."""
    mean: Array = survey.mu.mean(0)
    return mean


def mean_of_class(survey: Survey, label: int) -> Array | None:
    """The mean of the codes of a class; None where no image has it."""
    return _mean(survey, np.flatnonzero(survey.labels == label))


def class_means(survey: Survey, classes: int) -> tuple[Array, NDArray[np.int64]]:
    """The mean of each class [K, L], and how many images it is of [K]; 0 where none has it. As
    quick for a thousand classes as for one."""
    order = np.argsort(survey.labels, kind="stable")
    counts = np.bincount(survey.labels, minlength=classes)[:classes]
    means = np.zeros((classes, survey.mu.shape[1]), np.float32)
    there = np.flatnonzero(counts)
    if len(there):
        starts = np.concatenate(([0], np.cumsum(counts)))[there]
        sums = np.add.reduceat(survey.mu[order[: counts.sum()]], starts, axis=0, dtype=np.float64)
        means[there] = sums / counts[there, None]
    return means, counts


def mean_of_images(survey: Survey, indices: Collection[int]) -> Array | None:
    """The mean of the codes of these images; None where the survey has none of them."""
    chosen = np.fromiter(indices, np.int64)
    return _mean(survey, chosen[(chosen >= 0) & (chosen < len(survey))])


def _mean(survey: Survey, chosen: NDArray[np.int64]) -> Array | None:
    return survey.mu[chosen].mean(0) if len(chosen) else None


def class_of(survey: Survey, z: Array) -> int:
    """The class that most of the 15 images nearest to z [L] have; the smallest of equal ones."""
    near = nearest(survey.mu, np.asarray(z, np.float32), _VOTES)
    return int(np.bincount(survey.labels[near]).argmax())


def in_all_classes(survey: Survey, z: Array, classes: int, now: int) -> Array:
    """z as it would be in each class: z + mean of that class − mean of class ``now``, [K, L]; z
    itself for ``now``, and for a class that no image has."""
    rows = np.tile(np.asarray(z, np.float32), (classes, 1))
    means, counts = class_means(survey, classes)
    if counts[now]:
        there = counts > 0
        there[now] = False
        rows[there] += means[there] - means[now]
    return rows
