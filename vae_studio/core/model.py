"""The one model: a variational autoencoder, conditional when its spec has classes.

Kingma & Welling 2014, *Auto-Encoding Variational Bayes*, https://arxiv.org/abs/1312.6114;
with labels: Sohn, Lee & Yan 2015, *Learning Structured Output Representation using Deep
Conditional Generative Models*.

Shapes: B images, C × H × W pixels (P in all), L latent dimensions, K classes.
Layer names and shapes are those of the usual tutorial code, so that its weights load unchanged.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_studio.core.errors import SpecError
from vae_studio.core.linear import Linear
from vae_studio.core.spec import Init, ModelSpec

MAX_PARAMETERS = 200_000_000  # with Adam and gradients, 3.2 GB in training
LOGVAR_LIMIT = 30.0  # exp(±30) stays finite in float32, and no useful posterior comes near it


class VAE(nn.Module):
    """Encoder q(z|x) and decoder p(x|z), both given the label when ``spec.num_classes`` > 0."""

    def __init__(
        self, spec: ModelSpec, generator: torch.Generator | None = None, *, empty: bool = False
    ) -> None:
        """New weights in PyTorch's default way, from ``generator`` (seed 0 when there is none).

        empty: no weights at all, for ``load_state_dict(…, assign=True)``.
        """
        super().__init__()
        self.spec = spec
        with torch.device("meta" if empty else "cpu"):  # either way no random numbers are drawn
            self.encoder = Encoder(spec)
            self.decoder = Decoder(spec)
        if empty:
            return
        initialise(self, "default", generator or torch.Generator().manual_seed(0))

    def forward(
        self, x: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Encode, draw z, decode.

        x: [B, C, H, W] or [B, P], in [0, 1]. labels: class numbers [B] or weights [B, K];
        ignored by a model without classes. generator: source of the noise and of the dropout
        masks; without one the pass is deterministic: z is the mean, and nothing is dropped.
        Returns x_hat [B, C, H, W] in [0, 1], mu [B, L], logvar [B, L].
        """
        mu, logvar = self.encode(x, labels, generator)
        z = self.reparameterize(mu, logvar, generator)
        return self.decode(z, labels, generator), mu, logvar

    def encode(
        self, x: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z|x), each [B, L]."""
        mu, logvar = self.encoder(self._join(x.flatten(1), labels), generator)
        return mu, logvar.clamp(-LOGVAR_LIMIT, LOGVAR_LIMIT)

    def reparameterize(
        self, mu: Tensor, logvar: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """z = mu + sigma * eps, eps ~ N(0, I): Kingma & Welling 2014, section 2.4. [B, L]."""
        if generator is None:
            return mu
        eps = torch.randn(mu.shape, generator=generator, device=mu.device, dtype=mu.dtype)
        return mu + torch.exp(0.5 * logvar) * eps

    def decode(
        self, z: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Pixels x_hat: [B, C, H, W] in [0, 1], from z: [B, L]."""
        return torch.sigmoid(self.decode_logits(z, labels, generator))

    def decode_logits(
        self, z: Tensor, labels: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Pixels before the sigmoid: [B, C, H, W]. Stable and fast, for the losses."""
        z = self._dropout(z, self.spec.latent_dropout, generator)
        logits: Tensor = self.decoder(self._join(z, labels), generator)
        return logits.reshape(len(logits), *self.spec.image_shape)

    def _dropout(self, x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
        return dropout(x, share, generator) if self.training else x

    def _join(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """[x, one_hot] for a conditional model, x for any other."""
        if not self.spec.conditional:
            return x
        if labels is None:
            raise ValueError(f"a model with {self.spec.num_classes} classes needs labels")
        if labels.ndim == 1:
            labels = F.one_hot(labels.long(), self.spec.num_classes)
        return torch.cat([x, labels.to(x.dtype)], dim=1)


class Encoder(nn.Module):
    """Hidden layers ``fc1, fc2, …`` (norms ``bn1, bn2, …``), then ``fc_mu`` and ``fc_logvar``."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        sizes = (spec.pixels + spec.num_classes, *spec.hidden)
        _add_hidden_layers(self, sizes, first=1, batch_norm=spec.batch_norm)
        self.fc_mu = Linear(sizes[-1], spec.latent_dim)
        self.fc_logvar = Linear(sizes[-1], spec.latent_dim)

    def forward(self, x: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """x: [B, P + K] -> mu, logvar: [B, L]."""
        h = _hidden(self, x, first=1, generator=generator)
        return self.fc_mu(h), self.fc_logvar(h)


class Decoder(nn.Module):
    """Hidden layers ``fc3, fc4, …`` that mirror the encoder's, then a last one to the pixels."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.first = len(spec.hidden) + 1  # numbers go on where the encoder's stop
        sizes = (spec.latent_dim + spec.num_classes, *reversed(spec.hidden))
        _add_hidden_layers(self, sizes, first=self.first, batch_norm=spec.batch_norm)
        self.add_module(f"fc{self.first + len(spec.hidden)}", Linear(sizes[-1], spec.pixels))

    def forward(self, z: Tensor, generator: torch.Generator | None) -> Tensor:
        """z: [B, L + K] -> logits: [B, P]."""
        h = _hidden(self, z, first=self.first, generator=generator)
        logits: Tensor = self.get_submodule(f"fc{self.first + len(self.spec.hidden)}")(h)
        return logits


def _add_hidden_layers(
    module: nn.Module, sizes: tuple[int, ...], first: int, batch_norm: bool
) -> None:
    for number, (wide, narrow) in enumerate(pairwise(sizes), start=first):
        module.add_module(f"fc{number}", Linear(wide, narrow))
        if batch_norm:
            module.add_module(f"bn{number}", nn.BatchNorm1d(narrow))


def _hidden(
    module: Encoder | Decoder, h: Tensor, first: int, generator: torch.Generator | None
) -> Tensor:
    """Linear, batch norm, activation, dropout: once for each hidden layer."""
    spec = module.spec
    for number in range(first, first + len(spec.hidden)):
        h = module.get_submodule(f"fc{number}")(h)
        if spec.batch_norm:
            h = module.get_submodule(f"bn{number}")(h)
        h = F.relu(h) if spec.activation == "relu" else F.leaky_relu(h, spec.negative_slope)
        if module.training:
            h = dropout(h, spec.hidden_dropout, generator)
    return h


def dropout(x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    """Zero a ``share`` of x and scale up the rest (Srivastava et al. 2014).

    ``nn.Dropout`` draws from the global generator, which other threads share; this draws from
    the one that is passed, and drops nothing without one.
    """
    if share == 0.0 or generator is None:
        return x
    kept = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype) >= share
    return x * kept / (1.0 - share)


def initialise(model: VAE, method: Init, generator: torch.Generator) -> None:
    """Set every weight anew.

    ``default`` is what ``nn.Linear`` does (He's uniform with a = √5, biases uniform in
    ±1/√fan_in); ``xavier`` and ``kaiming`` are uniform with zero biases.
    """
    slope, activation = model.spec.negative_slope, model.spec.activation
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            if method == "xavier":
                nn.init.xavier_uniform_(module.weight, generator=generator)
            elif method == "kaiming":
                nn.init.kaiming_uniform_(
                    module.weight, a=slope, nonlinearity=activation, generator=generator
                )
            else:
                nn.init.kaiming_uniform_(module.weight, a=math.sqrt(5.0), generator=generator)
            if method == "default":
                bound = 1.0 / math.sqrt(module.in_features)
                nn.init.uniform_(module.bias, -bound, bound, generator=generator)
            else:
                nn.init.zeros_(module.bias)


def _skeleton(spec: ModelSpec) -> nn.ModuleDict:
    with torch.device("meta"):
        return nn.ModuleDict({"encoder": Encoder(spec), "decoder": Decoder(spec)})


def expected_weights(spec: ModelSpec) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Name -> (shape, whether floats) of every tensor of ``VAE(spec)``; allocates nothing."""
    return {
        key: (tuple(value.shape), value.is_floating_point())
        for key, value in _skeleton(spec).state_dict().items()
    }


def parameter_count(spec: ModelSpec) -> int:
    """Numbers to learn in ``VAE(spec)``, unmade; ``SpecError`` above ``MAX_PARAMETERS``."""
    count = sum(parameter.numel() for parameter in _skeleton(spec).parameters())
    if count > MAX_PARAMETERS:
        raise SpecError("spec.too_large", parameters=f"{count:,}", limit=f"{MAX_PARAMETERS:,}")
    return count
