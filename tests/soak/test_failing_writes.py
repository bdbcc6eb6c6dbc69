"""A few of ``tests.soak.failing_writes``."""

from __future__ import annotations

from pathlib import Path

from tests.soak import failing_writes


def test_whatever_call_to_the_disk_fails_the_run_stays_whole(tmp_path: Path) -> None:
    outcome = failing_writes.run(failing_writes.COUNTS["test"], seed=1, folder=tmp_path)
    assert outcome.passed, outcome
