"""Long jobs for a snapshot: requests, and results that carry their request. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.maps import Holes, LatentMap, PlaneMap
from vae_studio.core.surveyed import Survey
from vae_studio.session.requests import EncodeResult

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class SurveyRequest:
    """Where are the test images in latent space? count: the first so many; None for all."""

    snapshot: Snapshot
    count: int | None = None


@dataclass(frozen=True, eq=False)
class SurveyResult:
    """There."""

    request: SurveyRequest
    survey: Survey


@dataclass(frozen=True, eq=False)
class MapRequest:
    """A map of these images. by_neighbours: t-SNE; else the two dimensions themselves, or principal
    components. like: the map before, whose sides up and right are kept."""

    survey: Survey
    by_neighbours: bool = False
    like: LatentMap | None = None


@dataclass(frozen=True, eq=False)
class MapResult:
    """places: float32 [N, 2], where each image lies. holes: of a plane."""

    request: MapRequest
    map: LatentMap
    places: NDArray[np.float32]
    holes: Holes | None


@dataclass(frozen=True, eq=False)
class CrowdRequest:
    """Where do the training images lie on this map?"""

    snapshot: Snapshot
    plane: PlaneMap


@dataclass(frozen=True, eq=False)
class CrowdResult:
    """places: float32 [N, 2]; labels: int64 [N]; images: uint8 [N, C, H, W]."""

    request: CrowdRequest
    places: NDArray[np.float32]
    labels: NDArray[np.int64]
    images: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class SearchRequest:
    """Is there a better code for this input than the encoder's?"""

    code: EncodeResult


@dataclass(frozen=True, eq=False)
class SearchResult:
    """mu, logvar: of the best posterior that was found. before, after: −ELBO of the input with the
    encoder's and with this one."""

    request: SearchRequest
    mu: tuple[float, ...]
    logvar: tuple[float, ...]
    before: float
    after: float


Job = SurveyRequest | MapRequest | CrowdRequest | SearchRequest
JobResult = SurveyResult | MapResult | CrowdResult | SearchResult
