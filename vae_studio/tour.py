"""``vae-studio tour``: the real window, driven through its jobs; a picture of each."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QMessageLogContext, QPointF, QtMsgType
    from PySide6.QtWidgets import QWidget

    from vae_studio.app import Studio

_SIZE = (1280, 800)
_PATIENCE = 180.0  # seconds for any one thing to happen

# A 3, as a hand draws it: x and y as shares of the canvas.
_THREE = (
    (0.30, 0.26), (0.38, 0.19), (0.50, 0.16), (0.62, 0.19), (0.67, 0.28), (0.63, 0.38),
    (0.53, 0.45), (0.45, 0.47), (0.56, 0.49), (0.67, 0.56), (0.71, 0.67), (0.66, 0.78),
    (0.54, 0.84), (0.41, 0.83), (0.30, 0.76),
)  # fmt: skip


def run_tour(output: Path, theme: str = "dark") -> Iterator[Path]:
    """Drive the window and yield the path of each picture as it is written into ``output``.

    Runs without a screen, in a data folder of its own that is removed afterwards.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="vae-studio-tour-") as home:
        os.environ["VAE_STUDIO_HOME"] = home
        from PySide6.QtCore import qInstallMessageHandler

        from vae_studio.app import build, make_application

        qInstallMessageHandler(_pass_on)
        studio = build(make_application(), seed=7)
        studio.lifecycle.choose_theme(theme)
        studio.window.resize(*_SIZE)
        studio.window.show()
        studio.lifecycle.begin()
        try:
            for name, act in _STOPS:
                act(studio)
                path = output / f"{name}.png"
                studio.window.grab().save(str(path))
                yield path
        finally:
            studio.window.close()


