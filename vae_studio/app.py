"""Composition root: builds settings, store and window, connects them, runs."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon, QImage
from PySide6.QtWidgets import QApplication

from vae_studio import __version__, logs
from vae_studio.core import housekeeping
from vae_studio.core.datasets.sets_folder import clear_left_overs, register_stored
from vae_studio.core.durable import write_bytes
from vae_studio.core.errors import StudioError
from vae_studio.core.memory import share_freed_memory
from vae_studio.core.resources import bundled_path
from vae_studio.core.runs import CONFIG, RunInfo, is_file
from vae_studio.end_signals import EndSignals
from vae_studio.session.folders import data_folder, home, recalled, runs_folder
from vae_studio.session.last_session import write_last_session
from vae_studio.session.settings import AppSettings, Theme, load_settings, save_settings
from vae_studio.ui import theme
from vae_studio.ui.main_window import MainWindow
from vae_studio.ui.panels import PANELS
from vae_studio.ui.store import Store, first_model
from vae_studio.ui.training import TrainStatus

log = logging.getLogger(__name__)

_MEANWHILE = 0.05  # s, until it is asked again whether a training has started
_UNSEEN_MS = 1000  # then the work begins, whether or not the window was painted
_TRASH_SECONDS = 30 * 24 * 3600


@dataclass
class Studio:
    """One running app."""

    app: QApplication
    store: Store
    window: MainWindow
    lifecycle: Lifecycle


class Lifecycle(QObject):
    """Starts the work once the window is painted, and ends it when the window closes.

    Signals, from whichever thread: ``faulted(error)``, when nobody caught an exception;
    ``interrupted()``, when that was Ctrl+C; ``looked_ahead()``, when all the window may need later
    is loaded.
    """

    faulted = Signal(object)
    interrupted = Signal()
    looked_ahead = Signal()

    def __init__(self, app: QApplication, store: Store, settings: AppSettings) -> None:
        super().__init__()
        self._app, self._store, self._settings = app, store, settings
        self._theme: Theme = settings.theme
        self._begun = self._closed = False
        self._crash: Path | None = None
        self.window: MainWindow | None = None
        self._ahead: threading.Thread | None = None
        store.failed.connect(self._fall_back)
        store.decoded.connect(self._look_ahead)
        store.failed.connect(self._look_ahead)
        self.looked_ahead.connect(_collect_garbage_here)

    def listen(self, installed: logs.Installed) -> None:
        """Have the window say what nobody caught, and that the last one crashed."""
        self._crash = installed.crash
        installed.on_fault = self._pass_on

    @Slot()
    def begin(self) -> None:
        """Load torch off the GUI thread, then the last model, at a digit worth looking at. Once."""
        if self._begun or self._closed:
            return
        self._begun = True
        threading.Thread(target=_clean_up, daemon=True).start()
        self._store.start()
        last = recalled(self._settings.model or first_model().name)
        model = last if is_file(last / CONFIG) else first_model()
        self._store.open_model(model, image=first_digit())
        self._store.go_on_with(last_session_path())
        self._store.library.begun.connect(self._say_what_was)
        self._store.library.begin()

    @Slot(object)
    def _say_what_was(self, interrupted: list[RunInfo]) -> None:
        """Offer to go on with what the last window left, or say that it crashed."""
        if interrupted and self.window:
            self.window.notices.offer_resume(interrupted)
        elif self._crash and self.window:
            self.window.notices.say_crashed(self._crash)

    @Slot()
    def _look_ahead(self, *_: object) -> None:
        """The first digit is there: load the panels that nobody has opened yet, aside."""
        if self._ahead is None:
            self._ahead = threading.Thread(target=self._load_panels, name="look ahead", daemon=True)
            self._ahead.start()

    def _load_panels(self) -> None:
        self._let_training_start()
        from vae_studio.ui.panels.train import plots  # noqa: F401

        for row in PANELS:
            self._let_training_start()
            if self._closed:
                return
            _ = row.panel
        self.looked_ahead.emit()

    def _let_training_start(self) -> None:
        """With three threads that load modules, the window would be late."""
        while not self._closed and self._store.training.view.status is TrainStatus.STARTING:
            time.sleep(_MEANWHILE)

    def _pass_on(self, error: BaseException) -> None:
        if isinstance(error, KeyboardInterrupt):
            self.interrupted.emit()
        else:
            self.faulted.emit(StudioError("worker.unexpected", reason=logs.in_short(error)))

    @Slot(object)
    def _fall_back(self, error: StudioError) -> None:
        """The last model does not open any more: show the first one."""
        if self._store.snapshot is None and self._settings.model:
            self._settings = AppSettings()
            self._store.open_model(first_model(), image=first_digit())
            self._store.go_on_with(last_session_path())  # what was kept is not lost with it

    @Slot(str)
    def choose_theme(self, name: str) -> None:
        """Show the app in another scheme, from now on."""
        self._theme = cast("Theme", name)
        theme.apply(self._app, self._theme)

    @Slot()
    def system_scheme_changed(self) -> None:
        """The system went dark or light."""
        theme.apply(self._app, self._theme)

    @Slot()
    def end(self) -> None:
        """Stop and save the training, end the threads, remember the window."""
        if self._closed or self.window is None:
            return
        self._closed = True
        settings, state = self.window.settings(self._theme), self._store.state
        self.window.hide()
        if self._ahead is not None:
            self._ahead.join()
        self.window.drawing_files.shutdown()
        self._store.shutdown()
        try:
            save_settings(settings_path(), settings)
            if self._store.went_on:  # or what was kept before would be lost
                write_bytes(last_session_path(), write_last_session(state).encode())
        except OSError as error:
            log.warning("settings not saved: %s", error)


def _clean_up() -> None:
    housekeeping.empty_trash(runs_folder(), _TRASH_SECONDS)
    clear_left_overs(data_folder())


def settings_path() -> Path:
    """Where the app's settings are kept."""
    return home() / "settings.json"


