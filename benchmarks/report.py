"""Runs the benchmarks, each in a process of its own, and writes ``RESULTS.md`` beside this file.

``make bench`` runs what takes some minutes together, ``make bench-full`` all. What was found is
kept in ``results.json``: a run of a part leaves the other figures as they were, each with its date
and its machine.

    python -m benchmarks.report [--full] [--only start latency …] [--render]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.lines import Line, Report, aligned, cell
from benchmarks.picture import draw
from benchmarks.processes import python

_HERE = Path(__file__).parent
_KEPT, _PAGE, _PICTURE = _HERE / "results.json", _HERE / "RESULTS.md", _HERE / "results.svg"

# Program -> what it is given in a quick run and in a full one; None: not at all.
_PROGRAMS: dict[str, tuple[Sequence[str] | None, Sequence[str]]] = {
    "training_speed": (
        ("--rounds", "12", "--slices", "4", "--seeds", "1"),
        ("--rounds", "24", "--slices", "12", "--seeds", "3"),
    ),
    "time_to_quality": (None, ("--seeds", "3")),
    "start": (("--rounds", "5"), ("--rounds", "11")),
    "latency": (("--moves", "200"), ("--moves", "600")),
    "memory": (("--cycles", "0"), ("--cycles", "200")),
    "growth": (("--quick",), ()),
    "gpu": ((), ()),
}
_PACKAGES = ("torch", "PySide6-Essentials", "pyqtgraph", "numpy")


def machine() -> str:
    """What it was measured on, in a line."""
    name = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.partition(":")[2] for line in lines if "model name" in line), name)
    versions = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    return (
        f"{name.strip() or platform.machine()}, {os.cpu_count()} processors, {platform.system()}, "
        f"Python {platform.python_version()}, {versions}"
    )


def run(name: str, options: Sequence[str]) -> dict[str, Any]:
    """What is kept of one program."""
    began = time.monotonic()
    said = python("-m", f"benchmarks.{name}", "--json", *options)
    report = Report.of(said.splitlines()[-1])
    report.show(as_json=False)
    print(f"  ({time.monotonic() - began:.0f} s)\n", flush=True)
    command = " ".join((f"python -m benchmarks.{name}", *options))
    return {
        "report": asdict(report),
        "date": date.today().isoformat(),
        "machine": machine(),
        "command": command,
    }


def keep(kept: Mapping[str, Mapping[str, Any]]) -> None:
    """``results.json``: a line for each program."""
    lines = (f"{json.dumps(name)}: {json.dumps(kept[name], ensure_ascii=False)}" for name in kept)
    _KEPT.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def page(kept: Mapping[str, Mapping[str, Any]]) -> str:
    """``RESULTS.md``."""
    reports = {
        name: Report.of(json.dumps(kept[name]["report"])) for name in _PROGRAMS if name in kept
    }
    machines = sorted({each["machine"] for each in kept.values()})
    parts = [
        "# What was measured",
        "<!-- Written by `python -m benchmarks.report`. Change that, not this. -->",
        "Ratios, measured side by side or in turn, so that a noisy machine slows both. "
        "`make bench` runs for some minutes, `make bench-full` measures all; both write this page.",
        "Measured on: " + "; ".join(machines) + ".",
    ]
    if any(report.curves for report in reports.values()):
        parts.append(f"![Test loss over time, for the usual loop and for Train]({_PICTURE.name})")
    lines = [line for report in reports.values() for line in report.lines]
    rows = [("what", "measured", "target", ""), *map(_row, lines)]
    parts.append(_markdown(rows))
    for name, report in reports.items():
        parts.append(f"## {report.title}")
        parts.append(f"`{kept[name]['command']}`, {kept[name]['date']}")
        for table in report.tables:
            parts.append(f"**{table.title}**")
            parts.append(_markdown((table.header, *table.rows)))
        parts += report.notes
    return "\n\n".join(parts) + "\n"


def _row(line: Line) -> tuple[str, str, str, str]:
    word = {True: "holds", False: "**falls short**", None: "not measured here"}[line.holds]
    return line.what, "" if line.figure is None else line.measured, line.target, word


def _markdown(rows: Sequence[Sequence[str | float]]) -> str:
    texts = [[cell(value) for value in row] for row in rows]
    marks = [":--", *("--:" for _ in texts[0][1:])]
    lines = aligned([texts[0], marks, *texts[1:]], " | ")
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    """Run, keep, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="all, for the better part of an hour")
    parser.add_argument("--only", nargs="+", choices=list(_PROGRAMS), default=list(_PROGRAMS))
    parser.add_argument("--render", action="store_true", help="write the page anew, run nothing")
    options = parser.parse_args()
    kept: dict[str, Any] = {}
    if _KEPT.is_file():
        kept = json.loads(_KEPT.read_text(encoding="utf-8"))
    for name in () if options.render else options.only:
        quick, full = _PROGRAMS[name]
        wanted = full if options.full else quick
        if wanted is None:
            print(f"{name}: only with --full\n")
            continue
        kept[name] = run(name, wanted)
        keep(kept)
    curves = kept.get("time_to_quality", {}).get("report", {}).get("curves")
    if curves:
        _PICTURE.write_text(draw(curves), encoding="utf-8")
    _PAGE.write_text(page(kept), encoding="utf-8")
    lines = [Line(**line) for each in kept.values() for line in each["report"]["lines"]]
    short = [line.what for line in lines if line.holds is False]
    print(f"{len(lines)} lines, {len(short)} fall short" + "".join(f"\n  {what}" for what in short))


if __name__ == "__main__":
    main()
