"""A few of the users of ``python -m tests.soak --only state_machine``."""

from __future__ import annotations

from pathlib import Path

from tests.soak.state_machine import COUNTS, run


def test_an_impatient_user_breaks_nothing(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join([outcome.summary, *outcome.failures])
