"""KL of each latent dimension: real models, live in a training, by mouse and by keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.helpers import part, quick, take_as_mnist, tiny
from tests.ui import hand
from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio
from vae_studio.core.data import DatasetPair
from vae_studio.core.measures import LatentStats
from vae_studio.core.runs import bundled_runs
from vae_studio.core.spec import ModelSpec
from vae_studio.ui.panels.dimensions import DimensionsPanel, KLBars, _ticks
from vae_studio.ui.panels.sliders.panel import SlidersPanel


@pytest.fixture
def panel(studio: Studio) -> DimensionsPanel:
    studio.window.workspaces.show_workspace("explore")
    studio.window.docks["dimensions"].raise_()
    QApplication.processEvents()
    return studio.window.panel(DimensionsPanel)


def test_bars_are_the_figures_of_the_model_in_order(
    panel: DimensionsPanel, studio: Studio, qtbot: QtBot
) -> None:
    for name in [info.path.name for info in bundled_runs()]:
        show_model(qtbot, studio, shipped(name))
        snapshot = studio.store.snapshot
        assert snapshot is not None
        assert snapshot.latent is not None
        assert snapshot.evaluation is not None
        assert panel.bars.stats == snapshot.latent, name
        heights = [panel.bars.bar(place).height() for place in range(snapshot.spec.latent_dim)]
        assert heights == sorted(heights, reverse=True), name
        assert heights[0] / max(heights[-1], 1e-9) == pytest.approx(
            max(snapshot.latent.kl) / max(min(snapshot.latent.kl), 1e-9), rel=0.01
        ), name
        active = snapshot.evaluation.active_units
        assert f"{active} of {snapshot.spec.latent_dim} dimensions" in panel.summary.text(), name
        assert f"{sum(snapshot.latent.kl):.1f} nats" in panel.summary.text(), name


def middle(bars: KLBars, place: int) -> QPoint:
    return QPoint(round(bars.bar(place).center().x()), bars.height() // 2)


def test_the_mouse_reads_a_bar_and_a_click_goes_to_its_slider(
    panel: DimensionsPanel, studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-32"))
    bars = panel.bars
    assert bars.stats is not None
    third = bars.stats.order[3]
    hand.move(bars, middle(bars, 3))
    assert f"z{third} · KL {bars.stats.kl[third]:.3f} nats" in panel.summary.text()
    hand.click(bars, middle(bars, 3))
    sliders = studio.window.panel(SlidersPanel)
    focused = QApplication.focusWidget()
    assert focused is next(row.slider for row in sliders.rows if row.dimension == third)
    QTest.keyClick(focused, Qt.Key.Key_Right)
    assert studio.store.state.latent.z[third] != 0.0


def test_the_keys_go_along_the_bars(panel: DimensionsPanel, studio: Studio, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("vae-16"))
    bars, keys = panel.bars, Qt.Key
    assert bars.stats is not None
    bars.setFocus()
    for key, place in (
        (keys.Key_Right, 0),
        (keys.Key_Right, 1),
        (keys.Key_End, 15),
        (keys.Key_Right, 15),
        (keys.Key_Left, 14),
        (keys.Key_Home, 0),
        (keys.Key_Left, 0),
    ):
        QTest.keyClick(bars, key)
        assert bars.pointed_at == bars.stats.order[place]
    with qtbot.waitSignal(panel.dimension_wanted) as told:
        QTest.keyClick(bars, keys.Key_Return)
    assert told.args == [bars.stats.order[0]]


def test_where_there_are_no_sliders_the_explorer_comes(
    panel: DimensionsPanel, studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-32"))
    studio.window.workspaces.show_workspace("train")
    studio.window.docks["dimensions"].raise_()
    panel.dimension_wanted.emit(5)
    assert studio.window.workspaces.current.name == "explore"


def test_they_live_while_a_model_trains(
    panel: DimensionsPanel,
    studio: Studio,
    qtbot: QtBot,
    mnist: DatasetPair,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = part(mnist, 6400, 256)  # an epoch takes longer than the window ever looks away
    take_as_mnist(some, monkeypatch)
    seen: list[LatentStats | None] = []
    studio.store.snapshot_changed.connect(lambda _: seen.append(panel.bars.stats))
    studio.store.launcher.start(tiny(ModelSpec()), quick(epochs=3, batch_size=16), "vae-32")
    qtbot.waitUntil(lambda: bool(seen), timeout=4 * TIMEOUT)
    assert seen[0] is None  # nothing is measured before the first epoch
    assert "first epoch" in panel.summary.text() or panel.bars.stats is not None
    qtbot.waitUntil(lambda: studio.store.training.view.can_start, timeout=4 * TIMEOUT)
    assert len({id(stats) for stats in seen if stats is not None}) >= 2


def test_a_hidden_panel_draws_nothing_and_catches_up(
    panel: DimensionsPanel, studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-32"))
    studio.window.docks["sliders"].raise_()
    QApplication.processEvents()
    before = panel.bars.stats
    show_model(qtbot, studio, shipped("vae-16"))
    assert panel.bars.stats is before
    studio.window.docks["dimensions"].raise_()
    qtbot.waitUntil(lambda: panel.bars.stats is not before)


def test_the_table_can_be_copied(panel: DimensionsPanel, studio: Studio, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("vae-2"))
    stats = panel.bars.stats
    assert stats is not None
    lines = [line.split("\t") for line in panel.bars.table().splitlines()]
    assert lines[0] == ["dimension", "kl", "mean", "std", "active"]
    assert [int(line[0]) for line in lines[1:]] == list(stats.order)
    assert float(lines[1][1]) == pytest.approx(max(stats.kl), rel=1e-5)


@pytest.mark.parametrize("high", [0.01, 0.7, 2.6, 25.0, 1000.0])
def test_ticks_are_round_and_few(high: float) -> None:
    ticks = _ticks(high, 140)
    assert ticks[0] == 0
    assert 2 <= len(ticks) <= 5
    assert ticks[-1] <= high


def test_a_collapsed_model_has_bars_that_can_be_seen(qtbot: QtBot) -> None:
    bars = KLBars()
    qtbot.addWidget(bars)
    bars.resize(300, 200)
    zero = (0.0,) * 8
    bars.show_stats(LatentStats(zero, zero, zero, (-1.0,) * 8, (1.0,) * 8))
    assert not bars.grab().isNull()
    assert [bars.bar(place).height() for place in range(8)] == [0.0] * 8


def test_a_moment_is_measured_as_the_hand_goes_there(
    panel: DimensionsPanel, studio: Studio, qtbot: QtBot, small_mnist: None
) -> None:
    studio.store.launcher.start(tiny(ModelSpec()), quick(epochs=4), "vae-32")
    qtbot.waitUntil(lambda: studio.store.training.view.can_start, timeout=4 * TIMEOUT)
    settle(qtbot, studio)
    machine, last = studio.store.time_machine, panel.bars.stats
    assert last is not None
    seen = []
    for step in (machine.moments[0], machine.moments[len(machine.moments) // 2]):
        before = panel.bars.stats
        machine.go_to(step)
        qtbot.waitUntil(lambda before=before: panel.bars.stats is not before, timeout=TIMEOUT)
        assert machine.moment == step
        assert "test images" in panel.summary.text()
        assert panel.bars.stats is not None
        seen.append(sum(panel.bars.stats.kl))
    assert len({*seen, sum(last.kl)}) == 3  # each moment has figures of its own
    machine.go_to_latest()
    qtbot.waitUntil(lambda: panel.bars.stats == last, timeout=TIMEOUT)
    assert "test images" not in panel.summary.text()
