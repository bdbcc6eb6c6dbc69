"""What is done to run folders as a whole: rename, remove, find what was cut. No torch.

Renaming holds the run's lock, removing asks for it: nothing changes under a training. (Windows
moves no folder in which a file is open, so removing lets go of the lock before it moves the run.)
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from vae_studio.core.durable import write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.lock import RunLock, is_locked
from vae_studio.core.runs import (
    CONFIG,
    RunInfo,
    clean_name,
    config_values,
    is_bundled,
    is_file,
    list_runs,
    read_json,
    read_run,
)

_TRASH = ".removed"
_MAX_ENTRIES = 100_000  # of a run folder: pictures of 10,000 epochs and a few files


def rename_run(path: Path, name: str) -> RunInfo:
    """Give a run another name; its folder stays where it is. The name must hold a letter or so."""
    name = clean_name(name)
    if not name:
        raise CheckpointError("runs.name", name=name)
    _refuse_bundled(path)
    return _rewrite(path, lambda info: replace(info, name=name))


def mark_interrupted(path: Path) -> RunInfo:
    """Note that a run which says that it is running is not: its program ended without a word.

    Raises ``CheckpointError``, ``runs.locked`` where it still runs.
    """
    return _rewrite(
        path,
        lambda info: replace(info, status="interrupted") if info.status == "running" else info,
    )


def find_interrupted(folder: Path, read: Callable[[Path], RunInfo] = read_run) -> list[RunInfo]:
    """The runs in ``folder`` whose program ended without a word since the last time somebody asked,
    the newest first. Each is marked, so that it is found once."""
    found = []
    for info in list_runs([folder], read):
        if info.status == "running" and not is_locked(info.path):
            try:
                found.append(mark_interrupted(info.path))
            except CheckpointError:
                continue  # somebody just went on with it, or the folder cannot be written
    return found


def _rewrite(path: Path, change: Callable[[RunInfo], RunInfo]) -> RunInfo:
    """Change what ``config.json`` says, while nobody else writes to the run."""
    read_run(path)  # only ever touch a run folder
    with RunLock(path):
        info = change(read_run(path))
        try:
            write_json(path / CONFIG, config_values(info))
        except OSError as error:
            reason = error.strerror or str(error)
            raise CheckpointError("checkpoint.write", path=str(path), reason=reason) from error
    return info


def remove_run(path: Path) -> Path:
    """Move a run out of the list, into a hidden folder beside it; returns where it is now."""
    _refuse_bundled(path)
    read_json(path / CONFIG, path)  # only ever touch a run folder
    trash = path.parent / _TRASH
    target = trash / f"{time.time_ns()}-{path.name}"
    try:
        with RunLock(path):
            pass  # nobody writes to it; Windows moves no folder with an open file in it
    except CheckpointError as error:
        if error.code != "checkpoint.write":
            raise
        reason = error.params["reason"]
        raise CheckpointError("runs.remove", path=str(path), reason=reason) from error
    try:
        trash.mkdir(exist_ok=True)
        path.rename(target)
    except OSError as error:
        raise CheckpointError("runs.remove", path=str(path), reason=str(error)) from error
    return target


def restore_run(removed: Path) -> Path:
    """The inverse of ``remove_run``."""
    target = removed.parent.parent / removed.name.partition("-")[2]
    while target.exists():
        target = target.with_name(target.name + "-restored")
    try:
        removed.rename(target)
    except OSError as error:
        raise CheckpointError("runs.restore", path=str(removed), reason=str(error)) from error
    return target


def disk_use(path: Path) -> int:
    """Bytes of all files in a run folder; links are not followed, and what nobody may look at
    counts nothing."""
    total, left, folders = 0, _MAX_ENTRIES, [str(path)]
    while folders and left > 0:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    left -= 1
                    if left <= 0:
                        break
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    elif entry.is_file(follow_symlinks=False):
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue  # deleted meanwhile, or not ours
    return total


def empty_trash(folder: Path, older_than: float) -> None:
    """Delete for good what was removed from ``folder`` more than ``older_than`` seconds ago.

    What a training left that was killed in its very first save, before it was a run, goes into the
    trash.
    """
    _remove_unborn(folder)
    try:
        paths = list((folder / _TRASH).iterdir())
    except OSError:
        return
    for path in paths:
        stamp = path.name.partition("-")[0]
        if stamp.isdigit() and time.time_ns() - int(stamp) > older_than * 1e9:
            shutil.rmtree(path, ignore_errors=True)


def _remove_unborn(folder: Path) -> None:
    trash = folder / _TRASH
    try:
        paths = list(folder.iterdir())
    except OSError:
        return
    for path in paths:
        locked_once = is_file(path / ".lock") and not (path / CONFIG).exists()
        if locked_once and not path.name.startswith(".") and not is_locked(path):
            with contextlib.suppress(OSError):
                trash.mkdir(exist_ok=True)
                path.rename(trash / f"{time.time_ns()}-{path.name}")


def _refuse_bundled(path: Path) -> None:
    if is_bundled(path):
        raise CheckpointError("runs.bundled", path=path.name)
