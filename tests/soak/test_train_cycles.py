"""A few of the cycles of ``python -m tests.soak --only train_cycles``, and how a rise is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak.train_cycles import COUNTS, floor_slope, run


def test_nothing_piles_up_over_trainings(tmp_path: Path) -> None:
    outcome = run(COUNTS["test"], 0, tmp_path)
    assert outcome.passed, "\n".join([outcome.summary, *outcome.failures])


@pytest.mark.parametrize("leak", [0, 100])
def test_a_leak_is_told_from_pages_that_come_and_go(leak: int) -> None:
    hand = random.Random(0)
    lifted = [hand.choice((0, 5_000, 20_000)) for _ in range(140)]  # kB kept for a while
    values = [400_000 + leak * cycle + lift for cycle, lift in enumerate(lifted)]
    assert floor_slope(values) == pytest.approx(leak, abs=20)
