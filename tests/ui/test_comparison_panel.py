"""The comparison on the screen: figures, curves and digits of real models, and the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, shipped
from vae_studio.app import Studio
from vae_studio.core.compared import COLUMNS, Comparison
from vae_studio.core.report_style import RUN_COLOURS
from vae_studio.ui import theme
from vae_studio.ui.panels.comparison.page import ComparisonPage
from vae_studio.ui.panels.comparison.panel import ComparisonPanel
from vae_studio.ui.panels.train.plots.loss_plot import LossPlot


@pytest.fixture
def panel(studio: Studio) -> ComparisonPanel:
    studio.window.workspaces.show_workspace("compare")
    return studio.window.panel(ComparisonPanel)


def show(panel: ComparisonPanel, qtbot: QtBot, *names: str) -> tuple[Comparison, ComparisonPage]:
    panel.store.comparing.show_runs([shipped(name) for name in names])
    qtbot.waitUntil(lambda: not panel.store.comparing.busy, timeout=4 * TIMEOUT)
    comparison = panel.store.comparing.comparison
    assert comparison is not None
    assert panel.page is not None
    QApplication.processEvents()  # it is laid out
    return comparison, panel.page


def shown_page(panel: ComparisonPanel) -> int:
    return panel._pages.currentIndex()


def test_it_says_how_to_get_one_and_what_it_does(panel: ComparisonPanel, qtbot: QtBot) -> None:
    assert shown_page(panel) == 0
    panel.store.comparing.show_runs([shipped("vae-32"), shipped("cvae")])
    assert shown_page(panel) == 2
    assert "2 runs" in panel.busy_text.text()
    qtbot.waitUntil(lambda: not panel.store.comparing.busy, timeout=4 * TIMEOUT)
    assert shown_page(panel) == 1
    assert panel.title.text() == "Comparison of 2 models"
    hand.click(panel.close_button)
    assert shown_page(panel) == 0


def test_a_press_on_cancel_gives_it_up(panel: ComparisonPanel, qtbot: QtBot) -> None:
    panel.store.comparing.show_runs([shipped("vae-32"), shipped("cvae")])
    QApplication.processEvents()
    hand.click(panel.cancel_button)
    assert shown_page(panel) == 0
    qtbot.wait(200)
    assert panel.store.comparing.comparison is None


def test_the_figures_are_those_of_the_models(panel: ComparisonPanel, qtbot: QtBot) -> None:
    comparison, page = show(panel, qtbot, "vae-16", "vae-64")
    texts = page.table.texts
    assert (texts["latent_dim", 0], texts["latent_dim", 1]) == ("16", "64")
    for column in COLUMNS:
        for number, run in enumerate(comparison.runs):
            text = texts[column.name, number]
            best = number in (comparison.best[column.name] or ())
            assert text.startswith("★") == best, column.name
            if column.name == "kl":
                assert text == f"{run.evaluation.terms.kl:.2f}"
    assert {key for key, _ in texts} == {"latent_dim", *(column.name for column in COLUMNS)}


def test_losses_in_different_units_have_no_star_and_plots_of_their_own(
    panel: ComparisonPanel, qtbot: QtBot
) -> None:
    _, page = show(panel, qtbot, "vae-32", "vae-mse")
    texts = page.table.texts
    for row in ("reconstruction", "negative_elbo"):
        assert not any(texts[row, number].startswith("★") for number in (0, 1))
    assert "nats" in texts["reconstruction", 0]
    assert "squared error" in texts["reconstruction", 1]
    assert [chosen for _, chosen in page.plots] == [[0], [1]]
    said = " ".join(label.text() for label in page.findChildren(QLabel))
    assert "different reconstruction losses" in said


def test_curves_have_the_colours_of_the_runs_in_both_themes(
    panel: ComparisonPanel, qtbot: QtBot
) -> None:
    _, page = show(panel, qtbot, "vae-32", "vae-batchnorm", "vae-16")
    (plots, chosen), app = page.plots[0], QApplication.instance()
    assert isinstance(app, QApplication)
    assert chosen == [0, 1, 2]
    for scheme, place in (("light", 0), ("dark", 1)):
        theme.apply(app, scheme)  # type: ignore[arg-type]
        qtbot.waitUntil(lambda: bool(plots._plots[0].drawn.overlays))

        def coloured(place: int = place) -> bool:
            drawn = [overlay.color for overlay in plots._plots[0].drawn.overlays]
            return drawn == [RUN_COLOURS[number][place] for number in range(3)]

        qtbot.waitUntil(coloured)
    assert len(plots._plots[2].drawn.overlays[0].test.x) == 50


def test_the_wheel_over_a_plot_scrolls_and_zooms_with_ctrl(
    panel: ComparisonPanel, qtbot: QtBot
) -> None:
    _, page = show(panel, qtbot, "vae-32", "vae-16")
    plot = page.findChildren(LossPlot)[0]
    qtbot.waitUntil(lambda: bool(plot.drawn.overlays))
    before = plot.x_range

    def wheel(modifiers: Qt.KeyboardModifier) -> bool:
        place = QPointF(plot.rect().center())
        event = QWheelEvent(
            place,
            plot.mapToGlobal(place),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            modifiers,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(plot.viewport(), event)
        return event.isAccepted()

    wheel(Qt.KeyboardModifier.NoModifier)
    assert plot.x_range == before
    wheel(Qt.KeyboardModifier.ControlModifier)
    assert plot.x_range != before


def test_the_digits_are_those_the_models_made(panel: ComparisonPanel, qtbot: QtBot) -> None:
    comparison, page = show(panel, qtbot, "vae-32", "vae-2")
    assert len(page.strips) == 5  # the originals, and reconstructions and samples of each
    first = page.strips[1].image
    assert first is not None
    wanted = np.round(comparison.runs[0].reconstructions[0, 0] * 255)
    found = [[first.pixelColor(x, y).red() for x in range(28)] for y in range(28)]
    assert np.abs(np.array(found) - wanted).max() <= 1
    assert page.strips[3].image is not None
    assert page.strips[3].image.height() == 2 * 28 + 1  # twenty in two rows


def test_a_press_on_a_name_shows_that_model(panel: ComparisonPanel, qtbot: QtBot) -> None:
    _, page = show(panel, qtbot, "vae-16", "vae-64")
    with qtbot.waitSignal(panel.store.snapshot_changed, timeout=TIMEOUT) as shown:
        hand.click(page.names[1])
    assert shown.args[0].name == "vae-64"


def test_the_page_is_saved_where_the_user_says(
    panel: ComparisonPanel, qtbot: QtBot, studio: Studio, tmp_path: Path
) -> None:
    show(panel, qtbot, "vae-16", "vae-64")
    hand.click(panel.save_button)
    dialog = panel.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].endswith("comparison-of-2-models.html")
    with qtbot.waitSignal(panel.saved, timeout=TIMEOUT):
        dialog.fileSelected.emit(str(tmp_path / "page.html"))
    dialog.close()
    assert "<h1>Comparison of 2 models" in (tmp_path / "page.html").read_text("utf-8")
    assert "page.html" in studio.window.toast.text


def test_eight_models_fit(panel: ComparisonPanel, qtbot: QtBot) -> None:
    names = ("vae-2", "vae-16", "vae-32", "vae-64", "vae-batchnorm", "vae-mse", "cvae",
             "vae-leaky-relu")  # fmt: skip
    comparison, page = show(panel, qtbot, *names)
    assert len(comparison.runs) == len(names)
    assert len(page.table.texts) > 8 * len(COLUMNS)
    assert panel.window().minimumSizeHint().width() <= 1280
