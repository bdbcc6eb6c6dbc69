"""Long jobs for a snapshot: requests, and results that carry their request. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.maps import Holes, LatentMap, PlaneMap
from vae_studio.core.mixture import Mixture
from vae_studio.core.surveyed import Survey
from vae_studio.session.data_jobs import DataJob, DataJobResult
from vae_studio.session.drawing_jobs import DrawingJob, DrawingJobResult
from vae_studio.session.requests import EncodeResult
from vae_studio.session.state import PathView

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


@dataclass(frozen=True, eq=False)
class PathRequest:
    """How does a path over these points look? points: float32 [P, L], P at least 2; labels: class
    weights [P, K] of a model with classes, mixed on the way."""

    snapshot: Snapshot
    points: NDArray[np.float32]
    labels: NDArray[np.float32] | None
    path: PathView


@dataclass(frozen=True, eq=False)
class PathResult:
    """z: float32 [N, L], every ``path.steps`` of them a point; labels: [N, K]; images: [N, C, H,
    W]. length: of the walk over the images; straight: of that over the straight path."""

    request: PathRequest
    z: NDArray[np.float32]
    labels: NDArray[np.float32] | None
    images: NDArray[np.float32]
    length: float
    straight: float


@dataclass(frozen=True, eq=False)
class SupportRequest:
    """How well do the data support these points? z: float32 [N, L]."""

    survey: Survey
    z: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class SupportResult:
    """ranks: float32 [N], the share of the data's own codes that have less."""

    request: SupportRequest
    ranks: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MixtureRequest:
    """What could the codes of the data be drawn from?"""

    survey: Survey


@dataclass(frozen=True, eq=False)
class MixtureResult:
    """That."""

    request: MixtureRequest
    mixture: Mixture


Job = (
    SurveyRequest
    | MapRequest
    | CrowdRequest
    | SearchRequest
    | PathRequest
    | SupportRequest
    | MixtureRequest
    | DataJob
    | DrawingJob
)
JobResult = (
    SurveyResult
    | MapResult
    | CrowdResult
    | SearchResult
    | PathResult
    | SupportResult
    | MixtureResult
    | DataJobResult
    | DrawingJobResult
)
