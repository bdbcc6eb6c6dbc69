"""``DrawingFiles``: drawings as files, or on the clipboard as text; and back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QMimeData, QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from vae_studio.core.errors import DrawingError, StudioError
from vae_studio.session.drawing import Input, Sheet
from vae_studio.session.drawing_jobs import DrawingFileRequest, DrawingFileResult
from vae_studio.session.drawing_svg import drawing_svg
from vae_studio.session.drawing_text import KIND, MAX_BYTES, file_name, write_drawing
from vae_studio.session.kept import KeptDrawing
from vae_studio.ui.panels.drawings.pictures import Levels, painted
from vae_studio.ui.picture_opening import SUFFIXES
from vae_studio.ui.widgets.qimages import to_array
from vae_studio.ui.widgets.save_dialog import ask_for_file
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.ui.main_window import MainWindow

PNG_SIDE: Final = 560  # px


class DrawingFiles(QObject):
    """What menus, panels and a drop do with drawings. Files are read and written in other threads;
    what is wrong with one is told."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store = window, window.store
        self._asked: DrawingFileRequest | None = None
        self._then: Input | None = None  # the input when it was asked
        self._or_place = False  # whether the file that is read may be a place
        self._thread = JobThread("drawing file", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._store.pictures.changed.connect(self._give_way)

    def shutdown(self) -> None:
        """Give up what is read, and end."""
        self._thread.stop()
        self._thread.wait()

    # Opening -------------------------------------------------------------------------------

    @Slot()
    def open(self) -> None:
        """Ask for a file, then make its drawing, or what is in its picture, the input."""
        dialog = QFileDialog(self._window, self.tr("Open drawing"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        both = " ".join(f"*{suffix}" for suffix in (".json", *SUFFIXES))
        pictures = " ".join(f"*{suffix}" for suffix in SUFFIXES)
        dialog.setNameFilters(
            [
                self.tr("Drawings and pictures ({patterns})").replace("{patterns}", both),
                self.tr("Drawings (*.json)"),
                self.tr("Pictures ({patterns})").replace("{patterns}", pictures),
                self.tr("All files (*)"),
            ]
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda chosen: self.open_path(Path(chosen)))
        dialog.open()

    def open_path(self, path: Path, *, or_place: bool = False) -> None:
        """Make what is in a file the input. By its name it is a picture; else it is read as a
        drawing. or_place: one that is none is opened as a place, as both are called .json."""
        if path.suffix.lower() in SUFFIXES:
            self._store.pictures.open_file(path)
        else:
            self._read(path, or_place)

    def _read(self, source: Path | str, or_place: bool = False) -> None:
        self._store.pictures.cancel()
        self._or_place, self._then = or_place, self._store.state.input
        self._asked = DrawingFileRequest(source)
        self._thread.ask(self._asked)

    @Slot()
    def _give_way(self) -> None:
        """A picture is looked at, which was asked for later."""
        if self._store.pictures.looking:
            self._thread.cancel()
            self._asked = None

    @Slot(object)
    def _take(self, result: DrawingFileResult) -> None:
        if result.request is self._asked:
            self._asked = None
            if not self._is_overtaken():
                self._store.set_input(result.input)

    @Slot(object, object)
    def _take_failure(self, job: DrawingFileRequest, error: StudioError) -> None:
        if job is not self._asked:
            return
        self._asked = None
        may_be = self._or_place and error.code in ("drawing.not_a_drawing", "drawing.unreadable")
        if not may_be:
            self._store.failed.emit(error)
        elif not self._is_overtaken():
            self._store.open_place(job.source)

    def _is_overtaken(self) -> bool:
        """Whether something else was drawn or opened since it was asked; that counts."""
        return self._store.in_gesture or self._store.state.input != self._then

    @Slot()
    def paste(self) -> None:
        """Make what is on the clipboard the input: a picture, a file of this machine, or the text
        of a drawing."""
        mime = QGuiApplication.clipboard().mimeData()
        mime = mime or QMimeData()  # of a clipboard that holds nothing
        if self._store.pictures.take_from(mime, self.tr("the clipboard")):
            return
        path, text = _file_in(mime), mime.text()
        if path is not None:
            self.open_path(path)
        elif len(text) <= MAX_BYTES and KIND in text:
            self._read(text)
        else:
            self._window.toast.show_message(
                self.tr(
                    "There is nothing on the clipboard to paste here. Copy a picture, a picture "
                    "file, or a drawing of VAE Studio as text."
                )
            )

    # Saving --------------------------------------------------------------------------------

    @Slot()
    def copy(self) -> None:
        """Put the input on the clipboard as text, to open it again."""
        given = self._store.state.input
        if given is None:
            self._window.toast.show_message(self.tr("There is no drawing to copy. Draw one first."))
            return
        try:
            text = write_drawing(self._name(given), given)
        except DrawingError as error:
            self._store.failed.emit(error)
        else:
            QGuiApplication.clipboard().setText(text)
            self._window.toast.show_message(self.tr("The drawing is on the clipboard as text."))

    @Slot()
    def save(self) -> None:
        """Ask for a file, then save the input as it was when the dialog opened."""
        given = self._store.state.input
        if given is None:
            self._window.toast.show_message(self.tr("There is no drawing to save. Draw one first."))
        else:
            self._ask(self._name(given), given, ("png", "svg", "json"))

    @Slot(object, str)
    def save_kept(self, drawing: KeptDrawing, suffix: str) -> None:
        """Ask for a file, then save a drawing that is kept. suffix: ``png``, ``svg``, ``json``."""
        self._ask(drawing.name, drawing.input, (suffix,))

    def _ask(self, name: str, given: Input, suffixes: tuple[str, ...]) -> None:
        kinds = {
            "png": self.tr("PNG pictures (*.png)"),
            "svg": self.tr("SVG curves (*.svg)"),
            "json": self.tr("Drawings, to open again (*.json)"),
        }
        ask_for_file(
            self._window,
            self.tr("Save drawing"),
            {suffix: kinds[suffix] for suffix in suffixes},
            file_name(name, suffixes[0]),
            partial(self._write, name, given),
        )

    def _write(self, name: str, given: Input, path: Path) -> None:
        """What the suffix says; for any other, what can be opened again."""
        sheet = self._store.sheet
        kind = {".png": partial(_png, given, sheet), ".svg": partial(_svg, given, sheet)}
        make = kind.get(path.suffix.lower(), partial(_json, name, given))
        self._store.exporter.save_made(path, make)

    def _name(self, given: Input) -> str:
        """Of the input: that which it is kept under."""
        names = (each.name for each in self._store.keeper.drawings if each.input == given)
        return next(names, self.tr("Drawing"))


# What a file holds: made in the thread that writes it -------------------------------------------


def _json(name: str, given: Input) -> bytes:
    return write_drawing(name, given).encode()


def _svg(given: Input, sheet: Sheet) -> bytes:
    return drawing_svg(given.strokes, _ground(given), sheet).encode()


def _png(given: Input, sheet: Sheet) -> bytes:
    """A picture that nothing was drawn on keeps its own pixels, each a square."""
    from vae_studio.core.pictures import grid, png  # which bring Pillow

    ground = _ground(given)
    if ground is not None and not given.strokes:
        return png(grid(ground[np.newaxis], 1), max(1, PNG_SIDE // max(ground.shape[1:])))
    return png(grid(to_array([painted(given, PNG_SIDE, ground, sheet)]), 1), 1)


def _ground(given: Input) -> Levels | None:
    """The picture below the strokes."""
    if given.image is None:
        return None if given.pixels is None else given.pixels.image()
    try:
        from vae_studio.workers.inputs import image_of
    except (ImportError, OSError) as error:  # of torch, not of the file
        raise StudioError("worker.no_torch", reason=str(error)) from error
    return image_of(given.image)


def _file_in(mime: QMimeData) -> Path | None:
    """A file of this machine."""
    for url in mime.urls():
        if url.isLocalFile() and url.toLocalFile():
            return Path(url.toLocalFile())
    return None
