"""Every panel with any data set: digits, colours with classes that are words, and no labels. One
window for each, which goes through all of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers import quick, recorded, take_as_mnist
from tests.picture_sets import SHAPES, write_clouds, write_shapes
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, encoded, settle, show_model
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing import ImageRef
from vae_studio.session.strokes import Stroke
from vae_studio.ui import theme
from vae_studio.ui.messages import error_sentence
from vae_studio.ui.panels import PANELS
from vae_studio.ui.panels.all_models.panel import AllModelsPanel
from vae_studio.ui.panels.comparison.panel import ComparisonPanel
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.handwriting.panel import HandwritingPanel
from vae_studio.ui.panels.images import IN_ORDER, ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.paths.panel import PathsPanel
from vae_studio.ui.panels.runs.panel import RunsPanel
from vae_studio.ui.panels.samples import SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.traversals import MOST_ROWS, TraversalsPanel
from vae_studio.ui.panels.uncertainty import UncertaintyPanel

LATENT = 6
CONV = ModelSpec(architecture="conv", hidden=(8, 16), latent_dim=LATENT, likelihood="gaussian")
DIGITS = tuple("0123456789")
MNIST_TOO = ("data", "experiments")  # panels that tell of MNIST, whatever is shown


@dataclass(frozen=True)
class Case:
    """names: of the classes. told: whether ``run`` is a conditional model; ``other`` is a run of
    the same images that is not."""

    name: str
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    told: bool

    @property
    def run(self) -> str:
        return f"{self.name}-run"

    @property
    def other(self) -> str:
        return f"{self.name}-other"


CASES = {
    case.name: case
    for case in (
        Case("mnist", DIGITS, (1, 28, 28), True),
        Case("shapes", SHAPES, (3, 32, 32), True),
        Case("clouds", (), (3, 40, 40), False),
    )
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, small: DatasetPair) -> Path:
    """A home with two stored sets, and two runs on each of the three; made once."""
    folder, before = tmp_path_factory.mktemp("made"), dict(DATASETS)
    write_shapes(folder / "data", size=32)
    write_clouds(folder / "data", size=40)
    for case in CASES.values():
        data = small if case.name == "mnist" else load_dataset(case.name)
        config = quick(dataset=case.name, batch_size=64, learning_rate=2e-3)
        for name, classes in ((case.run, len(case.names) if case.told else 0), (case.other, 0)):
            spec = ModelSpec(**{**CONV.to_dict(), "hidden": CONV.hidden, "num_classes": classes,
                                "image_shape": case.shape})  # fmt: skip
            recorded(folder / "runs" / name, spec, config, data, name)
    DATASETS.clear()
    DATASETS.update(before)
    return folder


@pytest.fixture(autouse=True)
def same_table() -> Iterator[None]:
    """What a window registers is gone after it."""
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)


@pytest.fixture
def at_home(made: Path, home: Path, small: DatasetPair, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What was made, as the user's own."""
    shutil.copytree(made, home, dirs_exist_ok=True)
    take_as_mnist(small, monkeypatch)
    return home


def texts(widget: QWidget) -> str:
    """All that is written on a panel, in what it paints itself and in its boxes."""
    parts = [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]
    for child in [widget, *widget.findChildren(QWidget)]:
        placeholder = getattr(child, "placeholder", "")
        if isinstance(placeholder, str) and child.isVisible():
            parts.append(placeholder)
    boxes = (box for box in widget.findChildren(QComboBox) if box.isVisible())
    parts += [box.itemText(place) for box in boxes for place in range(box.count())]
    return "\n".join(parts)


class Walk:
    """A window that shows a run, and goes from panel to panel."""

    def __init__(self, studio: Studio, qtbot: QtBot, case: Case, home: Path) -> None:
        self.studio, self.qtbot, self.case, self.home = studio, qtbot, case, home
        self.store = studio.store
        self.failures: list[str] = []
        self.store.failed.connect(lambda error: self.failures.append(error.code))

    def wait(self, done: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(done()), timeout=TIMEOUT)

    def front(self, name: str) -> QWidget:
        self.studio.window.docks[name].show()
        self.studio.window.docks[name].raise_()
        row = next(row for row in PANELS if row.name == name)
        panel = self.studio.window.panel(row.panel)
        self.wait(lambda: panel.on_screen)
        return panel

    def is_there(self, picture: QImage | None) -> bool:
        """Whether that is a whole picture of the model's."""
        channels, height, width = self.case.shape
        if picture is None:
            return False
        assert (picture.height(), picture.width()) == (height, width)
        assert picture.isGrayscale() or channels == 3
        return True


