"""Requests -> results: the core's functions behind the questions of the window. Needs torch.

Imported by ``explore_thread`` on its own thread, so that no window waits for ``import torch``.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import torch

from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.digit import digit_image
from vae_studio.core.errors import DatasetError
from vae_studio.core.evaluate import latent_stats
from vae_studio.core.explore import (
    Encoded,
    decode,
    decode_labels,
    decode_many,
    effect,
    encode,
    one_hot,
    reconstruction_terms,
    sample,
    traverse,
)
from vae_studio.core.model import VAE
from vae_studio.core.moment_files import load_moment
from vae_studio.core.moments import list_moments
from vae_studio.core.runs import find_run, read_metrics, read_run
from vae_studio.core.snapshot import ModelCache
from vae_studio.core.surveyed import nearest
from vae_studio.core.uncertainty import posterior_spread
from vae_studio.session.folders import runs_folder
from vae_studio.session.requests import (
    DecodeRequest,
    DecodeResult,
    EffectRequest,
    EffectResult,
    EncodeRequest,
    EncodeResult,
    HoverRequest,
    HoverResult,
    Image,
    LabelsRequest,
    LabelsResult,
    LatentRequest,
    LatentResult,
    LatticeRequest,
    LatticeResult,
    MomentRequest,
    MomentResult,
    NearRequest,
    NearResult,
    OpenRequest,
    OpenResult,
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
from vae_studio.session.state import ImageRef, Input, Weights
from vae_studio.session.strokes import Strokes
from vae_studio.workers.compute import all_threads
from vae_studio.workers.jobs import images_of

_models = ModelCache()
_MEASURED = 256  # test images for the figures of a moment: KL is within some percent, in 4 ms
_SMALLEST = 0.05  # of the canvas; a drawing below this is a dot, not a digit to blow up


@singledispatch
def answer(request: Request) -> Result:
    """Answer one question. Raises ``StudioError`` for what a person can mend."""
    raise TypeError(f"no answer to {request!r}")


@answer.register
def _(request: OpenRequest) -> OpenResult:
    snapshot = load_snapshot(find_run(request.path, [runs_folder()]))
    model = _models.model(snapshot)
    classes, size = snapshot.spec.num_classes, snapshot.spec.latent_dim
    latent = request.target.latent if request.target else None
    if latent and len(latent.z) == size and (len(latent.label or ()) == classes):
        return OpenResult(request, snapshot, latent.z, latent.label)
    if request.drawing:
        code = _encode_drawing(model, request.drawing)[1]
    elif request.image is not None and request.image.shape == snapshot.spec.image_shape:
        code = encode(model, request.image)
    else:
        code = Encoded((0.0,) * size, (0.0,) * size, one_hot(0, classes) if classes else None)
    return OpenResult(request, snapshot, code.mu, code.label)


@answer.register
def _(request: DecodeRequest) -> DecodeResult:
    model = _models.model(request.snapshot)
    return DecodeResult(request, decode(model, request.latent.z, request.latent.label))


@answer.register
def _(request: EncodeRequest) -> EncodeResult:
    model = _models.model(request.snapshot)
    image, code = _encode_drawing(model, request.input)
    return EncodeResult(
        request,
        image,
        code.mu,
        code.logvar,
        code.label,
        decode(model, code.mu, code.label),
        reconstruction_terms(model, image, code),
    )


@answer.register
def _(request: LabelsRequest) -> LabelsResult:
    return LabelsResult(request, decode_labels(_models.model(request.snapshot), request.z))


@answer.register
def _(request: SampleRequest) -> SampleResult:
    generator = torch.Generator().manual_seed(request.seed)
    model = _models.model(request.snapshot)
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
    found = images_of(request.snapshot.config.dataset, "test")
    assert found is not None  # as nobody stops it
    images = found.first(_MEASURED)
    stats = latent_stats(_models.model(request.snapshot), images, len(images))
    return LatentResult(request, stats, len(images))


@answer.register
def _(request: TraverseRequest) -> TraverseResult:
    model, latent = _models.model(request.snapshot), request.latent
    images = traverse(model, latent.z, request.dimensions, request.values, latent.label)
    return TraverseResult(request, images)


@answer.register
def _(request: EffectRequest) -> EffectResult:
    model, latent = _models.model(request.snapshot), request.latent
    return EffectResult(request, effect(model, latent.z, request.dimension, latent.label))


def device() -> tuple[str, int]:
    """What trainings run on by default: the GPU's name or "CPU", and the CPU threads in use."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return name, all_threads()


def _encode_drawing(model: VAE, drawing: Input) -> tuple[Image, Encoded]:
    image = _image_of(drawing.image) if drawing.image else drawing_image(drawing.strokes)
    label: Weights | None = None
    if drawing.label is not None and drawing.label < model.spec.num_classes:
        label = one_hot(drawing.label, model.spec.num_classes)
    return image, encode(model, image, label)


def _image_of(ref: ImageRef) -> Image:
    found = images_of(ref.dataset, ref.part)
    assert found is not None  # as nobody stops it
    images = found.images
    if not 0 <= ref.index < len(images):
        raise DatasetError("data.no_image", index=ref.index, count=len(images))
    return images[ref.index].float().div_(255.0).numpy()


@answer.register
def _(request: HoverRequest) -> HoverResult:
    model = _models.model(request.snapshot)
    label = one_hot(request.label, model.spec.num_classes) if model.spec.conditional else None
    code = encode(model, request.image, label)
    terms = reconstruction_terms(model, request.image, code)
    return HoverResult(request, decode(model, code.mu, code.label), terms)


@answer.register
def _(request: LatticeRequest) -> LatticeResult:
    model, latent = _models.model(request.snapshot), request.latent
    return LatticeResult(request, decode_many(model, request.points, latent.label))


@answer.register
def _(request: NearRequest) -> NearResult:
    survey, z = request.survey, np.asarray(request.z, np.float32)
    among = np.arange(len(survey))
    if request.label is not None:
        among = np.flatnonzero(survey.labels == request.label)
    found = among[nearest(survey.mu[among], z, request.count)]
    away = np.sqrt(np.square(survey.mu[found] - z).sum(1))
    return NearResult(request, tuple(found.tolist()), tuple(away.tolist()))


@answer.register
def _(request: SpreadRequest) -> SpreadResult:
    result = request.code
    model = _models.model(result.request.snapshot)
    code = Encoded(result.mu, result.logvar, result.label)
    found = posterior_spread(model, code, request.count)
    return SpreadResult(request, found.z, found.images, found.deviation)


def drawing_image(strokes: Strokes) -> Image:
    """The drawing as the encoder sees it: float32 [1, 28, 28] in [0, 1]."""
    points = [np.asarray(stroke.points) for stroke in strokes]
    return digit_image(points, smallest=_SMALLEST)[np.newaxis]
