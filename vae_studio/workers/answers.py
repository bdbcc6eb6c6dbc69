"""Requests -> results: the core's functions behind the questions of the window. Needs torch.

Imported by ``explore_thread`` on its own thread, so that no window waits for ``import torch``.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from functools import singledispatch
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.directions import (
    class_of,
    in_all_classes,
    mean_of_all,
    mean_of_class,
    mean_of_images,
)
from vae_studio.core.errors import PlaceError, StudioError
from vae_studio.core.evaluate import latent_stats
from vae_studio.core.explore import (
    Encoded,
    decode,
    decode_each,
    decode_labels,
    decode_many,
    effect,
    encode,
    one_hot,
    reconstruct,
    sample,
    traverse,
)
from vae_studio.core.model import VAE
from vae_studio.core.moment_files import load_moment
from vae_studio.core.moments import list_moments
from vae_studio.core.reading import read_bounded
from vae_studio.core.runs import (
    bundled_runs,
    clean_name,
    find_run,
    list_runs,
    read_metrics,
    read_run,
)
from vae_studio.core.snapshot import ModelCache, Snapshot
from vae_studio.core.spec import ModelSpec
from vae_studio.core.surveyed import Survey, nearest
from vae_studio.core.uncertainty import posterior_spread
from vae_studio.session import last_session
from vae_studio.session.drawing import ImageRef, Input, Sheet, sheet_for
from vae_studio.session.drawing_requests import DrawingAnswer, DrawingQuestion
from vae_studio.session.folders import runs_folder
from vae_studio.session.place import MAX_BYTES, Place, parse_place
from vae_studio.session.requests import (
    AsClassesRequest,
    AsClassesResult,
    DecodeRequest,
    DecodeResult,
    DirectionRequest,
    DirectionResult,
    EffectRequest,
    EffectResult,
    EncodeRequest,
    EncodeResult,
    HoverRequest,
    HoverResult,
    LabelsRequest,
    LabelsResult,
    LastRequest,
    LastResult,
    LatentRequest,
    LatentResult,
    LatticeRequest,
    LatticeResult,
    Middle,
    MomentRequest,
    MomentResult,
    NearRequest,
    NearResult,
    OnMapRequest,
    OnMapResult,
    OpenRequest,
    OpenResult,
    PlaceRequest,
    PlaceResult,
    PointsRequest,
    PointsResult,
    Request,
    Result,
    RunRequest,
    RunResult,
    SampleRequest,
    SampleResult,
    SpreadRequest,
    SpreadResult,
    TraverseRequest,
    TraverseResult,
)
from vae_studio.session.state import Weights
from vae_studio.workers.compute import all_threads
from vae_studio.workers.inputs import Prepared, image_of, prepared_input
from vae_studio.workers.jobs import images_of

log = logging.getLogger(__name__)

models = ModelCache()
_MEASURED = 256  # test images for the figures of a moment: KL is within some percent, in 4 ms


@singledispatch
def answer(request: Request | DrawingQuestion) -> Result | DrawingAnswer:
    """Answer one question. Raises ``StudioError`` for what a person can mend."""
    raise TypeError(f"no answer to {request!r}")


@answer.register
def _(request: OpenRequest) -> OpenResult:
    snapshot = load_snapshot(find_run(request.path, [runs_folder()]))
    model = models.model(snapshot)
    classes, size = snapshot.spec.num_classes, snapshot.spec.latent_dim
    latent = request.target.latent if request.target else None
    if latent and len(latent.z) == size and (len(latent.label or ()) == classes):
        return OpenResult(request, snapshot, latent.z, latent.label)
    drawing = request.drawing
    if drawing is not None and snapshot.class_names != request.class_names:
        drawing = replace(drawing, label=None)
    code = _code_of(snapshot, drawing) if drawing else None
    fits = request.image is not None and request.image.shape == snapshot.spec.image_shape
    if code is None and request.image is not None and fits:
        code = encode(model, request.image)
    if code is None:
        code = Encoded((0.0,) * size, (0.0,) * size, one_hot(0, classes) if classes else None)
    return OpenResult(request, snapshot, code.mu, code.label)


@answer.register
def _(request: PlaceRequest) -> PlaceResult:
    place = parse_place(_content(request.source))
    snapshot = _model_of(place, request.shown)
    state = place.state
    if state.input is not None and state.input.image is not None:
        image_of(state.input.image)
    if (marked := state.kept.marked) is not None:
        image_of(ImageRef(marked.dataset, "test", max(marked.indices)))
    return PlaceResult(request, place, snapshot)


@answer.register
def _(request: LastRequest) -> LastResult:
    try:
        content = read_bounded(request.path, last_session.MAX_BYTES)
        return LastResult(request, last_session.parse_last_session(content))
    except FileNotFoundError:
        pass  # a first start
    except (OSError, ValueError) as error:
        log.warning("how the session was left cannot be read: %s", error)
        with contextlib.suppress(OSError):  # it will be written anew; what was in it is not lost
            request.path.replace(request.path.with_name(last_session.DAMAGED))
    return LastResult(request, None)


def _content(source: Path | str) -> bytes:
    try:
        if isinstance(source, Path):
            return read_bounded(source, MAX_BYTES)
        return source.encode()
    except OSError as error:
        reason = error.strerror or str(error)
        raise PlaceError("place.unreadable", path=str(source), reason=reason) from error
    except ValueError as error:  # a text with half a character, or a path with a NUL
        raise PlaceError("place.not_a_place", reason=str(error)[:200]) from error


def _model_of(place: Place, shown: Snapshot | None) -> Snapshot:
    """The run of that name that the place fits: the one on show before those that ship, these
    before the user's own, the newest first."""
    named = False

    def fits(name: str, spec: ModelSpec) -> bool:
        nonlocal named
        latent, is_named = place.state.latent, clean_name(name) == place.model
        named |= is_named
        sizes = (len(latent.z), len(latent.label or ()))
        return is_named and sizes == (spec.latent_dim, spec.num_classes)

    if shown is not None and fits(shown.name, shown.spec):
        return shown
    for info in [*bundled_runs(), *list_runs([runs_folder()])]:
        if fits(info.name, info.spec):
            return load_snapshot(info.path)
    if not named:
        raise PlaceError("place.no_model", name=place.model)
    size, classes = len(place.state.latent.z), len(place.state.latent.label or ())
    raise PlaceError("place.other_shape", name=place.model, size=size, classes=classes)


