"""What is there after the first start."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
from PySide6.QtWidgets import QApplication

from tests.ui.waits import shipped
from vae_studio.app import Studio, first_digit
from vae_studio.ui.panels.decoded import DecodedPanel
from vae_studio.ui.panels.sliders.panel import SlidersPanel

# All that the first picture of the window may load beside Python's own library, and of the panels.
# Each takes from the time until it is there: benchmarks/start.py.
_PACKAGES = {
    *("PySide6", "shiboken6", "shibokensupport", "numpy", "platformdirs", "vae_studio"),
    *("superqt", "qtawesome", "qtpy", "packaging", "typing_extensions", "pygments"),
}
_PANELS = {"base", "models", "sliders", "decoded", "samples", "train", "draw", "drawings", "runs"}
_MADE_UP = {"signature_bootstrap", "cython_runtime", "sitecustomize"}  # and what begins with _
_SLOW = {"asyncio", "filelock", "http", "multiprocessing", "ssl", "sqlite3", "unittest"}
_FIRST_WINDOW = """
import json, sys
from vae_studio.app import build, make_application
app = make_application()
studio = build(app)
studio.window.show()
painted = []
studio.window.painted.connect(lambda: painted.append(True))
while not painted:
    app.processEvents()
loaded = {name: sys.modules[name].__name__ for name in sorted(sys.modules)}
studio.window.close()
print(json.dumps(loaded))
"""


def test_the_first_picture_of_the_window_loads_what_it_needs_and_no_more() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_WINDOW], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    tops = {name.partition(".")[0] for name in loaded if not name.startswith("_")}
    assert tops - sys.stdlib_module_names - _MADE_UP <= _PACKAGES
    assert not tops & _SLOW
    panels = "vae_studio.ui.panels."
    shown = {name.removeprefix(panels).partition(".")[0] for name in loaded if panels in name}
    assert shown <= _PANELS
    assert "vae_studio.ui.panels.train.plots" not in loaded  # nor what it brings
    assert "vae_studio.ui.import_window" not in loaded
    assert loaded["qtpy.QtWidgets"] == "PySide6.QtWidgets"  # and not every class of it


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
