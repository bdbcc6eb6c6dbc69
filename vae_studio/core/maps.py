"""Maps: a latent space of L dimensions on a plane, and the way back. Plain numpy.

Points of the plane are float32 [..., 2], of latent space [..., L].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.surveyed import Survey, nearest

Array = NDArray[np.float32]

_NEIGHBOURS = 8  # that say where a point is on a map without axes
_BLOCK = 32  # points that are looked up together
_PRIOR_RADIUS = 2.4477  # of the disc that holds 95 % of a standard normal in two dimensions
_EMPTY = 0.1  # where the data have less than this share of the prior's density, they are missing
_DENSITY_IMAGES = 2000  # that the data's density is made of
HOLE_CELLS = 72


@dataclass(frozen=True, eq=False)
class PlaneMap:
    """A plane in latent space: p = (z − centre) axesᵀ.

    centre: [L]. axes: [2, L], orthonormal. shares: of the variance of the means along each axis;
    None where the axes are two dimensions themselves, ``dimensions``.
    """

    centre: Array
    axes: Array
    shares: tuple[float, float] | None = None
    dimensions: tuple[int, int] | None = None

    def place(self, z: Array) -> Array:
        """Where z lies on the map."""
        placed = (np.asarray(z, np.float32) - self.centre) @ self.axes.T
        return placed.astype(np.float32)

    def lift(self, point: Array, z: Array) -> Array:
        """The point of latent space nearest to ``z`` [L] that lies at ``point`` [..., 2]."""
        away = np.asarray(point, np.float32) - self.place(z)
        return (np.asarray(z, np.float32) + away @ self.axes).astype(np.float32)

    def covariance(self, logvar: Array) -> Array:
        """Of a posterior with diagonal covariance exp(logvar) [L], on the map: [2, 2]."""
        spread = (self.axes * np.exp(np.asarray(logvar, np.float32))) @ self.axes.T
        return spread.astype(np.float32)


@dataclass(frozen=True, eq=False)
class NeighbourMap:
    """A map without axes, such as one by t-SNE: what lies where, the images say.

    places: [N, 2], of the means ``mu``: [N, L]. Both ways go through the nearest images, weighted
    by the inverse of their distances.
    """

    places: Array
    mu: Array

    def place(self, z: Array) -> Array:
        """Where z [L] lies on the map, about."""
        return _weighted(self.mu, self.places, np.asarray(z, np.float32))

    def place_many(self, z: Array) -> Array:
        """The same for many, [N, L]: float32 [N, 2]; in 512 dimensions seven times as fast."""
        points, placed = np.asarray(z, np.float32), np.empty((len(z), 2), np.float32)
        squares = np.einsum("nd,nd->n", self.mu, self.mu)
        count = min(_NEIGHBOURS, len(self.mu))
        for start in range(0, len(points), _BLOCK):
            block = points[start : start + _BLOCK]
            distances = squares - 2.0 * (block @ self.mu.T)  # but for what is the same in a row
            near = np.argpartition(distances, count - 1, axis=1)[:, :count]
            for row, (point, rows) in enumerate(zip(block, near, strict=True), start):
                placed[row] = _by_distance(self.mu[rows], self.places[rows], point)
        return placed

    def lift(self, point: Array, z: Array) -> Array:
        """What lies at a point [2], about."""
        return _weighted(self.places, self.mu, np.asarray(point, np.float32))


LatentMap = PlaneMap | NeighbourMap


def _weighted(known: Array, wanted: Array, to: Array) -> Array:
    near = nearest(known, to, _NEIGHBOURS)
    return _by_distance(known[near], wanted[near], to)


def _by_distance(known: Array, wanted: Array, to: Array) -> Array:
    """The mean of ``wanted``, each weighted by how near ``known`` is."""
    weights = 1.0 / (np.sqrt(np.square(known - to).sum(1)) + 1e-6)
    found: Array = (weights @ wanted / weights.sum()).astype(np.float32)
    return found


def plane_of(dimensions: tuple[int, int], size: int) -> PlaneMap:
    """Two latent dimensions as they are; size: L."""
    axes = np.zeros((2, size), np.float32)
    axes[0, dimensions[0]] = axes[1, dimensions[1]] = 1.0
    return PlaneMap(np.zeros(size, np.float32), axes, dimensions=dimensions)


def principal_plane(mu: Array, like: PlaneMap | None = None) -> PlaneMap:
    """The two principal components of the means [N, L] (Hotelling 1933); of a space with two
    dimensions, these themselves. like: the map before, whose sides up and right are kept."""
    size = mu.shape[1]
    if size == 2:
        return plane_of((0, 1), 2)
    values, vectors = np.linalg.eigh(np.cov(mu.T.astype(np.float64)))
    axes = vectors[:, [-1, -2]].T
    for axis, towards in enumerate(_signs(axes, like)):
        axes[axis] *= towards
    total = max(float(values.sum()), 1e-12)
    shares = (float(values[-1]) / total, float(values[-2]) / total)
    return PlaneMap(mu.mean(0), axes.astype(np.float32), shares)


def _signs(axes: NDArray[np.float64], like: PlaneMap | None) -> NDArray[np.float64]:
    """A component has no sign of its own: as before, or with its largest entry positive."""
    if like is not None and like.axes.shape == axes.shape:
        along = (axes * like.axes).sum(1)
    else:
        along = axes[np.arange(2), np.abs(axes).argmax(1)]
    return np.where(along < 0, -1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Holes:
    """Where the prior has mass and the data do not: cells [HOLE_CELLS, HOLE_CELLS] of the square
    from ``low`` to ``high`` (both [2]), rows upward."""

    cells: NDArray[np.bool_]
    low: Array
    high: Array


def holes_of(plane: PlaneMap, survey: Survey) -> Holes:
    """Cells in the prior's 95 % disc where the aggregate posterior's density is below a tenth of
    the prior's; both densities are those of the plane, the rest of the dimensions summed over."""
    middle = plane.place(np.zeros_like(plane.centre))  # of the prior, on the map
    low, high = middle - _PRIOR_RADIUS, middle + _PRIOR_RADIUS
    steps = (np.arange(HOLE_CELLS, dtype=np.float32) + 0.5) / HOLE_CELLS
    xs, ys = (low[axis] + steps * (high[axis] - low[axis]) for axis in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    radius = np.square(grid - middle).sum(-1)
    prior = np.exp(-0.5 * radius) / (2.0 * np.pi)
    some = slice(0, _DENSITY_IMAGES)
    data = _density(grid, plane, survey.mu[some], survey.logvar[some])
    return Holes((radius <= _PRIOR_RADIUS**2) & (data < _EMPTY * prior), low, high)


def _density(grid: Array, plane: PlaneMap, mu: Array, logvar: Array) -> Array:
    """Of the mean of the posteriors N(mu, diag exp(logvar)), on the plane."""
    places, variances = plane.place(mu), np.exp(logvar)
    one, other = plane.axes
    xx, yy, xy = variances @ one**2, variances @ other**2, variances @ (one * other)
    determinant = xx * yy - xy**2
    total = np.zeros(grid.shape[:-1], np.float32)
    for place, a, b, c, d in zip(places, xx, yy, xy, determinant, strict=True):
        dx, dy = grid[..., 0] - place[0], grid[..., 1] - place[1]
        distance = (b * dx**2 - 2.0 * c * dx * dy + a * dy**2) / d
        total += np.exp(-0.5 * distance) / (2.0 * np.pi * np.sqrt(d))
    return total / np.float32(len(mu))
