"""Questions to a snapshot, and answers that carry their question. Frozen; no torch is imported.

Images are float32 arrays [C, H, W] in [0, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.digit import Placement
from vae_studio.core.maps import NeighbourMap
from vae_studio.core.measures import LatentStats, Terms
from vae_studio.core.runs import RunInfo
from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing import Input
from vae_studio.session.last_session import LastSession
from vae_studio.session.place import Place
from vae_studio.session.state import LatentState, SessionState, Weights

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

Image = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OpenRequest:
    """Open a run and find where to stand in it.

    drawing: encoded when there is one; else ``image``, which is what the last model showed.
    class_names: which its label is one of, and means nothing to a model of others.
    target: a state that undo or redo wants back; its point is kept as it was.
    """

    path: str
    drawing: Input | None = None
    class_names: tuple[str, ...] = ()
    image: Image | None = None
    target: SessionState | None = None


@dataclass(frozen=True, eq=False)
class OpenResult:
    """The snapshot, and the code of what was asked for: z and label."""

    request: OpenRequest
    snapshot: Snapshot
    z: tuple[float, ...]
    label: Weights | None


@dataclass(frozen=True, eq=False)
class PlaceRequest:
    """Which place is this, and which model is it in? source: a file, or the text of one. shown: the
    snapshot on show; it is taken where its run has the name that is looked for."""

    source: Path | str
    shown: Snapshot | None


@dataclass(frozen=True, eq=False)
class PlaceResult:
    """That, checked: the place fits the snapshot, which is ``request.shown`` or of another run."""

    request: PlaceRequest
    place: Place
    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class LastRequest:
    """How was the session left that this file is of?"""

    path: Path


@dataclass(frozen=True, eq=False)
class LastResult:
    """last: None where there is no such file, or none that can be read."""

    request: LastRequest
    last: LastSession | None


@dataclass(frozen=True, eq=False)
class DecodeRequest:
    """What does this z look like?"""

    snapshot: Snapshot
    latent: LatentState


@dataclass(frozen=True, eq=False)
class DecodeResult:
    """It looks like this."""

    request: DecodeRequest
    image: Image


@dataclass(frozen=True, eq=False)
class EncodeRequest:
    """Where is this drawing in latent space, and what does the model make of it?"""

    snapshot: Snapshot
    input: Input


@dataclass(frozen=True)
class Way:
    """Where the strokes of a drawing went: a point of the canvas to a pixel of the image. fitted:
    into MNIST's box, centred: and then by their centre of mass."""

    fitted: Placement
    centred: Placement


@dataclass(frozen=True, eq=False)
class EncodeResult:
    """image: what the encoder saw; mu, logvar, label: its code; x_hat: decoded from mu. ground: the
    picture below the strokes, if there is one; way: of strokes without."""

    request: EncodeRequest
    image: Image
    mu: tuple[float, ...]
    logvar: tuple[float, ...]
    label: Weights | None
    x_hat: Image
    terms: Terms
    ground: Image | None = None
    way: Way | None = None


@dataclass(frozen=True, eq=False)
class LabelsRequest:
    """The same z in every class?"""

    snapshot: Snapshot
    z: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class LabelsResult:
    """images: [K, C, H, W]."""

    request: LabelsRequest
    images: Image


@dataclass(frozen=True, eq=False)
class SampleRequest:
    """What does the prior hold? seed: of the draw; label: class weights or None."""

    snapshot: Snapshot
    count: int
    seed: int
    label: Weights | None


@dataclass(frozen=True, eq=False)
class SampleResult:
    """z: [n, L]; images: [n, C, H, W]."""

    request: SampleRequest
    z: NDArray[np.float32]
    images: Image


@dataclass(frozen=True, eq=False)
class RunRequest:
    """What is known of the training of this run?"""

    path: Path


@dataclass(frozen=True, eq=False)
class RunResult:
    """rows: of ``metrics.csv``. moments: the steps whose weights were kept."""

    request: RunRequest
    info: RunInfo
    rows: tuple[Mapping[str, float], ...]
    moments: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class MomentRequest:
    """The weights of a run after this step?"""

    path: Path
    step: int


@dataclass(frozen=True, eq=False)
class MomentResult:
    """Those weights."""

    request: MomentRequest
    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class LatentRequest:
    """What do the latent dimensions of these weights do, on some test images?"""

    snapshot: Snapshot


@dataclass(frozen=True, eq=False)
class LatentResult:
    """That. images: how many."""

    request: LatentRequest
    stats: LatentStats
    images: int


@dataclass(frozen=True, eq=False)
class TraverseRequest:
    """What does this point become with one dimension at a time at other values?

    dimensions: D of them. values: float32 [D, V].
    """

    snapshot: Snapshot
    latent: LatentState
    dimensions: tuple[int, ...]
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TraverseResult:
    """images: [D, V, C, H, W]."""

    request: TraverseRequest
    images: Image


