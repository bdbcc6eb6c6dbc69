"""The model against the usual tutorial code, written out here in plain torch layers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.helpers import tiny
from vae_studio.core.layers import dropout, initialise
from vae_studio.core.losses import loss_terms
from vae_studio.core.model import LOGVAR_LIMIT, VAE
from vae_studio.core.spec import Init, ModelSpec
from vae_studio.core.variants import VARIANTS

PIXELS, LATENT, CLASSES = 784, 32, 10
TUTORIAL = {name: spec for name, spec in VARIANTS.items() if spec.architecture == "mlp"}


class TutorialEncoder(nn.Module):
    def __init__(self, classes: int, norms: bool) -> None:
        super().__init__()
        self.fc1 = nn.Linear(PIXELS + classes, 512)
        self.fc2 = nn.Linear(512, 256)
        self.bn1 = nn.BatchNorm1d(512) if norms else nn.Identity()
        self.bn2 = nn.BatchNorm1d(256) if norms else nn.Identity()
        self.fc_mu = nn.Linear(256, LATENT)
        self.fc_logvar = nn.Linear(256, LATENT)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = torch.relu(self.bn1(self.fc1(x)))
        h = torch.relu(self.bn2(self.fc2(h)))
        return self.fc_mu(h), self.fc_logvar(h)


class TutorialDecoder(nn.Module):
    def __init__(self, classes: int, norms: bool) -> None:
        super().__init__()
        self.fc3 = nn.Linear(LATENT + classes, 256)
        self.fc4 = nn.Linear(256, 512)
        self.fc5 = nn.Linear(512, PIXELS)
        self.bn3 = nn.BatchNorm1d(256) if norms else nn.Identity()
        self.bn4 = nn.BatchNorm1d(512) if norms else nn.Identity()

    def forward(self, z: Tensor) -> Tensor:
        h = torch.relu(self.bn3(self.fc3(z)))
        h = torch.relu(self.bn4(self.fc4(h)))
        return torch.sigmoid(self.fc5(h))


class TutorialVAE(nn.Module):
    """What people write after the first tutorial on VAEs; with labels, after the one on CVAEs."""

    def __init__(self, classes: int = 0, norms: bool = False) -> None:
        super().__init__()
        self.encoder = TutorialEncoder(classes, norms)
        self.decoder = TutorialDecoder(classes, norms)

    def encode(self, x: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        mu, logvar = self.encoder(x if y is None else torch.cat([x, y], dim=1))
        return mu, logvar

    def decode(self, z: Tensor, y: Tensor | None) -> Tensor:
        x_hat: Tensor = self.decoder(z if y is None else torch.cat([z, y], dim=1))
        return x_hat

    def loss(self, x: Tensor, y: Tensor | None, eps: Tensor) -> Tensor:
        mu, logvar = self.encode(x, y)
        z = mu + eps * torch.exp(0.5 * logvar)
        bce = F.binary_cross_entropy(self.decode(z, y), x, reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return (bce + kld) / len(x)


KINDS = {
    "vae-32": {"classes": 0, "norms": False},
    "vae-batchnorm": {"classes": 0, "norms": True},
    "cvae": {"classes": CLASSES, "norms": False},
}


@pytest.fixture(params=KINDS)
def pair(request: pytest.FixtureRequest) -> tuple[TutorialVAE, VAE]:
    """A tutorial network that has seen data, and ours with other weights."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        tutorial = TutorialVAE(**KINDS[request.param])  # type: ignore[arg-type]
        for _ in range(3):  # batch norm's running figures move away from 0 and 1
            tutorial.loss(*batch(tutorial, torch.rand), torch.randn(16, LATENT))
    return tutorial, VAE(VARIANTS[request.param], torch.Generator().manual_seed(4))


def batch(tutorial: TutorialVAE, draw: Any) -> tuple[Tensor, Tensor | None]:
    """x: [16, 784] in [0, 1], and one-hot labels for a network that wants them."""
    x = draw(16, PIXELS)
    conditional = tutorial.decoder.fc3.in_features > LATENT
    labels = F.one_hot(torch.arange(16) % CLASSES, CLASSES).float()
    return x, labels if conditional else None


def seeded_batch(tutorial: TutorialVAE) -> tuple[Tensor, Tensor | None]:
    generator = torch.Generator().manual_seed(5)
    return batch(tutorial, lambda *size: torch.rand(*size, generator=generator))


