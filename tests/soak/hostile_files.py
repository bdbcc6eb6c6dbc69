"""Files and folders of a hostile stranger, each sent through every entry that could meet it:
nothing is run, nothing hangs or fills memory, and whatever is refused is refused with a sentence.

The set runs in a child under a limit of its memory, so that a bomb is a failure and no dead
machine. ``python -m tests.soak.hostile_files FOLDER SEED COUNT FIRST [NAME]`` is that child; it
tells a JSON object a line. With a name, only files called so are sent: that repeats a failure.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import io
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.soak.outcome import Counts, Outcome

COUNTS: Counts = {"test": 40, "soak": 300, "full": 100_000}  # at most as many as there are

_GROWTH = 100.0  # MB, of all files together
_SECONDS = 2.0  # for one file through one entry
PATIENCE = 25.0  # seconds; what takes longer hangs
_ROOM = 3 * 2**29  # bytes of address space beyond what the child needs anyway


def run(count: int, seed: int, folder: Path, name: str = "") -> Outcome:
    """Send ``count`` files, spread over all kinds. name: only those whose names hold it."""
    failures: list[str] = []
    done: list[dict[str, Any]] = []
    total, first = 1, 0
    errors = folder / "errors.txt"
    while first < total:
        arguments = [str(folder), str(seed), str(count), str(first), name]
        command = [sys.executable, "-W", "error", "-m", "tests.soak.hostile_files", *arguments]
        place = os.environ | {"OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"}
        place["VAE_STUDIO_HOME"] = str(folder / "home")
        place["MALLOC_ARENA_MAX"] = "1"  # of its own, each thread keeps what it once needed
        current = "before the first file"
        with (
            errors.open("wb") as stderr,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, env=place) as child,
        ):
            assert child.stdout is not None
            for line in child.stdout:
                told = json.loads(line)
                total = told.get("total", total)
                if "begin" in told:
                    current, first = told["begin"], told["number"] + 1
                elif "entries" in told:
                    done.append(told)
                    failures += [
                        f"seed {seed}: {told['name']}: {fault}" for fault in told["faults"]
                    ]
        if child.returncode:
            end = errors.read_text(errors="replace").strip()[-1500:]
            failures.append(
                f"seed {seed}: the process ended at {current}: {child.returncode}\n{end}"
            )
            if current.startswith("before") or len(failures) > 20:
                break
        elif first >= total:
            break
    return Outcome(_summary(done, failures), tuple(failures))


def _summary(done: list[dict[str, Any]], failures: list[str]) -> str:
    if not done:
        return "nothing was sent"
    slowest = max(done, key=lambda told: float(told["slowest"]))
    largest = max(done, key=lambda told: float(told["memory"]))
    spent = max(done, key=lambda told: float(told["spent"]))
    growth = max(float(told["growth"]) for told in done)
    entries = {entry for told in done for entry in told["entries"]}
    ran = sum(told["run"] for told in done)
    refused = sum(told["refused"] for told in done)
    opened = sum(told["opened"] for told in done)
    return (
        f"{len(done)} files through {len(entries)} entries ({refused} times refused, {opened} "
        f"understood): {ran} run, {len(failures)} faults, "
        f"slowest {slowest['slowest']:.2f} s ({slowest['name']}: {slowest['slow_entry']}), "
        f"memory: all of them leave +{growth:.0f} MB, one that is refused takes at most "
        f"+{spent['spent']:.0f} MB meanwhile ({spent['name']}), one that is understood "
        f"+{largest['memory']:.0f} MB ({largest['name']})"
    )


# The child ---------------------------------------------------------------------------------------


def _tell(**values: Any) -> None:
    os.write(1, json.dumps(values).encode() + b"\n")


def _status(key: str) -> float:
    """Of this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _forget_peak() -> None:
    with contextlib.suppress(OSError):  # where it cannot be forgotten, the peak only grows
        Path("/proc/self/clear_refs").write_text("5")


