"""Benchmarks compare what they say they compare, and judge as they should."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from benchmarks.by_hand import ByHand
from benchmarks.lines import Line, Report, Table, aligned
from benchmarks.picture import draw
from benchmarks.report import page
from benchmarks.training_speed import TutorialVAE, tutorial_loss
from vae_studio.core.data import DatasetPair
from vae_studio.core.losses import loss_terms
from vae_studio.core.model import VAE
from vae_studio.core.spec import ModelSpec


def gradients(model: torch.nn.Module) -> list[torch.Tensor]:
    found = [parameter.grad for parameter in model.parameters()]
    assert all(each is not None for each in found)
    return [each.clone() for each in found if each is not None]


def test_the_step_by_hand_is_the_step(mnist: DatasetPair) -> None:
    x = mnist.train.batch(torch.arange(32))[0]
    model = VAE(ModelSpec())
    torch.manual_seed(4)
    mu, logvar = model.encode(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    loss = loss_terms(model.decode_logits(z), x, mu, logvar, "bernoulli").total()
    loss.backward()
    expected = gradients(model)
    torch.manual_seed(4)
    lost = ByHand(model, 1e-3, adam=False).step(x.flatten(1))
    assert lost == pytest.approx(loss.item(), rel=1e-5)
    for mine, theirs in zip(gradients(model), expected, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-3, atol=1e-6)


def test_by_hand_adam_moves_the_weights(mnist: DatasetPair) -> None:
    model = VAE(ModelSpec())
    x = mnist.train.batch(torch.arange(128))[0].flatten(1)
    loop = ByHand(model, 1e-3)
    losses = [loop.step(x) for _ in range(30)]
    assert losses[-1] < 0.6 * losses[0]


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
