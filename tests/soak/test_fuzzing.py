"""The short form of ``fuzzing``."""

from __future__ import annotations

from pathlib import Path

from tests.soak.fuzzing import COUNTS, run


def test_mutated_inputs_are_refused_or_understood(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join((outcome.summary, *outcome.failures[:10]))
