"""Surveys: a code for every image, what it costs, and the aggregate posterior of each dimension."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.helpers import tiny
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import StudioError
from vae_studio.core.evaluate import evaluate
from vae_studio.core.model import VAE
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.survey import encode_means, survey
from vae_studio.core.surveyed import CELLS, Survey, nearest
from vae_studio.core.variants import VARIANTS


@pytest.fixture
def surveyed(plain_snapshot: Snapshot, small: DatasetPair) -> Survey:
    found = survey(plain_snapshot.build(), small.test, plain_snapshot.id)
    assert found is not None
    return found


def test_each_image_has_its_own_code_and_cost(
    surveyed: Survey, plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    model = plain_snapshot.build()
    x, _ = small.test.batch(torch.tensor([7]))
    mu, logvar = model.encode(x)
    assert np.allclose(surveyed.mu[7], mu[0].numpy(), atol=1e-5)
    kl = 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum()
    x_hat = model.decode(mu)
    lost = -(x * x_hat.log() + (1 - x) * (1 - x_hat).log()).sum()
    assert surveyed.kl[7] == pytest.approx(float(kl), rel=1e-4)
    assert surveyed.loss[7] == pytest.approx(float(lost + kl), rel=1e-4)
    assert np.array_equal(surveyed.images[7], small.test.images[7].numpy())
    assert len(surveyed) == len(small.test)


def test_its_figures_are_those_of_the_evaluation(
    surveyed: Survey, plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    evaluation = evaluate(plain_snapshot.build(), small.test)
    assert evaluation is not None
    assert surveyed.stats.kl == pytest.approx(evaluation.latent.kl, rel=1e-4)
    assert surveyed.stats.order == evaluation.latent.order
    assert float(surveyed.kl.mean()) == pytest.approx(evaluation.terms.kl, rel=1e-4)


def test_a_conditional_model_is_told_the_labels(
    cvae_snapshot: Snapshot, small: DatasetPair
) -> None:
    model = cvae_snapshot.build()
    found = survey(model, small.test, "cvae")
    x, labels = small.test.batch(torch.tensor([3]))
    assert found is not None
    assert np.allclose(found.mu[3], model.encode(x, labels)[0][0].numpy(), atol=1e-5)
    assert not np.allclose(found.mu[3], model.encode(x, (labels + 1) % 10)[0][0].numpy(), atol=1e-2)


def test_the_density_is_that_of_points_drawn_from_the_posteriors(surveyed: Survey) -> None:
    generator = np.random.default_rng(5)
    spread = np.exp(0.5 * surveyed.logvar)
    draws = surveyed.mu + spread * generator.standard_normal((40, *surveyed.mu.shape))
    for dimension in range(surveyed.mu.shape[1]):
        ends = float(surveyed.low[dimension]), float(surveyed.high[dimension])
        counts, _ = np.histogram(draws[..., dimension], bins=CELLS, range=ends)
        drawn = surveyed.density[dimension] / surveyed.density[dimension].sum()
        assert np.abs(drawn - counts / counts.sum()).sum() < 0.25  # total variation; 256 images
        assert surveyed.density[dimension].max() == pytest.approx(1.0)


def test_a_dimension_is_seen_as_far_as_the_data_go_and_as_far_as_the_prior() -> None:
    from vae_studio.core.survey import _marginals

    mu = torch.zeros(1000, 2)
    mu[:, 0] = torch.linspace(-8.0, 8.0, 1000)
    low, high, _ = _marginals(mu, torch.full((1000, 2), -8.0))
    assert low[0] == pytest.approx(-7.92, abs=0.05)
    assert high[0] == pytest.approx(7.92, abs=0.05)
    assert (float(low[1]), float(high[1])) == (-3.0, 3.0)


def test_a_survey_of_512_dimensions_and_one_of_two(small: DatasetPair) -> None:
    for size in (2, 512):
        spec = tiny(VARIANTS["vae-32"], latent_dim=size)
        found = survey(VAE(spec).eval().requires_grad_(False), small.test, "new")
        assert found is not None
        assert found.mu.shape == (256, size)
        assert found.density.shape == (size, CELLS)
        assert np.isfinite(found.density).all()


def test_it_stops_when_told_and_says_how_far_it_is(
    plain_snapshot: Snapshot, mnist: DatasetPair
) -> None:
    model, shares = plain_snapshot.build(), list[float]()
    assert survey(model, mnist.test, "x", lambda: len(shares) == 3, shares.append) is None
    assert shares == [0.05, 0.1, pytest.approx(0.15)]
    assert encode_means(model, mnist.test, lambda: True) is None


def test_means_alone_are_those_of_the_survey(
    surveyed: Survey, plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    means = encode_means(plain_snapshot.build(), small.test)
    assert means is not None
    assert np.array_equal(means, surveyed.mu)


@pytest.mark.parametrize("count", [1, 7, 256, 1000])
def test_nearest_is_what_brute_force_finds(surveyed: Survey, count: int) -> None:
    point = surveyed.mu[11] + 0.3
    distances = [float(((row - point) ** 2).sum()) for row in surveyed.mu]
    wanted = sorted(range(len(distances)), key=lambda i: (distances[i], i))[:count]
    assert nearest(surveyed.mu, point, count).tolist() == wanted


def test_of_equally_near_ones_the_first_come_first() -> None:
    points = np.zeros((6, 3), np.float32)
    points[2] = 1.0
    assert nearest(points, np.zeros(3, np.float32), 4).tolist() == [0, 1, 3, 4]


def test_codes_that_are_no_numbers_are_an_error(
    plain_snapshot: Snapshot, small: DatasetPair
) -> None:
    model = plain_snapshot.build()
    bias = model.get_parameter("encoder.fc_mu.bias")
    model.load_state_dict(
        {**model.state_dict(), "encoder.fc_mu.bias": torch.full_like(bias, float("nan"))},
        assign=True,
    )
    with pytest.raises(StudioError, match=r"survey\.not_finite"):
        survey(model, small.test, "wrecked")
