"""What a benchmark prints: promises with their figures, and tables. As text, or with ``--json`` as
JSON, which ``benchmarks.report`` reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Line:
    """A promise. figure: None where it could not be measured here. limit: what it may be at most,
    or with ``at_least`` what it must be. aim: what we go for, where that is more."""

    what: str
    figure: float | None
    limit: float
    unit: str = ""
    at_least: bool = False
    aim: float | None = None

    @property
    def holds(self) -> bool | None:
        """None where there is no figure."""
        if self.figure is None:
            return None
        return self.figure >= self.limit if self.at_least else self.figure <= self.limit

    @property
    def target(self) -> str:
        """``≥ 3.0 ×, then 3.3``."""
        then = "" if self.aim is None else f", then {self.aim:g}"
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}".rstrip() + then

    @property
    def measured(self) -> str:
        """With its unit."""
        return "not measured" if self.figure is None else f"{self.figure:.3g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Table:
    """Figures that nobody promised."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True)
class Report:
    """All that one program found. notes: sentences. curves: name -> [x, y], for a picture."""

    title: str
    lines: tuple[Line, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def show(self, as_json: bool) -> None:
        """Print it."""
        if as_json:
            print(json.dumps(asdict(self), ensure_ascii=False))
            return
        print(self.title)
        for line in self.lines:
            word = {True: "holds", False: "FALLS SHORT", None: "-"}[line.holds]
            print(f"  {line.what:56} {line.measured:>12}  {line.target:<22} {word}")
        for table in self.tables:
            print(f"\n  {table.title}")
            for row in aligned((table.header, *table.rows)):
                print(f"    {row}")
        for note in self.notes:
            print(f"\n  {note}")

    @classmethod
    def of(cls, text: str) -> Self:
        """From what ``show`` printed as JSON."""
        found: dict[str, Any] = json.loads(text)
        return cls(
            found["title"],
            tuple(Line(**each) for each in found["lines"]),
            tuple(
                Table(each["title"], tuple(each["header"]), tuple(map(tuple, each["rows"])))
                for each in found["tables"]
            ),
            tuple(found["notes"]),
            found["curves"],
        )


def cell(value: str | float) -> str:
    """Of a table: three digits are enough, four of what is a loss."""
    if isinstance(value, str):
        return value
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.3g}"


def aligned(rows: Sequence[Sequence[str | float]], between: str = "  ") -> list[str]:
    """Each row as a line: the first column to the left, the others to the right."""
    texts = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return [
        between.join(
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in texts
    ]
