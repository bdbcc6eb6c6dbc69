"""IDX files in a folder: which hold images, and which labels belong to them. No torch."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from vae_studio.core.datasets.folders import PICTURES
from vae_studio.core.datasets.unpack import idx_dimensions
from vae_studio.core.errors import DatasetError
from vae_studio.core.runs import is_file


def image_files(folder: Path) -> list[Path]:
    """Those of images, each once where it is there packed and unpacked. Raises ``OSError``."""
    found: dict[str, Path] = {}
    for path in sorted(_named(folder, "images")):
        if path.suffix.lower() not in PICTURES and idx_dimensions(path) in (3, 4):
            found.setdefault(_stem(path), path)
    return list(found.values())


def labels_of(images: Path) -> Path | None:
    """The file beside it with its labels, if there is one. Raises ``OSError``, and ``DatasetError``
    for one that holds something else."""
    beside = [p for p in sorted(_named(images.parent, "labels")) if _stem(p) == _stem(images)]
    for path in beside:
        if idx_dimensions(path) == 1:
            return path
    if beside:
        reason = f"{beside[0].name} is no IDX file of one byte for each image"
        raise DatasetError("import.labels", path=str(images), reason=reason)
    return None


def _named(folder: Path, word: str) -> Iterator[Path]:
    with os.scandir(folder) as entries:  # there may be two million pictures
        for entry in entries:
            if word in entry.name.lower() and is_file(Path(entry.path)):
                yield Path(entry.path)


def _stem(path: Path) -> str:
    """What is left of a name without what tells images from labels."""
    name = path.name.lower().removesuffix(".gz").removesuffix(".xz").removesuffix(".idx")
    for part in ("images", "labels", "idx1", "idx3", "idx4"):
        name = name.replace(part, "")
    return name