class Watch:
    """One file on its way: what each entry made of it."""

    def __init__(self, name: str, room: int, refused_by: str = "", slow: bool = False) -> None:
        self.name, self.room, self.refused_by, self.slow = name, room, refused_by, slow
        self.faults: list[str] = []
        self.entries: list[str] = []
        self.slowest, self.slow_entry, self.memory = 0.0, "", 0.0
        self.spent = 0.0  # MB, on what was refused in the end
        self.refused = self.opened = 0

    def send(self, entry: str, call: Callable[[], object]) -> object:
        """Through one entry. What takes long is tried again: the machine may have been busy."""
        self.entries.append(entry)
        seconds = float("inf")
        for _ in range(3):
            result, refused, took = self._once(entry, call)
            seconds = min(seconds, took)
            if seconds < _SECONDS or self.faults:
                break
        self.refused += refused
        self.opened += not refused
        if entry == self.refused_by and not refused and not self.faults:
            self.faults.append(f"{entry} did not refuse it")
        if seconds > self.slowest:
            self.slowest, self.slow_entry = seconds, entry
        if seconds >= _SECONDS:
            self.faults.append(f"{entry} took {seconds:.1f} s")
        if self.memory > self.room and not self.faults:
            self.faults.append(f"{entry} took {self.memory:.0f} MB")
        return result

    def _once(self, entry: str, call: Callable[[], object]) -> tuple[object, bool, float]:
        from vae_studio.core.errors import StudioError

        _forget_peak()
        before, result, refused = _status("VmRSS"), None, False
        started = time.monotonic()
        try:
            result = call()
        except StudioError as error:
            refused = True
            self.check_sentence(entry, error)
        except BaseException as error:
            self.faults.append(f"{entry} raised {type(error).__name__}: {str(error)[:300]}")
        seconds = time.monotonic() - started
        took = _status("VmHWM") - before
        self.memory = max(self.memory, took)
        if refused:
            self.spent = max(self.spent, took)
        return result, refused, seconds

    def check_sentence(self, entry: str, error: Any) -> None:
        """Whether there is one for that error, and a good one."""
        from vae_studio.ui.messages import error_sentence

        try:
            text = error_sentence(error)
            str(error).encode()
            text.encode()
        except Exception as fault:
            self.faults.append(f"{entry}: no sentence for {error.code}: {fault!r}"[:400])
            return
        if len(text) > 1200 or not text.isprintable() or not text.endswith("."):
            self.faults.append(f"{entry}: a bad sentence for {error.code}: {text[:200]!r}")
        if len(str(error)) > 2500:
            self.faults.append(f"{entry}: endless details for {error.code}")


