"""``Store``: the only owner of the session's state. Panels send it intents and hear facts.

``state`` is one reference, replaced on the GUI thread alone. Questions go to ``ExploreThread``;
its answers carry the snapshot and the point they are for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vae_studio.core.errors import StudioError
from vae_studio.core.resources import bundled_path
from vae_studio.core.runs import CONFIG, is_file
from vae_studio.session import last_session
from vae_studio.session import state as transitions
from vae_studio.session.drawing import ImageRef, Input, Seen, Sheet, Steps, sheet_for
from vae_studio.session.drawing_requests import (
    DrawingAnswer,
    DrawingQuestion,
    SeenRequest,
    SomeImageRequest,
    SomeImageResult,
    TransferRequest,
)
from vae_studio.session.history import History
from vae_studio.session.place import with_place
from vae_studio.session.requests import (
    DecodeRequest,
    DecodeResult,
    EncodeRequest,
    EncodeResult,
    Image,
    LastRequest,
    LastResult,
    OpenRequest,
    OpenResult,
    PlaceRequest,
    PlaceResult,
    Request,
    Result,
)
from vae_studio.session.state import MapView, SessionState, Source, Weights
from vae_studio.session.strokes import Strokes
from vae_studio.ui.aggregate import Aggregate
from vae_studio.ui.atlas import Atlas
from vae_studio.ui.code_search import CodeSearch
from vae_studio.ui.comparing import Comparing
from vae_studio.ui.completer import Completer
from vae_studio.ui.data_sets import DataSets
from vae_studio.ui.doctor import TrainingDoctor
from vae_studio.ui.experiments import Experiments
from vae_studio.ui.exporter import Exporter
from vae_studio.ui.keeper import Keeper
from vae_studio.ui.launcher import Launcher
from vae_studio.ui.library import Library
from vae_studio.ui.likeness import Likenesses
from vae_studio.ui.measuring import Measuring
from vae_studio.ui.output_editor import OutputEditor
from vae_studio.ui.overlays import Overlays
from vae_studio.ui.path_walk import PathWalk
from vae_studio.ui.pen import Pen
from vae_studio.ui.picture_opening import PictureOpening
from vae_studio.ui.plan import TrainingPlan
from vae_studio.ui.time_machine import TimeMachine
from vae_studio.ui.training import Training
from vae_studio.workers.explore_thread import ExploreThread
from vae_studio.workers.train_thread import TrainRequest

if TYPE_CHECKING:
    from vae_studio.core.snapshot import Snapshot


_MOST_TOLD = 100  # then all may be told again


class Store(QObject):
    """Signals, all of them facts:

    state_changed(new, old): another ``SessionState``. snapshot_changed(snapshot): other weights
    are shown. decoded(DecodeResult), encoded(EncodeResult), answered(lane, result): answers.
    reconstructed(EncodeResult): the same as ``encoded``, before z goes there: a hand waits for it.
    following_changed(bool). failed(StudioError). noticed(StudioError): good to know, such as which
    checkpoint was damaged. device_known(name, threads): what models train on, once torch is loaded.
    history_changed(): undo or redo may be possible now, or no longer. pointed_changed(): the hand
    points at another dimension, or at none: ``pointed``. refused(): the model on show cannot take
    the input; ``failed`` said why.
    """

    state_changed = Signal(object, object)
    snapshot_changed = Signal(object)
    decoded = Signal(object)
    reconstructed = Signal(object)
    encoded = Signal(object)
    answered = Signal(str, object)
    following_changed = Signal(bool)
    failed = Signal(object)
    noticed = Signal(object)
    device_known = Signal(str, int)
    history_changed = Signal()
    pointed_changed = Signal()
    refused = Signal()

    def __init__(self, seed: int | None = None, parent: QObject | None = None) -> None:
        """seed: of *random*; None for another series at every start."""
        super().__init__(parent)
        self.state = SessionState()
        self.snapshot: Snapshot | None = None
        self.following = False
        self.pointed: int | None = None
        self.went_on = False  # with the last session
        self._live_snapshot: Snapshot | None = None
        self.last_decoded: DecodeResult | None = None
        self._asked: DecodeRequest | None = None  # the latest, until a code has overtaken it
        self.last_encoded: EncodeResult | None = None
        self._told: set[tuple[object, ...]] = set()  # pictures, models that refused them, and why
        self.training = Training(self)
        self.library = Library(self)
        self.library.renamed.connect(self._run_renamed)
        self.plan = TrainingPlan(self)
        self.launcher = Launcher(self.training, self.library, self.plan, self)
        self.launcher.failed.connect(self.failed)
        self.doctor = TrainingDoctor(self.training, self.launcher, self)
        self.experiments = Experiments(self.training, self.library, self)
        self.experiments.failed.connect(self.failed)
        self.comparing = Comparing(self)
        self.comparing.failed.connect(self.failed)
        self._history: History[SessionState] = History()
        self._gesture: SessionState | None = None
        self._turn: object | None = None  # of the wheel, which the last undo step was made by
        # To the model of an undo or redo step, or to a place
        self._travelling: OpenRequest | PlaceRequest | None = None
        self._random = np.random.default_rng(seed)
        self._explorer = ExploreThread(self)
        self._explorer.answered.connect(self._take_answer)
        self._explorer.failed.connect(self._take_failure)
        self._explorer.ready.connect(self.device_known)
        self._explorer.ready.connect(self.training.set_ready)
        self._explorer.ready.connect(self.comparing.set_ready)
        self.training.started.connect(self._training_started)
        self.training.snapshot_arrived.connect(self._take_live_snapshot)
        self.training.ended.connect(self._training_ended)
        self.training.failed.connect(self.failed)
        self.training.noticed.connect(self.noticed)
        self.training.saved.connect(self.library.note)
        self.time_machine = TimeMachine(self)
        self.atlas = Atlas(self)
        self.code_search = CodeSearch(self)
        self.pen = Pen(self)
        self.output_editor = OutputEditor(self)
        self.completer = Completer(self)
        self.measuring = Measuring(self)
        self.likenesses = Likenesses(self)
        self.pictures = PictureOpening(self)
        self.data_sets = DataSets(self)
        self.data_sets.changed.connect(self.plan.changed)  # what can be chosen
        self.data_sets.changed.connect(self.atlas.look_again)
        self.exporter = Exporter(self)
        self.keeper = Keeper(self)
        self.path_walk = PathWalk(self)
        self.aggregate = Aggregate(self, self._random)
        self.overlays = Overlays(self)
        self.overlays.failed.connect(self.failed)

    def start(self) -> None:
        """Start the threads that answer; one begins by loading torch."""
        self._explorer.start()
        self.library.start()
        self.experiments.read()

    def shutdown(self) -> None:
        """End all threads; what was noted of the runs, files and a training are saved first."""
        self.library.notes.flush()
        self.experiments.shutdown()
        self.comparing.shutdown()
        self.atlas.shutdown()
        self.code_search.shutdown()
        self.completer.shutdown()
        self.measuring.shutdown()
        self.likenesses.shutdown()
        self.pictures.shutdown()
        self.data_sets.shutdown()
        self.exporter.shutdown()
        self.path_walk.shutdown()
        self.aggregate.shutdown()
        self.training.shutdown()
        self.library.shutdown()
        self._explorer.stop()
        self._explorer.wait()

    # Changes of the state ------------------------------------------------------------------

    def begin_gesture(self) -> None:
        """Until ``end_gesture`` all changes are one undo step: a drag, a stroke."""
        if self._gesture is None:
            self._gesture = self.state

    def end_gesture(self) -> None:
        """The hand lets go."""
        before, self._gesture = self._gesture, None
        if before is not None and before != self.state:
            self._remember(before)

    def give_back_gesture(self) -> None:
        """The hand wants nothing of what it did since ``begin_gesture``."""
        before, self._gesture = self._gesture, None
        if before is not None and before != self.state:
            self._replace(before)
            self._ask_anew()

    @property
    def in_gesture(self) -> bool:
        """Whether a hand is drawing, dragging or brushing."""
        return self._gesture is not None or self.output_editor.busy

    def point_at(self, dimension: int | None) -> None:
        """The hand points at a dimension, without moving it; None: no longer."""
        if dimension != self.pointed:
            self.pointed = dimension
            self.pointed_changed.emit()

    def set_dimension(self, index: int, value: float) -> None:
        """Move one latent dimension; one that the model no longer has is left alone."""
        if index < len(self.state.latent.z):
            self.change(transitions.with_dimension(self.state, index, value))

    def set_z(self, z: Sequence[float]) -> None:
        """Move to another point."""
        self.change(transitions.with_z(self.state, z))

    def set_point(self, z: Sequence[float], label: Weights | None) -> None:
        """Move to another point in another class; label: None where there are none."""
        self.change(transitions.with_point(self.state, z, label))

    def randomise(self) -> None:
        """Draw the dimensions that are not locked from the prior N(0, 1), or from the aggregate
        posterior as soon as that is known."""
        size = len(self.state.latent.z)
        if size and self.state.random_from == "aggregate":
            self.aggregate.draw()
        elif size:
            self.set_free_dimensions(self._random.standard_normal(size).tolist())

    def set_free_dimensions(self, values: Sequence[float]) -> None:
        """Move to another point, but for the dimensions that are locked."""
        self.change(transitions.with_free_dimensions(self.state, values))

    def set_random_from(self, source: Source) -> None:
        """Let *random* draw from something else."""
        self.change(transitions.with_random_from(self.state, source))

    def go_to_mean(self) -> None:
        """Put the dimensions that are not locked to the prior's mean, 0."""
        size = len(self.state.latent.z)
        if size:
            self.change(transitions.with_free_dimensions(self.state, [0.0] * size))

    def set_locked(self, index: int, locked: bool) -> None:
        """Keep one dimension from *random* and *mean*."""
        self.change(transitions.with_lock(self.state, index, locked))

    def set_label(self, index: int) -> None:
        """Decode the same z in another class."""
        classes = self.snapshot.spec.num_classes if self.snapshot else 0
        if index < classes:
            label = tuple(float(index == other) for other in range(classes))
            self.change(transitions.with_label(self.state, label))

    def set_label_weights(self, weights: Weights) -> None:
        """Decode the same z in a mix of classes."""
        if self.fits and len(weights) == len(self.state.latent.label or ()):
            self.change(transitions.with_label(self.state, weights))

    def set_strokes(self, strokes: Strokes, turn: object | None = None) -> None:
        """The drawing changed; the code follows. turn: of the wheel, as ``change`` takes it."""
        self.change(transitions.with_strokes(self.state, strokes), turn)

    def clear_input(self) -> None:
        """Empty the canvas; z stays."""
        if self.state.input is not None:
            self.change(transitions.without_input(self.state))

    def set_input(self, given: Input) -> None:
        """Take another drawing or picture as the input."""
        self.change(transitions.with_input(self.state, given))

    def set_steps(self, steps: Steps) -> None:
        """Let drawings go another way to MNIST."""
        self.change(transitions.with_steps(self.state, steps))

    def set_seen(self, seen: Seen) -> None:
        """Let another part of the input count as seen."""
        self.change(transitions.with_seen(self.state, seen))

    def set_image(self, image: ImageRef, label: int | None) -> None:
        """Take an image of a data set as the input; label: its class."""
        self.change(transitions.with_image(self.state, image, label))

    def take_some_image(self) -> None:
        """Take an image of the test set as the input, by chance."""
        if self.snapshot is not None:
            dataset = self.snapshot.config.dataset
            self.ask("some image", SomeImageRequest(dataset, float(self._random.random())))

    def set_view(self, view: MapView) -> None:
        """Show something else on the map."""
        self.change(transitions.with_view(self.state, view))

    def set_input_label(self, label: int | None) -> None:
        """Say which class the drawing is; None lets the model say."""
        self.change(transitions.with_input_label(self.state, label))

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return self._history.can_redo

    def undo(self) -> None:
        """Back to the state before the last change; nothing while a hand is drawing or dragging."""
        if not self.in_gesture:
            self._turn = None
            self._skip_lost_models()
            if (target := self._history.before) is not None:
                self._travel(target, self._history.undo)

    def redo(self) -> None:
        """Forward again."""
        if not self.in_gesture:
            self._turn = None
            self._skip_lost_models()
            if (target := self._history.after) is not None:
                self._travel(target, self._history.redo)

    def _travel(self, target: SessionState, step: Callable[[SessionState], SessionState]) -> None:
        old, request, live = self.state, self.training.view.request, self._live_snapshot
        elsewhere = target.model not in ("", old.model)
        trains = live is not None and request is not None and target.model == live.run
        if elsewhere and not trains:
            self._ask_to_travel(target)  # state and model change together, once it is here
            return
        new = step(old)
        self._travelling = None
        self.history_changed.emit()
        if elsewhere:
            self._replace(new)
            self.follow(True)
            return
        if not new.model:  # from before the first model was there
            new = replace(new, model=old.model, latent=old.latent)
        self._replace(new)
        if new.input is not None and (not new.moved or new.input != old.input):
            self._ask_encode()  # which leaves z alone once it is the user's own
        if new.input is None or new.moved:
            self._ask_decode()

    def _ask_to_travel(self, target: SessionState) -> None:
        """Open the model of a step; once, however often the key is pressed until it is here."""
        under_way = self._travelling
        if not isinstance(under_way, OpenRequest) or under_way.target is not target:
            self._travelling = OpenRequest(target.model, target=target)
            self.ask("open", self._travelling)

    def _is_awaited(self, request: OpenRequest | PlaceRequest) -> bool:
        """Whether this is the step that is on its way; it has come, well or not."""
        awaited = request is self._travelling
        if awaited:
            self._travelling = None
        return awaited

    def _skip_lost_models(self) -> None:
        """Forget steps into runs that were deleted; the one that is shown is still at hand."""
        here = ("", self.state.model)

        def lost(state: SessionState | None) -> bool:
            return (
                state is not None
                and state.model not in here
                and not is_file(Path(state.model) / CONFIG)
            )

        while lost(self._history.before):
            self._history.drop_before()
        while lost(self._history.after):
            self._history.drop_after()
        self.history_changed.emit()

    def change(self, new: SessionState, turn: object | None = None) -> None:
        """The next state: an undo step, unless a gesture is under way. turn: of a wheel, the same
        object until it rests: one step, where nothing else is done or undone between."""
        old = self.state
        if new == old:
            return
        if self._gesture is None:
            self._travelling = None  # also where the wheel goes on: what is done counts
            if turn is None or turn is not self._turn:
                self._remember(old)
                self._turn = turn
        self.state, code = new, None
        if new.input != old.input and new.input is not None:
            code = self._encode_now()  # before the panels hear of it: a hand waits for the picture
        elif new.latent != old.latent or new.input != old.input:
            self._ask_decode()  # also once a drawing is gone: its code may still be on the way
        self._tell(old)
        if code is not None:
            self._tell_code(code)

    def glide(self, new: SessionState) -> None:
        """The next state of a motion that goes on by itself; its first was the undo step."""
        self._replace(new)
        self._ask_decode()

    def _remember(self, before: SessionState) -> None:
        """One more undo step; one that is still on its way is given up for it."""
        self._travelling = self._turn = None
        self._history.push(before)
        self.history_changed.emit()

    def _enter(self, new: SessionState) -> None:
        """Another model's state: an undo step, also where it comes in mid-gesture."""
        if self.state.model:
            self._remember(self._gesture or self.state)
        if self._gesture is not None:
            self._gesture = new
        self._replace(new)

    def _replace(self, new: SessionState) -> None:
        old, self.state = self.state, new
        self._tell(old)

    def _tell(self, old: SessionState) -> None:
        if self.state.input is None:
            self.last_encoded = None
        self.state_changed.emit(self.state, old)

    # Questions and answers -----------------------------------------------------------------

    def ask(self, lane: str, request: Request | DrawingQuestion) -> None:
        """Ask the model something; the answer comes as ``answered(lane, result)``."""
        self._explorer.ask(lane, request)

    @property
    def sheet(self) -> Sheet:
        """What is drawn on, for the model on show."""
        return sheet_for(self.snapshot)

    @property
    def fits(self) -> bool:
        """Whether the state's point belongs to the snapshot at hand, not to one still loading."""
        if self.snapshot is None:
            return False
        spec, latent = self.snapshot.spec, self.state.latent
        return len(latent.z) == spec.latent_dim and len(latent.label or ()) == spec.num_classes

    def _ask_decode(self) -> None:
        if self.fits:
            assert self.snapshot is not None
            self._asked = DecodeRequest(self.snapshot, self.state.latent)
            self.ask("decode", self._asked)

    def _ask_anew(self) -> None:
        """Other weights: the drawing is encoded again; z is decoded once it is the user's own."""
        if self.state.input is not None:
            self._ask_encode()
        if self.state.input is None or self.state.moved:
            self._ask_decode()

    def _ask_encode(self) -> None:
        if self.snapshot is not None and self.state.input is not None:
            self.ask("encode", EncodeRequest(self.snapshot, self.state.input))

    def _encode_now(self) -> EncodeResult | None:
        """Put z to the code of the drawing in the same step, where that takes no time; else ask."""
        assert self.state.input is not None
        if self.snapshot is None:
            return None
        code = self._explorer.answer_now(EncodeRequest(self.snapshot, self.state.input))
        if code is None:
            self._ask_encode()
        else:
            self._take_at_once(code)
        return code

    def _take_at_once(self, code: EncodeResult) -> None:
        self.last_encoded = code
        self.reconstructed.emit(code)
        if not self.state.moved:
            self.state = transitions.with_code(self.state, code.mu, code.label)
            self._asked = None  # its answer would show where z was before

    def _tell_code(self, code: EncodeResult) -> None:
        if not self.state.moved:
            request = DecodeRequest(code.request.snapshot, self.state.latent)
            self._show_decoded(DecodeResult(request, code.x_hat))
        self.encoded.emit(code)

    @Slot(str, object)
    def _take_answer(self, lane: str, result: Result | DrawingAnswer) -> None:
        if isinstance(result, OpenResult):
            self._opened(result)
        elif isinstance(result, PlaceResult):
            self._place_opened(result)
        elif isinstance(result, LastResult):
            self._go_on(result)
        elif isinstance(result, EncodeResult):
            self._take_code(result)
        elif isinstance(result, SomeImageResult):
            if not self.in_gesture and self.snapshot is not None:
                self.set_image(result.image, result.label if self.snapshot.class_names else None)
        elif isinstance(result, DecodeResult):
            if result.request.snapshot is self.snapshot and self._asked is not None:
                self._show_decoded(result)
        else:
            self.answered.emit(lane, result)

    def _take_code(self, code: EncodeResult) -> None:
        given, known = self.state.input, self.last_encoded
        if code.request.snapshot is not self.snapshot or given is None:
            return  # another model is shown by now, or the drawing is gone
        if (
            known is not None
            and known.request.snapshot is self.snapshot
            and known.request.input == given != code.request.input
        ):
            return  # the drawing has gone on, and its code is here already
        old = self.state
        self._take_at_once(code)
        if self.state is not old:
            self._tell(old)
        self._tell_code(code)

    def _show_decoded(self, result: DecodeResult) -> None:
        self.last_decoded = result
        self.decoded.emit(result)

    @Slot(str, object, object)
    def _take_failure(self, lane: str, request: Request, error: StudioError) -> None:
        if isinstance(request, EncodeRequest):
            self._go_without_input(request)
        if isinstance(request, EncodeRequest | SeenRequest | TransferRequest):
            if self._is_told(request.input, error):
                return
        elif isinstance(request, PlaceRequest):
            self._is_awaited(request)
        elif isinstance(request, OpenRequest) and request.target is not None:
            self._is_awaited(request)
            if request.target is self._history.before:
                self._history.drop_before()
            elif request.target is self._history.after:
                self._history.drop_after()
            self.history_changed.emit()
        if error.code == "worker.no_torch":
            self.training.set_ready()
            self.comparing.set_ready()
        self.failed.emit(error)

    def _is_told(self, given: Input, error: StudioError) -> bool:
        """Whether this was told of the picture and the model on show, whoever asked. The canvas
        says it for as long as it is so."""
        about = (given.image, given.pixels, self.state.model, error.code)
        is_told = about in self._told
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        self._told.add(about)
        return is_told

    def _go_without_input(self, request: EncodeRequest) -> None:
        """The model on show cannot take the input, which stays for others: z is decoded as it
        is."""
        now, given, snapshot = self.state.input, request.input, self.snapshot
        if now is None or snapshot is None or snapshot.run != request.snapshot.run:
            return
        if (now.image, now.pixels) == (given.image, given.pixels):
            self.last_encoded = None
            self._ask_decode()
            self.refused.emit()

    # Models --------------------------------------------------------------------------------

    def open_model(self, path: Path | str, image: Image | None = None) -> None:
        """Show another model, at the code of the drawing or of what was on screen.

        image: encode this one instead.
        """
        self._travelling = None  # its question gives way to this one
        request = self.training.view.request
        if request is not None and Path(path) == request.folder:
            self.follow(True)
            return
        if image is None and self.last_decoded is not None:
            image = self.last_decoded.image
        drawing = None if self.state.moved else self.state.input
        names = self.snapshot.class_names if self.snapshot is not None else ()
        self.ask("open", OpenRequest(str(path), drawing, names, image))

    def _opened(self, result: OpenResult) -> None:
        """Another model is here: snapshot and state change together."""
        target, old = result.request.target, self.state
        awaited = self._is_awaited(result.request)
        if target is None:
            new = transitions.with_model(old, result.request.path, result.z, result.label)
            new = self._with_classes_of(result.snapshot, new)
        elif not awaited or self._gesture is not None:
            return  # something was done meanwhile, or just begins to be, and that counts
        elif target is self._history.before:
            new = self._history.undo(old)
        elif target is self._history.after:
            new = self._history.redo(old)
        else:
            return  # its run was deleted meanwhile
        self._set_following(False)
        self.snapshot = result.snapshot
        self.last_encoded = None
        if target is None and new != old:
            on_its_way = self._travelling
            self._enter(new)
            if isinstance(on_its_way, PlaceRequest):  # which was asked for after this model
                self._travelling = on_its_way
        else:
            self._replace(new)
        self._say_opened(result.snapshot)

    def _with_classes_of(self, snapshot: Snapshot, state: SessionState) -> SessionState:
        """What was said of the classes on show says nothing of others."""
        if self.snapshot is None or snapshot.class_names == self.snapshot.class_names:
            return state
        return transitions.without_classes(state)

    def _say_opened(self, snapshot: Snapshot) -> None:
        self.history_changed.emit()
        self.library.note(Path(self.state.model))
        self._ask_anew()  # what all wait for is computed while panels describe the model
        self.snapshot_changed.emit(snapshot)
        if snapshot.older:
            self.noticed.emit(StudioError("checkpoint.older", name=snapshot.name))

    def go_on_with(self, path: Path) -> None:
        """Go back to where the last session was left, once its model is here. No undo step; what
        is done meanwhile counts, but what was kept comes back in any case."""
        self.ask("last", LastRequest(path))

    def _go_on(self, result: LastResult) -> None:
        old, spec = self.state, self.snapshot.spec if self.snapshot is not None else None
        if result.last is not None and spec is not None:
            new = last_session.restored(old, result.last)
            fits = len(new.latent.z) == spec.latent_dim
            fits = fits and len(new.latent.label or ()) == spec.num_classes
            busy = self._history.can_undo or self._gesture is not None or self.following
            if busy or not fits:
                new = replace(old, kept=replace(new.kept, marked=old.kept.marked))
            self._replace(new)
            self._ask_anew()
            if result.last.left_out:
                self.noticed.emit(StudioError("drawing.left_out"))
        self.went_on = spec is not None

    def open_place(self, source: Path | str) -> None:
        """Go to a place, in one undo step, once its model is here. source: a file, or its text.

        What is done meanwhile counts, and the place is given up."""
        self._travelling = PlaceRequest(source, self.snapshot)
        self.ask("place", self._travelling)

    def _place_opened(self, result: PlaceResult) -> None:
        """A place and its model are here: all of them change together."""
        if not self._is_awaited(result.request) or self._gesture is not None:
            return  # something was done meanwhile, or just begins to be, and that counts
        old, snapshot, shown = self.state, result.snapshot, self.snapshot
        if shown is not None and (shown.run, shown.spec) == (snapshot.run, snapshot.spec):
            new = with_place(old, result.place, old.model)  # in the weights that are on show
            if new != old:
                self._remember(old)
                self._replace(new)
                self._ask_anew()
            return
        self._set_following(False)
        self.snapshot = snapshot
        self.last_encoded = None
        self._enter(with_place(old, result.place, snapshot.run))
        self._say_opened(snapshot)

    def follow(self, follow: bool) -> None:
        """Show the model that trains as it learns, or stay with what is shown."""
        self._set_following(follow and self.training.view.request is not None)
        if self.following and self._live_snapshot is not None:
            self._take_live_snapshot(self._live_snapshot)

    def _set_following(self, following: bool) -> None:
        if following != self.following:
            self.following = following
            self.following_changed.emit(following)

    @Slot(object)
    def _training_started(self, request: TrainRequest) -> None:
        self._live_snapshot = None
        self._set_following(not request.background)

    @Slot(object)
    def _take_live_snapshot(self, snapshot: Snapshot) -> None:
        before, self._live_snapshot = self._live_snapshot, snapshot
        if before is None:
            self.library.changed.emit()
        if not self.following:
            return
        if before is not None and self.state.model == before.run != snapshot.run:
            self._replace(
                transitions.with_run_in(self.state, snapshot.run)
            )  # saved elsewhere: the same run
            self._travelling = None  # which may lead to where it was
        self._show_weights(snapshot)

    def show_moment(self, snapshot: Snapshot) -> None:
        """Show another moment of a run: the same z, the same drawing, other weights. No undo step,
        unless the run was not the one on show."""
        self._set_following(False)
        self._show_weights(snapshot)

    def _show_weights(self, snapshot: Snapshot) -> None:
        if self.state.model != snapshot.run:
            self._move_into(snapshot.run, snapshot)
            return
        self.snapshot = snapshot
        self._ask_anew()
        self.snapshot_changed.emit(snapshot)

    def _move_into(self, path: str, snapshot: Snapshot) -> None:
        """Show a model that has just begun to train. Its encoder knows nothing yet, so z cannot be
        fitted: a drawing is encoded again with every snapshot; without one z stays, if it can."""
        size, classes = snapshot.spec.latent_dim, snapshot.spec.num_classes
        z, label = self.state.latent.z, self.state.latent.label
        if len(z) != size:
            z = tuple(self._random.standard_normal(size).tolist())
        if len(label or ()) != classes:
            label = tuple(float(index == 0) for index in range(classes)) or None
        state = transitions.with_model(self.state, path, z, label)
        state = self._with_classes_of(snapshot, state)
        self.snapshot = snapshot
        self.last_encoded = None
        self._enter(transitions.with_moved(state, state.input is None))
        self.snapshot_changed.emit(snapshot)
        self._ask_anew()

    @Slot(object, str)
    def _run_renamed(self, path: Path, name: str) -> None:
        """Captions name the model that is shown as its run is named now."""
        if self.snapshot is not None and Path(self.snapshot.run) == path:
            self.snapshot = replace(self.snapshot, name=name)
            self.snapshot_changed.emit(self.snapshot)
            self._ask_anew()

    @Slot(object)
    def _training_ended(self, event: object) -> None:
        self._live_snapshot = None
        self._set_following(False)
        self.library.changed.emit()


def first_model() -> Path:
    """The model of a first start."""
    return bundled_path("checkpoints") / "vae-32"
