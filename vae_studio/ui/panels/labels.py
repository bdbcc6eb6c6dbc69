"""The label picker of a conditional VAE: the same z in every class, a click takes one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.resources import bundled_path
from vae_studio.session.requests import LabelsRequest, LabelsResult, Result
from vae_studio.session.state import SessionState
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button
from vae_studio.ui.widgets.image_view import ImageView, to_qimages

_COLUMNS = 5


class LabelsPanel(Panel):
    """Ten pictures of one z; for a model without labels, the reason and a way to one with."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.pictures: list[ImageView] = []
        self.buttons: list[QToolButton] = []
        self._pages = QStackedWidget()
        self._pages.addWidget(self._make_reason())
        self._pages.addWidget(self._make_picker())
        layout = QVBoxLayout(self)
        layout.addWidget(self._pages)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_page)
        store.answered.connect(self._take)

    def _make_reason(self) -> QWidget:
        page = QWidget()
        layout = QVBoxLayout(page)
        self.reason = QLabel(self.tr("The labels of a conditional VAE appear here."))
        self.reason.setProperty("role", "empty")
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setWordWrap(True)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.open_cvae = push_button(
            "mdi6.folder-open-outline",
            self.tr("Open cvae"),
            self.tr("Open the conditional VAE that ships with the app"),
            lambda: self.store.open_model(bundled_path("checkpoints") / "cvae"),
        )
        layout.addStretch(1)
        layout.addWidget(self.reason)
        layout.addWidget(self.open_cvae, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(1)
        return page

    def _make_picker(self) -> QWidget:
        page = QWidget()
        outer = QVBoxLayout(page)
        outer.setContentsMargins(0, 0, 0, 0)
        explain = QLabel(self.tr("The same z in every class. Keys 0 to 9 pick one."))
        explain.setProperty("role", "muted")
        explain.setWordWrap(True)
        outer.addWidget(explain)
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        outer.addLayout(self._grid, 1)
        return page

    def refresh(self) -> None:
        snapshot, z = self.store.snapshot, self.store.state.latent.z
        if not self.on_screen or snapshot is None or not snapshot.spec.conditional:
            return
        if len(z) == snapshot.spec.latent_dim:
            self.store.ask("labels", LabelsRequest(snapshot, z))

    @Slot(object)
    def _show_page(self, snapshot: object) -> None:
        assert self.store.snapshot is not None
        classes = self.store.snapshot.spec.num_classes
        if classes:
            self._make_buttons(classes)
            self._pages.setCurrentIndex(1)
            self._check(self.store.state)
        else:
            self.reason.setText(
                self.tr(
                    "{name} was trained without labels, so it cannot be told which digit."
                ).format(name=self.store.snapshot.name)
            )
            self._pages.setCurrentIndex(0)
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
            picture.clicked.connect(lambda index=index: self.store.set_label(index))
            picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the button below has it
            button = QToolButton()
            button.setText(str(index))
            button.setCheckable(True)
            button.setAccessibleName(self.tr("Label {label}").format(label=index))
            button.setToolTip(self.tr("Decode the same z as a {label}").format(label=index))
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

    def _pick(self, index: int) -> None:
        self.store.set_label(index)
        self._check(self.store.state)  # a click on the checked one keeps it checked

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.latent.label != old.latent.label:
            self._check(new)
        if new.latent.z != old.latent.z:
            self.refresh()

    def _check(self, state: SessionState) -> None:
        weights = state.latent.label or ()
        for index, (picture, button) in enumerate(zip(self.pictures, self.buttons, strict=True)):
            chosen = index < len(weights) and weights[index] == max(weights)
            button.setChecked(chosen)
            picture.set_selected(chosen)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, LabelsResult) and result.request.snapshot is self.store.snapshot:
            for view, picture in zip(self.pictures, to_qimages(result.images), strict=False):
                view.set_picture(picture)
