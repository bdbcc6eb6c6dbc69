"""The table of models: every row builds, trains and answers."""

from __future__ import annotations

import pytest
import torch

from tests.helpers import quick, tiny, trained
from vae_studio.core.data import DatasetPair
from vae_studio.core.errors import SpecError
from vae_studio.core.events import EpochDone
from vae_studio.core.model import VAE
from vae_studio.core.spec import ModelSpec
from vae_studio.core.variants import VARIANTS, variant

TUTORIAL = (
    "vae-2",
    "vae-16",
    "vae-32",
    "vae-64",
    "vae-batchnorm",
    "vae-latent-dropout",
    "vae-leaky-relu",
    "vae-mse",
    "cvae",
)


def test_has_every_model_of_the_tutorial() -> None:
    assert set(TUTORIAL) <= set(VARIANTS)
    assert [VARIANTS[f"vae-{size}"].latent_dim for size in (2, 16, 32, 64)] == [2, 16, 32, 64]
    assert VARIANTS["cvae"].num_classes == 10
    assert VARIANTS["vae-mse"].likelihood == "mse"
    assert VARIANTS["vae-batchnorm"].batch_norm
    assert VARIANTS["vae-leaky-relu"].activation == "leaky_relu"
    assert VARIANTS["vae-latent-dropout"].latent_dropout > 0


@pytest.mark.parametrize("name", TUTORIAL)
def test_tutorial_models_have_its_sizes(name: str) -> None:
    spec = variant(name)
    assert spec.hidden == (512, 256)
    assert spec.latent_dim == (int(name[4:]) if name[4:].isdigit() else 32)


def test_rows_differ() -> None:
    assert len(set(VARIANTS.values())) == len(VARIANTS)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(SpecError) as caught:
        variant("vae-33")
    assert caught.value.code == "variant.unknown"
    assert "vae-32" in str(caught.value.params["known"])


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_shapes(spec: ModelSpec) -> None:
    model = VAE(spec).eval().requires_grad_(False)
    x = torch.rand(3, *spec.image_shape, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2]) if spec.conditional else None
    x_hat, mu, logvar = model(x, labels, torch.Generator().manual_seed(1))
    assert x_hat.shape == x.shape
    assert mu.shape == logvar.shape == (3, spec.latent_dim)
    assert 0 <= float(x_hat.min()) <= float(x_hat.max()) <= 1
    flat = model(x.flatten(1), labels, torch.Generator().manual_seed(1))
    assert torch.equal(flat[0], x_hat)


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_learns(spec: ModelSpec, small: DatasetPair) -> None:
    _, events = trained(tiny(spec), quick(epochs=3, learning_rate=5e-3), small)
    losses = [event.test.negative_elbo for event in events if isinstance(event, EpochDone)]
    assert losses[2] < losses[1] < losses[0]
