"""The same point in every class: told to a conditional VAE, or gone to by the class means.

A conditional VAE decodes the same z under each label, and mixes of two. A model without labels is
moved along the direction from the mean of the class that the point has to that of another.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.resources import bundled_path
from vae_studio.session.requests import (
    AsClassesRequest,
    AsClassesResult,
    Image,
    LabelsRequest,
    LabelsResult,
    Result,
)
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.hand_slider import HandSlider
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import to_qimages
from vae_studio.ui.widgets.texts import muted_text

_COLUMNS = 5
_REASON, _CLASSES = range(2)  # pages


class LabelsPanel(Panel):
    """A picture of each class, a click takes one; below them, for a conditional model, the way
    between two. Where there is nothing to show, the reason."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.pictures: list[ImageView] = []
        self.buttons: list[QToolButton] = []
        self._asked: AsClassesRequest | None = None
        self._shown: AsClassesResult | None = None
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_reason())
        self._pages.addWidget(self._make_classes())
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_page)
        store.atlas.surveyed.connect(self._show_page)
        store.answered.connect(self._take)

    def _make_reason(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        self.reason = QLabel(self.tr("The classes of the model appear here."))
        self.reason.setProperty("role", "empty")
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        layout.addWidget(self.reason)
        layout.addStretch(1)
        return page

    def _make_classes(self) -> QWidget:
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(4)
        self.explain = muted_text()
        outer.addWidget(self.explain)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        outer.addLayout(self._grid, 1)
        self.mix = self._make_mix()
        outer.addWidget(self.mix)
        self.open_cvae = push_button(
            "mdi6.folder-open-outline",
            self.tr("Open cvae"),
            self.tr("Open the conditional VAE that ships with the app: it is told the label"),
            lambda: self.store.open_model(bundled_path("checkpoints") / "cvae"),
        )
        outer.addWidget(self.open_cvae, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    def _make_mix(self) -> QWidget:
        """Two classes and how much of each."""
        mix = QWidget()
        self.one, self.other = QComboBox(), QComboBox()
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
        row = QHBoxLayout(mix)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self.one, self.between, self.other, self.share):
            row.addWidget(widget, 1 if widget is self.between else 0)
        self.one.activated.connect(self._choose_ends)
        self.other.activated.connect(self._choose_ends)
        self.between.grabbed.connect(self.store.begin_gesture)
        self.between.released.connect(self.store.end_gesture)
        self.between.moved.connect(self._slide)
        return mix

    def refresh(self) -> None:
        snapshot, z = self.store.snapshot, self.store.state.latent.z
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        if snapshot.spec.conditional:
            self.store.ask("labels", LabelsRequest(snapshot, z))
            return
        self.store.atlas.want()
        survey = self.store.atlas.survey
        if survey is not None and survey.mu.shape[1] == len(z):
            self._asked = AsClassesRequest(snapshot, survey, z)
            self.store.ask("labels", self._asked)

    @Slot()
    def _show_page(self, *_: object) -> None:
        snapshot, atlas = self.store.snapshot, self.store.atlas
        if snapshot is None:
            return
        classes, conditional = snapshot.spec.num_classes, snapshot.spec.conditional
        if not conditional and atlas.survey is not None:
            classes = int(atlas.survey.labels.max()) + 1
        self.mix.setVisible(conditional)
        self.open_cvae.setVisible(not conditional)
        if conditional:
            self.explain.setText(self.tr("The same z in every class. Keys 0 to 9 pick one."))
        if classes:
            self._make_buttons(classes)
            self._show_tips(conditional)
            self._check(self.store.state)
        else:
            text = self.tr(
                "{name} was trained without labels. What the point would be in each class appears "
                "here once the model has looked at the test images."
            ).replace("{name}", snapshot.name)
            if atlas.problem is not None:
                text = error_sentence(atlas.problem)
            self.reason.setText(text)
        self._pages.setCurrentIndex(_CLASSES if classes else _REASON)
        self.refresh()

    def _make_buttons(self, classes: int) -> None:
        if len(self.buttons) == classes:
            return
        while self._grid.count():
            widget = self._grid.takeAt(0).widget()
            if widget is not None:
                widget.deleteLater()
        self.pictures, self.buttons = [], []
        for index in range(classes):
            picture = ImageView(self.tr("Class {label}").format(label=index), side=40)
            picture.clicked.connect(lambda index=index: self._pick(index))
            picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the button below has it
            button = QToolButton()
            button.setText(str(index))
            button.setCheckable(True)
            button.setAccessibleName(self.tr("Label {label}").format(label=index))
            button.setSizePolicy(
                picture.sizePolicy().horizontalPolicy(), button.sizePolicy().verticalPolicy()
            )
            button.clicked.connect(lambda _checked, index=index: self._pick(index))
            picture.keep_square()
            row, column = divmod(index, _COLUMNS)
            self._grid.addWidget(picture, 2 * row, column)
            self._grid.addWidget(button, 2 * row + 1, column)
            self.pictures.append(picture)
            self.buttons.append(button)
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        for box in (self.one, self.other):
            box.clear()
            box.addItems([str(label) for label in range(classes)])
        self.other.setCurrentIndex(min(1, classes - 1))

    def _show_tips(self, conditional: bool) -> None:
        text = self.tr("Decode the same z as a {label}")
        if not conditional:
            text = self.tr("Go to what this would be as a {label}")
        for index, button in enumerate(self.buttons):
            button.setToolTip(text.format(label=index))

    def _pick(self, index: int) -> None:
        shown, snapshot = self._shown, self.store.snapshot
        if snapshot is not None and snapshot.spec.conditional:
            self.store.set_label(index)
        elif shown is not None and shown.request.snapshot is snapshot and index < len(shown.z):
            self.store.set_z(shown.z[index].tolist())
        self._check(self.store.state)  # a click on the checked one keeps it checked

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.latent.label != old.latent.label:
            self._check(new)
        if new.latent.z != old.latent.z:
            self.refresh()

    def _check(self, state: SessionState) -> None:
        """Mark what the point is: each class with a weight, or the one it is most like."""
        weights = state.latent.label
        if weights is not None:
            chosen = {index for index, weight in enumerate(weights) if weight > 0.0}
            self._show_mix(weights)
        else:
            chosen = {self._shown.now} if self._shown is not None else set()
        for index, (picture, button) in enumerate(zip(self.pictures, self.buttons, strict=True)):
            button.setChecked(index in chosen)
            picture.set_selected(index in chosen)

    # Between two classes -------------------------------------------------------------------

    def _show_mix(self, weights: tuple[float, ...]) -> None:
        """Ends and handle as the weights are; the ends stay where they can."""
        if len(weights) != self.one.count():
            return
        one, other = self.one.currentIndex(), self.other.currentIndex()
        mixed = [index for index, weight in enumerate(weights) if weight > 0.0]
        if not set(mixed) <= {one, other}:
            one = mixed[0]
            other = mixed[1] if len(mixed) > 1 else other
        if one == other:
            other = (one + 1) % len(weights)
        self.one.setCurrentIndex(one)
        self.other.setCurrentIndex(other)
        share = weights[other] / max(weights[one] + weights[other], 1e-9)
        self.between.show_value(share)
        self.share.setText(f"{100 * share:.0f} %")

    def _choose_ends(self) -> None:
        """Other ends, the same share; two that are the same are that class alone."""
        self._slide(self.between.value())

    @Slot(float)
    def _slide(self, share: float) -> None:
        weights = [0.0] * self.one.count()
        weights[self.one.currentIndex()] += 1.0 - share
        weights[self.other.currentIndex()] += share
        self.store.set_label_weights(tuple(weights))

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, LabelsResult):
            if result.request.snapshot is self.store.snapshot:
                self._show_pictures(result.images)
        elif isinstance(result, AsClassesResult) and result.request is self._asked:
            self._shown = result
            self._show_pictures(result.images)
            text = self.tr(
                "What would this {now} be in another class? z − the mean of the {now}s + that of "
                "the others."
            )
            self.explain.setText(text.format(now=result.now))
            self._check(self.store.state)

    def _show_pictures(self, images: Image) -> None:
        for view, picture in zip(self.pictures, to_qimages(images), strict=False):
            view.set_picture(picture)
