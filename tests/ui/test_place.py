"""The place in the real window: saved, copied, opened, pasted, dropped, undone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from tests.helpers import Disk
from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.errors import StudioError
from vae_studio.core.housekeeping import rename_run
from vae_studio.session.drawing import ImageRef
from vae_studio.session.place import write_place
from vae_studio.session.requests import PlaceRequest
from vae_studio.session.state import MapView, PathView, SessionState
from vae_studio.session.strokes import Stroke
from vae_studio.ui.menus import leaves
from vae_studio.workers.answers import answer

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def action(studio: Studio, name: str) -> QAction:
    return dict(leaves(studio.window.menuBar()))[name]


def choose(studio: Studio, name: str, path: Path | None = None) -> QFileDialog:
    """*Open place…* or *Save place…*, and that file; None: the one that is proposed."""
    action(studio, f"File: {name}").trigger()
    dialog = studio.window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    if path is not None:
        dialog.selectFile(str(path))
    return dialog


def saved(studio: Studio, qtbot: QtBot, path: Path) -> Path:
    with qtbot.waitSignal(studio.store.exporter.saved, timeout=TIMEOUT):
        choose(studio, "Save place…", path).accept()
    return path


def failure(studio: Studio, qtbot: QtBot, act: Callable[[], object]) -> StudioError:
    """What is said once something was opened in vain; it is said once."""
    said: list[StudioError] = []
    studio.store.failed.connect(said.append)
    act()
    qtbot.waitUntil(lambda: bool(said), timeout=TIMEOUT)
    settle(qtbot, studio)
    studio.store.failed.disconnect(said.append)
    (error,) = said
    assert studio.window.toast.isVisible()
    return error


def rich(studio: Studio, qtbot: QtBot) -> SessionState:
    """A session with something of everything."""
    store = studio.store
    store.set_strokes((Stroke(((0.3, 0.2), (0.6, 0.7), (0.5, 0.9)), 0.08),))
    encoded(qtbot, studio)
    store.keeper.keep_here()
    store.randomise()
    store.keeper.keep_here()
    store.keeper.rename(store.keeper.points[1], "β")
    store.keeper.keep_vector("1 → 7", [0.5] * len(store.state.latent.z))
    store.keeper.mark((3, 17, 128))
    store.set_locked(1, True)
    store.set_view(MapView(frozenset({4}), lattice=True))
    store.path_walk.choose(PathView("arc", 7, closed=True))
    store.set_random_from("aggregate")
    store.set_dimension(0, 1.25)
    settle(qtbot, studio)
    return store.state


def elsewhere(studio: Studio, qtbot: QtBot) -> SessionState:
    """Changes most of that."""
    store = studio.store
    store.clear_input()
    store.go_to_mean()
    store.keeper.mark_none()
    for point in store.keeper.points:
        store.keeper.remove(point)
    store.set_locked(1, False)
    store.set_view(MapView())
    settle(qtbot, studio)
    return store.state


# There and back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["vae-32", "cvae"])
def test_a_place_is_saved_and_opened_again(
    studio: Studio, qtbot: QtBot, tmp_path: Path, model: str
) -> None:
    show_model(qtbot, studio, shipped(model))
    wanted = rich(studio, qtbot)
    path = saved(studio, qtbot, tmp_path / "a place.json")
    assert json.loads(path.read_text("utf-8"))["model"] == model
    assert str(shipped(model)) not in path.read_text("utf-8")
    between = elsewhere(studio, qtbot)
    assert between != wanted
    snapshot = studio.store.snapshot
    choose(studio, "Open place…", path).accept()
    qtbot.waitUntil(lambda: studio.store.state == wanted, timeout=TIMEOUT)
    settle(qtbot, studio)
    assert studio.store.snapshot is snapshot  # the model was here: nothing was loaded again
    studio.store.undo()
    assert studio.store.state == between
    studio.store.redo()
    assert studio.store.state == wanted


def test_a_name_is_proposed(studio: Studio) -> None:
    dialog = choose(studio, "Save place…")
    assert [Path(name).name for name in dialog.selectedFiles()] == ["vae-32 place.json"]
    dialog.reject()


def test_a_drawing_that_owns_its_code_comes_back_so(studio: Studio, qtbot: QtBot) -> None:
    studio.store.set_strokes((Stroke(((0.3, 0.2), (0.6, 0.7)), 0.08),))
    encoded(qtbot, studio)
    wanted = studio.store.state
    assert not wanted.moved
    text = write_place(wanted, "vae-32")
    show_model(qtbot, studio, shipped("vae-2"))
    studio.store.open_place(text)
    qtbot.waitUntil(lambda: studio.store.state == wanted, timeout=TIMEOUT)
    encoded(qtbot, studio)
    assert not studio.store.state.moved
    assert studio.store.state.latent.z == pytest.approx(wanted.latent.z, abs=1e-5)


def test_a_place_of_another_model_brings_it_and_undo_takes_it_away(
    studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("cvae"))
    wanted = rich(studio, qtbot)
    hand.key(studio.window, Qt.Key.Key_C, CONTROL_SHIFT)
    assert studio.window.toast.text == "The place is on the clipboard as text."
    show_model(qtbot, studio, shipped("vae-2"))
    studio.store.keeper.keep_here()
    elsewhere(studio, qtbot)
    studio.store.keeper.keep_here()
    before, theirs = studio.store.state, studio.store.keeper.points
    hand.key(studio.window, Qt.Key.Key_V, CONTROL_SHIFT)
    qtbot.waitUntil(lambda: studio.store.state.model == wanted.model, timeout=TIMEOUT)
    settle(qtbot, studio)
    state = studio.store.state
    assert state.kept.points == (*theirs, *wanted.kept.points)
    for part in ("latent", "input", "moved", "view", "path", "random_from"):
        assert getattr(state, part) == getattr(wanted, part), part
    undo_into(qtbot, studio, before.model)
    assert studio.store.state == before
    studio.store.redo()
    qtbot.waitUntil(lambda: studio.store.state == state, timeout=TIMEOUT)


def test_an_own_run_is_found_by_its_name_wherever_it_is(
    studio: Studio, qtbot: QtBot, own_run: Path
) -> None:
    rename_run(own_run, "../<b>β</b>")
    wanted = write_place(rich(studio, qtbot), "../<b>β</b>")
    studio.store.open_place(wanted)
    qtbot.waitUntil(lambda: studio.store.state.model == str(own_run), timeout=TIMEOUT)
    settle(qtbot, studio)
    assert len(studio.store.keeper.points) == 2
    own_run.rename(own_run.with_name("moved"))
    show_model(qtbot, studio, shipped("vae-2"))
    studio.store.open_place(wanted)
    moved = str(own_run.with_name("moved"))
    qtbot.waitUntil(lambda: studio.store.state.model == moved, timeout=TIMEOUT)


def test_of_two_runs_of_a_name_the_one_on_show_wins_then_the_one_that_fits(
    studio: Studio, qtbot: QtBot, own_run: Path, home: Path
) -> None:
    rename_run(own_run, "vae-32")  # as one that ships is called
    text = write_place(studio.store.state, "vae-32")
    show_model(qtbot, studio, shipped("vae-2"))
    studio.store.open_place(text)
    ours = str(shipped("vae-32"))
    qtbot.waitUntil(lambda: studio.store.state.model == ours, timeout=TIMEOUT)
    show_model(qtbot, studio, own_run)
    studio.store.go_to_mean()
    studio.store.open_place(text)
    qtbot.waitUntil(lambda: any(studio.store.state.latent.z), timeout=TIMEOUT)
    assert studio.store.state.model == str(own_run)

    small = home / "runs" / "small"
    shutil.copytree(shipped("vae-2"), small)
    rename_run(small, "vae-32")
    show_model(qtbot, studio, small)
    studio.store.open_place(text)
    qtbot.waitUntil(lambda: studio.store.state.model == ours, timeout=TIMEOUT)


# A hand that acts meanwhile -----------------------------------------------------------------------


def asked_of(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked from now on; nobody answers."""
    asked: list[Any] = []
    monkeypatch.setattr(studio.store, "ask", lambda lane, request: asked.append(request))
    return asked


