"""Draw a digit; the model reconstructs it while it is drawn."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.core.errors import DrawingError
from vae_studio.core.likeness import Likeness
from vae_studio.core.pixel_loss import pixel_loss
from vae_studio.session.requests import EncodeResult
from vae_studio.session.state import SessionState
from vae_studio.session.strokes import MOST_INK, MOST_STROKE_POINTS
from vae_studio.ui.captions import snapshot_caption, unit
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.draw.canvas import Canvas
from vae_studio.ui.panels.draw.found import FoundStrip
from vae_studio.ui.panels.draw.toolbar import Toolbar
from vae_studio.ui.panels.draw.tools import Tool
from vae_studio.ui.panels.draw.way import WayView
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.compare_view import CompareView
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.ui.widgets.texts import muted_text

_WIDE = 440  # px
_MARGIN = 8  # px
_CANVAS = 0.45  # of the panel's height, at most


class DrawPanel(Panel):
    """Canvas and tools; the drawing's way to MNIST; input and reconstruction compared."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._ground_of: tuple[object, object] | None = None  # what the canvas shows
        self.canvas = Canvas()
        self.canvas.pressed.connect(store.begin_gesture)
        self.canvas.released.connect(store.end_gesture)
        self.canvas.edited.connect(store.set_strokes)
        self.canvas.turned.connect(store.set_strokes)
        self.canvas.given_back.connect(store.give_back_gesture)
        self.canvas.filled.connect(self._say_full)
        self.toolbar = Toolbar(store, self.canvas.pen_width)
        self.toolbar.tool_chosen.connect(self.canvas.set_tool)
        self.toolbar.width_chosen.connect(self.canvas.set_pen_width)
        self.toolbar.clear_wanted.connect(self.clear_canvas)
        self.found = FoundStrip(store)
        self.way = WayView()
        self.way.steps_chosen.connect(store.set_steps)
        self.compare = CompareView()
        self.compare.placeholder = self.tr("Input and reconstruction appear as you draw.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addWidget(self.canvas)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.found)
        layout.addLayout(self._make_label_row())
        self._below = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._below.addWidget(self.way)
        self._below.addWidget(self.compare, 1)
        layout.addLayout(self._below, 1)
        layout.addLayout(self._make_texts())
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_labels)
        store.reconstructed.connect(self._show_reconstruction)
        store.encoded.connect(self._show)
        store.likenesses.changed.connect(self._show_likeness)

    def _make_label_row(self) -> QHBoxLayout:
        self._label_name = QLabel(self.tr("Read as"))
        self._label_name.setProperty("role", "muted")
        self.label = QComboBox()
        self.label.setAccessibleName(self.tr("Class of the drawing"))
        self.label.setToolTip(
            self.tr(
                "Which class the encoder is told. Auto takes the one under which the drawing "
                "costs the model least"
            )
        )
        self.label.activated.connect(self._choose_label)
        self._label_name.hide()
        self.label.hide()
        row = QHBoxLayout()
        row.addWidget(self._label_name)
        row.addWidget(self.label, 1)
        return row

    def _make_texts(self) -> QVBoxLayout:
        self.figures = muted_text()
        self.figures.setToolTip(
            self.tr(
                "Reconstruction: −log p(x | z = μ), summed over pixels. "
                "KL: ½ Σ (μ² + σ² − 1 − log σ²), summed over dimensions"
            )
        )
        self.likeness = muted_text()
        self.likeness.setToolTip(
            self.tr(
                "How many of the test images cost this model less than your input. What it never "
                "saw costs more, and its code means little"
            )
        )
        keeps = self.likeness.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)  # or the canvas would change its size under the hand
        self.likeness.setSizePolicy(keeps)
        self.likeness.hide()
        self.caption = muted_text()
        column = QVBoxLayout()
        column.setSpacing(2)
        for text in (self.likeness, self.figures, self.caption):
            column.addWidget(text)
        return column

    def refresh(self) -> None:
        if self.on_screen and self.store.state.input is not None:
            self.store.likenesses.want()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A wide panel has the way beside the comparison, a narrow one above it. The canvas is as
        large as the panel allows, whatever the texts say: nothing moves under a hand."""
        super().resizeEvent(event)
        side = min(self.contentsRect().width() - 2 * _MARGIN, round(_CANVAS * self.height()))
        self.canvas.setFixedHeight(max(self.canvas.minimumWidth(), side))
        wide = self.width() >= _WIDE
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if direction != self._below.direction():
            self._below.setDirection(direction)
            self.way.set_columns(2 if wide else 4)

    # Tools ----------------------------------------------------------------------------------

    def use_pen(self) -> None:
        """Draw."""
        self.toolbar.take(Tool.PEN)

    def use_eraser(self) -> None:
        """Rub out."""
        self.toolbar.take(Tool.ERASER)

    def use_stroke_eraser(self) -> None:
        """Take away whole strokes."""
        self.toolbar.take(Tool.STROKE_ERASER)

    def use_mover(self) -> None:
        """Move and scale what is drawn."""
        self.toolbar.take(Tool.MOVE)

    def change_size(self, steps: int) -> None:
        """A thicker or a thinner pen."""
        slider = self.toolbar.size_slider
        slider.setValue(slider.value() + steps)

    def clear_canvas(self) -> None:
        """Take all away; undo brings it back."""
        self.store.clear_input()

    @Slot()
    def _say_full(self) -> None:
        points, ink = f"{MOST_STROKE_POINTS:,}", f"{MOST_INK:,.0f}"
        self.store.noticed.emit(DrawingError("drawing.full", points=points, length=ink))

    # The class ------------------------------------------------------------------------------

    @Slot(int)
    def _choose_label(self, index: int) -> None:
        self.store.set_input_label(None if index == 0 else index - 1)

    @Slot(object)
    def _show_labels(self, snapshot: object) -> None:
        assert self.store.snapshot is not None
        classes = self.store.snapshot.spec.num_classes
        self._label_name.setVisible(classes > 0)
        self.label.setVisible(classes > 0)
        if classes and self.label.count() != classes + 1:
            with QSignalBlocker(self.label):
                self.label.clear()
                self.label.addItems([self.tr("Auto"), *map(str, range(classes))])
        self.refresh()

    def _name_auto(self, guess: int | None) -> None:
        if self.label.count():
            text = self.tr("Auto")
            if guess is not None:
                text = self.tr("Auto: {digit}").format(digit=guess)
            self.label.setItemText(0, text)

    # What it shows --------------------------------------------------------------------------

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        given = new.input
        on_picture = given is not None and given.has_picture
        if given != old.input:
            self.canvas.render_strokes(given.strokes if given else (), on_picture)
            self.toolbar.clear.setEnabled(given is not None)
            if not on_picture:
                self.canvas.show_image(None)
        if given != old.input or new.steps != old.steps:
            self.way.render_steps(new.steps, on_picture)
        chosen = given.label if given else None
        with QSignalBlocker(self.label):
            self.label.setCurrentIndex(0 if chosen is None else chosen + 1)
        if given is None and old.input is not None:
            self.compare.set_images(None, None)
            self.way.show_way(None, None, None)
            for text in (self.figures, self.caption):
                text.clear()
            self.likeness.hide()
            self._name_auto(None)
        elif old.input is None:
            self.refresh()

    @Slot(object)
    def _show_reconstruction(self, result: EncodeResult) -> None:
        """Painted at once: what else the window has to do would take a frame."""
        snapshot = result.request.snapshot
        spec = snapshot.spec
        loss = pixel_loss(result.image, result.x_hat, spec.likelihood, snapshot.variance)
        self.compare.set_images(result.image, result.x_hat, loss, unit(spec))
        self.compare.canvas.repaint()

    @Slot(object)
    def _show(self, result: EncodeResult) -> None:
        snapshot, given = result.request.snapshot, result.request.input
        spec = snapshot.spec
        shown = self.store.state.input
        same = shown is not None and (shown.image, shown.pixels) == (given.image, given.pixels)
        if given.has_picture and result.ground is not None and same:
            self._show_ground(result)
        self.way.show_way(given, result.way, self.compare.input_image)
        self.figures.setText(
            self.tr("reconstruction {recon:.1f} {unit} + KL {kl:.1f} nats").format(
                recon=result.terms.reconstruction, unit=unit(spec), kl=result.terms.kl
            )
        )
        self.caption.setText(snapshot_caption(snapshot))
        guessed = given.label is None and result.label is not None
        self._name_auto(result.label.index(max(result.label)) if guessed and result.label else None)
        self._show_likeness()

    def _show_ground(self, result: EncodeResult) -> None:
        """The picture is made once, not for each stroke on it."""
        key = (result.request.input.image, result.request.input.pixels)
        if key != self._ground_of or self.canvas.image is None:
            assert result.ground is not None
            self._ground_of = key
            self.canvas.show_image(to_qimage(result.ground))

    @Slot()
    def _show_likeness(self) -> None:
        code = self.store.last_encoded
        found = self.store.likenesses.of(code) if code is not None else None
        self.likeness.setVisible(found is not None)
        if found is not None:
            self.likeness.setText(self._likeness_text(found))
            role = "problem" if found.unlike else "muted"
            if self.likeness.property("role") != role:
                self.likeness.setProperty("role", role)
                self.likeness.style().unpolish(self.likeness)
                self.likeness.style().polish(self.likeness)

    def _likeness_text(self, found: Likeness) -> str:
        reasons = {
            "empty": self.tr("there is no ink"),
            "too_thick": self.tr("too thick"),
            "too_thin": self.tr("too thin"),
            "off_centre": self.tr("off centre"),
            "too_large": self.tr("too large"),
            "too_small": self.tr("too small"),
            "many_parts": self.tr("in too many parts"),
            "not_a_digit": self.tr("not a digit"),
        }
        share = self.tr("above {share:.0f} % of the test set").format(share=found.percentile)
        if not found.unlike:
            return self.tr("Like MNIST: {share}").format(share=share)
        why = ", ".join(reasons[reason] for reason in found.reasons[:2])
        return self.tr("Unlike MNIST: {why}; {share}").format(why=why, share=share)
