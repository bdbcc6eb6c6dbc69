"""A save in which one call to the disk fails: each call in turn, in several ways.

The calls are counted and made to fail from outside, where Python hands them to the system; the
program does not know of it. Then the same with limits of the system itself: the size of a file, a
full disk, a folder that cannot be written.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import resource
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from tests.forks import as_nobody, fork, public_folder, wait
from tests.helpers import part, quick, tiny
from tests.soak.alone import main, run_alone
from tests.soak.kills import expect, leftovers
from tests.soak.outcome import Counts, Outcome
from vae_studio.core.checkpoint import load_snapshot
from vae_studio.core.control import TrainControl
from vae_studio.core.data import DatasetPair, load_dataset
from vae_studio.core.errors import CheckpointError
from vae_studio.core.events import EpochDone, Event
from vae_studio.core.housekeeping import remove_run, rename_run
from vae_studio.core.recorder import RunRecorder
from vae_studio.core.resume import load_training
from vae_studio.core.runs import list_runs, read_metrics, read_run
from vae_studio.core.trainer import new_state, train
from vae_studio.core.variants import VARIANTS
from vae_studio.session.settings import AppSettings, load_settings, save_settings

# Faults at most, spread evenly over all there are: every call in every scenario in every way.
COUNTS: Counts = {"test": 35, "soak": 600, "full": 1_000_000}

SPEC = tiny(VARIANTS["vae-batchnorm"], hidden=(8,), latent_dim=2)
CONFIG = quick(epochs=50, batch_size=16)
STEPS = 4

Way = Literal["ENOSPC", "EIO", "half", "full", "kill"]
WAYS: tuple[Way, ...] = ("ENOSPC", "EIO", "half", "full", "kill")
# half: half of a write is done, or all of another call, and then it fails. full: from then on
# everything that needs space fails, until there is space again. kill: half, and then a SIGKILL.
_NEEDS_SPACE = {"open", "write", "mkdir", "fsync"}


def run(count: int, seed: int, folder: Path) -> Outcome:
    """``count`` faults at most; each is checked for all that a save promises."""
    return run_alone("tests.soak.failing_writes", count, seed, folder)


class Disk:
    """Counts the calls that change the disk, and lets one of them fail."""

    def __init__(self, fail_at: int = 0, way: Way = "EIO") -> None:
        self.fail_at, self.way = fail_at, way
        self.calls: list[str] = []
        self.failed = False

    def call(self, kind: str, do: Callable[[], Any], half: Callable[[], Any] | None = None) -> Any:
        """One call of that kind. half: does half of it, where it has halves."""
        self.calls.append(kind)
        now = len(self.calls) == self.fail_at
        if now and self.way == "half":
            (half or do)()
        if now and self.way == "kill":
            with contextlib.suppress(OSError):
                (half or do)()
            os.kill(os.getpid(), signal.SIGKILL)
        later = self.failed and self.way == "full" and kind in _NEEDS_SPACE
        if now or later:
            self.failed = True
            number = errno.EIO if self.way == "EIO" else errno.ENOSPC
            raise OSError(number, os.strerror(number))
        return do()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Everything that Python does to the disk goes through ``call``."""
        disk, opened = self, io.open

        class Raw(io.FileIO):
            def write(self, content: Any) -> int:
                whole = memoryview(content).cast("B")
                write = super().write
                done: int = disk.call(
                    _named("write", self.name),
                    lambda: write(whole),
                    lambda: write(whole[: len(whole) // 2]),
                )
                return done

        def open_(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
            if not set(mode) & set("wxa+"):
                return opened(file, mode, *rest, **more)
            expect("how it writes", mode, "xb")  # another way to write needs a watch of its own
            return io.BufferedWriter(disk.call(_named("open", file), lambda: Raw(file, "xb")))

        def os_open(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            changes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)

            def do() -> int:
                found: int = real["open"](path, flags, *rest, **more)
                return found

            return int(disk.call("open", do)) if changes else do()

        def counted(kind: str) -> Callable[..., Any]:
            return lambda *a, **k: disk.call(_named(kind, a[0]), lambda: real[kind](*a, **k))

        kinds = ("fsync", "replace", "rename", "mkdir", "unlink", "remove", "rmdir", "truncate")
        real = {kind: getattr(os, kind) for kind in (*kinds, "open", "write")}
        patches: list[tuple[Any, str, Any]] = [(os, kind, counted(kind)) for kind in kinds]
        patches += [(os, "open", os_open), (os, "write", counted("write"))]
        patches.append((io, "open", open_))
        before = [(where, name, getattr(where, name)) for where, name, _ in patches]
        try:
            for where, name, value in patches:
                setattr(where, name, value)
            yield
        finally:
            for where, name, value in before:
                setattr(where, name, value)


_OF_A_MOMENT = " of a moment"  # which a run can be without: it is logged, and nobody is told


def _named(kind: str, file: object) -> str:
    return kind + (_OF_A_MOMENT if "history" in str(file) else "")


@dataclass
class Try:
    """One go at a scenario in a folder of its own."""

    folder: Path  # that holds the run
    data: DatasetPair
    recorder: RunRecorder | None = None
    event: Event | None = None
    steps: list[int] = field(default_factory=list)  # at which it may stand after a fault

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.folder / "run"

    def train_to_the_next_epoch(self) -> None:
        """Leaves the event that ends it, which nobody has recorded yet."""
        assert self.recorder is not None
        state = self.recorder.state
        events = train(state, self.data, TrainControl())
        self.event = next(event for event in events if isinstance(event, EpochDone))


class Scenario:
    """A save. ``prepare`` may use the disk; ``act`` is what is made to fail; ``again`` must work
    afterwards in the process that had the fault."""

    name = ""

    def prepare(self, case: Try, base: Path) -> None:
        shutil.copytree(base, case.run)

    def act(self, case: Try) -> None:
        raise NotImplementedError

    def again(self, case: Try) -> None:
        self.act(case)

    def check(self, case: Try, done: bool, killed: bool) -> None:
        """Right after the fault, and after ``again``, where ``done`` is True."""
        check_run(case.run, {case.steps[-1]} if done else set(case.steps))


class FirstSave(Scenario):
    """Of a run that did not exist: afterwards it does not, or it is whole."""

    name = "first save"

    def prepare(self, case: Try, base: Path) -> None:
        case.recorder = RunRecorder(case.run, new_state(SPEC, CONFIG), "run")
        case.steps = [0]

    def act(self, case: Try) -> None:
        assert case.recorder is not None
        case.recorder.save()

    def check(self, case: Try, done: bool, killed: bool) -> None:
        if done or (case.run / "config.json").exists():
            check_run(case.run, {0})
            expect("it is listed", [info.path for info in list_runs([case.folder])], [case.run])
        else:
            expect("nothing is listed", list_runs([case.folder]), [])


class EpochEnd(Scenario):
    """The save after an epoch, of a run with two checkpoints."""

    name = "end of an epoch"

    def prepare(self, case: Try, base: Path) -> None:
        super().prepare(case, base)
        case.recorder = RunRecorder.resume(case.run)
        case.train_to_the_next_epoch()
        case.steps = [2 * STEPS, 3 * STEPS]

    def act(self, case: Try) -> None:
        assert case.recorder is not None
        assert case.event is not None
        case.recorder.record(case.event)

    def again(self, case: Try) -> None:
        assert case.recorder is not None
        case.recorder.save()


class Resume(EpochEnd):
    """Taking up a run that was killed while it saved, and the next save."""

    name = "resume and save"

    def prepare(self, case: Try, base: Path) -> None:
        Scenario.prepare(self, case, base)
        checkpoint = case.run / "checkpoint"
        (checkpoint / "generation-000009").mkdir()
        (checkpoint / "generation-000009" / ".model.safetensors.0123abcd").write_bytes(b"half")
        (case.run / ".metrics.csv.0123abcd").write_bytes(b"half")
        metrics = case.run / "metrics.csv"
        last = metrics.read_text().splitlines()[-1]
        metrics.write_text(metrics.read_text() + last.replace("2,8,", "3,12,") + "\n")
        case.steps = [2 * STEPS, 3 * STEPS]

    def act(self, case: Try) -> None:
        case.recorder = RunRecorder.resume(case.run)
        case.train_to_the_next_epoch()
        super().act(case)

    def again(self, case: Try) -> None:
        if case.recorder is None:
            self.act(case)
        else:
            case.recorder.save()


class MoveTo(Scenario):
    """A run that goes to another folder."""

    name = "move to another folder"

    def prepare(self, case: Try, base: Path) -> None:
        super().prepare(case, base)
        case.recorder = RunRecorder.resume(case.run)
        case.steps = [2 * STEPS]

    def act(self, case: Try) -> None:
        assert case.recorder is not None
        case.recorder.move_to(case.folder / "moved")

    def check(self, case: Try, done: bool, killed: bool) -> None:
        assert case.recorder is not None
        moved = case.folder / "moved"
        super().check(case, done, killed)
        if done or (moved / "config.json").exists():
            check_run(moved, {2 * STEPS})
        elif not killed and moved.exists():
            expect("what is in the new folder", [path.name for path in moved.iterdir()], [".lock"])
        if not killed:
            expect("where it goes on", case.recorder.info.path, moved if done else case.run)


class Rename(Scenario):
    """Of a run that nobody trains."""

    name = "rename"

    def prepare(self, case: Try, base: Path) -> None:
        super().prepare(case, base)
        case.steps = [2 * STEPS]

    def act(self, case: Try) -> None:
        rename_run(case.run, "another name")

    def check(self, case: Try, done: bool, killed: bool) -> None:
        super().check(case, done, killed)
        names = {"another name"} if done else {"run", "another name"}
        if read_run(case.run).name not in names:
            raise AssertionError(f"it is called {read_run(case.run).name!r}")


class Settings(Scenario):
    """What the app remembers."""

    name = "settings"
    old, new = AppSettings(model="old"), AppSettings(model="new", layouts={"train": "x" * 20_000})

    def prepare(self, case: Try, base: Path) -> None:
        save_settings(case.run / "settings.json", self.old)

    def act(self, case: Try) -> None:
        save_settings(case.run / "settings.json", self.new)

    def check(self, case: Try, done: bool, killed: bool) -> None:
        found = load_settings(case.run / "settings.json")
        if found != self.new and (done or found != self.old):
            raise AssertionError(f"settings of another moment: {found}")


SCENARIOS: tuple[Scenario, ...] = (
    FirstSave(),
    EpochEnd(),
    Resume(),
    MoveTo(),
    Rename(),
    Settings(),
)


def check_run(folder: Path, steps: set[int]) -> None:
    """Whole, at one of these steps, and of one moment in all its parts."""
    info, snapshot, found = read_run(folder), load_snapshot(folder), load_training(folder)
    json.loads((folder / "config.json").read_bytes())
    expect("no older checkpoint is needed", (snapshot.older, found.older), (False, False))
    if snapshot.step not in steps or info.step not in steps:
        raise AssertionError(f"steps {info.step} and {snapshot.step}, not {sorted(steps)}")
    state = found.state
    expect("of one moment", (state.step, state.epoch), (snapshot.step, snapshot.epoch))
    for key, value in state.model.state_dict().items():
        expect(f"{key} is of one moment", torch.equal(value, snapshot.weights[key]), True)
    expect("all in one epoch", state.step, state.epoch * STEPS)
    for number, parts in state.optimizer.state_dict()["state"].items():
        expect(f"Adam's step of {number}", int(parts["step"]), state.step)
    rows = [row["epoch"] for row in read_metrics(folder)]
    if len(steps) == 1:
        expect("the rows", rows, list(range(1, state.epoch + 1)))
        pictures = len(list((folder / "samples").glob("epoch-*.png")))
        expect("the pictures", pictures, state.epoch)


def _work(count: int, seed: int, folder: Path) -> Outcome:
    data = part(load_dataset("mnist"), 16 * STEPS, 32)
    base = _base(folder / "base" / "run", data)
    plan: list[tuple[Scenario, int, Way]] = []
    for scenario in SCENARIOS:
        calls = _calls(scenario, folder / "count", base, data)
        plan += [(scenario, n, way) for n in range(1, len(calls) + 1) for way in WAYS]
    step = max(1, -(-len(plan) // count))
    chosen = plan[seed % step :: step]
    failures: list[str] = []
    ways: Counter[str] = Counter()
    for scenario, at, way in chosen:
        ways[way] += 1
        place = folder / "case"
        place.mkdir()
        try:
            _one(scenario, at, way, Try(place, data), base)
        except Exception as error:
            failures.append(f"{scenario.name}, call {at}, {way}: {type(error).__name__}: {error}")
        shutil.rmtree(place)
    parts = [f"{len(chosen) - len(failures)} of {len(chosen)} faults at {len(plan)} places"]
    for check in (_file_sizes, _full_disk, _read_only):
        said, found = check(base, data)
        parts.append(said)
        failures += found
    return Outcome("; ".join(parts), tuple(failures))


def _base(folder: Path, data: DatasetPair) -> Path:
    """A run of two epochs, stopped."""
    state, control = new_state(SPEC, CONFIG), TrainControl()
    with RunRecorder(folder, state, "run") as recorder:
        for event in train(state, data, control):
            recorder.record(event)
            if isinstance(event, EpochDone) and event.epoch == 2:
                control.stop()
    return folder


def _calls(scenario: Scenario, place: Path, base: Path, data: DatasetPair) -> list[str]:
    place.mkdir()
    case, disk = Try(place, data), Disk()
    scenario.prepare(case, base)
    with disk.watched():
        scenario.act(case)
    scenario.check(case, done=True, killed=False)
    if case.recorder is not None:
        case.recorder.close()
    shutil.rmtree(place)
    return disk.calls


def _one(scenario: Scenario, at: int, way: Way, case: Try, base: Path) -> None:
    scenario.prepare(case, base)
    disk = Disk(at, way)
    if way == "kill":

        def killed() -> None:
            with disk.watched():
                scenario.act(case)

        child = fork(killed)
        if case.recorder is not None:
            case.recorder.close()  # the child has the lock too, and dies with it
        expect("it was killed", wait(child), -signal.SIGKILL)
        scenario.check(case, done=False, killed=True)
        if case.recorder is None or (case.run / "config.json").exists():
            _go_on(scenario, case)
        return
    error: Exception | None = None
    try:
        with disk.watched():
            scenario.act(case)
    except (CheckpointError, OSError) as caught:
        error = caught
    failing = disk.calls[at - 1]
    swallowed = error is None
    harmless = {"unlink", "rmdir", "mkdir"} | ({"open"} if way == "half" else set())
    if (
        swallowed and failing not in harmless and not failing.endswith(_OF_A_MOMENT)
    ):  # what was to be there is there, or the check says so
        raise AssertionError(f"a {failing} failed, and nobody was told")
    scenario.check(case, done=swallowed, killed=False)
    # What a kill had left before stays where resuming fails, and where it cannot be removed.
    planted = isinstance(scenario, Resume) and (not swallowed or failing == "unlink")
    if not planted:
        expect("nothing is left lying about", leftovers(case.folder), [])
    if not swallowed:
        scenario.again(case)
        scenario.check(case, done=True, killed=False)
        if failing != "unlink":
            expect("nothing is left lying about at last", leftovers(case.folder), [])
    if case.recorder is not None:
        case.recorder.close()


def _go_on(scenario: Scenario, case: Try) -> None:
    """What a later start of the program does with what is there."""
    if isinstance(scenario, Settings):
        save_settings(case.run / "settings.json", Settings.new)
        scenario.check(case, done=True, killed=False)
        return
    with RunRecorder.resume(case.run) as recorder:
        case.recorder = recorder
        before = recorder.state.step
        case.train_to_the_next_epoch()
        assert case.event is not None
        recorder.record(case.event)
    check_run(case.run, {before + STEPS})
    expect("nothing is left lying about", leftovers(case.run), [])
    generations = [path for path in (case.run / "checkpoint").iterdir() if path.is_dir()]
    expect("two generations", len(generations), 2)


def _refused(case: Try, write: Callable[[], object]) -> None:
    try:
        write()
    except CheckpointError as error:
        expect("the code", error.code, "checkpoint.write")
    else:
        raise AssertionError("it could be written")


def _file_sizes(base: Path, data: DatasetPair) -> tuple[str, list[str]]:
    """A limit to the size of a file, which the system keeps itself."""
    sizes = sorted(path.stat().st_size for path in base.rglob("*") if path.is_file())
    limits = sorted({0, 1, 100, *(size - 1 for size in sizes if size)})

    def body(limit: int, case: Try) -> None:
        EpochEnd().prepare(case, base)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        _refused(case, lambda: EpochEnd().act(case))
        check_run(case.run, {2 * STEPS, 3 * STEPS})
        expect("nothing is left lying about", leftovers(case.run), [])
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        EpochEnd().again(case)
        check_run(case.run, {3 * STEPS})

    failures = []
    for limit in limits:
        with public_folder() as place:
            case = Try(place, data)
            if wait(fork(lambda: body(limit, case))):  # noqa: B023
                failures.append(f"a limit of {limit} bytes for a file: see above")
    return f"{len(limits) - len(failures)} of {len(limits)} limits to files", failures


def _full_disk(base: Path, data: DatasetPair) -> tuple[str, list[str]]:
    """A disk with a few pages left."""
    failures = []
    spaces = range(0, 260, 20)  # kB
    with public_folder() as place:
        disk = place / "disk"
        disk.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
        try:
            mounted = (
                os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode
            )
        except OSError:
            mounted = False
        if not mounted:
            return "no tmpfs here", []
        try:
            full = 0
            for space in spaces:
                case = Try(disk / f"{space}", data)
                case.folder.mkdir()
                try:
                    full += _on_a_full_disk(case, base, disk / "filler", space * 1000)
                except Exception as error:
                    failures.append(f"{space} kB left: {type(error).__name__}: {error}")
                if case.recorder is not None:
                    case.recorder.close()
                shutil.rmtree(case.folder)
                (disk / "filler").unlink(missing_ok=True)
        finally:
            subprocess.run(["umount", "--lazy", str(disk)], check=True)
    if not full:
        failures.append("the disk was never full")
    return f"{len(spaces) - len(failures)} of {len(spaces)} full disks ({full} refused)", failures


def _on_a_full_disk(case: Try, base: Path, filler: Path, space: int) -> bool:
    EpochEnd().prepare(case, base)
    assert case.recorder is not None
    about = os.statvfs(case.folder)
    filler.write_bytes(bytes(max(0, about.f_bavail * about.f_frsize - space)))
    try:
        EpochEnd().act(case)
        refused = False
    except CheckpointError as error:
        expect("the code", error.code, "checkpoint.write")
        refused = True
    check_run(case.run, {2 * STEPS, 3 * STEPS} if refused else {3 * STEPS})
    expect("nothing is left lying about", leftovers(case.run), [])
    filler.unlink()
    EpochEnd().again(case)
    check_run(case.run, {3 * STEPS})
    return refused


def _read_only(base: Path, data: DatasetPair) -> tuple[str, list[str]]:
    """A run of another user's, and a folder where nothing may be made."""

    def body(place: Path) -> None:
        case = Try(place, data, steps=[2 * STEPS])
        _refused(case, lambda: RunRecorder.resume(case.run))
        _refused(case, lambda: rename_run(case.run, "mine"))
        try:
            remove_run(case.run)
        except CheckpointError as error:
            expect("the code", error.code, "runs.remove")
        else:
            raise AssertionError("it could be removed")
        _refused(case, RunRecorder(place / "new", new_state(SPEC, CONFIG), "new").save)
        check_run(case.run, {2 * STEPS})
        expect("it is as it was", sorted(path.name for path in place.iterdir()), ["run"])

    with public_folder() as place:
        shutil.copytree(base, place / "run", ignore=shutil.ignore_patterns(".lock"))
        for path in (*place.rglob("*"), place):
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            as_nobody(lambda: body(place))
            failures = []
        except AssertionError as error:
            failures = [f"a read-only folder: {error}"]
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)
    return "a read-only folder", failures


if __name__ == "__main__":
    main(_work)
