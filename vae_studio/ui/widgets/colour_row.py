"""``ColourRow``: what the pen draws in, as swatches in a row; ``ColourButton``: that in a menu."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QColorDialog,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QWidget,
    QWidgetAction,
)

from vae_studio.session.drawing import DIGITS
from vae_studio.session.strokes import Colour
from vae_studio.ui import theme
from vae_studio.ui.pen import Pen
from vae_studio.ui.widgets.buttons import tool_button

_SIDE = 22  # px of a swatch with its ring
_LEAST = 15  # px, in a narrow panel
_RING = 3  # px that a swatch leaves for the ring around it


class Swatch(QAbstractButton):
    """A colour; a ring is around the one that is taken."""

    def __init__(self, colour: Colour, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(_LEAST, _SIDE)
        self.setMaximumSize(_SIDE, _SIDE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.show_colour(colour, name)

    def show_colour(self, colour: Colour, name: str) -> None:
        """Be that one."""
        self.colour = colour
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(_SIDE, _SIDE)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, c = QPainter(self), theme.colors()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        square = QRectF(0, 0, side, side)
        square.moveCenter(QRectF(self.rect()).center())
        lit = self.isChecked() or self.hasFocus() or self.underMouse()
        if lit:
            painter.setPen(QPen(QColor(c.accent), 2.0 if self.isChecked() else 1.0))
            painter.drawRoundedRect(square.adjusted(1, 1, -1, -1), 5, 5)
        inner = square.adjusted(_RING, _RING, -_RING, -_RING)
        painter.setPen(QPen(QColor(c.faint), 1))  # or black would be lost on dark, white on light
        painter.setBrush(QColor(*self.colour))
        painter.drawRoundedRect(inner.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)


class ColourRow(QWidget):
    """Eight colours that colour-blind eyes tell apart, black, white, grey, the last one of one's
    own, and a button that mixes another. Arrow keys go from one to the next.

    Signal: ``chosen()``: the hand took a colour.
    """

    chosen = Signal()

    def __init__(self, pen: Pen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pen, self._ink = pen, DIGITS.ink
        self._dialog: QColorDialog | None = None
        self.setAccessibleName(self.tr("Colour of the pen"))
        names = (
            self.tr("Orange"), self.tr("Sky blue"), self.tr("Green"), self.tr("Yellow"),
            self.tr("Blue"), self.tr("Vermilion"), self.tr("Pink"), self.tr("Purple"),
        )  # fmt: skip
        known = [(_rgb(text), name) for text, name in zip(theme.PENS, names, strict=True)]
        known += [
            (_rgb(theme.PAPER), self.tr("Black")),
            (_rgb(theme.INK), self.tr("White")),
            (_rgb(theme.GREY), self.tr("Grey")),
        ]
        self._group = QButtonGroup(self)
        self.swatches = [Swatch(colour, name) for colour, name in known]
        self.own = Swatch(_rgb(theme.GREY), self.tr("Your own colour"))
        self.own.hide()
        self.other = tool_button(
            "mdi6.palette-outline",
            self.tr("Other colour…"),
            self.tr("Mix another colour for the pen"),
            self.mix,
        )
        self.other.setProperty("role", "flat")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for swatch in (*self.swatches, self.own):
            self._group.addButton(swatch)
            swatch.clicked.connect(partial(self._choose, swatch))
            layout.addWidget(swatch)
        layout.addWidget(self.other)
        layout.addStretch(1)
        pen.changed.connect(self._show)
        self._show()

    def set_ink(self, ink: Colour) -> None:
        """What a pen without a colour of its own draws, on the paper of now."""
        if ink != self._ink:
            self._ink = ink
            self._show()

    def mix(self) -> None:
        """Choose any colour, beside the window, which goes on."""
        if self._dialog is None:
            window = self.window()
            while isinstance(window, QMenu):
                window = window.parentWidget().window()
            dialog = QColorDialog(QColor(*(self._pen.colour or self._ink)), window)
            dialog.setWindowTitle(self.tr("Colour of the pen"))
            dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
            dialog.setWindowModality(Qt.WindowModality.NonModal)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            for box in dialog.findChildren(QSpinBox):  # as all others of the app
                box.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            dialog.colorSelected.connect(self._take_mixed)
            dialog.destroyed.connect(self._forget_dialog)
            self._dialog = dialog
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    @Slot(QColor)
    def _take_mixed(self, color: QColor) -> None:
        self._pen.mix((color.red(), color.green(), color.blue()))
        self.chosen.emit()

    @Slot()
    def _forget_dialog(self) -> None:
        self._dialog = None

    def _choose(self, swatch: Swatch) -> None:
        """The ink of the paper is none: it is another one on other paper."""
        self._pen.take(None if swatch.colour == self._ink else swatch.colour)
        self.chosen.emit()

    @Slot()
    def _show(self) -> None:
        colour = self._pen.colour or self._ink
        known = [swatch.colour for swatch in self.swatches]
        own = self._pen.own or (colour if colour not in known else None)
        if own is not None:
            self.own.show_colour(own, self.tr("Your own colour"))
        self.own.setVisible(own is not None)
        with QSignalBlocker(self._group):
            for swatch in (*self.swatches, self.own):
                taken = swatch.colour == colour and (swatch is not self.own or colour not in known)
                if taken:
                    swatch.setChecked(True)


class ColourButton(QToolButton):
    """Shows the colour of the pen; a click opens the row."""

    def __init__(self, pen: Pen, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pen, self._ink = pen, DIGITS.ink
        self.setAccessibleName(self.tr("Colour of the brush"))
        self.setToolTip(self.tr("Colour of the brush"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        self.row = ColourRow(pen, menu)
        self.row.layout().setContentsMargins(6, 4, 6, 4)
        self.row.chosen.connect(menu.close)
        self.row.other.clicked.connect(menu.close)
        action = QWidgetAction(menu)
        action.setDefaultWidget(self.row)
        menu.addAction(action)
        self.setMenu(menu)
        pen.changed.connect(self._show)
        self._show()

    def set_ink(self, ink: Colour) -> None:
        """As of the row."""
        self._ink = ink
        self.row.set_ink(ink)
        self._show()

    @Slot()
    def _show(self) -> None:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(QSize(16, 16) * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.colors().faint), 1))
        painter.setBrush(QColor(*(self._pen.colour or self._ink)))
        painter.drawEllipse(QPointF(8, 8), 6.5, 6.5)
        painter.end()
        self.setIcon(QIcon(picture))


def _rgb(text: str) -> Colour:
    color = QColor(text)
    return color.red(), color.green(), color.blue()
