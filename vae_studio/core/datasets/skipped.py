"""What an import leaves out, and why. No torch."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vae_studio.core.errors import StudioError, short

CSV: Final = "skipped.csv"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would work out


@dataclass(frozen=True)
class Skipped:
    """what: a path within the folder, with ``/``, or the number of an image in an array, from 0;
    in an array with halves of its own, ``train 17``. code, params: as of a ``StudioError``."""

    what: str
    code: str
    params: Mapping[str, object]


def skipped_by(what: str, error: StudioError) -> Skipped:
    """That error, said of ``what``: its ``path`` says no more than that."""
    params = {**error.params, "path": what} if "path" in error.params else error.params
    return Skipped(what, error.code, params)


def skipped_csv(all_of_it: Iterable[Skipped]) -> str:
    """A table for a person: what, code, details. Plain text in UTF-8 whatever files are called."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("what", "code", "details"))
    for each in all_of_it:
        details = (f"{key}: {short(str, value)}" for key, value in each.params.items())
        row = (each.what, each.code, "; ".join(d for d in details if not d.startswith("path:")))
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue()


def _plain(cell: str) -> str:
    cell = cell.encode("utf-8", "backslashreplace").decode()
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
