"""Long jobs -> results: the core's functions behind ``JobThread``. Needs torch.

Imported on the threads that work, so that no window waits for ``import torch``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache, singledispatch
from threading import Lock

import numpy as np

from vae_studio.core.data import DATASETS, Dataset, load_dataset
from vae_studio.core.explore import Encoded
from vae_studio.core.maps import Array, NeighbourMap, PlaneMap, holes_of, principal_plane
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
    SearchRequest,
    SearchResult,
    SurveyRequest,
    SurveyResult,
)

ShouldStop = Callable[[], bool]
Progress = Callable[[float], None]

_CROWD = 5000  # training images between two words on how far it is
_KEPT = 3  # surveys, so that going back to a model shows its map at once
_surveys: OrderedDict[Hashable, Survey] = OrderedDict()
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
    data = test_images(job.snapshot.config.dataset)
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
    train, means = train_images(job.snapshot.config.dataset), list[Array]()
    model = job.snapshot.build()
    for start in range(0, len(train), _CROWD):
        part = Dataset(*(each[start : start + _CROWD] for each in (train.images, train.labels)))
        found = encode_means(model, part, should_stop)
        if found is None:
            return None
        means.append(job.plane.place(found))
        progress((start + len(part)) / len(train))
    return CrowdResult(job, np.concatenate(means), train.labels.numpy(), train.images.numpy())


def test_images(dataset: str) -> Dataset:
    """All of a test set, kept: the window looks at it again and again."""
    return _test_images(dataset, DATASETS.get(dataset))


@work.register
def _(job: SearchRequest, should_stop: ShouldStop, progress: Progress) -> SearchResult | None:
    code = Encoded(job.code.mu, job.code.logvar, job.code.label)
    model = job.code.request.snapshot.build()
    best = search_code(model, job.code.image, code, should_stop, progress)
    if best is None:
        return None
    return SearchResult(job, best.mu, best.logvar, best.before, best.after)


def train_images(dataset: str) -> Dataset:
    """All of a training set, kept as well once somebody looks at it: 47 MB for MNIST."""
    return _train_images(dataset, DATASETS.get(dataset))


@lru_cache(maxsize=1)
def _train_images(dataset: str, info: object) -> Dataset:
    return load_dataset(dataset).train


@lru_cache(maxsize=2)
def _test_images(dataset: str, info: object) -> Dataset:
    test = load_dataset(dataset).test
    return Dataset(test.images.clone(), test.labels.clone())  # or the training set stayed, too
