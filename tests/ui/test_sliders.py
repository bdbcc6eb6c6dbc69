"""Latent sliders: dragged, typed, reset, locked; their order and their ranges."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSlider, QApplication, QScrollArea
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped, show_model, undo_into
from vae_studio.app import Studio
from vae_studio.core.runs import bundled_runs, read_run
from vae_studio.core.surveyed import Survey
from vae_studio.session.drawing import ImageRef
from vae_studio.session.requests import TraverseRequest
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.sliders import panel as panel_module
from vae_studio.ui.panels.sliders.panel import SlidersPanel
from vae_studio.ui.panels.sliders.row import LatentSlider


def rows_of(studio: Studio) -> list[LatentSlider]:
    return studio.window.panel(SlidersPanel).rows


def handle(slider: QAbstractSlider) -> QPoint:
    """Where its handle is."""
    share = (slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum())
    return hand.on_slider(slider, share)


def far_end(slider: QAbstractSlider) -> QPoint:
    """A place far from the handle."""
    return hand.on_slider(slider, 0.9 if slider.value() < 0 else 0.1)


def test_the_picture_follows_while_a_slider_is_dragged(studio: Studio, qtbot: QtBot) -> None:
    slider = rows_of(studio)[0].slider
    picture = studio.window.panel(DecodedPanel).picture
    before = picture.image
    hand.press(slider, handle(slider))
    hand.move(slider, far_end(slider))
    settle(qtbot, studio)  # the button is still down
    assert slider.isSliderDown()
    assert picture.image != before
    hand.release(slider, far_end(slider))


def test_one_drag_is_one_undo_step_and_undo_is_exact(studio: Studio, qtbot: QtBot) -> None:
    row = rows_of(studio)[0]
    start = studio.store.state
    assert studio.store.last_decoded is not None
    picture = studio.store.last_decoded.image
    first = handle(row.slider)
    last = far_end(row.slider)
    path = [first + (last - first) * (i / 8) for i in range(9)]
    hand.drag(row.slider, path)
    settle(qtbot, studio)
    moved = studio.store.state
    changed = [i for i in range(32) if moved.latent.z[i] != start.latent.z[i]]
    assert changed == [row.dimension]
    hand.key(studio.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert studio.store.state == start
    assert not studio.store.can_undo
    settle(qtbot, studio)
    assert np.array_equal(studio.store.last_decoded.image, picture)
    studio.window.redo_action.trigger()
    assert studio.store.state == moved


def test_slider_and_typed_value_agree_after_undo(studio: Studio) -> None:
    row = rows_of(studio)[0]
    shown = row.slider.value(), row.value.value()
    hand.drag(row.slider, [handle(row.slider), far_end(row.slider)])
    assert (row.slider.value(), row.value.value()) != shown
    studio.store.undo()
    assert (row.slider.value(), row.value.value()) == shown


def type_value(row: LatentSlider, text: str) -> None:
    hand.click(row.value)
    row.value.selectAll()
    QTest.keyClicks(row.value, text)
    QTest.keyClick(row.value, Qt.Key.Key_Return)


def test_a_typed_value_is_taken_as_it_is(studio: Studio, qtbot: QtBot) -> None:
    row = rows_of(studio)[1]
    type_value(row, "-1.25")
    assert studio.store.state.latent.z[row.dimension] == -1.25
    assert row.slider.value() == pytest.approx(-1.25)
    settle(qtbot, studio)


def test_a_typed_value_may_lie_outside_the_slider(studio: Studio) -> None:
    first, other = rows_of(studio)[:2]
    type_value(first, "8")
    assert studio.store.state.latent.z[first.dimension] == 8.0
    assert first.slider.value() == first.slider.maximum() < 8.0
    hand.drag(other.slider, [handle(other.slider), far_end(other.slider)])
    assert studio.store.state.latent.z[first.dimension] == 8.0


def test_digits_typed_into_a_field_pick_no_label_and_letters_start_nothing(
    cvae: Studio, qtbot: QtBot
) -> None:
    row = rows_of(cvae)[0]
    label = cvae.store.state.latent.label
    hand.click(row.value)
    row.value.selectAll()
    hand.key(row.value, Qt.Key.Key_2)
    hand.key(row.value, Qt.Key.Key_Return)
    assert cvae.store.state.latent.z[row.dimension] == 2.0
    assert cvae.store.state.latent.label == label


def test_a_double_click_resets_one_dimension(studio: Studio) -> None:
    row = rows_of(studio)[0]
    start = studio.store.state
    hand.double_click(row.slider, far_end(row.slider))
    z = studio.store.state.latent.z
    assert z[row.dimension] == 0.0
    assert row.slider.value() == 0.0
    assert [i for i in range(32) if z[i] != start.latent.z[i]] == [row.dimension]
    studio.store.undo()  # the second click
    studio.store.undo()  # the first one, which went to where it was
    assert studio.store.state == start
    assert not studio.store.can_undo


def test_the_wheel_over_a_slider_changes_nothing(studio: Studio) -> None:
    row = rows_of(studio)[0]
    state = studio.store.state
    for widget in (row.slider, row.value):
        hand.wheel(widget, 3)
        hand.wheel(widget, -3)
    assert studio.store.state == state


def test_a_lock_keeps_one_dimension_from_random_and_mean(studio: Studio, qtbot: QtBot) -> None:
    locked, free = rows_of(studio)[:2]
    panel = studio.window.panel(DecodedPanel)
    kept = studio.store.state.latent.z[locked.dimension]
    hand.click(locked.lock)
    for button in (panel.random, panel.mean):
        before = studio.store.state.latent.z
        hand.click(button)
        z = studio.store.state.latent.z
        assert z[locked.dimension] == kept
        assert z[free.dimension] != before[free.dimension]
    assert studio.store.state.latent.z[free.dimension] == 0.0
    hand.click(locked.lock)
    hand.click(panel.mean)
    assert set(studio.store.state.latent.z) == {0.0}


SHIPPED = [info.path.name for info in bundled_runs() if info.evaluation is not None]


def test_rows_stand_in_the_order_of_kl(studio: Studio, qtbot: QtBot) -> None:
    for name in SHIPPED:
        info = read_run(shipped(name))
        assert info.evaluation is not None
        show_model(qtbot, studio, info.path)
        latent = info.evaluation.latent
        rows = rows_of(studio)
        assert [row.dimension for row in rows] == list(latent.order), name
        assert len(rows) == info.spec.latent_dim, name
        for row in rows:
            dead = latent.kl[row.dimension] < 0.01
            assert row.name.isEnabled() is not dead, name
            assert row.slider.property("dead") is dead, name
            # Before the survey, the means' range; then the aggregate posterior's, about the same.
            low, high = latent.low[row.dimension], latent.high[row.dimension]
            assert row.slider.minimum() == pytest.approx(min(-3.0, low), abs=0.1), name
            assert row.slider.maximum() == pytest.approx(max(3.0, high), abs=0.1), name


def change_figures(run: Path, change: dict[str, dict[int, float]]) -> None:
    """Write other recorded figures into a run."""
    values: dict[str, Any] = json.loads((run / "config.json").read_text("utf-8"))
    for name, entries in change.items():
        for index, value in entries.items():
            values["evaluation"]["latent"][name][index] = value
    (run / "config.json").write_text(json.dumps(values), "utf-8")


def test_dead_dimensions_are_grey_and_last(studio: Studio, qtbot: QtBot, own_run: Path) -> None:
    change_figures(own_run, {"kl": {4: 0.0, 9: 0.001}})
    info = read_run(own_run)
    assert info.evaluation is not None
    dead = {i for i, kl in enumerate(info.evaluation.latent.kl) if kl < 0.01}
    show_model(qtbot, studio, own_run)
    rows = rows_of(studio)
    alive = len(rows) - len(dead)
    assert {row.dimension for row in rows[alive:]} == dead >= {4, 9}
    assert not any(row.name.isEnabled() for row in rows[alive:])
    assert all(row.name.isEnabled() for row in rows[:alive])
    assert "carries nothing" in rows[-1].slider.toolTip()
    summary = studio.window.panel(SlidersPanel).summary.text()
    assert summary == f"{alive} of 32 dimensions in use"


def test_a_slider_reaches_as_far_as_the_codes_of_the_test_set(
    studio: Studio, qtbot: QtBot, own_run: Path
) -> None:
    change_figures(own_run, {"low": {4: -5.5}, "high": {4: 6.25}})
    show_model(qtbot, studio, own_run)
    row = next(row for row in rows_of(studio) if row.dimension == 4)
    assert (row.slider.minimum(), row.slider.maximum()) == (-5.5, 6.25)
    scroll_area(studio).ensureWidgetVisible(row)
    hand.drag(row.slider, [handle(row.slider), hand.on_slider(row.slider, 1.0)])
    assert studio.store.state.latent.z[4] == pytest.approx(6.25)


def scroll_area(studio: Studio) -> QScrollArea:
    scroll = studio.window.panel(SlidersPanel).findChild(QScrollArea)
    assert isinstance(scroll, QScrollArea)
    return scroll


def test_many_dimensions_scroll(studio: Studio, qtbot: QtBot) -> None:
    name = "vae-64" if "vae-64" in SHIPPED else "vae-32"
    show_model(qtbot, studio, shipped(name))
    last = rows_of(studio)[-1]
    viewport = scroll_area(studio).viewport()
    assert last.visibleRegion().isEmpty()
    state = studio.store.state
    for _ in range(40):
        hand.wheel(viewport, -3)  # wherever the mouse is, most of it lies over sliders
    assert not last.visibleRegion().isEmpty()
    assert studio.store.state == state
    hand.drag(last.slider, [handle(last.slider), far_end(last.slider)])
    assert studio.store.state.latent.z[last.dimension] != state.latent.z[last.dimension]


def test_the_number_of_rows_follows_the_model(studio: Studio, qtbot: QtBot) -> None:
    show_model(qtbot, studio, shipped("vae-2"))
    assert len(rows_of(studio)) == 2
    show_model(qtbot, studio, shipped("vae-32"))
    assert len(rows_of(studio)) == 32


def test_a_smaller_model_while_a_slider_is_held(studio: Studio, qtbot: QtBot) -> None:
    row = rows_of(studio)[5]
    hand.press(row.slider, handle(row.slider))
    show_model(qtbot, studio, shipped("vae-2"))
    studio.store.set_dimension(31, 1.0)  # what a hand that is still there would ask for
    assert len(studio.store.state.latent.z) == 2
    studio.store.end_gesture()
    assert len(rows_of(studio)) == 2
    undo_into(qtbot, studio, str(shipped("vae-32")))


# What the model makes of a dimension ---------------------------------------------------------


def surveyed(studio: Studio, qtbot: QtBot) -> Survey:
    qtbot.waitUntil(lambda: studio.store.atlas.is_current, timeout=TIMEOUT)
    survey = studio.store.atlas.survey
    assert survey is not None
    return survey


def test_the_order_is_that_of_kl_computed_from_every_code(studio: Studio, qtbot: QtBot) -> None:
    survey = surveyed(studio, qtbot)
    each = 0.5 * (survey.mu**2 + np.exp(survey.logvar) - 1.0 - survey.logvar)
    wanted = np.argsort(-each.astype(np.float64).mean(0), kind="stable").tolist()
    assert [row.dimension for row in rows_of(studio)] == wanted


def test_density_and_range_are_those_of_the_aggregate_posterior(
    studio: Studio, qtbot: QtBot
) -> None:
    show_model(qtbot, studio, shipped("vae-2"))
    survey = surveyed(studio, qtbot)
    for row in rows_of(studio):
        slider, dimension = row.slider, row.dimension
        assert slider.density is not None
        assert np.array_equal(slider.density, survey.density[dimension])
        assert slider.minimum() == pytest.approx(float(survey.low[dimension]))
        assert slider.maximum() == pytest.approx(float(survey.high[dimension]))
    assert min(row.slider.minimum() for row in rows_of(studio)) < -3.5  # as far as the data go


def test_the_posterior_of_the_input_is_a_whisker(studio: Studio, qtbot: QtBot) -> None:
    row = rows_of(studio)[0]
    assert row.slider.whisker is None
    studio.store.set_image(ImageRef("mnist", "test", 3), 0)
    encoded(qtbot, studio)
    code = studio.store.last_encoded
    assert code is not None
    whisker = row.slider.whisker
    assert whisker is not None
    assert whisker[0] == code.mu[row.dimension]
    assert whisker[1] == pytest.approx(math.exp(0.5 * code.logvar[row.dimension]))
    studio.store.undo()
    assert row.slider.whisker is None


def test_a_strip_shows_what_a_dimension_does_and_a_click_goes_there(
    studio: Studio, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    row = rows_of(studio)[0]
    qtbot.waitUntil(lambda: len(row.strip.pictures) == 5, timeout=TIMEOUT)
    surveyed(studio, qtbot)
    place = QPoint(row.strip.width() - 5, row.strip.height() // 2)
    qtbot.waitUntil(row.strip.isVisible, timeout=TIMEOUT)
    hand.click(row.strip, place)
    settle(qtbot, studio)
    assert studio.store.state.latent.z[row.dimension] == pytest.approx(row.slider.maximum())
    shown = studio.store.last_decoded
    assert shown is not None
    # The other values of this dimension are as they were, so the last picture is the one there is.
    qtbot.wait(150)
    last = row.strip.pictures[-1]
    assert abs(last.pixelColor(14, 14).value() - round(255 * float(shown.image[0, 14, 14]))) <= 1
    # Of large pictures a few rows are asked for at once, one portion after the other.
    monkeypatch.setattr(panel_module, "pictures_at_once", lambda *_: 14)
    asked: list[TraverseRequest] = []
    ask = studio.store.ask

    def noted(lane: str, request: Any) -> None:
        if isinstance(request, TraverseRequest):
            asked.append(request)
        ask(lane, request)

    monkeypatch.setattr(studio.store, "ask", noted)
    panel = studio.window.panel(SlidersPanel)
    in_view = [row.dimension for row in panel._in_view()]
    studio.store.go_to_mean()
    qtbot.waitUntil(lambda: sum(len(each.dimensions) for each in asked) == len(in_view))
    assert [len(each.dimensions) for each in asked[:-1]] == [2] * (len(asked) - 1)
    assert [dimension for each in asked for dimension in each.dimensions] == in_view


def test_without_room_there_are_no_strips_and_nothing_is_asked(
    studio: Studio, qtbot: QtBot
) -> None:
    row = rows_of(studio)[0]  # in Studio the panel is narrow
    qtbot.wait(200)
    assert not row.strip.isVisible()
    assert row.strip.pictures == []


def test_pointing_at_a_slider_shows_where_it_acts(studio: Studio, qtbot: QtBot) -> None:
    studio.window.resize(1280, 800)
    surveyed(studio, qtbot)
    row, panel = rows_of(studio)[0], studio.window.panel(DecodedPanel)
    caption = panel.caption.text()
    hand.move(row.name, row.name.rect().center())
    qtbot.waitUntil(lambda: panel.picture.heat is not None, timeout=TIMEOUT)
    assert panel.caption.text().startswith(f"where z{row.dimension} acts")
    hand.press(row.slider, handle(row.slider))  # the hand wants to see the picture now
    assert panel.picture.heat is None
    hand.release(row.slider, handle(row.slider))
    studio.store.point_at(None)
    assert panel.caption.text() == caption


def test_the_tab_key_shows_where_a_slider_acts(studio: Studio, qtbot: QtBot) -> None:
    row, panel = rows_of(studio)[1], studio.window.panel(DecodedPanel)
    row.slider.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: panel.picture.heat is not None, timeout=TIMEOUT)
    assert studio.store.pointed == row.dimension
    studio.window.panel(DecodedPanel).random.setFocus(Qt.FocusReason.TabFocusReason)
    assert panel.picture.heat is None


def test_a_row_that_goes_is_no_longer_pointed_at(studio: Studio, qtbot: QtBot) -> None:
    row = rows_of(studio)[-1]
    place = QPointF(5.0, 5.0)
    enter = QEnterEvent(place, place, place)  # as when the list moves under a mouse that rests
    QApplication.sendEvent(row, enter)
    assert studio.store.pointed == row.dimension
    show_model(qtbot, studio, shipped("vae-16"))
    assert studio.store.pointed is None
    assert studio.window.panel(DecodedPanel).picture.heat is None


def test_a_row_that_stands_for_another_dimension_points_at_that(
    studio: Studio, qtbot: QtBot
) -> None:
    row = rows_of(studio)[0]
    row.slider.setFocus(Qt.FocusReason.TabFocusReason)
    before = row.dimension
    show_model(qtbot, studio, shipped("vae-64"))
    assert row.dimension != before, "this test needs a model with another order"
    assert studio.store.pointed == row.dimension
