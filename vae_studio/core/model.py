"""The one model: a variational autoencoder, conditional when its spec has classes.

Kingma & Welling 2014, *Auto-Encoding Variational Bayes*, https://arxiv.org/abs/1312.6114;
with labels: Sohn, Lee & Yan 2015, *Learning Structured Output Representation using Deep
Conditional Generative Models*.

Shapes: B images, C × H × W pixels (P in all), L latent dimensions, K classes.
Layer names and shapes are those of the usual tutorial code, so that its weights load unchanged.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vae_studio.core.convolution import ConvDecoder, ConvEncoder
from vae_studio.core.errors import SpecError
from vae_studio.core.layers import activate, dropout, initialise, joined
from vae_studio.core.linear import Linear
from vae_studio.core.losses import SMALLEST_VARIANCE, best_variance, reconstruction_each
from vae_studio.core.spec import ModelSpec

MAX_PARAMETERS = 200_000_000  # with Adam and gradients, 3.2 GB in training
LOGVAR_LIMIT = 30.0  # exp(±30) stays finite in float32, and no useful posterior comes near it
VARIANCE = "variance"  # of a Gaussian likelihood; a buffer of the decoder, so kept with its weights
_FIRST_VARIANCE = 1.0 / 12.0  # that of noise, before anything is learned
_MOMENTUM = 0.1  # of the kept variance at each step, as batch norm's


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
            self.encoder, self.decoder = _parts(spec)
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
        x = x.reshape(-1, *self.spec.image_shape)
        mu, logvar = self.encoder(x, self.class_weights(labels, x), generator)
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
        logits: Tensor = self.decoder(z, self.class_weights(labels, z), generator)
        return logits.reshape(len(logits), *self.spec.image_shape)

    def lost(self, logits: Tensor, x: Tensor) -> Tensor:
        """−log p(x|z) of each image, under the likelihood it was trained with: [B].

        logits, x: [B, …] of one shape. In nats, but squared error for ``mse``.
        """
        return reconstruction_each(logits, x, self.spec.likelihood, self.variance)

    @property
    def variance(self) -> Tensor | None:
        """σ² of a Gaussian likelihood, a scalar; None with another one."""
        kept = self._kept_variance
        return None if kept is None else kept.clamp(min=SMALLEST_VARIANCE)  # whoever wrote it

    def learn_variance(self, logits: Tensor, x: Tensor) -> Tensor | None:
        """The σ² that fits this batch of a training best, which moves the one that is kept, as
        batch norm moves its own. None where the likelihood has none."""
        kept = self._kept_variance
        if kept is None:
            return None
        best = best_variance(logits, x)
        kept.lerp_(best, _MOMENTUM)
        return best

    def class_weights(self, labels: Tensor | None, like: Tensor) -> Tensor | None:
        """Class weights [B, K] for a conditional model, floats as ``like``; None for any other.

        labels: as in ``forward``.
        """
        if not self.spec.conditional:
            return None
        if labels is None:
            raise ValueError(f"a model with {self.spec.num_classes} classes needs labels")
        if labels.ndim == 1:
            labels = F.one_hot(labels.long(), self.spec.num_classes)
        return labels.to(like.dtype)

    def _dropout(self, x: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
        return dropout(x, share, generator) if self.training else x

    @property
    def _kept_variance(self) -> Tensor | None:
        found: Tensor | None = getattr(self.decoder, VARIANCE, None)
        return found


class Encoder(nn.Module):
    """Hidden layers ``fc1, fc2, …`` (norms ``bn1, bn2, …``), then ``fc_mu`` and ``fc_logvar``."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        sizes = (spec.pixels + spec.num_classes, *spec.hidden)
        _add_hidden_layers(self, sizes, first=1, batch_norm=spec.batch_norm)
        self.fc_mu = Linear(sizes[-1], spec.latent_dim)
        self.fc_logvar = Linear(sizes[-1], spec.latent_dim)

    def forward(
        self, x: Tensor, labels: Tensor | None, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """x: [B, C, H, W], labels: [B, K] or None -> mu, logvar: [B, L]."""
        h = _hidden(self, joined(x.flatten(1), labels), first=1, generator=generator)
        return self.fc_mu(h), self.fc_logvar(h)

    def hidden_layers(self) -> list[Linear]:
        """Those before ``fc_mu`` and ``fc_logvar``, in order."""
        return _hidden_layers(self, first=1)

    def before_activations(self) -> list[nn.Module]:
        """The modules whose outputs the activations are given, in order."""
        return _before_activations(self, first=1)


class Decoder(nn.Module):
    """Hidden layers ``fc3, fc4, …`` that mirror the encoder's, then a last one to the pixels."""

    def __init__(self, spec: ModelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.first = len(spec.hidden) + 1  # numbers go on where the encoder's stop
        sizes = (spec.latent_dim + spec.num_classes, *reversed(spec.hidden))
        _add_hidden_layers(self, sizes, first=self.first, batch_norm=spec.batch_norm)
        self.add_module(self.last, Linear(sizes[-1], spec.pixels))

    def forward(
        self, z: Tensor, labels: Tensor | None, generator: torch.Generator | None
    ) -> Tensor:
        """z: [B, L], labels: [B, K] or None -> logits: [B, P]."""
        h = _hidden(self, joined(z, labels), first=self.first, generator=generator)
        logits: Tensor = self.get_submodule(self.last)(h)
        return logits

    @property
    def last(self) -> str:
        """Name of the layer that makes the pixels."""
        return f"fc{self.first + len(self.spec.hidden)}"

    def hidden_layers(self) -> list[Linear]:
        """Those before the last one, in order."""
        return _hidden_layers(self, self.first)

    def before_activations(self) -> list[nn.Module]:
        """The modules whose outputs the activations are given, in order."""
        return _before_activations(self, self.first)


def _hidden_layers(module: Encoder | Decoder, first: int) -> list[Linear]:
    found = list[Linear]()
    for number in range(first, first + len(module.spec.hidden)):
        layer = module.get_submodule(f"fc{number}")
        assert isinstance(layer, Linear)
        found.append(layer)
    return found


def _before_activations(module: Encoder | Decoder, first: int) -> list[nn.Module]:
    last = "bn" if module.spec.batch_norm else "fc"
    numbers = range(first, first + len(module.spec.hidden))
    return [module.get_submodule(f"{last}{number}") for number in numbers]


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
        h = activate(h, spec)
        if module.training:
            h = dropout(h, spec.hidden_dropout, generator)
    return h


def _parts(spec: ModelSpec) -> tuple[Encoder | ConvEncoder, Decoder | ConvDecoder]:
    encoder: Encoder | ConvEncoder
    decoder: Decoder | ConvDecoder
    if spec.architecture == "conv":
        encoder, decoder = ConvEncoder(spec), ConvDecoder(spec)
    else:
        encoder, decoder = Encoder(spec), Decoder(spec)
    if spec.likelihood == "gaussian":
        decoder.register_buffer(VARIANCE, torch.tensor(_FIRST_VARIANCE))
    return encoder, decoder


def _skeleton(spec: ModelSpec) -> nn.ModuleDict:
    with torch.device("meta"):
        encoder, decoder = _parts(spec)
        return nn.ModuleDict({"encoder": encoder, "decoder": decoder})


def expected_weights(spec: ModelSpec) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Name -> (shape, whether floats) of every tensor of ``VAE(spec)``; allocates nothing."""
    return {
        key: (tuple(value.shape), value.is_floating_point())
        for key, value in _skeleton(spec).state_dict().items()
    }


def expected_parameters(spec: ModelSpec) -> list[tuple[int, ...]]:
    """The shape of every parameter of ``VAE(spec)``, in the optimiser's order."""
    return [tuple(parameter.shape) for parameter in _skeleton(spec).parameters()]


def parameter_count(spec: ModelSpec) -> int:
    """Numbers to learn in ``VAE(spec)``, unmade; ``SpecError`` above ``MAX_PARAMETERS``."""
    count = sum(parameter.numel() for parameter in _skeleton(spec).parameters())
    if count > MAX_PARAMETERS:
        raise SpecError("spec.too_large", parameters=f"{count:,}", limit=f"{MAX_PARAMETERS:,}")
    return count
