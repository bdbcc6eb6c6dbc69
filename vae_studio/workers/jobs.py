"""Long jobs -> results: the core's functions behind ``JobThread``. Needs torch.

Imported on the threads that work, so that no window waits for ``import torch``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import lru_cache, singledispatch
from threading import Lock

from vae_studio.core.data import DATASETS, Dataset, load_dataset
from vae_studio.core.survey import survey
from vae_studio.core.surveyed import Survey
from vae_studio.session.jobs import Job, JobResult, SurveyRequest, SurveyResult

ShouldStop = Callable[[], bool]
Progress = Callable[[float], None]

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


def test_images(dataset: str) -> Dataset:
    """All of a test set, kept: the window looks at it again and again."""
    return _test_images(dataset, DATASETS.get(dataset))


@lru_cache(maxsize=2)
def _test_images(dataset: str, info: object) -> Dataset:
    test = load_dataset(dataset).test
    return Dataset(test.images.clone(), test.labels.clone())  # or the training set stayed, too
