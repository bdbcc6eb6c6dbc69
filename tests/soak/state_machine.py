"""An impatient user, made by Hypothesis: 50 random actions at a time on the real window.

A rule is what somebody can do; after each the window must hold what ``_invariants`` lists. At the
end of a run everything is undone, which must lead back to the beginning, exactly. One window lives
for many runs, so they also wear it out.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import threading
import time
import traceback
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QMimeData, QObject, QPoint, QPointF, Qt, QThread, QUrl, Slot
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QFileDialog,
    QInputDialog,
    QWidget,
)

from tests.soak.data_rules import (
    RUN,
    DataRules,
    data_is_at_rest,
    data_sets_fit,
    lay_out,
    make_materials,
    tidy_data,
)
from tests.soak.outcome import Counts, Outcome
from tests.soak.window import (
    complaints,
    is_settled,
    pump,
    running_studio,
    shipped,
    small_data,
    turn,
    wait_until,
)
from tests.ui import hand
from vae_studio.app import Studio
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import StudioError
from vae_studio.core.experiments import EXPERIMENTS
from vae_studio.core.explore import decode
from vae_studio.core.runs import RunInfo, read_run
from vae_studio.session.drawing import Rect
from vae_studio.session.folders import runs_folder
from vae_studio.session.history import History
from vae_studio.session.requests import EncodeRequest
from vae_studio.session.state import SessionState
from vae_studio.ui.captions import snapshot_caption
from vae_studio.ui.panels import models as models_panel
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.draw.tools import Tool
from vae_studio.ui.panels.experiments.panel import ExperimentsPanel
from vae_studio.ui.panels.images import ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.models import ModelsPanel
from vae_studio.ui.panels.runs.panel import RunsPanel
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.sliders.row import TYPED_LIMIT
from vae_studio.ui.panels.train.panel import TrainPanel
from vae_studio.ui.widgets.palette import CommandPalette
from vae_studio.ui.widgets.qimages import to_qimage
from vae_studio.ui.widgets.scale_dialog import ScaleDialog
from vae_studio.workers.answers import answer

COUNTS: Counts = {"test": 10, "soak": 150, "full": 1000}

_STEPS = 50
_RUNS_OF_A_WINDOW = 50
_TRAIN_IMAGES, _TEST_IMAGES = 512, 128
_SLOW = 3.0  # seconds in which a window must have dealt with its events, on a busy machine too
_NEVER_FULL = 10_000  # undo steps: a run of nothing but key presses makes more than the app keeps
_QTHREADS = {
    "explore",
    "train",
    "shelf",
    "compare",
    "survey",
    "map",
    "t-SNE",
    "crowd",
    "path",
    "support",
    "mixture",
    "search",
    "save",
    "likeness",
    "picture",
    "completion",
    "measuring",
    "drawing file",
    "data",
    "data samples",
    "import preview",
}

_share = st.floats(0.0, 1.0).map(lambda share: round(share, 3))
_index = st.integers(0, 63)
_points = st.lists(st.tuples(_share, _share), min_size=1, max_size=6)


class _Session:
    """What lives longer than one run: the window, what it complained of, and what was done."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.materials = folder, folder / "materials"
        self.studio: Studio | None = None
        self.complaints: list[str] = []
        self.done: Counter[str] = Counter()
        self.steps: list[str] = []  # of the run in hand
        self.slowest = 0.0
        self.most_undone = 0
        self.first_fault = ""  # and the steps that led to it
        self._context: Any = None
        self._runs = 0
        self._broken = False
        self.known_threads: set[threading.Thread] = set()
        self.watch: _Watch
        self.initial = SessionState()

    def begin_run(self) -> Studio:
        """A window that shows what every run begins with."""
        if self._broken or self._runs >= _RUNS_OF_A_WINDOW:
            self.close()
        if self.studio is None:
            shutil.rmtree(runs_folder().parent, ignore_errors=True)
            shutil.copytree(shipped("vae-2"), runs_folder() / "own")
            lay_out(self.materials)
            self.known_threads = set(threading.enumerate())
            self._context = running_studio(seed=0)
            self.studio = self._context.__enter__()
            self.watch = _Watch(self.studio)
            wait_until(lambda: is_settled(self.studio), "the first picture")
            self.initial = self.studio.store.state
        self.studio.store._history = History(limit=_NEVER_FULL)
        self.studio.store.history_changed.emit()
        self._runs += 1
        self._broken = True  # until the run has ended well
        self.complaints.clear()
        self.steps = []
        return self.studio

    def note(self, error: BaseException | None) -> None:
        """What went wrong for the first time: Hypothesis tries again, where that may not."""
        if isinstance(error, Exception) and not self.first_fault:
            steps = "\n    ".join(self.steps)
            self.first_fault = f"{_in_short(error)}\n    {steps}"

    def end_run(self) -> None:
        """The run ended well: the window is used again."""
        self._broken = False

    def close(self) -> None:
        """Close the window."""
        context, self._context, self.studio = self._context, None, None
        self._runs, self._broken = 0, False
        if context is not None:
            context.__exit__(None, None, None)


_session: _Session


class _Watch(QObject):
    """Counts the questions that the explorer took out of its lanes, and the answers that came."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._explorer = studio.store._explorer
        self._taken = 0
        self._came = 0
        self._explorer.answered.connect(self._count)
        self._explorer.failed.connect(self._count)
        self._explorer._waiting = _Lanes(self._take)

    def _take(self) -> None:
        self._taken += 1

    @Slot()
    def _count(self) -> None:
        self._came += 1  # on the GUI thread, after the store took the answer

    def busy(self) -> bool:
        """Whether a question waits, is being answered, or its answer is on its way."""
        with self._explorer._condition:
            return bool(self._explorer._waiting) or self._taken != self._came


class _Lanes(OrderedDict[str, Any]):
    """The explorer's lanes; tells when a question leaves them, which happens under its lock."""

    def __init__(self, told: Callable[[], None]) -> None:
        super().__init__()
        self._told = told

    def pop(self, key: str, *default: Any) -> Any:
        self._told()
        return super().pop(key, *default)


