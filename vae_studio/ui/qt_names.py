"""superqt and QtAwesome ask qtpy for Qt's classes, so that they run on any of its bindings.

qtpy's modules look up every class that there is when they are loaded, which takes a tenth of a
second; PySide6's own modules look up a class when it is first asked for. Here these stand in for
those: there is only one binding to choose from.
"""

from __future__ import annotations

import sys

from PySide6 import QtCore, QtGui, QtWidgets


def stand_in_for_qtpy() -> None:
    """Before superqt or QtAwesome is imported. What somebody imported already stays."""
    for module in (QtCore, QtGui, QtWidgets):
        sys.modules.setdefault(module.__name__.replace("PySide6", "qtpy"), module)
