"""A hundred random actions of somebody who explores, then a hundred undos: the exact beginning.

Made by Hypothesis, on the real window. Each rule is one thing that a hand can do to the point, to
what is kept, or to what is shown; it makes one undo step or none. When all is undone the state must
be what it was, to the last bit; then all is redone, which must give back the end, and undone again.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget

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
from vae_studio.session.history import History
from vae_studio.session.state import SessionState
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.images import ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.paths.panel import PathsPanel
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.traversals import TraversalsPanel

COUNTS: Counts = {"test": 2, "soak": 20, "full": 100}

_ACTIONS = 100
_TRAIN_IMAGES, _TEST_IMAGES = 512, 256
_MODELS = ("vae-2", "vae-16", "vae-32", "vae-64", "cvae")

_share = st.floats(0.0, 1.0).map(lambda share: round(share, 3))
_index = st.integers(0, 63)


class _Session:
    """The window, what it complained of, and what was done."""

    def __init__(self, studio: Studio, noted: list[str]) -> None:
        self.studio, self.complaints = studio, noted
        self.done: Counter[str] = Counter()
        self.steps: list[str] = []  # of the run in hand
        self.fewest = self.most = 0  # undo steps of a run
        self.initial: SessionState


_session: _Session


class Explorer(RuleBasedStateMachine):
    """To add an action, add a method with ``@rule``; ``self._did`` counts and notes it."""

    def __init__(self) -> None:
        super().__init__()
        self.session, self.studio = _session, _session.studio
        self.store, self.window = self.studio.store, self.studio.window
        panel = self.window.panel
        self.decoded, self.sliders = panel(DecodedPanel), panel(SlidersPanel)
        self.map, self.images = panel(MapPanel), panel(ImagesPanel)
        self.paths, self.directions = panel(PathsPanel), panel(DirectionsPanel)
        self.labels, self.samples = panel(LabelsPanel), panel(SamplesPanel)
        self.traversals, self.draw = panel(TraversalsPanel), panel(DrawPanel)
        self.store._history = History()
        self.store.history_changed.emit()
        self.session.steps = []

    def _did(self, action: str, /, **details: object) -> None:
        self.session.done[action] += 1
        text = ", ".join(f"{name}={value!r}" for name, value in details.items())
        self.session.steps.append(f"{action}({text})")

    @initialize()
    def begin(self) -> None:
        self.session.initial = self.store.state

    # The point -----------------------------------------------------------------------------

    @rule(index=_index, shares=st.lists(_share, min_size=2, max_size=4))
    def drag_a_slider(self, index: int, shares: list[float]) -> None:
        self._did("drag_a_slider", index=index, shares=shares)
        slider = self.sliders.rows[index % len(self.sliders.rows)].slider
        self._drag(slider, [hand.on_slider(slider, share) for share in shares])

    @rule(index=_index)
    def lock(self, index: int) -> None:
        self._did("lock", index=index)
        self.sliders.rows[index % len(self.sliders.rows)].lock.click()

    @rule(what=st.sampled_from(("random", "mean")))
    def go_by_a_button(self, what: str) -> None:
        self._did("go_by_a_button", what=what)
        (self.decoded.random if what == "random" else self.decoded.mean).click()

    @rule(source=st.integers(0, 1))
    def choose_the_source(self, source: int) -> None:
        self._did("choose_the_source", source=source)
        _choose(self.decoded.source, source)

    @rule(name=st.sampled_from(_MODELS))
    def open_a_model(self, name: str) -> None:
        self._did("open_a_model", name=name)
        path = str(shipped(name))
        if path != self.store.state.model:
            self.store.open_model(path)
            wait_until(lambda: self.store.state.model == path, f"{name} to open")
            self.session.done["models"] += 1

    @rule(points=st.lists(st.tuples(_share, _share), min_size=2, max_size=5))
    def draw_a_stroke(self, points: list[tuple[float, float]]) -> None:
        self._did("draw_a_stroke", points=points)
        self.window.docks["draw"].show()
        self._drag(self.draw.canvas, hand.on_canvas(self.draw.canvas, points))

    @rule(index=_index, what=st.sampled_from(("sample", "traversal")))
    def take_a_picture(self, index: int, what: str) -> None:
        self._did("take_a_picture", index=index, what=what)
        if what == "sample":
            self.window.docks["samples"].raise_()
            pictures = self.samples.pictures
            QTest.mouseClick(pictures[index % len(pictures)], Qt.MouseButton.LeftButton)
        else:
            self.window.docks["traversals"].raise_()
            pump(0.1)
            if self.traversals.grid.pictures:
                self.traversals.grid.chosen.emit(0, index % len(self.traversals.grid.pictures[0]))

    @rule(index=_index, what=st.sampled_from(("input", "input", "mark")))
    def take_a_test_image(self, index: int, what: str) -> None:
        self._did("take_a_test_image", index=index, what=what)
        self.window.docks["images"].raise_()
        place = self.images.images.index(index)
        if place.isValid() and what == "input":
            self.images.list.activated.emit(place)
        elif place.isValid():
            self.images.list.setCurrentIndex(place)
            self.images.mark.trigger()

    # Labels and directions -----------------------------------------------------------------

    @rule(digit=st.integers(0, 9))
    def pick_a_class(self, digit: int) -> None:
        self._did("pick_a_class", digit=digit)
        self.window.docks["labels"].raise_()
        pump(0.05)
        if self.labels.buttons:
            self.labels.buttons[digit % len(self.labels.buttons)].click()

    @rule(other=st.integers(0, 9), share=_share)
    def mix_two_classes(self, other: int, share: float) -> None:
        self._did("mix_two_classes", other=other, share=share)
        self.window.docks["labels"].raise_()
        if self.labels.mix.isVisible():
            slider = self.labels.between
            ends = [hand.on_slider(slider, each) for each in (0.0, share)]
            self._drag(slider, ends)
            self.session.done["mixes"] += 1

    @rule(
        start=_index,
        end=_index,
        what=st.sampled_from(("add", "subtract", "more", "less", "slide", "keep", "remove")),
        share=_share,
    )
    def use_a_direction(self, start: int, end: int, what: str, share: float) -> None:
        self._did("use_a_direction", start=start, end=end, what=what, share=share)
        panel = self.directions
        self.window.docks["directions"].raise_()
        _choose(panel.kept, start)
        if panel.start.isVisible():
            _choose(panel.start, start)
            _choose(panel.end, end)
        pump(0.12)
        if what == "slide" and panel.slider.isEnabled():
            self._drag(panel.slider, [hand.on_slider(panel.slider, each) for each in (0.5, share)])
        elif what != "slide":
            button: Any = getattr(panel, what)
            if button.isVisible():
                before = self.store.state
                button.click()
                self.session.done["directions"] += self.store.state != before

    # What is kept, and the path over it ----------------------------------------------------

    @rule()
    def keep_this_point(self) -> None:
        self._did("keep_this_point")
        hand.key(self.window, Qt.Key.Key_K)

    @rule(
        index=_index,
        what=st.sampled_from(("go", "go", "remove", "earlier", "later", "rename")),
        name=st.sampled_from(("slant", "<b>β</b>", " ", "n" * 90)),
    )
    def use_a_kept_point(self, index: int, what: str, name: str) -> None:
        self._did("use_a_kept_point", index=index, what=what, name=name)
        points = self.paths.points
        self.window.docks["paths"].raise_()
        if not points.points:
            return
        place = points.model().index(index % len(points.points), 0)
        points.setCurrentIndex(place)
        if what == "go":
            points.activated.emit(place)
        elif what == "remove":
            points.remove_current()
        elif what == "rename":
            points.model().setData(place, name, Qt.ItemDataRole.EditRole)
        else:
            points.move_current(-1 if what == "earlier" else 1)

    @rule(
        way=st.integers(0, 2),
        steps=st.integers(1, 9),
        what=st.sampled_from(("way", "steps", "loop")),
    )
    def lead_the_path(self, way: int, steps: int, what: str) -> None:
        self._did("lead_the_path", way=way, steps=steps, what=what)
        self.window.docks["paths"].raise_()
        if what == "way":
            _choose(self.paths.way, way)
        elif what == "steps":
            self.paths.steps.setValue(steps)
        else:
            self.paths.loop.click()

    @rule(share=_share, what=st.sampled_from(("drag", "walk")))
    def go_along_the_path(self, share: float, what: str) -> None:
        self._did("go_along_the_path", share=share, what=what)
        self.window.docks["paths"].raise_()
        walk, strip = self.store.path_walk, self.paths.strip
        if walk.found is None or not strip.count:
            return
        if what == "drag":
            middle = strip.height() // 3
            ends = [QPoint(round(each * (strip.width() - 1)), middle) for each in (0.5, share)]
            self._drag(strip, ends)
        else:
            self.paths.play.click()
            pump(0.1 + 0.2 * share)
            walk.stop()
        self.session.done["walks"] += 1

    # The map -------------------------------------------------------------------------------

    @rule(x=_share, y=_share, what=st.sampled_from(("click", "drag", "mark", "unmark")))
    def use_the_map(self, x: float, y: float, what: str) -> None:
        self._did("use_the_map", x=x, y=y, what=what)
        canvas = self.map.canvas
        self.window.docks["map"].raise_()
        turn()
        at = QPoint(round(x * (canvas.width() - 1)), round(y * (canvas.height() - 1)))
        if self.store.atlas.map is None or canvas.here is None:
            return
        if what == "click":
            hand.click(canvas, at)
        elif what == "drag":
            here = canvas.view.to_pixels(canvas.here).round().astype(int).tolist()
            self._drag(canvas, [QPoint(*here), QPoint(*here) + QPoint(9, 9), at])
        else:
            shift, alt = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
            keys = shift if what == "mark" else shift | alt
            middle = canvas.rect().center()
            QTest.mousePress(canvas, Qt.MouseButton.LeftButton, keys, middle)
            QTest.mouseMove(canvas, at)
            QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, keys, at)

    @rule(index=_index)
    def choose_what_the_map_shows(self, index: int) -> None:
        self._did("choose_what_the_map_shows", index=index)
        buttons = [self.map.crowd, self.map.lattice, self.map.holes, *self.map.classes]
        button = buttons[index % len(buttons)]
        if button.isEnabled():
            button.click()

    # What always holds, and the end --------------------------------------------------------

    @invariant()
    def nothing_complains(self) -> None:
        turn()
        noted = self.session.complaints
        assert not noted, f"it complained: {noted[0]}"

    def teardown(self) -> None:
        try:
            self._end()
        except Exception as error:
            raise AssertionError(f"at the end of a run: {error}") from error

    def _end(self) -> None:
        session, store = self.session, self.store
        session.done["runs"] += 1
        self._rest()
        last, made = store.state, len(store._history._past)
        session.fewest = min(session.fewest or made, made)
        session.most = max(session.most, made)
        assert made <= _ACTIONS, f"{_ACTIONS} actions made {made} undo steps"
        self._undo_all()
        assert store.state == session.initial, _difference(session.initial, store.state)
        for _ in range(made):
            self._step(store.redo, store._history._future)
        self._rest()
        assert store.state == last, _difference(last, store.state)
        self._undo_all()
        assert store.state == session.initial, _difference(session.initial, store.state)

    def _undo_all(self) -> None:
        for _ in range(_ACTIONS):
            if not self.store.can_undo:
                break
            self._step(self.store.undo, self.store._history._past)
        assert not self.store.can_undo
        self._rest()

    def _step(self, go: Any, there: list[SessionState]) -> None:
        """One step, and wait until it is done: it may lead into another model."""
        before = len(there)
        go()
        wait_until(lambda: len(there) < before, "a step to be done")
        self.session.done["undo steps"] += 1

    def _rest(self) -> None:
        """Until nothing that is on its way can change the state any more."""
        self.store.path_walk.stop()
        self.store.aggregate._draws = False
        state = self.store.state
        wait_until(lambda: is_settled(self.studio), "the picture of the present point")
        if state.input is not None and not state.moved:
            wait_until(self._is_encoded, "the code of the drawing")
            wait_until(lambda: is_settled(self.studio), "the picture of the code")

    def _is_encoded(self) -> bool:
        code, store = self.store.last_encoded, self.store
        return (
            code is not None
            and code.request.snapshot is store.snapshot
            and code.request.input == store.state.input
        )

    def _drag(self, widget: QWidget, path: list[QPoint]) -> None:
        left, none = Qt.MouseButton.LeftButton, hand.NO_KEYS
        QTest.mousePress(widget, left, none, path[0])
        for point in path[1:]:
            QTest.mouseMove(widget, point)
        QTest.mouseRelease(widget, left, none, path[-1])


def _choose(box: QComboBox, index: int) -> None:
    """As a hand chooses in a box."""
    if box.count():
        box.setCurrentIndex(index % box.count())
        box.activated.emit(box.currentIndex())


def _difference(wanted: SessionState, found: SessionState) -> str:
    """Where two states differ."""
    names = [name for name in vars(wanted) if getattr(wanted, name) != getattr(found, name)]
    pairs = [f"{name}: {getattr(found, name)!r}, not {getattr(wanted, name)!r}" for name in names]
    return "; ".join(pairs)[:2000]


def run(count: int, seed: int, folder: Path) -> Outcome:
    """So many explorers, each with a hundred actions."""
    global _session
    failures: list[str] = []
    with (
        complaints() as noted,
        small_data(_TRAIN_IMAGES, _TEST_IMAGES),
        running_studio(0) as studio,
    ):
        _session = _Session(studio, noted)
        studio.window.resize(1280, 800)
        studio.window.workspaces.show_workspace("explore")
        studio.window.docks["draw"].show()
        wait_until(lambda: studio.store.atlas.map is not None, "the map")
        try:
            run_state_machine_as_test(
                with_seed(seed)(Explorer), settings=_settings(count), _min_steps=_ACTIONS
            )
        except Exception as error:
            notes = "\n    ".join([*getattr(error, "__notes__", []), *_session.steps])
            failures.append(f"seed {seed}: {type(error).__name__}: {error}\n    {notes}")
    done = _session.done
    least = {"runs": count, "undo steps": 100 * count}
    if count >= 8:  # each of Hypothesis' users leaves some rules out
        least |= dict.fromkeys(("models", "walks", "directions"), count // 8)
    failures += [
        f"nobody ever did {name}: {done[name]} of {wanted}"
        for name, wanted in least.items()
        if done[name] < wanted
    ]
    summary = (
        f"{done['runs']} runs of {_ACTIONS} actions, {_session.fewest} to {_session.most} undo "
        f"steps each, {done['undo steps']} taken back and again; {done['models']} models opened, "
        f"{done['walks']} walks, {done['directions']} directions, {done['mixes']} mixes"
    )
    return Outcome(summary, tuple(failures))


def _settings(count: int) -> settings:
    return settings(
        max_examples=count,
        stateful_step_count=_ACTIONS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
