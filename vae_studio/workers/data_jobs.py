"""Long jobs for data sets: fetching, looking at pictures, importing them.

Imported by ``job_thread``, beside ``jobs``.
"""

from __future__ import annotations

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop
from vae_studio.core.datasets.importing import import_set, preview
from vae_studio.core.datasets.obtain import fetch_known, take_local
from vae_studio.core.datasets.sources import open_source
from vae_studio.core.datasets.suggesting import suggest
from vae_studio.session.data_jobs import (
    FetchRequest,
    FetchResult,
    ImportRequest,
    ImportResult,
    LookRequest,
    LookResult,
    PreviewRequest,
    PreviewResult,
    SampleRequest,
    SampleResult,
)
from vae_studio.workers.jobs import Progress, images_of, work


@work.register
def _(job: FetchRequest, should_stop: ShouldStop, progress: Progress) -> FetchResult | None:
    if job.files is None:
        info = fetch_known(job.name, job.folder, should_stop, progress)
    else:
        info = take_local(job.name, job.files, job.folder, should_stop, progress)
    return None if info is None else FetchResult(job, info)


@work.register
def _(job: LookRequest, should_stop: ShouldStop, progress: Progress) -> LookResult | None:
    try:
        source = open_source(job.path, job.scratch, should_stop)
        try:
            settings = suggest(source, should_stop)
            return LookResult(
                job, source, settings, preview(source, settings, should_stop=should_stop)
            )
        except BaseException:
            source.close()
            raise
    except LoadingStoppedError:
        return None


@work.register
def _(job: PreviewRequest, should_stop: ShouldStop, progress: Progress) -> PreviewResult | None:
    try:
        made = preview(job.source, job.settings, seed=job.seed, should_stop=should_stop)
    except LoadingStoppedError:
        return None
    return PreviewResult(job, made)


@work.register
def _(job: ImportRequest, should_stop: ShouldStop, progress: Progress) -> ImportResult | None:
    made = import_set(
        job.source,
        job.settings,
        job.folder,
        job.name,
        job.title,
        should_stop,
        progress,
        job.replace,
        job.licence,
    )
    return None if made is None else ImportResult(job, made)


@work.register
def _(job: SampleRequest, should_stop: ShouldStop, progress: Progress) -> SampleResult | None:
    found = images_of(job.info.name, "train", should_stop)
    if found is None:
        return None
    return SampleResult(job, found.first(job.count).images.float().div_(255.0).numpy())
