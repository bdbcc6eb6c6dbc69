"""``ClassMix``: two classes, and how much of each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from vae_studio.ui import theme
from vae_studio.ui.classes import are_short
from vae_studio.ui.widgets.class_box import ClassBox
from vae_studio.ui.widgets.hand_slider import HandSlider

_WORD = 6  # characters of a name that are seen at least


class ClassMix(QWidget):
    """Signal: ``mixed(weights)``: class weights that a hand chose, one for each class."""

    mixed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.one, self.other = ClassBox(), ClassBox()
        self.one.setAccessibleName(self.tr("Class at the left"))
        self.one.setToolTip(self.tr("The class that the slider has at its left end"))
        self.other.setAccessibleName(self.tr("Class at the right"))
        self.other.setToolTip(self.tr("The class that the slider has at its right end"))
        self.between = HandSlider(0.0, 1.0, 0.05, 0.25)
        self.between.setAccessibleName(self.tr("Between two classes"))
        self.between.setToolTip(
            self.tr(
                "Class weights: so much of the class at the right, the rest of that at the left"
            )
        )
        self.share = QLabel()
        self.share.setMinimumWidth(36)
        theme.tabular(self.share)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.one, self.between, self.other, self.share):
            row.addWidget(widget, 1 if widget is self.between else 0)
        self.one.activated.connect(self._choose_ends)
        self.other.activated.connect(self._choose_ends)
        self.between.moved.connect(self._slide)

    def set_names(self, names: Sequence[str]) -> None:
        """Offer these classes, the first two at the ends."""
        for box in (self.one, self.other):
            box.setMinimumContentsLength(4 if are_short(names) else _WORD)
            box.offer_names(names)
            box.setCurrentIndex(0)
        self.other.setCurrentIndex(min(1, len(names) - 1))

    def show_weights(self, weights: Sequence[float]) -> None:
        """Ends and handle as the weights are; the ends stay where they can."""
        if len(weights) != self.one.count():
            return
        one, other = self.one.currentIndex(), self.other.currentIndex()
        mixed = [index for index, weight in enumerate(weights) if weight > 0.0]
        if mixed and not set(mixed) <= {one, other}:
            one = mixed[0]
            other = mixed[1] if len(mixed) > 1 else other
        if one == other:
            other = (one + 1) % len(weights)
        self.one.setCurrentIndex(one)
        self.other.setCurrentIndex(other)
        share = weights[other] / max(weights[one] + weights[other], 1e-9)
        self.between.show_value(share)
        self.share.setText(f"{100 * share:.0f} %")

    @Slot()
    def _choose_ends(self) -> None:
        """Other ends, the same share; two that are the same are that class alone."""
        self._slide(self.between.value())

    @Slot(float)
    def _slide(self, share: float) -> None:
        weights = [0.0] * self.one.count()
        weights[self.one.currentIndex()] += 1.0 - share
        weights[self.other.currentIndex()] += share
        self.mixed.emit(tuple(weights))
