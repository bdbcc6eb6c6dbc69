"""Draw what the model knows; it reconstructs it while it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

from vae_studio.core.errors import DrawingError
from vae_studio.core.pixel_loss import pixel_loss
from vae_studio.session.drawing import sheet_for
from vae_studio.session.requests import EncodeResult
from vae_studio.session.state import SessionState
from vae_studio.session.strokes import MOST_INK, MOST_STROKE_POINTS
from vae_studio.ui.captions import snapshot_caption, unit
from vae_studio.ui.completer import same_picture
from vae_studio.ui.drawing_words import as_it_stands, of_digits
from vae_studio.ui.likeness import likeness_text
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.draw.canvas import Canvas
from vae_studio.ui.panels.draw.found import FoundStrip
from vae_studio.ui.panels.draw.read_as import ReadAs
from vae_studio.ui.panels.draw.toolbar import Toolbar
from vae_studio.ui.panels.draw.tools import Tool
from vae_studio.ui.panels.draw.way import WayView
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.colour_row import ColourRow
from vae_studio.ui.widgets.compare_view import CompareView
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.ui.widgets.texts import muted_text

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot

_WIDE = 440  # px
_MARGIN = 8  # px
_CANVAS = 0.45  # of the panel's height, at most


class DrawPanel(Panel):
    """Canvas and tools; a digit's way to MNIST, or that a drawing is taken as it stands; input and
    reconstruction compared."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._ground_of: tuple[object, ...] | None = None  # what the canvas shows
        self._sheet, self._run = store.sheet, ""
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
        self.colours = ColourRow(store.pen)
        self.colours.chosen.connect(self.use_pen)
        store.pen.changed.connect(self._take_colour)
        self.found = FoundStrip(store)
        self.read_as = ReadAs()
        self.read_as.chosen.connect(store.set_input_label)
        self.label = self.read_as.box
        self.way = WayView()
        self.way.steps_chosen.connect(store.set_steps)
        self.compare = CompareView()
        self.compare.placeholder = self.tr("Input and reconstruction appear as you draw.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.addWidget(self.canvas)
        layout.addWidget(self.toolbar)
        layout.addWidget(self.colours)
        layout.addWidget(self.found)
        layout.addWidget(self.read_as)
        self.stands = muted_text()
        layout.addWidget(self.stands)
        self._below = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._below.addWidget(self.way)
        self._below.addWidget(self.compare, 1)
        layout.addLayout(self._below, 1)
        layout.addLayout(self._make_texts())
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_snapshot)
        store.refused.connect(self._show_refusal)
        store.reconstructed.connect(self._show_reconstruction)
        store.encoded.connect(self._show)
        store.likenesses.changed.connect(self._show_likeness)
        self._show_sheet()
        self._catch_up()

    def _catch_up(self) -> None:
        """With what is there already."""
        store, code = self.store, self.store.last_encoded
        if store.snapshot is None:
            return
        self._show_snapshot(store.snapshot)
        self._render(store.state, SessionState())
        if code is not None and code.request.input == store.state.input:
            self._show_reconstruction(code)
            self._show(code)

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

    # The model ------------------------------------------------------------------------------

    @Slot(object)
    def _show_snapshot(self, snapshot: Snapshot) -> None:
        if self.store.sheet != self._sheet:
            self._sheet = self.store.sheet
            self._clear_pictures()  # of another size, perhaps
            self._ground_of = None
            self.canvas.show_image(None)
        if snapshot.run != self._run:
            self._run = snapshot.run
            self.canvas.refuse("")
        self._show_sheet()
        self.read_as.show_model(snapshot)
        self.refresh()

    def _show_sheet(self) -> None:
        """Paper, pen, and what is said of the drawing, as the model on show has it."""
        sheet, snapshot = self._sheet, self.store.snapshot
        self.canvas.set_sheet(sheet)
        self._take_colour()
        self.colours.set_ink(sheet.ink)
        self.colours.setVisible(sheet.colourful)
        self.toolbar.show_way(sheet.digits)
        self.way.setVisible(sheet.digits)
        self.stands.setVisible(not sheet.digits)
        if snapshot is not None and not sheet.digits:
            self.stands.setText(as_it_stands(snapshot))
        words = (
            self.tr("Draw here"),
            self.tr("Draw; the model reconstructs it as you draw"),
            self.tr("the box of a whole one"),
        )
        if of_digits(snapshot):
            words = (
                self.tr("Draw a digit here"),
                self.tr("Draw a digit; the model reconstructs it as you draw"),
                self.tr("a whole digit’s box"),
            )
        self.canvas.set_words(*words)

    @Slot()
    def _take_colour(self) -> None:
        """Without colours, all is drawn in the ink of the paper."""
        self.canvas.colour = self.store.pen.colour if self._sheet.colourful else None

    @Slot()
    def _show_refusal(self) -> None:
        """The picture stays the input, for a model that takes it."""
        assert self.store.snapshot is not None
        self._clear_pictures()
        self._ground_of = None
        self.canvas.show_image(None)
        text = self.tr("{name} cannot take this picture. Clear it to draw, or open another model.")
        self.canvas.refuse(text.replace("{name}", self.store.snapshot.name))

    def _clear_pictures(self) -> None:
        """Nothing is known of the input."""
        self.compare.set_images(None, None)
        self.way.show_way(None, None, None)
        for text in (self.figures, self.caption):
            text.clear()
        self.likeness.hide()
        self.read_as.show_guess(None)

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
            if not same_picture(given, old.input):
                self.canvas.refuse("")
        if given != old.input or new.steps != old.steps:
            self.way.render_steps(new.steps, on_picture)
        self.read_as.show_input(given)
        if given is None and old.input is not None:
            self._clear_pictures()
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
        guess = result.label.index(max(result.label)) if guessed and result.label else None
        self.read_as.show_guess(guess)
        self._show_likeness()

    def _show_ground(self, result: EncodeResult) -> None:
        """The picture is made once, not for each stroke on it."""
        given = result.request.input
        key = (given.image, given.pixels, sheet_for(result.request.snapshot))
        if key != self._ground_of or self.canvas.image is None:
            assert result.ground is not None
            self._ground_of = key
            self.canvas.show_image(to_qimage(result.ground))

    @Slot()
    def _show_likeness(self) -> None:
        code = self.store.last_encoded
        found = self.store.likenesses.of(code) if code is not None else None
        self.likeness.setVisible(found is not None)
        if code is not None and found is not None:
            self.likeness.setText(likeness_text(found, code.request.snapshot))
            role = "problem" if found.unlike else "muted"
            if self.likeness.property("role") != role:
                self.likeness.setProperty("role", role)
                self.likeness.style().unpolish(self.likeness)
                self.likeness.style().polish(self.likeness)
