"""The data's support, a mixture fitted to their codes, and directions between their means."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from vae_studio.core.directions import (
    class_means,
    class_of,
    in_all_classes,
    mean_of_all,
    mean_of_class,
    mean_of_images,
)
from vae_studio.core.evaluate import latent_statistics
from vae_studio.core.mixture import Mixture, fit_mixture
from vae_studio.core.support import Support
from vae_studio.core.surveyed import CELLS, Survey


def invented_survey(
    means: dict[int, tuple[float, ...]], count: int, spread: float, seed: int = 0
) -> Survey:
    """``count`` images around each class's mean; their posteriors have a deviation of 0.3 where a
    dimension differs, of 1 elsewhere."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(list(means), count)
    centres = np.array([means[label] for label in labels])
    active = centres.any(0) if spread else np.ones(centres.shape[1], bool)
    mu = centres + spread * active * generator.standard_normal(centres.shape)
    logvar = np.where(active, 2.0 * math.log(0.3), 0.0) * np.ones_like(mu)
    flat, size = np.zeros(len(labels), np.float32), mu.shape[1]
    return Survey(
        snapshot="",
        images=np.zeros((len(labels), 1, 2, 2), np.uint8),
        labels=labels,
        mu=mu.astype(np.float32),
        logvar=logvar.astype(np.float32),
        reconstruction=flat,
        kl=flat,
        stats=latent_statistics([0.0] * size, torch.from_numpy(mu)),
        low=np.full(size, -3.0, np.float32),
        high=np.full(size, 3.0, np.float32),
        density=np.ones((size, CELLS), np.float32),
    )


def fitted(survey: Survey) -> Mixture:
    mixture = fit_mixture(survey)
    assert mixture is not None
    return mixture


@pytest.fixture
def two_heaps() -> Survey:
    """Class 0 around −3, class 1 around +3 in dimension 0; dimensions 2 and more say nothing."""
    return invented_survey(
        means={0: (-3.0, 0.0, 0.0, 0.0), 1: (3.0, 1.0, 0.0, 0.0)}, count=400, spread=0.3
    )


def test_the_density_is_that_of_the_aggregate_posterior(two_heaps: Survey) -> None:
    z = np.array([[-2.9, 0.1, 0.3, -0.2], [0.0, 0.0, 0.0, 0.0]], np.float32)
    for point, found in zip(z, Support(two_heaps).log_density(z), strict=True):
        total = 0.0
        for mu, logvar in zip(two_heaps.mu, two_heaps.logvar, strict=True):
            exponent = -0.5 * ((point - mu) ** 2 / np.exp(logvar) + logvar + math.log(2 * math.pi))
            total += math.exp(float(exponent.sum())) / len(two_heaps)
        assert found == pytest.approx(math.log(total), rel=1e-4)


def test_a_point_between_the_heaps_has_no_support(two_heaps: Survey) -> None:
    z = np.array([[-3, 0, 0, 0], [0, 0.5, 0, 0], [30, 0, 0, 0]], np.float32)
    ranks = Support(two_heaps).rank(z)
    assert ranks is not None
    assert ranks[0] > 0.8
    assert ranks[1] == ranks[2] == 0.0


def test_codes_of_other_images_like_these_are_supported_evenly() -> None:
    """Ranks of the data's own kind are spread over 0 … 1: each is judged by the others alone."""
    means = {0: (-3.0, 0.0, 0.0, 0.0), 1: (3.0, 1.0, 0.0, 0.0)}
    known = invented_survey(means=means, count=800, spread=0.3)
    others = invented_survey(means=means, count=400, spread=0.3, seed=9)
    noise = np.random.default_rng(5).standard_normal(others.mu.shape)
    codes = (others.mu + np.exp(0.5 * others.logvar) * noise).astype(np.float32)
    ranks = Support(known).rank(codes)
    assert ranks is not None
    assert np.quantile(ranks, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.09)


def test_a_mixture_samples_where_the_data_are(two_heaps: Survey) -> None:
    mixture = fitted(two_heaps)
    z = mixture.sample(3000, np.random.default_rng(0))
    assert z.shape == (3000, 4)
    assert z.dtype == np.float32
    left, right = z[z[:, 0] < 0], z[z[:, 0] >= 0]
    assert len(left) / len(z) == pytest.approx(0.5, abs=0.06)
    assert left[:, 0].mean() == pytest.approx(-3.0, abs=0.15)
    assert right[:, :2].mean(0) == pytest.approx([3.0, 1.0], abs=0.15)
    assert (np.abs(z[:, 0]) < 1.0).mean() < 0.01