class Entries:
    """All ways in. quick: without what takes seconds to load."""

    def __init__(self, folder: Path, canary: Path, quick: bool = False) -> None:
        from tests.soak import strangers
        from tests.soak.data_entries import DataEntries, write_good_sets
        from vae_studio.app import make_application
        from vae_studio.core import data
        from vae_studio.core.datasets.table import MNIST
        from vae_studio.ui.panels.train.film import Film
        from vae_studio.ui.panels.train.plots import LossPlots

        make_application()
        self.film, self.plots = Film(), LossPlots()
        self.folder, self.canary = folder, canary
        self.good = folder / "good"
        self.digits = strangers.few_digits()
        load = data.load_dataset

        def few(name: str, *_: Any, record: Any = None) -> Any:
            """What all of MNIST costs is no file's fault."""
            if name != MNIST.name:
                return load(name, record=record)
            data.find_dataset(name, record)
            return self.digits

        data.load_dataset = few
        if not self.good.exists():
            strangers.make_run(self.good / "run", strangers.PLAIN, self.digits)
            strangers.make_run(self.good / "labelled", strangers.LABELLED, self.digits)
            from tests.soak.hostile_pictures import saved

            (self.good / "good.png").write_bytes(saved("PNG"))
            place = strangers.good_place("a run", strangers.PLAIN.latent_dim)
            (self.good / "place.json").write_text(place, "utf-8")
            (self.good / "drawing.json").write_text(strangers.good_drawing(), "utf-8")
            write_good_sets(self.good / "data")
        self.data = DataEntries(folder / "stored", quick)

    def fresh(self, number: int) -> Path:
        """A folder with good things in it, to spoil."""
        folder = self.folder / f"case-{number}"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.good, folder)
        return folder

    def send(self, kind: str, watch: Watch, path: Path) -> None:
        """A file through every entry that could meet it."""
        from tests.soak.data_entries import IMPORTED
        from vae_studio.session.folders import data_folder

        if kind in ("run", "any"):
            self._as_run(watch, path)
        if kind in ("picture", "any"):
            self._as_picture(watch, path)
        if kind == "picture":
            self._as_picture_of_a_set(watch, path)
        if kind in ("idx", "any"):
            self._as_idx(watch, path)
        if kind in ("import", "idx", "any"):
            self.data.as_import(watch, path)
            if kind == "import" and not watch.slow:  # a command nobody can stop here
                self._command(watch, "data import", "import", str(path), "--name", IMPORTED)
                shutil.rmtree(data_folder() / IMPORTED, ignore_errors=True)
        if kind in ("archive", "any"):
            self.data.as_local(watch, path)
        if kind in ("stored", "any"):
            self.data.as_stored(watch, path)
        if kind in ("place", "any"):
            self._as_place(watch, path)
            self._as_drawing(watch, path)
        if kind in ("settings", "any"):
            from vae_studio.session.settings import AppSettings, load_settings

            found = watch.send("load_settings", lambda: load_settings(path))
            if not isinstance(found, AppSettings):
                watch.faults.append("settings did not load")
            else:
                bundled = Path(found.model)
                watch.send("the last model", lambda: bundled.is_dir())

    def _as_run(self, watch: Watch, path: Path) -> None:
        from vae_studio.core import housekeeping, runs
        from vae_studio.core.checkpoint import load_snapshot
        from vae_studio.core.data import find_dataset
        from vae_studio.core.lock import is_locked
        from vae_studio.core.recorder import RunRecorder
        from vae_studio.core.resume import load_training
        from vae_studio.session.drawing import Input
        from vae_studio.session.requests import DecodeRequest, OpenRequest
        from vae_studio.session.state import LatentState
        from vae_studio.session.strokes import Stroke
        from vae_studio.workers.answers import answer

        info: Any = watch.send("read_run", lambda: runs.read_run(path))
        if info is not None:
            name = info.config.dataset
            watch.send("the images it learnt", lambda: find_dataset(name, info.data))
        watch.send("find_run", lambda: runs.find_run(str(path)))
        watch.send("list_runs", lambda: runs.list_runs([path.parent]))
        watch.send("list_runs inside", lambda: runs.list_runs([path]))
        watch.send("read_metrics", lambda: runs.read_metrics(path))
        watch.send("is_locked", lambda: is_locked(path))
        snapshot = watch.send("load_snapshot", lambda: load_snapshot(path))
        watch.send("load_training", lambda: load_training(path))
        image = self.digits.test.images[0].float().numpy() / 255

        def opened() -> None:
            found: Any = answer(OpenRequest(str(path), image=image))
            answer(DecodeRequest(found.snapshot, LatentState(z=found.z, label=found.label)))

        watch.send("OpenRequest", opened)
        stroke = Stroke(((0.3, 0.2), (0.6, 0.7)), 0.1)
        drawn = OpenRequest(str(path), drawing=Input(strokes=(stroke,)))
        watch.send("OpenRequest with a drawing", lambda: answer(drawn))
        if snapshot is not None or watch.name.endswith(("0", "e")):  # the others are refused alike
            picture, output = str(self.good / "good.png"), str(self.folder / "output.png")
            self._command(watch, "evaluate", str(path))
            self._command(watch, "reconstruct", str(path), picture, "--output", output)

        def resumed() -> RunRecorder:
            recorder = RunRecorder.resume(path)
            recorder.close()
            return recorder

        recorder: Any = watch.send("resume", resumed)
        if recorder is not None:

            def shown() -> None:
                self.plots.resume(recorder.rows)
                self.plots.grab()
                epochs = [int(row["epoch"]) for row in recorder.rows]
                self._film(path, recorder.state.spec.image_shape, epochs)

            watch.send("the plots and samples of a run that goes on", shown)
        watch.send("rename_run", lambda: housekeeping.rename_run(path, "renamed"))

    def _as_place(self, watch: Watch, path: Path) -> None:
        from vae_studio.core.checkpoint import load_snapshot
        from vae_studio.core.reading import read_bounded
        from vae_studio.session.place import MAX_BYTES, with_place
        from vae_studio.session.requests import EncodeRequest, PlaceRequest
        from vae_studio.session.state import SessionState
        from vae_studio.workers.answers import answer

        shown = load_snapshot(self.good / "run")

        def gone_to(source: Path | str) -> None:
            found: Any = answer(PlaceRequest(source, shown))
            state = with_place(SessionState(), found.place, found.snapshot.run)
            if state.input is not None:
                answer(EncodeRequest(found.snapshot, state.input))

        watch.send("a place", lambda: gone_to(path))
        with contextlib.suppress(OSError):  # as it comes from the clipboard
            text = read_bounded(path, 2 * MAX_BYTES).decode("utf-8", "surrogateescape")
            watch.send("a place as text", lambda: gone_to(text))

    def _as_drawing(self, watch: Watch, path: Path) -> None:
        from vae_studio.session.drawing_jobs import DrawingFileRequest
        from vae_studio.workers import drawing_jobs as _  # noqa: F401 - which adds jobs
        from vae_studio.workers.jobs import work

        class Untold:
            def __call__(self, share: float) -> None: ...
            def show(self, result: object) -> None: ...

        job = DrawingFileRequest(path)
        watch.send("a drawing", lambda: work(job, lambda: False, Untold()))

    def _as_picture(self, watch: Watch, path: Path) -> None:
        from vae_studio.core.page import digits_in
        from vae_studio.core.picture_files import open_picture
        from vae_studio.core.scan import image_to_input

        watch.send("open_picture", lambda: image_to_input(open_picture(path)))
        watch.send("the digits of a picture", lambda: digits_in(open_picture(path)))
        output = str(self.folder / "output.png")
        run = str(self.good / "run")
        self._command(watch, "reconstruct a picture", run, str(path), "--output", output)
        folder = self.folder / "a film"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "samples").mkdir(parents=True)
        (folder / "samples" / "epoch-0001.png").symlink_to(path)
        watch.send("a picture among a run's samples", lambda: self._film(folder, (1, 28, 28), [1]))

    def _as_picture_of_a_set(self, watch: Watch, path: Path) -> None:
        """Among good ones: what becomes of it is no matter to these."""
        folder = path.parent / "some pictures"
        folder.mkdir()
        path.rename(folder / path.name)
        for number in range(3):
            shutil.copy(self.good / "good.png", folder / f"{number}.png")
        watch.slow = True  # a picture may take a while to decode, and is decoded several times
        self.data.as_import(watch, folder)

    def _film(self, folder: Path, shape: tuple[int, ...], epochs: list[int]) -> None:
        self.film.resume(folder, shape, epochs)
        self.film.grab()

    def _as_idx(self, watch: Watch, path: Path) -> None:
        import hashlib

        from vae_studio.core.datasets.idx import parse_idx, read_checked
        from vae_studio.core.datasets.table import DATASETS, paired
        from vae_studio.core.errors import DatasetError
        from vae_studio.core.reading import read_bounded

        size = 10_000_000
        content = b""
        with contextlib.suppress(OSError):
            content = read_bounded(path, size)
        right = hashlib.sha256(content).hexdigest()
        watch.send("read_checked", lambda: read_checked(path, right, size))
        info, labels = DATASETS["mnist"], parse_idx(b"\0\0\x08\1\0\0\0\3\0\1\2", "labels")
        images = parse_idx(b"\0\0\x08\3\0\0\0\3\0\0\0\x1c\0\0\0\x1c" + bytes(3 * 784), "images")

        def parsed(content: Any) -> None:
            try:
                found = parse_idx(content, "x")
            except DatasetError:
                raise
            with contextlib.suppress(DatasetError):
                paired(found, labels, info, "x")
            with contextlib.suppress(DatasetError):
                paired(images, found, info, "x")

        for kind in (bytes, bytearray, memoryview):
            watch.send(f"parse_idx of {kind.__name__}", lambda kind=kind: parsed(kind(content)))

    def _command(self, watch: Watch, name: str, *arguments: str) -> None:
        from vae_studio.cli import main

        told = io.StringIO()

        def called() -> None:
            with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
                code = main([name.split()[0], *arguments])
            self.data.restore_table()
            if code not in (0, 2):
                raise RuntimeError(f"exit code {code}")

        watch.send(name, called)
        if len(told.getvalue()) > 20_000:
            watch.faults.append(f"{name} said {len(told.getvalue()):,} characters")


