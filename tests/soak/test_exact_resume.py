"""A few of ``tests.soak.exact_resume``."""

from __future__ import annotations

from pathlib import Path

from tests.soak import exact_resume


def test_a_cut_changes_no_bit(tmp_path: Path) -> None:
    outcome = exact_resume.run(exact_resume.COUNTS["test"], seed=1, folder=tmp_path)
    assert outcome.passed, outcome
