"""Inputs as pictures of any size: strokes as the canvas paints them, on what they were drawn on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter

from vae_studio.session.drawing import DIGITS, ImageRef, Input, Sheet
from vae_studio.session.drawing_requests import GroundRequest, GroundResult
from vae_studio.ui import theme
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.ui.widgets.stroke_painting import draw_strokes

Levels = NDArray[np.float32]


class Grounds(QObject):
    """Pictures below strokes, [C, H, W] in [0, 1]. Those of a data set are asked for once.

    Signal: ``arrived(ref)``: an image of a data set is here.
    """

    arrived = Signal(object)

    def __init__(self, store: Store, parent: QObject) -> None:
        super().__init__(parent)
        self._store = store
        self._asked: dict[ImageRef, GroundRequest] = {}
        self._found: dict[ImageRef, Levels] = {}
        store.answered.connect(self._take)

    def of(self, given: Input) -> Levels | None:
        """The picture of an input; None where it has none, or it is not here yet."""
        if given.pixels is not None:
            return given.pixels.image()
        return None if given.image is None else self._found.get(given.image)

    def lacks(self, given: Input) -> bool:
        """Whether its picture is still to come."""
        return given.image is not None and given.image not in self._found

    def want(self, given: Input) -> None:
        """Ask for its picture, where that is of a data set."""
        ref = given.image
        if ref is not None and ref not in self._asked:
            self._asked[ref] = GroundRequest(ref)
            lane = f"ground {ref.dataset} {ref.part} {ref.index} {id(self)}"  # no other one's
            self._store.ask(lane, self._asked[ref])

    @Slot(str, object)
    def _take(self, lane: str, result: object) -> None:
        if not isinstance(result, GroundResult):
            return
        ref = result.request.image
        if self._asked.get(ref) is result.request:
            self._found[ref] = result.image
            self.arrived.emit(ref)


def painted(given: Input, side: int, ground: Levels | None, sheet: Sheet = DIGITS) -> QImage:
    """An input, ``side`` × ``side`` pixels large: what was drawn where it was drawn, as the canvas
    shows it on such a sheet. ground: the picture below, if it is at hand. Grey where all is."""
    picture = QImage(side, side, QImage.Format.Format_RGB32)
    picture.fill(QColor(*sheet.ground))
    if ground is not None:
        painter = QPainter(picture)
        shown = to_qimage(ground)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shown.width() > side)
        painter.drawImage(_whole(picture, ground), shown)
        painter.end()
    draw_strokes(picture, given.strokes, sheet)
    colourful = ground is not None and len(ground) == 3
    colourful |= any(len(set(sheet.colour(stroke))) > 1 for stroke in given.strokes)
    return picture if colourful else picture.convertToFormat(QImage.Format.Format_Grayscale8)


def _whole(picture: QImage, ground: Levels) -> QRectF:
    """Where a ground stands: all of the paper, but for a picture that is not as high as wide."""
    height, width = ground.shape[1:]
    side = picture.width() / max(height, width)
    target = QRectF(0.0, 0.0, width * side, height * side)
    target.moveCenter(QRectF(picture.rect()).center())
    return target


def picture_text(ref: ImageRef) -> str:
    """What stands in for an image that is not here yet."""
    return f"{ref.part} {ref.index}"


def write_on(picture: QImage, text: str) -> None:
    """Put a line of text into the middle of a picture."""
    painter = QPainter(picture)
    painter.setPen(QColor(theme.HINT))
    painter.drawText(picture.rect(), Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
