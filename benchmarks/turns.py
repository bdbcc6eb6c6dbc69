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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

_REST = 0.02  # s between two turns, in which the threads of the one before fall asleep


def serve(work: Callable[[float], float]) -> None:
    """Say when ready; then for each amount that is asked for, do it and say what came of it."""
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(float(line)), flush=True)


@contextmanager
def taking_turns(commands: Mapping[str, Sequence[str]]) -> Iterator[Turns]:
    """Programs that wait for their turn; they end with the block. commands: name -> what Python is
    given."""
    with ExitStack() as stack:
        yield Turns(
            {
                name: stack.enter_context(
                    subprocess.Popen(
                        [sys.executable, *arguments],
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        text=True,
                    )
                )
                for name, arguments in commands.items()
            }
        )


class Turns:
    """Asks programs, one at a time, once all are ready."""

    def __init__(self, programs: Mapping[str, subprocess.Popen[str]]) -> None:
        self._programs = programs
        for name in programs:
            self._answer(name)

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
