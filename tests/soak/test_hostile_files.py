"""The short form of ``hostile_files``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.hostile_files import COUNTS, run


@pytest.mark.timeout(300)  # on a busy machine
def test_a_strangers_files_are_refused_or_understood(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join((outcome.summary, *outcome.failures[:10]))
