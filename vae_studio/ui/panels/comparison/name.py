"""``RunName``: a model's number in its colour, and what it is called; a press opens the model."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QToolButton, QWidget

from vae_studio.core.report_style import RUN_COLOURS
from vae_studio.ui import theme

_SIDE = 16  # px
_LONGEST = 150  # px of a name


def run_colour(number: int) -> str:
    """Of a run in the scheme of now, as on the page."""
    light, dark = RUN_COLOURS[number % len(RUN_COLOURS)]
    return light if theme.colors() is theme.LIGHT else dark


class RunName(QToolButton):
    """number: counted from 0. label: may be a stranger's."""

    def __init__(self, number: int, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number = number
        self.setProperty("role", "run")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        elided = self.fontMetrics().elidedText(label, Qt.TextElideMode.ElideMiddle, _LONGEST)
        self.setText(elided.replace("&", "&&"))
        self.setAccessibleName(label)
        self.setToolTip(self.tr("Show this model in all panels"))
        self._restyle()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_number"):
            self._restyle()

    def _restyle(self) -> None:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(_SIDE * ratio), round(_SIDE * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(run_colour(self._number)))
        place = QRectF(0, 0, _SIDE, _SIDE)
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(QColor(theme.colors().panel))
        font = painter.font()
        font.setBold(True)
        font.setPixelSize(11)
        painter.setFont(font)
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, str(self._number + 1))
        painter.end()
        self.setIcon(QIcon(picture))
