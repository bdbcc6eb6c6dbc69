"""Data sets in the window: what there is, fetching one, importing one's own, removing it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from tests.core.datasets.hostile_server import HostileServer
from tests.core.datasets.small_sets import know, make_known_small, small
from tests.picture_sets import write_clouds
from tests.ui import hand
from tests.ui.conftest import Start
from tests.ui.waits import TIMEOUT
from vae_studio.app import Studio
from vae_studio.core.datasets.known import KNOWN
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.errors import StudioError
from vae_studio.session.data_jobs import ImportRequest, PreviewRequest
from vae_studio.session.folders import data_folder
from vae_studio.ui.import_window import ImportWindow, free_name
from vae_studio.ui.main_window import may_be_learned
from vae_studio.ui.panels.data.panel import DataPanel
from vae_studio.ui.panels.train.panel import TrainPanel


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of 30 pictures of 48 × 40 in colour, and a file that is none."""
    folder, random = tmp_path / "Fruit", np.random.default_rng(0)
    for name, colour in (("apple", 200), ("pear", 90)):
        (folder / name).mkdir(parents=True)
        for number in range(30):
            pixels = random.integers(colour - 40, colour + 40, (40, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    (folder / "apple" / "notes.txt").write_text("none")
    return folder


@pytest.fixture
def panel(studio: Studio) -> DataPanel:
    studio.window.show_data()
    return studio.window.panel(DataPanel)


def titles(panel: DataPanel) -> list[str]:
    return [panel.list.item(row).text().splitlines()[0] for row in range(panel.list.count())]


def choose(panel: DataPanel, name: str) -> None:
    names = [info.name for info in panel.sets.rows()]
    panel.list.setCurrentRow(names.index(name))


def test_what_is_here_and_what_can_be_fetched(panel: DataPanel, qtbot: QtBot) -> None:
    assert titles(panel) == ["MNIST", *(known.info.title for known in KNOWN.values())]
    assert panel.current is not None
    assert panel.current.name == "mnist"
    qtbot.waitUntil(lambda: not panel.details.lacks_images, timeout=TIMEOUT)
    assert len(panel.details.images.pictures) == 2
    assert "60,000 to learn, 10,000 to test" in panel.details.text
    assert panel.use.isVisible()
    assert not panel.remove.isVisible()  # it comes with the app
    for name, known in KNOWN.items():
        choose(panel, name)
        text = panel.details.text
        assert known.info.licence in text
        assert "to download" in text
        assert panel.fetch.isVisible()
        assert not panel.use.isVisible()
        assert not panel.details.images.isVisible()


def test_ones_own_pictures_are_seen_imported_trained_on_and_removed(
    studio: Studio, panel: DataPanel, pictures: Path, qtbot: QtBot
) -> None:
    panel.import_wanted.emit(pictures)
    window = studio.window.import_window
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    assert window.heading.text() == "Fruit: 60 pictures, 2 classes"
    assert "Gaussian" in window.notes.text()
    assert "1 files are no pictures" in window.notes.text()
    assert (window.form.name.text(), window.form.settings.size) == ("fruit", 48)
    before = window.pictures.sheet()
    window.form.size.setValue(16)
    window.form.colour.setCurrentIndex(window.form.colour.findData("grey"))
    assert window.form.centre.isEnabled()
    qtbot.waitUntil(lambda: window.pictures.pictures[0][0].width() == 16, timeout=TIMEOUT)
    assert window.pictures.sheet() != before
    window.form.colour.setCurrentIndex(window.form.colour.findData("colour"))
    for wrong in ("", "mnist", "Ü", "a b"):
        window.form.name.setText(wrong)
        assert not window.start.isEnabled()
        assert window.form.name_problem.text()
    window.form.name.setText("my-fruit")
    assert not window.form.name_problem.text()
    hand.click(window.start)
    qtbot.waitUntil(window.train.isVisible, timeout=TIMEOUT)
    assert window.heading.text() == "Fruit is here: 54 images to learn, 6 to test"
    assert window.skipped.rowCount() == 1
    assert window.skipped.item(0, 0).text() == "apple/notes.txt"
    assert window.skipped.item(0, 1).text().startswith("This file is no picture")
    assert window.source is None  # its files are let go
    assert titles(panel)[1] == "Fruit"
    assert panel.current is not None
    assert panel.current.name == "my-fruit"

    hand.click(window.train)
    plan = studio.store.plan.plan
    assert (plan.config.dataset, plan.variant) == ("my-fruit", "vae-32")
    assert plan.spec.image_shape == (3, 16, 16)
    assert plan.spec.likelihood == "gaussian"
    assert not window.isVisible()
    studio.window.show_data()
    qtbot.waitUntil(lambda: not panel.details.lacks_images, timeout=TIMEOUT)
    hand.click(panel.remove)
    assert "my-fruit" not in DATASETS
    assert studio.store.plan.problems["dataset"].code == "plan.no_data"
    studio.window.toast.press_action()
    assert titles(panel)[1] == "Fruit"
    assert not studio.store.plan.problems


def test_a_set_is_fetched_or_says_why_not(
    studio: Studio, panel: DataPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_known_small(monkeypatch)
    with HostileServer() as server:
        files = small("fashion-mnist")
        known = know(monkeypatch, "fashion-mnist", files.plain, server)
        good = dict(server.answers)
        for path in good:
            server.stall(path, b"HTTP/1.0 200 OK\r\n\r\n")
        choose(panel, "fashion-mnist")
        hand.click(panel.fetch)
        assert server.reached.wait(TIMEOUT / 1000)
        assert not panel.fetch.isEnabled()
        QApplication.processEvents()  # the line of progress takes its place
        hand.click(panel.stop)
        assert "cancelling…" in panel.said.text()
        qtbot.waitUntil(lambda: not panel.work_box.isVisible(), timeout=TIMEOUT)
        assert list(data_folder().iterdir()) == []
        for path in good:
            server.status(path, 404)
        with qtbot.waitSignal(studio.store.failed, timeout=TIMEOUT) as failed:
            hand.click(panel.fetch)
        assert failed.args[0].code == "fetch.failed"
        server.answers.update(good)
        with qtbot.waitSignal(panel.sets.added, timeout=TIMEOUT):
            hand.click(panel.fetch)
    qtbot.waitUntil(lambda: not panel.details.lacks_images, timeout=TIMEOUT)
    assert panel.use.isVisible()
    assert DATASETS["fashion-mnist"].train == known.info.train


def test_what_is_dropped_may_be_learned(
    studio: Studio, pictures: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    assert may_be_learned(pictures)
    assert may_be_learned(tmp_path / "images.NPZ")
    assert may_be_learned(tmp_path / "train-images-idx3-ubyte.gz")
    assert not may_be_learned(tmp_path / "picture.png")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(pictures))])
    studio.window.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    window = studio.window.import_window
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    window.open(tmp_path / "nowhere")
    qtbot.waitUntil(lambda: bool(window.problem.text()), timeout=TIMEOUT)
    assert window.heading.text() == "Nothing to learn here"
    assert not window.start.isEnabled()
    window.open(pictures)
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    assert window.problem.text() == ""
    window.start.click()
    window.stop.click()  # before its thread has begun
    qtbot.waitUntil(lambda: studio.store.data_sets.work is None, timeout=TIMEOUT)
    assert window.start.isEnabled()
    window.close()
    assert window.source is None
    assert isinstance(window, ImportWindow)


def test_names_that_look_like_markup_are_shown_as_they_are(
    studio: Studio,
    panel: DataPanel,
    pictures: Path,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name = "<img src=x>"
    (pictures / "pear").rename(pictures / name)
    monkeypatch.setitem(DATASETS, "odd", replace(DATASETS["mnist"], name="odd", title=name))
    panel.sets.changed.emit()
    choose(panel, "odd")
    window = studio.window.import_window
    window.open(pictures)
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    tips = [panel.list.item(1).toolTip(), window.heading.toolTip()]
    hand.click(window.start)
    qtbot.waitUntil(window.train.isVisible, timeout=TIMEOUT)
    tips.append(window.skipped.item(0, 0).toolTip())  # of apple/notes.txt
    assert all(tip.startswith("<qt>") for tip in tips)
    assert not any("<img" in tip for tip in tips)
    assert "&lt;img src=x&gt;" in tips[0]
    assert f"Classes: {name}, apple" in panel.details.text
    labels = panel.details.findChildren(QLabel)
    assert {label.textFormat() for label in labels} == {Qt.TextFormat.PlainText}
    window.open(tmp_path / name)
    qtbot.waitUntil(lambda: name in window.problem.text(), timeout=TIMEOUT)
    plain = Qt.TextFormat.PlainText
    assert {label.textFormat() for label in (window.problem, panel.said)} == {plain}


def test_names_are_made_of_titles_and_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS, "my-cats", DATASETS["mnist"])
    assert free_name("My cats!") == "my-cats-2"
    assert free_name("Äpfel & Birnen") == "apfel-birnen"
    assert free_name("猫") == "pictures"
    assert free_name("mnist") == "mnist-2"


def test_samples_are_asked_for_once_however_fast_a_model_learns(
    studio: Studio, panel: DataPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: not panel.details.lacks_images, timeout=TIMEOUT)
    choose(panel, "kmnist")
    asked: list[str] = []
    monkeypatch.setattr(panel.sets, "sample", lambda info: asked.append(info.name))
    panel.details._shown = None  # as if the disk were slow
    choose(panel, "mnist")
    for _ in range(3):
        studio.store.snapshot_changed.emit(studio.store.snapshot)
    assert asked == ["mnist"]
    choose(panel, "kmnist")
    choose(panel, "mnist")
    assert asked == ["mnist"] * 2


def test_the_import_window_begins_anew_with_each_source(
    studio: Studio, pictures: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.window.import_from(pictures)
    window = studio.window.import_window
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    QTest.keyClick(window.form.size, Qt.Key.Key_Return)
    assert window.form.preview_seed == 0  # Enter asks for no others
    window.form.licence.setText("CC0")
    window._asked = job = PreviewRequest(window.source, window.form.settings, 0)
    window._take_failure(job, StudioError("import.changed", path="x"))
    assert window.problem.text()
    window.form.next_seed()
    qtbot.waitUntil(lambda: not window.problem.text(), timeout=TIMEOUT)
    window.open(pictures)
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    assert window.form.licence.text() == ""
    monkeypatch.setitem(DATASETS, "mnist", replace(DATASETS["mnist"], title="Fruit"))
    window.open(pictures)
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    assert (window.form.title.text(), window.form.name.text()) == ("Fruit (2)", "fruit-2")


def test_an_import_that_fails_behind_a_closed_window_is_told(
    studio: Studio, pictures: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.window.import_from(pictures)
    window, sets = studio.window.import_window, studio.store.data_sets
    qtbot.waitUntil(lambda: window.source is not None, timeout=TIMEOUT)
    jobs: list[ImportRequest] = []
    monkeypatch.setattr(sets._thread, "ask", jobs.append)
    window.start.click()
    studio.window.import_from(pictures)
    assert "Fruit" in window.problem.text()  # one thing at a time, and which
    window.reject()
    with qtbot.waitSignal(studio.store.failed) as failed:
        sets._take_failure(jobs[0], StudioError("data.write", path="x", reason="full"))
    assert failed.args[0].code == "data.write"
    assert window.source is None


def test_images_chosen_in_the_form_bring_what_fits_them(
    start: Start, home: Path, qtbot: QtBot
) -> None:
    write_clouds(home / "data", size=64)
    studio = start()
    panel = studio.window.panel(TrainPanel)
    studio.window.workspaces.show_workspace("train")
    box = panel.form.dataset
    box.setCurrentIndex(box.findData("clouds"))
    box.activated.emit(box.currentIndex())
    plan = studio.store.plan.plan
    assert (plan.config.dataset, plan.variant) == ("clouds", "conv-vae")
    assert plan.spec.image_shape == (3, 64, 64)
