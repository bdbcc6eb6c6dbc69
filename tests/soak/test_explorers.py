"""A few of the explorers of ``python -m tests.soak --only explorers``."""

from __future__ import annotations

from pathlib import Path

from tests.soak.explorers import COUNTS, run


def test_a_hundred_actions_are_undone_exactly(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join([outcome.summary, *outcome.failures])
