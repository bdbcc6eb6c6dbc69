"""The log, what goes into it, and the crash report that is made of it.

Nothing happens at import: ``install()`` puts all in place, and ``remove()`` takes it away. All of
it stays on this computer, and a log that cannot be written disturbs nobody.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from io import FileIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from vae_studio import __version__
from vae_studio.core.errors import StudioError
from vae_studio.session.folders import log_folder

if TYPE_CHECKING:
    from PySide6.QtCore import QMessageLogContext, QtMsgType

log = logging.getLogger(__name__)

TAIL = 200_000  # bytes of the log that are shown
_FILE_BYTES, _FILES_KEPT = 1_000_000, 3
_CRASHES_KEPT = 5
_REPORT_LINES = 300
_REASON_LENGTH = 200
_REPEAT_SECONDS = 1.0
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LEVELS = {"vae_studio": logging.INFO, "qt": logging.DEBUG}  # all others: from WARNING upwards


def log_file() -> Path:
    """What is written to now; older parts lie beside it, as ``.1`` to ``.3``."""
    return log_folder() / "vae-studio.log"


def crash_file() -> Path:
    """Where a hard crash leaves its traceback; empty as long as there was none."""
    return log_folder() / "crash.txt"


def install(command: str, window: bool = False) -> Installed:
    """Start to log. command: what runs, for the first line. window: with Qt's own messages, and a
    crash that the window was not told of yet is put aside, as ``Installed.crash``."""
    return Installed(command, window)


class Installed:
    """The handlers and hooks that are in place until ``remove()``, or the end of a ``with``.

    crash: the traceback of a hard crash before this start, or None.
    on_fault: called with every exception that nobody caught, on the thread where it was raised.
    """

    def __init__(self, command: str, window: bool) -> None:
        self.crash: Path | None = None
        self.on_fault: Callable[[BaseException], None] | None = None
        self._undo = contextlib.ExitStack()
        self._last_fault = ("", 0.0)
        with contextlib.suppress(OSError):
            log_folder().mkdir(parents=True, exist_ok=True)
        self._add_handlers()
        self._hook_python()
        if window:
            self._hook_qt()
            self.crash = _put_crash_aside()
        self._catch_crashes()
        log.info("%s (%s)", ", ".join(versions()), command)
        if self.crash:
            log.info("the last window crashed: see %s", self.crash.name)

    def remove(self) -> None:
        """Put everything back as it was; a second time does nothing."""
        self._undo.close()

    def __enter__(self) -> Installed:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Note what ends the program. On the console its caller says it."""
        logging.getLogger().removeHandler(self._console)
        if isinstance(error, StudioError):
            log.error("ended: %s", error)
        elif isinstance(error, Exception) and not isinstance(error, BrokenPipeError):
            log.critical("ended by an exception", exc_info=error)
        else:
            log.info("ended")
        self.remove()

    def _add_handlers(self) -> None:
        self._console = logging.StreamHandler()  # to standard error
        self._console.setLevel(logging.WARNING)
        self._console.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        file = _LogFile(
            log_file(),
            maxBytes=_FILE_BYTES,
            backupCount=_FILES_KEPT,
            encoding="utf-8",
            errors="backslashreplace",  # a file's name need not be text
            delay=True,
        )
        file.setFormatter(logging.Formatter(_FORMAT))
        for name, level in _LEVELS.items():
            logger = logging.getLogger(name)
            self._undo.callback(logger.setLevel, logger.level)
            logger.setLevel(level)
        for handler in (file, self._console):
            self._undo.callback(handler.close)
            self._undo.callback(logging.getLogger().removeHandler, handler)
            logging.getLogger().addHandler(handler)

    def _hook_python(self) -> None:
        for module, name, hook in (
            (sys, "excepthook", self._uncaught),
            (threading, "excepthook", self._uncaught_in_thread),
            (sys, "unraisablehook", self._unraisable),
        ):
            self._undo.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, hook)

    def _hook_qt(self) -> None:
        from PySide6.QtCore import qInstallMessageHandler

        self._undo.callback(qInstallMessageHandler, qInstallMessageHandler(_log_qt))

    def _catch_crashes(self) -> None:
        if faulthandler.is_enabled():  # by `-X faulthandler` or a test runner: theirs it stays
            return
        with contextlib.suppress(OSError):
            file = crash_file().open("ab", buffering=0)  # to append: processes may share it
            faulthandler.enable(file)
            self._undo.callback(_let_go, file)

    def _uncaught(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        self._fault(error, threading.current_thread().name)

    def _uncaught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and args.exc_type is not SystemExit:
            self._fault(args.exc_value, args.thread.name if args.thread else "?")

    def _unraisable(self, args: sys.UnraisableHookArgs) -> None:
        where = getattr(args.object, "__qualname__", type(args.object).__qualname__)
        log.error("%s: %s", args.err_msg or "exception ignored in", where, exc_info=args.exc_value)

    def _fault(self, error: BaseException, thread: str) -> None:
        """Log it and pass it on; the same one once a second, so that a fault in a paint event does
        not push all else out of the log."""
        now, text = time.monotonic(), in_short(error)
        if text == self._last_fault[0] and now - self._last_fault[1] < _REPEAT_SECONDS:
            return
        self._last_fault = (text, now)
        if not isinstance(error, KeyboardInterrupt):
            log.critical("uncaught exception in thread %s", thread, exc_info=error)
        if self.on_fault is not None:
            self.on_fault(error)


class _LogFile(RotatingFileHandler):
    """A file that may be impossible to write: then nothing is logged, and nothing said."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


def _log_qt(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    from PySide6.QtCore import QtMsgType

    level = {
        QtMsgType.QtDebugMsg: logging.DEBUG,
        QtMsgType.QtInfoMsg: logging.INFO,
        QtMsgType.QtWarningMsg: logging.WARNING,
        QtMsgType.QtCriticalMsg: logging.ERROR,
        QtMsgType.QtFatalMsg: logging.CRITICAL,
    }.get(kind, logging.WARNING)
    category: Any = context.category
    named = category and category != "default"
    logging.getLogger("qt").log(level, "%s", f"{category}: {message}" if named else message)


def _let_go(file: FileIO) -> None:
    """The end came as it should: no crash is written any more."""
    faulthandler.disable()
    with contextlib.suppress(OSError), file:
        if os.name == "nt":  # there, faults that were handled after all are written as well
            file.truncate(0)


def _put_crash_aside() -> Path | None:
    """Keep what the last crash wrote as ``crash-DAY-TIME.txt``, of the moment of the crash.

    It is copied and the original emptied, since a second window may have that open.
    """
    source = crash_file()
    try:
        about = source.stat()
        if not about.st_size:
            return None
        moment = datetime.fromtimestamp(about.st_mtime)
        kept = source.with_name(f"crash-{moment:%Y%m%d-%H%M%S}.txt")
        with kept.open("ab") as file:
            file.write(_last_bytes(source, TAIL))
        os.truncate(source, 0)
    except (OSError, ValueError, OverflowError):  # the last two: a date that cannot be
        return None
    for old in crashes()[:-_CRASHES_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return kept


def crashes() -> list[Path]:
    """The crashes that were put aside, the latest at the end."""
    try:
        return sorted(log_folder().glob("crash-????????-??????.txt"))
    except OSError:
        return []


# Reading ---------------------------------------------------------------------------------------


def tail(limit: int = TAIL) -> str:
    """The end of the log, whole lines; from the part before too, where the file is a new one."""
    older = log_file().with_name(f"{log_file().name}.1")
    latest = _last_bytes(log_file(), limit)
    content = _last_bytes(older, limit - len(latest)) + latest
    if len(content) == limit:
        content = content.partition(b"\n")[2]
    return content.decode("utf-8", "replace")


def _last_bytes(path: Path, limit: int) -> bytes:
    """At most ``limit`` bytes from the end of a file; none of one that cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read(limit)
    except OSError:
        return b""


def versions() -> list[str]:
    """What runs, by name and version. Loads nothing: what is not in memory is left out."""
    found = [
        f"VAE Studio {__version__}",
        f"Python {platform.python_version()}",
        platform.platform(),
    ]
    for name, title in (
        ("PySide6", "PySide6"),
        ("PySide6.QtCore", "Qt"),
        ("torch", "PyTorch"),
        ("numpy", "NumPy"),
    ):
        if name in sys.modules:  # without a version as long as another thread is loading it
            found.append(f"{title} {getattr(sys.modules[name], '__version__', '?')}")
    return found


def in_short(error: BaseException) -> str:
    """``TypeName: text``, the text cut to a line that fits a message."""
    try:
        text = str(error).strip().partition("\n")[0][:_REASON_LENGTH]
    except Exception:  # its own __str__ is broken
        text = ""
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def report(crash: Path | None = None) -> str:
    """The crash report as it is now. crash: which one, else the latest, if there is any."""
    chosen = crash or next(reversed(crashes()), None)
    text = _last_bytes(chosen, TAIL).decode("utf-8", "replace") if chosen else ""
    title = f"{chosen.name}\n{text}" if chosen and text else ""
    return make_report(versions(), title, tail().splitlines(), _homes())


def make_report(
    about: Sequence[str], crash: str, lines: Sequence[str], homes: Iterable[str]
) -> str:
    """A crash report as plain text. about: versions. crash: name and text of the last one, or "".
    lines: of the log, the last of which are taken. homes: folders that become ``~``."""
    parts = [
        "VAE Studio, crash report\n"
        "Nothing was sent anywhere. Read it, and pass it on only if you want to.",
        "\n".join(about),
        f"Last crash: {crash.strip()}" if crash else "Last crash: none is known.",
        "\n".join(["The end of the log:", *(lines[-_REPORT_LINES:] or ["It is empty."])]),
    ]
    return without_home("\n\n".join(parts) + "\n", homes)


def clean(text: str) -> str:
    """``text`` with ``~`` where the user's home folder stands."""
    return without_home(text, _homes())


def without_home(text: str, homes: Iterable[str]) -> str:
    """``text`` with ``~`` for each of the folders, however their separators are written."""
    forms = {
        form
        for home in homes
        if not re.fullmatch(r"(\w:)?[/\\]*", home)  # the root of all files, as services have it
        for form in (home, home.replace("\\", "/"), home.replace("\\", "\\\\"))
    }
    flags = re.IGNORECASE if os.name == "nt" else 0
    for form in sorted(forms, key=len, reverse=True):
        text = re.sub(re.escape(form) + r"(?!\w)", "~", text, flags=flags)
    return text


def _homes() -> set[str]:
    """The user's home folder, also where links lead to."""
    try:
        home = Path.home()
        return {str(home), str(home.resolve())}
    except (OSError, RuntimeError):  # it has none
        return set()
