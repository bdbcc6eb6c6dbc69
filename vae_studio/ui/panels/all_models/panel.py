"""One input, all models: what each makes of it, in figures that may be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QGuiApplication, QHideEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QStackedWidget, QVBoxLayout, QWidget

from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.all_models.chooser import ModelChooser
from vae_studio.ui.panels.all_models.columns import COLUMNS, as_table, translated
from vae_studio.ui.panels.all_models.table import ModelsTable
from vae_studio.ui.panels.all_models.view import ModelsView
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions
from vae_studio.ui.widgets.save_dialog import ask_for_file
from vae_studio.ui.widgets.texts import muted_text

_EMPTY, _TABLE = range(2)  # pages


class AllModelsPanel(Panel):
    """A table that follows the pen: sorted by a click on a head; a click on a row opens its
    model."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._measuring = store.measuring
        self.empty = QLabel(
            self.tr(
                "Draw, or take a test image: what every model makes of it appears here, side by "
                "side."
            )
        )
        self.empty.setProperty("role", "empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.table = ModelsTable(self)
        self.view = ModelsView(self.table)
        self.chooser = ModelChooser(self._measuring)
        self.caption = muted_text()
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._make_page())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(self._pages)
        self._make_actions()
        self.view.open_wanted.connect(self._open)
        self._measuring.changed.connect(self._show)
        self._show()

    def _make_page(self) -> QWidget:
        page = QWidget()
        below = QHBoxLayout()
        below.addWidget(self.caption, 1)
        below.addWidget(self.chooser, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view, 1)
        layout.addLayout(below)
        return page

    def _make_actions(self) -> None:
        """Of the table's context menu."""
        self.copy_action = QAction(self.tr("Copy table"), self.view)
        self.copy_action.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        self.copy_action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.copy_action.triggered.connect(self.copy)
        self.save_action = QAction(self.tr("Save as CSV…"), self.view)
        self.save_action.triggered.connect(self.ask_where)
        self.view.addActions([self.copy_action, self.save_action])
        self.pictures = add_picture_actions(self.view, self._sheet)
        self.pictures.copy_action.setShortcut(QKeySequence())
        self.pictures.copy_action.setText(self.tr("Copy the reconstructions"))
        self.pictures.save_action.setText(self.tr("Save the reconstructions as PNG…"))
        self.sort_menu = QMenu(self.tr("Sort by"), self.view)
        self.sort_menu.addAction(self.tr("The usual order"), lambda: self._sort_by(-1))
        for place, column in enumerate(COLUMNS):
            if column.title:
                self.sort_menu.addAction(
                    translated(column.title), lambda place=place: self._sort_by(place)
                )
        self.view.addAction(self.sort_menu.menuAction())

    # In and out of sight -------------------------------------------------------------------

    def refresh(self) -> None:
        self._measuring.look(self.on_screen)

    def come_forward(self, forward: bool) -> None:
        super().come_forward(forward)
        self._measuring.look(self.on_screen)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._measuring.look(False)

    # What is shown -------------------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        measuring, given = self._measuring, self.store.state.input
        self.table.set_entries(measuring.entries, None if given is None else given.label)
        for entry in measuring.entries:
            if entry.snapshot is not None and not self.view.hasFocus():
                self.view.make_current(entry.path)
        if measuring.problem is not None:
            self.caption.setText(error_sentence(measuring.problem))
        else:
            text = self.tr("In nats, but for the squared error. Bold: the least of all.")
            if measuring.left_out:
                left_out = self.tr("{n} left out: they take other images.")
                text += " " + left_out.format(n=measuring.left_out)
            self.caption.setText(text)
        self._pages.setCurrentIndex(_EMPTY if given is None else _TABLE)

    def _sort_by(self, place: int) -> None:
        self.view.sortByColumn(place, Qt.SortOrder.AscendingOrder)

    @Slot(object)
    def _open(self, path: Path) -> None:
        if str(path) != self.store.state.model:
            self.store.open_model(path)

    # Out of the window ---------------------------------------------------------------------

    @Slot()
    def copy(self) -> None:
        """Put the table on the clipboard, as a spreadsheet takes it."""
        QGuiApplication.clipboard().setText(as_table(self.table.entries, "\t"))

    @Slot()
    def ask_where(self) -> None:
        """Ask for a file, then save the table as it is now."""
        text = as_table(self.table.entries, ",")
        ask_for_file(
            self,
            self.tr("Save the table"),
            {"csv": self.tr("Tables (*.csv)")},
            "models.csv",
            lambda path: self.store.exporter.save_text(path, text),
        )

    def _sheet(self) -> Sheet | None:
        """The reconstructions in the table's order."""
        images = [
            entry.measure.x_hat
            for entry in self.table.entries
            if entry.measure is not None and entry.measure.x_hat is not None
        ]
        shapes = {image.shape for image in images}
        return Sheet(np.stack(images), len(images)) if len(shapes) == 1 else None
