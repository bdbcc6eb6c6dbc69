"""The log and the crash report: what is in them, and that they disturb nobody."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qCritical, qDebug, qInstallMessageHandler, qWarning

from vae_studio import __version__, cli, logs
from vae_studio.core.errors import StudioError
from vae_studio.core.variants import VARIANTS
from vae_studio.session.folders import home as data_folder
from vae_studio.session.folders import log_folder

NO_QT = pytest.mark.no_qt_log  # Qt's messages go to the log here, and not to pytest


def written() -> str:
    return logs.log_file().read_text("utf-8")


def in_place() -> list[object]:
    """All that ``install`` may change."""
    names = (None, "vae_studio", "qt")
    handler = qInstallMessageHandler(None)
    qInstallMessageHandler(handler)
    return [
        *(logging.getLogger(name).level for name in names),
        list(logging.getLogger().handlers),
        sys.excepthook,
        sys.unraisablehook,
        threading.excepthook,
        handler,
        faulthandler.is_enabled(),
    ]


@pytest.fixture
def installed() -> Iterator[logs.Installed]:
    with logs.install("a test", window=True) as log:
        yield log


@pytest.fixture
def faulthandler_off() -> Iterator[None]:
    """As in a run of the app: pytest has it on."""
    faulthandler.disable()
    yield
    faulthandler.enable(file=sys.__stderr__)


# Where, and what is put back -------------------------------------------------------------------


def test_the_log_is_in_the_data_folder_that_is_named(home: Path) -> None:
    assert log_folder() == home / "log" == data_folder() / "log"


def test_the_log_is_where_the_platform_keeps_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VAE_STUDIO_HOME")
    assert "vae-studio" in log_folder().parts
    assert data_folder() not in (log_folder(), log_folder().parent)


def test_importing_installs_nothing(home: Path) -> None:
    program = (
        "import sys, threading, logging; before = (sys.excepthook, threading.excepthook); "
        "import vae_studio.logs, vae_studio.cli; "
        "assert before == (sys.excepthook, threading.excepthook); "
        "assert not logging.getLogger().handlers; "
        "assert not {'PySide6', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert not home.exists()


def test_all_is_put_back(faulthandler_off: None) -> None:
    before = in_place()
    installed = logs.install("a test", window=True)
    while_installed = in_place()
    assert all(a != b for a, b in zip(before[1:], while_installed[1:], strict=True))
    installed.remove()
    assert in_place() == before
    installed.remove()
    assert in_place() == before


def test_all_is_put_back_after_an_exception(faulthandler_off: None) -> None:
    before = in_place()
    with pytest.raises(RuntimeError), logs.install("a test", window=True):
        raise RuntimeError("on purpose")
    assert in_place() == before


def test_who_else_catches_crashes_keeps_them() -> None:
    assert faulthandler.is_enabled()  # by pytest
    logs.install("a test").remove()
    assert faulthandler.is_enabled()
    assert not logs.crash_file().exists()


# What is logged --------------------------------------------------------------------------------


def test_a_start_names_all_versions(installed: logs.Installed) -> None:
    (line,) = written().splitlines()
    assert f"VAE Studio {__version__}" in line
    for name in ("Python 3", "PySide6 6", "Qt 6", sys.platform.capitalize(), "a test"):
        assert name in line


def test_warnings_and_errors_are_logged_with_their_traceback(
    installed: logs.Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("vae_studio.some.part")
    log.debug("too much")
    log.info("worth a line")
    logging.getLogger("PIL").info("of a library")
    logging.getLogger("PIL").warning("a library's warning")
    try:
        raise ValueError("on purpose")
    except ValueError:
        log.exception("failed")
    text = written()
    assert "INFO vae_studio.some.part: worth a line" in text
    assert "WARNING PIL: a library's warning" in text
    assert "ERROR vae_studio.some.part: failed\nTraceback" in text
    assert "ValueError: on purpose" in text
    assert "too much" not in text
    assert "of a library" not in text


def test_the_console_is_told_from_warnings_upwards(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.install("a test"):
        logging.getLogger("vae_studio").info("quiet")
        logging.getLogger("vae_studio").warning("loud")
    assert capsys.readouterr() == ("", "WARNING vae_studio: loud\n")


@NO_QT
def test_qt_speaks_to_the_log(
    installed: logs.Installed, capsys: pytest.CaptureFixture[str]
) -> None:
    qDebug("a remark")
    qWarning("a warning of Qt")
    qCritical("an error of Qt")
    text = written()
    assert "DEBUG qt: a remark" in text
    assert "WARNING qt: a warning of Qt" in text
    assert "ERROR qt: an error of Qt" in text


@NO_QT
def test_qt_warns_on_the_console_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    with logs.install("a test", window=True):
        qDebug("a remark")
        qWarning("a warning of Qt")
    assert capsys.readouterr().err == "WARNING qt: a warning of Qt\n"


def fail(text: str = "on purpose") -> None:
    raise ValueError(text)


def test_an_exception_on_a_thread_is_logged_and_passed_on(installed: logs.Installed) -> None:
    told: list[BaseException] = []
    installed.on_fault = told.append
    thread = threading.Thread(target=fail, name="helper")
    thread.start()
    thread.join()
    assert "CRITICAL vae_studio.logs: uncaught exception in thread helper" in written()
    assert "in fail" in written()
    assert [str(error) for error in told] == ["on purpose"]


def test_an_exception_in_del_is_logged(installed: logs.Installed) -> None:
    class Bad:
        def __del__(self) -> None:
            raise ValueError("in del, on purpose")

    bad = Bad()
    del bad
    gc.collect()
    assert "Bad.__del__" in written()
    assert "ValueError: in del, on purpose" in written()


def hook(error: BaseException) -> None:
    sys.excepthook(type(error), error, error.__traceback__)


def test_the_same_fault_is_logged_once_a_second(
    installed: logs.Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    for _ in range(50):
        hook(ValueError("in paintEvent"))
    assert written().count("ValueError: in paintEvent") == 1
    hook(ValueError("another"))
    assert written().count("ValueError: another") == 1
    now += 1.5
    hook(ValueError("another"))
    assert written().count("ValueError: another") == 2


def test_what_ends_the_program_is_logged_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="on purpose"), logs.install("a test"):
        fail()
    with pytest.raises(StudioError), logs.install("a test"):
        raise StudioError("checkpoint.digest", path="x")
    with pytest.raises(KeyboardInterrupt), logs.install("a test"):
        raise KeyboardInterrupt
    text = written()
    assert text.count("INFO vae_studio.logs: ended\n") == 1
    assert "CRITICAL vae_studio.logs: ended by an exception\nTraceback" in text
    assert "ERROR vae_studio.logs: ended: checkpoint.digest (path='x')" in text
    assert "KeyboardInterrupt" not in text
    assert capsys.readouterr() == ("", "")  # the console hears of it from the caller


def test_a_name_that_is_no_text_is_logged(installed: logs.Installed) -> None:
    logging.getLogger("vae_studio").warning("%s", os.fsdecode(b"picture-\xff.png"))
    assert "picture-\\udcff.png" in written()


def test_the_log_does_not_grow_beyond_four_files(
    installed: logs.Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = logging.getLogger("vae_studio")
    for number in range(60):
        log.info("%d %s", number, "x" * 100_000)
    files = sorted(path.name for path in log_folder().iterdir())
    assert files == ["vae-studio.log", *(f"vae-studio.log.{n}" for n in (1, 2, 3))]
    assert all(path.stat().st_size <= 1_000_000 for path in log_folder().iterdir())


# A log that cannot be written ------------------------------------------------------------------


def use(folder_is: str) -> str:
    """A program that logs in a way that cannot work, and says what it has of a report."""
    return f"""
