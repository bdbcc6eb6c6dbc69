"""What each pixel costs: the terms of the loss that a model is trained with."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.data import DatasetPair
from vae_studio.core.explore import decode, encode, reconstruction_terms
from vae_studio.core.pixel_loss import pixel_loss
from vae_studio.core.resources import bundled_path


@pytest.mark.parametrize("name", ["vae-32", "vae-mse"])
def test_the_pixels_sum_to_the_reconstruction_term(name: str, mnist: DatasetPair) -> None:
    model = load_snapshot(bundled_path("checkpoints") / name).build()
    images = mnist.test.batch(torch.arange(40))[0].numpy()
    sums, terms = [], []
    for x in images:
        code = encode(model, x)
        lost = pixel_loss(x, decode(model, code.mu, code.label), model.spec.likelihood)
        assert lost.shape == (28, 28)
        assert lost.dtype == np.float32
        assert lost.min() >= 0.0
        sums.append(float(lost.sum()))
        terms.append(reconstruction_terms(model, x, code).reconstruction)
    assert sums == pytest.approx(terms, rel=1e-3)


def test_a_pixel_costs_what_the_formula_says() -> None:
    x = np.array([[[1.0, 0.0, 0.5]]], np.float32)
    x_hat = np.array([[[0.25, 0.25, 0.5]]], np.float32)
    nats = pixel_loss(x, x_hat, "bernoulli")
    np.testing.assert_allclose(nats, [[-np.log(0.25), -np.log(0.75), np.log(2.0)]], rtol=1e-6)
    np.testing.assert_allclose(pixel_loss(x, x_hat, "mse"), [[0.5625, 0.0625, 0.0]], rtol=1e-6)


def test_a_gaussian_has_a_variance() -> None:
    x, x_hat = np.array([[[1.0, 0.0]]], np.float32), np.array([[[0.5, 0.0]]], np.float32)
    normal = 0.5 * np.log(2 * np.pi * (255 * 0.2) ** 2)
    lost = pixel_loss(x, x_hat, "gaussian", 0.2**2)
    np.testing.assert_allclose(lost, [[normal + 0.5 * (0.5 / 0.2) ** 2, normal]], rtol=1e-6)
    for variance in (None, 0.0, float("nan")):
        with pytest.raises(ValueError, match="variance"):
            pixel_loss(x, x_hat, "gaussian", variance)


def test_channels_are_summed() -> None:
    rng = np.random.default_rng(3)
    x, x_hat = rng.random((2, 3, 5, 4), np.float32)
    for likelihood in ("bernoulli", "mse"):
        apart = [pixel_loss(x[c : c + 1], x_hat[c : c + 1], likelihood) for c in range(3)]
        np.testing.assert_allclose(pixel_loss(x, x_hat, likelihood), sum(apart), rtol=1e-6)


def test_a_model_that_is_certain_and_wrong_costs_much_and_not_without_end() -> None:
    x = np.array([[[1.0, 0.0, 1.0, 0.0]]], np.float32)
    x_hat = np.array([[[0.0, 1.0, 1.0, 0.0]]], np.float32)
    missed, added, ink, paper = pixel_loss(x, x_hat, "bernoulli")[0]
    assert 80.0 < missed < 90.0
    assert 17.0 < added < 18.0
    assert max(ink, paper) < 1e-6


def test_what_does_not_fit_is_refused() -> None:
    image = np.zeros((1, 2, 2), np.float32)
    with pytest.raises(ValueError, match=r"x is \(1, 2, 2\)"):
        pixel_loss(image, image[0], "mse")
    with pytest.raises(ValueError, match="no likelihood 'laplace'"):
        pixel_loss(image, image, "laplace")  # type: ignore[arg-type]
