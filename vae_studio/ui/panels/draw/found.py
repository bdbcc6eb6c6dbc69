"""``FoundStrip``: what was found in a picture: its digits, offered one by one, or the whole."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from vae_studio.ui.drawing_words import of_digits
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.ui.widgets.texts import muted_text

_SIDE = 36  # px


class FoundStrip(QWidget):
    """Hidden while no picture was opened."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._opening = store, store.pictures
        self._shown: object = None
        self.views: list[ImageView] = []
        self.text = muted_text()
        self.invert = tool_button(
            "mdi6.invert-colors",
            self.tr("Invert"),
            self.tr("Look again, with light and dark the other way round"),
            self._opening.invert,
        )
        self.close_button = tool_button(
            "mdi6.close",
            self.tr("Close"),
            self.tr("Look no further in this picture; the input stays"),
            self._opening.cancel,
        )
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.text, 1)
        head.addWidget(self.invert)
        head.addWidget(self.close_button)
        self._row = QWidget()
        self._digits = QHBoxLayout(self._row)
        self._digits.setContentsMargins(0, 0, 0, 0)
        self._digits.setSpacing(4)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFixedHeight(_SIDE + 16)
        self._area.setWidget(self._row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self._area)
        self._opening.changed.connect(self._show)
        self._show()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 0)

    @Slot()
    def _show(self) -> None:
        opening = self._opening
        self.setVisible(opening.looking or bool(opening.images))
        several = len(opening.images) > 1
        self._area.setVisible(several)
        self.invert.setEnabled(bool(opening.images) and not opening.looking)
        text = self.tr("From {name}.")
        if opening.looking:
            text = self.tr("Looking at {name}…")
        elif several:
            text = self.tr("{count} characters in {name}. Click one.")
        if of_digits(self._store.snapshot):
            if opening.looking:
                text = self.tr("Looking for digits in {name}…")
            elif several:
                text = self.tr("{count} digits in {name}. Click one.")
        self.text.setText(
            text.replace("{count}", str(len(opening.images))).replace("{name}", opening.name)
        )
        if opening.images is not self._shown:
            self._shown = opening.images
            self._fill()
        for index, view in enumerate(self.views):
            view.set_selected(index == opening.chosen)

    def _fill(self) -> None:
        while (item := self._digits.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.views = []
        for index, image in enumerate(self._opening.images):
            view = ImageView(self.tr("Number {n} of the picture").format(n=index + 1), side=_SIDE)
            view.setFixedSize(_SIDE, _SIDE)
            view.set_picture(to_qimage(image))
            view.clicked.connect(lambda index=index: self._opening.choose(index))
            self._digits.addWidget(view)
            self.views.append(view)
        self._digits.addStretch(1)
