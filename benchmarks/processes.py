"""Programs that are measured run in a Python of their own, so that none warms another up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping


def python(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What it printed. Where it fails, what it said is said again, and the benchmark ends."""
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment
    )
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout
