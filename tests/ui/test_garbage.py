"""Python's cyclic garbage goes on the GUI thread, between two events, whichever thread made it."""

from __future__ import annotations

import threading

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.waits import TIMEOUT
from vae_studio.app import make_application


class Noting:
    """Garbage that notes the thread that it is destroyed on."""

    def __init__(self, destroyed_on: list[threading.Thread]) -> None:
        self.itself = self
        self._destroyed_on = destroyed_on

    def __del__(self) -> None:
        self._destroyed_on.append(threading.current_thread())


@pytest.mark.usefixtures("qapp")
def test_garbage_waits_for_the_event_loop(qtbot: QtBot) -> None:
    make_application()
    destroyed_on: list[threading.Thread] = []

    def litter() -> None:
        for _ in range(2_000):  # many times as much as Python waits for
            Noting(destroyed_on)

    litter()
    worker = threading.Thread(target=litter)
    worker.start()
    worker.join()
    assert destroyed_on == []
    qtbot.waitUntil(lambda: len(destroyed_on) == 4_000, timeout=TIMEOUT)
    assert set(destroyed_on) == {threading.main_thread()}
