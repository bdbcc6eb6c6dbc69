"""Directions: from one middle of codes to another, and the current point along that way."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.kept import MOST_NAME, KeptPoint, KeptVector
from vae_studio.session.requests import DirectionRequest, DirectionResult, Middle, Result
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.classes import class_name, in_short
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.class_box import ClassBox
from vae_studio.ui.widgets.hand_slider import HandSlider
from vae_studio.ui.widgets.picture_grid import PictureGrid
from vae_studio.ui.widgets.texts import muted_text

_SHARES = (-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0)  # of the way, for the pictures
_MIDDLE = _SHARES.index(0.0)
_LOW, _HIGH = -1.0, 2.0  # of the slider; 0 is the start of the way, 1 its end
_MORE = 0.25  # of the way
_REST = 60  # ms without a move, after which the pictures follow
_LANE = "direction"
_ALL, _MARKED, _ZERO = "all", "marked", "zero"
_LONGEST = 90  # px of a name beside the slider
_MOST_OF_NAME = (MOST_NAME - 3) // 2  # characters of each end in the name of a direction


class DirectionsPanel(Panel):
    """Two ends, or a direction that was kept; a slider, and buttons that add and subtract it."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._asked: DirectionRequest | None = None
        self._shown: DirectionResult | None = None
        self._offered: tuple[object, ...] | None = None
        self.start, self.end, self.kept = ClassBox(7), ClassBox(7), ClassBox(7)
        self.start.setAccessibleName(self.tr("From"))
        self.start.setToolTip(self.tr("Where the direction begins: the mean of these codes"))
        self.end.setAccessibleName(self.tr("To"))
        self.end.setToolTip(self.tr("Where it ends: the mean of these codes"))
        self.kept.setAccessibleName(self.tr("Kept directions"))
        self.kept.setToolTip(self.tr("A new direction, or one that was kept"))
        self._wanted: dict[ClassBox, object] = {self.start: _ALL, self.end: 0}  # as was chosen
        self.keep = tool_button(
            "mdi6.content-save-plus-outline",
            self.tr("Keep the direction"),
            self.tr("Keep this direction, to use it elsewhere"),
            self._keep,
        )
        self.rename = tool_button(
            "mdi6.rename-outline",
            self.tr("Rename the direction"),
            self.tr("Give the kept direction another name"),
            self._ask_name,
        )
        self.remove = tool_button(
            "mdi6.delete-outline",
            self.tr("Remove the direction"),
            self.tr("Keep this direction no longer"),
            self._remove,
        )
        self.arrow = QLabel("→")
        top = QHBoxLayout()
        top.addWidget(self.kept, 2)
        top.addWidget(self.start, 3)
        top.addWidget(self.arrow)
        top.addWidget(self.end, 3)
        for button in (self.keep, self.rename, self.remove):
            top.addWidget(button)
        self.less_name, self.more_name = QLabel(), QLabel()
        for name in (self.less_name, self.more_name):
            name.setProperty("role", "muted")
            name.setTextFormat(Qt.TextFormat.PlainText)
        self.slider = HandSlider(_LOW, _HIGH, 0.05, _MORE)
        self.slider.setAccessibleName(self.tr("Place along the direction"))
        self.slider.setToolTip(
            self.tr("How far the current point is on the way: 0 at its start, 1 at its end")
        )
        self.value = QLabel()
        self.value.setMinimumWidth(36)
        theme.tabular(self.value)
        along = QHBoxLayout()
        along.addWidget(self.less_name)
        along.addWidget(self.slider, 1)
        along.addWidget(self.more_name)
        along.addWidget(self.value)
        self.grid = PictureGrid(self.tr("The current point along the direction"))
        self.grid.setMinimumHeight(40)
        self.caption = muted_text()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addLayout(along)
        layout.addWidget(self.grid, 1)
        layout.addLayout(self._make_buttons())
        layout.addWidget(self.caption)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST)
        self._timer.timeout.connect(self._ask)
        self.start.activated.connect(self._choose_end)
        self.end.activated.connect(self._choose_end)
        self.kept.activated.connect(self._choose)
        self.slider.grabbed.connect(store.begin_gesture)
        self.slider.released.connect(store.end_gesture)
        self.slider.moved.connect(self._slide)
        self.grid.chosen.connect(self._go)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._take_model)
        store.atlas.surveyed.connect(self._take_model)
        store.answered.connect(self._take)
        self._offer()
        self._describe()

    def _make_buttons(self) -> QHBoxLayout:
        self.subtract = self._step_button(
            "mdi6.minus", self.tr("Subtract"), self.tr("z − the whole direction"), -1.0
        )
        self.less = self._step_button(
            "mdi6.chevron-left", self.tr("Less"), self.tr("A quarter of the direction less"), -_MORE
        )
        self.more = self._step_button(
            "mdi6.chevron-right",
            self.tr("More of this"),
            self.tr("A quarter of the direction more"),
            _MORE,
        )
        self.add = self._step_button(
            "mdi6.plus", self.tr("Add"), self.tr("z + the whole direction"), 1.0
        )
        self.unmark = push_button(
            "mdi6.selection-off",
            self.tr("Mark none"),
            self.tr("No test image is marked any longer"),
            self.store.keeper.mark_none,
        )
        buttons = QHBoxLayout()
        for button in (self.subtract, self.less, self.more, self.add):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.unmark)
        return buttons

    def _step_button(self, icon: str, text: str, tip: str, share: float) -> QPushButton:
        return push_button(icon, text, tip, lambda: self._step(share))

    def refresh(self) -> None:
        if self.on_screen:
            self.store.atlas.want()
            self._offer()
            self._timer.start()

    # The ends ------------------------------------------------------------------------------

    @Slot()
    def _take_model(self, *_: object) -> None:
        self.refresh()
        self._describe()

    def _offer(self) -> None:
        """Fill the boxes with what there is now; what was chosen stays, where it still is."""
        keeper, survey = self.store.keeper, self.store.atlas.survey
        names = self._names if survey is not None else ()
        marked = len(keeper.marked)
        points, vectors = keeper.points, keeper.vectors
        kept_ones = tuple(map(id, (*points, *vectors)))  # equal ones may be others
        offered = (survey is not None, names, marked, points, vectors, kept_ones)
        if offered == self._offered:
            return
        had_marks = self._offered is not None and self._offered[2]
        self._offered = offered
        ends: list[tuple[str, object]] = []
        if survey is not None:
            ends.append((self.tr("all images"), _ALL))
            if marked:
                ends.append((self.tr("{n} marked").format(n=marked), _MARKED))
            ends += [(self._class_text(names, label), label) for label in range(len(names))]
        ends.append((self.tr("the prior’s mean"), _ZERO))
        name = self.tr("point {name}")
        ends += [(name.replace("{name}", point.name), point) for point in points]
        if marked and not had_marks:
            self._wanted[self.end] = _MARKED  # they were marked for this
        for box, wanted in self._wanted.items():
            if isinstance(wanted, KeptPoint):  # perhaps under another name
                same = (p for p in points if (p.z, p.label) == (wanted.z, wanted.label))
                self._wanted[box] = wanted = next(same, wanted)
            box.offer(ends, wanted)
        chosen = self.kept.currentData()
        if self.kept.currentIndex() > 0 and self.kept.count() == len(vectors) + 1:
            chosen = vectors[self.kept.currentIndex() - 1]  # perhaps under another name
        kept: list[tuple[str, object]] = [(self.tr("New"), None)]
        kept += [(vector.name, vector) for vector in vectors]
        self.kept.offer(kept, chosen)
        self._enable()

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the classes of the data."""
        snapshot = self.store.snapshot
        return snapshot.class_names if snapshot is not None else ()

    def _class_text(self, names: tuple[str, ...], label: int) -> str:
        """A digit needs a word before it; words say what they are."""
        name = class_name(names, label)
        return name if len(name) > 2 else self.tr("class {label}").replace("{label}", name)

    def _choose_end(self) -> None:
        for box in self._wanted:
            self._wanted[box] = box.currentData()
        self._choose()

    def _choose(self) -> None:
        self._enable()
        self._timer.start()

    @property
    def _vector(self) -> KeptVector | None:
        """The kept direction that is chosen."""
        vector = self.kept.currentData()
        return vector if isinstance(vector, KeptVector) else None

    def _enable(self) -> None:
        vector = self._vector
        for widget in (self.start, self.arrow, self.end, self.keep):
            widget.setVisible(vector is None)
        self.rename.setVisible(vector is not None)
        self.remove.setVisible(vector is not None)
        self.unmark.setVisible(bool(self.store.keeper.marked))
        for label, word, box in (
            (self.less_name, self.tr("less"), self.start),
            (self.more_name, self.tr("more"), self.end),
        ):
            text = word if vector else box.currentText()
            elide = Qt.TextElideMode.ElideRight
            label.setText(label.fontMetrics().elidedText(text, elide, _LONGEST))
        usable = self._fitting() is not None
        for widget in (self.slider, self.subtract, self.less, self.more, self.add, self.keep):
            widget.setEnabled(usable)

    def _end_of(self, box: ClassBox) -> Middle:
        chosen, size = box.currentData(), len(self.store.state.latent.z)
        if chosen == _ALL or chosen is None:
            return None
        if chosen == _MARKED:
            return self.store.keeper.marked
        if chosen == _ZERO:
            return (0.0,) * size
        return chosen if isinstance(chosen, int) else tuple(chosen.z)

    # Pictures ------------------------------------------------------------------------------

    @Slot()
    def _ask(self) -> None:
        snapshot, latent = self.store.snapshot, self.store.state.latent
        if not self.on_screen or snapshot is None or not self.store.fits:
            return
        start, end = self._end_of(self.start), self._end_of(self.end)
        if (vector := self._vector) is not None:
            start, end = (0.0,) * len(latent.z), vector.entries
        survey = self.store.atlas.survey
        self._asked = DirectionRequest(snapshot, survey, latent, start, end, _SHARES)
        self.store.ask(_LANE, self._asked)

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if isinstance(result, DirectionResult) and result.request is self._asked:
            self._shown = result
            leads = self._fitting() is not None and result.images is not None
            images = result.images[np.newaxis] if leads and result.images is not None else None
            self.grid.set_images(images, (), (0, _MIDDLE))
            self._show_place(self.store.state)
            self._enable()
            self._describe()

    def _fitting(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Start and way of the direction that is shown; None where there is none that leads
        anywhere in the model on show."""
        shown = self._shown
        if shown is None or shown.start is None or shown.way is None:
            return None
        snapshot = self.store.snapshot
        if snapshot is None or shown.request.snapshot.run != snapshot.run or not self.store.fits:
            return None
        return (shown.start, shown.way) if float(shown.way @ shown.way) > 1e-9 else None

    def _describe(self) -> None:
        problem, shown = self.store.atlas.problem, self._shown
        if self._fitting() is not None and shown is not None and shown.way is not None:
            text = self.tr("{model} · the direction is {length:.2f} long")
            self.caption.setText(
                text.format(
                    model=snapshot_caption(shown.request.snapshot),
                    length=float(np.linalg.norm(shown.way)),
                )
            )
        elif problem is not None and self.kept.count() == 1:
            self.caption.setText(error_sentence(problem))
        elif shown is not None and shown.request.snapshot is self.store.snapshot:
            text = self.tr("Both ends are the same. Choose another one.")
            if not self._names and self.store.snapshot is not None and self.start.count() == 2:
                text = self.tr(
                    "These images have no classes to go between. Mark some of them on the map, or "
                    "keep points, and go from the ones to the others."
                )
            self.caption.setText(text)
        else:
            self.caption.setText(
                self.tr("Directions appear here once the model has looked at the test images.")
            )

    # The hand ------------------------------------------------------------------------------

    def _show_place(self, state: SessionState) -> None:
        """How far on the way the current point is: its projection."""
        fitting = self._fitting()
        if fitting is None or len(state.latent.z) != len(fitting[0]):
            self.value.clear()
            return
        start, way = fitting
        share = float((np.asarray(state.latent.z, np.float32) - start) @ way / (way @ way))
        self.value.setText(f"{share:.2f}".replace("-", "−"))
        self.slider.show_value(share)

    @Slot(float)
    def _slide(self, share: float) -> None:
        """Move along the direction until the projection is there."""
        fitting = self._fitting()
        if fitting is not None:
            start, way = fitting
            z = np.asarray(self.store.state.latent.z, np.float32)
            now = float((z - start) @ way / (way @ way))
            self.store.set_z((z + (share - now) * way).tolist())

    def _step(self, share: float) -> None:
        fitting = self._fitting()
        if fitting is not None:
            z = np.asarray(self.store.state.latent.z, np.float32)
            self.store.set_z((z + share * fitting[1]).tolist())

    @Slot(int, int)
    def _go(self, _row: int, column: int) -> None:
        shown = self._shown
        if shown is not None and shown.z is not None and self._fitting() is not None:
            self.store.set_z(shown.z[column].tolist())

    # What is kept --------------------------------------------------------------------------

    def _keep(self) -> None:
        fitting = self._fitting()
        if fitting is not None:
            ends = (in_short(box.currentText(), _MOST_OF_NAME) for box in (self.start, self.end))
            self.store.keeper.keep_vector(" → ".join(ends), fitting[1].tolist())
            self.kept.setCurrentIndex(self.kept.count() - 1)
            self._choose()

    def _remove(self) -> None:
        if (vector := self._vector) is not None:
            self.store.keeper.remove_vector(vector)

    def _ask_name(self) -> None:
        vector = self._vector
        if vector is None:
            return
        dialog = QInputDialog(self)
        dialog.setWindowTitle(self.tr("Rename the direction"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(vector.name)
        for edit in dialog.findChildren(QLineEdit):
            edit.setMaxLength(MOST_NAME)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(lambda name: self.store.keeper.rename_vector(vector, name))
        dialog.open()

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if not self.on_screen:
            return
        if new.kept is not old.kept or new.model != old.model:
            self._offer()
            self._timer.start()
        if new.latent != old.latent:
            self._show_place(new)
            if not self._timer.isActive():
                self._timer.start()
