"""Benchmarks compare what they say they compare, and judge as they should."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from benchmarks import training_speed
from benchmarks.lines import Line, Report, Table, aligned
from benchmarks.picture import draw
from benchmarks.report import page
from benchmarks.training_speed import TutorialVAE, tutorial_loss
from benchmarks.turns import ratio, taking_turns
from vae_studio.core import learner
from vae_studio.core.data import DatasetPair
from vae_studio.core.losses import loss_terms
from vae_studio.core.model import VAE
from vae_studio.core.spec import ModelSpec

DOUBLES = "from benchmarks.turns import serve; serve(lambda amount: 2 * amount)"


def test_programs_take_turns_and_each_round_has_one_of_each() -> None:
    with taking_turns({"a": ("-c", DOUBLES), "b": ("-c", DOUBLES)}) as turns:
        assert turns.rounds(3, {"a": 1.0, "b": 4.0}) == {"a": [2.0] * 3, "b": [8.0] * 3}
        assert turns.ask("b", 0.5) == 1.0
    assert all(program.returncode == 0 for program in turns._programs.values())


def test_a_program_that_ends_ends_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="a has ended"), taking_turns({"a": ("-c", "pass")}):
        pass


def test_the_ratio_is_that_of_most_rounds() -> None:
    assert ratio([2.0, 4.0, 30.0], [1.0, 2.0, 3.0]) == 2.0


@pytest.mark.parametrize("loop", ["plain", "studio", "autograd", "products"])
def test_each_loop_takes_steps(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "can_derive", learner.can_derive)  # "autograd" changes it
    steps = training_speed._STEPS[loop]()
    for _ in range(2):
        next(steps)


def test_the_loop_of_the_tutorial_has_the_same_network_and_the_same_loss(
    mnist: DatasetPair,
) -> None:
    x = mnist.train.batch(torch.arange(16))[0]
    theirs, mine = TutorialVAE(), VAE(ModelSpec())
    assert [tuple(p.shape) for p in theirs.parameters()] == [
        tuple(p.shape) for p in mine.parameters()
    ]
    for one, other in zip(mine.parameters(), theirs.parameters(), strict=True):
        one.data.copy_(other.data)
    torch.manual_seed(2)
    x_hat, mu, logvar = theirs(x)
    torch.manual_seed(2)
    code, spread = mine.encode(x)
    z = code + torch.exp(0.5 * spread) * torch.randn_like(code)
    loss = loss_terms(mine.decode_logits(z), x, code, spread, "bernoulli").total()
    assert tutorial_loss(x_hat, x, mu, logvar).item() / 16 == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("figure", "at_least", "holds"),
    [(2.0, False, True), (2.1, False, False), (2.0, True, True), (1.9, True, False)],
)
def test_a_line_holds_up_to_its_limit(figure: float, at_least: bool, holds: bool) -> None:
    assert Line("a", figure, 2.0, at_least=at_least).holds is holds
    assert Line("a", None, 2.0, at_least=at_least).holds is None


def a_report(**changes: Any) -> Report:
    lines = (Line("start", 0.4, 0.45, "×"), Line("speed", 1.0, 3.0, "×", True, 3.3))
    values: dict[str, Any] = {
        "title": "A title",
        "lines": lines,
        "tables": (Table("s", ("loop", "median"), (("one", 5.25), ("two", 1234.0))),),
        "notes": ("Why.",),
    }
    return Report(**values | changes)


def test_a_report_comes_back_from_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    a_report().show(as_json=True)
    assert Report.of(capsys.readouterr().out) == a_report()


def test_the_page_says_what_holds_and_what_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    a_report().show(as_json=True)
    report = json.loads(capsys.readouterr().out)
    kept = {"report": report, "date": "2026-01-01", "machine": "a machine", "command": "python"}
    text = page({"start": kept})
    row = {line.split("|")[1].strip(): line for line in text.splitlines() if line.startswith("|")}
    assert "holds" in row["start"]
    assert "falls short" in row["speed"]
    assert "≥ 3 ×, then 3.3" in row["speed"]
    assert "1,234" in row["two"]
    assert "Why." in text


def test_columns_are_aligned() -> None:
    assert aligned([("a", "b"), ("cc", 10.0)]) == ["a    b", "cc  10"]


def test_the_picture_begins_where_a_line_comes_into_it() -> None:
    curves = {
        "tutorial 0": [(10.0, 155.0), (20.0, 115.0), (100.0, 101.0)],
        "studio 0": [(5.0, 120.0), (30.0, 100.0)],
    }
    text = draw(curves)
    assert text.count("<circle") == 2
    first = text.split('<path d="M')[-4]  # of the loop
    assert float(first.split()[0]) == pytest.approx(64 + 15.0 / 100.0 * (760 - 64 - 24), abs=0.1)
