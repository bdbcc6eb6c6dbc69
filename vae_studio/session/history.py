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
