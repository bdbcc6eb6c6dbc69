"""Maps: planes through latent space, maps by neighbours, and where the prior has no data."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from vae_studio.core.data import DatasetPair
from vae_studio.core.maps import (
    HOLE_CELLS,
    NeighbourMap,
    PlaneMap,
    holes_of,
    plane_of,
    principal_plane,
)
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.survey import survey
from vae_studio.core.surveyed import Survey
from vae_studio.core.tsne import tsne


@pytest.fixture
def codes() -> np.ndarray:
    """[500, 8] with most variance along two slanted directions."""
    generator = np.random.default_rng(1)
    basis = np.linalg.qr(generator.standard_normal((8, 8)))[0]
    spread = np.array([5.0, 3.0, 1.0, 0.5, 0.5, 0.1, 0.1, 0.1])
    return ((generator.standard_normal((500, 8)) * spread) @ basis.T + 2.0).astype(np.float32)


@pytest.fixture
def surveyed(plain_snapshot: Snapshot, small: DatasetPair) -> Survey:
    found = survey(plain_snapshot.build(), small.test, plain_snapshot.id)
    assert found is not None
    return found


def test_components_are_those_with_most_variance(codes: np.ndarray) -> None:
    plane = principal_plane(codes)
    places = plane.place(codes)
    centred = codes - codes.mean(0)
    singular = np.linalg.svd(centred, compute_uv=False)
    assert np.allclose(np.linalg.norm(places, axis=0), singular[:2], rtol=1e-3)
    assert plane.shares == pytest.approx((singular**2 / (singular**2).sum())[:2].tolist(), rel=1e-3)
    assert np.allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-5)


def test_two_dimensions_are_their_own_map() -> None:
    plane = principal_plane(np.random.default_rng(0).standard_normal((50, 2)).astype(np.float32))
    assert plane.dimensions == (0, 1)
    assert np.array_equal(plane.place(np.array([1.5, -2.0], np.float32)), [1.5, -2.0])


def test_a_map_keeps_its_sides_when_weights_change_a_little(codes: np.ndarray) -> None:
    before = principal_plane(codes)
    turned = replace(before, axes=-before.axes)
    assert np.allclose(principal_plane(codes, like=turned).axes, turned.axes, atol=1e-5)
    assert np.allclose(principal_plane(codes, like=before).axes, before.axes, atol=1e-5)


def test_going_to_a_place_and_looking_where_that_is(codes: np.ndarray) -> None:
    plane, z = principal_plane(codes), codes[3]
    point = np.array([1.25, -0.5], np.float32)
    there = plane.lift(point, z)
    assert np.allclose(plane.place(there), point, atol=1e-4)
    out_of_plane = np.eye(8) - plane.axes.T @ plane.axes
    assert np.allclose(out_of_plane @ there, out_of_plane @ z, atol=1e-4)  # the rest stays
    assert np.allclose(plane.lift(plane.place(z), z), z, atol=1e-4)
    grid = np.zeros((4, 5, 2), np.float32)
    assert plane.lift(grid, z).shape == (4, 5, 8)


def test_the_ellipse_holds_39_percent_of_the_posterior(codes: np.ndarray) -> None:
    generator = np.random.default_rng(2)
    logvar = generator.uniform(-4.0, 0.5, 8).astype(np.float32)
    plane, mu = principal_plane(codes), codes[10]
    draws = mu + np.exp(0.5 * logvar) * generator.standard_normal((40_000, 8))
    away = plane.place(draws.astype(np.float32)) - plane.place(mu)
    inverse = np.linalg.inv(plane.covariance(logvar))
    inside = np.einsum("ni,ij,nj->n", away, inverse, away) <= 1.0
    assert inside.mean() == pytest.approx(1.0 - np.exp(-0.5), abs=0.01)


def test_gaps_are_where_the_prior_is_and_the_data_are_not(surveyed: Survey) -> None:
    count = len(surveyed)
    mu = np.random.default_rng(3).standard_normal((count, 2)).astype(np.float32)
    mu[:, 0] = np.abs(mu[:, 0])  # nothing on the left
    logvar = np.full((count, 2), -4.0, np.float32)
    holes = holes_of(plane_of((0, 1), 2), replace(surveyed, mu=mu, logvar=logvar))
    steps = holes.low + (np.arange(HOLE_CELLS)[:, None] + 0.5) * (
        (holes.high - holes.low) / HOLE_CELLS
    )
    left, middle = steps[:, 0] < -0.6, np.abs(steps[:, 1]) < 1.0
    assert holes.cells[np.ix_(middle, left & (steps[:, 0] > -2.0))].mean() > 0.95
    assert holes.cells[np.ix_(middle, (steps[:, 0] > 0.0) & (steps[:, 0] < 1.0))].mean() < 0.1
    assert not holes.cells[0, 0]  # in the corner the prior has nothing either


def test_a_posterior_that_is_the_prior_leaves_no_gap(surveyed: Survey) -> None:
    zeros = np.zeros((len(surveyed), 5), np.float32)
    plane = PlaneMap(zeros[0], np.eye(2, 5, dtype=np.float32))
    assert not holes_of(plane, replace(surveyed, mu=zeros, logvar=zeros)).cells.any()


def test_neighbours_show_the_way_both_ways(codes: np.ndarray) -> None:
    known = NeighbourMap(codes[:, :2] * 3.0, codes)
    assert np.allclose(known.place(codes[5]), known.places[5], atol=1e-3)
    assert np.allclose(known.lift(known.places[5], codes[0]), codes[5], atol=1e-3)


def test_t_sne_keeps_clusters_apart_and_is_repeatable() -> None:
    generator = np.random.default_rng(4)
    labels = np.arange(150) % 3
    codes = (generator.standard_normal((150, 10)) * 0.3 + 4.0 * np.eye(3, 10)[labels]).astype(
        np.float32
    )
    shares: list[float] = []
    places = tsne(codes, lambda: False, shares.append)
    assert places is not None
    assert places.shape == (150, 2)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    distances = np.square(places[:, None] - places[None]).sum(-1)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(1)] == labels).mean() > 0.95
    again = tsne(codes, lambda: False)
    assert np.array_equal(places, again)


def test_t_sne_stops_when_told() -> None:
    codes = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    stop = threading.Event()
    shares: list[float] = []

    def note(share: float) -> None:
        shares.append(share)
        if len(shares) == 3:
            stop.set()

    assert tsne(codes, stop.is_set, note) is None
    assert len(shares) <= 4
