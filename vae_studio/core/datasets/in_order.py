"""Work on a few threads whose results come in the order of the tasks. No torch."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Generic, TypeVar

from vae_studio.core.datasets.idx import LoadingStoppedError, ShouldStop, never

Task = TypeVar("Task")
Answer = TypeVar("Answer")
MOST_THREADS: Final = 4  # each may hold a picture of 50 million pixels
_BATCH = 8  # tasks that one thread takes at once
_AHEAD = 4  # batches for each thread, begun before their turn
_LOOK = 0.03  # s between two looks at ``should_stop``
_GRACE = 0.1  # s in which a thread may end what it does; then it is left to itself


@contextlib.contextmanager
def in_order(
    work: Callable[[Task], Answer],
    tasks: Iterable[Task],
    should_stop: ShouldStop = never,
    threads: int | None = None,
) -> Iterator[Iterator[Answer]]:
    """``work`` of each task, in their order, whatever the number of threads.

    Only a few answers wait at any time. What ``work`` raises is raised where its answer would
    come. Raises ``LoadingStoppedError`` soon after ``should_stop`` says yes, whatever goes wrong
    then: a thread in the midst of a large picture is not waited for, and ends by itself.
    """
    crew = _Crew(work, threads or min(MOST_THREADS, os.cpu_count() or 1))
    # A decoder sets the filters of all threads for a while; when two do, in whichever order they
    # end, what they leave is what they found: this.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield crew.answers(iter(tasks), should_stop)
        finally:
            crew.end()


class _Crew(Generic[Task, Answer]):
    """Threads with a queue to them and one back."""

    def __init__(self, work: Callable[[Task], Answer], threads: int) -> None:
        self._work = work
        self._todo: queue.SimpleQueue[tuple[int, list[Task]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[int, list[Answer] | BaseException]] = (
            queue.SimpleQueue()
        )
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"pictures {number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while (task := self._todo.get()) is not None:
            number, batch = task
            answers = []
            try:
                for each in batch:
                    if self._ended.is_set():
                        return
                    answers.append(self._work(each))
            except BaseException as error:
                self._done.put((number, error))
            else:
                self._done.put((number, answers))

    def answers(self, tasks: Iterator[Task], should_stop: ShouldStop) -> Iterator[Answer]:
        waiting: dict[int, list[Answer] | BaseException] = {}
        begun = 0
        for number in itertools.count():
            while begun - number < _AHEAD * len(self._threads):
                batch = list(itertools.islice(tasks, _BATCH))
                if not batch:
                    break
                self._todo.put((begun, batch))
                begun += 1
            if number == begun:
                return
            while number not in waiting:
                if should_stop():
                    raise LoadingStoppedError
                with contextlib.suppress(queue.Empty):
                    which, answer = self._done.get(timeout=_LOOK)
                    waiting[which] = answer
            batch_of = waiting.pop(number)
            if isinstance(batch_of, BaseException):
                if should_stop():  # what it read from may have been closed by now
                    raise LoadingStoppedError from batch_of
                raise batch_of
            yield from batch_of

    def end(self) -> None:
        self._ended.set()
        for _ in self._threads:
            self._todo.put(None)
        until = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
