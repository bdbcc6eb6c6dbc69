"""The test images: browsed by class, by what they cost the model, or by nearness to the point."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QSize,
    Qt,
    QTimer,
    Slot,
)
from PySide6.QtGui import (
    QAction,
    QGuiApplication,
    QKeySequence,
)
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QListView, QVBoxLayout, QWidget

from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing import ImageRef
from vae_studio.session.requests import NearRequest, NearResult, Result
from vae_studio.session.state import SessionState
from vae_studio.ui.captions import unit
from vae_studio.ui.classes import class_name
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.images_model import ImagesModel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.class_box import ClassBox
from vae_studio.ui.widgets.picture_actions import Sheet, add_picture_actions
from vae_studio.ui.widgets.texts import muted_text

NEAREST, BEST, WORST, IN_ORDER = range(4)  # places in the box of orders
_NEAR = 120  # images that are shown by nearness
_REST = 100  # ms between two looks for the nearest, while the point moves
_SHEET, _SHEET_COLUMNS = 100, 10  # images that are copied or saved together


class ImagesPanel(Panel):
    """A click, or Enter, makes an image the input, and its code the current point. With Ctrl, a
    click marks it, or no longer."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        self._built = False  # Qt tells of a change of style before
        super().__init__(store, parent)
        self._asked: NearRequest | None = None
        self.order = QComboBox()
        self.order.addItems(
            [
                self.tr("Nearest to the point"),
                self.tr("Best first"),
                self.tr("Worst first"),
                self.tr("In order"),
            ]
        )
        self.order.setAccessibleName(self.tr("Order of the test images"))
        self.order.setToolTip(
            self.tr(
                "Nearest: by the distance of their codes to the current point. Best and worst: by "
                "reconstruction + KL at their mean"
            )
        )
        self._names: tuple[str, ...] = ()
        self.label = ClassBox(10)
        self.label.addItem(self.tr("All classes"))
        self.label.setAccessibleName(self.tr("Class of the test images"))
        self.label.setToolTip(self.tr("Show the images of one class only"))
        self.images = ImagesModel(self)
        self.list = QListView()
        self.list.setModel(self.images)
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setLayoutMode(QListView.LayoutMode.Batched)
        self.list.setBatchSize(400)
        self.list.setUniformItemSizes(True)
        self.list.setSpacing(0)
        self.list.setIconSize(QSize(self.images.side, self.images.side))
        self.list.setAccessibleName(self.tr("Test images"))
        self.list.setToolTip(
            self.tr("A click makes an image the input; with Ctrl it marks it, for a direction")
        )
        self.mark = QAction(self.tr("Mark, or no longer"), self.list)
        self.mark.setShortcut(QKeySequence("X"))
        self.mark.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.mark.triggered.connect(lambda: self._mark(self.list.currentIndex()))
        self.list.addAction(self.mark)
        add_picture_actions(self.list, self._sheet)
        self.list.clicked.connect(self._take_click)
        self.list.activated.connect(self._choose)
        self.caption = muted_text()
        top = QHBoxLayout()
        top.addWidget(self.order, 1)
        top.addWidget(self.label)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.caption)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self._ask_nearest)
        self.order.currentIndexChanged.connect(self._show)
        self.label.currentIndexChanged.connect(self._show)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self.refresh)
        store.atlas.surveyed.connect(self._show)
        store.answered.connect(self._take)
        self._built = True
        self._show()

    def refresh(self) -> None:
        if self.on_screen:
            self.store.atlas.want()
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.StyleChange and self._built:
            self.images.forget_pictures()

    @Slot()
    def _show(self) -> None:
        """The images in the order that was chosen; the nearest come as an answer."""
        survey = self.store.atlas.survey
        self.images.set_marked(self.store.keeper.marked)
        self._name_classes()
        self.order.setEnabled(survey is not None)
        self.label.setEnabled(survey is not None)
        if survey is None:
            self._asked = None
            problem = self.store.atlas.problem
            self.images.show_images(None, [], [], "")
            self.caption.setText(
                self.tr("The test images appear here once the model has looked at them.")
                if problem is None
                else error_sentence(problem)
            )
            return
        if not self.on_screen:
            return
        if self.order.currentIndex() == NEAREST:
            self._ask_nearest()
            return
        chosen = np.arange(len(survey))
        if self.label.currentIndex() > 0:
            chosen = np.flatnonzero(survey.labels == self.label.currentIndex() - 1)
        values: list[float] = []
        if self.order.currentIndex() != IN_ORDER:
            sign = -1.0 if self.order.currentIndex() == WORST else 1.0
            chosen = chosen[np.argsort(sign * survey.loss[chosen], kind="stable")]
            values = survey.loss[chosen].tolist()
        self._show_images(survey, chosen.tolist(), values)
        text = self.tr("{n} images. A click makes one the input.")
        if values:
            text = self.tr("{n} images, with reconstruction + KL. A click makes one the input.")
        self.caption.setText(text.format(n=len(chosen)))

    def _show_images(self, survey: Survey, indices: list[int], values: list[float]) -> None:
        snapshot = self.store.snapshot
        unit_name = unit(snapshot.spec) if snapshot is not None else ""
        self.images.show_images(survey, indices, values, unit_name)
        self.list.setIconSize(QSize(self.images.side, self.images.side))

    def _name_classes(self) -> None:
        """The box offers the classes of the data; there is none where they have none."""
        snapshot = self.store.snapshot
        names = snapshot.class_names if snapshot is not None else ()
        self.label.setVisible(bool(names))
        if names != self._names:
            self._names = names
            self.images.set_names(names)
            listed = [class_name(names, label) for label in range(len(names))]
            everything: list[tuple[str, object]] = [(self.tr("All classes"), None)]
            self.label.offer([*everything, *zip(listed, range(len(names)), strict=True)], None)

    @Slot()
    def _ask_nearest(self) -> None:
        survey, z = self.store.atlas.survey, self.store.state.latent.z
        if not self.on_screen or survey is None or self.order.currentIndex() != NEAREST:
            return
        if len(z) == survey.mu.shape[1]:
            label = self.label.currentIndex() - 1
            self._asked = NearRequest(survey, z, _NEAR, label if label >= 0 else None)
            self.store.ask("near", self._asked)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, NearResult) and result.request is self._asked:
            if self.order.currentIndex() != NEAREST:
                return
            survey = result.request.survey
            self._show_images(survey, list(result.indices), list(result.away))
            self.list.scrollToTop()
            self.caption.setText(
                self.tr("The {n} nearest, with the distance of their codes.").format(
                    n=len(result.indices)
                )
            )

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.kept.marked != old.kept.marked or new.model != old.model:
            self.images.set_marked(self.store.keeper.marked)
        if self.on_screen and new.latent.z != old.latent.z and not self._timer.isActive():
            self._timer.start()

    @Slot(QModelIndex)
    def _take_click(self, index: QModelIndex) -> None:
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            self._mark(index)
        else:
            self._choose(index)

    def _mark(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self.images.indices):
            image = self.images.indices[index.row()]
            self.store.keeper.mark([image], image not in self.store.keeper.marked)

    def _sheet(self) -> Sheet | None:
        """The first images of the list, for a file."""
        survey, shown = self.store.atlas.survey, self.images.indices[:_SHEET]
        if survey is None or not shown:
            return None
        return Sheet(survey.images[shown].astype(np.float32) / 255.0, _SHEET_COLUMNS)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        survey, snapshot = self.store.atlas.survey, self.store.snapshot
        if survey is None or snapshot is None or index.row() >= len(self.images.indices):
            return
        image = self.images.indices[index.row()]
        ref = ImageRef(snapshot.config.dataset, "test", image)
        self.store.set_image(ref, int(survey.labels[image]) if self._names else None)
