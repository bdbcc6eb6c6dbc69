"""Questions about the input and the decoded picture, with answers that carry them. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.session.drawing import DIGITS, ImageRef, Input, Seen, Sheet
from vae_studio.session.requests import Image
from vae_studio.session.state import LatentState, Weights
from vae_studio.session.strokes import Strokes

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class EditRequest:
    """Where does z go for this ink on the decoded picture?

    origin: whose picture was brushed. strokes: on that picture, whose sides run from 0 to 1, in
    their colours; those that erase bring back paper. strength: 0, z stays, to 1. start: z to go on
    from.
    """

    snapshot: Snapshot
    origin: LatentState
    strokes: Strokes
    strength: float
    start: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class EditResult:
    """There, or nearly: asked again from that z, it comes nearer."""

    request: EditRequest
    z: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class SeenRequest:
    """What is there to complete, and which part of it counts as seen? sheet: of the model that is
    to complete it."""

    input: Input
    seen: Seen
    sheet: Sheet = DIGITS


@dataclass(frozen=True, eq=False)
class SeenResult:
    """image: [C, H, W]; mask: bool [H, W]."""

    request: SeenRequest
    image: Image
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class GroundRequest:
    """What does this image of a data set look like?"""

    image: ImageRef


@dataclass(frozen=True, eq=False)
class GroundResult:
    """image: [C, H, W], as it is in there."""

    request: GroundRequest
    image: Image


@dataclass(frozen=True, eq=False)
class TransferRequest:
    """What would the other classes be in the hand of this input? model: a snapshot, or the folder
    of a run, of a conditional model. label: the class of the input; None lets the model say."""

    model: Snapshot | Path
    input: Input


@dataclass(frozen=True, eq=False)
class TransferResult:
    """z, label: the code of the input. images: [K, C, H, W], z in each class."""

    request: TransferRequest
    snapshot: Snapshot
    image: Image
    z: tuple[float, ...]
    label: Weights
    images: Image


@dataclass(frozen=True, eq=False)
class SomeImageRequest:
    """Which test image is so far into its data set? share: from 0 to below 1."""

    dataset: str
    share: float


@dataclass(frozen=True, eq=False)
class SomeImageResult:
    """This one; label: its class."""

    request: SomeImageRequest
    image: ImageRef
    label: int


DrawingQuestion = EditRequest | SeenRequest | GroundRequest | TransferRequest | SomeImageRequest
DrawingAnswer = EditResult | SeenResult | GroundResult | TransferResult | SomeImageResult
