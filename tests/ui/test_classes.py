"""What classes are called, and how a thousand of them are chosen from."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFontMetrics, QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from tests.helpers import quick, recorded
from tests.picture_sets import SHAPES, write_many
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT, encoded, settle, show_model
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.spec import ModelSpec
from vae_studio.session.drawing import ImageRef
from vae_studio.session.requests import AsClassesRequest, PointsRequest
from vae_studio.ui import theme
from vae_studio.ui.classes import a_class, are_short, class_name, in_short
from vae_studio.ui.panels.directions import DirectionsPanel
from vae_studio.ui.panels.handwriting.panel import HandwritingPanel
from vae_studio.ui.panels.images import ImagesPanel
from vae_studio.ui.panels.labels import LabelsPanel
from vae_studio.ui.panels.map import badges
from vae_studio.ui.panels.map.legend import ClassLegend
from vae_studio.ui.panels.map.panel import MapPanel
from vae_studio.ui.panels.map.raster import View
from vae_studio.ui.widgets.class_box import ClassBox
from vae_studio.ui.widgets.class_grid import ClassGrid
from vae_studio.ui.widgets.class_list import ClassList

MANY = [f"kind number {number:04d}" for number in range(1000)]
HOSTILE = "<b>red</b> & <i>co</i>"


@pytest.fixture(autouse=True)
def same_table() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)


def test_names_stand_in_a_sentence_and_are_cut_where_they_are_long() -> None:
    assert class_name(SHAPES, 1) == "red square"
    assert class_name((), 7) == class_name(("", "b"), 7) == "7"
    assert class_name(("", "b"), 0) == "0"  # one that was given no name
    assert a_class("7") == "a 7"
    assert a_class("A") == "“A”"
    assert a_class("red disc") == "“red disc”"
    assert a_class("{name} of " + "x" * 99).startswith("“{name} of x")
    assert len(in_short("y" * 99, 20)) == 20
    assert in_short("y" * 99, 20).endswith("…")
    assert are_short("0123456789")
    assert not are_short("0123456789A")
    assert not are_short(("red",))


@pytest.mark.parametrize("scheme", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_thirty_classes_are_told_apart_by_colour_and_marker(scheme: theme.Colors) -> None:
    looks = [(scheme.classes[label], theme.class_marker(label)) for label in range(30)]
    assert len(set(looks)) == 30
    base = QColor(scheme.base)
    for (one, marker), (other, other_marker) in itertools.combinations(looks, 2):
        assert marker != other_marker or apart(QColor(one), QColor(other)) > 60
    assert all(apart(QColor(color), base) > 150 for color, _ in looks)
    assert scheme.dots in scheme.classes


def apart(one: QColor, other: QColor) -> float:
    """Of two colours, in levels, the channels as the eye weighs them, about."""
    red, green, blue = (
        first - second for first, second in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    )
    return float((2 * red**2 + 4 * green**2 + 3 * blue**2) ** 0.5)


def shown(qtbot: QtBot, widget, width: int, height: int):  # type: ignore[no-untyped-def]
    qtbot.addWidget(widget)
    widget.resize(width, height)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def test_a_list_of_a_thousand_is_searched_with_the_keyboard(qtbot: QtBot) -> None:
    view, chosen, looked = ClassList("Classes"), list[int](), list[int]()
    view.set_names(MANY)
    shown(qtbot, view, 320, 240)
    view.chosen.connect(chosen.append)
    view.looked_at.connect(lambda: looked.append(1))
    qtbot.waitUntil(lambda: bool(looked))
    in_view = view.in_view
    assert in_view[0] == 0
    assert list(in_view) == list(range(len(in_view)))
    assert 6 <= len(in_view) < 40
    view.search.setFocus()
    QTest.keyClicks(view.search, "kind 99")
    assert view.offered == [number for number in range(1000) if "99" in f"{number:04d}"]
    QTest.keyClick(view.search, Qt.Key.Key_Return)
    assert chosen == [99]  # the first that is left
    QTest.keyClick(view.search, Qt.Key.Key_Down)
    assert view.list.hasFocus()
    QTest.keyClick(view.list, Qt.Key.Key_Right)
    QTest.keyClick(view.list, Qt.Key.Key_Space)
    assert chosen == [99, 199]
    index = view.list.model().index(0, 0)
    assert "kind number 0099" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Class kind number 0099"
    hand.click(view.list.viewport(), view.list.visualRect(index).center())
    assert chosen == [99, 199, 99]
    view.search.setText("no such kind")
    assert view.offered == []
    QTest.keyClick(view.search, Qt.Key.Key_Return)
    assert len(chosen) == 3


def test_buttons_of_words_wrap_and_say_the_whole_name(qtbot: QtBot) -> None:
    grid, picked = ClassGrid(SHAPES), list[int]()
    grid.picked.connect(picked.append)
    shown(qtbot, grid, 420, 600)
    qtbot.waitUntil(lambda: grid.buttons[11].text() != SHAPES[11])
    assert grid.buttons[11].text().endswith("…")
    assert grid.buttons[11].accessibleName() == f"Label {SHAPES[11]}"
    assert grid.buttons[0].text() == "red disc"
    columns = {button.x() for button in grid.buttons}
    assert 3 <= len(columns) <= 5
    grid.resize(200, 900)
    qtbot.waitUntil(lambda: len({button.x() for button in grid.buttons}) < len(columns))
    boxes = [widget.geometry() for widget in (*grid.buttons, *grid.pictures)]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.intersects(other)
    hand.click(grid.buttons[11])
    hand.click(grid.pictures[4])
    assert picked == [11, 4]


def test_digits_stand_in_five_columns_at_any_width(qtbot: QtBot) -> None:
    grid = shown(qtbot, ClassGrid(tuple("0123456789")), 700, 300)
    for width in (700, 320):
        grid.resize(width, 300)
        qtbot.wait(0)
        assert [button.text() for button in grid.buttons] == list("0123456789")
        assert len({button.x() for button in grid.buttons}) == 5
        assert len({button.y() for button in grid.buttons}) == 2


def test_a_narrow_box_cuts_a_name_and_its_tooltip_tells_it(qtbot: QtBot) -> None:
    box = ClassBox(4)
    box.setToolTip("Choose one")
    box.offer_names([HOSTILE * 3, "b"])
    shown(qtbot, box, 90, 28)
    assert box.minimumSizeHint().width() < 140
    event = QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(5, 5), box.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(box, event)
    qtbot.waitUntil(lambda: "&lt;b&gt;red" in QToolTip.text())
    assert "Choose one" in QToolTip.text()
    QToolTip.hideText()


def test_the_legend_lists_many_classes_and_takes_none(qtbot: QtBot) -> None:
    legend, hidden = ClassLegend(), list[frozenset[int]]()
    legend.hidden_wanted.connect(hidden.append)
    legend.hidden_wanted.connect(legend.set_hidden)
    legend.set_names(MANY)
    shown(qtbot, legend, 400, 30)
    legend.move(0, 0)
    assert legend.buttons == []
    assert legend.summary.text() == "1000 classes"
    legend.open_list()
    popup = legend.popup
    assert popup is not None
    qtbot.waitUntil(popup.isVisible)
    assert legend.screen().availableGeometry().contains(popup.geometry())
    QTest.keyClicks(popup.list.search, "0042")
    QTest.keyClick(popup.list.search, Qt.Key.Key_Return)
    assert hidden == [frozenset({42})]
    assert legend.summary.text() == "999 of 1000 classes"
    popup.none_wanted.emit()
    assert hidden[-1] == frozenset(range(1000))
    popup.all_wanted.emit()
    assert hidden[-1] == frozenset()
    popup.close()
    legend.set_names(SHAPES)
    assert len(legend.buttons) == 12
    legend.buttons[1].click()
    assert hidden[-1] == frozenset({1})
    assert not legend.buttons[1].isChecked()
    legend.set_names(())
    assert not legend.isVisible()


def test_names_on_the_map_do_not_cover_each_other(qtbot: QtBot) -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 5).astype(np.int64)
    places = random.uniform(-1.0, 1.0, (200, 2)).astype(np.float32)
    found = badges.middles(places, labels, 50)
    assert [middle.label for middle in found] == list(range(40))
    assert found[7].place == pytest.approx(places[35:40].mean(0), abs=1e-6)
    view, metrics = View(0.0, 0.0, 100.0, 300, 200), QFontMetrics(QApplication.font())
    words = badges.placed(found, MANY[:50], {0}, view, metrics)
    assert 2 < len(words) <= 12
    assert all(badge.label for badge in words)  # but for what is hidden
    for one, other in itertools.combinations(words, 2):
        assert not one.frame.intersects(other.frame)
    assert all("…" in badge.text and badge.text.endswith(MANY[badge.label][-2:]) for badge in words)
    digits = badges.placed(found[:10], tuple("0123456789"), (), view, metrics)
    assert [badge.text for badge in digits] == list("0123456789")  # all of them, wherever


def test_a_thousand_classes_in_the_window(start: Start, qtbot: QtBot, home: Path) -> None:
    write_many(home / "data")
    data = load_dataset("many")
    for name, classes in (("told", 1000), ("plain", 0)):
        spec = ModelSpec(hidden=(16,), latent_dim=4, num_classes=classes, image_shape=(1, 16, 16))
        recorded(home / "runs" / name, spec, quick(dataset="many"), data, name)
    studio = start()
    store, panel = studio.store, studio.window.panel
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    asked: list[object] = []
    ask = store.ask

    def noted(lane: str, request) -> None:  # type: ignore[no-untyped-def]
        asked.append(request)
        ask(lane, request)

    store.ask = noted  # type: ignore[method-assign]
    show_model(qtbot, studio, home / "runs" / "told")
    qtbot.waitUntil(lambda: store.atlas.map is not None, timeout=TIMEOUT)
    store.set_image(ImageRef("many", "test", 3), 3)
    encoded(qtbot, studio)
    studio.window.docks["labels"].raise_()
    labels = panel(LabelsPanel)
    qtbot.waitUntil(lambda: labels.list.isVisible(), timeout=TIMEOUT)
    assert labels.buttons == ()

    def pictures() -> int:
        return len(labels.list._classes._pictures)

    qtbot.waitUntil(lambda: pictures() > 0, timeout=TIMEOUT)
    assert pictures() < 60  # of those in view alone
    wanted = [request for request in asked if isinstance(request, PointsRequest)]
    assert all(len(request.z) < 60 for request in wanted)
    labels.list.search.setText("0731")
    QTest.keyClick(labels.list.search, Qt.Key.Key_Return)
    label = store.state.latent.label
    assert label is not None
    assert label.index(1.0) == 731
    settle(qtbot, studio)
    qtbot.waitUntil(lambda: 731 in labels.list._classes._pictures, timeout=TIMEOUT)
    assert labels.one.currentText() == "kind number 0731"
    labels.list.search.clear()
    labels.list.go_to(5)
    QTest.keyClick(labels.list.list, Qt.Key.Key_Space)
    label = store.state.latent.label
    assert label is not None
    assert label.index(1.0) == 5
    assert store.training.view.can_start  # nothing trains: Space is the list's here
    store.set_label(731)
    assert panel(MapPanel).classes == []
    assert len(panel(MapPanel).canvas.badges) <= 12
    assert panel(ImagesPanel).label.count() == 1001
    studio.window.docks["directions"].raise_()
    qtbot.waitUntil(lambda: panel(DirectionsPanel).end.count() == 1002, timeout=TIMEOUT)
    studio.window.docks["handwriting"].show()
    studio.window.docks["handwriting"].raise_()
    qtbot.waitUntil(
        lambda: "1000 classes are too many" in panel(HandwritingPanel).empty.text(),
        timeout=TIMEOUT,
    )
    show_model(qtbot, studio, home / "runs" / "plain")
    studio.window.docks["labels"].raise_()
    qtbot.waitUntil(
        lambda: labels._shown is not None and labels._shown.request.snapshot is store.snapshot,
        timeout=TIMEOUT,
    )
    found = labels._shown
    assert found is not None
    assert found.z.shape == (1000, 4)
    assert 0 < len(found.images) < 60
    assert any(isinstance(request, AsClassesRequest) for request in asked)
    labels.list.search.setText("0007")
    QTest.keyClick(labels.list.search, Qt.Key.Key_Return)
    assert store.state.latent.z == pytest.approx(found.z[7], abs=1e-5)
    settle(qtbot, studio)
