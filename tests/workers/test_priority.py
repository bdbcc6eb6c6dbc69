"""A training leaves its processor to whoever waits for one."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from vae_studio.workers.priority import step_back


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process has one niceness for all")
def test_only_the_thread_that_steps_back_waits_for_others() -> None:
    found: dict[str, int] = {}

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def train() -> None:
        step_back()
        found["train"] = niceness()
        inner = threading.Thread(target=lambda: found.update(pool=niceness()))
        inner.start()
        inner.join()

    before = niceness()
    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert niceness() == before
    assert found["train"] == found["pool"] > before
