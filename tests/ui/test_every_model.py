"""Every panel of the explorer, with models of 2 to 512 dimensions, with labels and without; and
what it says where there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from tests.helpers import quick, recorded
from tests.ui.waits import TIMEOUT, encoded, settle, show_model
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import DatasetError
from vae_studio.core.variants import VARIANTS
from vae_studio.session.drawing import ImageRef
from vae_studio.session.requests import SampleResult
from vae_studio.ui.panels import PANELS
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.images import ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.paths.panel import PathsPanel
from vae_studio.ui.panels.samples import COUNT, SamplesPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.traversals import MOST_ROWS, TraversalsPanel
from vae_studio.ui.panels.uncertainty import UncertaintyPanel
from vae_studio.ui.store import Store

EXPLORERS = (
    *("map", "traversals", "samples", "sliders", "dimensions"),
    *("paths", "directions", "images", "uncertainty", "labels"),
)


def in_front(studio: Studio, name: str) -> None:
    studio.window.docks[name].show()
    studio.window.docks[name].raise_()


def texts(widget: QWidget) -> str:
    """All that is written on a panel, and in what it paints itself."""
    parts = [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]
    for child in [widget, *widget.findChildren(QWidget)]:
        placeholder = getattr(child, "placeholder", "")
        if isinstance(placeholder, str) and child.isVisible():
            parts.append(placeholder)
    return " ".join(parts)


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("size", [2, 16, 64, 512])
def test_every_panel_shows_a_model_of_any_size(
    size: int,
    classes: int,
    studio: Studio,
    qtbot: QtBot,
    small: DatasetPair,
    small_mnist: None,
    home: Path,
) -> None:
    spec = replace(VARIANTS["cvae" if classes else "vae-32"], latent_dim=size, hidden=(64, 32))
    run = recorded(home / "runs" / "this", spec, quick(), small, "this")
    store, panel = studio.store, studio.window.panel
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")

    def wait(done: Callable[[], bool]) -> None:
        qtbot.waitUntil(done, timeout=TIMEOUT)

    show_model(qtbot, studio, run)
    wait(lambda: store.atlas.is_current and store.atlas.map is not None)
    store.set_image(ImageRef("mnist", "test", 3), None)
    encoded(qtbot, studio)
    wait(lambda: len(panel(SlidersPanel).rows) == size)
    rows = panel(SlidersPanel).rows
    assert sorted(row.dimension for row in rows) == list(range(size))
    assert all(row.slider.whisker is not None for row in rows)
    assert sum(len(group.places) for group in panel(MapPanel).canvas.groups) == 256
    assert panel(MapPanel).canvas.ellipse is not None
    in_front(studio, "traversals")
    traversals = panel(TraversalsPanel)
    wait(lambda: len(traversals.grid.pictures) == min(size, MOST_ROWS))
    in_front(studio, "samples")

    def samples() -> SampleResult | None:
        """Of this model; those of the one before stay until they are here."""
        shown = panel(SamplesPanel).shown
        return shown if shown is not None and shown.request.snapshot is store.snapshot else None

    wait(lambda: samples() is not None)
    store.set_random_from("aggregate")
    wait(lambda: "Gaussian" in panel(SamplesPanel).explain.text())
    wait(lambda: samples() is not None)
    shown = samples()
    assert shown is not None
    assert shown.z.shape == (COUNT, size)
    store.keeper.keep_here()
    store.go_to_mean()
    settle(qtbot, studio)
    store.keeper.keep_here()
    in_front(studio, "paths")
    wait(lambda: panel(PathsPanel).strip.count == 13)
    wait(lambda: store.path_walk.support is not None)
    in_front(studio, "directions")
    wait(lambda: panel(DirectionsPanel).add.isEnabled())
    assert len(panel(DirectionsPanel).grid.pictures[0]) == 9
    in_front(studio, "images")
    wait(lambda: len(panel(ImagesPanel).images.indices) > 0)
    in_front(studio, "uncertainty")
    wait(lambda: panel(UncertaintyPanel)._shown is not None)
    in_front(studio, "labels")
    wait(lambda: len(panel(LabelsPanel).buttons) == 10)
    wait(lambda: all(picture.image for picture in panel(LabelsPanel).pictures))
    assert panel(LabelsPanel).mix.isVisible() == bool(classes)
    panel(LabelsPanel).buttons[4].click()
    settle(qtbot, studio)


def test_a_model_whose_images_are_not_here_says_so_everywhere(
    studio: Studio,
    qtbot: QtBot,
    small: DatasetPair,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sliders, traversals, paths and samples do without; the others say what is missing."""
    monkeypatch.setitem(DATASETS, "elsewhere", DATASETS["mnist"])
    spec = replace(VARIANTS["vae-16"], hidden=(64, 32))
    run = recorded(home / "runs" / "far", spec, quick(dataset="elsewhere"), small, "far")

    def missing(*_: object) -> DatasetPair:
        raise DatasetError("data.missing", path="elsewhere/images.xz")

    monkeypatch.setitem(DATASETS, "elsewhere", replace(DATASETS["mnist"], load=missing))
    store, panel = studio.store, studio.window.panel
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    show_model(qtbot, studio, run)
    qtbot.waitUntil(lambda: store.atlas.problem is not None, timeout=TIMEOUT)
    for name in ("map", "images", "labels", "directions"):
        in_front(studio, name)
        dock = studio.window.docks[name]
        qtbot.waitUntil(
            lambda dock=dock: "elsewhere/images.xz is missing" in texts(dock.widget()),
            timeout=TIMEOUT,
        )
    assert not panel(DirectionsPanel).add.isEnabled()
    before = store.state.latent
    store.set_random_from("aggregate")
    in_front(studio, "samples")
    assert "elsewhere/images.xz is missing" in panel(SamplesPanel).explain.text()
    store.randomise()
    assert store.state.latent == before
    qtbot.waitUntil(studio.window.toast.isVisible, timeout=TIMEOUT)
    store.set_random_from("prior")
    store.keeper.keep_here()
    store.randomise()
    settle(qtbot, studio)
    store.keeper.keep_here()
    in_front(studio, "paths")
    qtbot.waitUntil(lambda: panel(PathsPanel).strip.count == 13, timeout=TIMEOUT)
    in_front(studio, "traversals")
    traversals = panel(TraversalsPanel)
    qtbot.waitUntil(lambda: len(traversals.grid.pictures) == MOST_ROWS, timeout=TIMEOUT)
    in_front(studio, "directions")
    directions = panel(DirectionsPanel)
    for box, text in ((directions.start, "point A"), (directions.end, "point B")):
        box.setCurrentIndex(box.findText(text))
        box.activated.emit(box.currentIndex())
    qtbot.waitUntil(directions.add.isEnabled, timeout=TIMEOUT)  # points need no images


@pytest.mark.parametrize("name", EXPLORERS)
def test_before_a_model_is_there_every_panel_says_what_will_be(name: str, qtbot: QtBot) -> None:
    """A panel of its own, that has heard of no model."""
    store = Store()
    kind = next(row.panel for row in PANELS if row.name == name)
    panel = kind(store)
    qtbot.addWidget(panel)
    panel.resize(400, 300)
    with qtbot.waitExposed(panel):
        panel.show()
    words = texts(panel)
    kind_words = ("appear", "z drawn from the prior", "Keep two points", "Not measured yet")
    assert any(each in words for each in kind_words), words
    store.shutdown()
