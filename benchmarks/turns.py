"""Programs that take turns: each in a Python of its own, of which one computes while the others
wait. A machine that is slower for a while then slows all of them alike.

A program says ``serve``, with a function that does so much work and says how long that took.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

_REST = 0.02  # s between two turns, in which the threads of the one before fall asleep


def serve(work: Callable[[float], float]) -> None:
    """Say when ready; then for each amount that is asked for, do it and say what came of it."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(float(line)), flush=True)


class Turns:
    """Programs that wait for their turn, for ``with``."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        """commands: name -> what Python is given."""
        self._programs = {
            name: subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for name, arguments in commands.items()
        }

    def __enter__(self) -> Self:
        try:
            for name in self._programs:
                self._answer(name)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        for program in self._programs.values():
            program.communicate()

    def ask(self, name: str, amount: float) -> float:
        """What came of one turn of one program."""
        stdin = self._programs[name].stdin
        assert stdin is not None
        print(amount, file=stdin, flush=True)
        found = float(self._answer(name))
        time.sleep(_REST)
        return found

    def rounds(self, count: int, amounts: Mapping[str, float]) -> dict[str, list[float]]:
        """In each round, each of those programs has one turn, in an order that changes."""
        found: dict[str, list[float]] = {name: [] for name in amounts}
        shuffled, names = random.Random(0), list(amounts)
        for _ in range(count):
            shuffled.shuffle(names)
            for name in names:
                found[name].append(self.ask(name, amounts[name]))
        return found

    def _answer(self, name: str) -> str:
        stdout = self._programs[name].stdout
        assert stdout is not None
        line = stdout.readline()
        if not line:
            sys.exit(f"{name} has ended")
        return line.strip()


def ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median over the rounds of one figure to the other."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))
