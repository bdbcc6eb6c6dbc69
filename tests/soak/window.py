"""The real window for soak tests that play with it: on small data, with every complaint noted."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMessageLogContext,
    QThread,
    QtMsgType,
    qInstallMessageHandler,
)

from tests.helpers import halves, part
from vae_studio.app import Studio, build, make_application
from vae_studio.core.data import load_dataset
from vae_studio.core.datasets.table import DATASETS
from vae_studio.core.memory import share_freed_memory
from vae_studio.core.resources import bundled_path

PATIENCE = 60.0  # seconds; on a busy machine too, what takes longer hangs
_IGNORED = "This plugin does not support "  # what Qt's offscreen platform says of every window


class HangsError(AssertionError):
    """Something was waited for that never came."""


@contextlib.contextmanager
def complaints() -> Iterator[list[str]]:
    """What goes wrong meanwhile without stopping anything: exceptions in slots and threads, Qt's
    warnings, what the app logs as an error."""
    noted: list[str] = []

    def note(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        noted.append("".join(traceback.format_exception(kind, error, trace)))

    def note_in_thread(args: threading.ExceptHookArgs) -> None:
        noted.append(f"in thread {args.thread}: {args.exc_type.__name__}: {args.exc_value}")

    def note_message(kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and _IGNORED not in text:
            noted.append(f"Qt: {text}")

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            noted.append(f"log: {self.format(record)}")

    handler = Handler(logging.ERROR)
    hooks = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = note, note_in_thread
    before = qInstallMessageHandler(note_message)
    logging.getLogger("vae_studio").addHandler(handler)
    try:
        yield noted
    finally:
        logging.getLogger("vae_studio").removeHandler(handler)
        qInstallMessageHandler(before)
        sys.excepthook, threading.excepthook = hooks


@contextlib.contextmanager
def small_data(train: int, test: int) -> Iterator[None]:
    """MNIST is only its first digits meanwhile, so that an epoch takes a moment."""
    row = DATASETS["mnist"]
    pair = part(load_dataset("mnist"), train, test)
    DATASETS["mnist"] = replace(row, load=lambda *_: halves(pair))
    try:
        yield
    finally:
        DATASETS["mnist"] = row


@contextlib.contextmanager
def running_studio(seed: int) -> Iterator[Studio]:
    """The app after a start: shown, its first digit decoded. Closed at the end."""
    switch_interval = sys.getswitchinterval()
    share_freed_memory()  # as the app does, and the next line, too
    sys.setswitchinterval(0.001)
    studio = build(make_application(), seed=seed)
    try:
        studio.window.show()
        studio.lifecycle.begin()
        wait_until(lambda: studio.store.last_decoded is not None, "the first picture")
        yield studio
    finally:
        studio.window.close()
        alive = [t for t in studio.store.findChildren(QThread) if t.isRunning()]
        if not alive:  # destroying a QThread that runs would end the whole process
            studio.window.deleteLater()
            studio.lifecycle.deleteLater()
            studio.store.deleteLater()
            turn()
        sys.setswitchinterval(switch_interval)
        assert not alive, "threads live on after the window was closed"


def turn() -> None:
    """One turn of the event loop."""
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def pump(seconds: float) -> None:
    """Let the events of so many seconds pass."""
    end = time.monotonic() + seconds
    turn()
    while time.monotonic() < end:
        time.sleep(0.001)
        turn()


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Until it holds. Raises ``HangsError`` that names ``what`` was waited for."""
    end = time.monotonic() + seconds
    turn()
    while not condition():
        if time.monotonic() > end:
            raise HangsError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.001)
        turn()


def is_settled(studio: Studio) -> bool:
    """Whether the picture belongs to the present snapshot and point."""
    store = studio.store
    result = store.last_decoded
    if result is None or result.request.snapshot is not store.snapshot:
        return False
    latent = store.state.latent
    return result.request.latent.z == latent.z and result.request.latent.label == latent.label


def settle(studio: Studio) -> None:
    """Wait for the picture of the present snapshot and point."""
    wait_until(lambda: is_settled(studio), "the picture of the present point")


def shipped(name: str) -> Path:
    """The folder of a model that ships."""
    return bundled_path("checkpoints") / name