def last_session_path() -> Path:
    """Where it is kept how the session was left."""
    return home() / "session.json"


def first_digit() -> np.ndarray:
    """A test digit that the first start shows: float32 [1, 28, 28] in [0, 1]."""
    picture = QImage(str(bundled_path("assets") / "samples" / "first-digit.png"))
    picture = picture.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(-1, picture.bytesPerLine())
    return (rows[:, : picture.width()].astype(np.float32) / 255.0)[np.newaxis]


def build(app: QApplication, seed: int | None = None) -> Studio:
    """The whole app, not yet shown. seed: of *random*."""
    settings = load_settings(settings_path())
    for fault in register_stored(data_folder()):
        log.warning("a data set is left out: %s", fault)
    theme.apply(app, settings.theme)
    store = Store(seed)
    window = MainWindow(store, settings)
    lifecycle = Lifecycle(app, store, settings)
    lifecycle.window = window
    window.closing.connect(lifecycle.end)
    window.theme_chosen.connect(lifecycle.choose_theme)
    # Queued: a fault may come from any thread, and from the middle of painting.
    lifecycle.faulted.connect(window.notices.show_error, Qt.ConnectionType.QueuedConnection)
    lifecycle.interrupted.connect(window.close, Qt.ConnectionType.QueuedConnection)
    app.styleHints().colorSchemeChanged.connect(lifecycle.system_scheme_changed)
    return Studio(app, store, window, lifecycle)


def make_application() -> QApplication:
    """The QApplication, with name and icon."""
    app = QApplication.instance() or QApplication(["vae-studio"])
    assert isinstance(app, QApplication)
    app.setApplicationName("vae-studio")
    app.setApplicationDisplayName("VAE Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("vae-studio")
    app.setWindowIcon(QIcon(str(bundled_path("assets") / "icons" / "vae-studio.svg")))
    gc.disable()  # see _collect_garbage_here
    return app


@cache
def _collect_garbage_here() -> object:
    """Have cyclic garbage collected on this thread, between two events, once a second.

    Left to itself, Python collects at any allocation on any thread. What goes may be a closed
    window, and Qt in the middle of a walk over all widgets, or the thread one that trains: either
    is a crash. Nothing is collected before: of what a start loads nothing is garbage.
    """
    from pyqtgraph.util.garbage_collector import GarbageCollector  # after PySide6, as qtawesome

    return GarbageCollector()


def run() -> int:
    """Show the window until it is closed. Returns the exit code."""
    with logs.install("the window", window=True) as installed:
        return _run(installed)


def _run(installed: logs.Installed) -> int:
    share_freed_memory()
    sys.setswitchinterval(0.001)  # the GUI thread gets its turn sooner while a model trains
    app = make_application()
    signals = EndSignals()
    studio = build(app)
    studio.lifecycle.listen(installed)
    # What torch brings is never garbage; looked at again and again it would hold the window up.
    studio.store.device_known.connect(lambda *_: gc.freeze())
    # Queued: a signal may come in the middle of painting.
    signals.came.connect(studio.window.close, Qt.ConnectionType.QueuedConnection)
    # Before it is painted it would only be kept waiting; but it may never be: one starts minimised.
    studio.window.painted.connect(studio.lifecycle.begin)
    QTimer.singleShot(_UNSEEN_MS, studio.lifecycle.begin)
    studio.window.show()
    if signals.have_come:  # while the window was made
        QTimer.singleShot(0, studio.window.close)
    code: int = app.exec()
    studio.lifecycle.end()
    gc.freeze()  # or the interpreter's last collections walk all of torch: a second for nothing
    return code
