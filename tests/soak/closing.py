"""The window closed at a random moment, while the app starts, trains, saves, tests, pauses or
explores: by its button, by Ctrl+C, by a SIGTERM."""

from __future__ import annotations

import math
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.soak.closing_child import Ended, Plan, Template, cold
from tests.soak.outcome import Counts, Outcome
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.errors import StudioError
from vae_studio.core.runs import read_run

COUNTS: Counts = {"test": 4, "soak": 40, "full": 200}

_LATEST = 6.0  # seconds after Train
_STOP_LIMIT = 0.5  # seconds from the request to the end of the training
_FEW = 40  # of fewer closings the slowest counts, and a busy machine may be to blame for one
_STOP_LIMIT_OF_FEW = 2.0
_IGNORED = "This plugin does not support "  # what Qt's offscreen platform says of every window


def run(count: int, seed: int, folder: Path) -> Outcome:
    """Close ``count`` processes, one in ten of them cold."""
    failures: list[str] = []
    stops: list[_Stop] = []
    exits: list[float] = []
    clean = 0
    latest = _LATEST if count >= _FEW else _LATEST / 3
    with Template() as template:
        for number in range(count):
            plan = _plan(number, seed, folder, latest)
            errors = folder / f"errors-{number}.txt"
            ended = cold(plan, errors) if plan.cold else template.fork(plan, errors)
            faults = _faults(plan, ended, errors)
            clean += not faults
            failures += [f"seed {seed}: {plan.text()}: {fault}" for fault in faults]
            if ended.requested:
                exits.append(ended.exited - ended.requested)
                stops += _stop(plan, ended)
            shutil.rmtree(plan.home, ignore_errors=True)
            errors.unlink()
    failures += _too_slow(stops, _STOP_LIMIT if count >= _FEW else _STOP_LIMIT_OF_FEW)
    early = [stop.seconds for stop in stops if stop.prepared]
    late = [stop.seconds for stop in stops if not stop.prepared]
    summary = (
        f"{clean} of {count} exit 0, no warning, the run is whole; request→stop of {len(early)} "
        f"that prepared: {_figures(early)}, of {len(late)} that trained: {_figures(late)}; "
        f"request→exit: {_figures(exits)}"
    )
    return Outcome(summary, tuple(failures))


@dataclass(frozen=True)
class _Stop:
    """seconds: from the request to the end of the training. prepared: it had no step yet.
    places: where its thread was then, in samples."""

    seconds: float
    prepared: bool
    places: dict[str, int]
    plan: Plan


def _stop(plan: Plan, ended: Ended) -> list[_Stop]:
    """How the training stopped; [] where none was there to be stopped."""
    stopped, step = _when(ended, "trained"), _when(ended, "step")
    if stopped <= ended.requested:
        return []
    places = next((event["places"] for event in ended.events if event["what"] == "places"), {})
    return [_Stop(stopped - ended.requested, not 0 < step < ended.requested, places, plan)]


def _too_slow(stops: Sequence[_Stop], limit: float) -> list[str]:
    """What is said when the trainings do not stop in time, the slowest named."""
    if not stops:
        return ["no process was closed while it trained"]
    p99 = percentile([stop.seconds for stop in stops], 99)
    if p99 < limit:
        return []
    slow = sorted((stop for stop in stops if stop.seconds >= limit), key=lambda stop: -stop.seconds)
    blame: Counter[str] = Counter()
    for stop in slow:
        blame.update(stop.places)
    return [
        f"p99 of request→stop is {1000 * p99:.0f} ms, limit {1000 * limit:.0f} ms; where the "
        f"{len(slow)} slow ones were, in samples: {dict(blame.most_common(8))}",
        *(f"{1000 * stop.seconds:.0f} ms: {stop.plan.text()}: {stop.places}" for stop in slow[:5]),
    ]


def _plan(number: int, seed: int, folder: Path, latest: float) -> Plan:
    chance = random.Random(1000 * seed + number)
    return Plan(
        number=number,
        home=str(folder / f"home-{number}"),
        cold=number % 10 == 0,
        press=chance.choice(("at once", "at once", "digit", "digit", "digit", "never")),
        busy=chance.choice(("nothing", "explore", "pause", "pause and resume")),
        delay=chance.uniform(0.0, latest),
        how=("close", "SIGTERM", "SIGINT")[number % 3],
        variant=chance.choice(("vae-2", "vae-32", "vae-batchnorm", "cvae")),
        batch=chance.choice((128, 512, 1024)),  # from rare to frequent testing and saving
        epochs=chance.choice((2, 50)),
    )


def _when(ended: Ended, what: str) -> float:
    """When the process told that; 0 if it never did."""
    return float(next((event["at"] for event in ended.events if event["what"] == what), 0.0))


def _faults(plan: Plan, ended: Ended, errors: Path) -> list[str]:
    """What is wrong with an end."""
    faults = []
    if ended.hung:
        faults.append("it hung")
    elif ended.code:
        faults.append(f"exit code {ended.code}")
    if not ended.requested:
        faults.append("it ended before anybody asked")
    if ended.left:
        faults.append("a process of its own outlived it")
    lines = errors.read_text(errors="replace").splitlines()
    if written := [line for line in lines if _IGNORED not in line]:
        faults.append(f"it wrote: {' | '.join(written[:8])}")
    if not (Path(plan.home) / "settings.json").is_file():
        faults.append("the settings were not saved")
    runs = Path(plan.home) / "runs"
    for path in sorted(runs.iterdir()) if runs.is_dir() else []:
        try:
            status = read_run(path).status
            load_snapshot(path)
        except StudioError as error:
            faults.append(f"the run does not open: {error.code} {error}")
            continue
        if status not in ("stopped", "finished"):
            faults.append(f"the run is left {status}")
    return faults


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest rank."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def _figures(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    figures = {f"p{p}": percentile(seconds, p) for p in (50, 99)} | {"max": max(seconds)}
    return " ".join(f"{name} {1000 * value:.0f}" for name, value in figures.items()) + " ms"