@torch.no_grad()
def assert_same_outputs(tutorial: TutorialVAE, ours: VAE) -> None:
    tutorial.eval()
    ours.eval()
    x, y = seeded_batch(tutorial)
    z = torch.randn(16, LATENT, generator=torch.Generator().manual_seed(6))
    for mine, theirs in zip(ours.encode(x, y), tutorial.encode(x, y), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
    x_hat = ours.decode(z, y)
    assert x_hat.shape == (16, 1, 28, 28)
    torch.testing.assert_close(x_hat.flatten(1), tutorial.decode(z, y), rtol=0, atol=1e-6)
    if y is not None:  # class numbers mean the same as their one-hot rows
        assert torch.equal(ours.decode(z, y.argmax(1)), x_hat)


def test_tutorial_weights_load_unchanged(pair: tuple[TutorialVAE, VAE]) -> None:
    tutorial, ours = pair
    ours.load_state_dict(tutorial.state_dict(), strict=True)
    assert_same_outputs(tutorial, ours)


def test_our_weights_load_into_the_tutorial_code(pair: tuple[TutorialVAE, VAE]) -> None:
    tutorial, ours = pair
    tutorial.load_state_dict(ours.state_dict(), strict=True)
    assert_same_outputs(tutorial, ours)


def test_one_step_of_adam_agrees(pair: tuple[TutorialVAE, VAE]) -> None:
    tutorial, ours = pair
    ours.load_state_dict(tutorial.state_dict(), strict=True)
    tutorial.train()
    ours.train()
    x, y = seeded_batch(tutorial)
    eps = torch.randn(16, LATENT, generator=torch.Generator().manual_seed(7))
    mu, logvar = ours.encode(x, y)
    z = ours.reparameterize(mu, logvar, torch.Generator().manual_seed(7))
    logits = ours.decode_logits(z, y)
    loss = loss_terms(logits, x.view(16, 1, 28, 28), mu, logvar, "bernoulli").total()
    other = tutorial.loss(x, y, eps)
    torch.testing.assert_close(loss, other, rtol=1e-5, atol=0)
    for model, value in ((ours, loss), (tutorial, other)):
        value.backward()
        torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-3).step()
    theirs = dict(tutorial.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, theirs[name].grad, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(parameter, theirs[name], rtol=1e-4, atol=2e-6)
    for name, buffer in ours.named_buffers():
        torch.testing.assert_close(buffer, tutorial.get_buffer(name), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("spec", TUTORIAL.values(), ids=TUTORIAL)
def test_mirrors_any_number_of_layers(spec: ModelSpec) -> None:
    for hidden in ((20,), (30, 20, 10)):
        model = VAE(tiny(spec, hidden=hidden))
        names = {key.rpartition(".")[0] for key in model.state_dict() if ".fc" in key}
        first = len(hidden) + 1
        assert names == {
            *(f"encoder.fc{i}" for i in range(1, first)),
            "encoder.fc_mu",
            "encoder.fc_logvar",
            *(f"decoder.fc{i}" for i in range(first, 2 * first)),
        }
        sizes = [
            model.decoder.get_submodule(f"fc{i}").out_features for i in range(first, 2 * first)
        ]
        assert sizes == [*reversed(hidden), 784]


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_building_and_running_leave_the_global_generator_alone(spec: ModelSpec) -> None:
    before = torch.get_rng_state()
    model = VAE(tiny(spec, hidden_dropout=0.5, latent_dropout=0.5))
    x, labels = torch.zeros(4, 784), torch.arange(4)
    model(x, labels, torch.Generator().manual_seed(0))
    model(x, labels)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("spec", VARIANTS.values(), ids=VARIANTS)
def test_weights_come_from_the_generator(spec: ModelSpec) -> None:
    def first(seed: int) -> Tensor:
        return next(VAE(tiny(spec), torch.Generator().manual_seed(seed)).parameters())

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_without_a_generator_z_is_the_mean() -> None:
    model = VAE(tiny(VARIANTS["vae-latent-dropout"])).train().requires_grad_(False)
    x = torch.rand(4, 784, generator=torch.Generator().manual_seed(0))
    x_hat, mu, _ = model(x)
    assert torch.equal(x_hat, model.eval().decode(mu))


def test_z_is_drawn_from_the_posterior() -> None:
    model = VAE(ModelSpec(latent_dim=2, hidden=(8,)))
    mu = torch.tensor([1.0, -2.0]).expand(20_000, 2)
    logvar = torch.tensor([0.0, math.log(0.25)]).expand(20_000, 2)
    z = model.reparameterize(mu, logvar, torch.Generator().manual_seed(0))
    torch.testing.assert_close(z.mean(0), torch.tensor([1.0, -2.0]), rtol=0, atol=0.03)
    torch.testing.assert_close(z.std(0), torch.tensor([1.0, 0.5]), rtol=0.03, atol=0)
    again = model.reparameterize(mu, logvar, torch.Generator().manual_seed(0))
    assert torch.equal(z, again)


def test_a_conditional_model_asks_for_labels() -> None:
    model = VAE(tiny(VARIANTS["cvae"]))
    with pytest.raises(ValueError, match="10 classes"):
        model(torch.zeros(1, 784))


def test_weights_of_classes_may_be_mixed() -> None:
    model = VAE(tiny(VARIANTS["cvae"])).eval().requires_grad_(False)
    z = torch.zeros(1, 6)
    mix = torch.zeros(1, 10)
    mix[0, 3] = mix[0, 8] = 0.5
    logits = [model.decode_logits(z, labels) for labels in (mix, torch.tensor([3]))]
    assert not torch.allclose(logits[0], logits[1])
    whole = model.decode_logits(z, F.one_hot(torch.tensor([3]), 10))
    assert torch.equal(whole, logits[1])


def test_a_model_without_classes_ignores_labels() -> None:
    model = VAE(tiny(VARIANTS["vae-32"])).eval().requires_grad_(False)
    z = torch.zeros(1, 6)
    assert torch.equal(model.decode(z, torch.tensor([3])), model.decode(z))


def test_logvar_stays_where_its_exponential_is_finite() -> None:
    model = VAE(tiny(VARIANTS["vae-32"])).requires_grad_(False)
    model.encoder.fc_logvar.bias.fill_(1e9)
    assert model.encode(torch.zeros(1, 784))[1].unique().tolist() == [LOGVAR_LIMIT]


def test_leaky_relu_takes_its_slope() -> None:
    spec = ModelSpec(latent_dim=1, hidden=(1,), activation="leaky_relu", negative_slope=0.2)
    model = VAE(spec).requires_grad_(False)
    for parameter in model.parameters():
        parameter.zero_()
    model.encoder.get_parameter("fc1.bias").fill_(-1.0)
    model.encoder.fc_mu.weight.fill_(1.0)
    assert model.encode(torch.zeros(1, 784))[0].item() == pytest.approx(-0.2)


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_dropout_zeroes_a_share_and_keeps_the_mean(share: float) -> None:
    x = torch.ones(100_000)
    dropped = dropout(x, share, torch.Generator().manual_seed(0))
    assert float((dropped == 0).float().mean()) == pytest.approx(share, abs=0.01)
    assert dropped.max().item() == pytest.approx(1 / (1 - share))
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)
    assert torch.equal(dropped, dropout(x, share, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("field", ["hidden_dropout", "latent_dropout"])
def test_dropout_acts_in_training_only(field: str) -> None:
    model = VAE(tiny(VARIANTS["vae-32"], **{field: 0.5})).requires_grad_(False)
    z = torch.ones(4, 6)

    def decoded(seed: int) -> Tensor:
        return model.decode(z, None, torch.Generator().manual_seed(seed))

    model.train()
    assert torch.equal(decoded(1), decoded(1))
    assert not torch.equal(decoded(1), decoded(2))
    model.eval()
    assert torch.equal(decoded(1), decoded(2))


@pytest.mark.parametrize(
    ("method", "bound"),
    [
        ("default", lambda i, o: 1 / math.sqrt(i)),
        ("xavier", lambda i, o: math.sqrt(6 / (i + o))),
        ("kaiming", lambda i, o: math.sqrt(6 / i)),
    ],
)
def test_initialisation_fills_its_range(method: Init, bound: Any) -> None:
    model = VAE(VARIANTS["vae-batchnorm"])
    initialise(model, method, torch.Generator().manual_seed(0))
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert len(layers) == 7
    for layer in layers:
        limit = bound(layer.in_features, layer.out_features)
        assert 0.98 * limit < layer.weight.detach().abs().max().item() <= limit * 1.00001
        assert layer.weight.detach().mean().item() == pytest.approx(0, abs=0.03 * limit)
        assert (layer.bias.detach().abs().max().item() > 0) == (method == "default")


def test_kaiming_knows_the_slope() -> None:
    model = VAE(tiny(VARIANTS["vae-leaky-relu"], negative_slope=1.0))
    initialise(model, "kaiming", torch.Generator().manual_seed(0))
    largest = model.encoder.get_parameter("fc1.weight").detach().abs().max().item()
    assert largest == pytest.approx(math.sqrt(3 / 784), rel=0.02)
