"""Finishes a picture of which a part is seen: codes that explain that part, the likeliest first.

Legend: C × H × W pixels (P in all), of which S are seen; M images in a bank, B starts, A answers;
L latent dimensions, K classes. Costs are in nats (squared error + nats where the likelihood is
``mse``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_studio.core.adam import Adam
from vae_studio.core.data import Dataset
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.errors import SpecError, StudioError
from vae_studio.core.evaluate import batch_for
from vae_studio.core.explore import decode_each
from vae_studio.core.model import VAE
from vae_studio.core.seen_part import SeenPart, prior

Array = NDArray[np.float32]

_BATCH = 500
# Of the search. With Adam's usual averages, (0.9, 0.999), it takes half as many steps again to come
# as far. The rate is in z, and falls to a twentieth toward the end.
_STEPS = 22
_RATE = 0.25
_BETAS = (0.8, 0.99)
_FIRST = 4  # steps until the first answers are shown; then at twice as many, and so on
_NEAR = 32  # images of the bank that are looked at with the decoder, and of each class some more
_NEAR_IN_CLASS = 3
_CLASSES = 4  # that the first starts come from: the nearest images are often all of one
_STARTS_FOR_LABEL = 2
_MOST_LABELS = 32  # that are tried
_ALIKE = 0.05  # root mean square of pixels, in [0, 1]: below it two answers look the same


@dataclass(frozen=True, eq=False)
class CodeBank:
    """What training images look like, and where they are. images: float32 [M, P] in [0, 1];
    mu: float32 [M, L]; labels: int64 [M].

    shades: whether a pixel may be any level: then images are uint8 [M, P], a quarter of the memory.
    Else they are ink on paper, black or white.
    """

    images: Array | NDArray[np.uint8]
    mu: Array
    labels: NDArray[np.int64]
    shades: bool = False


@dataclass(frozen=True, eq=False)
class Completion:
    """Answers, the one of least cost first.

    z: float32 [A, L]. labels: class weights float32 [A, K], None for a model without classes.
    images: float32 [A, C, H, W]. seen: −log p(seen pixels | z), float32 [A]; cost: that and
    ½‖z‖², float32 [A]. share: how the costs weigh the answers against each other, softmax(−cost),
    float32 [A]: of these answers alone, and of each only its peak.
    """

    z: Array
    labels: Array | None
    images: Array
    cost: Array
    seen: Array
    share: Array


@torch.no_grad()
def code_bank(
    model: VAE,
    data: Dataset,
    should_stop: ShouldStop = never,
    progress: Callable[[float], object] = lambda share: None,
    shades: bool = False,
) -> CodeBank | None:
    """Encode all of ``data``, training images: some 10,000 digits are enough, and take 31 MB.

    should_stop: asked at every batch; once it says yes, None is returned. progress: told the share
    that is done. shades: as of ``CodeBank``. Raises ``StudioError`` where codes are no finite
    numbers.
    """
    images = np.empty((len(data), model.spec.pixels), np.uint8 if shades else np.float32)
    mu = np.empty((len(data), model.spec.latent_dim), np.float32)
    for indices in torch.arange(len(data)).split(batch_for(model.spec, _BATCH)):
        if should_stop():
            return None
        x, labels = data.batch(indices)
        rows = slice(int(indices[0]), int(indices[-1]) + 1)
        mu[rows] = model.encode(x, labels)[0].numpy()
        images[rows] = (data.images[rows] if shades else x).flatten(1).numpy()
        progress(rows.stop / len(data))
    if not np.isfinite(mu).all():
        raise StudioError("survey.not_finite")
    return CodeBank(images, mu, data.labels.numpy(), shades)


def complete(
    model: VAE,
    image: Array,
    seen: NDArray[np.bool_],
    bank: CodeBank,
    *,
    starts: int = 8,
    steps: int = _STEPS,
    should_stop: ShouldStop = never,
    show: Callable[[Completion], object] = lambda answers: None,
    seed: int = 0,
) -> Completion | None:
    """The codes z that lower −log p(seen pixels | z) + ½‖z‖² most: peaks of p(z | seen pixels),
    each found downhill from another start (Yeh et al. 2017, *Semantic Image Inpainting with Deep
    Generative Models*, section 3, search the code of a damaged image so, with a GAN's prior).

    image: [C, H, W] in [0, 1]; what it holds where ``seen`` [H, W] is False plays no part. The
    starts are codes of the bank, of its images that agree best on the seen pixels, the first ones
    of several classes; where it has too few, points of the prior. Answers that look like a better
    one are dropped. A model with classes gives one answer for each label, of two starts or more.
    Where nothing is seen, the answers are ``starts`` points of the prior, since all ways down would
    end at 0.

    show: given better and better answers; those that are returned come last. Returns None once
    ``should_stop``, asked at every step, said yes. Raises ``SpecError`` where the model takes
    images of another size, ``StudioError`` where it gives no finite number.
    """
    if image.shape != model.spec.image_shape:
        wanted, found = (" × ".join(map(str, s)) for s in (model.spec.image_shape, image.shape))
        raise SpecError("spec.image_shape", wanted=wanted, found=found)
    if seen.shape != image.shape[1:]:
        raise ValueError(f"seen needs a value for each pixel, {image.shape[1:]}, not {seen.shape}")
    if starts < 1 or steps < 0:
        raise ValueError(f"at least one start and no step, got {starts} and {steps}")
    if should_stop():
        return None
    part = SeenPart(model, image, seen)
    generator = torch.Generator().manual_seed(seed)
    z, labels = _first_codes(part, bank, starts, generator)
    with torch.enable_grad():
        point = z.clone().requires_grad_()
        optimiser = Adam([point], lr=_RATE, betas=_BETAS)
        least = torch.full((len(z),), torch.inf)
        steps, shown = steps if seen.any() else 0, _FIRST
        for step in range(steps + 1):
            cost = part.cost(point, labels)
            with torch.no_grad():  # a step may lead uphill, or nowhere: NaN is not less
                z = torch.where((cost < least).unsqueeze(1), point, z)
                least = torch.where(cost < least, cost, least)
            if step == steps:
                break
            if should_stop():
                return None
            if step == shown:
                shown *= 2
                show(_answers(part, z, labels))
            optimiser.param_groups[0]["lr"] = _RATE * (1.0 - 0.95 * step / steps)
            # Adam.zero_grad() would load torch's compiler first: a second and a half.
            (point.grad,) = torch.autograd.grad(cost.sum(), point)
            optimiser.step()
    answers = _answers(part, z, labels)
    if should_stop():
        return None
    show(answers)
    return answers


def _differs(part: SeenPart, bank: CodeBank) -> Array:
    """How far each image of the bank is from the seen pixels: [M]."""
    if bank.shades:
        return part.differs_in_shade(bank.images.astype(np.uint8, copy=False))
    return part.differs(bank.images.astype(np.float32, copy=False))


@torch.no_grad()
def _first_codes(
    part: SeenPart, bank: CodeBank, starts: int, generator: torch.Generator
) -> tuple[Tensor, Tensor | None]:
    """Where to start: codes [B, L], their class weights [B, K]."""
    order = np.argsort(_differs(part, bank))
    if not part.chosen.any():
        order = order[:0]  # all agree with nothing
    if part.model.spec.conditional:
        return _starts_of_labels(part, bank, order, starts, generator)
    kinds = bank.labels[order]
    nearest = list(dict.fromkeys(kinds.tolist()))[:_MOST_LABELS]
    of_class = [np.flatnonzero(kinds == kind)[:_NEAR_IN_CLASS] for kind in nearest]
    near = order[np.unique(np.concatenate([np.arange(min(_NEAR, len(order))), *of_class]))]
    z = torch.from_numpy(bank.mu[near])
    by_cost = part.costs(z, None).argsort()
    _, best = np.unique(bank.labels[near[by_cost.numpy()]], return_index=True)  # of each class
    first = np.sort(best)[:_CLASSES]
    ranks = np.concatenate([first, np.setdiff1d(np.arange(len(near)), first)])[:starts]
    return _filled(z[by_cost[torch.from_numpy(ranks)]], starts, generator), None


def _starts_of_labels(
    part: SeenPart, bank: CodeBank, order: NDArray[np.intp], starts: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """For each label the best codes of its own images, with it as the class. order: rows of the
    bank, the nearest first."""
    kinds, classes = bank.labels[order], part.model.spec.num_classes
    wanted = list(dict.fromkeys([*kinds.tolist(), *range(classes)]))[:_MOST_LABELS]
    each = max(_STARTS_FOR_LABEL, starts // len(wanted))
    near = [order[kinds == kind][: each * _NEAR_IN_CLASS] for kind in wanted]
    z = torch.from_numpy(bank.mu[np.concatenate(near)])
    labels = torch.eye(classes)[wanted]
    sizes = torch.tensor([len(rows) for rows in near])
    costs = part.costs(z, labels.repeat_interleave(sizes, 0))
    best = [
        _filled(codes[cost.argsort()[:each]], each, generator)
        for codes, cost in zip(z.split(sizes.tolist()), costs.split(sizes.tolist()), strict=True)
    ]
    return torch.cat(best), labels.repeat_interleave(each, 0)


def _filled(z: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Codes, and points of the prior where there are fewer than ``count``."""
    return torch.cat([z, torch.randn(count - len(z), z.shape[1], generator=generator)])


@torch.no_grad()
def _answers(part: SeenPart, z: Tensor, labels: Tensor | None) -> Completion:
    """The best code of each label; else all that differ."""
    lost = part.lost(z, labels)
    cost = lost + prior(z)
    rows = [row for row in cost.argsort(stable=True).tolist() if torch.isfinite(cost[row])]
    if not rows:
        raise StudioError("survey.not_finite")
    if labels is not None:
        kinds = labels.argmax(1).tolist()
        best = {kinds[row]: row for row in reversed(rows)}
        rows = sorted(best.values(), key=rows.index)
    weights = None if labels is None else labels[rows].numpy()
    images = decode_each(part.model, z[rows].numpy(), weights)
    keep = _different(images) if labels is None else np.arange(len(rows))
    chosen = [rows[place] for place in keep]
    return Completion(
        z=z[chosen].numpy(),
        labels=None if weights is None else weights[keep],
        images=images[keep],
        cost=cost[chosen].numpy(),
        seen=lost[chosen].numpy(),
        share=torch.softmax(-cost[chosen], 0).numpy(),
    )


def _different(images: Array) -> NDArray[np.intp]:
    """Rows of the images [N, …] that look like no image before them that is kept."""
    flat, kept = images.reshape(len(images), -1), [0]
    for row in range(1, len(flat)):
        if np.square(flat[kept] - flat[row]).mean(1).min() >= _ALIKE**2:
            kept.append(row)
    return np.array(kept, np.intp)
