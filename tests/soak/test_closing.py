"""A few of what ``python -m tests.soak --only closing`` does often."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.soak.closing import COUNTS, run


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_the_window_can_be_closed_at_any_moment(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join([outcome.summary, *outcome.failures])
