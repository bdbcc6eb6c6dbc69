"""``TrainControl``: the one thread-safe way into a training that runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from vae_studio.core.spec import TrainConfig

ChangedField = Literal["beta", "learning_rate"]


@dataclass(frozen=True)
class Change:
    """A value changed while training. step: the first step it holds for, counted from 1."""

    step: int
    field: ChangedField
    value: float


class TrainControl:
    """Stop, pause, single steps and epochs, and changes of β or the learning rate.

    Every method may be called from any thread. The trainer asks ``may_go_on`` before each step and
    says ``note_epoch`` after each epoch.
    """

    def __init__(self, journal: Iterable[Change] = ()) -> None:
        """journal: of an earlier run; its changes are made again, each at its step."""
        self._condition = threading.Condition()
        self._stopped = False
        self._paused = False
        self._steps_allowed = 0
        self._epoch_allowed = False
        self._changes: list[tuple[ChangedField, float]] = []
        self._journal = list(journal)

    def stop(self) -> None:
        """End the run before its next step; also ends a pause. Cannot be taken back."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def pause(self) -> None:
        """Hold the run before its next step."""
        with self._condition:
            self._paused = True
            self._epoch_allowed = False

    def resume(self) -> None:
        """Go on after ``pause``."""
        with self._condition:
            self._paused = False
            self._steps_allowed = 0
            self._epoch_allowed = False
            self._condition.notify_all()

    def step_once(self) -> None:
        """While paused, let one step through."""
        with self._condition:
            if self._paused:
                self._steps_allowed += 1
                self._condition.notify_all()

    def epoch_once(self) -> None:
        """While paused, let the run go on to the end of its epoch, and measure it."""
        with self._condition:
            if self._paused:
                self._epoch_allowed = True
                self._condition.notify_all()

    def note_epoch(self) -> None:
        """An epoch is complete."""
        with self._condition:
            self._epoch_allowed = False

    def set(self, field: ChangedField, value: float) -> None:
        """Change a value from the next step on; the trainer notes it in the journal.

        Raises ``SpecError`` for a value that ``TrainConfig`` would refuse.
        """
        TrainConfig(**{field: value})  # type: ignore[arg-type]
        with self._condition:
            self._changes.append((field, value))

    @property
    def stopped(self) -> bool:
        """Whether ``stop`` has been called."""
        return self._stopped

    @property
    def paused(self) -> bool:
        """Whether the run is held."""
        return self._paused

    def may_go_on(self, wait: bool = True) -> bool | None:
        """Wait while paused; then True to take a step, False to stop. wait: without, None while
        paused."""
        with self._condition:
            while self._held and not self._stopped:
                if not wait:
                    return None
                self._condition.wait()
            if self._paused and not self._epoch_allowed and self._steps_allowed:
                self._steps_allowed -= 1
            return not self._stopped

    @property
    def _held(self) -> bool:
        return self._paused and not self._epoch_allowed and self._steps_allowed == 0

    def take_changes(self, step: int) -> list[tuple[ChangedField, float]]:
        """The changes since the last call, and those that the journal has for this step."""
        with self._condition:
            changes, self._changes = self._changes, []
        again = [(change.field, change.value) for change in self._journal if change.step == step]
        return again + changes
