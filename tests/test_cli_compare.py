"""The commands ``compare`` and ``experiment``, called in this process, on real digits."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from tests.helpers import quick, recorded, tiny
from vae_studio.cli import main
from vae_studio.core.compared import differences
from vae_studio.core.data import DatasetPair
from vae_studio.core.experiments import EXPERIMENTS
from vae_studio.core.learner import Learner
from vae_studio.core.runs import list_runs
from vae_studio.core.variants import VARIANTS
from vae_studio.session.folders import log_folder, runs_folder

QUICK = ("--epochs", "1", "--set", "train_size=128", "batch_size=64", "device=cpu")


pytestmark = pytest.mark.usefixtures("small_mnist")


@pytest.fixture
def pair_of_runs(tmp_path: Path, small: DatasetPair) -> tuple[str, str]:
    specs = {name: tiny(VARIANTS[name]) for name in ("vae-32", "vae-mse")}
    plain, mse = (
        recorded(tmp_path / name, spec, quick(), small, f"Run <{name}>")
        for name, spec in specs.items()
    )
    return str(plain), str(mse)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("vae-studio: ")
    assert err.count("\n") == 1
    return err


def test_compare_writes_a_page(
    pair_of_runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "new" / "page.html"
    assert main(["compare", *pair_of_runs, "--output", str(page), "--title", "A & B"]) == 0
    assert capsys.readouterr().out == f"{page}\n"
    text = page.read_text(encoding="utf-8")
    assert "<h1>A &amp; B</h1>" in text
    assert "Run &lt;vae-mse&gt;" in text


def test_compare_takes_models_that_ship(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["compare", "vae-32", "cvae", "--output", str(page)]) == 0
    assert "Comparison of 2 models" in page.read_text(encoding="utf-8")


def test_compare_refuses_in_one_line(
    pair_of_runs: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, _ = pair_of_runs
    output = ("--output", str(tmp_path / "page.html"))
    assert "2 to 8" in refused(capsys, "compare", plain, *output)
    assert "twice" in refused(capsys, "compare", plain, plain, *output)
    assert "nowhere" in refused(capsys, "compare", plain, "nowhere", *output)
    assert "write" in refused(capsys, "compare", *pair_of_runs, "--output", str(tmp_path))
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize("name", ["mse", "cvae"])
def test_experiment_trains_its_arms_and_compares_them(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["experiment", name, *QUICK, "--seed", "5", "--output", str(page)]) == 0
    assert capsys.readouterr().out.endswith(f"{page}\n")
    infos = sorted(list_runs([runs_folder()]), key=lambda info: info.variant != "vae-32")
    row = EXPERIMENTS[name]
    assert [(info.name, info.variant, info.status) for info in infos] == [
        (f"{row.title}: {label}", variant, "finished") for label, variant in row.arms
    ]
    assert {(info.config.seed, info.config.train_size, info.epoch) for info in infos} == {
        (5, 128, 1)
    }
    assert len(differences([(info.spec, info.config) for info in infos])) == 1
    assert all(info.command.startswith(f"vae-studio experiment {name}") for info in infos)
    text = page.read_text(encoding="utf-8")
    assert row.title in text
    assert row.question in text
    assert list(log_folder().iterdir())  # what happens in a training is logged


def test_experiment_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["experiment", "--list"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    for name, row in EXPERIMENTS.items():
        assert name in out
        assert row.title in out
        assert row.question in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["beta"], ["beta", "latent-size"]),
        (["mse", "--set", "latent_dim=3"], ["latent_dim", "train_size"]),
        (["mse", "--epochs", "0"], ["epochs", "0"]),
        (["batch-norm", "--set", "batch_size=1"], ["batch_size"]),  # the second arm's fault
    ],
)
def test_experiment_refuses_before_it_trains(
    arguments: list[str], words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = refused(capsys, "experiment", *arguments, "--output", str(tmp_path / "page.html"))
    assert all(word in line for word in words)
    assert list_runs([runs_folder()]) == []


def test_a_page_that_cannot_be_written_is_told_before_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "write" in refused(capsys, "experiment", "mse", *QUICK, "--output", str(tmp_path))
    assert list_runs([runs_folder()]) == []


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_ends_the_experiment_and_keeps_the_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, step, arms = tmp_path / "page.html", Learner.step, []

    def step_and_signal(learner: Learner, *rest: Any) -> Tensor:
        spec = learner._model.spec
        arms.append(spec)
        if spec.likelihood == "mse":
            os.kill(os.getpid(), signal.SIGINT)
        return step(learner, *rest)

    monkeypatch.setattr(Learner, "step", step_and_signal)
    assert main(["experiment", "mse", *QUICK, "--output", str(page)]) == 130
    assert not page.exists()
    infos = list_runs([runs_folder()])
    assert sorted(info.status for info in infos) == ["finished", "stopped"]
    err = capsys.readouterr().err
    assert all(str(info.path) in err for info in infos)
    command = next(line for line in err.splitlines() if "vae-studio compare" in line)
    assert main(command.partition("vae-studio ")[2].split()) == 0
    assert page.exists()
