"""The two terms against torch's own distributions and losses."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence
from torch.nn import functional as F

from vae_studio.core.losses import (
    LossTerms,
    best_variance,
    kl_dimensions,
    loss_terms,
    reconstruction_each,
)
from vae_studio.core.measures import Terms
from vae_studio.core.spec import Likelihood

LIKELIHOODS: tuple[Likelihood, ...] = ("bernoulli", "mse", "gaussian")


@pytest.fixture
def logits() -> Tensor:
    return 3 * torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def x() -> Tensor:
    return torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def mu() -> Tensor:
    return torch.randn(5, 7, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def logvar() -> Tensor:
    return torch.randn(5, 7, generator=torch.Generator().manual_seed(3))


def test_bernoulli_is_cross_entropy_of_the_probabilities(logits: Tensor, x: Tensor) -> None:
    logits, x = logits.double(), x.double()  # in float32 the probabilities are off, not the logits
    each = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").sum((1, 2, 3))
    torch.testing.assert_close(reconstruction_each(logits, x, "bernoulli"), each)


def test_bernoulli_stays_finite_where_probabilities_do_not() -> None:
    cost = reconstruction_each(torch.tensor([[-200.0]]), torch.tensor([[1.0]]), "bernoulli")
    assert cost.item() == pytest.approx(200.0)


def test_mse_is_the_squared_error_of_the_pixels(logits: Tensor, x: Tensor) -> None:
    each = (torch.sigmoid(logits) - x).pow(2).sum((1, 2, 3))
    torch.testing.assert_close(reconstruction_each(logits, x, "mse"), each)


def test_gaussian_is_a_normal_density_over_steps_of_8_bits(logits: Tensor, x: Tensor) -> None:
    sigma = 0.1
    density = Normal(255 * torch.sigmoid(logits), 255 * sigma).log_prob(255 * x)
    each = reconstruction_each(logits, x, "gaussian", torch.tensor(sigma**2))
    torch.testing.assert_close(each, -density.sum((1, 2, 3)))
    with pytest.raises(ValueError, match="variance"):
        reconstruction_each(logits, x, "gaussian")


def test_the_best_variance_costs_least_and_weights_learn_as_if_it_were_learned_too(
    logits: Tensor, x: Tensor
) -> None:
    best = best_variance(logits, x)
    costs = [
        float(reconstruction_each(logits, x, "gaussian", best * factor).mean())
        for factor in (0.8, 1.0, 1.25)
    ]
    assert costs[1] < min(costs[0], costs[2])
    logits.requires_grad_()
    error = (torch.sigmoid(logits) - x).square()
    whole = 0.5 * error.numel() * torch.log(error.mean())  # σ² put in, and all of it differentiated
    (wanted,) = torch.autograd.grad(whole, logits)
    lost = reconstruction_each(logits, x, "gaussian", best_variance(logits, x)).sum()
    (found,) = torch.autograd.grad(lost, logits)
    torch.testing.assert_close(found, wanted)


def test_no_pixel_is_better_known_than_a_step_of_8_bits(x: Tensor) -> None:
    perfect = torch.logit(x)
    variance = best_variance(perfect, x)
    assert variance.item() == pytest.approx(255**-2)
    cost = reconstruction_each(perfect, x, "gaussian", variance) / 784
    assert cost.min().item() == pytest.approx(0.5 * math.log(2 * math.pi), abs=1e-3)


def test_kl_is_that_of_the_two_normals(mu: Tensor, logvar: Tensor) -> None:
    posterior = Normal(mu, torch.exp(0.5 * logvar))
    prior = Normal(torch.zeros(7), torch.ones(7))
    torch.testing.assert_close(kl_dimensions(mu, logvar), kl_divergence(posterior, prior))
    whole = kl_divergence(
        Independent(posterior, 1), Independent(Normal(torch.zeros(5, 7), torch.ones(5, 7)), 1)
    )
    torch.testing.assert_close(kl_dimensions(mu, logvar).sum(1), whole)


def test_kl_is_zero_at_the_prior_alone() -> None:
    assert kl_dimensions(torch.zeros(1, 3), torch.zeros(1, 3)).tolist() == [[0, 0, 0]]
    assert kl_dimensions(torch.full((1, 1), 0.1), torch.zeros(1, 1)).item() > 0


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_sums_over_pixels_and_averages_over_the_batch(
    logits: Tensor, x: Tensor, mu: Tensor, logvar: Tensor, likelihood: Likelihood
) -> None:
    variance = torch.tensor(0.02)
    terms = loss_terms(logits, x, mu, logvar, likelihood, variance)
    each = reconstruction_each(logits, x, likelihood, variance)
    assert each.shape == (5,)
    torch.testing.assert_close(terms.reconstruction, each.mean())
    torch.testing.assert_close(terms.kl, kl_dimensions(mu, logvar).sum(1).mean())
    doubled = [torch.cat([part, part]) for part in (logits, x, mu, logvar)]
    twice = loss_terms(doubled[0], doubled[1], doubled[2], doubled[3], likelihood, variance)
    torch.testing.assert_close(twice.total(2.0), terms.total(2.0))


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_beta_weighs_the_kl(beta: float) -> None:
    terms = LossTerms(torch.tensor(90.0), torch.tensor(20.0))
    assert terms.total(beta).item() == Terms(90.0, 20.0).total(beta) == 90 + 20 * beta
    assert terms.total().item() == Terms(90.0, 20.0).total() == 110
