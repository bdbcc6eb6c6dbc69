"""A few of ``tests.soak.kills``."""

from __future__ import annotations

from pathlib import Path

from tests.soak import kills


def test_killed_trainings_open_and_go_on(tmp_path: Path) -> None:
    outcome = kills.run(kills.COUNTS["test"], seed=1, folder=tmp_path)
    assert outcome.passed, outcome
