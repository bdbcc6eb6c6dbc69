"""What a soak test found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict


class Counts(TypedDict):
    """How often: in ``make test``, ``make soak`` (20 minutes in all) and ``make soak-full``."""

    test: int
    soak: int
    full: int


@dataclass(frozen=True)
class Outcome:
    """summary: the line of the table, figures included. failures: what was found, worst first; none
    is a pass. Each names what repeats it (the seed, the file's recipe)."""

    summary: str
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.failures