@answer.register
def _(request: DecodeRequest) -> DecodeResult:
    model = models.model(request.snapshot)
    return DecodeResult(request, decode(model, request.latent.z, request.latent.label))


@answer.register
def _(request: EncodeRequest) -> EncodeResult:
    model = models.model(request.snapshot)
    prepared, code = _encode_drawing(model, request.input, sheet_for(request.snapshot))
    x_hat, terms = reconstruct(model, prepared.image, code)
    return EncodeResult(
        request,
        prepared.image,
        code.mu,
        code.logvar,
        code.label,
        x_hat,
        terms,
        prepared.ground,
        prepared.way,
    )


@answer.register
def _(request: LabelsRequest) -> LabelsResult:
    return LabelsResult(request, decode_labels(models.model(request.snapshot), request.z))


@answer.register
def _(request: SampleRequest) -> SampleResult:
    generator = torch.Generator().manual_seed(request.seed)
    model = models.model(request.snapshot)
    z, images = sample(model, request.count, generator, request.label)
    return SampleResult(request, z, images)


@answer.register
def _(request: RunRequest) -> RunResult:
    info = read_run(request.path)
    return RunResult(request, info, tuple(read_metrics(request.path)), list_moments(request.path))


@answer.register
def _(request: MomentRequest) -> MomentResult:
    return MomentResult(request, load_moment(read_run(request.path), request.step))


@answer.register
def _(request: LatentRequest) -> LatentResult:
    snapshot = request.snapshot
    found = images_of(snapshot.config.dataset, "test", record=snapshot.data)
    assert found is not None  # as nobody stops it
    images = found.first(_MEASURED)
    stats = latent_stats(models.model(request.snapshot), images, len(images))
    return LatentResult(request, stats, len(images))


