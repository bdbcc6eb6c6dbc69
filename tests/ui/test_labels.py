"""The label picker: with a conditional model and without one."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui import hand
from tests.ui.waits import TIMEOUT, encoded, settle, shipped
from vae_studio.app import Studio
from vae_studio.session.drawing import ImageRef
from vae_studio.ui.panels.labels import LabelsPanel


def raise_panel(studio: Studio, qtbot: QtBot) -> LabelsPanel:
    panel = studio.window.panel(LabelsPanel)
    studio.window.docks["labels"].raise_()
    qtbot.waitUntil(lambda: panel.on_screen)
    return panel


def pictures_shown(studio: Studio, qtbot: QtBot) -> LabelsPanel:
    panel = raise_panel(studio, qtbot)
    qtbot.waitUntil(lambda: len(panel.pictures) == 10, timeout=TIMEOUT)
    qtbot.waitUntil(lambda: all(p.image for p in panel.pictures), timeout=TIMEOUT)
    return panel


def one_hot(digit: int) -> tuple[float, ...]:
    return tuple(float(index == digit) for index in range(10))


def test_without_labels_it_says_why_and_opens_a_model_that_has_them(
    studio: Studio, qtbot: QtBot
) -> None:
    panel = raise_panel(studio, qtbot)
    if not panel.buttons:
        assert "vae-32 was trained without labels" in panel.reason.text()
    qtbot.waitUntil(lambda: panel.open_cvae.isVisible(), timeout=TIMEOUT)
    assert not panel.mix.isVisible()
    hand.click(panel.open_cvae)
    qtbot.waitUntil(lambda: studio.store.state.model == str(shipped("cvae")), timeout=TIMEOUT)
    pictures_shown(studio, qtbot)
    assert not panel.reason.isVisible()
    assert all(button.isVisible() for button in panel.buttons)


def test_ten_labels_give_ten_pictures_of_one_z(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    arrays = [np.array(picture.image.constBits()).astype(int) for picture in panel.pictures]  # type: ignore[union-attr]
    for i in range(10):
        for j in range(i):
            assert np.abs(arrays[i] - arrays[j]).mean() > 4, (i, j)


def test_a_click_decodes_the_same_z_as_another_digit(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    z = cvae.store.state.latent.z
    for digit, widget in ((3, panel.buttons[3]), (8, panel.pictures[8])):
        hand.click(widget)
        settle(qtbot, cvae)
        assert cvae.store.state.latent.label == one_hot(digit)
        assert cvae.store.state.latent.z == z
        assert [button.isChecked() for button in panel.buttons].index(True) == digit
        assert cvae.store.last_decoded is not None
        shown = (cvae.store.last_decoded.image[0] * 255.0 + 0.5).astype(np.uint8)
        picked = np.array(panel.pictures[digit].image.constBits()).reshape(28, 28)  # type: ignore[union-attr]
        assert np.abs(shown.astype(int) - picked.astype(int)).max() <= 1


def test_a_second_click_keeps_the_label(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    hand.click(panel.buttons[6])
    hand.click(panel.buttons[6])
    assert panel.buttons[6].isChecked()
    assert cvae.store.state.latent.label == one_hot(6)


def test_digit_keys_pick_and_undo_goes_back(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    start = cvae.store.state
    hand.key(cvae.window, Qt.Key.Key_7)
    assert cvae.store.state.latent.label == one_hot(7)
    assert panel.buttons[7].isChecked()
    cvae.store.undo()
    assert cvae.store.state == start


def test_digit_keys_do_nothing_to_a_model_without_labels(studio: Studio) -> None:
    state = studio.store.state
    hand.key(studio.window, Qt.Key.Key_7)
    assert studio.store.state == state


def test_the_pictures_follow_z(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    before = [picture.image for picture in panel.pictures]
    hand.key(cvae.window, Qt.Key.Key_M)
    qtbot.waitUntil(
        lambda: all(p.image != old for p, old in zip(panel.pictures, before, strict=True))
    )


def test_between_two_labels_the_weights_are_mixed(cvae: Studio, qtbot: QtBot) -> None:
    cvae.window.resize(1280, 800)  # the slider has room there
    cvae.window.workspaces.show_workspace("explore")
    panel = pictures_shown(cvae, qtbot)
    cvae.store.set_label(3)
    assert panel.one.currentIndex() == 3
    qtbot.waitUntil(lambda: panel.between.width() > 90)  # the docks have settled
    panel.other.setCurrentIndex(8)
    panel.other.activated.emit(8)
    assert cvae.store.state.latent.label == one_hot(3)  # the slider is at the left end
    before = cvae.store.state
    hand.drag(panel.between, [hand.on_slider(panel.between, share) for share in (0.0, 0.2, 0.5)])
    label = cvae.store.state.latent.label
    assert label is not None
    assert sum(label) == 1.0
    assert label[8] == panel.between.value()
    assert 0.4 < label[8] < 0.6
    assert panel.buttons[3].isChecked()
    assert panel.buttons[8].isChecked()
    settle(qtbot, cvae)
    assert cvae.store.last_decoded is not None
    mixed = cvae.store.last_decoded.image
    for digit in (3, 8):
        picture = np.array(panel.pictures[digit].image.constBits()).reshape(28, 28)  # type: ignore[union-attr]
        assert np.abs(mixed[0] * 255.0 - picture).mean() > 2
    cvae.store.undo()
    assert cvae.store.state == before
    assert panel.between.value() == 0.0


def test_the_same_class_at_both_ends_is_that_class(cvae: Studio, qtbot: QtBot) -> None:
    panel = pictures_shown(cvae, qtbot)
    cvae.store.set_label_weights(tuple(0.5 * (index in (2, 5)) for index in range(10)))
    assert (panel.one.currentIndex(), panel.other.currentIndex()) == (2, 5)
    panel.other.setCurrentIndex(2)
    panel.other.activated.emit(2)
    assert cvae.store.state.latent.label == one_hot(2)


def test_a_model_without_labels_goes_from_class_mean_to_class_mean(
    studio: Studio, qtbot: QtBot
) -> None:
    studio.window.resize(1280, 800)
    studio.window.workspaces.show_workspace("explore")
    studio.store.set_image(ImageRef("mnist", "test", 17), None)  # a 7
    encoded(qtbot, studio)
    panel = pictures_shown(studio, qtbot)
    qtbot.waitUntil(lambda: panel.buttons[7].isChecked(), timeout=TIMEOUT)
    assert "What would this 7 be" in panel.explain.text()
    survey = studio.store.atlas.survey
    assert survey is not None
    means = [survey.mu[survey.labels == label].mean(0) for label in range(10)]
    z = np.array(studio.store.state.latent.z, np.float32)
    before = studio.store.state
    hand.click(panel.buttons[3])
    wanted = z + means[3] - means[7]
    assert studio.store.state.latent.z == pytest.approx(wanted, abs=1e-4)
    settle(qtbot, studio)
    studio.store.undo()
    assert studio.store.state == before
