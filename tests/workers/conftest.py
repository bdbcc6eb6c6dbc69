"""A training on its thread, on a few real digits, and all the mail that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.helpers import quick, tiny
from vae_studio.core.errors import StudioError
from vae_studio.core.events import StepDone
from vae_studio.core.snapshot import Snapshot
from vae_studio.core.spec import ModelSpec, TrainConfig
from vae_studio.core.variants import VARIANTS
from vae_studio.workers.train_thread import TrainRequest, TrainThread

WAIT = 30_000  # ms


class Box:
    """All mail of a thread so far."""

    def __init__(self, thread: TrainThread) -> None:
        self._thread = thread
        self.events: list[Any] = []
        self.snapshots: list[Snapshot] = []
        self.steps_per_epoch = 0
        self.rows: tuple[dict[str, float], ...] = ()
        self.error: StudioError | None = None
        self.notice: StudioError | None = None
        self.unsaved: list[StudioError] = []
        self.saved: list[Path] = []

    def empty(self) -> None:
        mail = self._thread.mailbox.take()
        self.events += mail.events
        self.snapshots += [mail.snapshot] if mail.snapshot else []
        self.steps_per_epoch = mail.steps_per_epoch
        self.rows = mail.rows or self.rows
        self.error = self.error or mail.error
        self.notice = self.notice or mail.notice
        self.unsaved += [mail.unsaved] if mail.unsaved else []
        self.saved += [mail.saved] if mail.saved else []

    @property
    def steps(self) -> int:
        self.empty()
        return sum(isinstance(event, StepDone) for event in self.events)

    @property
    def held(self) -> int:
        """How often it was told that the run cannot be written."""
        self.empty()
        return len(self.unsaved)


Start = Callable[..., tuple[TrainThread, Box]]


@pytest.fixture
def start(small_mnist: None, qtbot: QtBot, tmp_path: Path) -> Iterator[Start]:
    """Starts a training, of a small model of that kind; ends what runs at the end."""
    threads: list[TrainThread] = []

    def started(
        spec: ModelSpec = VARIANTS["vae-32"],
        config: TrainConfig | None = None,
        folder: Path | None = None,
        before: Callable[[TrainThread], object] = lambda thread: None,
        resume: bool = False,
        **more: Any,
    ) -> tuple[TrainThread, Box]:
        folder = folder or tmp_path / "run"
        request = TrainRequest(tiny(spec), config or quick(), "row", "My run", folder, resume)
        thread = TrainThread(replace(request, **more))
        threads.append(thread)
        before(thread)
        thread.start()
        return thread, Box(thread)

    yield started
    for thread in threads:
        thread.give_up()
        assert thread.wait(WAIT)
