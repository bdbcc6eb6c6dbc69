"""What the encoder is given: a drawing, an image of a data set, a picture from a file, or strokes
on one of these; what all that is drawn on; and which part of it counts as seen. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import DatasetInfo
from vae_studio.session.strokes import Colour, Stroke, Strokes

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

Rect = tuple[float, float, float, float]  # left, top, right, bottom, as shares of the image
_LUMA = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601


@dataclass(frozen=True)
class Sheet:
    """What a model's input is drawn on.

    shape: C, H, W of what the encoder takes. paper: its level, 0 black or 1 white; ink is the
    other. digits: whether a drawing goes MNIST's way, in MNIST's pen; else it is taken as it
    stands. settings: how pictures become such images, where that is known.
    """

    shape: tuple[int, int, int]
    paper: float = 0.0
    digits: bool = False
    settings: ImportSettings | None = None

    @property
    def colourful(self) -> bool:
        """Whether a stroke's colour counts."""
        return self.shape[0] == 3

    @property
    def size(self) -> tuple[int, int]:
        """H, W."""
        return self.shape[1:]

    @property
    def ground(self) -> Colour:
        """Of the paper."""
        return _grey(self.paper)

    @property
    def ink(self) -> Colour:
        """What a pen without a colour draws."""
        return _grey(1.0 - self.paper)

    def colour(self, stroke: Stroke) -> Colour:
        """What a stroke looks like here: grey where the model sees no colours."""
        if stroke.erases:
            return self.ground
        if stroke.colour is None or self.digits:
            return self.ink
        if self.shape[0] == 3:
            return stroke.colour
        return _grey(_luma(stroke.colour))

    def levels(self, stroke: Stroke) -> tuple[float, ...]:
        """The same as C levels in [0, 1]."""
        if stroke.erases or stroke.colour is None or self.digits:
            level = self.paper if stroke.erases else 1.0 - self.paper
            return (level,) * self.shape[0]
        if self.shape[0] == 3:
            return tuple(level / 255.0 for level in stroke.colour)
        return (_luma(stroke.colour),) * self.shape[0]


DIGITS: Final = Sheet((1, 28, 28), digits=True)


def sheet_of(image_shape: Sequence[int], data: DatasetInfo | None) -> Sheet:
    """Of a model that takes such images, and learnt these. Where nobody knows what it learnt, what
    has MNIST's shape is taken for digits."""
    channels, height, width = image_shape
    shape = (channels, height, width)
    if data is None:
        return DIGITS if shape == DIGITS.shape else Sheet(shape)
    if data.digits and shape == DIGITS.shape:
        return DIGITS
    made = data.settings
    return Sheet(shape, data.paper, settings=made if made and made.image_shape == shape else None)


def sheet_for(snapshot: Snapshot | None) -> Sheet:
    """Of that model; MNIST's before there is one."""
    return DIGITS if snapshot is None else sheet_of(snapshot.spec.image_shape, snapshot.data)


def _luma(colour: Colour) -> float:
    return min(1.0, sum(share * level for share, level in zip(_LUMA, colour, strict=True)) / 255.0)


def _grey(level: float) -> Colour:
    value = round(255.0 * level)
    return value, value, value


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
