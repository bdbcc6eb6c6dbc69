"""Long jobs -> results: the core's functions behind ``JobThread``. Needs torch.

Imported on the threads that work, so that no window waits for ``import torch``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from functools import singledispatch
from threading import Lock
from typing import Protocol

import numpy as np

from vae_studio.core.data import Dataset, find_dataset, load_dataset
from vae_studio.core.datasets.idx import ShouldStop, never
from vae_studio.core.datasets.table import DATASETS, DatasetInfo
from vae_studio.core.explore import Encoded, decode_each
from vae_studio.core.geodesic import geodesic
from vae_studio.core.maps import Array, NeighbourMap, PlaneMap, holes_of, principal_plane
from vae_studio.core.mixture import fit_mixture
from vae_studio.core.paths import length_in_images, linear, spherical
from vae_studio.core.support import Support
from vae_studio.core.survey import encode_means, survey
from vae_studio.core.surveyed import Survey
from vae_studio.core.uncertainty import search_code
from vae_studio.session.jobs import (
    CrowdRequest,
    CrowdResult,
    Job,
    JobResult,
    MapRequest,
    MapResult,
    MixtureRequest,
    MixtureResult,
    PathRequest,
    PathResult,
    SearchRequest,
    SearchResult,
    SupportRequest,
    SupportResult,
    SurveyRequest,
    SurveyResult,
)


class Progress(Protocol):
    """Told the share of a job that is done."""

    def __call__(self, share: float) -> None: ...

    def show(self, result: JobResult) -> None:
        """Show what there is so far, of a job that gets better and better."""


_CROWD = 5000  # training images between two words on how far it is
_KEPT = 3  # surveys, so that going back to a model shows its map at once
_KEPT_PARTS = 2  # halves of data sets
_parts: OrderedDict[Hashable, Dataset] = OrderedDict()
_surveys: OrderedDict[Hashable, Survey] = OrderedDict()
_supports: OrderedDict[int, Support] = OrderedDict()  # by the survey that they hold
_lock = Lock()


@singledispatch
def work(job: Job, should_stop: ShouldStop, progress: Progress) -> JobResult | None:
    """Do one job; None once ``should_stop`` said yes. Raises ``StudioError`` for what a person can
    mend."""
    raise TypeError(f"no work for {job!r}")


@work.register
def _(job: SurveyRequest, should_stop: ShouldStop, progress: Progress) -> SurveyResult | None:
    key = (job.snapshot.id, job.count, DATASETS.get(job.snapshot.config.dataset))
    with _lock:
        found = _surveys.get(key)
        if found is not None:
            _surveys.move_to_end(key)
            return SurveyResult(job, found)
    snapshot = job.snapshot
    data = images_of(snapshot.config.dataset, "test", should_stop, snapshot.data)
    if data is None:
        return None
    if job.count is not None:
        data = data.first(job.count)
    made = survey(job.snapshot.build(), data, job.snapshot.id, should_stop, progress)
    if made is None:
        return None
    with _lock:
        _surveys[key] = made
        while len(_surveys) > _KEPT:
            _surveys.popitem(last=False)
    return SurveyResult(job, made)


@work.register
def _(job: MapRequest, should_stop: ShouldStop, progress: Progress) -> MapResult | None:
    if job.by_neighbours:
        from vae_studio.core.tsne import tsne  # and with it a second of imports

        places = tsne(job.survey.mu, should_stop, progress)
        if places is None:
            return None
        return MapResult(job, NeighbourMap(places, job.survey.mu), places, None)
    plane = principal_plane(job.survey.mu, job.like if isinstance(job.like, PlaneMap) else None)
    return MapResult(job, plane, plane.place(job.survey.mu), holes_of(plane, job.survey))


@work.register
def _(job: CrowdRequest, should_stop: ShouldStop, progress: Progress) -> CrowdResult | None:
    snapshot, means = job.snapshot, list[Array]()
    train = images_of(snapshot.config.dataset, "train", should_stop, snapshot.data)
    if train is None:
        return None
    model = job.snapshot.build()
    for start in range(0, len(train), _CROWD):
        part = Dataset(*(each[start : start + _CROWD] for each in (train.images, train.labels)))
        found = encode_means(model, part, should_stop)
        if found is None:
            return None
        means.append(job.plane.place(found))
        progress((start + len(part)) / len(train))
    return CrowdResult(job, np.concatenate(means), train.labels.numpy(), train.images.numpy())


@work.register
def _(job: SearchRequest, should_stop: ShouldStop, progress: Progress) -> SearchResult | None:
    code = Encoded(job.code.mu, job.code.logvar, job.code.label)
    model = job.code.request.snapshot.build()
    best = search_code(model, job.code.image, code, should_stop, progress)
    if best is None:
        return None
    return SearchResult(job, best.mu, best.logvar, best.before, best.after)


@work.register
def _(job: PathRequest, should_stop: ShouldStop, progress: Progress) -> PathResult | None:
    path, model = job.path, job.snapshot.build()
    straight = linear(job.points, path.steps, path.closed)
    labels = None if job.labels is None else linear(job.labels, path.steps, path.closed)
    z: Array | None = straight
    if path.way == "arc":
        z = spherical(job.points, path.steps, path.closed)
    elif path.way == "geodesic":
        z = geodesic(model, job.points, path.steps, path.closed, labels, should_stop, progress)
    if z is None:
        return None
    images = decode_each(model, z, labels)
    before = images if z is straight else decode_each(model, straight, labels)
    lengths = length_in_images(images), length_in_images(before)
    return PathResult(job, z, labels, images, *lengths)


@work.register
def _(job: SupportRequest, should_stop: ShouldStop, progress: Progress) -> SupportResult | None:
    with _lock:
        support = _supports.get(id(job.survey))
    if support is None:
        support = Support(job.survey)
        with _lock:
            _supports[id(job.survey)] = support
            while len(_supports) > _KEPT:
                _supports.popitem(last=False)
    ranks = support.rank(job.z, should_stop)
    return None if ranks is None else SupportResult(job, ranks)


@work.register
def _(job: MixtureRequest, should_stop: ShouldStop, progress: Progress) -> MixtureResult | None:
    mixture = fit_mixture(job.survey, should_stop, progress)
    return None if mixture is None else MixtureResult(job, mixture)


def images_of(
    dataset: str, part: str, should_stop: ShouldStop = never, record: DatasetInfo | None = None
) -> Dataset | None:
    """All images of a part, ``test`` or ``train``, of a data set. They are kept: the window looks
    at them again and again. None once told to stop.

    record: of a run whose images these must be. Raises ``DatasetError``.
    """
    key = (dataset, part, find_dataset(dataset, record))
    with _lock:
        if key in _parts:
            _parts.move_to_end(key)
            return _parts[key]
    data = load_dataset(dataset, should_stop, record)
    if data is None:
        return None
    found = data.train if part == "train" else data.test
    with _lock:
        _parts[key] = found
        while len(_parts) > _KEPT_PARTS:
            _parts.popitem(last=False)
        return _parts[key]
