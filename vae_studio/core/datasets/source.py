"""Pictures of a person's own, one by one, wherever they lie: ``Source``. No torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vae_studio.core.datasets.arrays import (
    Layout,
    Range,
    layout_of,
    numbered,
    to_bytes,
    value_range,
)
from vae_studio.core.datasets.folders import Pictures
from vae_studio.core.datasets.idx import ShouldStop
from vae_studio.core.datasets.rows import Rows
from vae_studio.core.datasets.skipped import Skipped
from vae_studio.core.datasets.unpack import Opened
from vae_studio.core.errors import DatasetError, ImageError
from vae_studio.core.picture_files import open_picture
from vae_studio.core.runs import clean_name

Kind = Literal["folder", "array", "idx"]
_MAX_TITLE = 100


@dataclass(frozen=True, eq=False)
class Source:
    """Pictures that can be read one by one, in any order, from any thread; nothing is changed.

    title: what it may be called. labels: int64 [N] into ``class_names``, all 0 where there are
    none. test: bool [N], where the source says which are for testing. skipped: what was left out
    without being read. limits: the values of an array that are taken as black and white. layout: of
    the images of an array. Files stay open until ``close``, or the end of ``with``.
    """

    path: Path
    kind: Kind
    title: str
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    test: NDArray[np.bool_] | None
    skipped: tuple[Skipped, ...]
    limits: Range | None
    layout: Layout | None
    what: Callable[[int], str]  # a name of an item, for ``Skipped``
    _picture: Callable[[int, int], Image.Image]
    _close: Callable[[], None]

    @property
    def count(self) -> int:
        """Of the items; some may turn out to be unreadable."""
        return len(self.labels)

    def item(self, index: int, least: int = 0) -> tuple[Image.Image, int]:
        """A picture of any size and mode, upright, and its label.

        least: as for ``open_picture``.

        Raises ``ImageError`` for one that cannot be read, and ``DatasetError`` where none can be
        read any more.
        """
        return self._picture(index, least), int(self.labels[index])

    def close(self) -> None:
        """Let go of all files."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def of_folder(path: Path, found: Pictures) -> Source:
    """The pictures that were found there."""
    return Source(
        path=path,
        kind="folder",
        title=_title(path),
        labels=found.labels,
        class_names=found.class_names,
        test=found.test,
        skipped=found.skipped,
        limits=None,
        layout=None,
        what=found.files.__getitem__,
        _picture=lambda index, least: open_picture(path / found.files[index], least),
        _close=lambda: None,
    )


def of_arrays(
    path: Path,
    kind: Kind,
    parts: Sequence[Rows],
    labels: Sequence[NDArray[np.int64] | None],
    names: Sequence[str],
    opened: Opened,
    should_stop: ShouldStop,
) -> Source:
    """parts: the images; or those to train on, then those to test on. labels: of each."""
    layouts = [layout_of(part.header.shape, path) for part in parts]
    limits = value_range(parts, path, should_stop)
    given = [each for each in labels if each is not None]
    if given and len(given) < len(labels):
        raise DatasetError("import.labels", path=str(path), reason="only one half has any")
    total = sum(len(part) for part in parts)
    values = np.zeros(total, np.int64)
    named: tuple[str, ...] = ()
    if given:
        values, named = numbered(np.concatenate(given), names, path)
    first = len(parts[0])

    def place(index: int) -> tuple[int, int]:
        return (0, index) if index < first else (1, index - first)

    def what(index: int) -> str:
        part, number = place(index)
        return str(number) if len(parts) == 1 else f"{('train', 'test')[part]} {number}"

    def picture(index: int, least: int) -> Image.Image:
        part, number = place(index)
        row = parts[part].read(number)
        try:
            return layouts[part].picture(to_bytes(row, limits))
        except ImageError as error:
            raise ImageError(error.code, **{**error.params, "path": what(index)}) from error

    return Source(
        path=path,
        kind=kind,
        title=_title(path.with_suffix("") if kind == "array" else path),
        labels=values if len(named) > 1 else np.zeros(total, np.int64),
        class_names=named if len(named) > 1 else (),
        test=np.arange(total) >= first if len(parts) > 1 else None,
        skipped=(),
        limits=limits,
        layout=layouts[0] if len({each.size for each in layouts}) == 1 else None,
        what=what,
        _picture=picture,
        _close=opened.close,
    )


def _title(path: Path) -> str:
    name = path.name or path.resolve().name
    return clean_name(name)[:_MAX_TITLE].strip()
