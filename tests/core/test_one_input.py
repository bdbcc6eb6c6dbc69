"""One image through any model, in figures that may be compared: their values, and the bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import SpecError
from vae_studio.core.explore import decode, encode, one_hot
from vae_studio.core.model import VAE
from vae_studio.core.one_input import measure_input
from vae_studio.core.resources import bundled_path

NAMES = ("vae-2", "vae-32", "cvae", "vae-mse")


def image(data: DatasetPair, index: int) -> NDArray[np.float32]:
    return np.asarray(data.test.batch(torch.tensor([index]))[0][0].numpy(), np.float32)


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> VAE:
    return load_snapshot(bundled_path("checkpoints") / request.param).build()


def cross_entropy(x: NDArray[np.float32], x_hat: NDArray[np.float32]) -> float:
    p, t = x_hat.astype(np.float64), x.astype(np.float64)
    return float(-(t * np.log(p) + (1 - t) * np.log1p(-p)).sum())


def test_the_terms_are_those_of_their_definitions(model: VAE, small: DatasetPair) -> None:
    """Whatever the model was trained with."""
    for index in range(4):
        x = image(small, index)
        code, found = encode(model, x), measure_input(model, x)
        x_hat = decode(model, code.mu, code.label)
        assert np.allclose(found.x_hat, x_hat, atol=1e-5)
        assert found.x_hat.shape == (1, 28, 28)
        assert found.bernoulli == pytest.approx(cross_entropy(x, x_hat), rel=1e-3)
        assert found.squared_error == pytest.approx(float(((x_hat - x) ** 2).sum()), rel=1e-4)
        mu, logvar = np.array(code.mu), np.array(code.logvar)
        assert found.kl == pytest.approx(0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum())
        assert (found.mu, found.label) == (code.mu, code.label)


def negative_elbo(model: VAE, x: NDArray[np.float32], label: object = None) -> float:
    """With 4,000 samples, computed here."""
    code = encode(model, x, label)  # type: ignore[arg-type]
    mu, logvar = torch.tensor([code.mu]), torch.tensor([code.logvar])
    noise = torch.randn(4000, mu.shape[1], generator=torch.Generator().manual_seed(77))
    labels = None if code.label is None else torch.tensor([code.label]).expand(4000, -1)
    logits = model.decode_logits(mu + torch.exp(0.5 * logvar) * noise, labels).flatten(1).double()
    t = torch.from_numpy(x).flatten().double()
    lost = (torch.nn.functional.softplus(logits) - t * logits).sum(1).mean()
    return float(lost + 0.5 * (mu**2 + logvar.exp() - 1 - logvar).sum())


def test_with_one_sample_the_bound_is_the_elbo(model: VAE, small: DatasetPair) -> None:
    x = image(small, 3)
    bounds = [measure_input(model, x, samples=1, seed=seed).bound for seed in range(400)]
    error = float(np.std(bounds)) / 20.0
    assert np.mean(bounds) == pytest.approx(negative_elbo(model, x), abs=4 * error + 0.1)


def test_many_samples_come_to_the_likelihood_itself(small: DatasetPair) -> None:
    """In two dimensions p(x) = ∫ p(x|z) p(z) dz can be summed up on a grid."""
    model = load_snapshot(bundled_path("checkpoints") / "vae-2").build()
    axis = torch.linspace(-4.0, 4.0, 161)
    z = torch.cartesian_prod(axis, axis)
    logits = model.decode_logits(z).flatten(1).double()
    for index in (1, 4):
        x = image(small, index)
        t = torch.from_numpy(x).flatten().double()
        likely = (t * logits - torch.nn.functional.softplus(logits)).sum(1)
        prior = -0.5 * z.double().square().sum(1) - np.log(2 * np.pi)
        exact = -float(torch.logsumexp(likely + prior, 0) + 2 * np.log(0.05))
        bounds = [measure_input(model, x, samples=1000, seed=seed).bound for seed in range(3)]
        assert exact - 0.1 < np.mean(bounds) < exact + 1.0  # q(z|x) is narrow: a bound still


def test_more_samples_tighten_the_bound(model: VAE, small: DatasetPair) -> None:
    """Burda et al. 2016, theorem 1: in expectation, never looser."""
    digits = [image(small, index) for index in range(12)]

    def mean(samples: int, seeds: int) -> float:
        bounds = [
            measure_input(model, x, samples=samples, seed=seed).bound
            for x in digits
            for seed in range(seeds)
        ]
        return float(np.mean(bounds))

    elbo = float(np.mean([negative_elbo(model, x) for x in digits]))
    few, more, many = mean(2, 8), mean(16, 2), mean(128, 1)
    assert elbo > few > more > many


def test_an_image_that_is_far_from_all_gives_finite_figures(model: VAE) -> None:
    noise = np.random.default_rng(0).random((1, 28, 28)).astype(np.float32)
    for x in (noise, np.ones_like(noise), np.zeros_like(noise)):
        found = measure_input(model, x)
        figures = (found.bernoulli, found.squared_error, found.kl, found.bound)
        assert all(np.isfinite(figure) and figure > 0 for figure in figures)


def test_the_same_seed_gives_the_same_figures(model: VAE, small: DatasetPair) -> None:
    x = image(small, 8)
    first, again, other = (measure_input(model, x, seed=seed) for seed in (5, 5, 6))
    assert first.bound == again.bound
    assert first.bound != other.bound
    assert first.bernoulli == other.bernoulli
    assert np.array_equal(first.x_hat, again.x_hat)


def test_a_conditional_model_takes_the_label_it_is_given(small: DatasetPair) -> None:
    model = load_snapshot(bundled_path("checkpoints") / "cvae").build()
    x, true = image(small, 2), int(small.test.labels[2])
    right, wrong = one_hot(true, 10), one_hot((true + 4) % 10, 10)
    assert measure_input(model, x).label == right
    found = measure_input(model, x, wrong)
    assert found.label == wrong
    assert found.bound > measure_input(model, x, right).bound + 5.0
    assert found.bound < negative_elbo(model, x, wrong) + 3.0


def test_an_image_of_another_size_is_refused(model: VAE) -> None:
    with pytest.raises(SpecError, match="image_shape"):
        measure_input(model, np.zeros((1, 8, 8), np.float32))