def test_a_mixture_leaves_dimensions_to_the_prior_that_carry_nothing(two_heaps: Survey) -> None:
    mixture = fitted(two_heaps)
    assert mixture.active.tolist() == [0, 1]
    z = mixture.sample(4000, np.random.default_rng(1))
    assert z[:, 2:].std(0) == pytest.approx([1.0, 1.0], abs=0.05)


def test_a_mixture_knows_how_dimensions_go_together() -> None:
    survey = invented_survey(means={0: (0.0, 0.0, 0.0)}, count=600, spread=0.0)
    along = np.random.default_rng(2).standard_normal(len(survey)).astype(np.float32)
    survey.mu[:, 0], survey.mu[:, 1] = along, -along
    z = fitted(survey).sample(3000, np.random.default_rng(3))
    assert np.corrcoef(z[:, 0], z[:, 1])[0, 1] < -0.8


def test_of_many_active_dimensions_a_mixture_keeps_the_diagonal() -> None:
    generator = np.random.default_rng(11)
    survey = invented_survey(means={0: (0.0,) * 100}, count=300, spread=0.0)
    survey.mu[:] = generator.standard_normal(survey.mu.shape) * 2.0
    mixture = fitted(survey)
    assert mixture.roots.ndim == 2
    z = mixture.sample(4000, generator)
    assert z.std() == pytest.approx(math.sqrt(4.0 + 0.09), rel=0.05)


def test_a_collapsed_model_samples_the_prior() -> None:
    survey = invented_survey(means={0: (0.0, 0.0)}, count=100, spread=0.0)
    z = fitted(survey).sample(4000, np.random.default_rng(0))
    assert z.std(0) == pytest.approx([1.0, 1.0], abs=0.05)


def test_a_fit_can_be_given_up_between_two_iterations(two_heaps: Survey) -> None:
    shares: list[float] = []
    assert fit_mixture(two_heaps, lambda: len(shares) >= 2, shares.append) is None
    assert len(shares) == 2
    assert fit_mixture(two_heaps, progress=shares.append) is not None
    assert shares[2:] == sorted(shares[2:])


def test_means_are_of_what_was_chosen(two_heaps: Survey) -> None:
    of_class = mean_of_class(two_heaps, 1)
    assert of_class is not None
    assert of_class == pytest.approx([3.0, 1.0, 0.0, 0.0], abs=0.1)
    assert mean_of_all(two_heaps) == pytest.approx(two_heaps.mu.mean(0))
    assert mean_of_class(two_heaps, 7) is None
    some = mean_of_images(two_heaps, (3, 5, -1, 99_999))
    assert some is not None
    assert some == pytest.approx(two_heaps.mu[[3, 5]].mean(0))
    assert mean_of_images(two_heaps, ()) is None


def test_a_point_has_the_class_of_its_neighbours(two_heaps: Survey) -> None:
    assert class_of(two_heaps, np.array([-2.5, 0, 0, 0], np.float32)) == 0
    assert class_of(two_heaps, np.array([2.5, 1, 0, 0], np.float32)) == 1


def test_as_another_class_a_point_moves_from_mean_to_mean(two_heaps: Survey) -> None:
    z = np.array([-2.5, 0.2, 1.5, 0.0], np.float32)
    rows = in_all_classes(two_heaps, z, 3, now=0)
    one, other = mean_of_class(two_heaps, 0), mean_of_class(two_heaps, 1)
    assert one is not None
    assert other is not None
    assert np.array_equal(rows[0], z)
    assert rows[1] == pytest.approx(z + other - one)
    assert np.array_equal(rows[2], z)  # no image is a 2


def test_the_means_of_all_classes_are_those_of_each(two_heaps: Survey) -> None:
    shuffled = np.random.default_rng(3).permutation(len(two_heaps))
    survey = replace(two_heaps, mu=two_heaps.mu[shuffled], labels=two_heaps.labels[shuffled])
    means, counts = class_means(survey, 4)
    assert counts.tolist() == np.bincount(survey.labels, minlength=4).tolist()
    for label in (0, 1):
        assert means[label] == pytest.approx(mean_of_class(survey, label), abs=1e-5)
    assert not means[2:].any()
    few, _ = class_means(survey, 1)  # labels beyond them do not count
    assert few[0] == pytest.approx(means[0])
