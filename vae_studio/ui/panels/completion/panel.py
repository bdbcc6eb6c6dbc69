"""The model finishes what is there: a drawing that is only begun, or a whole with a part hidden."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from vae_studio.session.drawing import Rect
from vae_studio.session.drawing_jobs import CompletionRequest, CompletionResult
from vae_studio.session.drawing_requests import DrawingAnswer, SeenRequest, SeenResult
from vae_studio.session.requests import Result
from vae_studio.session.state import SessionState
from vae_studio.session.strokes import Strokes
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.completer import Completer, same_picture
from vae_studio.ui.drawing_words import of_digits
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels.base import Panel
from vae_studio.ui.panels.completion.answer_texts import answers_of
from vae_studio.ui.panels.completion.answers import Answers
from vae_studio.ui.panels.completion.mask_tools import MaskTools
from vae_studio.ui.panels.completion.mask_view import MaskView
from vae_studio.ui.store import Store
from vae_studio.ui.widgets.buttons import push_button, tool_button
from vae_studio.ui.widgets.texts import muted_text

_SLOTS = 8  # answers of a model without labels, at most
_PATIENCE = 300  # ms before it is told that something runs: most of it is done by then
_LINE = 3  # px, of the progress
_SOON = 40  # ms, before what is seen is looked at


class CompletionPanel(Panel):
    """What is seen and what is not, at the left; at the right how it could go on."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self.completer: Completer = store.completer
        self._asked: CompletionRequest | None = None
        self._shown: CompletionResult | None = None
        self._sheet = store.sheet
        self.empty = self._make_word("")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._make_page())
        self.caption = muted_text()
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE)
        self._patience.timeout.connect(lambda: self._show_running(True))
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON)
        self._soon.timeout.connect(self._ask_seen_now)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(self._make_head())
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.caption)
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_C), self, self.complete.click)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        store.state_changed.connect(self._render)
        store.answered.connect(self._take)
        store.snapshot_changed.connect(self._show_snapshot)
        self.completer.changed.connect(self._show)
        self._say_what_to_do()
        self._render_input()
        self._show()

    def _make_head(self) -> QHBoxLayout:
        self.complete = push_button(
            "mdi6.puzzle-outline",
            self.tr("Complete"),
            self.tr(
                "Search the codes z that explain best what is seen, −log p(seen | z) + ½‖z‖², from "
                "several starts, and again with each change (C)"
            ),
            lambda: self.completer.set_on(self.complete.isChecked()),
        )
        self.complete.setCheckable(True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName(self.tr("Progress of the completion"))
        self.progress.setTextVisible(False)
        self.progress.setStyleSheet(f"min-height: {_LINE}px; max-height: {_LINE}px; border: none;")
        self.stop = tool_button(
            "mdi6.stop",
            self.tr("Stop"),
            self.tr("Search no further; the answers so far stay"),
            self.completer.stop,
        )
        row = QHBoxLayout()
        row.addWidget(self.complete)
        for widget, stretch in ((self.progress, 1), (self.stop, 0)):
            policy = widget.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            widget.setSizePolicy(policy)
            row.addWidget(widget, stretch)
            widget.hide()
        return row

    def _make_page(self) -> QWidget:
        page, store = QWidget(), self.store
        self.view = MaskView(self.tr("What is there, hatched where it is unseen"))
        self.view.pressed.connect(self._begin)
        self.view.released.connect(store.end_gesture)
        self.view.given_back.connect(self._give_back)
        self.view.hidden.connect(self._hide)
        self.view.brushed.connect(self._brush)
        self.tools = MaskTools()
        self.tools.tool_chosen.connect(self.view.set_tool)
        self.tools.half_chosen.connect(self._hide)
        self.tools.nothing_hidden.connect(lambda: self._hide(None))
        self.tools.brush_forgotten.connect(lambda: self._brush(()))
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.view, 1)
        left.addWidget(self.tools)
        self.word = self._make_word("")
        self.answers = Answers(self.tr("How it could go on, the best first"), _SLOTS)
        self.answers.chosen.connect(self.completer.take)
        self.answers.pointed.connect(lambda: self.caption.setText(self._caption_text()))
        self._right = QStackedWidget()
        self._right.addWidget(self.word)
        self._right.addWidget(self.answers)
        both = QHBoxLayout(page)
        both.setContentsMargins(0, 0, 0, 0)
        both.setSpacing(8)
        both.addLayout(left, 1)
        both.addWidget(self._right, 1)
        return page

    def _make_word(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "empty")
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return label

    # Whether somebody looks -----------------------------------------------------------------

    def refresh(self) -> None:
        self.completer.look(self.on_screen)
        if self.on_screen and self.store.state.input is not None:
            self._ask_seen()

    @Slot(bool)
    def come_forward(self, forward: bool) -> None:
        super().come_forward(forward)
        self.completer.look(self.on_screen)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.completer.look(False)

    # The mask -------------------------------------------------------------------------------

    @Slot()
    def _begin(self) -> None:
        self._before = self.store.state.seen
        self.store.begin_gesture()

    @Slot()
    def _give_back(self) -> None:
        self.store.set_seen(self._before)
        self.store.end_gesture()

    @Slot(object)
    def _hide(self, rect: Rect | None) -> None:
        self.store.set_seen(replace(self.store.state.seen, hidden=rect))

    @Slot(object)
    def _brush(self, strokes: Strokes) -> None:
        self.store.set_seen(replace(self.store.state.seen, empty=strokes))

    def _ask_seen(self) -> None:
        """Soon, but not at each point of a pen: the reconstruction comes first."""
        if not self._soon.isActive():
            self._soon.start()

    @Slot()
    def _ask_seen_now(self) -> None:
        state = self.store.state
        if state.input is not None and self.on_screen:
            self.store.ask("seen", SeenRequest(state.input, state.seen, self._sheet))

    @Slot()
    def _show_snapshot(self) -> None:
        """Another model may be drawn on otherwise."""
        if self.store.sheet != self._sheet:
            self._sheet = self.store.sheet
            self.view.set_paper(self._sheet.paper == 1.0)
            self.view.set_image(None)
            self.view.show_mask(None)
            if self.on_screen:
                self._ask_seen()
        self._say_what_to_do()

    def _say_what_to_do(self) -> None:
        text = self.tr(
            "Draw a part of a picture and press Complete: how the model would go on appears here. "
            "Of a whole one, hide a part."
        )
        if of_digits(self.store.snapshot):
            text = self.tr(
                "Draw half a digit and press Complete: how the model would go on appears here. Of "
                "a whole one, hide a part."
            )
        self.empty.setText(text)

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.input != old.input or new.seen != old.seen:
            self._render_input()
            if not same_picture(new.input, old.input):
                self.view.set_image(None)
                self.view.show_mask(None)
            if self.on_screen:
                self._ask_seen()

    def _render_input(self) -> None:
        state = self.store.state
        self._pages.setCurrentIndex(0 if state.input is None else 1)
        self.view.show_seen(state.seen)
        self.tools.show_seen(state.seen)
        self.view.setToolTip(
            self.tr("Seen is the ink, with a rim, and what you brush as empty; the rest is open")
            if state.seen.hidden is None
            else self.tr("Seen is all but what is in the frame")
        )

    @Slot(str, object)
    def _take(self, lane: str, result: Result | DrawingAnswer) -> None:
        given = self.store.state.input
        if lane != "seen" or not isinstance(result, SeenResult):
            return  # others ask, too
        if same_picture(result.request.input, given) and result.request.sheet == self._sheet:
            self.view.set_image(result.image)
            self.view.show_mask(result.mask)

    # The answers ----------------------------------------------------------------------------

    @Slot()
    def _show(self) -> None:
        completer = self.completer
        self.complete.setChecked(completer.on)
        if completer.asked is not self._asked:
            self._asked = completer.asked
            self._patience.stop()
            self._show_running(False)
            if completer.running:
                self._patience.start()
        self._show_share()
        if completer.result is not self._shown:
            self._shown = completer.result
            if self._shown is not None:
                self.answers.set_answers(answers_of(self._shown), completer.taken)
        self.answers.set_marked(completer.taken)
        self._right.setCurrentIndex(0 if completer.result is None else 1)
        self.word.setText(self._word_text())
        self.caption.setText(self._caption_text())

    def _show_running(self, running: bool) -> None:
        self.progress.setVisible(running)
        self.stop.setVisible(running)

    def _show_share(self) -> None:
        share = self.completer.share
        if share is None:
            self.progress.setRange(0, 0)  # nobody knows how long it goes on
        else:
            self.progress.setRange(0, 100)
            self.progress.setValue(round(100 * share))

    def _word_text(self) -> str:
        completer = self.completer
        if completer.problem is not None:
            return error_sentence(completer.problem)
        if not completer.on:
            return self.tr("Press Complete: how it could go on appears here.")
        if completer.share is not None:
            return self.tr("The model looks at training images first…")
        return ""

    def _caption_text(self) -> str:
        """Which model and how long; of an answer that is pointed at, or taken, what it costs."""
        completer, result = self.completer, self.completer.result
        if result is None:
            return ""
        if completer.seconds is not None:
            text = self.tr("{model} · {n} answers, {time}")
        elif completer.running:
            text = self.tr("{model} · {n} answers so far")
        else:
            text = self.tr("{model} · {n} answers, stopped")
        text = text.format(
            model=snapshot_caption(result.request.snapshot),
            n=len(result.z),
            time=self._time_text(completer.seconds or 0.0),
        )
        at = self.answers.at if self.answers.at is not None else completer.taken
        if at is not None and at < len(self.answers.answers):
            text = self.tr("{text} · this one costs {cost}").format(
                text=text, cost=self.answers.answers[at].cost
            )
        return text

    def _time_text(self, seconds: float) -> str:
        if seconds < 1.0:
            return self.tr("{ms} ms").format(ms=round(1000 * seconds))
        return self.tr("{s} s").format(s=f"{seconds:.1f}")
