"""Snapshots of runs that are not on show, kept for those who look at them again and again."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Final

from vae_studio.core.checkpoint import load_snapshot, saved_at
from vae_studio.core.runs import find_run
from vae_studio.core.snapshot import Snapshot
from vae_studio.session.folders import runs_folder

KEPT: Final = 64
_snapshots: OrderedDict[Path, tuple[int, Snapshot]] = OrderedDict()
_lock = Lock()


def snapshot_of(model: Snapshot | Path) -> Snapshot:
    """A snapshot as it is; of a run's folder the one in it, read again once that was written to.
    Raises ``CheckpointError`` or ``SpecError``."""
    if isinstance(model, Snapshot):
        return model
    written = saved_at(model)
    with _lock:
        known = _snapshots.get(model)
        if known is not None and known[0] == written:
            _snapshots.move_to_end(model)
            return known[1]
    snapshot = load_snapshot(find_run(str(model), [runs_folder()]))
    with _lock:
        _snapshots[model] = (written, snapshot)
        while len(_snapshots) > KEPT:
            _snapshots.popitem(last=False)
    return snapshot
