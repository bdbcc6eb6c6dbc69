"""Long jobs for what was drawn or opened: requests, and results that carry their request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.likeness import Norm
from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing import DIGITS, Input, Seen, Sheet
from vae_studio.session.requests import Image
from vae_studio.session.state import Weights

if TYPE_CHECKING:
    from vae_studio.core.errors import StudioError
    from vae_studio.core.page import FoundDigit  # which brings Pillow
    from vae_studio.core.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class PictureRequest:
    """Which digits are in this picture, or what is it as an image of a data set? source: a file, or
    what makes levels uint8 [H, W, 4], red, green, blue and alpha, of one that is at hand.

    inverted: of digits, light ink on dark; of other pictures, light becomes dark. None finds out
    which. sheet: of the model that is to see it; where its data are no digits, the picture as a
    whole becomes one image.
    """

    source: Path | Callable[[], NDArray[np.uint8]]
    inverted: bool | None = None
    sheet: Sheet = DIGITS


@dataclass(frozen=True, eq=False)
class PictureResult:
    """digits: in reading order; one at least, where these were looked for. inverted: as in the
    request, and how it was taken. images: those of the digits, or of the whole picture."""

    request: PictureRequest
    digits: tuple[FoundDigit, ...]
    inverted: bool
    images: tuple[Image, ...]


@dataclass(frozen=True, eq=False)
class DrawingFileRequest:
    """Which drawing is in this file, or is this text?"""

    source: Path | str


@dataclass(frozen=True, eq=False)
class DrawingFileResult:
    """That."""

    request: DrawingFileRequest
    name: str
    input: Input


@dataclass(frozen=True, eq=False)
class CompletionRequest:
    """How could this input go on? A conditional model is asked for each class, whatever the input
    is read as: a half may become another."""

    snapshot: Snapshot
    input: Input
    seen: Seen


@dataclass(frozen=True, eq=False)
class CompletionResult:
    """Some answers, the best first; the last result of a request is the best one.

    image, mask: what was completed, and what of it counts as seen. z: float32 [A, L]; labels:
    float32 [A, K] or None; images: float32 [A, C, H, W]; cost: float32 [A], nats; share: float32
    [A], how they weigh against each other. ended: whether it is the last.
    """

    request: CompletionRequest
    image: Image
    mask: NDArray[np.bool_]
    z: NDArray[np.float32]
    labels: NDArray[np.float32] | None
    images: Image
    cost: NDArray[np.float32]
    share: NDArray[np.float32]
    ended: bool


@dataclass(frozen=True, eq=False)
class MeasureRequest:
    """What do these models make of this input? models: snapshots, or folders of runs. class_names:
    which its label is one of; models of others are not told it."""

    models: tuple[Snapshot | Path, ...]
    input: Input
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class InputMeasure:
    """One input through one model; see ``core.one_input.Measured``. snapshot: whose figures these
    are. problem: why there are none."""

    model: Snapshot | Path
    snapshot: Snapshot | None = None
    bernoulli: float = 0.0
    squared_error: float = 0.0
    kl: float = 0.0
    bound: float = 0.0
    x_hat: Image | None = None
    z: tuple[float, ...] = ()
    label: Weights | None = None
    problem: StudioError | None = None


@dataclass(frozen=True, eq=False)
class MeasureResult:
    """measures: of the models so far, in the request's order. ended: whether these are all."""

    request: MeasureRequest
    measures: tuple[InputMeasure, ...]
    ended: bool


@dataclass(frozen=True, eq=False)
class NormRequest:
    """What are the test images like? paper: the level of what they are on, 0 or 1."""

    survey: Survey
    paper: float = 0.0


@dataclass(frozen=True, eq=False)
class NormResult:
    """That."""

    request: NormRequest
    norm: Norm


DrawingJob = PictureRequest | DrawingFileRequest | CompletionRequest | MeasureRequest | NormRequest
DrawingJobResult = PictureResult | DrawingFileResult | CompletionResult | MeasureResult | NormResult
