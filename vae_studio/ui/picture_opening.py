"""``PictureOpening``: pictures that are dropped, pasted or opened become the input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtGui import QImage

from vae_studio.core.errors import ImageError, StudioError
from vae_studio.session.drawing import Input, Pixels
from vae_studio.session.drawing_jobs import PictureRequest, PictureResult
from vae_studio.session.requests import Image
from vae_studio.session.state import SessionState
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.page import FoundDigit
    from vae_studio.ui.store import Store

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm",
    ".pnm",
)  # fmt: skip
_MOST_PIXELS = 50_000_000  # of what is pasted
_Source = Path | Callable[[], NDArray[np.uint8]]


class PictureOpening(QObject):
    """name: of the picture that is looked at, or was; "" for none. looking: whether that goes on.
    found: the digits in it, where the model on show knows digits. images: of these, or of the
    picture as a whole; chosen: the one that is the input. inverted: whether the ink is taken to be
    the light part, or light became dark; None until that is known.

    Signal: ``changed()``.
    """

    changed = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.name = ""
        self.looking = False
        self.found: Sequence[FoundDigit] = ()
        self.images: Sequence[Image] = ()
        self.chosen = 0
        self.inverted: bool | None = None
        self._asked: PictureRequest | None = None
        self._source: _Source | None = None
        self._inputs: list[Input] = []
        self._then: Input | None = None  # the input when it was asked
        self._thread = JobThread("picture", self)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        store.state_changed.connect(self._forget_lost)

    def open_file(self, path: Path) -> None:
        """Look for digits in a picture file, or take it as a whole; what is wrong with it is
        told."""
        self._look(path, path.name)

    def take(self, picture: QImage, name: str) -> None:
        """The same with a picture that is at hand. name: where it is from."""
        if picture.isNull() or picture.width() * picture.height() > _MOST_PIXELS:
            self._store.failed.emit(ImageError("image.no_picture"))
            return
        self._look(partial(_levels, picture), name)

    def take_from(self, mime: QMimeData, name: str) -> bool:
        """Look at the picture that was pasted or dropped: a file of this machine before an image,
        as that is the original; False where there is none."""
        for url in mime.urls():
            path = Path(url.toLocalFile())
            if url.isLocalFile() and path.suffix.lower() in SUFFIXES:
                self.open_file(path)
                return True
        if mime.hasImage():
            image = mime.imageData()
            if isinstance(image, QImage):
                self.take(image, name)
                return True
        return False

    def choose(self, index: int) -> None:
        """Make that image the input."""
        if index < len(self._inputs):
            self.chosen = index
            self._store.set_input(self._inputs[index])
            self.changed.emit()

    def invert(self) -> None:
        """Look again, with paper and ink the other way round. Where that fails, what was found
        stays."""
        if self._source is not None and self.images and not self.looking:
            self.inverted = not self.inverted
            self._ask()

    def cancel(self) -> None:
        """Look no further; what is the input stays."""
        self._thread.cancel()
        self._asked, self.looking = None, False
        self.found, self.images, self._inputs, self.name, self._source = (), (), [], "", None
        self.changed.emit()

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._thread.stop()
        self._thread.wait()

    def _look(self, source: _Source, name: str) -> None:
        self._source, self.name, self.inverted = source, name, None
        self.found, self.images, self._inputs = (), (), []
        self._ask()

    def _ask(self) -> None:
        assert self._source is not None
        self.looking, self._then = True, self._store.state.input
        self._asked = PictureRequest(self._source, self.inverted, self._store.sheet)
        self._thread.ask(self._asked)
        self.changed.emit()

    @Slot(object)
    def _take(self, result: PictureResult) -> None:
        if result.request is self._asked:
            self._asked, self.looking = None, False
            self.found, self.images, self.inverted = result.digits, result.images, result.inverted
            if self._store.in_gesture or self._store.state.input != self._then:
                self.cancel()  # something else was drawn or opened meanwhile, and that counts
                return
            self._inputs = [Input(pixels=Pixels.of(image)) for image in result.images]
            self.choose(0)

    @Slot(object, object)
    def _take_failure(self, job: PictureRequest, error: StudioError) -> None:
        if job is not self._asked:
            return
        self._asked, self.looking = None, False
        if self.images and self._are_input():  # by the look before this one
            self.inverted = not self.inverted
            self.changed.emit()
        else:
            self.cancel()
        self._store.failed.emit(error)

    @Slot(object, object)
    def _forget_lost(self, new: SessionState, old: SessionState) -> None:
        """Something else is the input by now: these images are no longer on offer."""
        if self.images and not self.looking and not self._are_input():
            self.cancel()

    def _are_input(self) -> bool:
        """Whether one of the images is the input, or below what was drawn on it."""
        given = self._store.state.input
        return given is not None and any(given.pixels == each.pixels for each in self._inputs)


def _levels(picture: QImage) -> NDArray[np.uint8]:
    """Red, green, blue and alpha: uint8 [H, W, 4]. It takes up to a second: for another thread."""
    plain = picture.convertToFormat(QImage.Format.Format_RGBA8888)
    width, height = plain.width(), plain.height()
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(height, plain.bytesPerLine())
    return lines[:, : width * 4].reshape(height, width, 4).copy()  # the picture goes
