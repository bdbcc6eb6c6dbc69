"""What the user says of a run: tags and notes, in a file of their own. No torch.

``notes.json`` stands beside ``config.json`` and is not part of it: a training writes
``config.json`` again and again, from what it remembers, and would write over what was said
meanwhile. So nobody needs the run's lock to write a note, and a running training never touches it.
The file may be a stranger's: it is bounded, and refused where it is not as it is written here.
"""

from __future__ import annotations

import contextlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vae_studio.core.durable import write_json
from vae_studio.core.errors import CheckpointError
from vae_studio.core.reading import parse_json, read_bounded
from vae_studio.core.runs import CONFIG, clean_name, is_bundled, is_file

FORMAT = 1
NOTES = "notes.json"
MAX_TAGS = 20
MAX_TAG = 40  # characters
MAX_NOTES = 10_000  # characters
_MAX_BYTES = 2**18  # a note of nothing but escaped signs takes half of that
_DAMAGED = "notes.damaged.json"
_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


@dataclass(frozen=True)
class Annotations:
    """tags: in the user's order, none twice. notes: some lines of plain text."""

    tags: tuple[str, ...] = ()
    notes: str = ""


def read_annotations(run: Path) -> Annotations:
    """What ``notes.json`` of a run says; nothing where there is none.

    Raises ``CheckpointError``, ``notes.damaged``, for all that ``write_annotations`` would not have
    written, but for signs that are not seen: these are taken out.
    """
    try:
        values = parse_json(read_bounded(run / NOTES, _MAX_BYTES))
        return _checked(values)
    except (FileNotFoundError, NotADirectoryError):
        return Annotations()
    except (OSError, ValueError, TypeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise CheckpointError("notes.damaged", path=str(run), reason=reason[:200]) from error


def write_annotations(run: Path, annotations: Annotations) -> Annotations:
    """Put tags and notes beside a run, durably; returns them as they are from now on.

    A file there that cannot be read is kept as ``notes.damaged.json``. Raises ``CheckpointError``:
    ``runs.bundled`` for a model that ships, ``checkpoint.not_a_run`` where there is no run, and
    ``checkpoint.write``.
    """
    if is_bundled(run):
        raise CheckpointError("runs.bundled", path=run.name)
    if not is_file(run / CONFIG):
        raise CheckpointError("checkpoint.not_a_run", path=str(run))
    kept = Annotations(clean_tags(annotations.tags), clean_notes(annotations.notes))
    values = {"format": FORMAT, "tags": list(kept.tags), "notes": kept.notes}
    try:
        if _is_damaged(run):
            (run / NOTES).replace(run / _DAMAGED)
        write_json(run / NOTES, values)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CheckpointError("checkpoint.write", path=str(run), reason=reason) from error
    return kept


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags in one line each, without commas, none empty and none twice, at most ``MAX_TAGS``."""
    found: dict[str, str] = {}
    for tag in tags:
        clean = clean_name(tag.replace(",", " "))[:MAX_TAG].strip()
        if clean:
            found.setdefault(clean.casefold(), clean)
    return tuple(found.values())[:MAX_TAGS]


def parse_tags(text: str) -> tuple[str, ...]:
    """``"good, β too low"`` -> ``("good", "β too low")``."""
    return clean_tags(text.split(","))


def clean_notes(text: str) -> str:
    """Lines of text with nothing that is not seen, as ``clean_name`` has it for names."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    text = text.replace("\u2029", "\n")[:MAX_NOTES]
    return "".join(
        sign if sign in "\n\t" or unicodedata.category(sign) not in _UNSEEN else " "
        for sign in text
    )


def _checked(values: Any) -> Annotations:
    if not isinstance(values, dict) or set(values) != {"format", "tags", "notes"}:
        raise ValueError("not an object of format, tags and notes")
    if type(values["format"]) is not int or values["format"] != FORMAT:
        raise ValueError(f"format {str(values['format'])[:40]}, where {FORMAT} is known")
    tags, notes = values["tags"], values["notes"]
    if not isinstance(tags, list) or len(tags) > MAX_TAGS:
        raise ValueError(f"tags are no list of at most {MAX_TAGS}")
    if any(not isinstance(tag, str) or len(tag) > MAX_TAG for tag in tags):
        raise ValueError(f"a tag is no text of at most {MAX_TAG} characters")
    if not isinstance(notes, str) or len(notes) > MAX_NOTES:
        raise ValueError(f"notes are no text of at most {MAX_NOTES:,} characters")
    return Annotations(clean_tags(tags), clean_notes(notes))


def _is_damaged(run: Path) -> bool:
    with contextlib.suppress(CheckpointError):
        read_annotations(run)
        return False
    return True
