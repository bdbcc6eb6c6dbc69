"""The tour drives the same window; its stops are tried here without the training."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import qInstallMessageHandler
from PySide6.QtGui import QImage

from tests.ui.conftest import end
from vae_studio import app, tour
from vae_studio.app import Studio, build


def test_the_tour_paints_the_window_at_each_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAE_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    stops = tour._STOPS
    trained = ["5-train", "6-moment", "7-doctor", "8-experiment"]
    assert [name for name, _ in stops[4:8]] == trained
    stops = (*stops[:4], *stops[8:])
    monkeypatch.setattr(tour, "_STOPS", stops)
    built: list[Studio] = []

    def noted(*arguments: Any, **more: Any) -> Studio:
        built.append(build(*arguments, **more))
        return built[-1]

    monkeypatch.setattr(app, "build", noted)
    handler = qInstallMessageHandler(None)
    try:
        paths = list(tour.run_tour(tmp_path / "pictures"))
    finally:
        qInstallMessageHandler(handler)
        end(*built)
    assert [path.stem for path in paths] == [name for name, _ in stops]
    pictures = [QImage(str(path)) for path in paths]
    assert all(picture.size().toTuple() == (1280, 800) for picture in pictures)
    assert all(a != b for a, b in pairwise(pictures))
