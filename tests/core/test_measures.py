"""Figures from a file of a stranger: numbers in range, or an error with a code."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest

from vae_studio.core.errors import CheckpointError
from vae_studio.core.measures import Evaluation, LatentStats, Terms

FIGURES = Evaluation(
    Terms(90.0, 20.0),
    90.0,
    30.0,
    2,
    LatentStats((1.0, 2.0), (0.0, 0.1), (0.9, 0.8), (-2.0, -2.1), (2.0, 2.2)),
)
WAYS = (
    ("terms",), ("terms", "kl"), ("terms", "reconstruction"), ("bernoulli",), ("squared_error",),
    ("active_units",), ("latent",), ("latent", "kl"), ("latent", "low"), ("latent", "high", 0),
)  # fmt: skip
VALUES = (
    None, True, "5", "12", "1e400", float("nan"), float("inf"), 10**4000, [], [[]], {}, [1, 2, 3],
    ["1", "2"], [True, False], [None, 1], [1.0] * 1_000_000, "x" * 1_000_000, [float("nan"), 1.0],
)  # fmt: skip


def test_there_and_back() -> None:
    assert Evaluation.from_dict(FIGURES.to_dict()) == FIGURES
    whole = FIGURES.to_dict() | {"bernoulli": 90}  # JSON knows one kind of number
    assert Evaluation.from_dict(whole) == FIGURES


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_no_figure_is_refused(way: tuple[Any, ...]) -> None:
    for value in VALUES:
        values: Any = copy.deepcopy(FIGURES.to_dict())
        values["latent"] = {name: list(numbers) for name, numbers in values["latent"].items()}
        holder = values
        for part in way[:-1]:
            holder = holder[part]
        holder[way[-1]] = value
        started = time.process_time()
        with pytest.raises(CheckpointError) as caught:
            Evaluation.from_dict(values)
        assert caught.value.code == "checkpoint.figures"
        assert len(str(caught.value)) < 500
        assert time.process_time() - started < 0.2


@pytest.mark.parametrize("values", [None, [], "x", 7, {}], ids=repr)
def test_what_is_no_evaluation_is_refused(values: Any) -> None:
    with pytest.raises(CheckpointError):
        Evaluation.from_dict(values)


@pytest.mark.parametrize("count", [-1, 3, 10**30, 1.0])
def test_active_units_are_a_count_of_dimensions(count: Any) -> None:
    with pytest.raises(CheckpointError):
        Evaluation.from_dict(FIGURES.to_dict() | {"active_units": count})


@pytest.mark.parametrize("size", [513, 200_000])
def test_no_model_has_so_many_dimensions(size: int) -> None:
    latent = {name: [1.0] * size for name in LatentStats.__annotations__}
    with pytest.raises(CheckpointError):
        Evaluation.from_dict(FIGURES.to_dict() | {"latent": latent})
