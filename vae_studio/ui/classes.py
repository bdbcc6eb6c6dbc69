"""What classes are called on the screen: digits, letters or words. Context ``Classes``.

Names come from data sets and may be a stranger's: they are shown as plain text only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QCoreApplication, Qt

MOST_BUTTONS: Final = 30  # classes that have a button each; more are listed, and can be searched
_LONGEST = 32  # characters of a name within a sentence


def class_name(names: Sequence[str], label: int) -> str:
    """The name of a class; its number where it has none."""
    return names[label] if 0 <= label < len(names) and names[label] else str(label)


def a_class(name: str) -> str:
    """In a sentence, behind *as* or *is*: ``a 7``, ``“red disc”``; long names are cut."""
    if is_digit(name):
        return QCoreApplication.translate("Classes", "a {digit}").format(digit=name)
    return QCoreApplication.translate("Classes", "“{name}”").replace("{name}", in_short(name))


def is_digit(name: str) -> bool:
    """Whether a class is one of the ten digits."""
    return len(name) == 1 and name in "0123456789"


def in_short(name: str, most: int = _LONGEST) -> str:
    """A name with "…" where it is longer than so many characters."""
    return name if len(name) <= most else f"{name[: most - 1].rstrip()}…"


def elision(count: int) -> Qt.TextElideMode:
    """Where names are cut that have no room: at their ends, or of many classes, which often differ
    in their last signs alone, in the middle."""
    mode = Qt.TextElideMode
    return mode.ElideMiddle if count > MOST_BUTTONS else mode.ElideRight


def are_short(names: Sequence[str]) -> bool:
    """Whether all have room where a digit has: ten or fewer, of two characters at most."""
    return len(names) <= 10 and all(len(name) <= 2 for name in names)
