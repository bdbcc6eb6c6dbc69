"""Undo and redo of values."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class History(Generic[T]):
    """Past and future values around a present one that somebody else holds."""

    def __init__(self, limit: int = 200) -> None:
        self._limit = limit
        self._past: list[T] = []
        self._future: list[T] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a past."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a future."""
        return bool(self._future)

    @property
    def before(self) -> T | None:
        """What ``undo`` would give; None when there is no past."""
        return self._past[-1] if self._past else None

    @property
    def after(self) -> T | None:
        """What ``redo`` would give; None when there is no future."""
        return self._future[-1] if self._future else None

    def drop_before(self) -> None:
        """Forget the newest value of the past."""
        del self._past[-1:]

    def drop_after(self) -> None:
        """Forget the next value of the future."""
        del self._future[-1:]

    def push(self, before: T) -> None:
        """Something new was done; ``before`` is what there was. The future is gone."""
        self._past.append(before)
        del self._past[: -self._limit]
        self._future.clear()

    def undo(self, present: T) -> T:
        """The value before ``present``. IndexError when there is none."""
        before = self._past.pop()
        self._future.append(present)
        return before

    def redo(self, present: T) -> T:
        """The value that ``undo`` left. IndexError when there is none."""
        after = self._future.pop()
        self._past.append(present)
        return after
