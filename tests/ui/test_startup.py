"""What is there after the first start."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from PySide6.QtWidgets import QApplication

from tests.ui.waits import shipped
from vae_studio.app import Studio, first_digit
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel

_FIRST_WINDOW = """
import sys
from vae_studio.app import build, make_application
studio = build(make_application())
studio.window.show()
picture = studio.window.grab()
assert not picture.isNull() and studio.window.isVisible()
heavy = {"torch", "torchvision", "safetensors"} & set(sys.modules)
assert not heavy, heavy
studio.window.close()
"""


def test_painting_the_first_window_loads_no_torch() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_WINDOW], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_a_first_start_shows_a_digit_and_asks_nothing(studio: Studio) -> None:
    panel = studio.window.panel(DecodedPanel)
    assert studio.store.state.model == str(shipped("vae-32"))
    assert panel.caption.text() == "vae-32, epoch 50"
    assert panel.picture.image is not None
    assert studio.store.last_decoded is not None
    assert np.abs(studio.store.last_decoded.image - first_digit()).mean() < 0.06
    assert not studio.window.toast.isVisible()
    assert QApplication.activeModalWidget() is None
    visible = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()]
    assert visible == [studio.window]


def test_a_first_start_has_a_live_slider_for_each_dimension(studio: Studio) -> None:
    rows = studio.window.panel(SlidersPanel).rows
    assert len(rows) == 32
    for row in rows:
        assert row.slider.isEnabled()
        assert abs(row.value.value() - studio.store.state.latent.z[row.dimension]) <= 0.005


def test_a_start_is_nothing_to_undo(studio: Studio) -> None:
    assert not studio.store.can_undo
    assert not studio.window.undo_action.isEnabled()


def test_the_status_bar_says_what_computes(studio: Studio) -> None:
    assert "thread" in studio.window.status.device.text()
    assert studio.window.status.showing.text() == "showing: vae-32, epoch 50"
