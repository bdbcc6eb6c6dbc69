"""The folder where every fetched or imported data set has its own: what of it is in ``DATASETS``,
and what is taken out and put back.

No torch.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from vae_studio.core.datasets.set_writer import REPLACED, UNFINISHED
from vae_studio.core.datasets.stored import LABEL, StoredLoader, read_stored
from vae_studio.core.datasets.table import DATASETS, MNIST, DatasetInfo
from vae_studio.core.errors import DatasetError, StudioError

_DAY: Final = 86_400.0  # seconds; a half set that nobody wrote to for so long is nobody's
_MINUTE: Final = 60.0  # seconds; a set that has made room for so long has no successor
_REMOVED: Final = ".removed"


def register_stored(folder: Path) -> list[StudioError]:
    """Put every set in ``folder`` into ``DATASETS``, and take out those that are no longer there.

    Returns what is wrong with folders that are none. A set that was to be replaced when the program
    crashed is put back.
    """
    faults: list[StudioError] = []
    found: dict[str, DatasetInfo] = {}
    path: Path | None
    for path in _folders(folder):
        if path.name.startswith("."):
            path = _put_back_unreplaced(path)
        if path is None:
            continue
        try:
            found[path.name] = read_stored(path)
        except DatasetError as error:
            faults.append(error)
    # As a list: another thread may import one at this moment. It may even be there by now.
    for name, info in list(DATASETS.items()):
        if isinstance(info.load, StoredLoader) and name not in found:
            try:
                found[name] = read_stored(folder / name)
            except DatasetError:
                DATASETS.pop(name, None)
    DATASETS.update({name: info for name, info in found.items() if name != MNIST.name})
    return faults


def stored_folder(info: DatasetInfo) -> Path | None:
    """Where the files of a stored set are; None for one that ships, or is not here."""
    return info.load.folder if isinstance(info.load, StoredLoader) else None


def stored_bytes(info: DatasetInfo) -> int:
    """What a set takes on disk, in bytes; 0 for one that is not stored."""
    pixels = int(np.prod(info.image_shape))
    images = info.train + info.test
    return images * (pixels + LABEL.itemsize) if isinstance(info.load, StoredLoader) else 0


def remove_stored(info: DatasetInfo) -> None:
    """Delete a stored set, and forget it. Raises ``DatasetError``; nothing is half deleted."""
    away = set_aside(info)
    with _removing(info, away):
        shutil.rmtree(away)


def set_aside(info: DatasetInfo) -> Path:
    """Forget a stored set, and hide its folder, for a day: ``put_back`` undoes it. Returns where
    it is. Raises ``DatasetError``."""
    folder = stored_folder(info)
    if folder is None:
        raise DatasetError("data.not_stored", name=info.title)
    away = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}{_REMOVED}")
    with _removing(info, folder):
        os.utime(folder)  # the day begins now
        folder.rename(away)
    DATASETS.pop(info.name, None)
    return away


def put_back(info: DatasetInfo, away: Path) -> DatasetInfo:
    """Undo ``set_aside``. Raises ``DatasetError``: ``data.exists`` where another set has taken the
    name."""
    folder = away.with_name(info.name)
    if folder.exists():
        raise DatasetError("data.exists", name=info.name, path=str(folder))
    with _removing(info, folder):
        away.rename(folder)
    DATASETS[info.name] = read_stored(folder)
    return DATASETS[info.name]


@contextlib.contextmanager
def _removing(info: DatasetInfo, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(
            "data.not_removed", name=info.title, path=str(path), reason=reason
        ) from error


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _is_folder(path))
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a link to where the system does not let us look: no matter to the others
        return False


def _put_back_unreplaced(path: Path) -> Path | None:
    """Returns where a set is again whose successor never came; None for other hidden folders."""
    with contextlib.suppress(OSError):
        place = _place_of(path)
        if path.suffix == REPLACED and _age(path) > _MINUTE and not place.exists():
            path.rename(place)
            return place
    return None


def clear_left_overs(folder: Path) -> None:
    """Delete what is nobody's any more: half and removed sets of a day ago, and those that were
    replaced, once their successor is there."""
    for path in _folders(folder):
        with contextlib.suppress(OSError):
            if path.name.startswith(".") and _is_left_over(path):
                shutil.rmtree(path)


def _is_left_over(path: Path) -> bool:
    if path.suffix == REPLACED:
        return _age(path) > _MINUTE and _place_of(path).exists()
    if path.suffix == UNFINISHED:
        return time.time() - _last_change(path) > _DAY
    return path.suffix == _REMOVED and _age(path) > _DAY


def _place_of(hidden: Path) -> Path:
    """Where a hidden folder came from, or goes to: of ``.name.0a1b2c3d.part`` that is ``name``."""
    return hidden.with_name(hidden.name[1:].split(".")[0])


def _age(path: Path) -> float:
    return time.time() - path.stat().st_mtime


def _last_change(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
