"""Threads whose answers come in the order of the tasks."""

from __future__ import annotations

import itertools
import threading
import warnings

import pytest

from vae_studio.core.datasets.idx import LoadingStoppedError
from vae_studio.core.datasets.in_order import in_order


@pytest.mark.parametrize("threads", [1, 2, 9, None])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 1000])
def test_answers_come_in_order(threads: int | None, count: int) -> None:
    with in_order(lambda task: task * task, range(count), threads=threads) as answers:
        assert list(answers) == [task * task for task in range(count)]


def test_a_slow_task_is_waited_for() -> None:
    others = threading.Event()

    def work(task: int) -> int:
        if task == 0:
            assert others.wait(20)
        if task == 8:  # of another batch
            others.set()
        return task

    with in_order(work, range(30), threads=2) as answers:
        assert list(answers) == list(range(30))


def test_no_more_than_a_few_tasks_are_begun_ahead() -> None:
    tasks = itertools.count()
    with in_order(lambda task: task, tasks, threads=2) as answers:
        assert next(answers) == 0
    assert next(tasks) < 100


def test_what_a_task_raises_is_raised_in_its_place() -> None:
    def work(task: int) -> int:
        return 1 // (task - 16)

    with in_order(work, range(100), threads=3) as answers:
        for _ in range(16):
            next(answers)
        with pytest.raises(ZeroDivisionError):
            next(answers)


def test_threads_end_when_nobody_wants_more() -> None:
    before = threading.active_count()
    with in_order(lambda task: task, range(1000), threads=3) as answers:
        next(answers)
        assert threading.active_count() == before + 3
    assert threading.active_count() == before


def test_stopping_is_an_error() -> None:
    with (
        pytest.raises(LoadingStoppedError),
        in_order(lambda task: task, range(9), lambda: True) as answers,
    ):
        list(answers)


def test_what_fails_once_it_was_told_to_stop_is_no_error() -> None:
    """Whoever gives up closes the files that the threads read from."""
    asked = itertools.count()

    def work(task: int) -> int:
        raise ValueError("closed")

    with (
        pytest.raises(LoadingStoppedError),
        in_order(work, range(3), lambda: next(asked) > 0, threads=1) as answers,
    ):
        list(answers)


def test_a_warning_in_a_thread_is_nobodys() -> None:
    with in_order(lambda task: warnings.warn("odd", stacklevel=1), range(3)) as answers:
        assert list(answers) == [None] * 3


def test_warnings_are_as_they_were_afterwards() -> None:
    """Of two threads that hush them, the one that ends last puts back what it found: silence."""
    first_in, second_in, first_out = (threading.Event() for _ in range(3))

    def work(task: int) -> None:
        if task == 8:  # of the other thread
            assert first_in.wait(20)
        if task in (0, 8):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                (second_in if task else first_in).set()
                assert (first_out if task else second_in).wait(20)
        if task == 0:
            first_out.set()

    before = list(warnings.filters)
    with in_order(work, range(16), threads=2) as answers:
        list(answers)
    assert warnings.filters == before