@answer.register
def _(request: TraverseRequest) -> TraverseResult:
    model, latent = models.model(request.snapshot), request.latent
    images = traverse(model, latent.z, request.dimensions, request.values, latent.label)
    return TraverseResult(request, images)


@answer.register
def _(request: EffectRequest) -> EffectResult:
    model, latent = models.model(request.snapshot), request.latent
    return EffectResult(request, effect(model, latent.z, request.dimension, latent.label))


def device() -> tuple[str, int]:
    """What trainings run on by default: the GPU's name or "CPU", and the CPU threads in use."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return name, all_threads()


def _code_of(snapshot: Snapshot, drawing: Input) -> Encoded | None:
    """None where that model takes no such picture: it opens all the same."""
    try:
        return _encode_drawing(models.model(snapshot), drawing, sheet_for(snapshot))[1]
    except StudioError as error:
        log.warning("%s opens without the input: %s", snapshot.name, error)
        return None


def _encode_drawing(model: VAE, drawing: Input, sheet: Sheet) -> tuple[Prepared, Encoded]:
    prepared = prepared_input(drawing, sheet)
    label: Weights | None = None
    if drawing.label is not None and drawing.label < model.spec.num_classes:
        label = one_hot(drawing.label, model.spec.num_classes)
    return prepared, encode(model, prepared.image, label)


@answer.register
def _(request: HoverRequest) -> HoverResult:
    model = models.model(request.snapshot)
    label = one_hot(request.label, model.spec.num_classes) if model.spec.conditional else None
    code = encode(model, request.image, label)
    return HoverResult(request, *reconstruct(model, request.image, code))


@answer.register
def _(request: LatticeRequest) -> LatticeResult:
    model, latent = models.model(request.snapshot), request.latent
    return LatticeResult(request, decode_many(model, request.points, latent.label))


@answer.register
def _(request: NearRequest) -> NearResult:
    survey, z = request.survey, np.asarray(request.z, np.float32)
    if request.label is None:
        found = nearest(survey.mu, z, request.count)
    else:
        among = np.flatnonzero(survey.labels == request.label)
        found = among[nearest(survey.mu[among], z, request.count)]
    away = np.sqrt(np.square(survey.mu[found] - z).sum(1))
    return NearResult(request, tuple(found.tolist()), tuple(away.tolist()))


@answer.register
def _(request: SpreadRequest) -> SpreadResult:
    result = request.code
    model = models.model(result.request.snapshot)
    code = Encoded(result.mu, result.logvar, result.label)
    found = posterior_spread(model, code, request.count)
    return SpreadResult(request, found.z, found.images, found.deviation)


@answer.register
def _(request: PointsRequest) -> PointsResult:
    model = models.model(request.snapshot)
    return PointsResult(request, decode_each(model, request.z, request.labels))


@answer.register
def _(request: AsClassesRequest) -> AsClassesResult:
    survey, z = request.survey, np.asarray(request.z, np.float32)
    now = class_of(survey, z)
    points = in_all_classes(survey, z, request.classes, now)
    wanted = points if request.shown is None else points[list(request.shown)]
    images = decode_many(models.model(request.snapshot), wanted)
    return AsClassesResult(request, now, points, images)


@answer.register
def _(request: OnMapRequest) -> OnMapResult:
    return OnMapResult(request, request.map.place_many(request.z))


@answer.register
def _(request: DirectionRequest) -> DirectionResult:
    start, end = (_middle(request.survey, middle) for middle in (request.start, request.end))
    z = np.asarray(request.latent.z, np.float32)
    if start is None or end is None or start.shape != z.shape or end.shape != z.shape:
        return DirectionResult(request)
    way = end - start
    points = (z + np.asarray(request.shares, np.float32)[:, None] * way).astype(np.float32)
    images = decode_many(models.model(request.snapshot), points, request.latent.label)
    return DirectionResult(request, start, way, points, images)


def _middle(survey: Survey | None, middle: Middle) -> NDArray[np.float32] | None:
    if isinstance(middle, tuple):
        return np.asarray(middle, np.float32)
    if survey is None:
        return None
    if middle is None:
        return mean_of_all(survey)
    if isinstance(middle, int):
        return mean_of_class(survey, middle)
    return mean_of_images(survey, middle)