@pytest.mark.parametrize("name", list(CASES))
def test_every_panel_shows_any_data_set(
    name: str, start: Start, qtbot: QtBot, at_home: Path
) -> None:
    case = CASES[name]
    studio = start()
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    show_model(qtbot, studio, at_home / "runs" / case.run)
    walk = Walk(studio, qtbot, case, at_home)
    walk.wait(lambda: studio.store.atlas.is_current and studio.store.atlas.map is not None)
    label = 1 if case.names else None
    studio.store.set_image(ImageRef(case.name, "test", 1), label)
    encoded(qtbot, studio)
    on_the_map(walk)
    among_the_test_images(walk)
    around_the_point(walk)
    along_the_ways(walk)
    in_every_class(walk)
    through_all_models(walk)
    side_by_side(walk)
    given = studio.store.state.input
    studio.store.take_some_image()
    walk.wait(lambda: studio.store.state.input != given)
    given = studio.store.state.input
    assert given is not None
    assert (given.label is None) == (not case.names)
    encoded(qtbot, studio)
    for row in PANELS:
        panel = walk.front(row.name)
        if case.names != DIGITS and row.name not in MNIST_TOO:
            assert not re.search(r"\bdigits?\b", texts(panel)), row.name
        if not case.names:
            assert not re.search(r"\bclass 0\b|\bLabel 0\b", texts(panel)), row.name
    drawn = texts(walk.front("draw"))
    assert ("Read as" in drawn) == bool(case.names)
    assert all(name in drawn for name in case.names)
    assert walk.failures == []


def on_the_map(walk: Walk) -> None:
    panel, names = walk.front("map"), walk.case.names
    assert isinstance(panel, MapPanel)
    walk.wait(lambda: panel.canvas.groups)
    assert panel.legend.isVisible() == bool(names)
    assert len(panel.classes) == len(names)
    for button, name in zip(panel.classes, names, strict=True):
        assert name in button.accessibleName()
        assert name in button.toolTip()
    shown = {badge.text for badge in panel.canvas.badges}
    if names == DIGITS:
        assert shown == set(DIGITS)
    else:
        assert bool(shown) == bool(names)
        assert all(any(text.rstrip("…") in name for name in names) for text in shown)
    picture = panel.canvas._draw_points()
    pixels = {
        picture.pixelColor(x, y).name()
        for x in range(picture.width())
        for y in range(0, picture.height(), 2)
        if picture.pixelColor(x, y).alpha() == 255
    }
    wanted = theme.colors().classes[: len(names)] if names else (theme.colors().dots,)
    assert pixels <= set(wanted)
    assert len(pixels) >= min(len(names), 8)
    group = panel.canvas.groups[0]
    panel._point(0, 1)
    walk.wait(panel.card.isVisible)
    if names:
        assert f"class {names[int(group.labels[1])]}"[:20] in panel.card.text.text()
        panel.classes[0].click()
        assert panel.canvas.hidden == {0}
        panel.classes[0].click()
    else:
        assert panel.card.text.text().startswith("test image 1\n")
    assert walk.is_there(panel.card.image.image)
    panel._point(-1, -1)
    panel._choose(0, 1)
    is_the_input(walk, 1, int(group.labels[1]))


