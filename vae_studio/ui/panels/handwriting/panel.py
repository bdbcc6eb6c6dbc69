"""One hand, every class: z of the input, decoded under each label of a conditional model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QAction, QImage
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vae_studio.core.resources import bundled_path
from vae_studio.session.drawing_requests import TransferRequest, TransferResult
from vae_studio.session.state import SessionState, with_point
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.classes import a_class, class_name, in_short, is_digit
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.handwriting.tiles import Tiles, TileScroll
from vae_studio.ui.panels.runs.texts import tooltip
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.class_box import ClassBox
from vae_studio.ui.widgets.picture_actions import Sheet, add_film_action, add_picture_actions
from vae_studio.ui.widgets.qimages import to_qimages
from vae_studio.ui.widgets.texts import muted_text

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

_FRAME_MS = 400  # that each picture of the film is shown
_EMPTY, _TILES = range(2)  # pages
_MOST = 100  # classes: each is a picture


class HandwritingPanel(Panel):
    """Made by the model on show; where that is not told the class and its images are digits, by the
    conditional one that ships. Where neither can, the reason."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._asked: TransferRequest | None = None
        self._shown: TransferResult | None = None
        self._shipped: Snapshot | None = None  # the model that ships, once it was needed
        self._going: tuple[TransferResult, int] | None = None  # there, once its model is here
        self.empty = QLabel()
        self.empty.setTextFormat(Qt.TextFormat.PlainText)
        self.empty.setProperty("role", "empty")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.tiles = Tiles()
        self._picture = add_picture_actions(self.tiles, self._sheet)
        self._film = add_film_action(self.tiles, self._frames, _FRAME_MS)
        self._save_all = QAction(self.tr("Save all side by side as PNG…"), self)
        self._save_all.triggered.connect(self._picture.ask)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addLayout(self._make_head())
        inner.addWidget(TileScroll(self.tiles), 1)
        self.caption = muted_text()
        inner.addWidget(self.caption)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self._pages)
        store.encoded.connect(self.refresh)
        store.snapshot_changed.connect(self._take_snapshot)
        store.state_changed.connect(self._render)
        store.answered.connect(self._take)
        store.failed.connect(self._stay)
        self._show_reason()

    def _make_head(self) -> QHBoxLayout:
        name = QLabel(self.tr("Read as"))
        name.setProperty("role", "muted")
        self.label = ClassBox(8)
        self.label.addItem(self.tr("Auto"))
        self.label.setAccessibleName(self.tr("Class of the drawing"))
        self.label.setToolTip(
            self.tr(
                "Which class the encoder is told. Auto takes the one under which the drawing "
                "costs the model least"
            )
        )
        self.label.activated.connect(self._choose_label)
        self.save = tool_button(
            "mdi6.image-outline",
            self.tr("Save as a picture"),
            self.tr("Save the input and all classes side by side as PNG"),
            self._picture.ask,
        )
        self.film = tool_button(
            "mdi6.movie-open-outline",
            self.tr("Save as a film"),
            self.tr("Save the input and all classes, one after the other, as GIF"),
            self._film.ask,
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(name)
        row.addWidget(self.label)
        row.addStretch(1)
        row.addWidget(self.save)
        row.addWidget(self.film)
        return row

    # Asking --------------------------------------------------------------------------------

    @Slot()
    def refresh(self, *_: object) -> None:
        given = self.store.state.input
        model = self._model()
        if model is None:
            self._asked = self._shown = None
            self._show_reason()
        elif self.on_screen and given is not None:
            self._asked = TransferRequest(model, given)
            self.store.ask("transfer", self._asked)

    def _model(self) -> Snapshot | Path | None:
        """The model that is to write; None where there is none that can."""
        snapshot = self.store.snapshot
        if snapshot is None:
            return None
        if snapshot.spec.conditional:
            return snapshot if snapshot.spec.num_classes <= _MOST else None
        names = snapshot.class_names
        if snapshot.spec.image_shape != (1, 28, 28) or not all(map(is_digit, names)):
            return None
        if not names and snapshot.data is not None:  # known to have none
            return None
        return self._shipped or bundled_path("checkpoints") / "cvae"

    def _show_reason(self) -> None:
        """What is missing: something to write as each class, or a model that can."""
        snapshot = self.store.snapshot
        text = self.tr(
            "Draw a digit: all the others, as the same hand would write them, appear here."
        )
        if snapshot is not None and not all(map(is_digit, snapshot.class_names)):
            text = self.tr("Draw, or take a test image: the same in every class appears here.")
        if snapshot is None or self._model() is not None:
            pass
        elif snapshot.spec.conditional:
            text = self.tr(
                "{n} classes are too many to stand side by side. Labels has them all, at the "
                "current point."
            ).format(n=snapshot.spec.num_classes)
        elif snapshot.class_names:
            text = self.tr(
                "{name} is not told the class, and so cannot make another of the input. Train a "
                "model with classes on these images."
            ).replace("{name}", snapshot.name)
        else:
            text = self.tr(
                "The images that {name} learnt have no labels: there are no classes to make of "
                "the input."
            ).replace("{name}", snapshot.name)
        self.empty.setText(text)
        self._pages.setCurrentIndex(_EMPTY)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        given = new.input
        if given is None:
            self._asked = self._shown = self._going = None
            self._show_reason()
        elif old.input is None:
            self.refresh()  # also where the model on show cannot encode it
        self._show_label()

    @Slot(str, object)
    def _take(self, lane: str, result: object) -> None:
        """Answers come in the order of the questions; while a pen is fast, none is the last."""
        if not isinstance(result, TransferResult) or self._asked is None:
            return
        if isinstance(result.request.model, Path) and self._shipped is None:
            self._shipped = result.snapshot
        model = self._model()  # read twice where two questions were under way
        if model is not None and not isinstance(model, Path) and model.id == result.snapshot.id:
            self._show(result)

    # Showing -------------------------------------------------------------------------------

    def _show(self, result: TransferResult) -> None:
        self._shown, read = result, _read_as(result)
        if self.tiles.names != result.snapshot.class_names:
            self._make_tiles(result.snapshot.class_names)
        self.tiles.input.set_image(result.image)
        here = result.snapshot is self.store.snapshot
        tip = self.tr("Go to this hand’s z as {a_class}")
        if not here:
            tip = self.tr("Open {model} at this hand’s z as {a_class}")
        tip = tip.replace("{model}", result.snapshot.name)
        names = result.snapshot.class_names
        pictures: list[QImage] = to_qimages(result.images)
        for index, (tile, picture) in enumerate(zip(self.tiles.classes, pictures, strict=True)):
            tile.set_picture(picture)
            tile.set_selected(index == read)
            name = a_class(class_name(names, index))
            tile.setToolTip(tooltip(tip.replace("{a_class}", name)))
        self.caption.setText(self._caption(result, read, here))
        auto = self.tr("Auto")
        if result.request.input.label is None:
            name = in_short(class_name(names, read))
            auto = self.tr("Auto: {label}").replace("{label}", name)
        self.label.setItemText(0, auto)
        self._pages.setCurrentIndex(_TILES)

    def _caption(self, result: TransferResult, read: int, here: bool) -> str:
        text = self.tr("{model} · told that it is {a_class}")
        if result.request.input.label != read:
            text = self.tr("{model} · reads it as {a_class}")
        shown = self.store.snapshot
        if not here and shown is not None:
            text += " · " + self.tr("{shown} has no labels").replace("{shown}", shown.name)
        name = a_class(class_name(result.snapshot.class_names, read))
        text = text.replace("{model}", snapshot_caption(result.snapshot))
        return text.replace("{a_class}", name)

    def _make_tiles(self, names: tuple[str, ...]) -> None:
        self.tiles.set_names(names)
        for index, tile in enumerate(self.tiles.classes):
            tile.clicked.connect(partial(self._go, index))
            tile.addActions([self._save_all, self._film.action])
        listed = [class_name(names, label) for label in range(len(names))]
        auto: list[tuple[str, object]] = [(self.tr("Auto"), None)]
        self.label.offer([*auto, *zip(listed, range(len(names)), strict=True)], None)
        self._show_label()

    def _show_label(self) -> None:
        given = self.store.state.input
        label = None if given is None else given.label
        row = 0 if label is None else label + 1
        with QSignalBlocker(self.label):
            self.label.setCurrentIndex(row if row < self.label.count() else 0)

    @Slot(int)
    def _choose_label(self, row: int) -> None:
        self.store.set_input_label(None if row == 0 else row - 1)

    # The hand ------------------------------------------------------------------------------

    def _go(self, index: int) -> None:
        """Make that picture the current point; its model opens for it where it is not on show."""
        shown = self._shown
        if shown is None:
            return
        if shown.snapshot is self.store.snapshot:
            self.store.set_point(shown.z, _one_hot(index, len(shown.images)))
        else:
            self._going = shown, index
            self.store.open_model(shown.snapshot.run)

    @Slot(object)
    def _take_snapshot(self, snapshot: Snapshot) -> None:
        going, self._going = self._going, None
        if going is not None and self.store.fits:
            shown, index = going
            state = self.store.state
            is_there = snapshot.run == shown.snapshot.run and snapshot.spec == shown.snapshot.spec
            if is_there and state.input == shown.request.input:
                # No step of its own: opening the model was one
                label = _one_hot(index, len(shown.images))
                self.store.glide(with_point(state, shown.z, label))
        self.refresh()

    @Slot(object)
    def _stay(self, error: object) -> None:
        """The model may not have opened: nobody goes there later, by surprise."""
        self._going = None

    # Files ---------------------------------------------------------------------------------

    def _sheet(self) -> Sheet | None:
        """The input and the classes, side by side."""
        frames = self._frames()
        return None if frames is None else Sheet(frames, len(frames))

    def _frames(self) -> NDArray[np.float32] | None:
        shown = self._shown
        return None if shown is None else np.concatenate([shown.image[np.newaxis], shown.images])


def _read_as(result: TransferResult) -> int:
    return result.label.index(max(result.label))


def _one_hot(index: int, count: int) -> tuple[float, ...]:
    return tuple(float(other == index) for other in range(count))
