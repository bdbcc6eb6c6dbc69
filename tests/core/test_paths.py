"""Paths over kept points: straight, on an arc, and the short way through the decoder's images."""

from __future__ import annotations

import numpy as np
import pytest

from vae_studio.core.explore import decode_many, one_hot
from vae_studio.core.geodesic import geodesic
from vae_studio.core.paths import length_in_images, linear, spherical
from vae_studio.core.snapshot import Snapshot

POINTS = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 0.5], [-1.0, 1.0, -2.0]], np.float32)


@pytest.mark.parametrize("way", [linear, spherical])
def test_a_path_goes_through_every_point_in_turn(way) -> None:  # type: ignore[no-untyped-def]
    path = way(POINTS, 8)
    assert path.shape == (17, 3)
    assert path.dtype == np.float32
    assert np.allclose(path[::8], POINTS)
    closed = way(POINTS, 8, closed=True)
    assert closed.shape == (25, 3)
    assert np.allclose(closed[:17], path)
    assert np.allclose(closed[-1], POINTS[0])


def test_a_straight_leg_has_one_speed() -> None:
    steps = np.diff(linear(POINTS[:2], 10), axis=0)
    assert np.allclose(steps, (POINTS[1] - POINTS[0]) / 10, atol=1e-6)


def test_on_an_arc_length_and_angle_change_evenly() -> None:
    path = spherical(POINTS[:2], 10).astype(np.float64)
    lengths = np.linalg.norm(path, axis=1)
    assert np.allclose(np.diff(lengths), (lengths[-1] - lengths[0]) / 10, atol=1e-6)
    each = path / lengths[:, None]
    angles = np.arccos((each[1:] * each[:-1]).sum(1))
    assert np.allclose(angles, angles[0], atol=1e-5)


@pytest.mark.parametrize("end", [(0.0, 0.0, 0.0), (-2.0, 0.0, -1.0), (2.0, 0.0, 1.0)])
def test_where_no_arc_is_the_shortest_the_leg_is_straight(end: tuple[float, ...]) -> None:
    points = np.array([POINTS[0], end], np.float32)
    assert np.allclose(spherical(points, 6), linear(points, 6))


@pytest.mark.parametrize("way", [linear, spherical])
def test_one_point_is_no_path(way) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="two points"):
        way(POINTS[:1], 5)


def test_the_length_is_that_of_the_walk() -> None:
    images = np.zeros((3, 1, 2, 2), np.float32)
    images[1, 0, 0, 0], images[2, 0, 0, 0], images[2, 0, 1, 1] = 3.0, 3.0, 4.0
    assert length_in_images(images) == pytest.approx(7.0)


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("name", ["plain_snapshot", "cvae_snapshot"])
def test_a_geodesic_is_shorter_in_the_decoded_images(
    name: str, closed: bool, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(name).build()
    points = np.random.default_rng(4).standard_normal((3, model.spec.latent_dim)) * 2.0
    points = points.astype(np.float32)
    straight, labels = linear(points, 8, closed), None
    if model.spec.conditional:
        ends = np.array([one_hot(label, 10) for label in (3, 8, 5)], np.float32)
        labels = linear(ends, 8, closed)
    shares: list[float] = []
    path = geodesic(model, points, 8, closed, labels, progress=shares.append)
    assert path is not None
    assert path.shape == straight.shape
    assert np.allclose(path[::8], straight[::8])
    assert shares == sorted(shares)

    def length(z: np.ndarray) -> float:
        if labels is None:
            return length_in_images(decode_many(model, z))
        each = [decode_many(model, z[i], labels[i].tolist()) for i in range(len(z))]
        return length_in_images(np.stack(each))

    assert length(path) < 0.985 * length(straight)


def test_a_geodesic_has_the_speed_of_images(plain_snapshot: Snapshot) -> None:
    """The steps of a straight path differ far more."""
    model = plain_snapshot.build()
    points = np.random.default_rng(5).standard_normal((2, model.spec.latent_dim)) * 2.0
    points = points.astype(np.float32)

    def unevenness(z: np.ndarray) -> float:
        images = decode_many(model, z).reshape(len(z), -1)
        steps = np.linalg.norm(np.diff(images, axis=0), axis=1)
        return float(steps.std() / steps.mean())

    path = geodesic(model, points, 12)
    assert path is not None
    assert unevenness(path) < 0.5 * unevenness(linear(points, 12))


def test_a_geodesic_can_be_given_up(plain_snapshot: Snapshot) -> None:
    model = plain_snapshot.build()
    points = np.zeros((2, model.spec.latent_dim), np.float32)
    assert geodesic(model, points, 8, should_stop=lambda: True) is None


def test_between_equal_points_a_geodesic_stands_still(plain_snapshot: Snapshot) -> None:
    model = plain_snapshot.build()
    points = np.ones((2, model.spec.latent_dim), np.float32)
    path = geodesic(model, points, 4)
    assert path is not None
    assert np.allclose(path, 1.0)
