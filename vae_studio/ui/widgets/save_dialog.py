"""``ask_for_file``: where is a file to go? The program goes on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget


def ask_for_file(
    parent: QWidget,
    title: str,
    kinds: Mapping[str, str],
    name: str,
    then: Callable[[Path], object],
) -> QFileDialog:
    """Open a dialog that gives a path to ``then``.

    kinds: suffix -> filter, such as ``{"png": "PNG pictures (*.png)"}``. A name that is typed
    without a suffix gets the one whose filter is chosen; at first that is the first.
    """
    dialog = QFileDialog(parent, title)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(kinds.values()))
    suffixes = {text: suffix for suffix, text in kinds.items()}
    first = next(iter(kinds))
    dialog.setDefaultSuffix(first)
    dialog.filterSelected.connect(lambda text: dialog.setDefaultSuffix(suffixes.get(text, first)))
    dialog.selectFile(name)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda chosen: then(Path(chosen)))
    dialog.open()
    return dialog
