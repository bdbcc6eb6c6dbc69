"""What can be done to the selected runs: ``available`` says what, or why not. Context ``Runs``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QT_TRANSLATE_NOOP

from vae_studio.ui.panels.runs.columns import Row

Name = Literal[
    "open", "resume", "rename", "tags", "plots", "compare", "configuration", "folder", "delete"
]


@dataclass(frozen=True)
class ActionRow:
    """text, tip: before translation. key: while the table has the focus. in_bar: has a button."""

    name: Name
    icon: str
    text: str
    tip: str
    key: str = ""
    in_bar: bool = True


ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        "open",
        "mdi6.eye-outline",
        QT_TRANSLATE_NOOP("Runs", "Open"),
        QT_TRANSLATE_NOOP("Runs", "Show this model in all panels (Enter, or a double click)"),
    ),
    ActionRow(
        "resume",
        "mdi6.play-circle-outline",
        QT_TRANSLATE_NOOP("Runs", "Resume training"),
        QT_TRANSLATE_NOOP("Runs", "Go on training this run where it was saved"),
    ),
    ActionRow(
        "rename",
        "mdi6.pencil-outline",
        QT_TRANSLATE_NOOP("Runs", "Rename"),
        QT_TRANSLATE_NOOP("Runs", "Give this run another name (F2)"),
        "F2",
    ),
    ActionRow(
        "tags",
        "mdi6.tag-outline",
        QT_TRANSLATE_NOOP("Runs", "Edit tags"),
        QT_TRANSLATE_NOOP("Runs", "Tag this run, with commas between tags (Shift+F2)"),
        "Shift+F2",
    ),
    ActionRow(
        "configuration",
        "mdi6.content-copy",
        QT_TRANSLATE_NOOP("Runs", "Use this configuration"),
        QT_TRANSLATE_NOOP("Runs", "Put this run’s model and training settings into the form"),
    ),
    ActionRow(
        "folder",
        "mdi6.folder-search-outline",
        QT_TRANSLATE_NOOP("Runs", "Show in folder"),
        QT_TRANSLATE_NOOP("Runs", "Show this run in the file manager"),
    ),
    ActionRow(
        "delete",
        "mdi6.trash-can-outline",
        QT_TRANSLATE_NOOP("Runs", "Delete"),
        QT_TRANSLATE_NOOP("Runs", "Delete the selected runs; it can be undone (Delete)"),
        "Del",
    ),
    ActionRow(
        "plots",
        "mdi6.chart-multiple",
        QT_TRANSLATE_NOOP("Runs", "Draw in the plots"),
        QT_TRANSLATE_NOOP(
            "Runs", "Draw the selected runs thinly in the plots of Train; once more takes them out"
        ),
    ),
    ActionRow(
        "compare",
        "mdi6.compare",
        QT_TRANSLATE_NOOP("Runs", "Compare…"),
        QT_TRANSLATE_NOOP("Runs", "Put the selected runs side by side"),
    ),
)

_NONE = QT_TRANSLATE_NOOP("Runs", "Select a run first.")
_ONE = QT_TRANSLATE_NOOP("Runs", "Select one run only.")
_TWO = QT_TRANSLATE_NOOP("Runs", "Select two runs or more, with Ctrl or Shift held.")
_SHIPS = QT_TRANSLATE_NOOP("Runs", "A model that ships with the app stays as it is.")
_BUSY = QT_TRANSLATE_NOOP("Runs", "A training is going on; it comes first.")
_DONE = QT_TRANSLATE_NOOP("Runs", "There is nothing left to train, or it was not kept.")
_ELSEWHERE = QT_TRANSLATE_NOOP("Runs", "A run outside the app’s own folder is not deleted here.")
_TRAINS = QT_TRANSLATE_NOOP("Runs", "It is training. Stop that first.")


def available(rows: Sequence[Row], idle: bool, own_folder: Path) -> dict[Name, str]:
    """For each action "", or why it cannot be done, before translation. idle: nothing trains."""
    one = _NONE if not rows else _ONE if len(rows) > 1 else ""
    ships = _SHIPS if any(row.info.bundled for row in rows) else ""
    trains = _TRAINS if any(row.in_training for row in rows) else ""
    elsewhere = _ELSEWHERE if any(row.info.path.parent != own_folder for row in rows) else ""
    done = "" if rows and rows[0].info.can_resume else _DONE
    return {
        "open": one,
        "resume": one or ships or (_BUSY if not idle else "") or done,
        "rename": one or ships or trains,
        "tags": one or ships,
        "plots": _NONE if not rows else "",
        "compare": "" if len(rows) > 1 else _TWO,
        "configuration": one,
        "folder": one,
        "delete": (_NONE if not rows else "") or ships or elsewhere or trains,
    }
