"""What the current point looks like: the decoder's picture, large."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vae_studio.session.requests import DecodeResult, EffectRequest, EffectResult, Result
from vae_studio.ui import theme
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.brush_view import Brush, BrushView
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.colour_row import ColourButton
from vae_studio.ui.widgets.hand_slider import HandSlider
from vae_studio.ui.widgets.qimages import to_heat
from vae_studio.ui.widgets.source_box import SourceBox


class DecodedPanel(Panel):
    """Picture, the snapshot that made it, *random* and *mean*; brushes that edit the picture."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.picture = BrushView(self.tr("Decoded picture"), side=180)
        self.picture.placeholder = self.tr("Loading the model…")
        self.caption = QLabel()
        self.caption.setProperty("role", "muted")
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        theme.tabular(self.caption)
        self.random = push_button(
            "mdi6.dice-5-outline",
            self.tr("Random"),
            self.tr("Draw z from what is chosen beside; locked dimensions stay (R)"),
            store.randomise,
        )
        self.source = SourceBox(store)
        self.mean = push_button(
            "mdi6.image-filter-center-focus",
            self.tr("Mean"),
            self.tr("Put z to the prior's mean, 0; locked dimensions stay (M)"),
            store.go_to_mean,
        )
        buttons = QHBoxLayout()
        buttons.addWidget(self.random)
        buttons.addWidget(self.source)
        buttons.addWidget(self.mean)
        buttons.addStretch(1)
        line = QHBoxLayout()
        line.setSpacing(2)
        line.addWidget(self.caption, 1)
        self._make_brushes(line)
        layout = QVBoxLayout(self)
        layout.addWidget(self.picture, 1)
        layout.addLayout(line)
        layout.addLayout(buttons)
        store.decoded.connect(self._show)
        store.pointed_changed.connect(self._ask_effect)
        store.answered.connect(self._take)
        store.aggregate.share_changed.connect(self._show_share)
        store.output_editor.changed.connect(self._show_edit)
        self._enable(False)
        self._take_colour()
        self._show_share()
        if store.last_decoded is not None:
            self._show(store.last_decoded)

    def _make_brushes(self, line: QHBoxLayout) -> None:
        """Ink, eraser, and how strongly they pull at z."""
        editor = self.store.output_editor
        self.ink = tool_button(
            "mdi6.brush",
            self.tr("Add ink"),
            self.tr("Brush ink onto the decoded picture: z moves so that the model shows it"),
            lambda: self._take_brush(Brush.INK),
            checkable=True,
        )
        self.eraser = tool_button(
            "mdi6.eraser",
            self.tr("Erase ink"),
            self.tr("Rub ink off the decoded picture: z moves so that the model shows none"),
            lambda: self._take_brush(Brush.ERASER),
            checkable=True,
        )
        self.strength = HandSlider(0.0, 1.0, 0.05, 0.2)
        self.strength.setAccessibleName(self.tr("Strength of the edit"))
        self.strength.setToolTip(
            self.tr(
                "How much the brushed pixels count against all others, which are to stay. 0: z "
                "stays where it was"
            )
        )
        self.strength.show_value(editor.strength)
        self.strength.grabbed.connect(editor.begin)
        self.strength.released.connect(editor.end)
        self.strength.moved.connect(self._set_strength)
        self.strength.setMinimumWidth(60)
        self.strength.hide()
        self.colour = ColourButton(self.store.pen)
        self.colour.hide()
        self.store.pen.changed.connect(self._take_colour)
        self.store.snapshot_changed.connect(self._take_colour)
        for widget in (self.strength, self.colour, self.ink, self.eraser):
            line.addWidget(widget)  # in one line: nothing moves when a brush is taken
        self.picture.pressed.connect(editor.begin)
        self.picture.brushed.connect(editor.brush)
        self.picture.released.connect(editor.end)
        self.picture.given_back.connect(editor.give_back)

    def _take_brush(self, brush: Brush) -> None:
        """Take it into the hand, or put it away."""
        for button, other in ((self.ink, Brush.INK), (self.eraser, Brush.ERASER)):
            button.setChecked(button.isChecked() and brush is other)
        taken = self.ink.isChecked() or self.eraser.isChecked()
        self.picture.set_brush(brush if taken else Brush.NONE)
        self._show_edit()

    @Slot()
    def _take_colour(self, *_: object) -> None:
        """The brush has the colour of the pen, where the model knows colours."""
        sheet = self.store.sheet
        self.colour.set_ink(sheet.ink)
        self.picture.colour = self.store.pen.colour if sheet.colourful else None
        self._show_edit()

    @Slot(float)
    def _set_strength(self, strength: float) -> None:
        """A drag is one step, and so is each key."""
        editor, held = self.store.output_editor, self.strength.isSliderDown()
        if not held and not editor.busy:
            editor.begin()
            editor.set_strength(strength)
            editor.end()
        else:
            editor.set_strength(strength)

    @Slot()
    def _show_edit(self) -> None:
        """What was brushed stands over the picture while a brush is in the hand."""
        editor, taken = self.store.output_editor, self.picture.brush is not Brush.NONE
        self.strength.setVisible(taken or editor.is_editing)
        self.colour.setVisible(self.ink.isChecked() and self.store.sheet.colourful)
        self.strength.show_value(editor.strength)
        self.picture.show_strokes(editor.strokes if taken else ())

    def _enable(self, enabled: bool) -> None:
        self.ink.setEnabled(enabled)
        self.eraser.setEnabled(enabled)
        self.random.setEnabled(enabled)
        self.mean.setEnabled(enabled)

    @Slot()
    def _show_share(self) -> None:
        """While the mixture is fitted that *random* is to draw from."""
        share = self.store.aggregate.share
        fits = share is not None and self.store.state.random_from == "aggregate"
        text = self.tr("Fit {share:.0f} %").format(share=100 * (share or 0.0))
        self.random.setMinimumWidth(self.random.width() if fits else 0)  # nothing beside it jumps
        self.random.setText(text if fits else self.tr("Random"))

    @Slot(object)
    def _show(self, result: DecodeResult) -> None:
        """Picture and caption come from the same result."""
        self._enable(True)
        self.picture.set_image(result.image)
        self.caption.setText(snapshot_caption(result.request.snapshot))
        self._ask_effect()

    @Slot()
    def _ask_effect(self) -> None:
        """Where the dimension acts that the hand points at."""
        snapshot, dimension = self.store.snapshot, self.store.pointed
        if dimension is None:
            if self.picture.heat is not None and self.store.last_decoded is not None:
                self.picture.set_heat(None)
                self.caption.setText(snapshot_caption(self.store.last_decoded.request.snapshot))
        elif (
            self.on_screen
            and snapshot is not None
            and self.store.fits
            and dimension < snapshot.spec.latent_dim
        ):
            latent = self.store.state.latent
            self.store.ask("effect", EffectRequest(snapshot, latent, dimension))

    @Slot(str, object)
    def _take(self, lane: str, result: Result) -> None:
        if not isinstance(result, EffectResult) or self.store.last_decoded is None:
            return
        request = result.request
        if request.snapshot is self.store.snapshot and request.dimension == self.store.pointed:
            self.picture.set_heat(to_heat(result.change, QColor(theme.colors().kl)))
            text = self.tr("where z{index} acts: up to {change:.2f} a step of 1")
            self.caption.setText(
                text.format(index=request.dimension, change=float(result.change.max()))
            )
