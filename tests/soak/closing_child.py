"""The process that ``closing`` closes: the real ``app.run``, with a hand that presses Train.

``python -m tests.soak.closing_child PLAN FD`` is one cold process. ``python -m
tests.soak.closing_child template`` loads torch and Qt once and then forks a process for each plan
that it reads, so that most closings need not wait for the imports. What happens is told through
the pipe ``FD``, a JSON object a line; times are ``time.monotonic``, one clock for all processes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_TICK_MS = 15  # between two moves of the hand
_SAMPLE_SECONDS = 0.01
PATIENCE = 90.0  # seconds; a process that lives longer hangs


@dataclass(frozen=True)
class Plan:
    """One closing.

    home: the data folder. cold: no forked process. press: when Train is pressed: ``at once`` the
    window is there, once a ``digit`` is shown, or ``never``. busy: what the hand does then. delay:
    seconds from that press (from the window's show, where there is none) to the request. how:
    ``close``, ``SIGINT`` or ``SIGTERM``.
    """

    number: int
    home: str
    cold: bool
    press: str
    busy: str
    delay: float
    how: str
    variant: str
    batch: int
    epochs: int

    def text(self) -> str:
        """As one line, which ``from_text`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Plan:
        """The inverse of ``text``."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class Ended:
    """How a process ended. events: what it told; requested, exited: when. left: whether a process
    of its own outlived it."""

    code: int
    events: list[dict[str, Any]]
    requested: float
    exited: float
    left: bool
    hung: bool


# The process that is closed ------------------------------------------------------------------


class Hand:
    """Presses Train and plays with the window, as the plan says; tells what happened when."""

    def __init__(self, plan: Plan, pipe: int) -> None:
        self._plan, self._pipe = plan, pipe
        self._random = random.Random(plan.number)
        self._requested = threading.Event()
        self._training: int | None = None  # identity of the thread that trains

    def tell(self, what: str, **more: Any) -> None:
        """One line to whoever watches."""
        line = json.dumps({"what": what, "at": time.monotonic(), **more}) + "\n"
        os.write(self._pipe, line.encode())

    def take(self, studio: Any) -> None:
        """Take hold of the window; it is shown in a moment."""
        from PySide6.QtCore import QTimer

        self._studio = studio
        self._clock = QTimer(studio.window, interval=_TICK_MS)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._pressed = self._announced = False
        studio.store.training.events_arrived.connect(self._tell_first_step)

    def _tick(self) -> None:
        plan, studio = self._plan, self._studio
        if not studio.window.isVisible():
            return
        if not self._announced:
            self._announced = True
            self.tell("shown")
            if plan.press == "never":
                self._count_down()
        ready = plan.press == "at once" or (plan.press == "digit" and studio.store.last_decoded)
        if ready and not self._pressed:
            self._pressed = True
            self._press_train()
        if self._random.random() < 0.2:
            self._play()

    def _tell_first_step(self) -> None:
        self._studio.store.training.events_arrived.disconnect(self._tell_first_step)
        self.tell("step")

    def _press_train(self) -> None:
        from vae_studio.ui.panels.train.panel import TrainPanel

        panel = self._studio.window.panel(TrainPanel)
        panel.store.plan.choose(self._plan.variant)
        panel.store.plan.set_value("epochs", self._plan.epochs)
        panel.store.plan.set_value("batch_size", self._plan.batch)
        panel.controls.train.click()
        self._count_down()

    def _count_down(self) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.tell("pressed")
        if self._plan.how == "close":
            self._due = QTimer(self._studio.window, singleShot=True)
            self._due.setTimerType(Qt.TimerType.PreciseTimer)
            self._due.timeout.connect(self._studio.window.close)
            self._due.start(round(1000 * self._plan.delay))

    def _play(self) -> None:
        """One move of the hand."""
        from vae_studio.ui.panels.sliders.panel import SlidersPanel
        from vae_studio.ui.panels.train.panel import TrainPanel

        busy, window = self._plan.busy, self._studio.window
        rows = window.panel(SlidersPanel).rows
        train = window.panel(TrainPanel)
        if busy == "explore" and rows:
            self._random.choice(rows).slider.setValue(self._random.uniform(-3, 3))
        elif (
            busy == "pause" and train.controls.pause.text() == "Pause"
        ) or busy == "pause and resume":
            train.controls.pause.click()

    def watch_training(self) -> None:
        """Tell when the training thread begins and ends, and, once the end was requested, where
        it is."""
        from vae_studio.workers.train_thread import TrainThread

        run = TrainThread.run

        def told(thread: TrainThread) -> None:
            self._training = threading.get_ident()
            self.tell("training")
            try:
                run(thread)
            finally:
                self._training = None
                self.tell("trained")

        TrainThread.run = told  # type: ignore[method-assign]
        sampler = threading.Thread(target=self._sample, name="sampler", daemon=True)
        sampler.start()

    def request_noted(self) -> None:
        """The window is closing: from now on every moment of the training counts."""
        self.tell("closing")
        self._requested.set()

    def _sample(self) -> None:
        self._requested.wait()
        places: dict[str, int] = {}
        while (training := self._training) is not None:
            frame = sys._current_frames().get(training)
            place = _place(frame)
            places[place] = places.get(place, 0) + 1
            time.sleep(_SAMPLE_SECONDS)
        self.tell("places", places=places)


def _place(frame: Any) -> str:
    """Which function of the app a thread is in, and what that imports if it does."""
    importing = ""
    while frame is not None:
        code = frame.f_code
        if "/vae_studio/" in code.co_filename and code.co_name not in ("<module>", "told"):
            return f"{Path(code.co_filename).stem}.{code.co_name}{importing}"
        if code.co_name == "<module>":
            importing = f" importing {frame.f_globals.get('__name__')}"
        frame = frame.f_back
    return "elsewhere"


def play(plan: Plan, pipe: int) -> int:
    """The app from start to end. Returns its exit code."""
    os.environ["VAE_STUDIO_HOME"] = plan.home
    from vae_studio import app

    hand = Hand(plan, pipe)
    build = app.build

    def noticed(application: Any, *arguments: Any) -> Any:
        studio = build(application, *arguments)
        end = studio.lifecycle.end
        studio.window.closing.disconnect(end)
        studio.window.closing.connect(hand.request_noted)
        studio.window.closing.connect(end)
        hand.take(studio)
        return studio

    app.build = noticed
    hand.watch_training()
    code = app.run()
    hand.tell("ran")
    return code


# The process that watches ----------------------------------------------------------------------


def watch(pid: int, pipe: int, plan: Plan, reap: Callable[[], int | None]) -> Ended:
    """Read what the process tells, send the signal when it is due, wait for the end.

    reap: its exit code, None while it runs.
    """
    lines: list[bytes] = []
    pressed = threading.Event()
    reader = threading.Thread(target=_read_lines, args=(pipe, lines, pressed))
    reader.start()
    started = time.monotonic()
    requested = 0.0
    number = getattr(signal, plan.how, None)
    code = None
    while code is None and time.monotonic() - started < PATIENCE:
        if not requested and pressed.is_set():
            at = next(e["at"] for e in map(json.loads, list(lines)) if e["what"] == "pressed")
            requested = at + plan.delay
        if number is not None and requested and time.monotonic() >= requested:
            requested = time.monotonic()
            os.kill(pid, number)
            number = None
        time.sleep(0.001)
        code = reap()
    exited = time.monotonic()
    hung = code is None
    if hung:
        os.kill(pid, signal.SIGKILL)
        while code is None:
            time.sleep(0.01)
            code = reap()
    left = _group_lives(pid)
    if left:
        os.killpg(pid, signal.SIGKILL)
    reader.join()
    return Ended(code, [json.loads(line) for line in lines], requested, exited, left, hung)


def _read_lines(pipe: int, lines: list[bytes], pressed: threading.Event) -> None:
    with os.fdopen(pipe, "rb") as file:
        for line in file:
            lines.append(line)
            if b'"pressed"' in line:
                pressed.set()


def _group_lives(pid: int) -> bool:
    """Whether there is still a process, or a zombie, in the group that ``pid`` led."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def cold(plan: Plan, errors: Path) -> Ended:
    """A process of its own, from the first import to the end."""
    read, write = os.pipe()
    command = [sys.executable, "-m", "tests.soak.closing_child", plan.text(), str(write)]
    with errors.open("wb") as file:
        process = subprocess.Popen(
            command, pass_fds=(write,), stderr=file, stdout=file, start_new_session=True
        )
    os.close(write)
    return watch(process.pid, read, plan, process.poll)


class Template:
    """A process that has loaded torch and Qt, and forks one for each plan."""

    def __enter__(self) -> Template:
        command = [sys.executable, "-m", "tests.soak.closing_child", "template"]
        pipe = subprocess.PIPE
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # or the template cannot fork
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=one_thread
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def fork(self, plan: Plan, errors: Path) -> Ended:
        """Close one of its children as the plan says."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([plan.text(), str(errors)]) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))


def _be_template() -> int:
    """Fork for every line; only the child returns before the input ends."""
    import vae_studio.app
    import vae_studio.workers.answers  # noqa: F401 - and torch with it

    threads = Path("/proc/self/task")
    assert not threads.is_dir() or len(list(threads.iterdir())) == 1, "fork() copies one thread"
    while line := sys.stdin.readline():
        text, errors = json.loads(line)
        plan = Plan.from_text(text)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            os.setsid()
            file = os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
            os.close(file)
            os.close(0)
            return play(plan, write)
        os.close(write)

        def reap(pid: int = pid) -> int | None:
            gone, status = os.waitpid(pid, os.WNOHANG)
            return os.waitstatus_to_exitcode(status) if gone else None

        ended = watch(pid, read, plan, reap)
        sys.stdout.write(json.dumps(asdict(ended)) + "\n")
        sys.stdout.flush()
    return 0


def main() -> int:
    """See above."""
    if sys.argv[1] == "template":
        return _be_template()
    return play(Plan.from_text(sys.argv[1]), int(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
