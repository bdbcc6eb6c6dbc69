"""Long jobs for a snapshot: requests, and results that carry their request. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vae_studio.core.surveyed import Survey

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


@dataclass(frozen=True, eq=False)
class SurveyRequest:
    """Where are the test images in latent space? count: the first so many; None for all."""

    snapshot: Snapshot
    count: int | None = None


@dataclass(frozen=True, eq=False)
class SurveyResult:
    """There."""

    request: SurveyRequest
    survey: Survey


Job = SurveyRequest
JobResult = SurveyResult
