"""``CompareView``: an input and its reconstruction, compared in four ways."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.ui import theme
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.compare_canvas import CompareCanvas
from vae_studio.ui.widgets.compare_drawing import fitting
from vae_studio.ui.widgets.compare_pictures import MODES, Mode, Pictures
from vae_studio.ui.widgets.picture_actions import Sheet


class CompareView(QWidget):
    """Modes: ``side`` by side; ``difference``, x̂ − x in two colours; ``wipe``, one picture under a
    divider; ``loss``, what each pixel costs, over the reconstruction.

    The line at the foot reads the pixel under the mouse: row and column counted from 0, its values
    (of colours, all) and its loss. Signals: ``mode_changed(str)``.
    """

    mode_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._unit = ""
        self.canvas = CompareCanvas()
        self.caption = _Line()
        self.buttons = self._make_buttons()
        self.picture_actions = self.canvas.picture_actions
        self.setFocusProxy(self.canvas)
        row = QHBoxLayout()
        row.setSpacing(2)
        for button in self.buttons.values():
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.caption)
        self.setMinimumSize(180, 120)
        self.canvas.pointed.connect(self._tell)
        self._tell()

    def _make_buttons(self) -> dict[Mode, QToolButton]:
        rows: dict[Mode, tuple[str, str, str]] = {
            "side": (
                "mdi6.view-split-vertical",
                self.tr("Side by side"),
                self.tr("Input and reconstruction side by side"),
            ),
            "difference": (
                "mdi6.plus-minus-variant",
                self.tr("Difference"),
                self.tr("Reconstruction − input: where the model adds ink, and leaves ink out"),
            ),
            "wipe": (
                "mdi6.compare",
                self.tr("Wipe"),
                self.tr(
                    "Input left of a divider, reconstruction right of it. Drag the divider, or "
                    "move it with the arrow keys, Home and End"
                ),
            ),
            "loss": (
                "mdi6.fire",
                self.tr("Loss of each pixel"),
                self.tr("What each pixel adds to the reconstruction loss"),
            ),
        }
        group = QButtonGroup(self)
        buttons: dict[Mode, QToolButton] = {}
        for mode, (icon, name, tip) in rows.items():
            button = tool_button(icon, name, tip, partial(self.set_mode, mode), checkable=True)
            button.setProperty("role", "flat")
            theme.set_icon(button, icon)
            button.setChecked(mode == self.canvas.mode)
            group.addButton(button)
            buttons[mode] = button
        return buttons

    def set_images(
        self,
        x: NDArray[np.float32] | None,
        x_hat: NDArray[np.float32] | None,
        loss: NDArray[np.float32] | None = None,
        unit: str = "",
    ) -> None:
        """Show an input and its reconstruction, [C, H, W] in [0, 1], and what each pixel costs, [H,
        W] in ``unit``. None of them may be written to afterwards. Cheap: pictures are made when
        they are painted.

        Raises ``ValueError`` where the shapes differ.
        """
        shapes = {image.shape[1:] for image in (x, x_hat) if image is not None}
        shapes |= set() if loss is None else {loss.shape}
        if len(shapes) > 1 or (x is not None and x_hat is not None and len(x) != len(x_hat)):
            raise ValueError("input, reconstruction and loss are of different shapes")
        self._unit = unit
        self.canvas.set_pictures(Pictures(x, x_hat, loss))
        self._tell()

    @property
    def mode(self) -> Mode:
        """How the two are compared."""
        return self.canvas.mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self.set_mode(mode)

    def set_mode(self, mode: Mode) -> None:
        """Compare them in another way. Raises ``ValueError`` for one that there is not."""
        if mode not in MODES:
            raise ValueError(f"no mode {mode!r}")
        if mode != self.canvas.mode:
            self.canvas.set_mode(mode)
            self.buttons[mode].setChecked(True)
            self._tell()
            self.mode_changed.emit(mode)

    @property
    def placeholder(self) -> str:
        """What stands in the frame while there is nothing to show."""
        return self.canvas.placeholder

    @placeholder.setter
    def placeholder(self, text: str) -> None:
        self.canvas.placeholder = text
        self.canvas.update()

    @property
    def input_image(self) -> QImage | None:
        """The input as a picture, in its own pixels."""
        return self.canvas.pictures.input

    @property
    def reconstruction_image(self) -> QImage | None:
        """The reconstruction as a picture, in its own pixels."""
        return self.canvas.pictures.reconstruction

    def sheet(self) -> Sheet | None:
        """What is shown, pixel for pixel: in ``side``, two pictures in a row."""
        return self.canvas.sheet()

    @Slot()
    def _tell(self) -> None:
        """Read the pixel under the mouse; while there is none, the largest loss or a hint."""
        pictures, at = self.canvas.pictures, self.canvas.at
        loss = pictures.loss
        if at is not None:
            self.caption.set_texts(self._read(pictures, at))
        elif self.mode == "loss" and loss is not None and all(pictures.there("loss")):
            values = {"loss": f"{loss.max():.2f}", "sum": f"{loss.sum():.1f}", "unit": self._unit}
            texts = (
                self.tr("a pixel's largest loss: {loss} {unit} · of all: {sum} {unit}"),
                self.tr("a pixel's largest loss: {loss} {unit}"),
                self.tr("largest: {loss} {unit}"),
            )
            self.caption.set_texts([text.format(**values).rstrip() for text in texts])
        elif self.mode == "loss" and pictures.shape is not None:
            self.caption.set_texts([self.tr("The loss is not known.")])
        elif pictures.shape is not None:
            self.caption.set_texts([self.tr("Point at a pixel to read it.")])
        else:
            self.caption.set_texts([""])

    def _read(self, pictures: Pictures, at: tuple[int, int]) -> list[str]:
        """A pixel in a line, the longest first."""
        row, column = at
        values = {
            "row": row,
            "column": column,
            "x": _levels(pictures.x, row, column),
            "x_hat": _levels(pictures.x_hat, row, column),
        }
        long = [self.tr("row {row}, column {column}")]
        short = [self.tr("{row}, {column}")]
        if pictures.x is not None:
            long.append(self.tr("input {x}"))
        if pictures.x_hat is not None:
            long.append(self.tr("reconstruction {x_hat}"))
        short.append(self.tr("{x} → {x_hat}"))
        if pictures.loss is not None:
            values |= {"loss": f"{pictures.loss[row, column]:.3f}", "unit": self._unit}
            long.append(self.tr("loss {loss} {unit}"))
            short.append(self.tr("{loss} {unit}"))
        middle = [long[0], *short[1:]]
        lengths = (long, middle, short, short[1:])  # the pixel has a frame in the picture
        return [" · ".join(parts).format(**values).rstrip() for parts in lengths]


def _levels(image: NDArray[np.float32] | None, row: int, column: int) -> str:
    """The values of a pixel, one for each channel; "–" where there is no image."""
    return "–" if image is None else "/".join(f"{level:.2f}" for level in image[:, row, column])


class _Line(QWidget):
    """A quiet line: the longest of its texts that fits, as what no layout need be asked about."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: Sequence[str] = ("",)
        theme.tabular(self)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(0, self.fontMetrics().height())

    def text(self) -> str:
        """The longest, of which perhaps a shorter form is shown."""
        return self._texts[0]

    def shown(self) -> str:
        """What fits."""
        metrics, width = self.fontMetrics(), self.width()
        text = fitting(self._texts, metrics, width)
        return text or metrics.elidedText(self._texts[-1], Qt.TextElideMode.ElideRight, width)

    def set_texts(self, texts: Sequence[str]) -> None:
        """The same in several lengths, the longest first."""
        if texts != self._texts:
            self._texts = texts
            self.setAccessibleName(texts[0])
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QColor(theme.colors().muted))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.shown())
