"""``python -m tests.soak``: every kind of fault, each in a process of its own, as a table."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

KINDS = (
    "state_machine",
    "explorers",
    "hostile_files",
    "fuzzing",
    "kills",
    "failing_writes",
    "exact_resume",
    "train_cycles",
    "closing",
)
ALONE = ("closing",)  # it measures times that another process would spoil


def main() -> int:
    """Run what is asked for. Returns 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the full counts: an hour or so")
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind (repeatable)")
    parser.add_argument("--count", type=int, help="another count")
    jobs = min(2, os.cpu_count() or 1)
    parser.add_argument("--jobs", type=int, default=jobs, help=f"side by side (default {jobs})")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default 0)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return _run_here(options.only[0], options.count, options.seed)
    level = "full" if options.full else "soak"
    kinds = [kind for kind in KINDS if kind in (options.only or KINDS)]
    started = time.monotonic()
    with ThreadPoolExecutor(options.jobs) as pool:
        shared = {
            kind: pool.submit(_start, kind, level, options.count, options.seed)
            for kind in kinds
            if kind not in ALONE
        }
        codes = {kind: future.result() for kind, future in shared.items()}
    for kind in kinds:
        if kind in ALONE:
            codes[kind] = _start(kind, level, options.count, options.seed)
    failed = [kind for kind, code in codes.items() if code]
    word = f"failed: {', '.join(failed)}" if failed else "all passed"
    print(f"{word} ({(time.monotonic() - started) / 60:.0f} min)")
    return 1 if failed else 0


def _start(kind: str, level: str, count: int | None, seed: int) -> int:
    """One kind in a process of its own; what it says is printed once it is done."""
    count = count or importlib.import_module(f"tests.soak.{kind}").COUNTS[level]
    command = [sys.executable, "-m", "tests.soak", "--here", "--only", kind]
    command += ["--count", str(count), "--seed", str(seed)]
    environment = {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen", **os.environ}
    done = subprocess.run(
        command,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(done.stdout, end="", flush=True)
    return done.returncode


def _run_here(kind: str, count: int, seed: int) -> int:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vae-studio-soak-") as folder:
        os.environ["VAE_STUDIO_HOME"] = str(Path(folder) / "home")
        outcome = importlib.import_module(f"tests.soak.{kind}").run(count, seed, Path(folder))
    word = "passed" if outcome.passed else "FAILED"
    seconds = time.monotonic() - started
    print(f"{kind:15} {word}  {outcome.summary}  ({seconds:.0f} s)", flush=True)
    for failure in outcome.failures[:20]:
        print(f"    {failure}", flush=True)
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
