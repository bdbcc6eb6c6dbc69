"""``Legend``: the names of the curves; a click, or Space, hides a curve and shows it again."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QWidget

from vae_studio.ui import theme

_SAMPLE = QSize(18, 10)  # px; of a line beside its name
_LONGEST_NAME = 120  # px


@dataclass(frozen=True)
class Entry:
    """One curve. color: "" is that of the text; dashed: tests, which have points as well."""

    key: str
    name: str
    color: str
    dashed: bool
    tip: str


class Legend(QScrollArea):
    """A row of names; where there is no room for all, the wheel and the focus move it.

    Signals: ``toggled(key, shown)``.
    """

    toggled = Signal(str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QWidget()
        self._row = QHBoxLayout(row)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self._row.addStretch(1)
        self.setWidget(row)
        self._buttons: dict[str, QToolButton] = {}
        self._entries: tuple[Entry, ...] = ()

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """Name these. A key that was there keeps its state; new ones are shown."""
        if entries == self._entries:
            return
        hidden = {key for key, button in self._buttons.items() if not button.isChecked()}
        for button in self._buttons.values():
            self._row.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._entries, self._buttons = entries, {}
        for place, entry in enumerate(entries):
            button = QToolButton()
            button.setProperty("role", "legend")
            button.setCheckable(True)
            button.setChecked(entry.key not in hidden)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(_SAMPLE)
            metrics = button.fontMetrics()
            name = metrics.elidedText(entry.name, Qt.TextElideMode.ElideMiddle, _LONGEST_NAME)
            button.setText(name.replace("&", "&&"))
            button.setAccessibleName(entry.name)
            button.setToolTip(f"<span>{escape(entry.tip)}</span>")  # a name may hold tags
            button.toggled.connect(lambda shown, key=entry.key: self.toggled.emit(key, shown))
            self._row.insertWidget(place, button)
            button.show()  # or it has no size until the event loop comes round
            self._buttons[entry.key] = button
        self._restyle()
        self._row.invalidate()
        self.setFixedHeight(self.widget().sizeHint().height())
        self.updateGeometry()

    @property
    def shown(self) -> tuple[Entry, ...]:
        """Entries whose curves are to be seen."""
        return tuple(e for e in self._entries if self._buttons[e.key].isChecked())

    def button(self, key: str) -> QToolButton:
        """The button of a curve."""
        return self._buttons[key]

    def is_shown(self, key: str) -> bool:
        """Whether that curve is to be seen; what has no entry is."""
        return key not in self._buttons or self._buttons[key].isChecked()

    def sizeHint(self) -> QSize:
        return self.widget().sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(40, self.sizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar = self.horizontalScrollBar()
        bar.setValue(bar.value() - event.angleDelta().y() // 4)
        event.accept()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_entries"):
            self._restyle()

    def _restyle(self) -> None:
        c = theme.colors()
        for entry in self._entries:
            icon = QIcon()
            for state, color in (
                (QIcon.State.On, entry.color or c.text),
                (QIcon.State.Off, c.faint),
            ):
                icon.addPixmap(self._sample(color, entry.dashed), QIcon.Mode.Normal, state)
            self._buttons[entry.key].setIcon(icon)

    def _sample(self, color: str, dashed: bool) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(_SAMPLE * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(QColor(color), 1.5)
        if dashed:
            pen.setDashPattern([2.5, 2.0])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        middle = QPointF(_SAMPLE.width() / 2, _SAMPLE.height() / 2)
        painter.drawLine(QPointF(0, middle.y()), QPointF(_SAMPLE.width(), middle.y()))
        if dashed:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(color))
            painter.drawEllipse(middle, 2.5, 2.5)
        painter.end()
        return picture
