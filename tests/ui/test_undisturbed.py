"""Exploring never disturbs training: whatever is done in the window, the weights are the same."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from tests.helpers import figures, kept, part, quick, same, take_as_mnist, tiny
from tests.ui import hand
from tests.ui.test_train import wait_for_end
from tests.ui.waits import shipped
from vae_studio.app import Studio
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.runs import read_run
from vae_studio.core.spec import ModelSpec
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS
from vae_studio.session.strokes import Stroke
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel

# Every source of randomness, and every kind of state.
KINDS = {
    "plain": tiny(VARIANTS["vae-32"]),
    "batch norm": tiny(VARIANTS["vae-batchnorm"]),
    "dropout": tiny(VARIANTS["vae-32"], hidden_dropout=0.2, latent_dropout=0.2),
    "cvae": tiny(VARIANTS["cvae"]),
}
CONFIG = quick(epochs=3, batch_size=64, beta_warmup=1, schedule="cosine")
_LEAST = 30  # moves of the hand, for a storm
_TRIES = 4
_MODELS = ("vae-2", "cvae", "vae-batchnorm", "vae-latent-dropout")


@pytest.fixture
def digits(mnist: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> DatasetPair:
    """``mnist`` means these here: a second or two of training."""
    some = part(mnist, 3200, 512)
    take_as_mnist(some, monkeypatch)
    return some


@pytest.fixture
def headless(digits: DatasetPair, tmp_path: Path) -> Callable[[ModelSpec], Path]:
    """Trains without any window."""

    def run(spec: ModelSpec) -> Path:
        folder = tmp_path / "headless"
        with RunRecorder(folder, new_state(spec, CONFIG), "headless") as recorder:
            recorder.save()
            for event in train(recorder.state, digits, TrainControl()):
                recorder.record(event)
        return folder

    return run


class Storm:
    """A hand that does everything at once to the window, but touch the training."""

    def __init__(self, studio: Studio) -> None:
        self._studio, self._random = studio, random.Random(1)
        self.moves = 0
        store, pick = studio.store, self._random
        themes = [a for a in studio.window.findChildren(QAction) if a.text() in ("&Light", "&Dark")]
        assert len(themes) == 2
        self._deeds: list[Callable[[], object]] = [
            self._slide,
            self._slide,
            self._draw,
            store.randomise,
            store.go_to_mean,
            store.undo,
            store.redo,
            self._samples,
            lambda: store.set_label(pick.randrange(10)),
            lambda: store.set_input_label(pick.choice((None, 3))),
            lambda: store.open_model(shipped(pick.choice(_MODELS))),
            lambda: store.follow(True),
            lambda: store.follow(False),
            lambda: studio.window.docks[pick.choice(("labels", "samples"))].raise_(),
            lambda: pick.choice(themes).trigger(),
        ]
        self._clock = QTimer(studio.window, interval=5)
        self._clock.timeout.connect(self._move)
        self._clock.start()

    def end(self) -> None:
        self._clock.stop()
        self._studio.store.end_gesture()

    def _move(self) -> None:
        deed = self._deeds[self.moves % len(self._deeds)]
        self._random.choice((deed, self._random.choice(self._deeds)))()
        self.moves += 1

    def _slide(self) -> None:
        rows = self._studio.window.panel(SlidersPanel).rows
        if rows:
            self._random.choice(rows).slider.setValue(self._random.uniform(-3, 3))

    def _samples(self) -> None:
        hand.click(self._studio.window.panel(SamplesPanel).again)

    def _draw(self) -> None:
        turn = self._random.uniform(0.0, 0.2)
        points = tuple((x, y + turn) for x, y in hand.THREE)
        self._studio.store.set_strokes((Stroke(points, 0.08),))


def in_the_window(studio: Studio, qtbot: QtBot, spec: ModelSpec) -> Path:
    """Train to the end; returns the run's folder."""
    store = studio.store
    store.launcher.start(spec, CONFIG, "vae-32")
    request = store.training.view.request
    assert request is not None
    wait_for_end(studio, qtbot)
    assert read_run(request.folder).status == "finished"
    return request.folder


def in_a_storm(studio: Studio, qtbot: QtBot, spec: ModelSpec) -> list[Path]:
    """Train in a storm; again where the machine was too busy for one. Returns the run folders."""
    seen: set[str] = set()
    answers = 0

    def note(*_: object) -> None:
        nonlocal answers
        answers += 1

    studio.store.decoded.connect(note)
    studio.store.snapshot_changed.connect(lambda snapshot: seen.add(Path(snapshot.run).name))
    storm = Storm(studio)
    folders: list[Path] = []
    for _ in range(_TRIES):
        folders.append(in_the_window(studio, qtbot, spec))
        followed = seen & {folder.name for folder in folders}
        if storm.moves >= _LEAST and answers >= _LEAST // 3 and followed and len(seen) >= 3:
            break
    else:
        pytest.fail(f"no storm: {storm.moves} moves, {answers} answers, {seen} shown")
    storm.end()
    return folders


def assert_the_same(one: Path, other: Path) -> None:
    assert same(kept(one), kept(other))
    assert figures(one) == figures(other)


def test_a_window_that_is_left_alone_changes_no_bit(
    studio: Studio, qtbot: QtBot, headless: Callable[[ModelSpec], Path]
) -> None:
    spec = KINDS["plain"]
    assert_the_same(in_the_window(studio, qtbot, spec), headless(spec))


@pytest.mark.parametrize("spec", KINDS.values(), ids=KINDS)
def test_a_storm_of_exploring_changes_no_bit(
    spec: ModelSpec, studio: Studio, qtbot: QtBot, headless: Callable[[ModelSpec], Path]
) -> None:
    alone = headless(spec)
    for folder in in_a_storm(studio, qtbot, spec):
        assert_the_same(folder, alone)