import faulthandler, logging, os, shutil, sys, threading
from pathlib import Path
from vae_studio import logs
from vae_studio.session.folders import log_folder
logs.install("before", window=True).remove()  # loads what root may load and nobody may not
shutil.rmtree(log_folder().parent)
log_folder().parent.mkdir()
{folder_is}
with logs.install("a test", window=True):
    for number in range(300):
        logging.getLogger("vae_studio").info("%d %s", number, "x" * 10_000)
    logs.report()
print("fine")
"""


BROKEN = {
    "a file where the folder should be": "log_folder().touch()",
    "a file where the folder above should be": (
        "log_folder().parent.rmdir(); log_folder().parent.touch()"
    ),
    "a folder where the file should be": "logs.log_file().mkdir(parents=True)",
    "a folder where the older file should be": (
        "log_folder().mkdir(parents=True); (log_folder() / 'vae-studio.log.1' / 'x').mkdir("
        "parents=True)"
    ),
    "a folder where the crash should be": "(logs.crash_file() / 'x').mkdir(parents=True)",
    "no permission": (
        "log_folder().mkdir(parents=True); log_folder().chmod(0); os.geteuid() or os.setuid(65534)"
    ),
    "a full disk": "log_folder().mkdir(parents=True); logs.log_file().symlink_to('/dev/full')",
}


@pytest.mark.skipif(sys.platform != "linux", reason="permissions and /dev/full")
@pytest.mark.parametrize("how", BROKEN)
def test_a_log_that_cannot_be_written_disturbs_nobody(how: str, home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler=0", "-c", use(BROKEN[how])],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


# Hard crashes ----------------------------------------------------------------------------------

CRASH = """
import faulthandler, logging, sys
from vae_studio import logs
def the_guilty_function():
    faulthandler._sigsegv()
