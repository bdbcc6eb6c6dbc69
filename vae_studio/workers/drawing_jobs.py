"""Long jobs for what was drawn or opened. Needs torch.

Imported by ``job_thread``, beside ``jobs``.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.completion import CodeBank, Completion, code_bank, complete
from vae_studio.core.data import Dataset
from vae_studio.core.datasets.idx import ShouldStop
from vae_studio.core.errors import DrawingError, ImageError, StudioError
from vae_studio.core.explore import one_hot
from vae_studio.core.likeness import norm_of
from vae_studio.core.one_input import measure_input
from vae_studio.core.page import digits_in
from vae_studio.core.picture_files import open_picture
from vae_studio.core.reading import read_bounded
from vae_studio.core.scan import border_ink, grey_of
from vae_studio.core.snapshot import ModelCache, Snapshot
from vae_studio.session.drawing import Sheet, sheet_for
from vae_studio.session.drawing_jobs import (
    CompletionRequest,
    CompletionResult,
    DrawingFileRequest,
    DrawingFileResult,
    InputMeasure,
    MeasureRequest,
    MeasureResult,
    NormRequest,
    NormResult,
    PictureRequest,
    PictureResult,
)
from vae_studio.session.drawing_text import MAX_BYTES, parse_drawing
from vae_studio.workers.inputs import fitted, image_of, prepared_input, to_complete
from vae_studio.workers.jobs import Progress, images_of, work
from vae_studio.workers.snapshots import KEPT, snapshot_of

Levels = NDArray[np.float32]

_BANK = 10_000  # training images that a completion may start from
_BANK_BYTES = 48 * 2**20  # of larger ones there are fewer, from all over the training set
_KEPT_BANKS = 3
_banks: OrderedDict[str, CodeBank] = OrderedDict()
_models = ModelCache(KEPT)
_shown = ModelCache(2)  # of what trains, another one twice a second
_lock = Lock()


@work.register
def _(job: PictureRequest, should_stop: ShouldStop, progress: Progress) -> PictureResult | None:
    source = open_picture(job.source) if isinstance(job.source, Path) else job.source()
    if should_stop():
        return None
    if not job.sheet.digits:
        picture = source if isinstance(source, Image.Image) else Image.fromarray(source)
        image, taken = fitted(picture, job.sheet, job.inverted)
        return PictureResult(job, (), taken, (image,))
    digits = digits_in(source, inverted=job.inverted)
    if not digits:
        raise ImageError("image.no_digit")
    inverted = job.inverted
    if inverted is None:
        inverted = border_ink(grey_of(source))[1]
    return PictureResult(job, digits, inverted, tuple(each.ink[np.newaxis] for each in digits))


@work.register
def _(
    job: DrawingFileRequest, should_stop: ShouldStop, progress: Progress
) -> DrawingFileResult | None:
    name, given = parse_drawing(_content(job.source))
    if given.image is not None:
        image_of(given.image)  # which may not be there
    return DrawingFileResult(job, name, given)


def _content(source: Path | str) -> bytes:
    if isinstance(source, str):
        return source.encode("utf-8", "replace")
    try:
        return read_bounded(source, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DrawingError("drawing.unreadable", path=str(source), reason=reason) from error


@work.register
def _(
    job: CompletionRequest, should_stop: ShouldStop, progress: Progress
) -> CompletionResult | None:
    model = job.snapshot.build()
    image, mask = to_complete(job.input, job.seen, sheet_for(job.snapshot))
    bank = _bank_of(job.snapshot, should_stop, progress)
    if bank is None:
        return None

    def result(found: Completion, ended: bool) -> CompletionResult:
        return CompletionResult(
            job, image, mask, found.z, found.labels, found.images, found.cost, found.share, ended
        )

    def show(found: Completion) -> None:
        progress.show(result(found, False))

    last = complete(model, image, mask, bank, should_stop=should_stop, show=show)
    return None if last is None else result(last, True)


def _bank_of(snapshot: Snapshot, should_stop: ShouldStop, progress: Progress) -> CodeBank | None:
    with _lock:
        if snapshot.id in _banks:
            _banks.move_to_end(snapshot.id)
            return _banks[snapshot.id]
    data = images_of(snapshot.config.dataset, "train", should_stop, snapshot.data)
    if data is None:
        return None
    shades = not sheet_for(snapshot).digits
    if shades:
        count = min(_BANK, _BANK_BYTES // snapshot.spec.pixels)
        step = max(1, len(data) // count)
        data = Dataset(data.images[::step], data.labels[::step]).first(count)
    made = code_bank(snapshot.build(), data.first(_BANK), should_stop, progress, shades)
    if made is not None:
        with _lock:
            _banks[snapshot.id] = made
            while len(_banks) > _KEPT_BANKS:
                _banks.popitem(last=False)
    return made


@work.register
def _(job: MeasureRequest, should_stop: ShouldStop, progress: Progress) -> MeasureResult | None:
    if job.input.image is not None:
        image_of(job.input.image)  # without it, there is nothing to say of any
    found, prepared = list[InputMeasure](), dict[Sheet, Levels]()
    for model in job.models:
        if should_stop():
            return None
        found.append(_measure(model, job, prepared))
        if len(found) < len(job.models):
            progress.show(MeasureResult(job, tuple(found), False))
    return MeasureResult(job, tuple(found), True)


def _measure(
    model: Snapshot | Path, job: MeasureRequest, prepared: dict[Sheet, Levels]
) -> InputMeasure:
    """What goes wrong with one model is told in its place. prepared: what the input is for models
    that take the same; it is added to."""
    drawn = job.input
    try:
        snapshot = snapshot_of(model)
        given = drawn.label if snapshot.class_names == job.class_names else None
        sheet = sheet_for(snapshot)
        if sheet not in prepared:
            prepared[sheet] = prepared_input(drawn, sheet).image
        image = prepared[sheet]
        built = (_shown if model is snapshot else _models).model(snapshot)
        classes = snapshot.spec.num_classes
        label = one_hot(given, classes) if given is not None and given < classes else None
        found = measure_input(built, image, label)
    except StudioError as error:
        return InputMeasure(model, problem=error)
    return InputMeasure(
        model,
        snapshot,
        found.bernoulli,
        found.squared_error,
        found.kl,
        found.bound,
        found.x_hat,
        found.mu,
        found.label,
    )


@work.register
def _(job: NormRequest, should_stop: ShouldStop, progress: Progress) -> NormResult | None:
    return NormResult(job, norm_of(job.survey, job.paper))
