"""What the encoder is given: a drawing, an image of a data set, a picture from a file, or strokes
on one of these; and which part of it counts as seen. No torch."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vae_studio.session.strokes import Strokes

Rect = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the image


@dataclass(frozen=True)
class ImageRef:
    """An image of a data set. part: ``test`` or ``train``."""

    dataset: str
    part: str
    index: int


@dataclass(frozen=True)
class Pixels:
    """A picture that came from a file or the clipboard. shape: C, H, W; data: C · H · W levels from
    0, no ink, to 255, row by row."""

    shape: tuple[int, int, int]
    data: bytes

    def image(self) -> NDArray[np.float32]:
        """[C, H, W] in [0, 1]."""
        found = np.frombuffer(self.data, np.uint8).reshape(self.shape)
        return found.astype(np.float32) / np.float32(255.0)

    @classmethod
    def of(cls, image: NDArray[np.float32]) -> Pixels:
        """Those of an image [C, H, W] in [0, 1]."""
        levels = (np.clip(image, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
        channels, height, width = levels.shape
        return cls((channels, height, width), levels.tobytes())


@dataclass(frozen=True)
class Steps:
    """Which steps of MNIST's recipe a drawing goes through. fitted: its ink into a box. centred:
    its centre of mass to the middle. pen: in MNIST's pen, not as thick as it was drawn."""

    fitted: bool = True
    centred: bool = True
    pen: bool = True


@dataclass(frozen=True)
class Input:
    """What the encoder sees: strokes, or a picture, or strokes on a picture, where these stay as
    they were drawn.

    label: the class the user says it is; None lets the model say. image or pixels: the picture.
    steps: of strokes without one.
    """

    strokes: Strokes = ()
    label: int | None = None
    image: ImageRef | None = None
    pixels: Pixels | None = None
    steps: Steps = field(default_factory=Steps)

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture below the strokes."""
        return self.image is not None or self.pixels is not None


@dataclass(frozen=True)
class Seen:
    """What counts as seen when the model completes the input.

    hidden: all but this part, which is to be made up; None while the drawing is only begun: then
    its ink and what was brushed as empty. empty: strokes of that brush.
    """

    empty: Strokes = ()
    hidden: Rect | None = None


def with_drawn(given: Input | None, strokes: Strokes, steps: Steps) -> Input | None:
    """Other strokes, on the same picture if there is one; None where nothing is left. steps: of a
    drawing that is new."""
    if given is None or not (given.strokes or given.has_picture):
        return Input(strokes, steps=steps) if strokes else None
    if not strokes and not given.has_picture:
        return None
    return replace(given, strokes=strokes)