with logs.install("a test", window={window}):
    the_guilty_function()
"""


def crash(window: bool = True) -> None:
    """A process that dies of a segmentation fault, as the app might."""
    done = subprocess.run(
        [sys.executable, "-c", CRASH.format(window=window)], capture_output=True, timeout=60
    )
    assert done.returncode < 0 or done.returncode > 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_crash_is_told_at_the_next_start_and_only_then(home: Path) -> None:
    crash()
    assert "Segmentation fault" in logs.crash_file().read_text()
    with logs.install("another start", window=True) as installed:
        kept = installed.crash
        assert kept is not None
        assert re.fullmatch(r"crash-\d{8}-\d{6}\.txt", kept.name)
        assert kept.parent == log_folder()
        assert "the_guilty_function" in kept.read_text()
        assert logs.crash_file().read_text() == ""
        assert f"the last window crashed: see {kept.name}" in written()
        assert "the_guilty_function" in logs.report()
    with logs.install("one more start", window=True) as installed:
        assert installed.crash is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_training_leaves_a_crash_for_the_window_to_tell(home: Path) -> None:
    crash(window=False)
    with logs.install("vae-studio train") as installed:
        assert installed.crash is None
    with logs.install("a window", window=True) as installed:
        assert installed.crash is not None


def test_an_end_that_is_none_is_no_crash(faulthandler_off: None) -> None:
    for _ in range(2):
        with logs.install("a start", window=True) as installed:
            assert installed.crash is None
            assert logs.crash_file().exists()


def test_the_five_latest_crashes_are_kept(home: Path) -> None:
    log_folder().mkdir(parents=True)
    (log_folder() / "crash-mine.txt").write_text("not ours")
    for day in range(1, 9):
        logs.crash_file().write_text(f"crash of day {day}")
        os.utime(logs.crash_file(), (day * 86_400, day * 86_400))
        with logs.install("a start", window=True) as installed:
            assert installed.crash is not None
            assert installed.crash.name.startswith("crash-1970010")
    kept = [path.read_text() for path in logs.crashes()]
    assert kept == [f"crash of day {day}" for day in range(4, 9)]
    assert (log_folder() / "crash-mine.txt").exists()


# The report ------------------------------------------------------------------------------------


def test_a_report_has_versions_crash_and_the_last_lines() -> None:
    lines = [f"line {number}" for number in range(1000)]
    text = logs.make_report(["App 1", "Python 3"], "crash-1.txt\nSegfault", lines, [])
    first, second, *_ = text.splitlines()
    assert "crash report" in first
    assert "Nothing was sent anywhere" in second
    assert "App 1\nPython 3\n" in text
    assert "Last crash: crash-1.txt\nSegfault\n" in text
    assert text.endswith("line 998\nline 999\n")
    assert "line 700\n" in text
    assert "line 699\n" not in text


def test_a_report_without_a_crash_and_a_log_says_so() -> None:
    text = logs.make_report(["App 1"], "", [], [])
    assert "none is known" in text
    assert "It is empty." in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in /home/ann/runs/x", "in ~/runs/x"),
        ("/home/ann: and '/home/ann', /home/ann.", "~: and '~', ~."),
        ("'a\\n/home/ann/x'", "'a\\n~/x'"),
        ("file:///home/ann/x", "file://~/x"),
        ("/home/anna/x", "/home/anna/x"),
        (r"C:\Users\Ann\x", r"~\x"),
        (r"'C:\\Users\\Ann\\x'", r"'~\\x'"),
        ("C:/Users/Ann/x", "~/x"),
        ("/data/home/ann/x", "~/x"),
    ],
)
def test_the_home_folder_is_not_named(text: str, expected: str) -> None:
    homes = ["/home/ann", "/data/home/ann", r"C:\Users\Ann", "/", ""]
    assert logs.without_home(text, homes) == expected


def test_no_part_of_a_report_names_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = tmp_path / "people" / "ann"
    link = tmp_path / "ann"
    person.mkdir(parents=True)
    link.symlink_to(person)
    monkeypatch.setenv("HOME", str(link))
    monkeypatch.setenv("USERPROFILE", str(link))
    monkeypatch.setenv("VAE_STUDIO_HOME", str(link / "data"))
    log_folder().mkdir(parents=True)
    logs.crash_file().write_text(f'File "{link}/a.py" and "{person}/b.py"')
    with logs.install(f"vae-studio train --output {link}", window=True):
        logging.getLogger("vae_studio").warning("cannot write to %s", person / "runs")
        text = logs.report()
    for part in ('File "~/a.py" and "~/b.py"', "train --output ~)", "cannot write to ~/runs"):
        assert part in text
    assert "/ann" not in text


def test_a_report_loads_nothing() -> None:
    program = (
        "import sys; from vae_studio import logs; text = logs.report(); "
        "assert not {'torch', 'PySide6', 'numpy'} & set(sys.modules); "
        "assert 'PyTorch' not in text and 'Python 3' in text; "
        "import numpy; assert f'NumPy {numpy.__version__}' in logs.report()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_tail_is_whole_lines_and_goes_on_in_the_part_before(home: Path) -> None:
    log_folder().mkdir(parents=True)
    before = logs.log_file().with_name("vae-studio.log.1")
    before.write_text("".join(f"{n:04}: old\n" for n in range(100)))
    logs.log_file().write_text("new é\n" * 3, "utf-8")
    assert logs.tail(10_000).startswith("0000: old\n")
    text = logs.tail(100)
    assert text.endswith("0099: old\nnew é\nnew é\nnew é\n")
    assert re.match(r"00\d\d: old\n", text)
    assert 80 < len(text.encode()) < 100


def test_an_exception_in_short() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert logs.in_short(KeyError("x")) == "KeyError: 'x'"
    assert logs.in_short(AssertionError()) == "AssertionError"
    assert logs.in_short(Mute()) == "Mute"
    assert logs.in_short(RuntimeError("first\nsecond")) == "RuntimeError: first"
    assert len(logs.in_short(RuntimeError("x" * 9999))) < 250


# The command line ------------------------------------------------------------------------------


def test_a_training_logs_to_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = in_place()
    folder = tmp_path / "taken"
    folder.mkdir()
    (folder / "x").touch()
    assert cli.main(["train", "--output", str(folder)]) == 2
    text = written()
    assert f"(vae-studio train --output {folder})" in text
    assert "ERROR vae_studio.logs: ended: checkpoint.exists" in text
    assert capsys.readouterr().err.count("\n") == 1
    assert in_place() == before


@pytest.mark.parametrize("command", [["--version"], ["evaluate", "no-such-run"]])
def test_other_commands_leave_no_log(
    command: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no-such-run" not in VARIANTS
    with contextlib.suppress(SystemExit):
        cli.main(command)
    assert not home.exists()
