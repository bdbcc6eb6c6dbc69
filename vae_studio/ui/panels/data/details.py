"""``DataDetails``: some images of a data set, and all that is known of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vae_studio.core.datasets.table import DatasetInfo
from vae_studio.session.data_jobs import SampleResult
from vae_studio.ui import theme
from vae_studio.ui.data_words import facts
from vae_studio.ui.widgets.picture_grid import PictureGrid
from vae_studio.ui.widgets.qimages import to_qimages

_COLUMNS = 8
_HEIGHT = 92  # px of the images


class DataDetails(QScrollArea):
    """Images only of sets that are here; those of others come with fetching."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: DatasetInfo | None = None
        self._shown: DatasetInfo | None = None  # whose images are there
        self.images = PictureGrid(self.tr("Some images of the data set"))
        self.images.setFixedHeight(_HEIGHT)
        self.title = QLabel()
        self.title.setProperty("role", "number")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setWordWrap(True)
        self._rows: list[tuple[QLabel, QLabel]] = []
        self._table = QGridLayout()
        self._table.setColumnStretch(1, 1)
        self._table.setVerticalSpacing(3)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, theme.GRID, 0)
        layout.addWidget(self.images)
        layout.addWidget(self.title)
        layout.addLayout(self._table)
        layout.addStretch(1)
        self.setWidget(page)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    @property
    def lacks_images(self) -> bool:
        """Whether those of the set that is shown are still to be asked for."""
        return self._info is not None and self._shown != self._info

    def show_set(self, info: DatasetInfo | None) -> None:
        """Say what is known of a set."""
        self._info = info
        self.title.setText("" if info is None else info.title)
        found = [] if info is None else facts(info)
        while len(self._rows) < len(found):
            self._add_row()
        for number, (name, text) in enumerate(self._rows):
            shown = number < len(found)
            name.setVisible(shown)
            text.setVisible(shown)
            if shown:
                name.setText(found[number][0])
                text.setText(found[number][1])
        self.images.setVisible(info is not None and info == self._shown)

    @property
    def text(self) -> str:
        """All that is said, line by line."""
        return "\n".join(f"{n.text()}: {t.text()}" for n, t in self._rows if not n.isHidden())

    def _add_row(self) -> None:
        """Names of a stranger's set are plain text here, and never markup."""
        name, text = QLabel(), QLabel()
        name.setProperty("role", "muted")
        for label in (name, text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._table.addWidget(name, len(self._rows), 0)
        self._table.addWidget(text, len(self._rows), 1)
        self._rows.append((name, text))

    @Slot(object)
    def show_images(self, result: SampleResult) -> None:
        """Show some of its images, unless another set has been chosen since."""
        if result.request.info != self._info:
            return
        pictures = to_qimages(result.images)
        rows = [pictures[start : start + _COLUMNS] for start in range(0, len(pictures), _COLUMNS)]
        rows = [row for row in rows if len(row) == len(rows[0])]
        self.images.set_pictures(rows)
        self._shown = self._info
        self.images.setVisible(True)
