"""Drawings that are kept: looked at, opened again, named, saved as files."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from vae_studio.session.drawing import Input
from vae_studio.session.kept import KeptDrawing
from vae_studio.session.state import SessionState
from vae_studio.ui.drawing_words import of_digits
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.drawings.pictures import Grounds, painted, picture_text, write_on
from vae_studio.ui.panels.drawings.shelf import Shelf
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button


class DrawingsPanel(Panel):
    """The shelf, and below it what is done with the input at hand.

    Signals: ``open_wanted()``: from a file; ``save_wanted()``: the input; ``save_kept(drawing,
    suffix)``: a kept one. ``ui.drawing_files`` does these.
    """

    open_wanted = Signal()
    save_wanted = Signal()
    save_kept = Signal(object, str)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._grounds = Grounds(store, self)
        self.shelf = Shelf(self._paint)
        self._grounds.arrived.connect(self.shelf.forget_picture)
        self.shelf.wanted.connect(store.keeper.open_drawing)
        self.shelf.renamed.connect(store.keeper.rename_drawing)
        self.shelf.removed.connect(store.keeper.remove_drawing)
        self.shelf.save_wanted.connect(self.save_kept)
        self._sheet = store.sheet
        self.empty = QLabel()
        self.empty.setProperty("role", "empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self.shelf)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addWidget(self._pages, 1)
        layout.addLayout(self._make_buttons())
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_snapshot)
        self._show_snapshot()
        self._show(store.state)

    def _make_buttons(self) -> QHBoxLayout:
        self.keep = push_button(
            "mdi6.tray-arrow-down",
            self.tr("Keep"),
            self.tr("Keep the input here, for this session and the next ones"),
            self.store.keeper.keep_drawing,
        )
        self.open = push_button(
            "mdi6.folder-open-outline",
            self.tr("Open…"),
            self.tr("Open a drawing, or a picture, from a file"),
            self.open_wanted.emit,
        )
        self.save = push_button(
            "mdi6.content-save-outline",
            self.tr("Save…"),
            self.tr("Save the input as a picture, as curves, or as a drawing to open again"),
            self.save_wanted.emit,
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.keep, self.open, self.save):
            button.setAccessibleName(button.text())
            row.addWidget(button)
        row.addStretch(1)
        return row

    def _paint(self, given: Input, side: int) -> QImage:
        """A thumbnail, on the paper of the model on show; an image of a data set is asked for when
        it comes into view."""
        picture = painted(given, side, self._grounds.of(given), self._sheet)
        if given.image is not None and self._grounds.lacks(given):
            self._grounds.want(given)
            write_on(picture, picture_text(given.image))
        return picture

    @Slot()
    def _show_snapshot(self, *_: object) -> None:
        if self.store.sheet != self._sheet:
            self._sheet = self.store.sheet
            self.shelf.forget_pictures()
        text = self.tr("Drawings that you keep stand here. Draw something, and press Keep.")
        if of_digits(self.store.snapshot):
            text = self.tr("Drawings that you keep stand here. Draw a digit, and press Keep.")
        self.empty.setText(text)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.input is not old.input or new.kept.drawings is not old.kept.drawings:
            self._show(new)

    def _show(self, state: SessionState) -> None:
        drawings: tuple[KeptDrawing, ...] = state.kept.drawings
        self.keep.setEnabled(state.input is not None)
        self.save.setEnabled(state.input is not None)
        self.shelf.show_drawings(drawings, state.input)
        self._pages.setCurrentIndex(1 if drawings else 0)
