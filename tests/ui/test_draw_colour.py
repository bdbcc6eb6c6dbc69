"""Drawing for a model of coloured pictures on white paper, from MNIST there and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from tests.helpers import quick, recorded
from tests.picture_sets import write_shapes
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing import ImageRef
from vae_studio.session.drawing_text import parse_drawing, write_drawing
from vae_studio.ui import theme
from vae_studio.ui.drawing_files import _png, _svg
from vae_studio.ui.panels.completion.panel import CompletionPanel
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.draw.panel import DrawPanel
from vae_studio.ui.panels.drawings.panel import DrawingsPanel
from vae_studio.ui.widgets.brush_view import Brush

BLUE = (61, 123, 255)
SPEC = ModelSpec(
    architecture="conv",
    hidden=(8, 16),
    latent_dim=6,
    likelihood="gaussian",
    image_shape=(3, 32, 32),
)


@pytest.fixture
def run(home: Path) -> Iterator[Path]:
    """A model that has seen some coloured shapes."""
    before = dict(DATASETS)
    write_shapes(home / "data", count=72)
    yield recorded(
        home / "runs" / "shapes-run",
        SPEC,
        quick(dataset="shapes"),
        load_dataset("shapes"),
        "shapes",
    )
    DATASETS.clear()
    DATASETS.update(before)


@pytest.fixture
def studio(run: Path, start: Start) -> Studio:
    """With the workspace that has all that is drawn with."""
    studio = start()
    studio.window.workspaces.show_workspace("draw")
    return studio


def corner(panel: DrawPanel) -> tuple[int, int, int]:
    """What the paper of the canvas looks like."""
    place = hand.on_canvas(panel.canvas, [(0.05, 0.05)])[0]
    return QColor(panel.canvas.grab().toImage().pixelColor(place)).getRgb()[:3]  # type: ignore[return-value]


def test_a_drawing_goes_from_digits_to_colours_and_back(
    studio: Studio, qtbot: QtBot, run: Path
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    assert panel.way.isVisible()
    assert not panel.colours.isVisible()
    assert corner(panel) == (0, 0, 0)
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, hand.THREE))
    encoded(qtbot, studio)
    three, mnist = store.state.input, store.state.model
    store.keeper.keep_drawing()
    show_model(qtbot, studio, run)
    encoded(qtbot, studio)
    assert store.state.input == three
    assert store.last_encoded is not None
    assert store.last_encoded.image.shape == (3, 32, 32)
    assert store.last_encoded.image[:, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert store.last_encoded.image.min() == 0.0  # black ink
    assert corner(panel) == (255, 255, 255)
    assert not panel.way.isVisible()
    assert panel.stands.isVisible()
    assert panel.stands.text() == "Coloured shapes, 32 × 32 in colour: taken as it stands"
    assert "MNIST" not in panel.toolbar.size_slider.toolTip() + panel.toolbar.mover.toolTip()
    assert "digit" not in panel.canvas.toolTip()
    shelf = studio.window.panel(DrawingsPanel)
    assert shelf._paint(store.keeper.drawings[0].input, 20).pixelColor(0, 0) == QColor("white")

    assert panel.colours.isVisible()
    names = [swatch.accessibleName() for swatch in panel.colours.swatches]
    assert len(set(names)) == 11
    blue, black = (panel.colours.swatches[names.index(name)] for name in ("Blue", "Black"))
    assert black.isChecked()  # the ink of white paper
    hand.click(panel.toolbar.eraser)
    hand.click(blue)
    assert blue.isChecked()
    assert panel.toolbar.pen.isChecked()  # who takes a colour wants to draw
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.1, 0.9), (0.5, 0.9), (0.9, 0.9)]))
    encoded(qtbot, studio)
    drawn = store.state.input
    assert drawn is not None
    assert [stroke.colour for stroke in drawn.strokes] == [None, BLUE]
    seen = store.last_encoded.image[:, round(0.9 * 32 - 0.5), 16]
    assert (255 * seen).tolist() == pytest.approx(BLUE, abs=1)
    assert parse_drawing(write_drawing("n", drawn).encode())[1] == drawn
    assert b'stroke="#3d7bff"' in _svg(drawn, store.sheet)
    assert _png(drawn, store.sheet).startswith(b"\x89PNG")
    assert studio.window.settings("dark").pen == "#3d7bff"
    hand.click(blue)
    hand.key(blue, Qt.Key.Key_Right)
    assert store.pen.colour != BLUE
    assert panel.colours.swatches[names.index("Vermilion")].isChecked()
    hand.click(black)
    assert store.pen.colour is None

    store.undo()
    encoded(qtbot, studio)
    assert store.state.input == three
    undo_into(qtbot, studio, mnist)
    encoded(qtbot, studio)
    assert store.state.input == three
    assert store.last_encoded.image.shape == (1, 28, 28)
    assert corner(panel) == (0, 0, 0)
    assert panel.way.isVisible()
    assert shelf._paint(store.keeper.drawings[0].input, 20).pixelColor(0, 0) == QColor("black")
    store.redo()
    qtbot.waitUntil(lambda: store.state.model == str(run), timeout=TIMEOUT)
    store.redo()
    encoded(qtbot, studio)
    assert store.state.input == drawn
    show_model(qtbot, studio, shipped("vae-2"))  # where colours are ink
    encoded(qtbot, studio)
    assert store.state.input == drawn
    assert panel.canvas.colour is None


def test_pictures_completions_and_edits_in_colour(
    studio: Studio, qtbot: QtBot, run: Path, tmp_path: Path
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    told: list[str] = []
    store.failed.connect(lambda error: told.append(error.code))
    seven = ImageRef("mnist", "test", 0)
    store.set_image(seven, 7)
    encoded(qtbot, studio)
    show_model(qtbot, studio, run)
    qtbot.waitUntil(lambda: bool(told), timeout=TIMEOUT)
    assert told == ["spec.image_shape"]
    assert store.state.input is not None
    assert store.state.input.image == seven  # for a model that takes it
    assert store.last_encoded is None
    assert panel.compare.input_image is None
    assert panel.canvas.image is None
    settle(qtbot, studio)  # what z is is decoded all the same
    hand.drag(panel.canvas, hand.on_canvas(panel.canvas, [(0.2, 0.2), (0.8, 0.8)]))
    store.show_moment(store.snapshot)
    settle(qtbot, studio)
    assert told == ["spec.image_shape"]  # once
    store.undo()

    Image.fromarray(np.full((50, 90, 3), (200, 40, 40), np.uint8)).save(tmp_path / "red.png")
    store.pictures.open_file(tmp_path / "red.png")
    qtbot.waitUntil(lambda: not store.pictures.looking, timeout=TIMEOUT)
    encoded(qtbot, studio)
    assert panel.found.text.text() == "From red.png."
    assert panel.found.invert.isEnabled()
    assert store.last_encoded is not None
    assert (255 * store.last_encoded.image[:, 16, 16]).tolist() == pytest.approx(
        (200, 40, 40), abs=1
    )
    assert panel.canvas.image is not None
    assert panel.canvas.image.width() == 32
    hand.click(panel.found.invert)
    qtbot.waitUntil(lambda: not store.pictures.looking, timeout=TIMEOUT)
    encoded(qtbot, studio)
    assert (255 * store.last_encoded.image[:, 16, 16]).tolist() == pytest.approx(
        (55, 215, 215), abs=1
    )
    shapes = store.state.model
    show_model(qtbot, studio, shipped("vae-32"))
    encoded(qtbot, studio)
    assert store.last_encoded.image.shape == (1, 28, 28)
    undo_into(qtbot, studio, shapes)
    encoded(qtbot, studio)
    assert store.last_encoded.image.shape == (3, 32, 32)

    completion = studio.window.panel(CompletionPanel)
    hand.click(completion.tools.halves[(0.0, 0.5, 1.0, 1.0)])
    hand.click(completion.complete)
    qtbot.waitUntil(
        lambda: store.completer.result is not None and store.completer.result.ended, timeout=TIMEOUT
    )
    assert store.completer.problem is None
    assert store.completer.result is not None
    assert store.completer.result.images.shape[1:] == (3, 32, 32)
    assert not store.completer.wants_guide
    hand.click(completion.complete)

    decoded = studio.window.panel(DecodedPanel)
    store.pen.take(BLUE)
    assert not decoded.colour.isVisible()
    hand.click(decoded.ink)
    assert decoded.picture.brush is Brush.INK
    assert decoded.colour.isVisible()
    before = store.state.latent.z
    place = decoded.picture
    hand.drag(place, hand.on_canvas(place, [(0.4, 0.5), (0.6, 0.5)]))
    qtbot.waitUntil(lambda: store.state.latent.z != before, timeout=TIMEOUT)
    assert store.output_editor.strokes[0].colour == BLUE
    assert told == ["spec.image_shape"]


def test_a_colour_of_ones_own_is_mixed_beside_the_window(
    studio: Studio, qtbot: QtBot, run: Path
) -> None:
    store, panel = studio.store, studio.window.panel(DrawPanel)
    show_model(qtbot, studio, run)
    assert not panel.colours.own.isVisible()
    hand.click(panel.colours.other)
    dialog = panel.colours._dialog
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible, timeout=TIMEOUT)
    assert not dialog.isModal()
    dialog.setCurrentColor(QColor(1, 2, 3))
    dialog.accept()
    assert store.pen.colour == (1, 2, 3)
    assert panel.colours.own.isVisible()
    assert panel.colours.own.isChecked()
    hand.click(panel.colours.swatches[0])
    assert store.pen.colour == QColor(theme.PENS[0]).getRgb()[:3]
    hand.click(panel.colours.own)
    assert store.pen.colour == (1, 2, 3)
