"""A few of the cycles of ``python -m tests.soak --only train_cycles``."""

from __future__ import annotations

from pathlib import Path

from tests.soak.train_cycles import COUNTS, run


def test_nothing_piles_up_over_trainings(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join([outcome.summary, *outcome.failures])
