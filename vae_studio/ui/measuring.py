"""``Measuring``: the input through any number of models at once, anew whenever it changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.core.runs import RunInfo
from vae_studio.session.drawing import Input
from vae_studio.session.drawing_jobs import InputMeasure, MeasureRequest, MeasureResult
from vae_studio.session.folders import recalled, remembered
from vae_studio.session.state import SessionState
from vae_studio.workers.job_thread import JobThread

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot
    from vae_studio.ui.store import Store

OWN = 5  # of one's own runs, the newest, that are measured without being chosen
_PAUSE = 50  # ms between two questions, at the least
_TRAINING_PAUSE = 250  # ms; while weights are followed, whose training wants the processor
_PATIENCE = 0.4  # s that a question about an older input goes on after a change
_TOGETHER = 0.15  # s for which answers wait for each other: one line after another would flicker


@dataclass(frozen=True, eq=False)
class Entry:
    """A model of the table. info: of its run, None where that is not saved yet. snapshot: of the
    model on show. measure: the latest there is; of an input a moment ago, while new ones are made.
    """

    path: Path
    name: str
    info: RunInfo | None
    snapshot: Snapshot | None
    measure: InputMeasure | None


@dataclass(frozen=True, eq=False)
class _Known:
    """source: the weights or the state of the run that were measured."""

    source: Snapshot | RunInfo
    input: Input
    measure: InputMeasure


class Measuring(QObject):
    """entries: those that ship and the newest of one's own, unless others were chosen; the model on
    show in any case, and of all others those that take images of the same size and colours: only
    their figures can be compared. infos: of all runs that may be chosen. left_out: how many models
    take other images. problem: why the input itself goes through none.

    Signal: ``changed()``: other entries, or other figures.
    """

    changed = Signal()

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._store = store
        self.infos: tuple[RunInfo, ...] = ()
        self.entries: tuple[Entry, ...] = ()
        self.left_out = 0
        self.problem: StudioError | None = None
        self._chosen: dict[Path, bool] = {}  # by hand
        self._looked_at = False
        self._known: dict[Path, _Known] = {}
        self._asked: MeasureRequest | None = None
        self._sources: dict[Path, Snapshot | RunInfo] = {}  # of what is asked
        self._heard: set[Path] = set()  # of it
        self._first: set[Path] = set()  # of the next question: the last one did not come to them
        self._refused: Input | None = None
        self._since = -1e9  # when it was asked, s
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._ask_now)
        self._thread = JobThread("measuring", self)
        self._thread.improved.connect(self._take)
        self._thread.done.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        store.state_changed.connect(self._render)
        store.snapshot_changed.connect(self._show_weights)
        store.library.changed.connect(self._list)
        store.library.renamed.connect(self._list)

    def look(self, looked_at: bool) -> None:
        """Somebody looks at the table, or no longer: then nothing is asked."""
        if looked_at and not self._looked_at:
            self._looked_at = True
            self._list()
        elif not looked_at and self._looked_at:
            self._looked_at = False
            self._rest()

    def is_chosen(self, info: RunInfo) -> bool:
        """Whether that run stands in the table also while it is not the one on show."""
        if info.path in self._chosen:
            return self._chosen[info.path]
        return info.bundled or info.path in self._newest()

    def takes_the_same(self, info: RunInfo) -> bool:
        """Whether a run takes images like those of the model on show."""
        snapshot = self._store.snapshot
        return snapshot is None or info.spec.image_shape == snapshot.spec.image_shape

    def choose(self, info: RunInfo, chosen: bool) -> None:
        """Let a run stand in the table, or not."""
        here = {each.path for each in self.infos}  # the others are gone
        self._chosen = {path: on for path, on in self._chosen.items() if path in here}
        self._chosen[info.path] = chosen
        self._make_entries()

    def choose_usual(self) -> None:
        """Those that ship, and the newest of one's own."""
        self._chosen.clear()
        self._make_entries()

    def choice(self) -> dict[str, bool]:
        """What was chosen by hand, by the names under which the app remembers runs."""
        return {name: on for path, on in self._chosen.items() if (name := remembered(str(path)))}

    def restore(self, choice: Mapping[str, bool]) -> None:
        """Choose as in the last session."""
        self._chosen = {recalled(name): on for name, on in choice.items()}
        self._make_entries()

    @property
    def is_usual(self) -> bool:
        """Whether that is so."""
        return not self._chosen

    @property
    def running(self) -> bool:
        """Whether figures are on their way."""
        return self._asked is not None or self._timer.isActive()

    def shutdown(self) -> None:
        """Give up what runs, and end."""
        self._rest()
        self._thread.stop()
        self._thread.wait()

    # Which models --------------------------------------------------------------------------

    def _newest(self) -> set[Path]:
        own = [info for info in self.infos if not info.bundled and self.takes_the_same(info)]
        own.sort(key=lambda info: info.created, reverse=True)
        return {info.path for info in own[:OWN]}

    @Slot()
    def _list(self, *_: object) -> None:
        """The runs are others, perhaps, or trained further."""
        if self._looked_at:
            self.infos = tuple(self._store.library.runs())
            self._make_entries()

    def _make_entries(self) -> None:
        self.entries = tuple(self._entries())
        here = {entry.path for entry in self.entries}
        self._known = {path: known for path, known in self._known.items() if path in here}
        self.changed.emit()
        self._want()

    def _entries(self) -> Iterator[Entry]:
        snapshot = self._store.snapshot
        shown = Path(snapshot.run) if snapshot is not None else None
        listed, self.left_out = False, 0
        for info in self.infos:
            on_show = info.path == shown
            listed = listed or on_show
            if not on_show and not self.takes_the_same(info):
                self.left_out += self.is_chosen(info)
            elif on_show or self.is_chosen(info):
                yield self._entry(info.path, info.name, info, snapshot if on_show else None)
        if snapshot is not None and shown is not None and not listed:
            yield self._entry(shown, snapshot.name, None, snapshot)

    def _entry(
        self, path: Path, name: str, info: RunInfo | None, snapshot: Snapshot | None
    ) -> Entry:
        known = self._known.get(path)
        return Entry(path, name, info, snapshot, known.measure if known is not None else None)

    # Questions -----------------------------------------------------------------------------

    def _stale(self) -> dict[Path, Snapshot | RunInfo]:
        """What is to be measured: the model on show first, then what had to wait."""
        given = self._store.state.input
        found: dict[Path, Snapshot | RunInfo] = {}
        for entry in self.entries:
            source = entry.snapshot or entry.info
            known = self._known.get(entry.path)
            if source is None:
                continue
            if known is None or known.input != given or not _same(known.source, source):
                found[entry.path] = source
        shown = {entry.path for entry in self.entries if entry.snapshot is not None}

        def turn(path: Path) -> tuple[bool, bool]:
            return path not in shown, path not in self._first

        return {path: found[path] for path in sorted(found, key=turn)}

    def _want(self) -> None:
        """Ask in a moment, if there is something new. The moment is not put off by another change:
        a pen that never rests would never see a figure."""
        given = self._store.state.input
        if not self._looked_at or given is None or self._timer.isActive():
            return
        pause = _TRAINING_PAUSE if self._store.following else _PAUSE
        past = round(1000 * (time.monotonic() - self._since))
        self._timer.start(max(0, pause - past))

    @Slot()
    def _ask_now(self) -> None:
        given = self._store.state.input
        if not self._looked_at or given is None or given == self._refused:
            return
        if self._asked is not None and time.monotonic() - self._since < _PATIENCE:
            return  # all of its answers come before the next question, see ``_take``
        stale = self._stale()
        if not stale or (self._asked is not None and self._is_answered_by_asked(given, stale)):
            return
        if self._asked is not None:
            self._first = set(self._sources) - self._heard
        models = (
            source.path if isinstance(source, RunInfo) else source for source in stale.values()
        )
        shown = self._store.snapshot
        names = shown.class_names if shown is not None else ()
        self._asked = MeasureRequest(tuple(models), given, names)
        self._sources, self._heard, self._since = stale, set(), time.monotonic()
        self._thread.ask(self._asked)

    def _is_answered_by_asked(self, given: Input, stale: dict[Path, Snapshot | RunInfo]) -> bool:
        """Whether what is still to come of the question says it all."""
        assert self._asked is not None
        return self._asked.input == given and all(
            path in self._sources and _same(self._sources[path], source)
            for path, source in stale.items()
        )

    def _rest(self) -> None:
        self._timer.stop()
        self._thread.cancel()
        self._asked = None

    @Slot(object, object)
    def _render(self, new: SessionState, old: SessionState) -> None:
        if new.input == old.input:
            return
        if new.input is None:
            self._rest()
            self._known.clear()
            self._refused = self.problem = None
            self._make_entries()
        else:
            self._want()

    @Slot(object)
    def _show_weights(self, snapshot: Snapshot) -> None:
        if self._looked_at:
            self._make_entries()

    # Answers -------------------------------------------------------------------------------

    @Slot(object)
    def _take(self, result: MeasureResult) -> None:
        if result.request is not self._asked:
            return
        given, past = result.request.input, time.monotonic() - self._since
        for measure in result.measures:
            path = measure.model if isinstance(measure.model, Path) else Path(measure.model.run)
            if path not in self._heard:
                self._heard.add(path)
                self._known[path] = _Known(self._sources[path], given, measure)
        self._refused = self.problem = None
        if result.ended:
            self._asked = None
            self._first.clear()
        if result.ended or past > _TOGETHER:
            self._make_entries()  # and on with the newest input, where that is another

    @Slot(object, object)
    def _take_failure(self, job: MeasureRequest, error: StudioError) -> None:
        if job is not self._asked:
            return
        self._asked, self._refused, self.problem = None, job.input, error
        self._known.clear()
        self._make_entries()


def _same(one: Snapshot | RunInfo, other: Snapshot | RunInfo) -> bool:
    """The same weights, as far as can be told without reading them."""
    if isinstance(one, RunInfo):
        return one == other
    return one is other
