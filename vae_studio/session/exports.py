"""Files that the user wants, as requests and results: text, a sheet of pictures, a film, a drawing.
No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_SCALE = 64  # pixels of a file for each of the model's
MAX_SIDE = 16_000  # px; what programs still open
MAX_PIXELS = 64_000_000  # of a picture, or of all frames of a film; a second or two of work


@dataclass(frozen=True)
class SaveTextRequest:
    """Write this text as UTF-8."""

    path: Path
    text: str


@dataclass(frozen=True, eq=False)
class SavePictureRequest:
    """Write images [N, C, H, W] in [0, 1], N ≥ 1, as one PNG: ``columns`` in a row, each pixel
    ``scale`` wide."""

    path: Path
    images: NDArray[np.float32]
    columns: int
    scale: int


@dataclass(frozen=True, eq=False)
class SaveFilmRequest:
    """Write images [N, C, H, W] in [0, 1], N ≥ 1, as a GIF. milliseconds: each is shown so long.
    loop: for ever, else once."""

    path: Path
    images: NDArray[np.float32]
    scale: int
    milliseconds: int
    loop: bool


@dataclass(frozen=True, eq=False)
class SaveMadeRequest:
    """Write what this makes; it is called where the file is written, and may take its time."""

    path: Path
    make: Callable[[], bytes]


SaveRequest = SaveTextRequest | SavePictureRequest | SaveFilmRequest | SaveMadeRequest


@dataclass(frozen=True, eq=False)
class SavedResult:
    """The file is on disk."""

    request: SaveRequest
    path: Path


def largest_scale(width: int, height: int, frames: int = 1) -> int:
    """How far a picture of width × height, or a film of so many, may be enlarged; 1 at least."""
    side = MAX_SIDE // max(width, height, 1)
    pixels = (MAX_PIXELS / max(width * height * frames, 1)) ** 0.5
    return max(1, min(MAX_SCALE, side, int(pixels)))