def among_the_test_images(walk: Walk) -> None:
    panel, names = walk.front("images"), walk.case.names
    assert isinstance(panel, ImagesPanel)
    walk.wait(lambda: panel.images.indices)
    assert panel.label.isVisible() == bool(names)
    survey = walk.store.atlas.survey
    assert survey is not None
    if names:
        assert [panel.label.itemText(place + 1) for place in range(len(names))] == list(names)
        panel.order.setCurrentIndex(IN_ORDER)
        panel.label.setCurrentIndex(1 + 2)
        assert {int(survey.labels[image]) for image in panel.images.indices} == {2}
        panel.label.setCurrentIndex(0)
    index = panel.images.index(0)
    tip = str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert ("class" in tip) == bool(names)
    assert "nats" in tip
    thumbnail = index.data(Qt.ItemDataRole.DecorationRole).toImage()
    pixels = np.asarray(survey.images[panel.images.indices[0]])
    side = thumbnail.width()
    inside = pixels[:, pixels.shape[1] // 2, pixels.shape[2] // 2]
    seen = thumbnail.pixelColor(side // 2, side // 2).getRgb()[:3]
    assert np.abs(np.array(seen, int) - inside.astype(int)).max() < 60  # in its colours
    image = panel.images.indices[0]
    panel._choose(index)
    is_the_input(walk, image, int(survey.labels[image]))


def is_the_input(walk: Walk, image: int, label: int) -> None:
    """Whether that test image is, with its class, if there are any; then goes back to the first."""
    given = walk.store.state.input
    assert given is not None
    assert given.image == ImageRef(walk.case.name, "test", image)
    assert given.label == (label if walk.case.names else None)
    walk.store.set_image(ImageRef(walk.case.name, "test", 1), 1 if walk.case.names else None)
    encoded(walk.qtbot, walk.studio)


def around_the_point(walk: Walk) -> None:
    samples = walk.front("samples")
    assert isinstance(samples, SamplesPanel)
    walk.wait(lambda: samples.shown and samples.shown.request.snapshot is walk.store.snapshot)
    assert all(walk.is_there(picture.image) for picture in samples.pictures)
    traversals = walk.front("traversals")
    assert isinstance(traversals, TraversalsPanel)
    rows = min(MOST_ROWS, LATENT)
    walk.wait(lambda: traversals.grid.shape[0] == rows)
    assert walk.is_there(traversals.grid.pictures[0][0])
    grabbed = traversals.grid.grab().toImage()
    place = traversals.grid.place(0, 0).center()
    assert grabbed.pixelColor(place) != grabbed.pixelColor(QPoint(1, 1))
    sheet = traversals.grid.sheet()
    assert sheet is not None
    assert sheet.images.shape[1:] == walk.case.shape  # saved in their own pixels
    sliders = walk.front("sliders")
    assert isinstance(sliders, SlidersPanel)
    walk.wait(lambda: sliders.rows[0].strip.pictures)
    assert all(walk.is_there(picture) for picture in sliders.rows[0].strip.pictures)
    sure = walk.front("uncertainty")
    assert isinstance(sure, UncertaintyPanel)
    walk.wait(lambda: sure._shown is not None)
    assert walk.is_there(sure.input.image)
    assert ("as " in sure.caption.text()) == walk.case.told
    if walk.case.told:
        assert walk.case.names[1] in sure.caption.text()
    decoded = walk.front("decoded")
    assert isinstance(decoded, DecodedPanel)
    assert walk.is_there(decoded.picture.image)
    assert "dimensions active" in texts(walk.front("dimensions"))


def along_the_ways(walk: Walk) -> None:
    panel, names = walk.front("directions"), walk.case.names
    assert isinstance(panel, DirectionsPanel)
    walk.wait(lambda: panel.end.count() >= 2 + len(names))
    offered = [panel.end.itemText(place) for place in range(panel.end.count())]
    said = [f"class {name}" if len(name) < 3 else name for name in names]
    assert offered[1 : 1 + len(names)] == said
    if names:
        panel.end.setCurrentIndex(1 + 1)
        panel.end.activated.emit(1 + 1)
        walk.wait(panel.add.isEnabled)
        assert panel.more_name.text() == said[1]
    else:
        walk.wait(lambda: "have no classes" in panel.caption.text())
    walk.store.keeper.keep_here()
    walk.store.go_to_mean()
    settle(walk.qtbot, walk.studio)
    walk.store.keeper.keep_here()
    paths = walk.front("paths")
    assert isinstance(paths, PathsPanel)
    walk.wait(lambda: paths.strip.count == 13)
    tip = str(paths.points.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole))
    assert ("as " in tip) == walk.case.told


def in_every_class(walk: Walk) -> None:
    panel, names = walk.front("labels"), walk.case.names
    assert isinstance(panel, LabelsPanel)
    hands = walk.front("handwriting")
    assert isinstance(hands, HandwritingPanel)
    if not names:
        assert "have no labels" in panel.reason.text()
        assert "have no labels" in hands.empty.text()
        return
    walk.front("labels")
    walk.wait(lambda: len(panel.pictures) == len(names))
    walk.wait(lambda: all(picture.image for picture in panel.pictures))
    for button, name in zip(panel.buttons, names, strict=True):
        assert button.accessibleName() == f"Label {name}"
        assert name[:20] in button.toolTip()
        assert button.text() == name or name.startswith(button.text().rstrip("…"))
    panel.buttons[2].click()
    settle(walk.qtbot, walk.studio)
    label = walk.store.state.latent.label
    assert label is not None
    assert label.index(1.0) == 2
    assert [panel.one.itemText(place) for place in range(len(names))] == list(names)
    panel.other.setCurrentIndex(1)
    walk.store.set_label_weights(tuple(0.5 * (place in (1, 2)) for place in range(len(names))))
    assert {panel.one.currentText(), panel.other.currentText()} == {names[1], names[2]}
    settle(walk.qtbot, walk.studio)
    walk.front("handwriting")
    walk.wait(lambda: hands._shown is not None)
    assert [tile._badge for tile in hands.tiles.classes] == list(names)
    assert all(walk.is_there(tile.image) for tile in hands.tiles.classes)
    assert hands.label.currentText() == names[1]
    assert names[1] in hands.caption.text()
    show_model(walk.qtbot, walk.studio, walk.home / "runs" / walk.case.other)  # by class means
    encoded(walk.qtbot, walk.studio)
    if names != DIGITS:
        assert "is not told the class" in hands.empty.text()
    walk.front("labels")
    walk.wait(lambda: panel._shown and panel._shown.request.snapshot is walk.store.snapshot)
    now = names[panel._shown.now] if panel._shown else ""
    assert now[:20] in panel.explain.text()
    assert panel.open_cvae.isVisible() == (names == DIGITS)
    before = walk.store.state.latent.z
    panel.buttons[3].click()
    assert walk.store.state.latent.z != before
    show_model(walk.qtbot, walk.studio, walk.home / "runs" / walk.case.run)
    encoded(walk.qtbot, walk.studio)


def through_all_models(walk: Walk) -> None:
    panel = walk.front("all_models")
    assert isinstance(panel, AllModelsPanel)
    walk.wait(lambda: panel.table.entries and not walk.store.measuring.running)
    mine = {entry.name: entry for entry in panel.table.entries}
    assert {walk.case.run, walk.case.other} <= mine.keys()
    assert (len(mine) == 2) == (walk.case.name != "mnist")  # others take other images
    panel.copy()
    lines = [line.split("\t") for line in walk.studio.app.clipboard().text().splitlines()]
    place = lines[0].index("label")
    said = {line[0]: line[place] for line in lines[1:]}
    assert said[walk.case.other] == ""
    assert said[walk.case.run] == (walk.case.names[1] if walk.case.told else "")


def side_by_side(walk: Walk) -> None:
    panel = walk.front("comparison")
    assert isinstance(panel, ComparisonPanel)
    runs = walk.front("runs")
    assert isinstance(runs, RunsPanel)
    folders = [walk.home / "runs" / run for run in (walk.case.run, walk.case.other)]
    walk.store.comparing.show_runs(folders)
    walk.wait(lambda: panel.page is not None)
    assert panel.page is not None
    first, said = panel.page.strips[0], texts(panel)
    names = walk.case.names
    assert first.image is not None
    assert first.image.isGrayscale() == (walk.case.shape[0] == 1)
    assert first.minimumWidth() <= 200
    said_of_it = f"Original: {', '.join(names[:10])}" if names else "Original"
    assert first.accessibleName() == said_of_it
    assert ("From left to right: red disc, red square" in said) == (names == SHAPES)
    page = walk.home / "page.html"
    with walk.qtbot.waitSignal(panel.saved, timeout=TIMEOUT):
        panel.save(page)
    assert ("red disc, red square" in page.read_text()) == (names == SHAPES)


def test_images_that_are_gone_are_told_once_in_each_panel_until_they_are_back(
    start: Start, qtbot: QtBot, at_home: Path, made: Path
) -> None:
    case = CASES["shapes"]
    shutil.rmtree(at_home / "data" / "shapes")
    studio = start()
    store, panel = studio.store, studio.window.panel
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    show_model(qtbot, studio, at_home / "runs" / case.other)
    walk = Walk(studio, qtbot, case, at_home)
    walk.wait(lambda: store.atlas.problem is not None)
    problem = store.atlas.problem
    assert problem is not None
    assert problem.code == "data.gone"
    sentence = error_sentence(problem)
    assert "Coloured shapes" in sentence
    store.set_random_from("aggregate")
    for name in ("map", "images", "labels", "directions", "samples"):
        shown = walk.front(name)
        walk.wait(lambda shown=shown: sentence in texts(shown))
        assert texts(shown).count(sentence) == 1, name
    store.set_random_from("prior")
    before = store.state.latent.z
    hand.click(panel(DecodedPanel).random)
    settle(qtbot, studio)
    assert store.state.latent.z != before
    assert walk.is_there(panel(DecodedPanel).picture.image)
    walk.front("traversals")
    walk.wait(lambda: panel(TraversalsPanel).grid.shape[0] == LATENT)
    opened, front = store.snapshot, walk.front("map")
    shutil.copytree(made / "data" / "shapes", at_home / "data" / "shapes")
    store.data_sets.look_again()
    walk.wait(lambda: store.atlas.survey is not None)
    assert store.snapshot is opened
    for name in ("map", "images", "labels"):
        front = walk.front(name)
        walk.wait(lambda front=front: sentence not in texts(front))
    shutil.rmtree(at_home / "data" / "shapes")
    store.data_sets.look_again()
    show_model(qtbot, studio, at_home / "runs" / case.run)  # told the class: no images are needed
    walk.front("labels")
    walk.wait(lambda: len(panel(LabelsPanel).buttons) == len(SHAPES))
    walk.wait(lambda: all(picture.image for picture in panel(LabelsPanel).pictures))


def test_what_was_said_of_the_classes_of_one_set_says_nothing_of_those_of_another(
    start: Start, qtbot: QtBot, at_home: Path
) -> None:
    write_shapes(at_home / "data", "few", size=16, count=60, classes=3)
    spec = replace(CONV, image_shape=(3, 16, 16))
    recorded(at_home / "runs" / "few", spec, quick(dataset="few"), load_dataset("few"), "few")
    studio = start()
    store = studio.store
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    shapes, digits = (at_home / "runs" / CASES[name].other for name in ("shapes", "mnist"))
    show_model(qtbot, studio, shapes)
    walk = Walk(studio, qtbot, CASES["shapes"], at_home)
    labels = studio.window.panel(LabelsPanel)
    walk.front("labels")
    store.set_strokes((Stroke(((0.3, 0.3), (0.7, 0.7)), 0.1),))
    store.set_input_label(11)
    encoded(qtbot, studio)
    walk.wait(lambda: len(labels.buttons) == 12 and labels.buttons[0].isVisible())
    walk.wait(lambda: labels._shown is not None)
    settle(qtbot, studio)
    labels._shown = replace(
        labels._shown, now=11
    )  # what it is like, a barely trained model decides
    labels._check(store.state)
    assert labels.buttons[11].isChecked()
    store.set_view(replace(store.state.view, hidden=frozenset({0, 11})))
    before = store.state
    show_model(qtbot, studio, at_home / "runs" / "few")
    walk.wait(lambda: len(labels.buttons) == 3 and labels.buttons[0].isVisible())
    show_model(qtbot, studio, digits)
    walk.wait(lambda: len(labels.buttons) == 10 and labels.buttons[0].isVisible())
    assert store.state.input is not None
    assert store.state.input.label is None
    assert store.state.view.hidden == frozenset()
    store.set_input_label(7)
    store.set_view(replace(store.state.view, hidden=frozenset({9})))
    show_model(qtbot, studio, at_home / "runs" / CASES["mnist"].run)  # of the same classes
    assert store.state.input is not None
    assert store.state.input.label == 7
    assert store.state.view.hidden == frozenset({9})
    while store.state.model != str(shapes):
        with qtbot.waitSignal(store.state_changed, timeout=TIMEOUT):
            store.undo()
    assert (store.state.input, store.state.view) == (before.input, before.view)
    assert walk.failures == []
