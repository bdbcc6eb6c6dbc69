"""The seen pixels of an image, and what a code costs there: what a completion makes small.

Legend: C × H × W pixels (P in all), of which S are seen; M images in a bank, B points; L latent
dimensions, K classes. Costs are in nats (squared error + nats where the likelihood is ``mse``).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.evaluate import batch_for
from vae_studio.core.linear import Linear
from vae_studio.core.model import VAE, VARIANCE, Decoder

Array = NDArray[np.float32]


def _cut_down(decoder: Decoder, chosen: Tensor) -> Decoder:
    """The same decoder of the ``chosen`` pixels [P] alone; no weight is copied but theirs."""
    last = decoder.get_submodule(decoder.last).state_dict()
    rows = {key: value[chosen] for key, value in last.items()}
    with torch.device("meta"):
        found = Decoder(decoder.spec)
        cut = Linear(rows["weight"].shape[1], len(rows["weight"]))
    kept = decoder.state_dict()
    kept.pop(VARIANCE, None)  # the model knows it
    found.load_state_dict(kept, assign=True)
    cut.load_state_dict(rows, assign=True)
    found.add_module(decoder.last, cut)
    return found.eval().requires_grad_(False)


class SeenPart:
    """The seen pixels of an image, and the decoder of these alone: where its last layer, the
    largest, is linear, that is cut down to them."""

    def __init__(self, model: VAE, image: Array, seen: NDArray[np.bool_]) -> None:
        self.model = model
        mask = np.ascontiguousarray(np.broadcast_to(seen, image.shape))
        self.chosen = torch.from_numpy(mask.flatten())
        self.pixels = torch.from_numpy(np.ascontiguousarray(image, np.float32)).flatten()
        self._x = self.pixels[self.chosen]
        self._cut = None
        if isinstance(model.decoder, Decoder):
            self._cut = _cut_down(model.decoder, self.chosen)

    def lost(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """−log p(seen pixels | z): [B]."""
        if self._cut is not None:
            logits: Tensor = self._cut(z, labels, None)
        else:
            logits = self.model.decode_logits(z, labels).flatten(1)[:, self.chosen]
        return self.model.lost(logits, self._x.expand_as(logits))

    def cost(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """That and the prior's part: [B]."""
        return self.lost(z, labels) + prior(z)

    def costs(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """The same of any number of points, so many at a time that memory holds them: [B]."""
        size = batch_for(self.model.spec)
        if len(z) <= size:
            return self.cost(z, labels)
        kinds = [None] * -(-len(z) // size) if labels is None else labels.split(size)
        return torch.cat([self.cost(*each) for each in zip(z.split(size), kinds, strict=True)])

    def differs(self, images: Array) -> Array:
        """How many seen pixels of black or white differ: Σ x (1 − b) + (1 − x) b, but for what is
        the same for all images b [M, P]; grey is as likely white. One product: [M]."""
        weights = torch.where(self.chosen, 1.0 - 2.0 * self.pixels, 0.0)
        found: Array = (torch.from_numpy(images) @ weights).numpy()
        return found

    def differs_in_shade(self, images: NDArray[np.uint8]) -> Array:
        """The squared difference of the seen pixels, where any level may be: Σ b² − 2 x b, but for
        what is the same for all images b [M, P]: [M]."""
        double, chosen = 2.0 * self.pixels[self.chosen], self.chosen.nonzero().flatten()
        parts = []
        for part in torch.from_numpy(images).split(batch_for(self.model.spec)):
            b = part[:, chosen].float().div_(255.0)
            parts.append(((b - double) * b).sum(1))
        found: Array = torch.cat(parts).numpy()
        return found


def prior(z: Tensor) -> Tensor:
    """−log p(z) but for a constant: [B]."""
    return 0.5 * z.square().sum(1)
