"""The same point in every class: told to a conditional VAE, or gone to by the class means.

A conditional VAE decodes the same z under each label, and mixes of two. A model without labels is
moved along the direction from the mean of the class that the point has to that of another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from vae_studio.core.resources import bundled_path
from vae_studio.session.requests import (
    AsClassesRequest,
    AsClassesResult,
    Image,
    LabelsRequest,
    LabelsResult,
    PointsRequest,
    PointsResult,
    Result,
)
from vae_studio.session.state import SessionState
from vae_studio.ui.classes import MOST_BUTTONS, a_class, class_name, is_digit
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.class_grid import ClassGrid
from vae_studio.ui.widgets.class_list import SIDE, ClassList
from vae_studio.ui.widgets.class_mix import ClassMix
from vae_studio.ui.widgets.column_scroll import ColumnScroll
from vae_studio.ui.widgets.image_view import ImageView
from vae_studio.ui.widgets.qimages import shrunk, to_qimages
from vae_studio.ui.widgets.texts import muted_text

_REASON, _CLASSES = range(2)  # pages


class LabelsPanel(Panel):
    """A picture of each class, a click takes one; below them, for a conditional model, the way
    between two. Many classes are listed, and can be searched. Where there is nothing to show, the
    reason."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.grid: ClassGrid | None = None
        self._names: tuple[str, ...] = ()
        self._conditional = False
        self._asked: AsClassesRequest | PointsRequest | None = None
        self._asked_for: tuple[int, ...] = ()  # of the list's pictures
        self._shown: AsClassesResult | None = None
        self._chosen: set[int] = set()
        self._scroll: ColumnScroll | None = None  # around buttons of words
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_reason())
        self._pages.addWidget(self._make_classes())
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_page)
        store.atlas.surveyed.connect(self._show_page)
        store.answered.connect(self._take)
        self._show_page()

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
        self._place = QVBoxLayout()
        outer.addLayout(self._place, 1)
        self.list = ClassList(self.tr("Classes"))
        self.list.chosen.connect(self._pick)
        self.list.looked_at.connect(self.refresh)
        self.list.hide()
        outer.addWidget(self.list, 1)
        self.mix = ClassMix()
        self.one, self.other, self.between = self.mix.one, self.mix.other, self.mix.between
        self.mix.between.grabbed.connect(self.store.begin_gesture)
        self.mix.between.released.connect(self.store.end_gesture)
        self.mix.mixed.connect(self.store.set_label_weights)
        outer.addWidget(self.mix)
        self.open_cvae = push_button(
            "mdi6.folder-open-outline",
            self.tr("Open cvae"),
            self.tr("Open the conditional VAE that ships with the app: it is told the label"),
            lambda: self.store.open_model(bundled_path("checkpoints") / "cvae"),
        )
        outer.addWidget(self.open_cvae, 0, Qt.AlignmentFlag.AlignLeft)
        return page

    @property
    def pictures(self) -> list[ImageView]:
        """One for each class; none where they are listed."""
        return self.grid.pictures if self.grid is not None else []

    @property
    def buttons(self) -> Sequence[QToolButton]:
        """The same."""
        return self.grid.buttons if self.grid is not None else ()

    @property
    def _is_listed(self) -> bool:
        return len(self._names) > MOST_BUTTONS

    @Slot()
    def refresh(self) -> None:
        snapshot, z = self.store.snapshot, self.store.state.latent.z
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        seen = self.list.in_view if self._is_listed else None
        self._asked = None
        if snapshot.spec.conditional:
            if seen is None:
                self.store.ask("labels", LabelsRequest(snapshot, z))
            elif seen:
                points = np.tile(np.asarray(z, np.float32), (len(seen), 1))
                labels = np.zeros((len(seen), snapshot.spec.num_classes), np.float32)
                labels[np.arange(len(seen)), list(seen)] = 1.0
                self._asked, self._asked_for = PointsRequest(snapshot, points, labels), seen
                self.store.ask("labels", self._asked)
            return
        if not snapshot.class_names:
            return
        self.store.atlas.want()
        survey = self.store.atlas.of_run
        if survey is not None and survey.mu.shape[1] == len(z):
            count = len(snapshot.class_names)
            self._asked = AsClassesRequest(snapshot, survey, z, count, seen)
            self._asked_for = seen or ()
            self.store.ask("labels", self._asked)

    @Slot()
    def _show_page(self, *_: object) -> None:
        snapshot, atlas = self.store.snapshot, self.store.atlas
        if snapshot is None:
            return
        names, conditional = snapshot.class_names, snapshot.spec.conditional
        self.mix.setVisible(conditional and len(names) > 1)
        digits = snapshot.spec.image_shape == (1, 28, 28) and all(map(is_digit, names))
        self.open_cvae.setVisible(not conditional and digits)
        there = bool(names) and (conditional or atlas.survey is not None)
        if there:
            if conditional:
                self.explain.setText(self._explain_conditional(names))
            self._offer(names, conditional)
            self._check(self.store.state)
        elif snapshot.data is not None and not names:
            text = self.tr(
                "The images that {name} learnt have no labels: there are no classes to choose from."
            )
            self.reason.setText(text.replace("{name}", snapshot.name))
        elif atlas.problem is not None:
            self.reason.setText(error_sentence(atlas.problem))
        else:
            text = self.tr(
                "{name} was trained without labels. What the point would be in each class appears "
                "here once the model has looked at the test images."
            )
            self.reason.setText(text.replace("{name}", snapshot.name))
        self._pages.setCurrentIndex(_CLASSES if there else _REASON)
        self.refresh()

    def _explain_conditional(self, names: Sequence[str]) -> str:
        if len(names) == 1:
            return self.tr("The model knows one class only.")
        text = self.tr("The same z in every class. Keys 0 to {last} pick one.")
        if len(names) > 10:
            text = self.tr("The same z in every class. Keys 0 to 9 pick the first ten.")
        return text.format(last=min(len(names), 10) - 1)

    def _offer(self, names: tuple[str, ...], conditional: bool) -> None:
        """A button for each class, or a list of them."""
        if names == self._names:
            if conditional != self._conditional:
                self._show_tips(conditional)
            return
        self._names, self._shown = names, None
        while self._place.count():
            widget = self._place.takeAt(0).widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.grid, self._scroll, self._chosen = None, None, set()
        self.list.setVisible(self._is_listed)
        self.list.set_names(names if self._is_listed else ())
        if not self._is_listed:
            self.grid = ClassGrid(names)
            self.grid.picked.connect(self._pick)
            self._scroll = None if self.grid.compact else ColumnScroll(self.grid)
            self._place.addWidget(self._scroll or self.grid)
        self.mix.set_names(names)
        self._show_tips(conditional)

    def _show_tips(self, conditional: bool) -> None:
        self._conditional = conditional
        text = self.tr("Decode the same z as {a_class}")
        if not conditional:
            text = self.tr("Go to what this would be as {a_class}")
        for name, button in zip(self._names, self.buttons, strict=False):
            button.setToolTip(tooltip(text.replace("{a_class}", a_class(name))))

    @Slot(int)
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
            self.mix.show_weights(weights)
        else:
            chosen = {self._shown.now} if self._shown is not None else set()
        if self._is_listed:
            self.list.set_chosen(chosen)
        for index, (picture, button) in enumerate(zip(self.pictures, self.buttons, strict=True)):
            button.setChecked(index in chosen)
            picture.set_selected(index in chosen)
        if chosen != self._chosen:
            self._chosen = chosen
            if chosen:
                self._bring_into_view(min(chosen))

    def _bring_into_view(self, label: int) -> None:
        if self._is_listed:
            self.list.go_to(label)
        elif self._scroll is not None and label < len(self.pictures):  # or it waits for its classes
            self._scroll.ensureWidgetVisible(self.pictures[label])
            self._scroll.ensureWidgetVisible(self.buttons[label])

    # Pictures ------------------------------------------------------------------------------

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, LabelsResult):
            if result.request.snapshot is self.store.snapshot:
                self._show_pictures(result.images)
        elif isinstance(result, PointsResult) and result.request is self._asked:
            self._show_pictures(result.images)
        elif isinstance(result, AsClassesResult) and result.request is self._asked:
            self._shown = result
            self._show_pictures(result.images)
            self.explain.setText(self._explain_means(class_name(self._names, result.now)))
            self._check(self.store.state)

    def _explain_means(self, now: str) -> str:
        """Where the pictures of a model without labels come from."""
        if is_digit(now):
            text = self.tr(
                "What would this {now} be in another class? z − the mean of the {now}s + that of "
                "the others."
            )
            return text.format(now=now)
        text = self.tr(
            "This is most like {now}. What would it be in another class? z − the mean of that "
            "class + that of the other."
        )
        return text.replace("{now}", a_class(now))

    def _show_pictures(self, images: Image) -> None:
        if self._is_listed:
            if len(images) == len(self._asked_for):
                side = round(SIDE * self.devicePixelRatioF())
                self.list.set_pictures(self._asked_for, to_qimages(shrunk(images, side)))
            return
        for view, picture in zip(self.pictures, to_qimages(images), strict=False):
            view.set_picture(picture)
