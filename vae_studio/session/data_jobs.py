"""Long jobs for data sets: requests, and results that carry their request. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_studio.core.datasets.settings import ImportSettings
from vae_studio.core.datasets.table import DatasetInfo

if TYPE_CHECKING:
    from vae_studio.core.datasets.importing import Imported, Preview  # which bring Pillow
    from vae_studio.core.datasets.source import Source


@dataclass(frozen=True, eq=False)
class FetchRequest:
    """Bring a known set into ``folder``. files: a folder or an archive that has it; None to
    download it."""

    name: str
    title: str
    folder: Path
    files: Path | None = None


@dataclass(frozen=True, eq=False)
class FetchResult:
    """That set."""

    request: FetchRequest
    info: DatasetInfo


@dataclass(frozen=True, eq=False)
class LookRequest:
    """What does this path hold that could be learned? scratch: a folder for what an archive
    unpacks to."""

    path: Path
    scratch: Path


@dataclass(frozen=True, eq=False)
class LookResult:
    """source: open; whoever gets it closes it. settings: what suits it. preview: with these."""

    request: LookRequest
    source: Source
    settings: ImportSettings
    preview: Preview


@dataclass(frozen=True, eq=False)
class PreviewRequest:
    """What would these settings make of some of the pictures? seed: of which ones."""

    source: Source
    settings: ImportSettings
    seed: int = 0


@dataclass(frozen=True, eq=False)
class PreviewResult:
    """That."""

    request: PreviewRequest
    preview: Preview


@dataclass(frozen=True, eq=False)
class ImportRequest:
    """Make a set of a source, called ``name`` in ``folder``. replace: one of that name."""

    source: Source
    settings: ImportSettings
    folder: Path
    name: str
    title: str
    licence: str = ""
    replace: bool = False


@dataclass(frozen=True, eq=False)
class ImportResult:
    """That set, and what was left out."""

    request: ImportRequest
    imported: Imported


@dataclass(frozen=True, eq=False)
class SampleRequest:
    """Some of the training images of a set. count: the first so many."""

    info: DatasetInfo
    count: int = 16


@dataclass(frozen=True, eq=False)
class SampleResult:
    """images: float32 [n, C, H, W] in [0, 1]."""

    request: SampleRequest
    images: NDArray[np.float32]


DataJob = FetchRequest | LookRequest | PreviewRequest | ImportRequest | SampleRequest
DataJobResult = FetchResult | LookResult | PreviewResult | ImportResult | SampleResult
