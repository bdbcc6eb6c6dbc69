"""Exploring computes on its own thread alone; training has all processors."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import torch

from vae_studio.workers.compute import all_threads, compute_alone, compute_with_all


@pytest.fixture(autouse=True)
def put_back() -> object:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def on_a_thread(*steps: Callable[[], object]) -> list[object]:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(step() for step in steps))
    thread.start()
    thread.join()
    return results


def test_each_thread_keeps_its_own_number() -> None:
    torch.set_num_threads(3)
    all_threads.cache_clear()
    alone_first, alone_later = threading.Event(), threading.Event()
    seen: list[int] = []

    def explore() -> None:
        compute_alone()
        seen.append(torch.get_num_threads())
        alone_first.set()
        alone_later.wait()
        torch.ones(300, 300).sum()  # large enough for a pool
        seen.append(torch.get_num_threads())

    explorer = threading.Thread(target=explore)
    explorer.start()
    alone_first.wait()
    assert on_a_thread(compute_with_all, torch.get_num_threads)[1] == 3
    alone_later.set()
    explorer.join()
    all_threads.cache_clear()
    assert seen == [1, 1]


def test_whoever_explores_meanwhile_takes_no_thread_from_a_training() -> None:
    """A survey that began between the training's wish and its first product halved its speed."""
    torch.set_num_threads(3)
    all_threads.cache_clear()
    all_threads()  # asked long ago, on another thread
    wished, explored = threading.Event(), threading.Event()
    seen: list[int] = []

    def train() -> None:
        compute_with_all()
        wished.set()
        explored.wait()
        torch.ones(300, 300).sum()
        seen.append(torch.get_num_threads())

    trainer = threading.Thread(target=train)
    trainer.start()
    wished.wait()
    on_a_thread(compute_alone)
    explored.set()
    trainer.join()
    all_threads.cache_clear()
    assert seen == [3]
