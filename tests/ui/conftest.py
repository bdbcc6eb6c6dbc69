"""The real window, on the models that ship, without a screen."""

from __future__ import annotations

import gc
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread
from pytestqt.qtbot import QtBot

from tests.ui.waits import TIMEOUT, settle, shipped, show_model
from vae_studio.app import Studio, build, make_application

sys.setswitchinterval(0.001)  # as the app does

Start = Callable[[], Studio]

_left_open: list[Studio] = []


@pytest.fixture
def start(qtbot: QtBot, home: Path) -> Iterator[Start]:
    """Starts the app: built, shown, its first digit decoded. Ends what is open at the end."""
    started: list[Studio] = []
    # An app leaves most of its garbage to the end of the process; that of a thousand is gigabytes.
    gc.collect()
    gc.freeze()  # what is left, such as modules, stays: nothing looks at it again in each test

    def begin() -> Studio:
        studio = build(make_application(), seed=7)
        started.append(studio)
        with qtbot.waitExposed(studio.window):
            studio.window.show()
        studio.lifecycle.begin()
        qtbot.waitUntil(lambda: studio.store.last_decoded is not None, timeout=TIMEOUT)
        qtbot.waitUntil(lambda: studio.store.library.has_begun, timeout=TIMEOUT)
        settle(qtbot, studio)
        return studio

    yield begin
    while started:
        end(started.pop())


def end(studio: Studio) -> None:
    """Close an app and destroy it now: Qt does not find what is half gone in the next test."""
    studio.window.close()
    if any(thread.isRunning() for thread in studio.store.findChildren(QThread)):
        _left_open.append(studio)  # its test fails; ending a QThread that runs ends them all
        return
    studio.window.deleteLater()
    studio.lifecycle.deleteLater()
    studio.store.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def studio(start: Start) -> Studio:
    """The app after a first start."""
    return start()


@pytest.fixture
def cvae(studio: Studio, qtbot: QtBot) -> Studio:
    """The app, showing the conditional VAE that ships."""
    show_model(qtbot, studio, shipped("cvae"))
    return studio


@pytest.fixture
def own_run(home: Path) -> Path:
    """A run in the user's own folder: a copy of vae-32."""
    folder = home / "runs" / "mine"
    shutil.copytree(shipped("vae-32"), folder)
    return folder