@dataclass(frozen=True, eq=False)
class EffectRequest:
    """Where on the picture does a dimension act?"""

    snapshot: Snapshot
    latent: LatentState
    dimension: int


@dataclass(frozen=True, eq=False)
class EffectResult:
    """change: float32 [H, W], of a pixel for a step of 1."""

    request: EffectRequest
    change: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HoverRequest:
    """What does the model make of this image of a data set? label: its class."""

    snapshot: Snapshot
    image: Image
    label: int


@dataclass(frozen=True, eq=False)
class HoverResult:
    """x_hat: decoded from its mean."""

    request: HoverRequest
    x_hat: Image
    terms: Terms


@dataclass(frozen=True, eq=False)
class LatticeRequest:
    """What do these points look like? points: float32 [..., L]; latent: whose label they have.
    area: what part of a map they stand for, if any: left, bottom, right, top."""

    snapshot: Snapshot
    latent: LatentState
    points: NDArray[np.float32]
    area: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class LatticeResult:
    """images: [..., C, H, W]."""

    request: LatticeRequest
    images: Image


@dataclass(frozen=True, eq=False)
class NearRequest:
    """Which images have their means nearest to this z? label: of one class only, or None."""

    survey: Survey
    z: tuple[float, ...]
    count: int
    label: int | None = None


@dataclass(frozen=True, eq=False)
class NearResult:
    """indices: the nearest first; away: how far each is."""

    request: NearRequest
    indices: tuple[int, ...]
    away: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class SpreadRequest:
    """What else could this input be? code: the encoder's answer; count: samples."""

    code: EncodeResult
    count: int


@dataclass(frozen=True, eq=False)
class SpreadResult:
    """z: [count, L]; images: [count, C, H, W], samples of the posterior. deviation: float32 [H, W],
    of each pixel."""

    request: SpreadRequest
    z: NDArray[np.float32]
    images: Image
    deviation: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PointsRequest:
    """What do these points look like? z: float32 [N, L]; labels: class weights [N, K] of a model
    with classes."""

    snapshot: Snapshot
    z: NDArray[np.float32]
    labels: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class PointsResult:
    """images: [N, C, H, W]."""

    request: PointsRequest
    images: Image


@dataclass(frozen=True, eq=False)
class AsClassesRequest:
    """What would this z be as each class, for a model without labels? classes: as many as its data
    have. shown: those whose pictures are wanted; None for all."""

    snapshot: Snapshot
    survey: Survey
    z: tuple[float, ...]
    classes: int
    shown: tuple[int, ...] | None = None


@dataclass(frozen=True, eq=False)
class AsClassesResult:
    """now: the class that it is. z: float32 [K, L]; images: [K, C, H, W], or of those that were
    wanted."""

    request: AsClassesRequest
    now: int
    z: NDArray[np.float32]
    images: Image


# An end of a direction: a point; the mean of these test images; that of a class; that of all.
Middle = tuple[float, ...] | frozenset[int] | int | None


@dataclass(frozen=True, eq=False)
class DirectionRequest:
    """Where does the way from one middle to another lead, and what becomes of z along it?

    survey: may be None where both ends are points. shares: of the way, one for each picture.
    """

    snapshot: Snapshot
    survey: Survey | None
    latent: LatentState
    start: Middle
    end: Middle
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class DirectionResult:
    """start, way: float32 [L], where it begins and end − start. z: [n, L], the point of the request
    and so much of the way; images: [n, C, H, W]. None of them where an end is of no images."""

    request: DirectionRequest
    start: NDArray[np.float32] | None = None
    way: NDArray[np.float32] | None = None
    z: NDArray[np.float32] | None = None
    images: Image | None = None


@dataclass(frozen=True, eq=False)
class OnMapRequest:
    """Where do these points lie on a map without axes? z: float32 [N, L]."""

    map: NeighbourMap
    z: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class OnMapResult:
    """places: float32 [N, 2]."""

    request: OnMapRequest
    places: NDArray[np.float32]


Request = (
    OpenRequest
    | PlaceRequest
    | LastRequest
    | DecodeRequest
    | EncodeRequest
    | LabelsRequest
    | SampleRequest
    | RunRequest
    | MomentRequest
    | LatentRequest
    | TraverseRequest
    | EffectRequest
    | HoverRequest
    | LatticeRequest
    | NearRequest
    | SpreadRequest
    | PointsRequest
    | AsClassesRequest
    | OnMapRequest
    | DirectionRequest
)
Result = (
    OpenResult
    | PlaceResult
    | LastResult
    | DecodeResult
    | EncodeResult
    | LabelsResult
    | SampleResult
    | RunResult
    | MomentResult
    | LatentResult
    | TraverseResult
    | EffectResult
    | HoverResult
    | LatticeResult
    | NearResult
    | SpreadResult
    | PointsResult
    | AsClassesResult
    | OnMapResult
    | DirectionResult
)
