"""What suits a person's own pictures: ``suggest``. No torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.datasets.fitting import fit
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.datasets.in_order import in_order
from vae_studio.core.datasets.settings import LARGEST, SMALLEST, Background, ImportSettings
from vae_studio.core.datasets.source import Source
from vae_studio.core.errors import ImageError

_LOOKED_AT = 64
_SIDES = (28, 32, 48, 64)  # more costs a lot of time to train
_ENOUGH = 3 * _SIDES[-1]  # px of the shorter side, to tell which of them suits
_SMALL = 32  # px, at which they are looked at
_TINTED = 16  # of 255 between the largest and the smallest colour of a pixel
_FEW = 0.01  # of the pixels of a grey picture may be tinted
_SOME = 0.05  # of the pictures make a set of colour; of the pixels a picture with transparency
_DARK = 0.35  # mean of a dark picture; a photo has 0.45, Fashion-MNIST 0.29
_LIGHT = 0.8  # mean of what is drawn to be seen on black


@dataclass(frozen=True)
class _Look:
    """side: the longer one, px. dark: whether black suits its margin better."""

    side: int
    coloured: bool
    dark: bool


def suggest(source: Source, should_stop: ShouldStop = never) -> ImportSettings:
    """Settings from a look at up to 64 items; the defaults where none of them can be read.

    An array of square images of a size that is possible keeps it. Raises ``DatasetError``, and
    ``LoadingStoppedError`` soon after ``should_stop`` says yes.
    """
    places = np.linspace(0, source.count - 1, min(_LOOKED_AT, source.count)).astype(np.int64)

    def look(index: int) -> _Look | None:
        return _look(source, index)

    with in_order(look, places.tolist(), should_stop) as answers:
        looks = [each for each in answers if each is not None]
    if not looks:
        return ImportSettings()
    side = float(np.median([each.side for each in looks]))
    size = min(_SIDES, key=lambda each: abs(each - side))
    if source.layout is not None:
        height, width = source.layout.size
        size = width if height == width and SMALLEST <= width <= LARGEST else size
    coloured = np.mean([each.coloured for each in looks]) > _SOME
    dark = np.mean([each.dark for each in looks]) > 0.5
    return ImportSettings(
        size=size,
        colour="colour" if coloured else "grey",
        background="black" if dark else "white",
    )


def _look(source: Source, index: int) -> _Look | None:
    try:
        picture, _ = source.item(index, _ENOUGH)
        if not picture.has_transparency_data:
            on_black = on_white = _small(picture, "white")
        else:
            on_black, on_white = _small(picture, "black"), _small(picture, "white")
    except (ImageError, MemoryError):  # of a picture that takes more than there is
        return None
    spread = on_white.max(axis=0) - on_white.min(axis=0)
    hidden = float((on_white - on_black).mean())
    mean = float(on_black.mean()) / max(1e-6, 1 - hidden)  # of what is seen
    return _Look(
        side=max(picture.size),
        coloured=float((spread > _TINTED / 255).mean()) > _FEW,
        dark=mean > _LIGHT if hidden > _SOME else mean < _DARK,
    )


def _small(picture: Image.Image, background: Background) -> NDArray[np.float64]:
    """[3, 32, 32] in [0, 1]."""
    settings = ImportSettings(size=_SMALL, fit="stretch", background=background)
    return fit(picture, settings) / 255