def _chosen(count: int, seed: int, canary: Path, name: str) -> list[Any]:
    """That many cases, the same for the same seed, in the order of their kinds."""
    found = [case for case in _cases(canary) if name in case.name]
    if count >= len(found):
        return found
    return [found[n] for n in sorted(random.Random(seed).sample(range(len(found)), count))]


def _cases(canary: Path) -> list[Any]:
    from tests.soak import (
        hostile_archives,
        hostile_arrays,
        hostile_imports,
        hostile_kinds,
        hostile_stored,
    )

    found = [*hostile_kinds.cases(canary), *hostile_stored.cases(), *hostile_arrays.cases(canary)]
    return [*found, *hostile_imports.cases(), *hostile_archives.cases()]


def _child(folder: Path, seed: int, count: int, first: int, name: str = "") -> None:
    from tests.soak.hostile_window import drop, files_to_drop

    faulthandler.enable()
    canary = folder / "canary"
    entries = Entries(folder, canary, quick=count <= COUNTS["test"])
    chosen = _chosen(count, seed, canary, name)
    _warm_up(entries)
    victim = folder / "victim.txt"  # what a link leads to: nobody may write there
    victim.write_text("untouched")
    window = [] if name else files_to_drop(entries, _cases(canary), count)
    _tell(total=len(chosen) + bool(window))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _ROOM, used + _ROOM))
    base = _settled()
    for number, case in enumerate(chosen):
        if number < first:
            continue
        _tell(begin=case.name, number=number)
        place = entries.fresh(number)
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            path = case.make(place)
        except Exception as error:
            _tell(
                name=case.name, entries=["none"], faults=[f"could not be made: {error!r}"],
                slowest=0, slow_entry="", memory=0, spent=0, growth=0, run=0, refused=0, opened=0,
            )  # fmt: skip
            continue
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        watch = Watch(case.name, case.memory, case.refused_by, case.slow)
        entries.send(case.kind, watch, path)
        faulthandler.cancel_dump_traceback_later()
        growth = _settled() - base if number % 50 == 49 or number + 1 == len(chosen) else 0.0
        if growth > _GROWTH:
            watch.faults.append(f"{growth:.0f} MB more than before the first file")
        _report(watch, canary, victim, growth)
        shutil.rmtree(place, ignore_errors=True)
    if window and first <= len(chosen):
        _tell(begin="the window", number=len(chosen))
        faulthandler.dump_traceback_later(10 * PATIENCE, exit=True)
        for watch in drop(window):
            _report(watch, canary, victim)
        faulthandler.cancel_dump_traceback_later()


