"""``RunLock``: who writes to a run holds it. The system lets go of it when its holder dies."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vae_studio.core.errors import CheckpointError

if TYPE_CHECKING:
    from filelock import FileLock

_NAME = ".lock"
_PATIENCE = 0.5  # seconds; somebody may just be asking whether it is held


class RunLock:
    """Keeps a second program, or a second window, from writing to the same run.

    Reading needs no lock: what is read is whole at every moment, or refused.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self._lock = _lock(run, _PATIENCE)

    def acquire(self) -> None:
        """Raises ``CheckpointError``: ``runs.locked`` where another holds it, or
        ``checkpoint.write`` where the folder cannot be written."""
        from filelock import Timeout

        try:
            self._lock.acquire()
        except Timeout:
            raise CheckpointError("runs.locked", name=self.run.name) from None
        except (OSError, NotImplementedError) as error:  # some network folders know no locks
            reason = getattr(error, "strerror", None) or str(error)
            raise CheckpointError("checkpoint.write", path=str(self.run), reason=reason) from error

    def release(self) -> None:
        """Let go; nothing happens where it is not held."""
        with contextlib.suppress(OSError):  # a disk that is gone; the system lets go at the end
            self._lock.release(force=True)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def is_locked(run: Path) -> bool:
    """Whether somebody writes to that run right now."""
    from filelock import Timeout

    lock = _lock(run, 0.0)
    try:
        if not (run / _NAME).is_file():
            return False
        lock.acquire()
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a folder that nobody here can write to, or lock
        return False
    lock.release()
    return False


def _lock(run: Path, patience: float) -> FileLock:
    from filelock import FileLock  # not before it is needed: it brings email and asyncio

    return FileLock(run / _NAME, timeout=patience, thread_local=False)
