"""Answers to questions about the input and the decoded picture. Needs torch.

Imported by ``explore_thread``, beside ``answers``.
"""

from __future__ import annotations

import numpy as np

from vae_studio.core.editing import edited_code
from vae_studio.core.errors import SpecError
from vae_studio.core.explore import decode_labels, encode, one_hot
from vae_studio.session.drawing import ImageRef, sheet_for
from vae_studio.session.drawing_requests import (
    EditRequest,
    EditResult,
    GroundRequest,
    GroundResult,
    SeenRequest,
    SeenResult,
    SomeImageRequest,
    SomeImageResult,
    TransferRequest,
    TransferResult,
)
from vae_studio.workers.answers import answer, models
from vae_studio.workers.inputs import brushed, image_of, prepared_input, to_complete
from vae_studio.workers.jobs import images_of
from vae_studio.workers.snapshots import snapshot_of

_EDIT_STEPS = 3  # of an answer; the next one goes on from there


@answer.register
def _(request: EditRequest) -> EditResult:
    model, origin = models.model(request.snapshot), request.origin
    sheet = sheet_for(request.snapshot)
    z = np.asarray(origin.z, np.float32)
    wanted, covered = np.zeros(sheet.shape, np.float32), np.zeros(sheet.size, np.float32)
    for stroke in request.strokes:
        brush = brushed((stroke,), sheet)
        colour = np.array(sheet.levels(stroke), np.float32)[:, None, None]
        wanted = np.where(brush > 0.5, colour, wanted)
        covered = np.maximum(covered, brush)
    start = np.asarray(request.start, np.float32)
    found = edited_code(
        model, z, origin.label, wanted, covered, request.strength, start, steps=_EDIT_STEPS
    )
    return EditResult(request, tuple(found.tolist()))


@answer.register
def _(request: SeenRequest) -> SeenResult:
    return SeenResult(request, *to_complete(request.input, request.seen, request.sheet))


@answer.register
def _(request: GroundRequest) -> GroundResult:
    return GroundResult(request, image_of(request.image))


@answer.register
def _(request: TransferRequest) -> TransferResult:
    snapshot = snapshot_of(request.model)
    model = models.model(snapshot)
    image = prepared_input(request.input, sheet_for(snapshot)).image
    if not model.spec.conditional:
        raise SpecError("spec.no_labels", name=snapshot.name)
    given = request.input.label
    label = None
    if given is not None and given < model.spec.num_classes:
        label = one_hot(given, model.spec.num_classes)
    code = encode(model, image, label)
    assert code.label is not None
    images = decode_labels(model, code.mu)
    return TransferResult(request, snapshot, image, code.mu, code.label, images)


@answer.register
def _(request: SomeImageRequest) -> SomeImageResult:
    found = images_of(request.dataset, "test")
    assert found is not None  # as nobody stops it
    index = int(request.share * len(found))
    return SomeImageResult(
        request, ImageRef(request.dataset, "test", index), int(found.labels[index])
    )