class Machine(DataRules, RuleBasedStateMachine):
    """A user. To add an action, add a method with ``@rule``; ``self._did`` counts and notes it."""

    def __init__(self) -> None:
        super().__init__()
        self.session = _session
        self.studio = _session.begin_run()
        self.store, self.window = self.studio.store, self.studio.window
        panel = self.window.panel
        self.runs = panel(RunsPanel)
        self.models, self.sliders = panel(ModelsPanel), panel(SlidersPanel)
        self.draw, self.train_panel = panel(DrawPanel), panel(TrainPanel)
        self.decoded, self.samples = panel(DecodedPanel), panel(SamplesPanel)
        self.labels, self.experiments = panel(LabelsPanel), panel(ExperimentsPanel)
        self.map, self.images = panel(MapPanel), panel(ImagesPanel)
        self.experiments.settings.set_value("epochs", 1)
        self.train_panel.store.plan.set_value("epochs", 3)
        self.train_panel.store.plan.set_value("batch_size", 64)
        self.redo_at_end = False
        self.place = ""  # as text

    def _did(self, action: str, /, **details: object) -> None:
        self.session.done[action] += 1
        self.session.done["steps"] += 1
        text = ", ".join(f"{name}={value!r}" for name, value in details.items())
        self.session.steps.append(f"{action}({text})")

    @initialize(redo_at_end=st.sampled_from((False, False, True)))
    def begin(self, redo_at_end: bool) -> None:
        self.redo_at_end = redo_at_end  # it takes a while

    # Models --------------------------------------------------------------------------------

    @rule(index=_index)
    def click_a_model(self, index: int) -> None:
        self._did("click_a_model", index=index)
        before = self.store.state.model
        self._choose(index)
        if self.store.state.model != before:
            self.session.done["opened at once"] += 1

    @rule(index=_index)
    def click_a_model_and_wait(self, index: int) -> None:
        self._did("click_a_model_and_wait", index=index)
        info = self._choose(index)
        if info is not None:
            wait_until(lambda: self._opened_or_failed(str(info.path)), f"{info.name} to open")
            self.session.done["models opened"] += self.store.state.model == str(info.path)

    @rule(index=_index, name=st.sampled_from(("mine", "α — β", "<b>x</b>", " ", "", "n" * 300)))
    def rename(self, index: int, name: str) -> None:
        self._did("rename", index=index, name=name)
        if self._choose_own(index):
            self._press(self.models.rename_button)
            for dialog in self.models.findChildren(QInputDialog):
                dialog.setTextValue(name)
                dialog.accept()

    @rule(index=_index, words=st.text(max_size=12))
    def note_and_filter(self, index: int, words: str) -> None:
        self._did("note_and_filter", index=index, words=words)
        self.window.docks["runs"].raise_()
        table = self.runs.table
        table.selectRow(index % max(1, self.runs.proxy.rowCount()))
        if self.runs.notes.isEnabled():
            self.runs.notes.setPlainText(words)
            rows = self.runs.selected_rows()
            said = self.runs.notes.toPlainText()  # Qt has a line end of its own
            assert self.store.library.notes.of(rows[0].info.path).notes == said
        self.runs.filter_box.setText(words)
        self.runs.filter_box.clear()
        self.window.docks["train"].raise_()

    @rule(index=_index, undo=st.booleans())
    def delete(self, index: int, undo: bool) -> None:
        self._did("delete", index=index, undo=undo)
        if self._choose_own(index):
            info = self._current()
            self._press(self.models.remove_button)
            if info is not None and not info.path.exists():
                self.session.done["deleted"] += 1
                if undo:
                    self.window.toast.press_action()
                    assert info.path.exists(), "Undo in the toast did not bring the run back"
                    self.session.done["restored"] += 1

    @rule(index=_index)
    def resume_a_run(self, index: int) -> None:
        self._did("resume_a_run", index=index)
        button = getattr(self.models, "resume_button", None)
        if button is not None and self._choose_own(index):
            self._press_and_count_training(button)

    @rule(what=st.sampled_from(("empty", "no-config", "cut", "missing", "file")))
    def open_what_is_no_run(self, what: str) -> None:
        self._did("open_what_is_no_run", what=what)
        self.window.toast.hide()
        self.window.toast._last = ("", 0.0)  # or the same error is not said twice in a second
        self.store.open_model(self.session.folder / "bad" / what)
        wait_until(self.window.toast.isVisible, f"a message that {what} does not open")

    @rule(what=st.sampled_from(("own", "cut", "empty", "text", "web", "pictures", "array.npy")))
    def drop_something(self, what: str) -> None:
        self._did("drop_something", what=what)
        data = QMimeData()
        if what == "text":
            data.setText("not a file")
        elif what == "web":
            data.setUrls([QUrl("https://example.org/run")])
        else:
            folder = {"own": runs_folder()}.get(what, self.session.folder / "bad")
            if what in ("pictures", "array.npy"):
                folder = self.session.materials
            data.setUrls([QUrl.fromLocalFile(str(folder / what))])
        place, left = QPoint(200, 200), Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(place, Qt.DropAction.CopyAction, data, left, none)
        enter.ignore()
        QApplication.sendEvent(self.window, enter)
        if enter.isAccepted():
            drop = QDropEvent(QPointF(place), Qt.DropAction.CopyAction, data, left, none)
            QApplication.sendEvent(self.window, drop)

    @rule()
    def open_dialog_and_cancel(self) -> None:
        self._did("open_dialog_and_cancel")
        self._press(self.models.open_button)
        for dialog in self.models.findChildren(QFileDialog):
            dialog.reject()

    @rule(scale=st.integers(1, 64), really=st.booleans())
    def save_the_picture(self, scale: int, really: bool) -> None:
        self._did("save_the_picture", scale=scale, really=really)
        view, path = self.decoded.picture, self.session.folder / "picture.png"
        view.picture_actions.ask()
        for dialog in view.findChildren(ScaleDialog):
            dialog.scale.setValue(scale)
            dialog.done(int(really))
        for files in view.findChildren(QFileDialog):
            files.fileSelected.emit(str(path))
            files.reject()

    # The point -----------------------------------------------------------------------------

    @rule(
        index=_index,
        key=st.sampled_from(("Right", "Left", "Up", "PageDown", "Home", "End")),
        times=st.integers(1, 5),
    )
    def move_a_slider_by_key(self, index: int, key: str, times: int) -> None:
        self._did("move_a_slider_by_key", index=index, key=key, times=times)
        if row := self._row(index):
            for _ in range(times):
                QTest.keyClick(row.slider, getattr(Qt.Key, f"Key_{key}"))

    @rule(index=_index, shares=st.lists(_share, min_size=1, max_size=5))
    def drag_a_slider(self, index: int, shares: list[float]) -> None:
        self._did("drag_a_slider", index=index, shares=shares)
        if row := self._row(index):
            self._drag(row.slider, [hand.on_slider(row.slider, share) for share in shares])

    @rule(
        index=_index,
        text=st.sampled_from(("1.5", "-2,25", "−1", "abc", "", "99", "1e300", "nan", "-inf")),
    )
    def type_a_value(self, index: int, text: str) -> None:
        self._did("type_a_value", index=index, text=text)
        if row := self._row(index):
            row.value.setFocus()
            row.value.selectAll()
            row.value.lineEdit().insert(text)  # QTest types ASCII only
            QTest.keyClick(row.value, Qt.Key.Key_Return)
            self.window.setFocus()

    @rule(index=_index)
    def double_click_a_slider(self, index: int) -> None:
        self._did("double_click_a_slider", index=index)
        if row := self._row(index):
            QTest.mouseDClick(row.slider, Qt.MouseButton.LeftButton)

    @rule(index=_index)
    def lock(self, index: int) -> None:
        self._did("lock", index=index)
        if row := self._row(index):
            self._press(row.lock)

    @rule(by_key=st.booleans())
    def random_point(self, by_key: bool) -> None:
        self._did("random_point", by_key=by_key)
        self._key(Qt.Key.Key_R) if by_key else self._press(self.decoded.random)

    @rule()
    def mean_point(self) -> None:
        self._did("mean_point")
        self._press(self.decoded.mean)

    @rule(index=_index, anew=st.booleans())
    def take_a_sample(self, index: int, anew: bool) -> None:
        self._did("take_a_sample", index=index, anew=anew)
        if anew:
            self._press(self.samples.again)
        picture = self.samples.pictures[index % len(self.samples.pictures)]
        QTest.mouseClick(picture, Qt.MouseButton.LeftButton)

    @rule(digit=st.integers(0, 9), how=st.sampled_from(("key", "button", "drawing")))
    def pick_a_label(self, digit: int, how: str) -> None:
        self._did("pick_a_label", digit=digit, how=how)
        if how == "key":
            self._key(Qt.Key(Qt.Key.Key_0.value + digit))
        elif how == "button" and self.labels.buttons:
            self._press(self.labels.buttons[digit % len(self.labels.buttons)])
        elif how == "drawing" and self.draw.label.count():
            self.draw.label.activated.emit(digit % self.draw.label.count())

    @rule()
    def open_cvae(self) -> None:
        self._did("open_cvae")
        self._press(self.labels.open_cvae)

    @rule(what=st.sampled_from(("copy", "copy", "paste", "paste and wait", "nonsense")))
    def copy_or_paste_a_place(self, what: str) -> None:
        self._did("copy_or_paste_a_place", what=what)
        both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        if what == "copy":
            self._key(Qt.Key.Key_C, both)
            self.place = QGuiApplication.clipboard().text()
            return
        QGuiApplication.clipboard().setText("{}" if what == "nonsense" else self.place)
        self._key(Qt.Key.Key_V, both)
        if what == "paste and wait":
            wait_until(lambda: not self._explorer_busy(), "a place to open")
            self.session.done["places"] += 1

    # The drawing ---------------------------------------------------------------------------

    @rule(points=_points, erase=st.booleans())
    def draw_a_stroke(self, points: list[tuple[float, float]], erase: bool) -> None:
        self._did("erase" if erase else "draw_a_stroke", points=points)
        self._press(self.draw.toolbar.eraser if erase else self.draw.toolbar.pen)
        self._drag(self.draw.canvas, hand.on_canvas(self.draw.canvas, points))

    @rule(points=_points, key=st.sampled_from(("Z", "Y", "R", "Space", "1")))
    def press_a_key_while_drawing(self, points: list[tuple[float, float]], key: str) -> None:
        self._did("press_a_key_while_drawing", points=points, key=key)
        self._press(self.draw.toolbar.pen)
        canvas = self.draw.canvas
        places = hand.on_canvas(canvas, points)
        control = Qt.KeyboardModifier.ControlModifier if key in "ZY" else hand.NO_KEYS
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, hand.NO_KEYS, places[0])
        self._key(getattr(Qt.Key, f"Key_{key}"), control)
        for place in places[1:]:
            QTest.mouseMove(canvas, place)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, hand.NO_KEYS, places[-1])

    @rule(points=_points, tool=st.sampled_from((Tool.STROKE_ERASER, Tool.MOVE)), notches=_index)
    def move_or_take_strokes(
        self, points: list[tuple[float, float]], tool: Tool, notches: int
    ) -> None:
        self._did("move_or_take_strokes", points=points, tool=tool, notches=notches)
        self._press(self.draw.toolbar.tools[tool])
        self._drag(self.draw.canvas, hand.on_canvas(self.draw.canvas, points))
        if tool is Tool.MOVE and self.draw.canvas.isVisible():
            hand.wheel(self.draw.canvas, (-2, -1, 1, 2)[notches % 4])

    @rule(step=st.sampled_from(("fit", "centre", "pen")))
    def leave_out_a_step(self, step: str) -> None:
        self._did("leave_out_a_step", step=step)
        self._press(getattr(self.draw.way, step))

    @rule(mode=st.sampled_from(("side", "difference", "wipe", "loss")))
    def compare_in_another_way(self, mode: str) -> None:
        self._did("compare_in_another_way", mode=mode)
        self._press(self.draw.compare.buttons[mode])

    @rule()
    def take_some_image(self) -> None:
        self._did("take_some_image")
        self.store.take_some_image()

    @rule(points=_points, erase=st.booleans(), strength=_share)
    def edit_the_output(
        self, points: list[tuple[float, float]], erase: bool, strength: float
    ) -> None:
        self._did("edit_the_output", points=points, erase=erase, strength=strength)
        button = self.decoded.eraser if erase else self.decoded.ink
        if not button.isChecked():
            self._press(button)
        view = self.decoded.picture
        target = view._target()
        path = [
            QPoint(
                round(target.left() + x * target.width()),
                round(target.top() + y * target.height()),
            )
            for x, y in points
        ]
        self._drag(view, path)
        self.decoded.strength.setValue(strength)
        self._press(button)

    @rule(hide=st.sampled_from((None, (0.0, 0.5, 1.0, 1.0), (0.25, 0.0, 0.5, 0.25))), index=_index)
    def complete(self, hide: Rect | None, index: int) -> None:
        self._did("complete", hide=hide, index=index)
        completer = self.store.completer
        self.window.workspaces.show_workspace("draw")
        self.window.docks["completion"].raise_()
        self.store.set_seen(replace(self.store.state.seen, hidden=hide))
        completer.set_on(True)
        pump(0.3)
        completer.take(index % 8)
        if index % 3 == 0:
            completer.set_on(False)
        self.window.workspaces.show_workspace("studio")

    @rule(what=st.sampled_from(("keep", "open", "rename", "remove")), index=_index)
    def keep_a_drawing(self, what: str, index: int) -> None:
        self._did("keep_a_drawing", what=what, index=index)
        keeper = self.store.keeper
        if what == "keep":
            keeper.keep_drawing()
        elif keeper.drawings:
            drawing = keeper.drawings[index % len(keeper.drawings)]
            if what == "open":
                keeper.open_drawing(drawing)
            elif what == "rename":
                keeper.rename_drawing(drawing, f"n{index}")
            else:
                keeper.remove_drawing(drawing)

    @rule()
    def clear(self) -> None:
        self._did("clear")
        self._press(self.draw.toolbar.clear)

    @rule(thicker=st.booleans())
    def change_the_pen(self, thicker: bool) -> None:
        self._did("change_the_pen", thicker=thicker)
        self._key(Qt.Key.Key_BracketRight if thicker else Qt.Key.Key_BracketLeft)

    # Undo ----------------------------------------------------------------------------------

    @rule(times=st.integers(1, 12))
    def undo(self, times: int) -> None:
        self._did("undo", times=times)
        for _ in range(times):
            self.session.done["undos"] += self.window.undo_action.isEnabled()
            self._press(self.draw.toolbar.undo)

    @rule(times=st.integers(1, 12))
    def redo(self, times: int) -> None:
        self._did("redo", times=times)
        for _ in range(times):
            self.session.done["redos"] += self.window.redo_action.isEnabled()
            self.window.redo_action.trigger()

    @rule(times=st.integers(1, 4), back=st.booleans())
    def undo_and_wait(self, times: int, back: bool) -> None:
        self._did("undo_and_wait", times=times, back=back)
        for _ in range(times):
            if back and self.store.can_undo:
                self._go_back()
            elif not back and self.store.can_redo:
                self._go_forward()

    # Training ------------------------------------------------------------------------------

    @rule(
        variant=st.sampled_from(("vae-2", "vae-16", "vae-mse", "vae-batchnorm", "cvae")),
        epochs=st.sampled_from((1, 2, 50)),
        batch=st.sampled_from((64, 256)),
        wait=st.booleans(),
    )
    def train(self, variant: str, epochs: int, batch: int, wait: bool) -> None:
        self._did("train", variant=variant, epochs=epochs, batch=batch, wait=wait)
        panel, training = self.train_panel, self.store.training
        if training.view.can_start:
            panel.store.plan.choose(variant)
            panel.store.plan.set_value("epochs", epochs)
            panel.store.plan.set_value("batch_size", batch)
        self._press_and_count_training(panel.controls.train)
        if wait:
            wait_until(
                lambda: training.view.step > 0 or training.view.request is None or not self._runs(),
                "the first step of a training",
            )

    @rule()
    def pause_or_resume(self) -> None:
        self._did("pause_or_resume")
        self._press(self.train_panel.controls.pause)

    @rule()
    def stop(self) -> None:
        self._did("stop")
        self._press(self.train_panel.controls.stop)

    @rule()
    def press_space(self) -> None:
        self._did("press_space")
        self.window.setFocus()
        before = self.store.training.view.request
        self._key(Qt.Key.Key_Space)
        if before is None and self.store.training.view.request is not None:
            self.session.done["trainings"] += 1

    @rule(by_key=st.booleans())
    def follow(self, by_key: bool) -> None:
        self._did("follow", by_key=by_key)
        if by_key:
            self._key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        elif self.window.status.follow.isVisible():
            self._press(self.window.status.follow)

    @rule(what=st.sampled_from(("step", "epoch", "restart", "branch", "beta", "remedy", "best")))
    def steer_the_training(self, what: str) -> None:
        self._did("steer_the_training", what=what)
        controls, store = self.train_panel.controls, self.store
        if what == "beta":
            store.training.change("beta", 2.0 if store.training.view.beta != 2.0 else 0.5)
        elif what == "remedy":
            for finding in store.doctor.findings[:1]:
                if (remedy := store.doctor.likeliest(finding)) is not None:
                    store.doctor.apply(remedy)
        elif what == "best" and store.doctor.request is not None:
            store.launcher.branch_at_epoch(store.doctor.request.folder, 1)
        else:
            buttons = {"step": controls.step, "epoch": controls.epoch}
            buttons |= {"restart": controls.restart, "branch": controls.branch}
            if what in buttons:
                self._press(buttons[what])

    @rule(share=_share, what=st.sampled_from(("go", "go", "go", "film", "latest", "branch")))
    def go_back_in_time(self, share: float, what: str) -> None:
        self._did("go_back_in_time", share=share, what=what)
        machine = self.store.time_machine
        if what == "go" and machine.moments:
            machine.go_to(round(share * machine.moments[-1]))
            self.session.done["moments"] += 1
        elif what == "film":
            machine.play_or_stop()
        elif what == "latest":
            machine.go_to_latest()
        elif what == "branch" and machine.moment is not None:
            machine.branch()

    # The map and the test images -----------------------------------------------------------

    @rule(x=_share, y=_share, what=st.sampled_from(("click", "drag", "point", "wheel", "key")))
    def use_the_map(self, x: float, y: float, what: str) -> None:
        self._did("use_the_map", x=x, y=y, what=what)
        canvas = self.map.canvas
        canvas.window().raise_()
        at = QPoint(round(x * (canvas.width() - 1)), round(y * (canvas.height() - 1)))
        if not canvas.isVisible():
            return
        if what == "click":
            hand.click(canvas, at)
        elif what == "drag" and canvas.here is not None:
            here = canvas.view.to_pixels(canvas.here)
            self._drag(canvas, [QPoint(*np.rint(here).astype(int).tolist()), at])
        elif what == "point":
            hand.move(canvas, at)
        elif what == "wheel":
            hand.wheel(canvas, 1 if x < 0.5 else -1)
        else:
            canvas.setFocus()
            QTest.keyClick(canvas, Qt.Key.Key_Right if x < 0.5 else Qt.Key.Key_Home)
            self.window.setFocus()

    @rule(index=_index)
    def choose_what_the_map_shows(self, index: int) -> None:
        self._did("choose_what_the_map_shows", index=index)
        buttons = [self.map.lattice, self.map.holes, *self.map.classes]
        button = buttons[index % len(buttons)]
        if button.isEnabled():
            button.click()

    @rule(index=_index, order=st.integers(0, 3))
    def take_a_test_image(self, index: int, order: int) -> None:
        self._did("take_a_test_image", index=index, order=order)
        self.window.workspaces.show_workspace("explore")
        self.images.order.setCurrentIndex(order)
        place = self.images.images.index(index)
        if place.isValid():
            self.images.list.clicked.emit(place)
            self.session.done["images"] += 1

    # Experiments and comparisons -----------------------------------------------------------

    @rule(name=st.sampled_from(tuple(EXPERIMENTS)), wait=st.booleans())
    def try_an_experiment(self, name: str, wait: bool) -> None:
        self._did("try_an_experiment", name=name, wait=wait)
        tried, experiments = self.experiments, self.store.experiments
        self._press(tried.cards[name].run_button)
        self.session.done["experiments"] += experiments.current is not None
        if wait:
            wait_until(
                lambda: experiments.current is None or not self._runs(), "the end of an experiment"
            )

    @rule(index=_index, what=st.sampled_from(("show", "resume", "stop", "forget", "restore")))
    def look_at_what_was_tried(self, index: int, what: str) -> None:
        self._did("look_at_what_was_tried", index=index, what=what)
        rows = self.experiments.rows
        if not rows:
            return
        row = rows[index % len(rows)]
        buttons = {"show": row.show_button, "resume": row.resume_button, "stop": row.stop_button}
        button = buttons.get(what, row.forget_button)
        if not button.isHidden():
            self._press(button)
            if what == "restore":
                self.window.toast.press_action()

    @rule(first=_index, second=_index, what=st.sampled_from(("compare", "plots", "cancel")))
    def compare_runs(self, first: int, second: int, what: str) -> None:
        self._did("compare_runs", first=first, second=second, what=what)
        infos = self.store.library.runs()
        chosen = [infos[first % len(infos)], infos[second % len(infos)]]
        if what == "compare":
            self.store.comparing.show_runs([info.path for info in chosen])
        elif what == "plots":
            self.store.overlays.toggle(chosen)
        else:
            self.store.comparing.cancel()

    # The window ----------------------------------------------------------------------------

    @rule(number=st.integers(1, 5))
    def change_the_workspace(self, number: int) -> None:
        self._did("change_the_workspace", number=number)
        self._key(Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)

    @rule(milliseconds=st.sampled_from((0, 5, 20, 60)))
    def let_time_pass(self, milliseconds: int) -> None:
        self._did("let_time_pass", milliseconds=milliseconds)
        pump(milliseconds / 1000)

    @rule(index=_index)
    def copy_a_picture(self, index: int) -> None:
        self._did("copy_a_picture", index=index)
        pictures = (self.decoded.picture, self.draw.way.pixels)
        picture = pictures[index % len(pictures)]
        if not picture.isVisible():
            return  # no hand can reach it in a dock that is closed
        picture.setFocus()
        self._key(Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        if picture.hasFocus() and picture.image is not None:
            assert not QGuiApplication.clipboard().image().isNull(), "Ctrl+C copied nothing"

    @rule(
        what=st.sampled_from(
            ("resize", "resize", "docks", "docks", "layout", "theme", "palette", "about", "log")
        ),
        index=_index,
    )
    def change_the_window(self, what: str, index: int) -> None:
        self._did("change_the_window", what=what, index=index)
        if what == "resize":
            self.window.resize(*((640, 480), (1024, 700), (1280, 800), (2200, 1300))[index % 4])
        elif what == "docks":
            dock = list(self.window.docks.values())[index % len(self.window.docks)]
            dock.toggleViewAction().trigger()
        elif what == "layout":
            self.window.reset_layout()
        elif what == "theme":
            self._action(("Like the system", "Dark", "Light")[index % 3]).trigger()
        elif what == "palette":
            self._use_the_palette(("mean", "random", "undo", "label 3", "nothing of it")[index % 5])
        elif what == "about":
            self._action("About VAE Studio").trigger()
        elif what == "log" and (log := self._find_action("Show log")) is not None:
            log.trigger()
        self._close_what_lies_above()

    def _use_the_palette(self, text: str) -> None:
        self._key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        for palette in self.window.findChildren(CommandPalette):
            if palette.isVisible():
                QTest.keyClicks(palette.search, text)
                QTest.keyClick(palette.search, Qt.Key.Key_Return)

    # What always holds ---------------------------------------------------------------------

    @invariant()
    def holds(self) -> None:
        started = time.monotonic()
        turn()
        took = time.monotonic() - started
        self.session.slowest = max(self.session.slowest, took)
        assert took < _SLOW, f"the window did nothing else for {took:.1f} s"
        for check in _INVARIANTS:
            check(self)
        if is_settled(self.studio):
            self.session.done["settled"] += 1

    # The end of a run ----------------------------------------------------------------------

    def teardown(self) -> None:
        """Back to the beginning, and forward and back again in some runs."""
        self.session.note(sys.exc_info()[1])
        try:
            self._end()
            self.holds()
            self._expect(self.session.initial, "tidied up")
            assert not self.store.can_undo, "tidying up did something"
        except Exception as error:
            self.session.note(error)
            raise AssertionError(f"at the end of a run: {error}") from error
        self.session.end_run()

    def _end(self) -> None:
        store = self.store
        self.session.done["runs"] += 1
        self._close_what_lies_above()
        store.time_machine.stop_film()
        wait_until(self._nothing_trains, "the end of the training")
        store.comparing.clear()
        wait_until(lambda: not store.comparing._threads, "the end of a comparison")
        wait_until(lambda: data_is_at_rest(self), "the end of an import")
        # An open that is under way may still come; the lanes are answered in turn.
        wait_until(lambda: not self._explorer_busy(), "all answers")
        self._settle()
        _answers_are_of_the_present(self)
        last, ahead = store.state, len(store._history._future)
        newest = self._is_newest()
        self.session.most_undone = max(self.session.most_undone, len(store._history._past))
        self._undo_all()
        self._expect(self.session.initial, "undone")
        if self.redo_at_end and Path(last.model).is_dir() and newest:
            future = [_text(state) for state in reversed(store._history._future[ahead:])]
            while len(store._history._future) > ahead:
                self._at_rest(self._go_forward, store._history._future)
            self._settle()
            self._expect(last, f"redone through {future}")
            self._undo_all()
            self._expect(self.session.initial, "undone once more")
        self._tidy_up()

    def _is_newest(self) -> bool:
        """Whether a redo shows the same: it opens the newest weights of a run, which nobody saw who
        did not follow it, and of which a moment that was chosen has 16 bits. Those encode a drawing
        otherwise; z stays where it was put."""
        shown, state = self.store.snapshot, self.store.state
        assert shown is not None
        path = Path(shown.run)
        if self.store.time_machine.moment is not None:
            return state.input is None or state.moved
        return not path.is_dir() or shown.step == read_run(path).step

    def _nothing_trains(self) -> bool:
        """Also not the run that was to begin once another had ended."""
        training = self.store.training
        training.stop()
        done = training.view.request is None and training._next is None
        return done and self.store.experiments.current is None

    def _undo_all(self) -> None:
        while self.store.can_undo:
            self._at_rest(self._go_back, self.store._history._past)
        self._settle()

    def _at_rest(self, go: Callable[[], None], there: list[SessionState]) -> None:
        """One step while nothing else is under way: it must be done."""
        before, target, present = len(there), there[-1], self.store.state
        go()
        assert len(there) < before, (
            f"a step from {_text(present)} to {_text(target)} did nothing; {len(there)} of them "
            f"were {before}, a gesture: {self.store._gesture}, it shows {_text(self.store.state)}"
        )

    def _expect(self, wanted: SessionState, what: str) -> None:
        """The same model, the same point, the same drawing, all that is kept, exactly."""
        found = self.store.state
        for name in vars(wanted):
            one, other = getattr(wanted, name), getattr(found, name)
            assert one == other, f"all {what}, but {name} is {other!r}, it was {one!r}"

    def _tidy_up(self) -> None:
        """For the next run: no runs but the first, tools and layout as they were."""
        for trial in self.store.experiments.trials:
            self.store.experiments.forget(trial)
        self.store.overlays.clear()
        self.store.plan.reset_all()
        self.window.workspaces.show_workspace("studio")
        for info in self.store.library.runs():
            if not info.bundled and info.path.name not in ("own", RUN):
                self.store.library.remove([info], None)
        if not (runs_folder() / "own").exists():
            shutil.copytree(shipped("vae-2"), runs_folder() / "own")
        shutil.rmtree(runs_folder() / ".removed", ignore_errors=True)
        tidy_data(self)
        self.models.reload()
        self.draw.use_pen()
        self.draw.compare.mode = "side"
        self.store.completer.set_on(False)
        self.draw.toolbar.size_slider.setValue(8)
        self.window.toast.hide()
        self.window.resize(1280, 800)
        if not all(dock.toggleViewAction().isChecked() for dock in self.window.docks.values()):
            self.window.reset_layout()

    # Small parts ---------------------------------------------------------------------------

    def _press(self, button: QAbstractButton) -> None:
        button.click()

    def _press_and_count_training(self, button: QAbstractButton) -> None:
        before = self.store.training.view.request
        self._press(button)
        if before is None and self.store.training.view.request is not None:
            self.session.done["trainings"] += 1

    def _key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = hand.NO_KEYS) -> None:
        hand.key(self.window, key, modifier)

    def _drag(self, widget: QWidget, path: list[QPoint]) -> None:
        left, none = Qt.MouseButton.LeftButton, hand.NO_KEYS
        QTest.mousePress(widget, left, none, path[0])
        for point in path[1:]:
            QTest.mouseMove(widget, point)
        QTest.mouseRelease(widget, left, none, path[-1])

    def _row(self, index: int) -> Any:
        rows = self.sliders.rows
        return rows[index % len(rows)] if rows else None

    def _choose(self, index: int) -> RunInfo | None:
        """Click a model in the list."""
        listed = self.models.list
        if not listed.count():
            return None
        item = listed.item(index % listed.count())
        info: RunInfo = item.data(models_panel._INFO)
        listed.scrollToItem(item)
        place = listed.visualItemRect(item).center()
        QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, hand.NO_KEYS, place)
        return info if self.models.on_screen else None

    def _current(self) -> RunInfo | None:
        item = self.models.list.currentItem()
        info: RunInfo | None = item.data(models_panel._INFO) if item else None
        return info

    def _choose_own(self, index: int) -> bool:
        """Make one of the user's own runs the current one, without opening it."""
        listed = self.models.list
        items = [listed.item(row) for row in range(listed.count())]
        own = [item for item in items if not item.data(models_panel._INFO).bundled]
        if own:
            listed.setCurrentItem(own[index % len(own)])
        return bool(own)

    def _opened_or_failed(self, path: str) -> bool:
        return self.store.state.model == path or not self._explorer_busy()

    def _explorer_busy(self) -> bool:
        """Whether there are questions whose answers are not here yet."""
        return self.session.watch.busy()

    def _runs(self) -> bool:
        return self.store.training.view.status.value in ("starting", "running")

    def _settle(self) -> None:
        wait_until(
            lambda: is_settled(self.studio) and not self._explorer_busy(),
            "the picture of the present point",
        )

    def _go_back(self) -> None:
        self._travel(self.store.undo, self.store._history._past, "undo")

    def _go_forward(self) -> None:
        self._travel(self.store.redo, self.store._history._future, "redo")

    def _travel(self, go: Callable[[], None], there: list[SessionState], what: str) -> None:
        """One step through the history, and wait until it is done."""
        before = len(there)
        go()
        self.session.done[f"{what}s"] += 1
        wait_until(
            lambda: len(there) < before or not self._explorer_busy(), f"an {what} to be done"
        )

    def _find_action(self, text: str) -> QAction | None:
        actions = self.window.findChildren(QAction)
        return next((a for a in actions if a.text().replace("&", "") == text), None)

    def _action(self, text: str) -> QAction:
        action = self._find_action(text)
        assert action is not None, f"there is no action {text!r}"
        return action

    def _close_what_lies_above(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and widget.isVisible():
                widget.reject() if isinstance(widget, QDialog) else widget.close()


def _text(state: SessionState) -> str:
    """A state in short."""
    drawing = f"{len(state.input.strokes)} strokes" if state.input else "no drawing"
    moved = "moved" if state.moved else "as encoded"
    return f"{Path(state.model).name}, {drawing}, {moved}"


# What always holds. Each is given the machine after every step, and asserts -------------------


def _no_complaint(machine: Machine) -> None:
    complaints = machine.session.complaints
    assert not complaints, f"it complained: {complaints[0]}"


def _one_training(machine: Machine) -> None:
    threads = [thread for thread in machine.store.findChildren(QThread) if thread.isRunning()]
    names = Counter(thread.objectName() for thread in threads)
    assert set(names) <= _QTHREADS, f"threads run that nobody knows: {names}"
    del names["compare"]  # one that was given up may take its time while the next begins
    assert max(names.values(), default=0) <= 1, f"a thread runs twice: {names}"


def _no_other_thread(machine: Machine) -> None:
    new = set(threading.enumerate()) - machine.session.known_threads
    strangers = [thread.name for thread in new if not thread.daemon]  # Qt's are daemons here
    assert not strangers, f"Python threads that nobody knows: {strangers}"


def _buttons_fit(machine: Machine) -> None:
    view, panel = machine.store.training.view, machine.train_panel
    for button, wanted in (
        (panel.controls.train, view.can_start and not machine.store.plan.problems),
        (panel.controls.pause, view.can_pause or getattr(view, "can_save", False)),
        (panel.controls.stop, view.can_stop),
        (machine.window.undo_action, machine.store.can_undo),
        (machine.window.redo_action, machine.store.can_redo),
        (machine.draw.toolbar.undo, machine.store.can_undo),
        (machine.draw.toolbar.redo, machine.store.can_redo),
        (machine.draw.toolbar.clear, machine.store.state.input is not None),
    ):
        name = button.text() or button.toolTip()
        assert button.isEnabled() == wanted, f"{name} is enabled: {button.isEnabled()}, {view}"
    assert panel.form.variant.isEnabled() == view.can_start
    assert machine.window.status.follow.isChecked() == machine.store.following


def _state_fits(machine: Machine) -> None:
    """z and label have the sizes of the model that is shown."""
    state, snapshot = machine.store.state, machine.store.snapshot
    latent = state.latent
    assert all(map(math.isfinite, latent.z)), f"z is {latent.z}"
    assert all(map(math.isfinite, latent.label or ())), f"the label is {latent.label}"
    assert snapshot is not None
    if state.model == snapshot.run:
        assert len(latent.z) == snapshot.spec.latent_dim
        assert len(latent.label or ()) == snapshot.spec.num_classes
        assert all(0 <= index < len(latent.z) for index in latent.locked)


def _pictures_fit_captions(machine: Machine) -> None:
    result, decoded = machine.store.last_decoded, machine.decoded
    assert result is not None
    caption = decoded.caption.text()
    if caption != snapshot_caption(result.request.snapshot):
        # A row of the sliders came to lie under the mouse.
        assert machine.store.pointed is not None, f"nobody points at anything, but: {caption}"
        assert decoded.picture.heat is not None, caption
        assert caption.startswith("where z"), caption
    assert decoded.picture.image == to_qimage(result.image), "not the picture of its caption"
    code, draw = machine.store.last_encoded, machine.draw
    if machine.store.state.input is None:
        assert draw.compare.input_image is None, "a picture of a drawing that is gone"
        assert draw.compare.reconstruction_image is None
        assert draw.caption.text() == ""
    elif code is not None:
        assert draw.caption.text() == snapshot_caption(code.request.snapshot)
        assert draw.compare.input_image == to_qimage(code.image)
        assert draw.compare.reconstruction_image == to_qimage(code.x_hat)
    snapshot = machine.store.snapshot
    assert snapshot is not None
    assert machine.window.status.showing.text().endswith(snapshot_caption(snapshot))


def _answers_are_of_the_present(machine: Machine) -> None:
    """Once all answers are here, the picture is what these weights make of this z, and the code is
    that of this drawing: no late answer to an older question stayed."""
    store = machine.store
    snapshot, state, shown = store.snapshot, store.state, store.last_decoded
    assert snapshot is not None
    assert shown is not None
    assert shown.request.snapshot is snapshot, "a picture of other weights"
    point = shown.request.latent
    assert (point.z, point.label) == (state.latent.z, state.latent.label), "another point's picture"
    fresh = decode(snapshot.build(), state.latent.z, state.latent.label)
    away = float(np.abs(shown.image - fresh).max())
    assert away <= 1e-5, f"not what z looks like, by {away} at {snapshot.id}"
    if state.input is not None:
        code = store.last_encoded
        if code is None:
            assert _is_refused(EncodeRequest(snapshot, state.input)), "no code, and no reason why"
            return
        assert code.request.snapshot is snapshot, "a code by other weights"
        assert code.request.input == state.input, "the code of another drawing"


def _is_refused(request: EncodeRequest) -> bool:
    """Whether the model cannot take that input: of another size, or an image that is gone."""
    try:
        answer(request)
    except StudioError:
        return True
    return False


def _sliders_show_z(machine: Machine) -> None:
    z, rows = machine.store.state.latent.z, machine.sliders.rows
    if len(rows) != len(z):
        return  # the model still loads
    locked = machine.store.state.latent.locked
    assert sorted(row.dimension for row in rows) == list(range(len(z)))
    for row in rows:
        value = z[row.dimension]
        typed = max(-TYPED_LIMIT, min(TYPED_LIMIT, value))
        assert abs(row.value.value() - typed) <= 0.00501, f"z{row.dimension} is {value}"
        low, high = row.slider.minimum(), row.slider.maximum()
        shown = max(low, min(high, value))
        assert row.slider.isSliderDown() or abs(row.slider.value() - shown) <= 0.01
        assert row.lock.isChecked() == (row.dimension in locked)


def _canvas_shows_drawing(machine: Machine) -> None:
    drawing = machine.store.state.input
    assert machine.draw.canvas._strokes == (drawing.strokes if drawing else ())


def _list_marks_what_is_shown(machine: Machine) -> None:
    listed = machine.models.list
    items = [listed.item(row) for row in range(listed.count())]
    paths = [str(item.data(models_panel._INFO).path) for item in items]
    marked = [
        path for item, path in zip(items, paths, strict=True) if item.data(models_panel._SHOWN)
    ]
    model = machine.store.state.model
    assert marked == [path for path in paths if path == model], f"{marked} marked, {model} shown"
    assert len(set(paths)) == len(paths)


def _runs_open(machine: Machine) -> None:
    request = machine.store.training.view.request
    for path in runs_folder().iterdir():
        being_made = request is not None and path == request.folder
        if not path.name.startswith(".") and not being_made:
            read_run(path)


_INVARIANTS: tuple[Callable[[Machine], None], ...] = (
    _no_complaint,
    _one_training,
    _no_other_thread,
    _buttons_fit,
    _state_fits,
    _pictures_fit_captions,
    _sliders_show_z,
    _canvas_shows_drawing,
    _list_marks_what_is_shown,
    _runs_open,
    data_sets_fit,
)


# The run of it all ---------------------------------------------------------------------------


def run(count: int, seed: int, folder: Path) -> Outcome:
    """So many users, each with 50 actions."""
    global _session
    _make_bad_folders(folder / "bad")
    make_materials(folder / "materials")
    table = dict(DATASETS)
    _session = _Session(folder)
    failures: list[str] = []
    with complaints() as noted, small_data(_TRAIN_IMAGES, _TEST_IMAGES):
        _session.complaints = noted
        try:
            run_state_machine_as_test(with_seed(seed)(Machine), settings=_settings(count))
        except Flaky:
            failures.append(f"seed {seed}, once: {_session.first_fault}")
        except Exception as error:
            steps = "\n    ".join(_session.steps)
            failures.append(f"seed {seed}: {_in_short(error)}\n    {steps}")
        finally:
            try:
                _session.close()
            except AssertionError as error:
                failures.append(str(error))
    DATASETS.clear()
    DATASETS.update(table)
    done = _session.done
    failures += [f"nobody ever {what}" for what in _never(done, count)]
    summary = (
        f"{done['runs']} runs, {done['steps']} steps: {done['trainings']} trainings, "
        f"{done['models opened']} models opened, {done['draw_a_stroke']} strokes, "
        f"{done['erase']} erased, {done['undos']} undos ({_session.most_undone} in one go), "
        f"{done['redos']} redos, {done['imports']} imports, {done['sets removed']} sets removed, "
        f"{done['deleted']} deleted ({done['restored']} restored), {done['settled']} times at "
        f"rest; longest turn {_session.slowest:.2f} s"
    )
    return Outcome(summary, tuple(failures))


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=_STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if count > COUNTS["test"] else (Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )


def _in_short(error: BaseException) -> str:
    """The error, and the steps that Hypothesis found to be enough."""
    errors = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
    notes = [note for one in errors for note in getattr(one, "__notes__", [])]
    kinds = "; ".join(f"{type(one).__name__}: {one} ({_where(one)})" for one in errors)
    return "\n    ".join([kinds, *notes])


def _where(error: BaseException) -> str:
    """The line that failed: many an assertion has no words of its own."""
    first = error
    while first.__cause__ is not None:
        first = first.__cause__
    frames = traceback.extract_tb(first.__traceback__)
    return f"{frames[-1].name}: {frames[-1].line}" if frames else "nowhere"


def _never(done: Counter[str], count: int) -> list[str]:
    """Which of the things that matter were hardly done: a test that does nothing proves nothing."""
    least = {
        "steps": 25 * count,
        "runs": count,
        "undos": count,
        "settled": 10 * count,
    }
    if count >= 100:  # each of Hypothesis’ users leaves many rules out
        least |= {
            "trainings": count // 12,
            "models opened": count // 6,
            "draw_a_stroke": count // 25,
            "images": count // 20,
            "places": count // 20,
            "imports": count // 20,
            "sets removed": count // 20,
            "colours": count // 20,
        }
    return [
        f"did {name}: {done[name]} of {wanted}"
        for name, wanted in least.items()
        if done[name] < wanted
    ]


def _make_bad_folders(bad: Path) -> None:
    """What is no run, or a damaged one."""
    (bad / "empty").mkdir(parents=True)
    (bad / "no-config").mkdir()
    (bad / "no-config" / "config.json").write_text(json.dumps({"format": 1}))
    shutil.copytree(shipped("vae-2"), bad / "cut")
    for weights in (bad / "cut").rglob("*.safetensors"):
        weights.write_bytes(weights.read_bytes()[:1000])
    (bad / "file").write_text("not a folder")