ACTS: dict[str, Callable[[Studio], object]] = {
    "a slider": lambda studio: studio.store.set_dimension(0, 2.0),
    "undo": lambda studio: studio.store.undo(),
    "a stroke begins": lambda studio: studio.store.begin_gesture(),
    "another model": lambda studio: studio.store.open_model(shipped("cvae")),
    "another place": lambda studio: studio.store.open_place("another"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("model", ["vae-32", "vae-2"])
def test_what_is_done_meanwhile_counts(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, act: str, model: str
) -> None:
    text = write_place(rich(studio, qtbot), "vae-32")
    show_model(qtbot, studio, shipped(model))
    studio.store.go_to_mean()
    studio.store.randomise()
    asked = asked_of(studio, monkeypatch)
    studio.store.open_place(text)
    (request,) = asked
    ACTS[act](studio)
    state = studio.store.state
    studio.store._take_answer("place", answer(request))
    assert studio.store.state == state
    assert studio.store.snapshot is not None
    assert studio.store.snapshot.run == state.model
    studio.store.end_gesture()
    monkeypatch.undo()


def test_a_model_that_was_asked_for_before_does_not_give_the_place_up(
    studio: Studio, qtbot: QtBot
) -> None:
    wanted = rich(studio, qtbot)
    text = write_place(wanted, "vae-32")
    elsewhere(studio, qtbot)
    studio.store.open_model(shipped("cvae"))
    studio.store.open_place(text)
    qtbot.waitUntil(lambda: studio.store.state == wanted, timeout=TIMEOUT)
    settle(qtbot, studio)
    undo_into(qtbot, studio, str(shipped("cvae")))


def test_weights_that_come_meanwhile_stay_on_show(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment, or what learns: a place says nothing of the weights of its model."""
    wanted = rich(studio, qtbot)
    elsewhere(studio, qtbot)
    assert studio.store.snapshot is not None
    later = replace(studio.store.snapshot, id="later")
    asked = asked_of(studio, monkeypatch)
    studio.store.open_place(write_place(wanted, "vae-32"))
    (request,) = asked
    studio.store.show_moment(later)
    studio.store._take_answer("place", answer(request))
    assert studio.store.state == wanted
    assert studio.store.snapshot is later
    assert asked[-1].snapshot is later
    monkeypatch.undo()


# Refusals ----------------------------------------------------------------------------------------


def _elsewhere(text: str, **changes: Any) -> str:
    return json.dumps({**json.loads(text), **changes})


REFUSED: dict[str, tuple[str, Callable[[str], str]]] = {
    "nothing": ("place.not_a_place", lambda text: ""),
    "some text": ("place.not_a_place", lambda text: "<b>hello</b>"),
    "half a character": ("place.not_a_place", lambda text: text.replace("vae-32", "\ud800")),
    "another format": ("place.format", lambda text: _elsewhere(text, format=2)),
    "damaged": ("place.damaged", lambda text: _elsewhere(text, z=["x"])),
    "no model": ("place.no_model", lambda text: _elsewhere(text, model="<i>no</i>")),
    "a path": ("place.no_model", lambda text: _elsewhere(text, model=str(shipped("vae-32")))),
    "another shape": ("place.other_shape", lambda text: _elsewhere(text, model="vae-2")),
    "other classes": ("place.other_shape", lambda text: _elsewhere(text, model="cvae")),
    "no such image": (
        "data.no_image",
        lambda text: _elsewhere(
            text,
            input={
                "label": None,
                "strokes": [],
                "image": {"dataset": "mnist", "part": "test", "index": 10_000},
            },
        ),
    ),
    "marks of another data set": (
        "data.unknown",
        lambda text: _elsewhere(text, marked={"dataset": "moon", "indices": [1]}),
    ),
    "marks that are not there": (
        "data.no_image",
        lambda text: _elsewhere(text, marked={"dataset": "mnist", "indices": [1, 10_000]}),
    ),
}


@pytest.mark.parametrize("how", ["text", "file"])
def test_what_is_refused_leaves_the_session_as_it_was(
    studio: Studio, qtbot: QtBot, tmp_path: Path, how: str
) -> None:
    before = rich(studio, qtbot)
    snapshot, past = studio.store.snapshot, list(studio.store._history._past)
    for what, (code, change) in REFUSED.items():
        text = change(write_place(before, "vae-32"))
        path = tmp_path / "x.json"
        path.write_text(text, "utf-8", "surrogatepass")
        source: Path | str = path if how == "file" else text
        error = failure(studio, qtbot, lambda source=source: studio.store.open_place(source))
        assert error.code == code, what
        assert studio.store.state is before, what
        assert studio.store.snapshot is snapshot, what
        assert studio.store._history._past == past, what
        assert not studio.store.can_redo, what


def test_weights_that_do_not_load_leave_the_session_as_it_was(
    studio: Studio, qtbot: QtBot, own_run: Path
) -> None:
    before = rich(studio, qtbot)
    shutil.rmtree(own_run / "checkpoint")
    rename_run(own_run, "mine")
    text = write_place(before, "mine")
    error = failure(studio, qtbot, lambda: studio.store.open_place(text))
    assert error.code == "checkpoint.incomplete"
    assert studio.store.state is before
    studio.store.undo()
    assert studio.store.state != before


def test_a_full_disk_is_told_and_leaves_no_half_a_place(
    studio: Studio, qtbot: QtBot, tmp_path: Path, disk: Disk
) -> None:
    path = tmp_path / "x.json"
    disk.full = True
    error = failure(studio, qtbot, choose(studio, "Save place…", path).accept)
    assert error.code == "export.write"
    assert not path.exists()


def test_a_point_that_is_too_far_out_is_not_saved(studio: Studio, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("as it was")
    studio.store.set_dimension(0, 1e7)
    error = failure(studio, qtbot, action(studio, "Edit: Copy place as text").trigger)
    assert error.code == "place.unwritable"
    assert QGuiApplication.clipboard().text() == "as it was"


# A drop ------------------------------------------------------------------------------------------


def drop(studio: Studio, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPoint(40, 400), copy, data, left, hand.NO_KEYS)
    QApplication.sendEvent(studio.window, enter)
    assert enter.isAccepted()
    event = QDropEvent(QPointF(40, 400), copy, data, left, hand.NO_KEYS)
    QApplication.sendEvent(studio.window, event)


def test_a_place_that_is_dropped_opens(studio: Studio, qtbot: QtBot, tmp_path: Path) -> None:
    wanted = rich(studio, qtbot)
    path = tmp_path / "Dropped.JSON"
    path.write_text(write_place(wanted, "vae-32"), "utf-8")
    elsewhere(studio, qtbot)
    drop(studio, path)
    qtbot.waitUntil(lambda: studio.store.state == wanted, timeout=TIMEOUT)


def test_a_runs_own_files_are_no_places(
    studio: Studio, qtbot: QtBot, own_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = own_run.rename(tmp_path / "a run.json")
    asked = asked_of(studio, monkeypatch)
    for path in (folder, folder / "config.json", folder / "metrics.csv"):
        drop(studio, path)
        assert not isinstance(asked[-1], PlaceRequest)
    monkeypatch.undo()


def test_a_place_with_an_image_of_the_data_set(studio: Studio, qtbot: QtBot) -> None:
    studio.store.set_image(ImageRef("mnist", "test", 7), 9)
    encoded(qtbot, studio)
    wanted = studio.store.state
    text = write_place(wanted, "vae-32")
    elsewhere(studio, qtbot)
    studio.store.open_place(text)
    qtbot.waitUntil(lambda: studio.store.state.input == wanted.input, timeout=TIMEOUT)
    encoded(qtbot, studio)
    assert studio.store.state.latent.z == pytest.approx(wanted.latent.z, abs=1e-5)
