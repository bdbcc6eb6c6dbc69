"""``DataDetails``: some images of a data set, and all that is known of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

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
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, theme.GRID, 0)
        layout.addWidget(self.images)
        layout.addWidget(self.text)
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
        self.text.setText("" if info is None else facts(info))
        self.images.setVisible(info is not None and info == self._shown)

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
