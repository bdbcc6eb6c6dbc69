"""``ImportForm``: what is done to each picture, and what the set is called."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from vae_studio.core.datasets.settings import LARGEST, MOST_TESTED, SMALLEST, ImportSettings

_WIDTH = 300  # px


class ImportForm(QWidget):
    """Signal: ``changed()``: the settings, the names, or which pictures are shown.

    preview_seed: of the pictures that are shown.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(_WIDTH)
        self.preview_seed = 0
        layout = QFormLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setVerticalSpacing(8)
        self.title, self.name, self.licence = QLineEdit(), QLineEdit(), QLineEdit()
        self.name_problem = QLabel()
        self.name_problem.setProperty("role", "problem")
        self.name_problem.setWordWrap(True)
        self.licence.setPlaceholderText(self.tr("unknown"))
        self.size = QSpinBox()
        self.size.setRange(SMALLEST, LARGEST)
        self.size.setSuffix(self.tr(" px"))
        self.colour = _choice({"colour": self.tr("Colour"), "grey": self.tr("Shades of grey")})
        self.fit = _choice(
            {
                "pad": self.tr("All of it, with a margin"),
                "crop": self.tr("Its middle"),
                "stretch": self.tr("All of it, distorted"),
            }
        )
        self.background = _choice({"white": self.tr("White"), "black": self.tr("Black")})
        self.invert = QCheckBox(self.tr("Light becomes dark"))
        self.centre = QCheckBox(self.tr("As MNIST was made"))
        self.share = QSpinBox()
        self.share.setRange(1, round(100 * MOST_TESTED))
        self.share.setSuffix(" %")
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        rows: tuple[tuple[str, QWidget, str], ...] = (
            (self.tr("Title"), self.title, self.tr("What people call it")),
            (self.tr("Name"), self.name, self.tr("What files and the command line call it")),
            (self.tr("Licence"), self.licence, self.tr("Under which the pictures may be used")),
            (
                self.tr("Size"),
                self.size,
                self.tr("Width and height of every image. Twice the size takes four times as long"),
            ),
            (self.tr("Colour"), self.colour, self.tr("Three channels, or one")),
            (self.tr("Fit"), self.fit, self.tr("How a picture comes into the square")),
            (
                self.tr("Background"),
                self.background,
                self.tr("Of what is transparent, and of the margin"),
            ),
            (
                self.tr("Invert"),
                self.invert,
                self.tr("For dark ink on light paper"),
            ),
            (
                self.tr("Centre"),
                self.centre,
                self.tr("What is not black is fitted into a box, and its mass into the middle"),
            ),
            (self.tr("For testing"), self.share, self.tr("Share that no model learns from")),
            (self.tr("Seed"), self.seed, self.tr("Of the order, and of which images are tested")),
        )
        for text, field, tip in rows:
            label = QLabel(text)
            label.setBuddy(field)
            for part in (label, field):
                part.setToolTip(tip)
            field.setAccessibleName(text)
            field.setAccessibleDescription(tip)
            layout.addRow(label, field)
            if field is self.name:
                layout.addRow(self.name_problem)
        for field in (self.title, self.name, self.licence):
            field.textChanged.connect(lambda _: self.changed.emit())
        for number in (self.size, self.share, self.seed):
            number.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
            number.valueChanged.connect(lambda _: self.changed.emit())
        for box in (self.colour, self.fit, self.background):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        for check in (self.invert, self.centre):
            check.toggled.connect(lambda _: self.changed.emit())
        self.changed.connect(self._enable)

    @property
    def settings(self) -> ImportSettings:
        """What the fields say."""
        return ImportSettings(
            size=self.size.value(),
            colour=self.colour.currentData(),
            fit=self.fit.currentData(),
            background=self.background.currentData(),
            invert=self.invert.isChecked(),
            centre=self.centre.isChecked() and self.colour.currentData() == "grey",
            test_share=self.share.value() / 100.0,
            seed=self.seed.value(),
        )

    def set_settings(self, settings: ImportSettings) -> None:
        """Show these; no word is said of it."""
        with QSignalBlocker(self):
            self.size.setValue(settings.size)
            for box, value in (
                (self.colour, settings.colour),
                (self.fit, settings.fit),
                (self.background, settings.background),
            ):
                box.setCurrentIndex(box.findData(value))
            self.invert.setChecked(settings.invert)
            self.centre.setChecked(settings.centre)
            self.share.setValue(round(100 * settings.test_share))
            self.seed.setValue(settings.seed)
        self._enable()

    def set_names(self, title: str, name: str) -> None:
        """What the set is called, until somebody types another name."""
        with QSignalBlocker(self):
            self.title.setText(title)
            self.name.setText(name)
            self.licence.clear()
        self.preview_seed = 0

    def next_seed(self) -> None:
        """Other pictures are to be shown."""
        self.preview_seed += 1
        self.changed.emit()

    def say_of_name(self, problem: str) -> None:
        """What is wrong with the name; "" where it is free."""
        self.name_problem.setText(problem)
        self.name_problem.setVisible(bool(problem))
        if self.name.property("invalid") != bool(problem):
            self.name.setProperty("invalid", bool(problem))
            self.name.style().unpolish(self.name)
            self.name.style().polish(self.name)

    def _enable(self) -> None:
        """What plays no part with the others as they are."""
        grey = self.colour.currentData() == "grey"
        self.centre.setEnabled(grey)
        self.fit.setEnabled(not (grey and self.centre.isChecked()))


def _choice(values: dict[str, str]) -> QComboBox:
    box = QComboBox()
    for value, text in values.items():
        box.addItem(text, value)
    return box