def _settled() -> float:
    """Memory that is in use once what nobody needs is given back, MB."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return _status("RssAnon")


def _report(watch: Watch, canary: Path, victim: Path, growth: float = 0.0) -> None:
    ran = canary.exists()
    if ran:
        watch.faults.append("A STRANGER'S PROGRAM RAN")
        canary.rmdir()
    if victim.read_text() != "untouched":
        watch.faults.append("a file elsewhere was changed")
        victim.write_text("untouched")
    extra = [thread.name for thread in threading.enumerate() if not thread.daemon][1:]
    if extra and "pool" in "".join(extra):
        watch.faults.append(f"threads left: {extra}")
    _tell(
        name=watch.name,
        entries=watch.entries,
        faults=watch.faults[:5],
        slowest=watch.slowest,
        slow_entry=watch.slow_entry,
        memory=watch.memory,
        spent=watch.spent,
        growth=growth,
        run=int(ran),
        refused=watch.refused,
        opened=watch.opened,
    )


def _warm_up(entries: Entries) -> None:
    """Good files through all entries: what is loaded on first use counts for nobody."""
    place = entries.fresh(-1)
    good = Watch("good", 10_000)
    entries.send("run", good, place / "run")
    entries.send("picture", good, place / "good.png")
    entries.send("settings", good, place / "run" / "config.json")
    entries.send("place", good, place / "place.json")
    entries.send("idx", good, place / "good.png")
    if good.faults or good.opened < 12:
        raise RuntimeError(f"good files do not open: {good.faults} {good.opened}")
    shutil.rmtree(place)


if __name__ == "__main__":
    where, its_seed, how_many, begin_at, *named = sys.argv[1:]
    _child(Path(where), int(its_seed), int(how_many), int(begin_at), *named)
    sys.stdout.flush()
    os._exit(0)  # Qt's objects need no farewell