def _pass_on(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Say what Qt says, but for a remark of the platform that has no screen."""
    if "propagateSizeHints" not in message:
        print(message, file=sys.stderr)


def _first_digit(studio: Studio) -> None:
    """And all that comes within the second after it: densities behind the sliders, plots."""
    from vae_studio.ui.panels.train.panel import TrainPanel

    panel = studio.window.panel(TrainPanel)
    _wait(studio, lambda: studio.store.last_decoded is not None)
    _wait(studio, lambda: studio.store.atlas.is_current and panel.has_plots)
    _settle(studio)


def _drag_a_slider(studio: Studio) -> None:
    from PySide6.QtCore import QPointF

    from vae_studio.ui.panels.sliders.panel import SlidersPanel

    slider = studio.window.panel(SlidersPanel).rows[0].slider
    width, middle = slider.width(), slider.height() / 2
    share = (slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum())
    start = 6 + share * (width - 12)
    end = 0.85 * width if share < 0.5 else 0.15 * width
    path = [QPointF(start + (end - start) * i / 20, middle) for i in range(21)]
    _drag(studio, slider, path)


def _draw_a_digit(studio: Studio) -> None:
    from vae_studio.ui.panels.draw.panel import DrawPanel

    canvas = studio.window.panel(DrawPanel).canvas
    _drag(studio, canvas, _on(canvas, _THREE))
    _wait(studio, lambda: studio.store.last_encoded is not None)
    _settle(studio)


def _pick_a_label(studio: Studio) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from vae_studio.core.resources import bundled_path
    from vae_studio.ui.panels.labels import LabelsPanel

    model, store = bundled_path("checkpoints") / "cvae", studio.store
    store.open_model(model)
    panel = studio.window.panel(LabelsPanel)
    _wait(studio, lambda: store.state.model == str(model) and store.last_encoded is not None)
    _wait(studio, lambda: len(panel.buttons) == 10)
    _settle(studio)
    QTest.mouseClick(panel.buttons[5], Qt.MouseButton.LeftButton)
    _settle(studio)


def _train(studio: Studio) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from vae_studio.ui.panels.train.panel import TrainPanel

    panel = studio.window.panel(TrainPanel)
    QTest.mouseClick(panel.controls.train, Qt.MouseButton.LeftButton)
    _wait(studio, lambda: panel.film.count >= 3)
    _settle(studio)


def _go_back(studio: Studio) -> None:
    """To an early moment of that training, with the KL of each dimension beside it."""
    from vae_studio.ui.panels.dimensions import DimensionsPanel

    training, machine = studio.store.training, studio.store.time_machine
    training.stop()
    _wait(studio, lambda: training.view.can_start)
    studio.window.workspaces.show_workspace("train")
    studio.window.docks["dimensions"].raise_()
    _settle(studio)
    machine.go_to(machine.moments[len(machine.moments) // 3])
    panel = studio.window.panel(DimensionsPanel)
    _wait(studio, lambda: machine.moment is not None and panel.measured > 0)
    studio.window.toast.hide()
    _settle(studio)


def _call_the_doctor(studio: Studio) -> None:
    """Train on the mean over the pixels: the KL outweighs it, and the codes die."""
    from vae_studio.ui.panels.train.panel import TrainPanel

    store = studio.store
    store.plan.choose("vae-32")
    store.plan.set_value("reduction", "mean")
    studio.window.panel(TrainPanel).start_or_pause()
    _wait(studio, lambda: bool(store.doctor.findings))
    store.training.pause_or_resume()
    studio.window.toast.hide()
    _settle(studio)


def _run_an_experiment(studio: Studio) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from vae_studio.ui.panels.experiments.panel import ExperimentsPanel

    store, panel = studio.store, studio.window.panel(ExperimentsPanel)
    store.training.stop()
    _wait(studio, lambda: store.training.view.can_start)
    studio.window.workspaces.show_workspace("compare")
    panel.settings.set_value("epochs", 4)
    panel.settings.set_value("train_size", 12_000)
    _settle(studio)
    QTest.mouseClick(panel.cards["batch-norm"].run_button, Qt.MouseButton.LeftButton)
    _wait(studio, lambda: store.comparing.comparison is not None)
    studio.window.toast.hide()
    _settle(studio)


def _explore(studio: Studio) -> None:
    from vae_studio.core.resources import bundled_path
    from vae_studio.session.drawing import ImageRef
    from vae_studio.ui.panels.images import ImagesPanel
    from vae_studio.ui.panels.sliders.panel import SlidersPanel

    store = studio.store
    studio.window.workspaces.show_workspace("explore")
    model = str(bundled_path("checkpoints") / "vae-32")
    store.open_model(model)
    _wait(studio, lambda: store.state.model == model and store.atlas.is_current)
    _wait(studio, lambda: store.atlas.map is not None)
    store.set_image(ImageRef("mnist", "test", 61), 8)
    _wait(studio, lambda: store.last_encoded is not None)
    _settle(studio)
    strip = studio.window.panel(SlidersPanel).rows[0].strip
    near = studio.window.panel(ImagesPanel).images
    _wait(studio, lambda: bool(strip.pictures) and near.rowCount() > 0)
    _settle(studio, 0.3)


def _walk(studio: Studio) -> None:
    """Three digits are kept, and the short way through the decoder's pictures leads over them."""
    from dataclasses import replace

    from vae_studio.core.resources import bundled_path
    from vae_studio.session.drawing import ImageRef

    store, walk = studio.store, studio.store.path_walk
    model = str(bundled_path("checkpoints") / "vae-2")
    store.open_model(model)
    _wait(studio, lambda: store.state.model == model and store.atlas.is_current)
    for index in (2, 17, 61):
        store.set_image(ImageRef("mnist", "test", index), None)
        _wait(studio, lambda: store.last_encoded is not None and not store.state.moved)
        _settle(studio)
        store.keeper.keep_here()
    walk.choose(replace(store.state.path, way="geodesic", steps=16))
    _wait(studio, lambda: walk.found is not None and walk.found.request.path == store.state.path)
    walk.go_to(21)
    _wait(studio, lambda: walk.support is not None)
    _settle(studio, 0.6)


def _complete(studio: Studio) -> None:
    """The upper half of a 3, and what the model would make of it."""
    from vae_studio.core.resources import bundled_path
    from vae_studio.ui.panels.draw.panel import DrawPanel

    store = studio.store
    studio.window.workspaces.show_workspace("draw")
    model = str(bundled_path("checkpoints") / "vae-32")
    store.open_model(model)
    _wait(studio, lambda: store.state.model == model and store.snapshot is not None)
    store.clear_input()
    studio.window.docks["completion"].raise_()
    store.completer.set_on(True)
    _settle(studio)
    canvas = studio.window.panel(DrawPanel).canvas
    _drag(studio, canvas, _on(canvas, [point for point in _THREE if point[1] < 0.48]))
    _wait(studio, lambda: store.completer.result is not None and store.completer.result.ended)
    _settle(studio, 0.6)


def _through_all_models(studio: Studio) -> None:
    """A whole 3 through all models, and in the same hand as the other digits."""
    from vae_studio.ui.panels.draw.panel import DrawPanel

    store = studio.store
    store.completer.set_on(False)
    store.clear_input()
    studio.window.docks["handwriting"].raise_()
    canvas = studio.window.panel(DrawPanel).canvas
    _drag(studio, canvas, _on(canvas, _THREE))
    _wait(studio, lambda: store.last_encoded is not None)
    _settle(studio, 1.5)


_STOPS: tuple[tuple[str, Callable[[Studio], None]], ...] = (
    ("1-start", _first_digit),
    ("2-slider", _drag_a_slider),
    ("3-draw", _draw_a_digit),
    ("4-label", _pick_a_label),
    ("5-train", _train),
    ("6-moment", _go_back),
    ("7-doctor", _call_the_doctor),
    ("8-experiment", _run_an_experiment),
    ("9-explore", _explore),
    ("10-walk", _walk),
    ("11-complete", _complete),
    ("12-models", _through_all_models),
)


def _on(canvas: QWidget, points: Iterable[tuple[float, float]]) -> list[QPointF]:
    """Shares of the square that is drawn on -> points of the widget."""
    from PySide6.QtCore import QPointF

    side = min(canvas.width(), canvas.height())
    left, top = (canvas.width() - side) / 2, (canvas.height() - side) / 2
    return [QPointF(left + x * side, top + y * side) for x, y in points]


def _drag(studio: Studio, widget: QWidget, path: list[QPointF]) -> None:
    """Real mouse events along ``path``, in the widget's coordinates."""
    from PySide6.QtCore import QEvent, Qt
    from PySide6.QtGui import QMouseEvent

    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.NoModifier

    def send(
        kind: QEvent.Type, point: QPointF, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        event = QMouseEvent(kind, point, widget.mapToGlobal(point), button, held, keys)
        studio.app.sendEvent(widget, event)
        studio.app.processEvents()

    send(QEvent.Type.MouseButtonPress, path[0], left, left)
    for point in path[1:]:
        send(QEvent.Type.MouseMove, point, none, left)
        _settle(studio, 0.02)
    send(QEvent.Type.MouseButtonRelease, path[-1], left, none)
    _settle(studio)


def _wait(studio: Studio, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the window did not get there in time")
        studio.app.processEvents()
        time.sleep(0.005)


def _settle(studio: Studio, seconds: float = 0.4) -> None:
    """Let answers that are under way arrive and be painted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        studio.app.processEvents()
        time.sleep(0.002)
