"""``python -m tests.soak``: every kind of fault, each in a process of its own, as a table."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KINDS = (
    "hostile_files",
    "fuzzing",
    "kills",
    "failing_writes",
    "exact_resume",
    "closing",
    "train_cycles",
    "state_machine",
)


def main() -> int:
    """Run what is asked for. Returns 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the full counts: an hour or so")
    parser.add_argument("--only", choices=KINDS, action="append", help="this kind (repeatable)")
    parser.add_argument("--count", type=int, help="another count")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default 0)")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return _run_here(options.only[0], options.count, options.seed)
    level = "full" if options.full else "soak"
    failed = []
    for kind in options.only or KINDS:
        count = options.count or importlib.import_module(f"tests.soak.{kind}").COUNTS[level]
        command = [sys.executable, "-m", "tests.soak", "--here", "--only", kind]
        command += ["--count", str(count), "--seed", str(options.seed)]
        environment = {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen", **os.environ}
        if subprocess.run(command, env=environment, check=False).returncode:
            failed.append(kind)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


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
