"""Draw a digit; the model reconstructs it while it is drawn."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.requests import EncodeResult
from vae_studio.session.state import SessionState
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption, unit
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.draw.canvas import Canvas, Tool
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import tool_button
from vae_studio.ui.widgets.image_view import ImageView

_PEN_STEP = 0.01


class DrawPanel(Panel):
    """Canvas and tools above; input, reconstruction and their figures below."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.canvas = Canvas()
        self.canvas.pressed.connect(store.begin_gesture)
        self.canvas.released.connect(store.end_gesture)
        self.canvas.edited.connect(store.set_strokes)
        layout = QVBoxLayout(self)
        layout.addWidget(self.canvas)
        layout.addLayout(self._make_tools())
        layout.addLayout(self._make_label_row())
        layout.addLayout(self._make_pictures(), 1)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_labels)
        store.encoded.connect(self._show)
        store.history_changed.connect(self._enable_history)

    def _enable_history(self) -> None:
        self.undo.setEnabled(self.store.can_undo)
        self.redo.setEnabled(self.store.can_redo)

    def _make_tools(self) -> QHBoxLayout:
        self.pen = tool_button(
            "mdi6.pen", self.tr("Pen"), self.tr("Draw (B)"), self.use_pen, checkable=True
        )
        self.eraser = tool_button(
            "mdi6.eraser",
            self.tr("Eraser"),
            self.tr("Rub out parts of strokes (E)"),
            self.use_eraser,
            checkable=True,
        )
        self.pen.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(self.pen)
        group.addButton(self.eraser)
        self.pen_size = QSlider(Qt.Orientation.Horizontal)
        self.pen_size.setRange(2, 20)
        self.pen_size.setValue(round(self.canvas.pen_width / _PEN_STEP))
        self.pen_size.setAccessibleName(self.tr("Pen size"))
        self.pen_size.setToolTip(
            self.tr("Pen size on the canvas ([ and ]); the model always sees MNIST's pen width")
        )
        self.pen_size.valueChanged.connect(lambda v: self.canvas.set_pen_width(v * _PEN_STEP))
        self.undo = tool_button(
            "mdi6.undo", self.tr("Undo"), self.tr("Undo (Ctrl+Z)"), self.store.undo
        )
        self.redo = tool_button(
            "mdi6.redo", self.tr("Redo"), self.tr("Redo (Ctrl+Shift+Z)"), self.store.redo
        )
        self.clear = tool_button(
            "mdi6.delete-outline",
            self.tr("Clear"),
            self.tr("Clear the canvas (Ctrl+Delete); Undo brings it back"),
            self.clear_canvas,
        )
        tools = QHBoxLayout()
        tools.addWidget(self.pen)
        tools.addWidget(self.eraser)
        tools.addWidget(self.pen_size, 1)
        for button in (self.undo, self.redo, self.clear):
            button.setEnabled(False)
            tools.addWidget(button)
        return tools

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

    def _make_pictures(self) -> QGridLayout:
        self.input = ImageView(self.tr("What the encoder sees"), side=84)
        self.reconstruction = ImageView(self.tr("Reconstruction"), side=84)
        self.caption = QLabel()
        self.figures = QLabel(self.tr("Input and reconstruction appear as you draw."))
        self.figures.setWordWrap(True)
        self.figures.setToolTip(
            self.tr(
                "Reconstruction: −log p(x | z = μ), summed over pixels. "
                "KL: ½ Σ (μ² + σ² − 1 − log σ²), summed over dimensions"
            )
        )
        for text in (self.caption, self.figures):
            text.setProperty("role", "muted")
            text.setTextFormat(Qt.TextFormat.PlainText)
            theme.tabular(text)
        grid = QGridLayout()
        grid.setSpacing(6)
        for column, (name, picture) in enumerate(
            ((self.tr("Input"), self.input), (self.tr("Reconstruction"), self.reconstruction))
        ):
            title = QLabel(name)
            title.setProperty("role", "muted")
            grid.addWidget(title, 0, column)
            picture.keep_square()
            grid.addWidget(picture, 1, column)
        grid.setRowStretch(4, 1)
        grid.addWidget(self.figures, 2, 0, 1, 2)
        grid.addWidget(self.caption, 3, 0, 1, 2)
        return grid

    def use_pen(self) -> None:
        """Draw."""
        self.pen.setChecked(True)
        self.canvas.set_tool(Tool.PEN)

    def use_eraser(self) -> None:
        """Rub out."""
        self.eraser.setChecked(True)
        self.canvas.set_tool(Tool.ERASER)

    def change_size(self, steps: int) -> None:
        """A thicker or a thinner pen."""
        self.pen_size.setValue(self.pen_size.value() + steps)

    def clear_canvas(self) -> None:
        """Take all strokes away; undo brings them back."""
        self.store.set_strokes(())

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

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.input != old.input:
            self.canvas.render_strokes(new.input.strokes if new.input else ())
            self.clear.setEnabled(new.input is not None)
            if new.input is None or new.input.image is None:
                self.canvas.show_image(None)
        chosen = new.input.label if new.input else None
        with QSignalBlocker(self.label):
            self.label.setCurrentIndex(0 if chosen is None else chosen + 1)
        if new.input is None and old.input is not None:
            self.input.set_image(None)
            self.reconstruction.set_image(None)
            self.figures.setText(self.tr("Input and reconstruction appear as you draw."))
            self.caption.clear()
            self._name_auto(None)

    @Slot(object)
    def _show(self, result: EncodeResult) -> None:
        spec = result.request.snapshot.spec
        self.input.set_image(result.image)
        if result.request.input.image is not None:
            self.canvas.show_image(self.input.image)
        self.reconstruction.set_image(result.x_hat)
        self.figures.setText(
            self.tr("reconstruction {recon:.1f} {unit} + KL {kl:.1f} nats").format(
                recon=result.terms.reconstruction, unit=unit(spec), kl=result.terms.kl
            )
        )
        self.caption.setText(snapshot_caption(result.request.snapshot))
        guessed = result.request.input.label is None and result.label is not None
        self._name_auto(result.label.index(max(result.label)) if guessed and result.label else None)

    def _name_auto(self, guess: int | None) -> None:
        if self.label.count():
            text = self.tr("Auto")
            if guess is not None:
                text = self.tr("Auto: {digit}").format(digit=guess)
            self.label.setItemText(0, text)
